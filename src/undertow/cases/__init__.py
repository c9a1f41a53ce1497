"""Cases: what one person reviews, kept so that nothing is lost, doubled, readable at rest or rewritten unseen."""

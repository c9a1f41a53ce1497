"""What leaves the desk, and only after a decision of people: bundles, feeds, statements, webhooks."""

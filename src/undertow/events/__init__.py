"""Who did what to whom, and when: the event table, its sources, and the readers that fill it."""

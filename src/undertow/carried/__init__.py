"""What is carried from one day's run to the next, so that today costs what today's events cost."""

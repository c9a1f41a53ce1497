"""Engines carry events to the one kernel: files of structural events, and more to come."""

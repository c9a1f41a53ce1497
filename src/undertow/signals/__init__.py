"""Signals: columns computed from events, of addresses handed over and of tempo."""

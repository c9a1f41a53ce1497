"""Watching a stream: the same step function as batch, event by event, with checkpoints and alerts."""

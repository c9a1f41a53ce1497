"""Measurement: simulated worlds and real joins, the detector beside its rivals, one report.

Positives are simulated; no public labelled recruitment data exists. Nothing here is read by a detector.
"""

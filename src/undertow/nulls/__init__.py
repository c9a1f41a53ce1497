"""Null worlds: the same activity without the thing that is asked about, and what chance alone would score in them."""

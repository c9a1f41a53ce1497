"""Undertow finds recruitment funnels in interaction events and explains them in bits.

Data and imports flow one way: events, signals, matches, scores, export.
Nothing here collects, decides or acts: it ranks and explains, and people decide.
"""

from __future__ import annotations

__version__ = "0.1.0"

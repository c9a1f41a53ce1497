"""Simulated worlds: real traffic, re-keyed, with simulated funnels and honest look-alikes in it.

Neutral filler text only. A world is marked for good and no native id of its background survives.
"""

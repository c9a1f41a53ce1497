"""What chance alone would give: bits of a coincidence, against a null that keeps activity and breaks triangles.

Under the null, who makes contact with whom depends on how many contacts each side has, and on nothing else:
the chance that account b is among those who met target t is (contacts of b) x (contacts of t) / (all contacts),
as in a random graph of given degrees. Shuffled times would keep the static triangles, which is why they are
no null for a hand-off (science reference, B2).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.matches.program import Array

LEAST: Final = 1e-6


def poisson_bits(seen: Array, expected: Array, added: Array) -> Array:
    """Weigh counts: log2 Poisson(seen; expected + added) / Poisson(seen; expected).

    Args:
        seen: how often it happened.
        expected: how often chance alone would have it.
        added: how often one hand would add to it.
    """
    expected = np.maximum(expected, LEAST)
    ratio = seen * np.log2((expected + added) / expected)
    return np.asarray(ratio - added * np.log2(np.e), dtype=np.float64)


def rarity_bits(holders: Array, all_holders: int, likely: float) -> Array:
    """Weigh a value that two accounts share: log2(likely / share of accounts that have it).

    A value that everybody has, such as a company's number, weighs nothing or speaks against.
    """
    return np.asarray(
        np.log2(likely * max(all_holders, 1) / np.maximum(holders, 0.5)), np.float64
    )

"""The column `probability`: prior odds times two to the weight, held within what calibration can state."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from undertow.matches.program import Array

SLOPE: Final = 0.6
"""Share of a weight's bits that the odds move by: steps are summed as if independent, and are not quite. Between
0.5 and 0.7 calibration errors on eight small simulated worlds of two backgrounds are least (0.043 to 0.045; 0.059
with the whole weight)."""
MOST: Final = 0.7
"""Largest probability stated at all: in those worlds 57 % of the heaviest backed accounts were recruiters."""
MOST_ALONE: Final = 0.5
"""Largest probability of an account that nothing but its own conduct speaks for: structure cannot tell."""


def probability(weight: Array, backed: Array, prior: float) -> Array:
    """Turn bits into the probability that an account recruits, given a prior.

    Args:
        weight: float64, (n), bits.
        backed: bool, (n), whether something beside the account's own conduct agrees.
        prior: share of active accounts that recruit, above 0 and below 1.

    Returns:
        float64, (n), in (0, `MOST`].
    """
    bits = np.clip(SLOPE * weight + math.log2(prior / (1 - prior)), -900, 900)
    return np.minimum(1 / (1 + np.exp2(-bits)), np.where(backed, MOST, MOST_ALONE))

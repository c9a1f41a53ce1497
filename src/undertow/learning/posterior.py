"""The arithmetic of learning: a Beta belief about one rate, moved by what was seen.

A step of a confirmed account may have happened because of recruitment, at the rate `likely`, or by chance all the
same, at the background rate u (decision 0005). So a taken step counts for `likely` only in part: by the share
likely / (likely + (1 - likely) u). A step that was not taken counts against it whole. The shares depend on the
rate and the rate on the shares; both are repeated until they stand still.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

ROUNDS: Final = 2000
STILL: Final = 1e-12
FINE: Final = 20_001
"""Points at which a Beta density is summed up for its range."""


class Beta(msgspec.Struct, frozen=True):
    """What is held of a rate: as if `a` of `a + b` had been seen; both above 0."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """The rate itself."""
        return self.a / (self.a + self.b)

    def range(self, mass: float = 0.9) -> tuple[float, float]:
        """Give the rates between which the middle `mass` lies."""
        x = (np.arange(FINE) + 0.5) / FINE
        log = (self.a - 1) * np.log(x) + (self.b - 1) * np.log1p(-x)
        grown = np.cumsum(np.exp(log - log.max()))
        low, high = np.searchsorted(grown / grown[-1], [(1 - mass) / 2, (1 + mass) / 2])
        return float(x[low]), float(x[min(high, FINE - 1)])


def believed(rate: float, strength: float) -> Beta:
    """Give the belief that a rate stated in a playbook stands for, as if `strength` targets had been seen."""
    return Beta(rate * strength, (1 - rate) * strength)


Seen = tuple[bool, float, float]
"""Whether a step was taken, its background rate u there, and how much it counts."""


def moved(prior: Beta, seen: Sequence[Seen]) -> Beta:
    """Move a belief by what was seen; without anything seen it stays as it is.

    The same rows in another order give the same to the last bit: sums are exact.
    """
    if not seen:
        return prior
    taken = [(u, weight) for was_taken, u, weight in seen if was_taken]
    missed = math.fsum(weight for was_taken, _, weight in seen if not was_taken)
    every = math.fsum(weight for _, weight in taken)
    rate, a = prior.mean, prior.a
    for _ in range(ROUNDS):
        a = prior.a + math.fsum(w * rate / (rate + (1 - rate) * u) for u, w in taken)
        new = a / (prior.a + prior.b + every + missed)
        if abs(new - rate) < STILL:
            break
        rate = new
    return Beta(a, prior.a + prior.b + every + missed - a)

"""What can be said of each step of a key: taken, not taken, still open, unknown, or not reached."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from undertow.matches.kernel_rules import (
    FOREVER,
    Array,
    PlanColumns,
    SightColumns,
    Work,
    add,
    unseen,
)

NOT_REACHED: Final = 0
TAKEN: Final = 1
NOT_TAKEN: Final = 2
OPEN: Final = 3
"""Not taken, but its window reaches past the data."""
UNKNOWN: Final = 4
TAKEN_OPEN: Final = 5
"""Taken while its window would still be open."""


@njit(cache=True, nogil=True)
def judge(
    plan: PlanColumns,
    sight: SightColumns,
    work: Work,
    taken: Array,
    latest: int,
    span: tuple[int, int],
    state: Array,
) -> None:
    """Say of every step whether it was taken, not taken, still open, unknown, or not reached.

    `latest` is the last moment at which any chain of the key could end in its furthest step: as long as
    the window from there is open, the step behind may still come.
    """
    steps = len(plan.within)
    furthest = 0
    for k in range(steps):
        state[k] = NOT_REACHED
        if taken[k] >= 0:
            furthest = k
    last_at, has_last = np.int64(0), False
    shortest, longest = 0, 0
    for k in range(steps):
        reached = add(longest, plan.within[k])
        until = FOREVER if reached >= FOREVER else int(last_at) + reached
        if taken[k] >= 0:
            state[k] = TAKEN_OPEN if has_last and until > span[1] else TAKEN
            last_at, has_last = np.int64(latest if k == furthest else work.at[taken[k]]), True
            shortest, longest = 0, 0
        elif not has_last:
            # Nothing was taken yet: the step would stand before the first one that was.
            first = k
            while taken[first] < 0:
                first += 1
            first_at = work.at[taken[first]]
            within = plan.within[first]
            earliest = -FOREVER if within >= FOREVER else first_at - within
            if unseen(sight, work, k, earliest, first_at):
                state[k] = UNKNOWN
            else:
                state[k] = OPEN if earliest < span[0] else NOT_TAKEN
        elif unseen(sight, work, k, int(last_at) + shortest + plan.least[k], until):
            state[k] = UNKNOWN
            shortest += plan.least[k]
            longest = reached
        elif until < sight.first_from[k]:
            state[k] = UNKNOWN
        else:
            state[k] = OPEN if until > span[1] else NOT_TAKEN
            if not plan.optional[k] and k > furthest:
                return

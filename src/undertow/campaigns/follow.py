"""What follows an address, weighed: do new talks elsewhere begin in step with addresses handed over here?

New contacts of an account come at a rate of its own. If the addresses lead to it, some come soon after each.
The bits are the likelihood ratio of these two point processes: a busy account, at which somebody new turns up
every day, says nothing by it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.matches.program import Array
from undertow.units import DAY, MINUTE

FOLLOWS: Final = 0.3
"""Share of those given an address who are seen where it leads within `SOON`; ours, no public rate exists."""
SOON: Final = 14 * DAY
"""Time after an address in which what begins is held to follow it; the clock of the report (R6)."""
SLOW: Final = 3 * DAY
"""Time after an address in which most of those who follow have begun; ours."""
AT_ONCE: Final = 10 * MINUTE
"""Delay below which sooner is no likelier. Above it no scale is preferred: an hour's delay is as likely to be
one of half an hour to an hour as a day's of half a day to a day. Ours: no public figures exist."""
ROUNDS: Final = 5
MOST: Final = 12.0
"""Most bits of a tie: beyond that the assumptions are more likely wrong than the figure right."""


def density(delay: Array) -> Array:
    """Give the chance per microsecond that somebody who follows begins at a delay, 0 outside (0, `SOON`]."""
    delay = np.asarray(delay, np.float64)
    inside = (delay > 0) & (delay <= SOON)
    return np.where(inside, 1 / (np.clip(delay, 0, SOON) + AT_ONCE) / _within(SOON), 0.0)


def _within(delay: Array | int) -> Array:
    return np.asarray(np.log1p(np.divide(delay, AT_ONCE)))


def expected(handed: Array, end: int) -> float:
    """Count the addresses that should have been followed by the end of the data.

    Args:
        handed: int64, µs, when each was handed over.
        end: last moment of the data, µs.
    """
    left = np.clip(end - np.asarray(handed, np.float64), 0, SOON)
    return float(FOLLOWS * (_within(left) / _within(SOON)).sum())


def pull(begun: Array, handed: Array, share: float = FOLLOWS) -> Array:
    """Give the rate at which addresses bring new contacts at some moments: float64, per µs.

    Args:
        begun: int64, µs, (c): when contacts began.
        handed: int64, µs, (h).
        share: of those given an address who follow it.

    Returns:
        (c, h): what each address adds at each moment.
    """
    return np.asarray(share * density(np.subtract.outer(begun, handed)))


def follow_bits(handed: Array, begun: Array, rate: Array | float, end: int) -> float:
    """Weigh the new contacts of one account against the addresses that another handed over.

    Args:
        handed: int64, µs, (h).
        begun: int64, µs, (c): when each new contact of the account began.
        rate: per µs, of such contacts by chance; one, or one for each.
        end: last moment of the data, µs.

    Returns:
        Bits for (above 0) or against the addresses leading to the account.
    """
    gained = np.log2(1 + pull(begun, handed).sum(axis=1) / rate).sum()
    return float(gained - expected(handed, end) * np.log2(np.e))


def share_that_followed(begun: Array, handed: Array, rate: Array | float) -> float:
    """Estimate the share of those given an address who follow it, drawn to `FOLLOWS` by the weight of two."""
    share = FOLLOWS
    for _ in range(ROUNDS):
        drawn = pull(begun, handed, share)
        came = (drawn / (rate + drawn.sum(axis=1, keepdims=True))).sum()
        share = float(min(0.95, (came + 2 * FOLLOWS) / (len(handed) + 2)))
    return share

"""Role change: once a target, later one who draws others in. Is that order more frequent than its reverse?

The null (N5) reverses roles in time and keeps all else: of an account's servings, those in which it is served and those
in which it serves come in any order, so it is served first with the chance that their numbers give. Somebody whom a
helpline and three friends gave an address, and who gave one to two friends, was served first with chance 4 in 6.
The order says something of the whole data only where it is more frequent than that; of one account it says nothing,
and weighs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Final

import numpy as np

from undertow.campaigns.group import Groups
from undertow.campaigns.served import Served
from undertow.events.log import NOBODY
from undertow.matches.program import Array

NEVER: Final = np.iinfo(np.int64).max
MANY: Final = 3000
"""Throws up to which chances are summed exactly."""


@dataclass(frozen=True)
class RoleChange:
    """How often accounts were both, in which order.

    Attributes:
        target_first: accounts that were drawn in by somebody before they first began with somebody.
        target_later: the reverse: had drawn somebody in before somebody first began with them.
        expected: how many of both would be of the first kind under the null.
        p: chance of at least as many as were seen under the null; 1 where nobody was both.
    """

    target_first: int
    target_later: int
    expected: float
    p: float


def role_change(pairs: Served, size: int) -> RoleChange:
    """Count both orders over all accounts that serve and are served.

    Both are asked in the same way: one thing was over before the other began. What overlaps is neither.

    Args:
        pairs: who served whom.
        size: number of accounts.
    """
    began, reached, met, drawn_in = _moments(pairs, size)
    both = (began < NEVER) & (met < NEVER)
    first = both & (drawn_in < began)
    later = both & (reached < met)
    told = np.flatnonzero(first | later)
    is_served = np.bincount(pairs.target, minlength=size)[told]
    serves = np.bincount(pairs.account, minlength=size)[told]
    chance = is_served / (is_served + serves)
    seen = int(first.sum())
    return RoleChange(seen, int(later.sum()), float(chance.sum()), at_least(seen, chance))


def of_campaigns(pairs: Served, groups: Groups, size: int) -> Array:
    """Count for each group the accounts that a member drew in and that later drew in others: int64, (groups)."""
    of = np.full(size + 1, NOBODY)
    of[groups.account] = groups.group
    began, *_ = _moments(pairs, size)
    inside = of[pairs.account] != NOBODY
    later = inside & (pairs.reached < began[pairs.target]) & (began[pairs.target] < NEVER)
    turned = np.unique(of[pairs.account[later]] * size + pairs.target[later])
    return np.asarray(np.bincount(turned // size, minlength=len(groups)))


def _moments(pairs: Served, size: int) -> tuple[Array, Array, Array, Array]:
    """Give for each account when it first began, had drawn in, was begun with, was drawn in: µs, `NEVER` for not."""
    out = [np.full(size, NEVER) for _ in range(4)]
    np.minimum.at(out[0], pairs.account, pairs.first)
    np.minimum.at(out[1], pairs.account, pairs.reached)
    np.minimum.at(out[2], pairs.target, pairs.first)
    np.minimum.at(out[3], pairs.target, pairs.reached)
    return out[0], out[1], out[2], out[3]


def at_least(seen: int, chance: Array) -> float:
    """Give the chance of at least `seen` hits in independent throws, each with its own chance.

    Exact up to `MANY` throws, normal with a correction for whole numbers above.

    Args:
        seen: at least 0.
        chance: float64, (n), in [0, 1].
    """
    if seen == 0:
        return 1.0
    if len(chance) > MANY:
        spread = float(np.sqrt((chance * (1 - chance)).sum()))
        return 0.5 * erfc((seen - 0.5 - float(chance.sum())) / (spread * sqrt(2)))
    hits = np.zeros(len(chance) + 1)
    hits[0] = 1.0
    for one in chance.tolist():
        hits[1:] = hits[1:] * (1 - one) + hits[:-1] * one
        hits[0] *= 1 - one
    return min(1.0, float(hits[seen:].sum()))

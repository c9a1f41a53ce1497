"""Role change: once a target, later one who draws others in. Is that order more frequent than its reverse?

The null (N5) turns the arrow of time round and keeps all else: under it, of the accounts that were both, as many
began before they were drawn in as after. So the order says something of the whole data only where it is more
frequent than the reverse; of one account it says nothing, and weighs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, lgamma, log

import numpy as np

from undertow.campaigns.group import Groups
from undertow.campaigns.served import Served
from undertow.events.log import NOBODY
from undertow.matches.program import Array

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class RoleChange:
    """How often accounts were both, in which order.

    Attributes:
        target_first: accounts that were drawn in by somebody before they first began with somebody.
        target_later: the reverse: had drawn somebody in before somebody first began with them.
    """

    target_first: int
    target_later: int

    @property
    def p(self) -> float:
        """Chance of at least as many as were seen under the null; 1 where nobody was both."""
        return at_least(self.target_first, self.target_first + self.target_later)

    @property
    def told(self) -> dict[str, float]:
        """What `run.json` says of it."""
        return {
            "target_first": self.target_first,
            "target_later": self.target_later,
            "p": self.p,
        }


def role_change(pairs: Served, size: int) -> RoleChange:
    """Count both orders over all accounts that serve and are served.

    Both are asked in the same way: one thing was over before the other began.

    Args:
        pairs: who served whom.
        size: number of accounts.
    """
    began, reached, met, drawn_in = _moments(pairs, size)
    both = (began < NEVER) & (met < NEVER)
    return RoleChange(
        int((both & (drawn_in < began)).sum()), int((both & (reached < met)).sum())
    )


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


def at_least(seen: int, of: int) -> float:
    """Give the chance of at least `seen` heads in `of` throws of a fair coin."""
    if seen == 0:
        return 1.0
    terms = (
        exp(lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) - of * log(2))
        for k in range(seen, of + 1)
    )
    return min(1.0, fsum(terms))

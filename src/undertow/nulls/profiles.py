"""Who shares an address or a script with whom, drawn anew: accounts exchange what they hand over.

An account that gives its own address to ten people does so in every null world. Were each address moved by
itself, its ten copies would come to ten accounts, and every null world would be full of accounts that share
an address. So what is drawn is whose *set* of addresses an account gives, and whose scripts it sends: as many
share as before, but who they are has nothing to do with what else they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.events.log import EventLog
from undertow.matches.program import Array

NONE = -1


@dataclass(frozen=True)
class Profiles:
    """What each account hands over, most often first, for one mark of numbers such as `handed`.

    Attributes:
        rank: int32, (n), per row of the log the place of its number in the profile of its actor, -1 for none.
        value: int64, (v), numbers, profile by profile.
        start: int64, (accounts + 1), where each profile begins.
        holders: int64, accounts with a profile, in the order of their first row.
        many: one more than the largest number.
    """

    rank: Array
    value: Array
    start: Array
    holders: Array
    many: int


def profiles_of(log: EventLog, number: Array) -> Profiles:
    """Read the profiles from a mark of numbers, -1 for none."""
    size = len(log.accounts)
    rows = np.flatnonzero(number >= 0)
    many = int(number.max(initial=NONE)) + 1
    key = log.actor[rows].astype(np.int64) * max(many, 1) + number[rows]
    found, first, of, times = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    account = found // max(many, 1)
    order = np.lexsort((first, -times, account))
    start = np.searchsorted(account, np.arange(size + 1))
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found)) - start[account[order]]
    rank = np.full(len(log), NONE, np.int32)
    rank[rows] = place[of]
    _, began = np.unique(log.actor[rows], return_index=True)
    holders = log.actor[rows][np.sort(began)].astype(np.int64)
    return Profiles(rank, (found % max(many, 1))[order], start, holders, many)


def exchanged(
    given: Profiles, actor: Array, rank: Array, decile: Array, rng: np.random.Generator
) -> Array:
    """Number the rows anew: each holder of a profile is given that of another of its activity decile.

    Args:
        given: the profiles.
        actor: int32, (n), who acts in each row of the null world.
        rank: int32, (n), the place in the profile that the row asks for, -1 for none.
        decile: int64, (accounts).
        rng: chance.

    Returns:
        int32, or int64 where numbers are too large, (n), -1 for none. Who had no profile, or a shorter one, hands over something of its own.
    """
    size = len(decile)
    source = np.full(size, NONE, np.int64)
    groups = decile[given.holders]
    by_group = np.argsort(groups, kind="stable")
    source[given.holders[by_group]] = given.holders[
        np.lexsort((rng.random(len(groups)), groups))
    ]
    rows = np.flatnonzero(rank >= 0)
    who, place = actor[rows].astype(np.int64), rank[rows].astype(np.int64)
    lender = source[who]
    at = given.start[lender] + place
    there = (lender >= 0) & (at < given.start[lender + 1])
    each = int(rank.max(initial=0)) + 1
    fresh = given.many + who * each + place
    small = given.many + size * each < 1 << 31
    out = np.full(len(rank), NONE, np.int32 if small else np.int64)
    out[rows] = np.where(there, given.value[np.where(there, at, 0)], fresh)
    return out

"""What was said between the two ends of listed matches: gathered once, asked by every trait that looks beyond steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, STRETCH, EventLog, type_code
from undertow.matches.program import Array


@dataclass(frozen=True)
class Talk:
    """Events between pairs of accounts, either way, (t), pair by pair in the order of the log.

    Attributes:
        pair: int64, as `pair_code`, ascending.
        row: int64, rows of the log.
    """

    pair: Array
    row: Array

    def of_types(self, log: EventLog, types: Iterable[str]) -> Talk:
        """Keep the events of some types."""
        kept = np.isin(log.type[self.row], [type_code(word) for word in types])
        return self if kept.all() else Talk(self.pair[kept], self.row[kept])


def pair_code(one: Array, other: Array, size: int) -> Array:
    """Number unordered pairs of account codes: int64, (n).

    Args:
        one: codes, (n).
        other: codes, (n).
        size: number of accounts.
    """
    low, high = np.minimum(one, other), np.maximum(one, other)
    return np.asarray(low.astype(np.int64) * size + high)


def talk_between(log: EventLog, one: Array, other: Array, types: Iterable[str]) -> Talk:
    """Gather the events of some types between pairs.

    Args:
        log: the events.
        one: codes, (n).
        other: codes, (n).
        types: words of the event table.
    """
    size = len(log.accounts)
    pairs = np.unique(pair_code(one, other, size))
    codes = [type_code(word) for word in types]
    named = np.zeros(size + 1, bool)
    named[one] = True
    named[other] = True
    named[NOBODY] = False
    pair, row = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for low in range(0, len(log), STRETCH):
        part = slice(low, min(low + STRETCH, len(log)))
        actor, target = log.actor[part], log.target[part]
        rows = np.flatnonzero(named[actor] & named[target] & np.isin(log.type[part], codes))
        code = pair_code(actor[rows], target[rows], size)
        place = np.minimum(np.searchsorted(pairs, code), len(pairs) - 1)
        mine = pairs[place] == code
        pair.append(code[mine])
        row.append(rows[mine] + low)
        log.rest()
    whole, rows = np.concatenate(pair), np.concatenate(row)
    order = np.argsort(whole, kind="stable")
    return Talk(whole[order], rows[order])

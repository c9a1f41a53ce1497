"""What was said between the two ends of listed matches: gathered once, asked by every trait that looks beyond steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, STRETCH, EventLog, type_code
from undertow.events.table import TYPES
from undertow.matches.grouping import group
from undertow.matches.program import Array
from undertow.matches.select import MANY
from undertow.scores.kernel_circles import listed_rows


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
    code = pair_code(one, other, size)
    code = code[code >= 0]
    if not len(code):
        return Talk(code, code)
    # Keys of one pair follow each other: most repeats are told without sorting.
    pairs = np.unique(code[np.append(True, code[1:] != code[:-1])[: len(code)]])
    wanted = np.isin(np.arange(len(TYPES)), [type_code(word) for word in types])
    if len(log) < MANY:
        pair, row = _looked_up(log, pairs, wanted)
    else:
        pair, row = _listed(log, pairs, wanted)
    by_pair = group(pair, len(pairs)).rows
    return Talk(pairs[pair[by_pair]], row[by_pair])


def _looked_up(log: EventLog, pairs: Array, wanted: Array) -> tuple[Array, Array]:
    """List the events of some types between pairs, in the order of the log: place of the pair, and row."""
    rows = np.flatnonzero(wanted[log.type] & (log.target != NOBODY))
    code = pair_code(log.actor[rows], log.target[rows], len(log.accounts))
    place = np.minimum(np.searchsorted(pairs, code), max(len(pairs) - 1, 0))
    mine = pairs[place] == code if len(pairs) else np.zeros(len(rows), bool)
    return place[mine], rows[mine]


def _listed(log: EventLog, pairs: Array, wanted: Array) -> tuple[Array, Array]:
    """As `_looked_up`, in compiled code, a stretch at a time."""
    size = len(log.accounts)
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(pairs // size, minlength=size), out=start[1:])
    high = (pairs % size).astype(np.int32)
    found = [(np.empty(0, np.int32), np.empty(0, np.int64))]
    for low in range(0, len(log), STRETCH):
        part = slice(low, min(low + STRETCH, len(log)))
        ends, types = (log.actor[part], log.target[part]), log.type[part]
        room = np.empty(len(types), np.int32), np.empty(len(types), np.int64)
        many = listed_rows(ends, types, wanted, start, high, low, room)
        found.append((room[0][:many], room[1][:many]))
        log.rest()
    pair, row = (np.concatenate(column) for column in zip(*found, strict=True))
    return pair, row

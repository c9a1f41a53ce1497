"""Who handed which address to whom: the columns that joins begin with, of listed matches alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches.match import Matches
from undertow.matches.program import Array
from undertow.scores.weigh import is_listed, judged_end


@dataclass(frozen=True)
class Handings:
    """Addresses handed over in direct messages, each once per giver and receiver, (h), by time.

    Attributes:
        giver, target: int64, codes.
        value: int64, number of the address, as the mark `handed`.
        at: int64, µs.
        row: int64, of the log.
    """

    giver: Array
    target: Array
    value: Array
    at: Array
    row: Array

    def __len__(self) -> int:
        return len(self.giver)

    def of(self, giver: int) -> Handings:
        """Give those of one giver."""
        return self.take(np.flatnonzero(self.giver == giver))

    def take(self, some: Array) -> Handings:
        """Give some of them."""
        columns = (self.giver, self.target, self.value, self.at, self.row)
        return Handings(*(column[some] for column in columns))


def listed_pairs(found: Sequence[Matches]) -> Array:
    """List (weighed account, target) of listed matches: int64, (p, 2), each once, ascending."""
    parts = [np.empty((0, 2), np.int64)]
    for one in found:
        keys = one.keys[is_listed(one)]
        end = judged_end(one.playbook)
        parts.append(np.stack([keys[:, end], keys[:, 1 - end]], axis=1).astype(np.int64))
    return np.unique(np.concatenate(parts), axis=0)


def handings(log: EventLog) -> Handings:
    """List who handed which address to whom, whoever it was; the log holds the mark `handed`."""
    value = log.marks["handed"]
    rows = np.flatnonzero((value >= 0) & (log.target != NOBODY) & (log.target != log.actor))
    giver, target = log.actor[rows].astype(np.int64), log.target[rows].astype(np.int64)
    key = np.stack([value[rows].astype(np.int64), giver, target])
    _, first = np.unique(key, axis=1, return_index=True)
    first = np.sort(first)
    return Handings(
        giver[first], target[first], key[0, first], log.at[rows[first]], rows[first]
    )


def among(pairs: Array, one: Array, other: Array, accounts: int) -> Array:
    """Say which (one, other) are listed pairs: bool."""
    return np.isin(one * accounts + other, pairs[:, 0] * accounts + pairs[:, 1])

"""Who served whom, and when: the columns that ties are made from.

A *serving* is an account that is weighed and a target of one of its listed matches. A *contact* is the first
event of a sort from one account to another. Targets of listed matches appear as targets only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undertow.campaigns.kernel_served import mark_alive
from undertow.events.log import NOBODY, EventLog
from undertow.matches.grouping import group, number_pairs
from undertow.matches.program import Array
from undertow.scores.weigh import Weighed


@dataclass(frozen=True)
class Served:
    """Listed matches as pairs, each once, (s), in the order of (`account`, `target`).

    Attributes:
        account, target: int64, codes.
        first: int64, µs, the earliest event that took a step between the two.
        reached: int64, µs, when `listed_from` was reached.
        row: int64, the row that reached it.
    """

    account: Array
    target: Array
    first: Array
    reached: Array
    row: Array

    def __len__(self) -> int:
        return len(self.account)


def served(log: EventLog, weighed: Sequence[Weighed]) -> Served:
    """Gather the listed matches of all playbooks; a pair counts once, at its earliest."""
    parts = [_of_playbook(log, one) for one in weighed]
    columns = [
        np.concatenate([np.empty(0, np.int64), *column]) for column in zip(*parts, strict=True)
    ]
    if not columns:
        return Served(*(np.empty(0, np.int64) for _ in range(5)))
    account, target, first, reached, row = columns
    order = np.lexsort((reached, target, account))
    kept = np.append(True, (np.diff(account[order]) != 0) | (np.diff(target[order]) != 0))[
        : len(order)
    ]
    return Served(*(column[order][kept] for column in (account, target, first, reached, row)))


def _of_playbook(log: EventLog, one: Weighed) -> tuple[Array, Array, Array, Array, Array]:
    matches, book = one.matches, one.matches.playbook
    keys = np.flatnonzero(one.listed)
    account = matches.keys[keys, one.judged].astype(np.int64)
    target = matches.keys[keys, 1 - one.judged].astype(np.int64)
    rows = matches.rows[keys]
    step = book.step_index(book.listed_from)
    own = rows >= 0
    actor, sink = log.actor[rows], log.target[rows]
    ends = np.stack([account, target], axis=1)[:, None, :]
    own &= (actor[..., None] == ends).any(axis=2) & (sink[..., None] == ends).any(axis=2)
    at = np.where(own, log.at[rows], np.iinfo(np.int64).max)
    first = at.min(axis=1, initial=np.iinfo(np.int64).max)
    last = rows[:, : step + 1].max(axis=1)
    row = np.where(rows[:, step] >= 0, rows[:, step], last)
    return account, target, np.minimum(first, log.at[row]), log.at[row], row


@dataclass(frozen=True)
class Contacts:
    """First contacts of one sort, (c), in the order of `target`.

    Attributes:
        account, target: int64, codes.
        at: int64, µs.
        row: int64, of the log.
        made: int64, (accounts), contacts of each account.
        met: int64, (accounts), accounts that made contact with each.
    """

    account: Array
    target: Array
    at: Array
    row: Array
    made: Array
    met: Array

    def __len__(self) -> int:
        return len(self.account)


def contacts(log: EventLog, types: tuple[str, ...], *, either: bool = False) -> Contacts:
    """List the first event of some types from each account to each other.

    Args:
        log: the events.
        types: words of the event table.
        either: count an event for both its ends, so that it does not matter who spoke.
    """
    rows = log.rows_of(*types)
    rows = rows[(log.target[rows] != NOBODY) & (log.target[rows] != log.actor[rows])]
    size = len(log.accounts)
    account, target = log.actor[rows], log.target[rows]
    if either:
        rows = np.repeat(rows, 2)
        account, target = (
            np.stack([account, target], axis=1).ravel(),
            np.stack([target, account], axis=1).ravel(),
        )
    # The log stands in time order, so the first of each pair is the earliest.
    met = number_pairs(target, account, size, numbered=False)
    rows = rows[met.first]
    return Contacts(
        met.other.astype(np.int64),
        met.one.astype(np.int64),
        log.at[rows],
        rows,
        np.bincount(met.other, minlength=size),
        np.bincount(met.one, minlength=size),
    )


def independent(pairs: Served, *met: Contacts) -> Served:
    """Keep servings of targets that lead a life of their own; of an account's other targets, the first alone.

    A life of its own: some contact that is neither the account nor another of its targets, and that none of the
    account's other targets has. Puppets made to frame somebody know each other, their victim and their makers.

    Args:
        pairs: who served whom.
        met: all contacts that count, either side speaking.
    """
    size = len(met[0].made) if met else 0
    if not len(pairs):
        return pairs
    wanted = np.zeros(size, bool)
    wanted[pairs.target] = True
    one = np.concatenate([part.account for part in met] + [part.target for part in met])
    other = np.concatenate([part.target for part in met] + [part.account for part in met])
    mine = wanted[one]
    near = group(one[mine], size)
    new = np.append(True, np.diff(pairs.account) != 0)
    runs = np.append(np.flatnonzero(new), len(pairs))
    alive = np.zeros(len(pairs), bool)
    room = np.zeros((4, size), np.int32)
    mark_alive(
        runs, pairs.account, pairs.target, near.start, other[mine][near.rows], room, alive
    )
    rest = np.flatnonzero(~alive)
    alive[rest[np.unique(pairs.account[rest], return_index=True)[1]]] = True
    kept = np.flatnonzero(alive)
    return Served(*(getattr(pairs, name)[kept] for name in Served.__dataclass_fields__))


def spread(low: Array, high: Array) -> tuple[Array, Array]:
    """List (place, index) for every index in [`low`, `high`) of each place."""
    many = np.maximum(high - low, 0)
    place = np.repeat(np.arange(len(low)), many)
    index = np.arange(len(place)) - np.repeat(np.cumsum(many) - many, many) + low[place]
    return place, index

"""Which events may take which step, whoever the accounts are: one bit per step, by columns.

Only rows with a bit go on to the kernel; most events of a platform have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import TYPES
from undertow.matches.plan import Plan, Sight


@dataclass(frozen=True)
class Selected:
    """Rows of the log that may take a step, in total order, (r).

    Attributes:
        row: int64, row in the log.
        at: int64, microseconds.
        actor, target, context: int64, -1 for none.
        platform: int64, code, -1 for none.
        mask: int64, bit s set where the event may take step s.
        warm: int64, bit s set where the event is the earliest of its types in its direction, but so
            early that it may not have been the first: `first` is unknown for the pair.
    """

    row: np.ndarray
    at: np.ndarray
    actor: np.ndarray
    target: np.ndarray
    context: np.ndarray
    platform: np.ndarray
    mask: np.ndarray
    warm: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def select(log: EventLog, plan: Plan, sight: Sight) -> Selected:
    """Evaluate every step's selectors over the whole log."""
    mask = np.zeros(len(log), np.int64)
    warm = np.zeros(len(log), np.int64)
    for s in range(len(plan)):
        of_type = plan.types[s][log.type]
        chosen = of_type & plan.visibility[s][log.visibility]
        for signal in plan.has[s]:
            chosen = chosen & log.marks[signal]
        if plan.first[s]:
            rows = np.flatnonzero(of_type)
            earliest = rows[_first_of_direction(log, rows)]
            early = np.zeros(len(earliest), bool)
            if plan.within[s] < sight.start.max() + (1 << 61):
                known_from = sight.start[log.platform[earliest]] + min(plan.within[s], 1 << 61)
                early = log.at[earliest] < known_from
            warm[earliest[early]] |= 1 << s
            is_first = np.zeros(len(log), bool)
            is_first[earliest[~early]] = True
            chosen = chosen & is_first
        mask |= chosen.astype(np.int64) << s
    rows = np.flatnonzero(mask | warm)
    return Selected(
        row=rows,
        at=log.at[rows],
        actor=log.actor[rows].astype(np.int64),
        target=log.target[rows].astype(np.int64),
        context=log.context[rows].astype(np.int64),
        platform=log.platform[rows].astype(np.int64),
        mask=mask[rows],
        warm=warm[rows],
    )


def _first_of_direction(log: EventLog, rows: np.ndarray) -> np.ndarray:
    """Find the first of `rows` for each (actor, target): positions in `rows`."""
    key = log.actor[rows].astype(np.int64) * (len(log.accounts) + 1) + log.target[rows] + 1
    return np.unique(key, return_index=True)[1]


@dataclass(frozen=True)
class Moves:
    """Joins and leaves, sorted by (account, group, time, join after leave), (m)."""

    account: np.ndarray
    group: np.ndarray
    at: np.ndarray
    joins: np.ndarray


def moves(log: EventLog) -> Moves:
    """Gather who joined and left which group when."""
    join, leave = TYPES.index("join"), TYPES.index("leave")
    rows = np.flatnonzero(((log.type == join) | (log.type == leave)) & (log.context != NOBODY))
    joins = log.type[rows] == join
    order = np.lexsort((joins, log.at[rows], log.context[rows], log.actor[rows]))
    rows = rows[order]
    return Moves(
        log.actor[rows].astype(np.int64),
        log.context[rows].astype(np.int64),
        log.at[rows],
        joins[order],
    )


@dataclass(frozen=True)
class Index:
    """Positions in `Selected`, listed per unordered pair and per account.

    Attributes:
        low, high: int64, (p): the pairs' accounts, `low` < `high`, ascending.
        pair_start: int64, (p + 1): slices of `pair_rows`.
        pair_rows: int64: positions of the events between the two, ascending within a pair.
        side_start: int64, (accounts + 1): slices of `side_rows`.
        side_rows: int64: positions of events that touch the account and may take a step that is not
            between the two key accounts, ascending.
    """

    low: np.ndarray
    high: np.ndarray
    pair_start: np.ndarray
    pair_rows: np.ndarray
    side_start: np.ndarray
    side_rows: np.ndarray


def index(selected: Selected, plan: Plan, accounts: int) -> Index:
    """List the selected rows by pair and by account."""
    actor, target = selected.actor, selected.target
    paired = np.flatnonzero((target != NOBODY) & (actor != target))
    low = np.minimum(actor[paired], target[paired])
    high = np.maximum(actor[paired], target[paired])
    key = low * (accounts + 1) + high
    order = np.argsort(key, kind="stable")
    distinct, start = np.unique(key[order], return_index=True)
    pair_bits = sum(
        1 << s
        for s in range(len(plan))
        if sorted((int(plan.source[s]), int(plan.sink[s]))) == [0, 1]
    )
    side = np.flatnonzero((selected.mask & ~np.int64(pair_bits)) != 0)
    addressed = side[(target[side] != NOBODY) & (target[side] != actor[side])]
    touched = np.concatenate([actor[side], target[addressed]])
    position = np.concatenate([side, addressed])
    by_account = np.lexsort((position, touched))
    return Index(
        low=distinct // (accounts + 1),
        high=distinct % (accounts + 1),
        pair_start=np.append(start, len(key)).astype(np.int64),
        pair_rows=paired[order],
        side_start=np.searchsorted(touched[by_account], np.arange(accounts + 1)).astype(
            np.int64
        ),
        side_rows=position[by_account],
    )

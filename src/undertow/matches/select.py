"""Which events may take which step, whoever the accounts are: one bit per step, by columns.

Only rows with a bit go on to the kernel; most events of a platform have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import CONVERSATION, TYPES, VISIBILITIES
from undertow.matches import kernel_list
from undertow.matches.actors import Actors, seen_by
from undertow.matches.grouping import number_pairs
from undertow.matches.kernel_rules import Moved
from undertow.matches.plan import Plan, Sight
from undertow.matches.program import Array
from undertow.signals.tempo import answered

CHUNK: Final = 1 << 18
"""Rows looked at together: few enough to stay in the processor's cache with their classes."""
MANY: Final = 50_000
"""Events above which compiled code lists them: below, compiling costs more."""


@dataclass(frozen=True)
class Selected:
    """Rows of the log that may take a step, in total order, (r).

    Attributes:
        row: int64, row in the log.
        mask: int64, bit s set where the event may take step s.
        warm: int64, bit s set where the event is the earliest of its types in its direction, but so
            early that it may not have been the first: `first` is unknown for the pair.
        event: int64, the row of the log of all events that each stands for; `row` where None.
    """

    row: Array
    mask: Array
    warm: Array
    event: Array | None = None

    def __len__(self) -> int:
        return len(self.row)


def select(log: EventLog, plan: Plan, sight: Sight, actors: Actors | None = None) -> Selected:
    """Evaluate every step's selectors over the whole log; `first` across personas is an actor's first."""
    rows, mask = _by_class(log, plan)
    warm = np.zeros(len(rows), np.int64)
    for s in np.flatnonzero(plan.first).tolist():
        bit = np.int64(1 << s)
        across = plan.playbook.steps[s].across_personas
        earliest = first_of_direction(log, plan.types[s], seen_by(log, actors, across=across))
        early = np.zeros(len(earliest), bool)
        if plan.within[s] < sight.start.max() + (1 << 61):
            known_from = sight.start[log.platform[earliest]] + min(plan.within[s], 1 << 61)
            early = log.at[earliest] < known_from
        if early.any():
            rows, mask, warm = _joined(log, rows, mask, warm, earliest[early])
            warm[_among(log, earliest[early])[rows]] |= bit
        # By sums and not by choice: most rows lose the bit.
        mask &= ~bit | _among(log, earliest[~early])[rows].astype(np.int64) << s
    kept = (mask | warm) != 0
    if not kept.all():
        rows, mask, warm = rows[kept], mask[kept], warm[kept]
    return Selected(rows, mask, warm)


def mark_answered(log: EventLog, plan: Plan) -> None:
    """Add the mark `answered` if a step asks for it: it rests on several rows, which must all be there."""
    if "answered" not in log.marks and any("answered" in has for has in plan.has):
        talk = np.isin(log.type, [TYPES.index(word) for word in CONVERSATION])
        log.marks["answered"] = np.logical_and(*answered(log.actor, log.target, talk))


def _by_class(log: EventLog, plan: Plan) -> tuple[Array, Array]:
    """Look up every event's type, visibility and signals in one table of step bits."""
    signals = sorted({name for has in plan.has for name in has})
    table = _step_bits(plan, signals)
    if len(log) < MANY:
        mask = table[_classes(log, slice(None), signals)]
        rows = np.flatnonzero(mask)
        return rows, mask[rows]
    rows, mask = np.empty(len(log), np.int64), np.empty(len(log), np.int64)
    at = 0
    for low in range(0, len(log), CHUNK):
        code = _classes(log, slice(low, low + CHUNK), signals)
        at = kernel_list.select_rows(code, table, low, at, rows, mask)
    return rows[:at], mask[:at]


def _classes(log: EventLog, part: slice, signals: list[str]) -> Array:
    """Give the place of each event's type, visibility and signals in the table: int16, (n)."""
    code: Array = (
        log.type[part].astype(np.int16) * (len(VISIBILITIES) + 1) + log.visibility[part]
    )
    code += 1
    for signal in signals:
        code *= 2
        code += log.marks[signal][part]
    return code


def _step_bits(plan: Plan, signals: list[str]) -> Array:
    """Give the steps that an event may take by type, visibility (null first) and signals: int64."""
    shape = (len(TYPES), len(VISIBILITIES) + 1, *[2] * len(signals))
    table = np.zeros(shape, np.int64)
    for s in range(len(plan)):
        fits = np.broadcast_to(
            plan.types[s].reshape(-1, *[1] * (len(shape) - 1)), shape
        ) & np.roll(plan.visibility[s], 1).reshape(1, -1, *[1] * len(signals))
        for k, signal in enumerate(signals):
            if signal in plan.has[s]:
                there = np.array([False, True]).reshape(
                    [2 if d == k + 2 else 1 for d in range(len(shape))]
                )
                fits = fits & there
        table |= fits.astype(np.int64) << s
    return table.ravel()


def first_of_direction(log: EventLog, of_types: Array, ends: tuple[Array, Array]) -> Array:
    """Find the first event of some types for each (actor, target), null targets among them.

    Args:
        log: the events.
        of_types: bool, (types).
        ends: who acts in each event and whom it addresses, (n) each, -1 for nobody.

    Returns:
        int64: rows of the log, ascending.
    """
    rows = np.flatnonzero(of_types[log.type])
    actor, target = ends
    size = len(log.accounts) + 1
    pairs = number_pairs(actor[rows], target[rows] + 1, size, numbered=False)
    return np.sort(rows[pairs.first])


def _among(log: EventLog, rows: Array) -> Array:
    """Mark rows of the log: bool, (n)."""
    there = np.zeros(len(log), bool)
    there[rows] = True
    return there


def _joined(
    log: EventLog, rows: Array, mask: Array, warm: Array, more: Array
) -> tuple[Array, Array, Array]:
    """Add rows that may take no step themselves."""
    new = more[~_among(log, rows)[more]]
    if not len(new):
        return rows, mask, warm
    place = np.searchsorted(rows, new)
    return (np.insert(rows, place, new), np.insert(mask, place, 0), np.insert(warm, place, 0))


@dataclass(frozen=True)
class Moves:
    """Joins and leaves, sorted by (account, group, time, join after leave), (m)."""

    account: Array
    group: Array
    at: Array
    joins: Array

    def by_account(self, accounts: int) -> Moved:
        """Give them as the kernel reads them."""
        start = np.zeros(accounts + 1, np.int64)
        np.cumsum(np.bincount(self.account, minlength=accounts), out=start[1:])
        return Moved(start, np.stack([self.group, self.at, self.joins], axis=1))


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

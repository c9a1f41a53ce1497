"""Matching one playbook over an event log: the kernel where it knows the grammar, else the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.matches import kernel
from undertow.matches.kernel_rules import (
    FOREVER,
    Array,
    Lists,
    MoveColumns,
    PlanColumns,
    Rows,
    SightColumns,
    Work,
    add,
)
from undertow.matches.plan import Plan, Sight, compile_plan, sight
from undertow.matches.select import Index, Moves, Selected, index, moves, select
from undertow.matches.slow import ask_oracle
from undertow.playbooks.grammar import Playbook

STATES: Final = ("not reached", "taken", "not taken", "open", "unknown", "taken, open")


@dataclass(frozen=True)
class Matches:
    """What is reported of every key of one playbook. One row per key, (k).

    Attributes:
        playbook: the playbook matched.
        keys: int64, (k, 3): codes of the two key accounts and of the group (-1: none).
        furthest: int64, index of the furthest step.
        rows: int64, (k, s): rows of the log that took each step, -1 where it was not taken.
        states: int8, (k, s): see `STATES` and `kernel`.
        selected: the events that may take a step.
        slow: keys that the oracle answered.
    """

    playbook: Playbook
    keys: Array
    furthest: Array
    rows: Array
    states: Array
    selected: Selected
    slow: int = 0

    def __len__(self) -> int:
        return len(self.furthest)

    def at_least(self, step: str) -> Array:
        """Mark the keys that reached a step or went further: bool, (k)."""
        return self.furthest >= self.playbook.step_index(step)


def find(
    log: EventLog, playbook: Playbook, sources: tuple[Source, ...] = (), end: int | None = None
) -> Matches:
    """Match one playbook.

    Args:
        log: the events.
        playbook: a checked playbook.
        sources: what could be seen; platforms without a declaration count as visible throughout.
        end: last moment of the data in microseconds; the last event's where None.

    Returns:
        One row per key that takes at least one step, ordered by key.
    """
    plan = compile_plan(playbook)
    seen = sight(plan, sources, log.platforms.to_pylist(), log.start)
    selected = select(log, plan, seen)
    listed = index(selected, plan, len(log.accounts))
    moved = moves(log) if plan.has_group else _no_moves()
    keys = _keys(plan, selected, listed, moved)
    span = (_begin(log, seen), log.end if end is None else end)
    columns = plan_columns(plan)
    sighted = SightColumns(seen.declared, seen.since, seen.until, _first_from(plan, seen))
    work = _rows(selected)
    lists = Lists(listed.pair_start, listed.pair_rows, listed.side_start, listed.side_rows)
    moved_columns = MoveColumns(moved.account, moved.group, moved.at, moved.joins)
    if plan.fast:
        furthest, events, states = kernel.run(
            columns, sighted, moved_columns, work, lists, keys, span, _most(listed, keys)
        )
        refused = np.flatnonzero(furthest == kernel.REFUSED)
    else:
        furthest = np.full(len(keys), kernel.NOTHING)
        events = np.full((len(keys), len(plan)), -1, np.int64)
        states = np.zeros((len(keys), len(plan)), np.int8)
        refused = np.arange(len(keys))
    if len(refused):
        answers = ask_oracle(log, plan, sources, keys[refused])
        for k, (step, rows_taken) in zip(refused.tolist(), answers, strict=True):
            furthest[k] = step
            found = np.searchsorted(selected.row, rows_taken)
            events[k] = np.where(rows_taken >= 0, found, -1)
            _judge(plan, columns, sighted, selected, (keys[k], events[k], states[k]), span)
    kept = furthest >= 0
    rows = (
        np.where(events[kept] >= 0, selected.row[events[kept]], -1) if len(selected) else events
    )
    return Matches(
        playbook, keys[kept][:, :3], furthest[kept], rows, states[kept], selected, len(refused)
    )


def _judge(
    plan: Plan,
    columns: PlanColumns,
    sighted: SightColumns,
    selected: Selected,
    answer: tuple[Array, Array, Array],
    span: tuple[int, int],
) -> None:
    """Judge a chain that the oracle gave, on work columns that hold just its events."""
    key, events, state = answer
    taken = np.where(events >= 0, np.arange(len(plan)), -1)
    if (taken < 0).all():
        return
    at = np.where(events >= 0, selected.at[events], 0)
    between = ((selected.actor == key[0]) & (selected.target == key[1])) | (
        (selected.actor == key[1]) & (selected.target == key[0])
    )
    platforms = np.unique(selected.platform[between])
    present = np.concatenate([[len(platforms)], platforms]).astype(np.int64)
    nothing = np.zeros(len(plan), np.int64)
    warm = np.bitwise_or.reduce(selected.warm[between], initial=0)
    work = Work(nothing, at, nothing, nothing, present, np.array([warm]))
    kernel.judge(columns, sighted, work, taken, span, state)


def plan_columns(plan: Plan) -> PlanColumns:
    """Hand a plan to compiled code."""
    return PlanColumns(
        plan.source,
        plan.sink,
        plan.between,
        plan.room,
        plan.within,
        plan.least,
        plan.optional,
        plan.same,
        plan.count,
        plan.days,
        plan.free,
        plan.anchor,
        plan.may_be,
        plan.conditions,
        _widest(plan),
    )


def _widest(plan: Plan) -> Array:
    """Sum the windows between two steps: what skipping unknown steps allows at most."""
    steps = len(plan)
    widest = np.zeros((steps, steps), np.int64)
    for i in range(steps):
        total = 0
        for j in range(i + 1, steps):
            total = add(total, int(plan.within[j]))
            widest[i, j] = total
    return widest


def _first_from(plan: Plan, seen: Sight) -> Array:
    """Say from when on an event can be known to be the first of its direction."""
    known = _after(int(seen.start.max()), plan.within)
    return np.where(plan.first, known, -FOREVER)


def _after(start: int, lengths: Array) -> Array:
    """Add durations to a moment, those without an end staying at the moment."""
    return start + np.where(lengths >= FOREVER, 0, lengths)


def _rows(selected: Selected) -> Rows:
    return Rows(
        selected.at,
        selected.actor,
        selected.target,
        selected.context,
        selected.platform,
        selected.mask,
        selected.warm,
    )


def _no_moves() -> Moves:
    nothing = np.empty(0, np.int64)
    return Moves(nothing, nothing, nothing, np.empty(0, bool))


def _begin(log: EventLog, seen: Sight) -> int:
    """Find the first moment that anything could be seen."""
    known = seen.start[:-1][seen.declared[:-1]]
    return int(min(log.start, known.min())) if len(known) else log.start


def _most(listed: Index, keys: Array) -> int:
    """Bound the events that one key may gather."""
    if not len(keys):
        return 1
    pair = np.diff(listed.pair_start)[keys[:, 3]]
    side = np.diff(listed.side_start)
    return int((pair + side[keys[:, 0]] + side[keys[:, 1]]).max()) + 1


def _keys(plan: Plan, selected: Selected, listed: Index, moved: Moves) -> Array:
    """List the ordered pairs with an event for a required step between the two, with their groups.

    Returns:
        int64, (k, 4): key account, key account, group (-1: none), number of the pair.
    """
    ways: list[Array] = []
    pair_of = np.empty(len(selected), np.int64)
    pair_of[listed.pair_rows] = np.repeat(
        np.arange(len(listed.low)), np.diff(listed.pair_start)
    )
    for s in np.flatnonzero(plan.anchor):
        rows = np.flatnonzero((selected.mask >> int(s)) & 1)
        rows = rows[
            (selected.target[rows] != NOBODY) & (selected.target[rows] != selected.actor[rows])
        ]
        forward = np.stack([selected.actor[rows], selected.target[rows], pair_of[rows]], axis=1)
        backward = forward[:, [1, 0, 2]]
        if plan.between[s] or plan.source[s] == 0:
            ways.append(forward)
        if plan.between[s] or plan.source[s] == 1:
            ways.append(backward)
    if not ways:
        return np.empty((0, 4), np.int64)
    pairs = np.unique(np.concatenate(ways), axis=0)
    if not plan.has_group:
        nobody = np.full(len(pairs), NOBODY)
        return np.stack([pairs[:, 0], pairs[:, 1], nobody, pairs[:, 2]], axis=1)
    return _with_groups(plan, selected, moved, pairs)


def _with_groups(plan: Plan, selected: Selected, moved: Moves, pairs: Array) -> Array:
    """Complete pairs by the groups that either account joined, left, or met in a step with a room."""
    room_bits = int(sum(1 << int(s) for s in np.flatnonzero(plan.room)))
    rows = np.flatnonzero((selected.mask & room_bits) != 0)
    rows = rows[selected.context[rows] != NOBODY]
    seen = [
        np.stack([moved.account, moved.group], axis=1),
        np.stack([selected.actor[rows], selected.context[rows]], axis=1),
        np.stack([selected.target[rows], selected.context[rows]], axis=1),
    ]
    of_account = np.unique(np.concatenate(seen), axis=0)
    account, group = of_account[:, 0], of_account[:, 1]
    keys = [np.empty((0, 4), np.int64)]
    for end in (0, 1):
        low = np.searchsorted(account, pairs[:, end], "left")
        many = np.searchsorted(account, pairs[:, end], "right") - low
        which = np.repeat(np.arange(len(pairs)), many)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        chosen = group[np.repeat(low, many) + offset]
        keys.append(
            np.stack([pairs[which, 0], pairs[which, 1], chosen, pairs[which, 2]], axis=1)
        )
    return np.unique(np.concatenate(keys), axis=0)

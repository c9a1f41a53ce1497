"""Matching one playbook over an event log: the kernel where it knows the grammar, else the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.matches import kernel
from undertow.matches.conflicts import settle
from undertow.matches.kernel_rules import (
    AGES,
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
from undertow.matches.kernel_states import judge
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
    moved_columns = MoveColumns(moved.account, moved.group, moved.at, moved.joins)
    lists = Lists(listed.pair_start, listed.pair_rows, listed.side_start, listed.side_rows)

    def run(some: Array, mask: Array) -> tuple[Array, Array, Array]:
        rows = _rows(selected)._replace(mask=mask)
        most = _most(listed, some)
        return kernel.run(columns, sighted, moved_columns, rows, lists, some, span, most)

    if plan.fast:
        furthest, events, states = run(keys, selected.mask)
        for k in np.flatnonzero(furthest == kernel.REFUSED).tolist():
            furthest[k], events[k], states[k] = settle(plan, selected, keys[k], run)
        slow = 0
    else:
        furthest, events, states = _by_oracle(log, plan, sources, keys, selected)
        for k in np.flatnonzero(furthest >= 0).tolist():
            answer = (keys[k], events[k], states[k])
            _judge(plan, columns, sighted, selected, answer, span)
        slow = len(keys)
    kept = furthest >= 0
    rows = (
        np.where(events[kept] >= 0, selected.row[events[kept]], -1) if len(selected) else events
    )
    return Matches(
        playbook, keys[kept][:, :3], furthest[kept], rows, states[kept], selected, slow
    )


def _by_oracle(
    log: EventLog, plan: Plan, sources: tuple[Source, ...], keys: Array, selected: Selected
) -> tuple[Array, Array, Array]:
    """Let the oracle answer all keys of a playbook that the kernel does not know."""
    furthest = np.full(len(keys), kernel.NOTHING)
    events = np.full((len(keys), len(plan)), -1, np.int64)
    for k, (step, rows) in enumerate(ask_oracle(log, plan, sources, keys)):
        furthest[k] = step
        events[k] = np.where(rows >= 0, np.searchsorted(selected.row, rows), -1)
    return furthest, events, np.zeros((len(keys), len(plan)), np.int8)


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
    at = np.where(events >= 0, selected.at[events], 0)
    between = ((selected.actor == key[0]) & (selected.target == key[1])) | (
        (selected.actor == key[1]) & (selected.target == key[0])
    )
    platforms = np.unique(selected.platform[between])
    present = np.concatenate([[len(platforms)], platforms]).astype(np.int64)
    nothing = np.zeros(len(plan), np.int64)
    warm = np.bitwise_or.reduce(selected.warm[between], initial=0)
    work = Work(nothing, at, nothing, nothing, nothing, present, np.array([warm]), nothing)
    judge(columns, sighted, work, taken, int(at.max()), span, state)


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
        plan.may_be,
        plan.conditions,
        _widest(plan),
        _between(plan),
        np.array([_side_bits(plan, end) for end in (0, 1)], np.int64),
        sum(1 << int(s) for s in np.flatnonzero(plan.anchor)),
        *_base(plan),
    )


def _between(plan: Plan) -> Array:
    """List the required steps strictly between two steps, as bits."""
    required = [0 if optional else 1 << s for s, optional in enumerate(plan.optional.tolist())]
    steps = range(len(plan))
    return np.array([[sum(required[i + 1 : j]) for j in steps] for i in steps], np.int64)


def _side_bits(plan: Plan, end: int) -> int:
    """Gather the steps that touch one key account and not the other."""
    touched = zip(plan.source.tolist(), plan.sink.tolist(), strict=True)
    return sum(1 << s for s, ends in enumerate(touched) if end in ends and 1 - end not in ends)


def _base(plan: Plan) -> tuple[int, int, int, int]:
    """Find the first required step, if one event of the pair takes it whatever went before.

    Returns:
        The step, -1 if there is none; how far a chain may lead up to it and trail behind it; and
        the steps behind it as bits.
    """
    required = np.flatnonzero(~plan.optional)
    base = int(required[0]) if len(required) else 0
    counted = (plan.count[: base + 1] > 1) | (plan.days[: base + 1] > 1)
    if not len(required) or not plan.anchor[base] or counted.any():
        return -1, AGES, AGES, 0
    behind = sum(1 << s for s in range(base + 1, len(plan)))
    # Nothing stands before the first step, so its own window bounds nothing.
    return base, _total(plan.within[1 : base + 1]), _total(plan.within[base + 1 :]), behind


def _total(windows: Array) -> int:
    return AGES if (windows >= FOREVER).any() else min(AGES, int(windows.sum()))


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
    pairs = _distinct(np.concatenate(ways))
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
    of_account = _distinct(np.concatenate(seen))
    account, group = of_account[:, 0], of_account[:, 1]
    keys = [np.empty((0, 4), np.int64)]
    for end in _grouped_ends(plan):
        low = np.searchsorted(account, pairs[:, end], "left")
        many = np.searchsorted(account, pairs[:, end], "right") - low
        which = np.repeat(np.arange(len(pairs)), many)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        chosen = group[np.repeat(low, many) + offset]
        keys.append(
            np.stack([pairs[which, 0], pairs[which, 1], chosen, pairs[which, 2]], axis=1)
        )
    return _distinct(np.concatenate(keys))


def _grouped_ends(plan: Plan) -> tuple[int, ...]:
    """Say whose groups can make a key: where every anchor asks one end to be a member, that end's."""
    anchors = np.flatnonzero(plan.anchor).tolist()
    asked = {(s, role) for s, role, member in plan.conditions.tolist() if member}
    one = [end for end in (0, 1) if all((s, end) in asked for s in anchors)]
    return (one[0],) if one else (0, 1)


def _distinct(rows: Array) -> Array:
    """Sort rows and leave repeats out; `np.unique` by rows is many times slower."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort(rows.T[::-1])]
    fresh = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))
    kept: Array = rows[fresh]
    return kept

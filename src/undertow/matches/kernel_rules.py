"""Compiled rules of the kernel: does an event suit a step, could a step be seen, does a gap fit.

The tuples below are what compiled code reads: columns of one plan, of the selected events and of what
is known about them. Shapes stand beside each; integers are int64 unless said.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]
FOREVER: Final = 1 << 62
AGES: Final = 1 << 61
"""Longer than any data, and still safe to add to a time."""
KEY_ROLES: Final = 2
"""Role codes 0 and 1 are the key accounts; higher ones are free."""


class PlanColumns(NamedTuple):
    """One compiled playbook: one value per step, (s), but `may_be` (roles, roles), `conditions` (c, 3)."""

    source: Array
    sink: Array
    both_ways: Array
    room: Array
    within: Array
    least: Array
    optional: Array
    same: Array
    counts: Array
    days: Array
    free: Array
    may_be: Array
    conditions: Array
    widest: Array
    """(s, s): longest gap from step i to step j that any skipping allows."""
    between: Array
    """(s, s): the required steps strictly between two steps, as bits."""
    side_bits: Array
    """(2): steps that touch the one key account and not the other."""
    anchors: int
    """Required steps between the two key accounts, as bits: one of them makes a key."""
    base: int
    """A step that one event of the pair takes without anything before it, -1: there is none. A key
    with such an event reports a chain that holds one, if the step could be seen throughout; then the
    next three bound what it can need."""
    lead: int
    """Sum of the windows up to the base: how long before it a chain may begin."""
    trail: int
    """Sum of the windows after the base."""
    after_base: int
    """Steps behind the base, as bits."""


class Rows(NamedTuple):
    """The selected events, (r), as in `select.Selected`."""

    at: Array
    actor: Array
    target: Array
    context: Array
    platform: Array
    mask: Array
    warm: Array


class Lists(NamedTuple):
    """Positions of events by pair and by account, as in `select.Index`."""

    pair_start: Array
    pair_rows: Array
    side_start: Array
    side_rows: Array


class MoveColumns(NamedTuple):
    """Joins and leaves, (m), as in `select.Moves`."""

    account: Array
    group: Array
    at: Array
    joins: Array


class SightColumns(NamedTuple):
    """What sources could show, as in `plan.Sight`."""

    declared: Array
    since: Array
    until: Array
    first_from: Array
    """(s): from when on `first` can be known of any pair; the distant past for other steps."""


class Key(NamedTuple):
    """One key: its two accounts, its group (-1: none) and the number of its unordered pair."""

    a: int
    b: int
    group: int
    pair: int


class Work(NamedTuple):
    """The events of one key, (size), and what is known of it."""

    picked: Array
    at: Array
    mask: Array
    other: Array
    """The free role's account in the event, -1 for none."""
    before: Array
    """The latest earlier event with the same such account, -1 for none."""
    present: Array
    """Platform codes of the key's own events; their number stands first."""
    unknown: Array
    """(1): bit s set where `first` of step s cannot be known."""
    seen: Array
    """(1): bit s set where step s could be seen throughout the data."""


@njit(cache=True, nogil=True)
def add(a: int, b: int) -> int:
    """Add two durations, `FOREVER` staying what it is."""
    return FOREVER if a >= FOREVER or b >= FOREVER else a + b


@njit(cache=True, nogil=True)
def is_member(moves: MoveColumns, account: int, group: int, at: int) -> bool:
    """Look up the last join or leave before `at`; at equal times leave comes first."""
    low, high = 0, len(moves.account)
    while low < high:
        middle = (low + high) // 2
        who, room = moves.account[middle], moves.group[middle]
        if who < account or (
            who == account and (room < group or (room == group and moves.at[middle] < at))
        ):
            low = middle + 1
        else:
            high = middle
    last = low - 1
    if last < 0 or moves.account[last] != account or moves.group[last] != group:
        return False
    return bool(moves.joins[last])


@njit(cache=True, nogil=True)
def end_fits(plan: PlanColumns, role: int, account: int, key: Key) -> bool:
    """Say whether an account may stand at an end of an event that a role asks for."""
    if role < 0:
        return True
    if role == 0:
        return account == key.a
    if role == 1:
        return account == key.b
    if account < 0:
        return False
    may_be_a, may_be_b = plan.may_be[role, 0], plan.may_be[role, 1]
    return (account != key.a or may_be_a) and (account != key.b or may_be_b)


@njit(cache=True, nogil=True)
def fits(plan: PlanColumns, moves: MoveColumns, rows: Rows, x: int, s: int, key: Key) -> int:
    """Say whether the accounts and the room of event `x` suit step `s` of a key.

    Returns:
        -2 if not; else the account of the step's free role, -1 if it has none.
    """
    source, sink = plan.source[s], plan.sink[s]
    actor, target = rows.actor[x], rows.target[x]
    found = end_fits(plan, source, actor, key) and end_fits(plan, sink, target, key)
    if not found and plan.both_ways[s]:
        actor, target = target, actor
        found = end_fits(plan, source, actor, key) and end_fits(plan, sink, target, key)
    if not found or (plan.room[s] and rows.context[x] != key.group):
        return -2
    for c in range(plan.conditions.shape[0]):
        if plan.conditions[c, 0] == s:
            role = plan.conditions[c, 1]
            who = key.a if role == 0 else key.b
            if role >= KEY_ROLES:
                who = actor if source == role else target
            member = is_member(moves, who, key.group, rows.at[x])
            if member != (plan.conditions[c, 2] == 1):
                return -2
    if source >= KEY_ROLES:
        return int(actor)
    return int(target) if sink >= KEY_ROLES else -1


@njit(cache=True, nogil=True)
def unseen(sight: SightColumns, work: Work, s: int, since: int, until: int) -> bool:
    """Say whether step `s` could not be seen anywhere in [since, until] on the key's platforms."""
    if (work.unknown[0] >> s) & 1:
        return True
    for k in range(work.present[0]):
        p = work.present[k + 1]
        if not sight.declared[p]:
            return False
        for m in range(sight.since.shape[2]):
            if sight.since[p, s, m] <= until and since <= sight.until[p, s, m]:
                return False
    return True


@njit(cache=True, nogil=True)
def seen_throughout(sight: SightColumns, work: Work, s: int, span: tuple[int, int]) -> bool:
    """Say whether one source of the key's platforms shows step `s` over the whole data."""
    if (work.unknown[0] >> s) & 1:
        return False
    for k in range(work.present[0]):
        p = work.present[k + 1]
        if not sight.declared[p]:
            return True
        for m in range(sight.since.shape[2]):
            if sight.since[p, s, m] <= span[0] and span[1] <= sight.until[p, s, m]:
                return True
    return False


@njit(cache=True, nogil=True)
def gap_fits(
    plan: PlanColumns, sight: SightColumns, work: Work, i: int, j: int, at: int, gap: int
) -> bool:
    """Say whether step `j` may follow step `i` taken at `at` after `gap`, unknown steps skipped."""
    shortest, longest = 0, 0
    for k in range(i + 1, j):
        reach = add(longest, plan.within[k])
        until = FOREVER if reach >= FOREVER else at + reach
        if unseen(sight, work, k, at + shortest + plan.least[k], until):
            shortest += plan.least[k]
            longest = reach
        elif not plan.optional[k]:
            return False
    return bool(shortest + plan.least[j] <= gap <= add(longest, plan.within[j]))


@njit(cache=True, nogil=True)
def gathered_from(work: Work, x: int, j: int, plan: PlanColumns) -> int:
    """Find the last event from which step `j`'s events up to `x` are enough; -1 if there is none."""
    free = plan.free[j] >= 0
    got, dates, last_date = 0, 0, np.int64(0)
    for z in range(x, -1, -1):
        if (work.mask[z] >> j) & 1 and (not free or work.other[z] == work.other[x]):
            date = work.at[z] // 86_400_000_000
            if got == 0 or date != last_date:
                dates += 1
                last_date = date
            got += 1
            if got >= plan.counts[j] and dates >= plan.days[j]:
                return z
    return -1


@njit(cache=True, nogil=True)
def bound_apart(plan: PlanColumns, work: Work, i: int, j: int, y: int, x: int) -> bool:
    """Say whether steps `i` and `j` bind one free role to two different accounts."""
    free = plan.free[j]
    return bool(free >= 0 and plan.free[i] == free and work.other[y] != work.other[x])

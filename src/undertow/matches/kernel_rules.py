"""Compiled rules of the kernel: does an event suit a step, could a step be seen, does a gap fit.

A playbook is the integer program of `program`; the tuples below hold events and the room in which one
key is worked on. All arrays are int64 in C order: few and alike, so that compiling stays short.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from undertow.compiled import inlined
from undertow.matches.plan import FOREVER
from undertow.matches.program import BOTH_WAYS as EITHER
from undertow.matches.program import (
    COUNT,
    DAYS,
    FREE,
    KEY_ROLES,
    LEAST,
    OPTIONAL,
    ROOM,
    SINK,
    SOURCE,
    WITHIN,
    Array,
    Program,
)

ELSEWHERE: Final = -2
"""Platforms from here down belong to rows that stand for an event between other accounts of the same two actors:
`ELSEWHERE - x` where the event itself stands at `x`, less than any of these where it is not listed."""
APART: Final = -(1 << 40)
"""Platform of such a row whose event is not listed."""

# Rows of `Scratch.events`.
PICKED: Final = 0
AT: Final = 1
MASK: Final = 2
OTHER: Final = 3
BEFORE: Final = 4
OWN: Final = 5
"""Rows from here on hold the pair's events while those of the sides are merged in: `PICKED` to `OTHER`."""

# Places in `Scratch.known`.
UNKNOWN: Final = 0
SEEN: Final = 1
TAKES: Final = 2
LATEST: Final = 3
PRESENT: Final = 4

# Planes of `Scratch.table`.
ENDS: Final = 0
LAST: Final = 1
BEGIN: Final = 2


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


class Moved(NamedTuple):
    """Joins and leaves, sorted as `select.Moves`: account a's are `rows[start[a] : start[a + 1]]`.

    Attributes:
        start: int64, (accounts + 1).
        rows: int64, (m, 3): group, time, 1 for a join.
    """

    start: Array
    rows: Array


class Key(NamedTuple):
    """One key: its two accounts, its group (-1: none) and the number of its unordered pair."""

    a: int
    b: int
    group: int
    pair: int


class Scratch(NamedTuple):
    """Room for one key at a time; one per thread, from `kernel.scratch`.

    Attributes:
        events: (9, size): the key's events in total order: `PICKED`, the caller's number of the event;
            `AT`, its time; `MASK`, the steps it may take; `OTHER`, the account in its free role, -1 for
            none; `BEFORE`, the latest earlier event with the same such account, -1 for none.
        table: (3, s, size), where chains may end: `ENDS`, bit c set where a chain with c optional steps
            may end in s at the event; `LAST`, the latest event up to this one where any chain may end
            in s, -1: none; `BEGIN`, the event from which a counted step's events are enough.
        any: (s): all bits of `ENDS` together.
        slots: (3, 2^k): a small hash table of accounts; the last row says for which key an entry holds.
        known: what is known of the key: `UNKNOWN`, bit s set where `first` of step s cannot be known;
            `SEEN`, bit s set where step s could be seen throughout the data; `TAKES`, the steps between
            the two that some event takes; `LATEST`, after `kernel.answer`, the last moment at which any
            chain ends in the furthest step; `PRESENT`, the number of platforms of the key's own events,
            and behind it their codes.
    """

    events: Array
    table: Array
    any: Array
    slots: Array
    known: Array
    taken: Array
    """(2, s): for callers: the place of each step's event, and its time."""


@inlined
def add(a: int, b: int) -> int:
    """Add two durations, `FOREVER` staying what it is."""
    return FOREVER if a >= FOREVER or b >= FOREVER else a + b


@inlined
def is_member(moves: Moved, account: int, group: int, at: int) -> bool:
    """Look up the last join or leave before `at`; at equal times leave comes first."""
    rows = moves.rows
    first = moves.start[account]
    low, high = first, moves.start[account + 1]
    while low < high:
        middle = (low + high) // 2
        room = rows[middle, 0]
        if room < group or (room == group and rows[middle, 1] < at):
            low = middle + 1
        else:
            high = middle
    last = low - 1
    return bool(last >= first and rows[last, 0] == group and rows[last, 2] != 0)


@inlined
def end_fits(roles: Array, role: int, account: int, key: Key) -> bool:
    """Say whether an account may stand at an end of an event that a role asks for."""
    if role < 0:
        return True
    if role == 0:
        return account == key.a
    if role == 1:
        return account == key.b
    if account < 0:
        return False
    return bool((account != key.a or roles[role] & 1) and (account != key.b or roles[role] & 2))


@inlined
def fits(program: Program, moves: Moved, rows: Rows, x: int, s: int, key: Key) -> int:
    """Say whether the accounts and the room of event `x` suit step `s` of a key.

    Returns:
        -2 if not; else the account of the step's free role, -1 if it has none.
    """
    steps = program.steps
    conditions = program.conditions
    source, sink = steps[s, SOURCE], steps[s, SINK]
    actor, target = rows.actor[x], rows.target[x]
    found = end_fits(program.roles, source, actor, key) and end_fits(
        program.roles, sink, target, key
    )
    if not found and steps[s, EITHER]:
        actor, target = target, actor
        found = end_fits(program.roles, source, actor, key) and end_fits(
            program.roles, sink, target, key
        )
    if not found or (steps[s, ROOM] and rows.context[x] != key.group):
        return -2
    for c in range(program.conditions.shape[0]):
        if conditions[c, 0] == s:
            role = conditions[c, 1]
            who = key.a if role == 0 else key.b
            if role >= KEY_ROLES:
                who = actor if source == role else target
            member = is_member(moves, who, key.group, rows.at[x])
            if member != (conditions[c, 2] == 1):
                return -2
    if source >= KEY_ROLES:
        return int(actor)
    return int(target) if sink >= KEY_ROLES else -1


@inlined
def unseen(bounds: Array, known: Array, s: int, since: int, until: int) -> bool:
    """Say whether step `s` could not be seen anywhere in [since, until] on the key's platforms."""
    if (known[UNKNOWN] >> s) & 1:
        return True
    for k in range(known[PRESENT]):
        p = known[PRESENT + 1 + k]
        for m in range(0, bounds.shape[2], 2):
            if bounds[p, s, m] <= until and since <= bounds[p, s, m + 1]:
                return False
    return True


@inlined
def seen_throughout(bounds: Array, known: Array, s: int, span: tuple[int, int]) -> bool:
    """Say whether one source of the key's platforms shows step `s` over the whole data."""
    if (known[UNKNOWN] >> s) & 1:
        return False
    for k in range(known[PRESENT]):
        p = known[PRESENT + 1 + k]
        for m in range(0, bounds.shape[2], 2):
            if bounds[p, s, m] <= span[0] and span[1] <= bounds[p, s, m + 1]:
                return True
    return False


@inlined
def gap_fits(program: Program, known: Array, i: int, j: int, at: int, gap: int) -> bool:
    """Say whether step `j` may follow step `i` taken at `at` after `gap`, unknown steps skipped."""
    steps = program.steps
    shortest, longest = 0, 0
    for k in range(i + 1, j):
        reach = add(longest, steps[k, WITHIN])
        until = FOREVER if reach >= FOREVER else at + reach
        if unseen(program.bounds, known, k, at + shortest + steps[k, LEAST], until):
            shortest += steps[k, LEAST]
            longest = reach
        elif not steps[k, OPTIONAL]:
            return False
    least, within = steps[j, LEAST], steps[j, WITHIN]
    return bool(shortest + least <= gap <= add(longest, within))


@inlined
def gathered_from(program: Program, events: Array, x: int, j: int) -> int:
    """Find the last event from which step `j`'s events up to `x` are enough; -1 if there is none."""
    steps = program.steps
    free = steps[j, FREE] >= 0
    got, dates, last_date = 0, 0, 0
    for z in range(x, -1, -1):
        if (events[MASK, z] >> j) & 1 and (not free or events[OTHER, z] == events[OTHER, x]):
            date = events[AT, z] // 86_400_000_000
            if got == 0 or date != last_date:
                dates += 1
                last_date = date
            got += 1
            if got >= steps[j, COUNT] and dates >= steps[j, DAYS]:
                return z
    return -1


@inlined
def bound_apart(program: Program, events: Array, i: int, j: int, y: int, x: int) -> bool:
    """Say whether steps `i` and `j` bind one free role to two different accounts."""
    steps = program.steps
    free = steps[j, FREE]
    return bool(free >= 0 and steps[i, FREE] == free and events[OTHER, y] != events[OTHER, x])

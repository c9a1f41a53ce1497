"""All keys of one playbook over an event log: which events concern a key, then `kernel.answer`.

Most keys never get past their first required step. They are answered from the events between the two
alone, in one walk; only keys that go on gather the events of other accounts that free roles need.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from undertow.compiled import inlined, uncounted
from undertow.matches.grouping import group, number_pairs
from undertow.matches.kernel import NOTHING, answer, nothing_to_match
from undertow.matches.kernel_rules import (
    AT,
    ELSEWHERE,
    LATEST,
    MASK,
    OTHER,
    OWN,
    PICKED,
    PRESENT,
    SEEN,
    TAKES,
    UNKNOWN,
    Key,
    Lists,
    Moved,
    Rows,
    Scratch,
    fits,
    seen_throughout,
)
from undertow.matches.kernel_states import judge
from undertow.matches.program import (
    AFTER_BASE,
    AGES,
    ANCHORS,
    BASE,
    BOTH_WAYS,
    KEY_ROLES,
    LEAD,
    PLAIN_UNTIL,
    SIDE_A,
    SIDE_B,
    SINK,
    SOURCE,
    TRAIL,
    Array,
    Program,
)

WANTS: Final = -3
"""The key needs events of other accounts as well."""


class Answers(NamedTuple):
    """What is said of each key, written by `run`.

    Attributes:
        furthest: int64, (k): the furthest step; -1: nothing; -2: the best chain binds one account to two
            free roles that must differ; -3: `WANTS`.
        events: int64, (k, s): positions in the rows, -1: not taken.
        states: int8, (k, s): see `kernel_states`.
        latest: int64, (k): the last moment at which any chain ends in the furthest step, microseconds.
    """

    furthest: Array
    events: Array
    states: Array
    latest: Array


@inlined
def own_events(
    program: Program,
    moves: Moved,
    rows: Rows,
    lists: Lists,
    key: Key,
    span: tuple[int, int],
    room: Scratch,
) -> int:
    """Collect what a key's two accounts did to each other, and learn what is known of the key.

    Returns:
        The number of events that may take a step; `room.known` is filled but for `LATEST`.
    """
    steps = program.steps
    known, events = room.known, room.events
    known[UNKNOWN] = known[TAKES] = known[SEEN] = known[PRESENT] = 0
    many = len(steps)
    n = 0
    for k in range(lists.pair_start[key.pair], lists.pair_start[key.pair + 1]):
        x = lists.pair_rows[k]
        forward = rows.actor[x] == key.a
        bits, own, other = 0, 0, -1
        for s in range(many):
            source, sink = steps[s, SOURCE], steps[s, SINK]
            paired = 0 <= source < KEY_ROLES and 0 <= sink < KEY_ROLES
            if (
                paired
                and (rows.warm[x] >> s) & 1
                and (steps[s, BOTH_WAYS] or forward == (source == 0))
            ):
                known[UNKNOWN] |= 1 << s
            if not (rows.mask[x] >> s) & 1:
                continue
            free = fits(program, moves, rows, x, s, key)
            if free == -2:
                continue
            bits |= 1 << s
            own |= 1 << s if paired else 0
            if free >= 0:
                other = free
        if own:
            known[TAKES] |= own
            if rows.platform[x] > ELSEWHERE:
                note_platform(known, rows.platform[x])
        if bits:
            events[PICKED, n] = x
            events[AT, n] = rows.at[x]
            events[MASK, n] = bits
            events[OTHER, n] = other
            n += 1
    for s in range(many):
        if seen_throughout(program.bounds, known, s, span):
            known[SEEN] |= 1 << s
    return n


@inlined
def note_platform(known: Array, platform: int) -> None:
    """Add a platform to those of the key, once."""
    for q in range(known[PRESENT]):
        if known[PRESENT + 1 + q] == platform:
            return
    known[PRESENT + 1 + known[PRESENT]] = platform
    known[PRESENT] += 1


@inlined
def from_time(rows: Rows, lists: Lists, low: int, high: int, at: int) -> int:
    """Find the first place in a slice of `side_rows` whose event is not before `at`."""
    while low < high:
        middle = (low + high) // 2
        if rows.at[lists.side_rows[middle]] < at:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def with_sides(
    program: Program,
    moves: Moved,
    rows: Rows,
    lists: Lists,
    key: Key,
    n: int,
    room: Scratch,
) -> int:
    """Merge the events of other accounts that the key's steps may need into its own, in total order.

    Where an event between the two takes the base step, the chain holds one, and what lies too far from
    those is left out.

    Returns:
        The number of events.
    """
    known = room.known
    actors = rows.actor
    events, head = room.events, program.head
    for k in range(n):
        for row in range(OTHER + 1):
            events[OWN + row, k] = events[row, k]
    base = head[BASE]
    based = base >= 0 and (known[TAKES] & known[SEEN]) >> base & 1
    first, last = events[AT, 0], events[AT, n - 1]
    lead, trail = (head[LEAD], head[TRAIL]) if based else (AGES, AGES)
    stop_a, stop_b = lists.side_start[key.a + 1], lists.side_start[key.b + 1]
    a = from_time(rows, lists, lists.side_start[key.a], stop_a, first - lead)
    b = from_time(rows, lists, lists.side_start[key.b], stop_b, first - lead)
    a = a if head[SIDE_A] else stop_a
    b = b if head[SIDE_B] else stop_b
    size = len(rows.at)
    own, m = 0, 0
    while True:
        at_own = events[OWN + PICKED, own] if own < n else size
        at_a = lists.side_rows[a] if a < stop_a else size
        at_b = lists.side_rows[b] if b < stop_b else size
        x = min(at_own, at_a, at_b)
        if x == size:
            return m
        if x == at_own:
            for row in range(OTHER + 1):
                events[row, m] = events[OWN + row, own]
            own += 1
            m += 1
            # An event between the two stands in the lists of both sides as well.
            a += 1 if x == at_a else 0
            b += 1 if x == at_b else 0
            continue
        bits = 0
        if x == at_a:
            a += 1
            bits |= head[SIDE_A]
        if x == at_b:
            b += 1
            bits |= head[SIDE_B]
        at = rows.at[x]
        if at > last + trail:
            # Both lists run forward in time: nothing behind this is near enough.
            a = stop_a if x == at_a else a
            b = stop_b if x == at_b else b
            continue
        between = (actors[x] == key.a or actors[x] == key.b) and (
            rows.target[x] == key.a or rows.target[x] == key.b
        )
        if between and actors[x] != rows.target[x]:
            continue
        bits &= rows.mask[x]
        if based and at > last:
            bits &= head[AFTER_BASE]
        if based and at < first:
            bits &= ~head[AFTER_BASE]
        found, other = 0, -1
        for s in range(len(program.steps)):
            if (bits >> s) & 1:
                free = fits(program, moves, rows, x, s, key)
                found |= 1 << s if free != -2 else 0
                other = free if free >= 0 else other
        if found:
            events[PICKED, m] = x
            events[AT, m] = at
            events[MASK, m] = found
            events[OTHER, m] = other
            if own < n and rows.platform[events[OWN + PICKED, own]] == ELSEWHERE - x:
                # The very event, standing for the pair as well: one event takes one step.
                events[MASK, m] |= events[OWN + MASK, own]
                own += 1
            m += 1


@inlined
def plain(program: Program, room: Scratch, furthest: int) -> bool:
    """Say whether a key that ended in `furthest` needs nothing but the events of its pair.

    From its base to the step that is missing all steps are required, between the two, and seen
    throughout; so no event of another account can carry the key further.
    """
    head = program.head
    until = furthest + 1
    base = head[BASE]
    if base < 0 or furthest < base or until > head[PLAIN_UNTIL]:
        return False
    needed = (1 << (until + 1)) - (1 << base)
    return bool(room.known[SEEN] & needed == needed)


@uncounted
def run(
    program: Program,
    moves: Moved,
    rows: Rows,
    lists: Lists,
    keys: Array,
    order: Array,
    pair: Array,
    row: Array,
    span: tuple[int, int],
    room: Scratch,
    sides: bool,
    whole: bool,
    out: Answers,
) -> None:
    """Match some of the keys.

    Args:
        program: the compiled playbook.
        moves: joins and leaves.
        rows: the selected events, in total order.
        lists: their positions by pair and by account.
        keys: int64, (k, 4): the two accounts, the group (-1: none), the pair's number.
        order: int32: which of the keys to match, in this order.
        pair: int32: the number in `lists` of each pair.
        row: int64: what is told of each event; empty where its position is.
        span: first and last moment of the data, microseconds.
        room: scratch for the most events that any key may gather.
        sides: take the events of other accounts from `lists` too; without, keys that need them are
            answered by `WANTS`.
        whole: report all optional steps before the base also for keys that end at it.
        out: (k), written.
    """
    head = program.head
    events = room.events
    known = room.known
    steps = program.steps
    many = len(steps)
    partly = not sides and (head[SIDE_A] | head[SIDE_B]) != 0
    taken, at = room.taken[0], room.taken[1]
    for i in range(len(order)):
        k: int = np.int64(order[i])  # type: ignore[assignment]  # compiled code knows one kind of integer
        number: int = np.int64(pair[keys[k, 3]])  # type: ignore[assignment]  # as above
        key = Key(keys[k, 0], keys[k, 1], keys[k, 2], number)
        out.furthest[k] = NOTHING
        n = own_events(program, moves, rows, lists, key, span, room)
        if known[TAKES] & head[ANCHORS] == 0:
            continue
        if sides:
            n = with_sides(program, moves, rows, lists, key, n, room)
            furthest = answer(program, room, n, k, taken)
        elif partly and head[PLAIN_UNTIL] < 0:
            out.furthest[k] = WANTS
            continue
        elif (
            not whole
            and plain(program, room, head[BASE])
            and (known[TAKES] >> head[BASE]) & 3 == 1
        ):
            furthest = only_base(program, room, n, taken)
        else:
            furthest = answer(program, room, n, k, taken)
            if partly and not plain(program, room, furthest):
                out.furthest[k] = WANTS
                continue
        out.furthest[k] = furthest
        if furthest == NOTHING:
            continue
        for s in range(many):
            at[s] = events[AT, taken[s]] if taken[s] >= 0 else 0
            picked = events[PICKED, taken[s]] if taken[s] >= 0 else -1
            out.events[k, s] = row[picked] if picked >= 0 and len(row) else picked
        out.latest[k] = known[LATEST]
        judge(program, room.known, taken, at, known[LATEST], span, out.states[k])


@inlined
def only_base(program: Program, room: Scratch, n: int, taken: Array) -> int:
    """Answer a key whose events take its base step and not the next: the earliest is reported."""
    events = room.events
    base = program.head[BASE]
    for s in range(len(taken)):
        taken[s] = -1
    for x in range(n):
        if (events[MASK, x] >> base) & 1:
            taken[base] = x if taken[base] < 0 else taken[base]
            room.known[LATEST] = events[AT, x]
    return int(base)


def nothing_to_run() -> tuple[Program, Moved, Rows, Lists, Key, tuple[int, int], Scratch]:
    """Give what the parts of `run` work on, of the right kinds, and nothing in it."""
    program, room = nothing_to_match()
    none = np.zeros(0, np.int64)
    rows, lists = Rows(*[none] * len(Rows._fields)), Lists(*[none] * len(Lists._fields))
    moves = Moved(none, np.zeros((0, 3), np.int64))
    return program, moves, rows, lists, Key(0, 0, 0, 0), (0, 0), room


def compile_answer() -> None:
    """Compile `answer`, which is half of what `run` needs, and what stands around `run`; keep it."""
    program, room = nothing_to_match()
    taken, at = room.taken
    state = np.zeros(1, np.int8)
    _compile(
        (answer, (program, room, 0, 0, taken)),
        (judge, (program, room.known, taken, at, 0, (0, 0), state)),
    )
    number_pairs(np.zeros(1, np.int32), np.zeros(1, np.int32), 1)
    group(np.zeros(1, np.int32), 1)


def compile_parts() -> None:
    """Compile the other half of what `run` needs, while another process sees to the first."""
    *given, span, room = nothing_to_run()
    _compile((own_events, (*given, span, room)), (with_sides, (*given, 0, room)))


def _compile(*parts: tuple[Any, tuple[object, ...]]) -> None:
    for function, arguments in parts:
        function.compile(*arguments)

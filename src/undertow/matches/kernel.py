"""The kernel: where the chains of one key may end, and which of them is reported.

`answer` is the step that every engine shares: it walks the events of one key once in total order and
keeps for each step the events at which a chain may end, with the numbers of optional steps such a chain
may hold (one bit each). The reported chain is then read backwards. It knows no file and no engine.

Free roles that may not be the same account are compared on the reported chain only: the best of all
chains is the best of the allowed ones if it is itself allowed; where it is not, the key is handed back
(`REFUSED`) and `conflicts` settles it. `docs/decisions/0004-matching.md` gives the argument.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.compiled import inlined, uncounted
from undertow.matches.kernel_rules import (
    AT,
    BEFORE,
    BEGIN,
    ENDS,
    LAST,
    LATEST,
    MASK,
    OTHER,
    OWN,
    PRESENT,
    SEEN,
    Scratch,
    bound_apart,
    gap_fits,
    gathered_from,
    unseen,
)
from undertow.matches.plan import FOREVER
from undertow.matches.program import (
    BETWEEN,
    COUNT,
    DAYS,
    FIELDS,
    FREE,
    HEAD,
    OPTIONAL,
    SAME,
    WIDEST,
    Array,
    Program,
)

NOTHING: Final = -1
REFUSED: Final = -2


def scratch(steps: int, platforms: int, size: int) -> Scratch:
    """Make room for one key at a time.

    Args:
        steps: of the playbook.
        platforms: rows of `Program.bounds`.
        size: most events that one key may hold.
    """
    slots = 1 << max(4, (2 * size).bit_length())
    return Scratch(
        events=np.empty((OWN + 4, size), np.int64),
        table=np.empty((3, steps, size), np.int64),
        any=np.zeros(steps, np.int64),
        slots=np.full((3, slots), -1, np.int64),
        known=np.zeros(PRESENT + 1 + platforms, np.int64),
        taken=np.full((2, steps), -1, np.int64),
    )


def nothing_to_match() -> tuple[Program, Scratch]:
    """Give a program and a scratch of the right kinds, and nothing in them."""
    program = Program(
        steps=np.zeros((1, FIELDS), np.int64),
        gaps=np.zeros((2, 1, 1), np.int64),
        conditions=np.zeros((0, 3), np.int64),
        roles=np.zeros(1, np.int64),
        bounds=np.zeros((1, 1, 2), np.int64),
        head=np.zeros(HEAD, np.int64),
    )
    return program, scratch(1, 1, 1)


@inlined
def may_start(program: Program, known: Array, j: int, at: int) -> bool:
    """Say whether a chain may begin with step `j` at a time: all before it optional or unseen."""
    for k in range(j):
        if not program.steps[k, OPTIONAL] and not unseen(
            program.bounds, known, k, -FOREVER, at
        ):
            return False
    return True


@inlined
def link_by_other(n: int, room: Scratch, stamp: int) -> None:
    """Link each event to the one before it with the same account in its free role, -1: none."""
    events = room.events
    slots = room.slots
    wrap = room.slots.shape[1] - 1
    for x in range(n):
        events[BEFORE, x] = -1
        account = events[OTHER, x]
        if account < 0:
            continue
        k = ((account * 0x9E3779B1) >> 7) & wrap
        while slots[2, k] == stamp and slots[0, k] != account:
            k = (k + 1) & wrap
        if slots[2, k] == stamp:
            events[BEFORE, x] = slots[1, k]
        slots[0, k], slots[1, k], slots[2, k] = account, x, stamp


@inlined
def reach(n: int, program: Program, room: Scratch) -> None:
    """Fill the table: at each event, for each step it may take, how chains may end there."""
    steps = program.steps
    gaps = program.gaps
    ends_in = room.any
    events, table, known = room.events, room.table, room.known
    many = len(steps)
    for s in range(many):
        ends_in[s] = 0
    for x in range(n):
        at = events[AT, x]
        for j in range(many):
            table[ENDS, j, x] = 0
            table[LAST, j, x] = table[LAST, j, x - 1] if x else -1
            if not (events[MASK, x] >> j) & 1:
                continue
            begin = x
            if steps[j, COUNT] > 1 or steps[j, DAYS] > 1:
                begin = gathered_from(program, events, x, j)
                if begin < 0:
                    continue
            table[BEGIN, j, x] = begin
            shift = 1 if steps[j, OPTIONAL] else 0
            bits = 1 << shift if may_start(program, known, j, at) else 0
            until = begin if steps[j, SAME] else begin - 1
            free = steps[j, FREE]
            for i in range(j):
                if ends_in[i] == 0 or gaps[BETWEEN, i, j] & known[SEEN]:
                    continue
                most = ends_in[i] << shift
                # Steps of one free role must be taken by one account: only its own events are visited.
                bound = free >= 0 and steps[i, FREE] == free
                if bound:
                    y = x
                    while y > until:
                        y = events[BEFORE, y]
                else:
                    y = table[LAST, i, until] if until >= 0 else -1
                while y >= 0 and (bits & most) != most:
                    gap = at - events[AT, y]
                    if gap > gaps[WIDEST, i, j]:
                        break
                    if table[ENDS, i, y] and gap_fits(program, known, i, j, events[AT, y], gap):
                        bits |= table[ENDS, i, y] << shift
                    y = events[BEFORE, y] if bound else table[LAST, i, y - 1] if y else -1
            if bits:
                table[ENDS, j, x] = bits
                table[LAST, j, x] = x
                ends_in[j] |= bits


@inlined
def read_back(program: Program, room: Scratch, taken: Array) -> int:
    """Choose what is reported: furthest, most optional, earliest, then the latest predecessors.

    Returns:
        The furthest step, or -1; `taken` (s) holds each step's event, -1 where it was not taken.
    """
    steps = program.steps
    gaps = program.gaps
    ends_in = room.any
    events, table, known = room.events, room.table, room.known
    many = len(steps)
    for s in range(many):
        taken[s] = -1
    j = many - 1
    while j >= 0 and ends_in[j] == 0:
        j -= 1
    if j < 0:
        return NOTHING
    furthest = j
    c = 0
    while (ends_in[j] >> (c + 1)) != 0:
        c += 1
    x = 0
    while not (table[ENDS, j, x] >> c) & 1:
        x += 1
    while True:
        taken[j] = x
        rest = c - (1 if steps[j, OPTIONAL] else 0)
        until = table[BEGIN, j, x] if steps[j, SAME] else table[BEGIN, j, x] - 1
        best, step = -1, -1
        for i in range(j):
            if gaps[BETWEEN, i, j] & known[SEEN]:
                continue
            y = table[LAST, i, until] if until >= 0 else -1
            # `>=`: where two steps may use one event, the later step is reported.
            while y >= best and y >= 0:
                gap = events[AT, x] - events[AT, y]
                if gap > gaps[WIDEST, i, j]:
                    break
                if (
                    rest >= 0
                    and (table[ENDS, i, y] >> rest) & 1
                    and not bound_apart(program, events, i, j, y, x)
                    and gap_fits(program, known, i, j, events[AT, y], gap)
                ):
                    best, step = y, i
                    break
                y = table[LAST, i, y - 1] if y else -1
        if best < 0:
            return furthest
        j, x, c = step, best, rest


@inlined
def differ(program: Program, events: Array, taken: Array) -> bool:
    """Say whether different free roles in the reported chain hold different accounts, where they must."""
    steps = program.steps
    for i in range(len(taken)):
        for j in range(i + 1, len(taken)):
            if taken[i] < 0 or taken[j] < 0:
                continue
            r, q = steps[i, FREE], steps[j, FREE]
            if r < 0 or q < 0 or r == q or (program.roles[r] >> q) & 1:
                continue
            if events[OTHER, taken[i]] == events[OTHER, taken[j]]:
                return False
    return True


@uncounted
def answer(program: Program, room: Scratch, n: int, stamp: int, taken: Array) -> int:
    """Match one key: the step function of every engine.

    Args:
        program: the compiled playbook.
        room: `events` hold the key's `n` events in total order (`AT`, `MASK`, `OTHER`), with no event
            twice; `known` holds what is known of the key. Its table is filled.
        n: number of events.
        stamp: a number, at least 0, that no earlier call with this scratch was given.
        taken: int64, (s), written: the place of each step's event among the `n`, -1: not taken.

    Returns:
        The furthest step; `NOTHING` if no chain begins; `REFUSED` if the best chain binds one account
        to two free roles that must differ. `known[LATEST]` then holds the last moment at which any
        chain ends in the furthest step.
    """
    free = False
    for s in range(len(program.steps)):
        free = free or program.steps[s, FREE] >= 0
    if free:
        link_by_other(n, room, stamp)
    reach(n, program, room)
    furthest = read_back(program, room, taken)
    if furthest < 0:
        return NOTHING
    room.known[LATEST] = room.events[AT, room.table[LAST, furthest, n - 1]]
    return furthest if differ(program, room.events, taken) else REFUSED

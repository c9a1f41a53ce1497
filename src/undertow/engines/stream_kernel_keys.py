"""Answering one key of the live engine: its gathered events are matched, and a better answer is kept."""

from __future__ import annotations

from typing import Final

from undertow.compiled import uncounted_inner, uncounted_outer
from undertow.engines.stream_kernel_gather import TOO_MANY, Room, gather, one_program
from undertow.engines.stream_kernel_lists import answer_row
from undertow.engines.stream_kernel_store import (
    ANSWERED,
    CHANGED,
    DONE,
    FORCED,
    FURTHEST,
    GATHERED,
    OPTIONALS,
    PENDING,
    REVISION,
    ROW_A,
    ROW_B,
    ROW_BOOK,
    ROW_GROUP,
    ROW_NEXT,
    STAMP,
    TAKEN,
    TODO_A,
    TODO_B,
    TODO_BOOK,
    TODO_GROUP,
    TODOS,
    Store,
)
from undertow.engines.stream_kernel_tables import WORD, claim, take
from undertow.engines.stream_rules import Rules
from undertow.matches.kernel import NOTHING, REFUSED, answer
from undertow.matches.kernel_rules import AT as EVENT_AT
from undertow.matches.kernel_rules import PICKED, Key
from undertow.matches.program import OPTIONAL, Array, Program

# Why `feed` came back.
OK: Final = 0
FULL: Final = 1
"""Memory is used up."""
LARGER: Final = 2
"""A key has more events than the scratch holds."""
ASK: Final = 3
"""A key in the scratch must be settled; then feeding may go on."""


@uncounted_inner
def still_held(store: Store, row: int, room: Room, n: int) -> bool:
    """Say whether all events of an answer are among those gathered."""
    rows, events = store.answers.rows, room.scratch.events
    for s in range((store.answers.rows.shape[1] - TAKEN) // 2):
        ref = rows[row, TAKEN + s]
        if rows[row, FURTHEST] < 0 or ref == -1:
            continue
        found = False
        for x in range(n):
            found = found or events[PICKED, x] == ref
        if not found:
            return False
    return True


@uncounted_inner
def keep_answer(
    program: Program, store: Store, todo: Array, furthest: int, room: Room, n: int
) -> None:
    """Keep a key's answer if it is better than the one before, and note the change.

    Args:
        program: the playbook's.
        store: written.
        todo: the key, a row of `Store.todo`. Where it is forced, what is known of the key has changed: the
            answer stands even if it is worse, unless events of the former one are no longer held.
        furthest: the furthest step, `NOTHING` if there is no chain.
        room: the gathered events, and `taken`.
        n: how many events.
    """
    rows, taken = store.answers.rows, room.scratch.taken[0]
    book, a, b = todo[TODO_BOOK], todo[TODO_A], todo[TODO_B]
    optional = 0
    if furthest >= 0:
        for s in range(len(taken)):
            if taken[s] >= 0 and program.steps[s, OPTIONAL]:
                optional += 1
    row = answer_row(store, book, a, b, todo[TODO_GROUP])
    most = (rows.shape[1] - TAKEN) // 2
    if row < 0:
        if furthest < 0:
            return
        s = claim(store.heads, min(a, b), max(a, b), store.spare)
        row = take(store.answers)
        rows[row, ROW_BOOK] = book
        rows[row, ROW_A] = a
        rows[row, ROW_B] = b
        rows[row, ROW_GROUP] = todo[TODO_GROUP]
        rows[row, ROW_NEXT] = store.heads.slots[s, WORD]
        rows[row, REVISION] = rows[row, PENDING] = 0
        store.heads.slots[s, WORD] = row + 1
    else:
        old = rows[row, FURTHEST]
        better = furthest > old or (furthest == old and optional > rows[row, OPTIONALS])
        if not better:
            if not todo[FORCED] or not still_held(store, row, room, n):
                return
            same = furthest == old
            for s in range(most):
                ref = -1
                if s < len(taken) and furthest >= 0 and taken[s] >= 0:
                    ref = room.scratch.events[PICKED, taken[s]]
                same = same and rows[row, TAKEN + s] == ref
            if same:
                return
    rows[row, FURTHEST] = furthest
    rows[row, OPTIONALS] = optional
    rows[row, REVISION] += 1
    for s in range(most):
        rows[row, TAKEN + s] = -1
        rows[row, TAKEN + most + s] = 0
        if s < len(taken) and furthest >= 0 and taken[s] >= 0:
            rows[row, TAKEN + s] = room.scratch.events[PICKED, taken[s]]
            rows[row, TAKEN + most + s] = room.scratch.events[EVENT_AT, taken[s]]
    if not rows[row, PENDING]:
        rows[row, PENDING] = 1
        store.changed[store.counts[CHANGED]] = row
        store.counts[CHANGED] += 1


@uncounted_inner
def answer_key(
    rules: Rules, programs: Program, store: Store, floor: Array, todo: Array, room: Room
) -> int:
    """Answer a key and keep the answer if it may be listed.

    Returns:
        The number of its events, `TOO_MANY`, or `REFUSED` where Python must settle who holds which role;
        the gathered events then stand in the scratch.
    """
    book = todo[TODO_BOOK]
    program = one_program(programs, book)
    key = Key(todo[TODO_A], todo[TODO_B], todo[TODO_GROUP], 0)
    n = gather(rules, program, store, book, key, todo[FORCED] != 0, room)
    if n == TOO_MANY:
        return n
    store.counts[GATHERED] = n
    furthest = NOTHING
    if n:
        store.counts[STAMP] += 1
        furthest = answer(program, room.scratch, n, store.counts[STAMP], room.scratch.taken[0])
        if furthest == REFUSED:
            return REFUSED
    keep_answer(program, store, todo, furthest if furthest >= floor[book] else NOTHING, room, n)
    return n


@uncounted_outer
def work_off(rules: Rules, programs: Program, store: Store, floor: Array, room: Room) -> int:
    """Answer the keys that wait; gives why it stopped."""
    counts = store.counts
    if counts[TODOS] > len(store.todo):
        return FULL
    while counts[DONE] < counts[TODOS]:
        todo = store.todo[counts[DONE]]
        n = answer_key(rules, programs, store, floor, todo, room)
        if n == TOO_MANY:
            return LARGER
        if n == REFUSED:
            return ASK
        counts[DONE] += 1
        counts[ANSWERED] += 1
    counts[DONE] = counts[TODOS] = 0
    return OK

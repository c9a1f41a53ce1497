"""The live engine's step: one event after another is taken in, and the keys that it may carry on are answered."""

from __future__ import annotations

from undertow.compiled import inlined, uncounted_inner, uncounted_outer
from undertow.engines.stream_kernel_beside import beside, move_about
from undertow.engines.stream_kernel_gather import Event, Room, one_program
from undertow.engines.stream_kernel_keys import FULL, OK, keep_answer, work_off
from undertow.engines.stream_kernel_meet import first_bits, meet
from undertow.engines.stream_kernel_pass import (
    A_CLASS,
    A_ROW,
    Columns,
    look_over,
    pass_over,
    sight_of,
)
from undertow.engines.stream_kernel_store import (
    ANSWERED,
    AT,
    DONE,
    EVENTS,
    GATHERED,
    HEAD_AT,
    LINK,
    NEXT_ROW,
    NOW,
    SIGHTS_MET,
    TAKEN_IN,
    TODO_BOOK,
    TODOS,
    VARIANT,
    Store,
)
from undertow.engines.stream_kernel_tables import (
    SEGMENT,
    SEGMENTS,
    WORD,
    spent,
    tight,
)
from undertow.engines.stream_rules import (
    FROM,
    GROUPS,
    LINGER,
    WIDE,
    Rules,
)
from undertow.matches.kernel import NOTHING
from undertow.matches.program import Array, Program


@uncounted_inner
def nearly_full(store: Store) -> bool:
    """Say whether too little memory is left to begin another event."""
    return bool(
        tight(store.pairs)
        or spent(store.nodes)
        or spent(store.items)
        or spent(store.answers)
        or tight(store.accounts)
        or tight(store.ways)
        or tight(store.heads)
    )


@inlined
def take_in(
    rules: Rules, programs: Program, store: Store, c: int, event: Event, ref: int, sight: int
) -> None:
    """Take in an event of class `c`, whatever it may mean."""
    variant = rules.classes[c, FROM]
    forced = False
    if rules.classes[c, GROUPS]:
        variant = first_bits(rules, store, c, event.actor, event.target, event.at, sight)
        if variant < 0:
            variant = -1 - variant
            forced = True
    wide = rules.words[WIDE] != 0
    two = event.target >= 0 and event.target != event.actor
    if wide and event.context >= 0:
        move_about(rules, store, event, c, variant)
    if two:
        meet(rules, programs, store, event, ref, variant, forced)
    if wide:
        beside(rules, programs, store, event, ref, variant, 0)
        if two:
            beside(rules, programs, store, event, ref, variant, 1)


@uncounted_outer
def feed(
    i: int,
    n: int,
    columns: Columns,
    rules: Rules,
    programs: Program,
    floor: Array,
    store: Store,
    room: Room,
) -> tuple[int, int]:
    """Take in events.

    Args:
        i, n: from which row to which; what an earlier call left to be answered is answered first.
        columns: the batch.
        rules, programs: of the pass.
        floor: int64, (p): the earliest step that may be listed.
        store: what is kept.
        room: scratch.

    Returns:
        The row to go on with, and why it came back.
    """
    counts = store.counts
    if counts[TODOS]:
        why = work_off(rules, programs, store, floor, room)
        if why != OK:
            return i, why
    before = counts[TAKEN_IN] - i
    while i < n:
        many, end = look_over(i, n, columns, rules, store, room.ahead)
        j = 0
        while True:
            j = pass_over(j, many, before, columns, rules, store, room.ahead)
            if j == many:
                break
            i = room.ahead[A_ROW, j]
            counts[TAKEN_IN] = before + i
            if nearly_full(store):
                counts[EVENTS] += j
                return i, FULL
            ref = columns.ref[i] if len(columns.ref) else before + i
            context = columns.context[i] if len(columns.context) else -1
            event = Event(columns.at[i], columns.actor[i], columns.target[i], context)
            sight = sight_of(columns, rules, i)
            counts[TAKEN_IN] += 1
            counts[SIGHTS_MET] |= 1 << sight
            take_in(rules, programs, store, room.ahead[A_CLASS, j], event, ref, sight)
            i += 1
            j += 1
            if counts[TODOS]:
                why = work_off(rules, programs, store, floor, room)
                if why != OK:
                    counts[EVENTS] += j
                    return i, why
        counts[EVENTS] += many
        i = end
        counts[TAKEN_IN] = before + i
    if n > 0:
        counts[NOW] = columns.at[n - 1]
    return i, OK


@uncounted_outer
def settle(programs: Program, store: Store, floor: Array, room: Room, furthest: int) -> None:
    """Keep the answer of the key that `feed` asked about, which stands in the scratch's `taken`."""
    counts = store.counts
    todo = store.todo[counts[DONE]]
    book = todo[TODO_BOOK]
    listed = furthest if furthest >= floor[book] else NOTHING
    keep_answer(one_program(programs, book), store, todo, listed, room, counts[GATHERED])
    counts[DONE] += 1
    counts[ANSWERED] += 1


@uncounted_outer
def count_live(rules: Rules, store: Store, now: int) -> int:
    """Count the pairs that an event may still carry on."""
    slots, nodes = store.pairs.slots, store.nodes.rows
    live = 0
    for s in range(store.pairs.head[SEGMENTS] * SEGMENT):
        link, at = slots[s, WORD], slots[s, HEAD_AT]
        while link:
            if at + rules.variants[link >> VARIANT, LINGER] >= now:
                live += 1
                break
            row = (link & NEXT_ROW) - 1
            if row < 0:
                break
            link, at = nodes[row, LINK], nodes[row, AT]
    return live

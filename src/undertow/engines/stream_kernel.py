"""The live engine's step: one event after another is taken in, and the keys that it may carry on are answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from undertow.compiled import uncounted, uncounted_inner
from undertow.engines.stream_kernel_beside import beside, move_about
from undertow.engines.stream_kernel_gather import Event, Room, one_program
from undertow.engines.stream_kernel_keys import FULL, OK, keep_answer, work_off
from undertow.engines.stream_kernel_meet import first_bits, meet
from undertow.engines.stream_kernel_store import (
    ANSWERED,
    AT,
    BY_LOW,
    DONE,
    EVENTS,
    GATHERED,
    HEAD_AT,
    HEAD_REF,
    IN_USE,
    LINK,
    NEXT_ROW,
    NOW,
    OPENS,
    SIGHTS_MET,
    TAKEN_IN,
    TODO_BOOK,
    TODOS,
    VARIANT,
    Store,
)
from undertow.engines.stream_kernel_tables import (
    COUNT,
    DEPTH,
    ENTRIES,
    HI,
    LIMIT,
    LO,
    PLACE,
    SEGMENT,
    SEGMENTS,
    WHOLE,
    WORD,
    Map,
    mixed,
    spent,
    tight,
)
from undertow.engines.stream_rules import (
    ALL_NEXT,
    BACK,
    BEGIN,
    BITS,
    FROM,
    GROUPS,
    LINGER,
    LISTED_BITS,
    LOOSE,
    MARKS,
    SIGHTS,
    SIGHTS_SEEN,
    START,
    STARTERS,
    TOWARD,
    WAITED,
    WIDE,
    Rules,
)
from undertow.matches.kernel import NOTHING
from undertow.matches.program import Array, Program


class Columns(NamedTuple):
    """A batch of events in total order; optional columns have length 0 where they say nothing.

    Attributes:
        at: int64, microseconds, ascending.
        kind: int32, place in `kinds`.
        kinds: int64, type code by kind.
        actor, target: int64, target -1 for none.
        ref: int64, at least 0; or of length 0: the row's number, counted from `TAKEN_IN`.
        marks: uint8, bits of the signals in their order.
        visibility: int8, -1 for none.
        platform: int32, -1 for none.
        context: int64, -1 for none.
    """

    at: Array
    kind: Array
    kinds: Array
    actor: Array
    target: Array
    ref: Array
    marks: Array
    visibility: Array
    platform: Array
    context: Array


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


@uncounted_inner
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


@uncounted_inner
def class_of(columns: Columns, rules: Rules, k: int) -> tuple[int, int]:
    """Class one event of a batch, also by its platform."""
    others = len(rules.platforms) - 1
    code = columns.kinds[columns.kind[k]] * MARKS
    if len(columns.marks):
        code += columns.marks[k]
    visibility = columns.visibility[k] if len(columns.visibility) else -1
    platform = columns.platform[k] if len(columns.platform) else -1
    sight = rules.platforms[platform if 0 <= platform < others else others]
    place = (code * SIGHTS + visibility % SIGHTS) * rules.words[SIGHTS_SEEN] + sight
    return rules.lut[place], sight


@uncounted_inner
def pass_over(
    i: int,
    n: int,
    columns: Columns,
    rules: Rules,
    pairs: Map,
    counts: Array,
) -> int:
    """Take in the events that only begin chains, and pass over those that can carry none on.

    Returns:
        The first event that needs more than this, or `n`.
    """
    # Arrays are named once: taking them out of their tuples in the loop would cost more than the loop.
    ats, kind, kinds, actors, targets = (
        columns.at,
        columns.kind,
        columns.kinds,
        columns.actor,
        columns.target,
    )
    refs, marks, visibility, platforms = (
        columns.ref,
        columns.marks,
        columns.visibility,
        columns.platform,
    )
    lut, variants, classes, sight_of = rules.lut, rules.variants, rules.classes, rules.platforms
    slots, directory, segments, head = pairs.slots, pairs.directory, pairs.segments, pairs.head
    words = rules.words
    marked, sighted = len(marks) > 0, len(visibility) > 0
    placed, named = len(platforms) > 0, len(refs) > 0
    others, sights = len(sight_of) - 1, words[SIGHTS_SEEN]
    wide = words[WIDE] != 0
    toward, back = words[TOWARD], words[BACK]
    sure = words[START] | words[LOOSE]
    # What only begins a chain, and is neither listed nor waited for, needs no more than its slot.
    begins = words[STARTERS] & ~(words[LISTED_BITS] | words[WAITED])
    shift = WHOLE - np.uint64(head[DEPTH])
    before, looked = counts[TAKEN_IN] - i, 0
    sight = sight_of[others]
    met = counts[SIGHTS_MET]
    k = i
    while k < n:
        code = kinds[kind[k]] * MARKS
        if marked:
            code += np.int64(marks[k])
        code = (code * SIGHTS + ((visibility[k] % SIGHTS) if sighted else SIGHTS - 1)) * sights
        if placed:
            platform = platforms[k]
            sight = sight_of[platform if 0 <= platform < others else others]
        c = lut[code + sight]
        if c == 0:
            k += 1
            continue
        if wide or classes[c, GROUPS]:
            break
        looked += 1
        variant = classes[c, FROM]
        bits = variants[variant, BITS] & (toward | back)
        actor, target = actors[k], targets[k]
        if bits == 0 or target < 0 or target == actor:
            k += 1
            continue
        by_low = actor < target
        lo = actor if by_low else target
        hi = target if by_low else actor
        h = mixed(lo, hi)
        segment = directory[np.int64(h >> shift)]
        place = np.int64(h & PLACE)
        s = segment * SEGMENT + place
        while slots[s, WORD] != 0 and (slots[s, LO] != lo or slots[s, HI] != hi):
            place = (place + 1) & (SEGMENT - 1)
            s = segment * SEGMENT + place
        old = slots[s, WORD]
        can = bits & (sure | (slots[s, OPENS] if old else 0))
        if can == 0:
            k += 1
            continue
        way = BY_LOW if by_low else 0
        if can & ~begins != 0:
            looked -= 1
            break
        if bits != can:
            variant = variants[variant, BEGIN]
            bits = variants[variant, BITS] & (toward | back)
            if bits != can:
                looked -= 1
                break
        if old:
            turns = (old & BY_LOW) != way and (bits & toward) != (bits & back)
            if old >> VARIANT != variant or turns:
                looked -= 1
                break
            slots[s, WORD] = (old & ~BY_LOW) | way
        else:
            if segments[segment, COUNT] >= LIMIT:
                looked -= 1
                break
            slots[s, LO] = lo
            slots[s, HI] = hi
            slots[s, WORD] = (variant << VARIANT) | IN_USE | way
            slots[s, OPENS] = variants[variant, ALL_NEXT]
            segments[segment, COUNT] += 1
            head[ENTRIES] += 1
            met |= 1 << sight
        slots[s, HEAD_AT] = ats[k]
        slots[s, HEAD_REF] = refs[k] if named else before + k
        k += 1
    counts[TAKEN_IN] += k - i
    counts[EVENTS] += looked
    counts[SIGHTS_MET] = met
    return k


@uncounted
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
    while True:
        i = pass_over(i, n, columns, rules, store.pairs, counts)
        if i == n:
            break
        if nearly_full(store):
            return i, FULL
        c, sight = class_of(columns, rules, i)
        ref = columns.ref[i] if len(columns.ref) else counts[TAKEN_IN]
        context = columns.context[i] if len(columns.context) else -1
        event = Event(columns.at[i], columns.actor[i], columns.target[i], context)
        counts[TAKEN_IN] += 1
        counts[EVENTS] += 1
        counts[SIGHTS_MET] |= 1 << sight
        i += 1
        take_in(rules, programs, store, c, event, ref, sight)
        if counts[TODOS]:
            why = work_off(rules, programs, store, floor, room)
            if why != OK:
                return i, why
    if n > 0:
        counts[NOW] = columns.at[n - 1]
    return i, OK


@uncounted
def settle(programs: Program, store: Store, floor: Array, room: Room, furthest: int) -> None:
    """Keep the answer of the key that `feed` asked about, which stands in the scratch's `taken`."""
    counts = store.counts
    todo = store.todo[counts[DONE]]
    book = todo[TODO_BOOK]
    listed = furthest if furthest >= floor[book] else NOTHING
    keep_answer(one_program(programs, book), store, todo, listed, room, counts[GATHERED])
    counts[DONE] += 1
    counts[ANSWERED] += 1


@uncounted
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

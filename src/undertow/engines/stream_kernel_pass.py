"""The fast way through the live engine: most events begin a chain or can do nothing, and need one look into one table."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import uncounted_inner
from undertow.engines.stream_kernel_bits import lowest
from undertow.engines.stream_kernel_store import (
    BY_LOW,
    HEAD_AT,
    HEAD_REF,
    IN_USE,
    NEXT_ROW,
    OPENS,
    SIGHTS_MET,
    VARIANT,
    Store,
    alike,
    push_pair,
    supersede,
)
from undertow.engines.stream_kernel_tables import (
    COUNT,
    DEPTH,
    ENTRIES,
    GROUP,
    HI,
    LIMIT,
    LO,
    PART_FROM,
    TOPS,
    WHOLE,
    WORD,
    first_group,
    fits,
    label,
    mixed,
    probe,
    spent,
    tag_of,
)
from undertow.engines.stream_rules import (
    ALL_NEXT,
    BACK,
    BEGIN,
    BITS,
    FROM,
    GROUPS,
    LISTED_BITS,
    LOOSE,
    MARKS,
    PART,
    PARTS,
    SAME_BITS,
    SIGHTS,
    SIGHTS_SEEN,
    START,
    STARTERS,
    TOWARD,
    WAITED,
    WIDE,
    Rules,
)
from undertow.events.kernel_bytes import fetch
from undertow.matches.program import Array

AHEAD: Final = 256
"""Events that are looked at ahead: the slots of their pairs fit into the first-level cache."""
WORD_BYTES: Final = 8

# Rows of what is known of the next events: row of the batch, class, hash of the pair, and its likely slot.
A_ROW: Final = 0
A_CLASS: Final = 1
A_HASH: Final = 2
A_SLOT: Final = 3
AHEAD_ROWS: Final = 4
DEALT: Final = 3
"""How many of these are known of events that were dealt to several streams."""


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
        dealt: int64, (m, DEALT): the rows that mean anything to the one stream that is fed, with class and
            hash, from `stream_deal`; or (0, 0): the stream finds out for itself.
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
    dealt: Array


@uncounted_inner
def sight_of(columns: Columns, rules: Rules, k: int) -> int:
    """Class the platform of one event of a batch."""
    others = len(rules.platforms) - 1
    platform = columns.platform[k] if len(columns.platform) else -1
    return int(rules.platforms[platform if 0 <= platform < others else others])


@uncounted_inner
def mark(i: int, n: int, columns: Columns, rules: Rules, ahead: Array) -> int:
    """Class events, and hash the pairs of those that mean anything.

    Args:
        i, n: from which row to which, at most `AHEAD`.
        columns: the batch.
        rules: of the pass.
        ahead: int64, (AHEAD_ROWS, AHEAD), written: rows, classes and hashes.

    Returns:
        How many mean anything.
    """
    kind, kinds, marks, visibility = (
        columns.kind,
        columns.kinds,
        columns.marks,
        columns.visibility,
    )
    lut, sights = rules.lut, rules.words[SIGHTS_SEEN]
    marked, sighted = len(marks) > 0, len(visibility) > 0
    placed = len(columns.platform) > 0
    sight = rules.platforms[len(rules.platforms) - 1]
    many = 0
    # Places of which it is known that they are not negative are written as such: numba asks of all others.
    for k in range(i, n):
        code = kinds[np.uint32(kind[k])] * MARKS
        if marked:
            code += np.int64(marks[k])
        code = (code * SIGHTS + ((visibility[k] % SIGHTS) if sighted else SIGHTS - 1)) * sights
        if placed:
            sight = sight_of(columns, rules, k)
        c = lut[np.uint64(code + sight)]
        ahead[A_ROW, many] = k
        ahead[A_CLASS, many] = c
        many += c != 0
    actors, targets = columns.actor, columns.target
    for j in range(many):
        row = np.uint64(ahead[A_ROW, j])
        ahead[A_HASH, j] = mixed(min(actors[row], targets[row]), max(actors[row], targets[row]))
    return many


@uncounted_inner
def dealt_from(columns: Columns, i: int) -> int:
    """Find the first of the events dealt that stands at a row or behind it."""
    low, high = 0, len(columns.dealt)
    while low < high:
        middle = (low + high) >> 1
        if columns.dealt[middle, A_ROW] < i:
            low = middle + 1
        else:
            high = middle
    return low


@uncounted_inner
def look_over(
    i: int, n: int, columns: Columns, rules: Rules, store: Store, ahead: Array
) -> tuple[int, int]:
    """Class the next events, and ask for the memory of their pairs ahead of its use.

    Tags first, then the slots they tell of, then the first row of their lists: each has come when it is
    needed to ask for the next.

    Args:
        i, n: from which row to which.
        columns: the batch.
        rules: of the pass.
        store: what is kept.
        ahead: int64, (AHEAD_ROWS, AHEAD), written: the events that mean anything.

    Returns:
        How many these are, and the row behind them and all others before it.
    """
    dealt, all_parts = columns.dealt, 0
    if dealt.shape[1]:
        begin = dealt_from(columns, i)
        all_parts = min(AHEAD, len(dealt) - begin)
        end = dealt[begin + all_parts, A_ROW] if begin + all_parts < len(dealt) else n
        for j in range(all_parts):
            for word in range(DEALT):
                ahead[word, j] = dealt[begin + j, word]
    else:
        end = min(i + AHEAD, n)
        all_parts = mark(i, end, columns, rules, ahead)
    pairs = store.pairs
    slots, tags, directory, nodes = pairs.slots, pairs.tags, pairs.directory, store.nodes.rows
    shift = WHOLE - np.uint64(pairs.head[DEPTH])
    place = np.int64(tags.ctypes.data)
    part, parts = rules.words[PART], rules.words[PARTS]
    many = 0
    for j in range(all_parts):
        h = np.uint64(ahead[A_HASH, j])
        group = first_group(directory[h >> shift], h)
        ahead[A_ROW, many] = ahead[A_ROW, j]
        ahead[A_CLASS, many] = ahead[A_CLASS, j]
        ahead[A_HASH, many] = h
        ahead[A_SLOT, many] = group
        if np.int64(h >> PART_FROM) & parts == part:
            fetch(int(place + group * WORD_BYTES))
            many += 1
    place, size = np.int64(slots.ctypes.data), slots.shape[1] * WORD_BYTES
    for j in range(many):
        group = ahead[A_SLOT, j]
        word = tags[np.uint64(group)]
        likely = fits(word, tag_of(np.uint64(ahead[A_HASH, j]))) or ~word & TOPS
        # Where all eight are others' it is the next eight's first, or thereabouts.
        s = (group << GROUP) + (lowest(likely) >> GROUP)
        ahead[A_SLOT, j] = s
        fetch(int(place + s * size))
        fetch(int(place + s * size + size - WORD_BYTES))
    place, size = np.int64(nodes.ctypes.data), nodes.shape[1] * WORD_BYTES
    for j in range(many):
        row = (slots[np.uint64(ahead[A_SLOT, j]), WORD] & NEXT_ROW) - 1
        fetch(int(place + row * size))
    return many, end


@uncounted_inner
def pass_over(
    j: int,
    many: int,
    before: int,
    columns: Columns,
    rules: Rules,
    store: Store,
    ahead: Array,
) -> int:
    """Take in the events that only begin chains, and pass over those that can carry none on.

    Args:
        j, many: from which to which of the events looked at ahead.
        before: reference of the batch's row 0, where references are rows.
        columns, rules, store: as everywhere here.
        ahead: from `look_over`.

    Returns:
        The first event that needs more than this, or `many`.
    """
    words = rules.words
    if words[WIDE] != 0:
        return j
    # Arrays are named once: taking them out of their tuples in the loop would cost more than the loop.
    ats, actors, targets, refs = columns.at, columns.actor, columns.target, columns.ref
    variants, classes, counts = rules.variants, rules.classes, store.counts
    pairs = store.pairs
    slots, tags, directory = pairs.slots, pairs.tags, pairs.directory
    segments, head = pairs.segments, pairs.head
    placed, named = len(columns.platform) > 0, len(refs) > 0
    toward, back, same = words[TOWARD], words[BACK], words[SAME_BITS]
    sure = words[START] | words[LOOSE]
    # What only begins a chain, and is neither listed nor waited for, needs no more than its place.
    begins = words[STARTERS] & ~(words[LISTED_BITS] | words[WAITED])
    shift = WHOLE - np.uint64(head[DEPTH])
    sight = rules.platforms[len(rules.platforms) - 1]
    while j < many:
        k, c = ahead[A_ROW, j], ahead[A_CLASS, j]
        if classes[c, GROUPS]:
            break
        variant = classes[c, FROM]
        bits = variants[variant, BITS] & (toward | back)
        actor, target = actors[k], targets[k]
        if bits == 0 or target < 0 or target == actor:
            j += 1
            continue
        by_low = actor < target
        lo = actor if by_low else target
        hi = target if by_low else actor
        h = np.uint64(ahead[A_HASH, j])
        segment = directory[np.int64(h >> shift)]
        s = probe(slots, tags, segment, lo, hi, h)
        old = slots[s, WORD] if s >= 0 else 0
        can = bits & (sure | (slots[s, OPENS] if s >= 0 else 0))
        if can == 0:
            j += 1
            continue
        # A step that may use the event of the step before may be taken as well.
        if can & ~begins != 0 or bits & same & ~can != 0:
            break
        if bits != can:
            variant = variants[variant, BEGIN]
            bits = variants[variant, BITS] & (toward | back)
            if bits != can:
                break
        link = (variant << VARIANT) | (BY_LOW if by_low else 0)
        ref = refs[k] if named else before + k
        if placed:
            sight = sight_of(columns, rules, k)
        if old and not alike(rules, old, link):
            met = counts[SIGHTS_MET]
            if met & (met - 1) or not met >> sight & 1 or spent(store.nodes):
                break
            if not supersede(store, rules, s, link, ats[k], ref):
                push_pair(store, rules, s, link, ats[k], ref, -1)
            slots[s, OPENS] |= variants[variant, ALL_NEXT]
        elif old:
            slots[s, WORD] = (old & ~BY_LOW) | link
            slots[s, HEAD_AT] = ats[k]
            slots[s, HEAD_REF] = ref
        else:
            if segments[segment, COUNT] >= LIMIT:
                break
            s = -1 - s
            label(tags, s, h)
            slots[s, LO] = lo
            slots[s, HI] = hi
            slots[s, WORD] = link | IN_USE
            slots[s, OPENS] = variants[variant, ALL_NEXT]
            segments[segment, COUNT] += 1
            head[ENTRIES] += 1
            counts[SIGHTS_MET] |= 1 << sight
            slots[s, HEAD_AT] = ats[k]
            slots[s, HEAD_REF] = ref
        j += 1
    return j

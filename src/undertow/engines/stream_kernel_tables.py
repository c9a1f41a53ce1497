"""Tables that grow piece by piece: a hash table of small segments and a pool of rows, for compiled code.

A table is a row of segments of 512 slots. The top bits of a key's hash choose an entry of the directory,
the entry names the segment, and the low bits say with which eight slots to begin looking. Of each slot a byte
beside it holds 7 more bits, its tag: one look at a word says which of eight slots to look at. A full segment is
split in two, so no event ever waits for a table to be copied. All arrays are reserved at their largest size; the
system gives memory only to what is touched.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import inlined, uncounted_inner, uncounted_outer
from undertow.engines.stream_kernel_bits import lowest
from undertow.matches.program import Array

SEGMENT: Final = 512
LIMIT: Final = 416
"""Slots of a segment that may be filled: more would make looking up slow."""
FEWEST: Final = 64
"""Rows and segments that must be left before an event is begun: no event needs as many."""

# Slots that share a word of tags, as a power of two, and such words of a segment.
GROUP: Final = 3
GROUPS: Final = SEGMENT >> GROUP
TAG: Final = 0x7F
TAKEN: Final = 0x80
"""Bit of a tag: the slot holds a key."""
EACH: Final = 0x0101010101010101
TOPS: Final = -0x7F7F7F7F7F7F7F80
"""`TAKEN` in each byte of a word."""

# Columns of a slot: the two halves of a key, and a word that is 0 in an empty slot.
LO: Final = 0
HI: Final = 1
WORD: Final = 2

# Places in `Map.head`, and columns of `Map.segments`.
DEPTH: Final = 0
SEGMENTS: Final = 1
ENTRIES: Final = 2
COUNT: Final = 1

# Places in `Pool.head`.
USED: Final = 0
FREE: Final = 1
LIVE: Final = 2


class Map(NamedTuple):
    """A hash table whose keys are two integers. All arrays are int64.

    Attributes:
        slots: (segments x 512, w): `LO`, `HI`, `WORD` and what the owner adds.
        tags: (segments x 64): tags of eight slots each, the first in the lowest byte.
        directory: (2^d): segment by the top `DEPTH` bits of the hash.
        segments: (segments, 2): how many top bits the keys of a segment share, and how many it holds.
        head: `DEPTH` of the directory, `SEGMENTS` in use, `ENTRIES` held.
    """

    slots: Array
    tags: Array
    directory: Array
    segments: Array
    head: Array


class Pool(NamedTuple):
    """Rows that are taken and given back one by one. All arrays are int64.

    Attributes:
        rows: (n, w); column 0 of a free row holds the next free row plus 1.
        head: rows ever `USED`, first `FREE` row plus 1 (0: none), rows that are `LIVE`.
    """

    rows: Array
    head: Array


def new_map(width: int, room: int) -> Map:
    """Reserve a table.

    Args:
        width: words of a slot.
        room: bytes that it may come to use.
    """
    segments = max(4 * FEWEST, room // (8 * SEGMENT * width))
    depth = 4 + int(segments).bit_length()
    made = Map(
        np.empty((segments * SEGMENT, width), np.int64),
        np.empty(segments * GROUPS, np.int64),
        np.empty(1 << depth, np.int64),
        np.empty((segments, 2), np.int64),
        np.array([1, 2, 0], np.int64),
    )
    made.slots[: 2 * SEGMENT] = 0
    made.tags[: 2 * GROUPS] = 0
    made.directory[:2] = 0, 1
    made.segments[:2] = [[1, 0], [1, 0]]
    return made


def new_pool(width: int, room: int) -> Pool:
    """Reserve a pool of rows of `width` words that may come to use `room` bytes."""
    rows = max(4 * FEWEST, room // (8 * width))
    return Pool(np.empty((min(rows, (1 << 32) - 2), width), np.int64), np.zeros(3, np.int64))


M1: Final = np.uint64(0x9E3779B97F4A7C15)
M2: Final = np.uint64(0xD6E8FEB86659FD93)
S32: Final = np.uint64(32)
S29: Final = np.uint64(29)
WHOLE: Final = np.uint64(64)
PLACE: Final = np.uint64(SEGMENT - 1)
GROUP_SIZE: Final = 1 << GROUP
GROUP_BITS: Final = np.uint64(GROUP)
TAG_FROM: Final = np.uint64(9)
"""Bits of a hash from which on its tag stands, behind those of its place."""
PART_FROM: Final = np.uint64(16)
"""Bits of a hash from which on its part stands, behind those of its tag."""


@inlined
def mixed(lo: int, hi: int) -> np.uint64:
    """Hash two integers to 64 bits."""
    h = np.uint64(lo) * M1 ^ np.uint64(hi) * M2
    h = (h ^ (h >> S32)) * M1
    h ^= h >> S29
    return h


@inlined
def segment_of(table: Map, h: np.uint64) -> int:
    """Give the segment that a hash belongs to."""
    return int(table.directory[np.int64(h >> (WHOLE - np.uint64(table.head[DEPTH])))])


@inlined
def tag_of(h: np.uint64) -> int:
    """Give the tag of a hash."""
    return int((np.int64(h >> TAG_FROM) & TAG) | TAKEN)


@inlined
def first_group(segment: int, h: np.uint64) -> int:
    """Give the word of tags with which to begin looking."""
    return int(segment * GROUPS + np.int64((h & PLACE) >> GROUP_BITS))


@inlined
def next_group(group: int) -> int:
    """Give the word of tags of the same segment that comes behind one."""
    return (group & -GROUPS) | ((group + 1) & (GROUPS - 1))


@inlined
def fits(word: int, tag: int) -> int:
    """Mark the top bits of the bytes that are a tag, and perhaps a few others that are taken."""
    x = word ^ (tag * EACH)
    return (x - EACH) & ~x & TOPS


@inlined
def probe(slots: Array, tags: Array, segment: int, lo: int, hi: int, h: np.uint64) -> int:
    """Find the slot of a key in its segment; where it is missing, -1 less the empty slot for it."""
    group, tag = first_group(segment, h), tag_of(h)
    found = 0
    while True:
        word = tags[group]
        marked = fits(word, tag)
        while marked:
            s = (group << GROUP) + (lowest(marked) >> GROUP)
            if slots[s, LO] == lo and slots[s, HI] == hi:
                return int(s)
            marked &= marked - 1
        empty = ~word & TOPS
        if empty:
            found = (group << GROUP) + (lowest(empty) >> GROUP)
            break
        group = next_group(group)
    return int(-1 - found)


@inlined
def label(tags: Array, s: int, h: np.uint64) -> None:
    """Note the tag of a slot that was empty."""
    tags[s >> GROUP] |= tag_of(h) << ((s & (GROUP_SIZE - 1)) << GROUP)


@uncounted_inner
def look(table: Map, lo: int, hi: int, h: np.uint64) -> int:
    """Find the slot of a key, given its hash; where it is missing, -1 less the empty slot for it."""
    return int(probe(table.slots, table.tags, segment_of(table, h), lo, hi, h))


@uncounted_inner
def find(table: Map, lo: int, hi: int) -> int:
    """Find the slot of a key; negative where it is missing."""
    return look(table, lo, hi, mixed(lo, hi))


@uncounted_inner
def claim(table: Map, lo: int, hi: int, spare: Array) -> int:
    """Find the slot of a key, or make one with an empty word, which the caller must fill at once."""
    h = mixed(lo, hi)
    s = look(table, lo, hi, h)
    while s < 0:
        if table.segments[segment_of(table, h), COUNT] < LIMIT:
            s = -1 - s
            enter(table, s, lo, hi, h)
            break
        split(table, h, spare)
        s = look(table, lo, hi, h)
    return s


@uncounted_inner
def enter(table: Map, s: int, lo: int, hi: int, h: np.uint64) -> None:
    """Fill an empty slot with a key."""
    for c in range(table.slots.shape[1]):
        table.slots[s, c] = 0
    table.slots[s, LO] = lo
    table.slots[s, HI] = hi
    label(table.tags, s, h)
    table.segments[s // SEGMENT, COUNT] += 1
    table.head[ENTRIES] += 1


@uncounted_inner
def lift(table: Map, segment: int, spare: Array) -> int:
    """Move the entries of a segment to `spare` and leave it empty; gives their number."""
    slots = table.slots
    base = segment * SEGMENT
    n = 0
    for s in range(base, base + SEGMENT):
        if slots[s, WORD] != 0:
            for c in range(slots.shape[1]):
                spare[n, c] = slots[s, c]
            n += 1
            slots[s, WORD] = 0
    table.tags[segment * GROUPS : (segment + 1) * GROUPS] = 0
    table.segments[segment, COUNT] = 0
    table.head[ENTRIES] -= n
    return n


@uncounted_inner
def lay(table: Map, spare: Array, n: int) -> None:
    """Put the first `n` entries of `spare`, all of them missing, into the table; their segments have room."""
    slots, tags, directory, segments = table.slots, table.tags, table.directory, table.segments
    shift = WHOLE - np.uint64(table.head[DEPTH])
    for k in range(n):
        h = mixed(spare[k, LO], spare[k, HI])
        segment = directory[np.int64(h >> shift)]
        group = first_group(segment, h)
        while ~tags[group] & TOPS == 0:
            group = next_group(group)
        s = (group << GROUP) + (lowest(~tags[group] & TOPS) >> GROUP)
        label(tags, s, h)
        for c in range(slots.shape[1]):
            slots[s, c] = spare[k, c]
        segments[segment, COUNT] += 1
    table.head[ENTRIES] += n


@uncounted_inner
def full_groups(table: Map, segment: int) -> int:
    """Mark the words of tags of a segment that are full, the first in the lowest bit."""
    tags, first = table.tags, segment * GROUPS
    full = 0
    for k in range(GROUPS):
        full |= int(~tags[first + k] & TOPS == 0) << k
    return int(full)


@inlined
def strike(tags: Array, s: int) -> None:
    """Take the tag of a slot away."""
    tags[s >> GROUP] &= ~(0xFF << ((s & (GROUP_SIZE - 1)) << GROUP))


@uncounted_inner
def tidy(table: Map, segment: int, full: int) -> None:
    """Let the entries of a segment be found again after some were struck out.

    An entry stands apart from its first word of tags only behind words that were full: no other is moved.

    Args:
        table: written.
        segment: which.
        full: from `full_groups`, before anything was struck out; some are not.
    """
    slots, tags = table.slots, table.tags
    first = segment * GROUPS
    start = lowest(~full) + 1
    for k in range(start, start + GROUPS):
        if not full >> ((k - 1) & (GROUPS - 1)) & 1:
            continue
        group = first + (k & (GROUPS - 1))
        for s in range(group << GROUP, (group + 1) << GROUP):
            if slots[s, WORD] == 0:
                continue
            h = mixed(slots[s, LO], slots[s, HI])
            to = first_group(segment, h)
            while to != group and ~tags[to] & TOPS == 0:
                to = next_group(to)
            if to != group:
                empty = (to << GROUP) + (lowest(~tags[to] & TOPS) >> GROUP)
                label(tags, empty, h)
                for c in range(slots.shape[1]):
                    slots[empty, c] = slots[s, c]
                slots[s, WORD] = 0
                strike(tags, s)


@uncounted_outer
def lay_anew(table: Map, spare: Array) -> None:
    """Lay all entries anew: of a table that was kept the tags are missing, and perhaps their order is another."""
    for segment in range(table.head[SEGMENTS]):
        lay(table, spare, lift(table, segment, spare))


@uncounted_inner
def split(table: Map, h: np.uint64, spare: Array) -> None:
    """Split the segment that a hash belongs to."""
    head = table.head
    old = segment_of(table, h)
    shared = table.segments[old, DEPTH]
    if shared == head[DEPTH]:
        for k in range((1 << shared) - 1, -1, -1):
            table.directory[2 * k + 1] = table.directory[k]
            table.directory[2 * k] = table.directory[k]
        head[DEPTH] += 1
    new = head[SEGMENTS]
    head[SEGMENTS] += 1
    for s in range(new * SEGMENT, (new + 1) * SEGMENT):
        table.slots[s, WORD] = 0
    table.tags[new * GROUPS : (new + 1) * GROUPS] = 0
    n = lift(table, old, spare)
    table.segments[old, DEPTH] = table.segments[new, DEPTH] = shared + 1
    table.segments[new, COUNT] = 0
    many = 1 << (head[DEPTH] - shared)
    first = np.int64(h >> (WHOLE - np.uint64(shared))) * many
    for k in range(first + many // 2, first + many):
        table.directory[k] = new
    lay(table, spare, n)


@inlined
def take(pool: Pool) -> int:
    """Take a row of a pool."""
    head = pool.head
    head[LIVE] += 1
    if head[FREE]:
        row = head[FREE] - 1
        head[FREE] = pool.rows[row, 0]
        return int(row)
    head[USED] += 1
    return int(head[USED] - 1)


@inlined
def give(pool: Pool, row: int) -> None:
    """Give a row back to its pool."""
    pool.rows[row, 0] = pool.head[FREE]
    pool.head[FREE] = row + 1
    pool.head[LIVE] -= 1


@uncounted_inner
def tight(table: Map) -> bool:
    """Say whether a table has too little left to begin another event."""
    return bool(
        table.head[SEGMENTS] + FEWEST > len(table.segments)
        or (2 << table.head[DEPTH]) > len(table.directory)
    )


@uncounted_inner
def spent(pool: Pool) -> bool:
    """Say whether a pool has too little left to begin another event."""
    return bool(pool.head[USED] + FEWEST > len(pool.rows))

"""Tables that grow piece by piece: a hash table of small segments and a pool of rows, for compiled code.

A table is a row of segments of 512 slots. The top bits of a key's hash choose an entry of the directory,
the entry names the segment, and the low bits say where in it to look. A full segment is split in two, so
no event ever waits for a table to be copied. All arrays are reserved at their largest size; the system
gives memory only to what is touched.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import uncounted_inner
from undertow.matches.program import Array

SEGMENT: Final = 512
LIMIT: Final = 416
"""Slots of a segment that may be filled: more would make looking up slow."""
FEWEST: Final = 64
"""Rows and segments that must be left before an event is begun: no event needs as many."""

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
        directory: (2^d): segment by the top `DEPTH` bits of the hash.
        segments: (segments, 2): how many top bits the keys of a segment share, and how many it holds.
        head: `DEPTH` of the directory, `SEGMENTS` in use, `ENTRIES` held.
    """

    slots: Array
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
        np.empty(1 << depth, np.int64),
        np.empty((segments, 2), np.int64),
        np.array([1, 2, 0], np.int64),
    )
    made.slots[: 2 * SEGMENT] = 0
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


@uncounted_inner
def mixed(lo: int, hi: int) -> int:
    """Hash two integers to 64 bits."""
    h = np.uint64(lo) * M1 ^ np.uint64(hi) * M2
    h = (h ^ (h >> S32)) * M1
    h ^= h >> S29
    return h  # type: ignore[return-value]  # compiled code works on the NumPy integer


@uncounted_inner
def home(table: Map, h: int) -> int:
    """Give the first slot of the segment that a hash belongs to."""
    return int(table.directory[np.int64(h >> (WHOLE - np.uint64(table.head[DEPTH])))] * SEGMENT)


@uncounted_inner
def look(table: Map, lo: int, hi: int, h: int) -> int:
    """Find the slot of a key, given its hash; where it is missing, -1 less the empty slot for it."""
    base = home(table, h)
    k = np.int64(h & PLACE)
    while True:
        s = base + k
        if table.slots[s, WORD] == 0:
            return int(-1 - s)
        if table.slots[s, LO] == lo and table.slots[s, HI] == hi:
            return int(s)
        k = (k + 1) & (SEGMENT - 1)


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
        segment = home(table, h) // SEGMENT
        if table.segments[segment, COUNT] < LIMIT:
            s = -1 - s
            enter(table, s, lo, hi)
            break
        split(table, h, spare)
        s = look(table, lo, hi, h)
    return s


@uncounted_inner
def enter(table: Map, s: int, lo: int, hi: int) -> None:
    """Fill an empty slot with a key."""
    for c in range(table.slots.shape[1]):
        table.slots[s, c] = 0
    table.slots[s, LO] = lo
    table.slots[s, HI] = hi
    table.segments[s // SEGMENT, COUNT] += 1
    table.head[ENTRIES] += 1


@uncounted_inner
def lift(table: Map, segment: int, spare: Array) -> int:
    """Move the entries of a segment to `spare` and leave it empty; gives their number."""
    base = segment * SEGMENT
    n = 0
    for s in range(base, base + SEGMENT):
        if table.slots[s, WORD] != 0:
            for c in range(table.slots.shape[1]):
                spare[n, c] = table.slots[s, c]
            n += 1
            table.slots[s, WORD] = 0
    table.segments[segment, COUNT] = 0
    table.head[ENTRIES] -= n
    return n


@uncounted_inner
def lay(table: Map, spare: Array, k: int) -> int:
    """Put entry `k` of `spare` back; gives its slot."""
    lo, hi = spare[k, LO], spare[k, HI]
    s = -1 - look(table, lo, hi, mixed(lo, hi))
    enter(table, s, lo, hi)
    for c in range(WORD, table.slots.shape[1]):
        table.slots[s, c] = spare[k, c]
    return s


@uncounted_inner
def split(table: Map, h: int, spare: Array) -> None:
    """Split the segment that a hash belongs to."""
    head = table.head
    old = home(table, h) // SEGMENT
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
    n = lift(table, old, spare)
    table.segments[old, DEPTH] = table.segments[new, DEPTH] = shared + 1
    table.segments[new, COUNT] = 0
    many = 1 << (head[DEPTH] - shared)
    first = np.int64(h >> (WHOLE - np.uint64(shared))) * many
    for k in range(first + many // 2, first + many):
        table.directory[k] = new
    for k in range(n):
        lay(table, spare, k)


@uncounted_inner
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


@uncounted_inner
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

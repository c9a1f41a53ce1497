"""Compiled parts of the structural engine that see every row: pick rows, sieve pairs, make records.

Of each pair a sieve keeps one small state, moved by every event through a table; where two pairs share a
place, more passes than must, never less. All arrays are in C order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import inner, outer
from undertow.events.kernel_bytes import fetch
from undertow.matches.program import Array

NOBODY: Final = -1

# Columns of a record: one event between two accounts that may matter.
LOW: Final = 0
HIGH: Final = 1
WHEN: Final = 2
ROW: Final = 3
"""Number of the row, and in its low `CODE_BITS` the event's class, doubled, plus 1 if `LOW` acts."""
WIDTH: Final = 4
CODE_BITS: Final = 10
CODES: Final = (1 << CODE_BITS) - 1

# Bits of the pair's hash: the uppermost choose the partition, the lowest the place in the sieve over
# the whole input, those from here on the place in the tables of one partition.
LOCAL: Final = np.uint64(24)
_LEFT: Final = np.uint64(0x9E3779B97F4A7C15)
_RIGHT: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_FOLD: Final = np.uint64(29)
_BYTE: Final = np.uint64(3)
_BIT: Final = np.uint64(7)
AHEAD: Final = 32
"""Rows between asking for a place's memory and using it."""


class Picked(NamedTuple):
    """Rows of a batch that were picked, with room for all of them.

    Attributes:
        row: int32, place in the batch.
        code: int32, the event's class; from `keep` on a record's code.
        part: int32, the pair's partition, from `keep` on.
    """

    row: Array
    code: Array
    part: Array


class Sieve(NamedTuple):
    """What has been seen of each pair, in short.

    Attributes:
        state: uint8, (2^k), one for all pairs whose hashes agree.
        step: uint8, (classes, 256): the state after an event of a class.
        live: int64, (256): bit p set where a pair in that state may hold a match of playbook p.
    """

    state: Array
    step: Array
    live: Array


@inner
def hash_pair(low: int, high: int) -> np.uint64:
    """Mix two accounts into 64 bits."""
    mixed = (np.uint64(low) * _LEFT) ^ (np.uint64(high) * _RIGHT)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _LEFT
    return mixed ^ (mixed >> _FOLD)


@inner
def are_two(actor: int, target: int) -> bool:
    """Say whether an event is between two accounts."""
    return (actor != target) & (actor != NOBODY) & (target != NOBODY)


@outer
def pick(word: Array, marks: Array, classes: Array, picked: Picked) -> int:
    """Pick the rows of a batch whose class matters.

    Args:
        word: int32, code of the event's type in this batch.
        marks: uint8, the event's marks as bits.
        classes: int32, (words, 2^marks): class of each, counted from 1; 0: does not matter.
        picked: its rows and codes are written.

    Returns:
        How many there are.
    """
    n = 0
    for i in range(len(word)):
        code = classes[word[i], marks[i]]
        picked.row[n] = i
        picked.code[n] = code - 1
        n += code != 0
    return n


@outer
def mark(n: int, picked: Picked, actor: Array, target: Array, sieve: Sieve) -> None:
    """Let the first `n` picked rows of a batch move the states of their pairs.

    The memory of a state is asked for some rows ahead: `picked.part` holds the places meanwhile.
    """
    rows, codes, places = picked.row, picked.code, picked.part
    state, step = sieve.state, sieve.step
    wrap, begin = np.uint64(len(state) - 1), np.int64(state.ctypes.data)
    for k in range(n + AHEAD):
        if k < n:
            x, y = actor[rows[k]], target[rows[k]]
            to = np.int64(hash_pair(min(x, y), max(x, y)) & wrap)
            fetch(int(begin + to))
            places[k] = to if are_two(x, y) else NOBODY
        if k >= AHEAD and places[k - AHEAD] != NOBODY:
            to = places[k - AHEAD]
            state[to] = step[codes[k - AHEAD], state[to]]


@outer
def passing(sieve: Sieve, passes: Array) -> None:
    """Say in one bit of each place whether its pairs may hold a match: an eighth stays near the core.

    Args:
        sieve: of at least eight places.
        passes: uint8, (places / 8), written.
    """
    state, live = sieve.state, sieve.live
    for k in range(len(passes)):
        bits = 0
        for b in range(8):
            bits |= (live[state[8 * k + b]] != 0) << b
        passes[k] = bits


@outer
def keep(
    n: int,
    picked: Picked,
    actor: Array,
    target: Array,
    passes: Array,
    start: Array,
    turn: Array,
) -> int:
    """Keep, of the first `n` picked rows, those whose pair passes and has its turn.

    Args:
        n: number of picked rows.
        picked: compacted in place; codes become those of records, parts are written.
        actor: int64, of the batch.
        target: int64, of the batch.
        passes: uint8, from `passing`.
        start: int64, (partitions + 1), zeros; written: number of kept rows before each partition.
        turn: int64, (3): first partition to keep, first not to keep, shift from hash to partition.

    Returns:
        How many are kept.
    """
    rows, codes, parts = picked.row, picked.code, picked.part
    wrap, begin = np.uint64(8 * len(passes) - 1), np.int64(passes.ctypes.data)
    passed = 0
    # No jump depends on what is kept, which cannot be foretold.
    for k in range(n + AHEAD):
        if k < n:
            x, y = actor[rows[k]], target[rows[k]]
            to = hash_pair(min(x, y), max(x, y)) & wrap
            fetch(int(begin + np.int64(to >> _BYTE)))
            parts[k] = to
        if k >= AHEAD:
            i, to = rows[k - AHEAD], np.uint64(parts[k - AHEAD])
            fits = (passes[to >> _BYTE] >> (to & _BIT)) & np.uint64(1)
            fits &= np.uint64(are_two(actor[i], target[i]))
            rows[passed] = i
            codes[passed] = 2 * codes[k - AHEAD] + (actor[i] < target[i])
            passed += int(np.int64(fits))
    first, last, shift = turn[0], turn[1], np.uint64(turn[2])
    kept = 0
    for k in range(passed):
        x, y = actor[rows[k]], target[rows[k]]
        part = np.int64(hash_pair(min(x, y), max(x, y)) >> shift)
        rows[kept] = rows[k]
        codes[kept] = codes[k]
        parts[kept] = part
        if first <= part < last:
            start[part + 1] += 1
            kept += 1
    for p in range(1, len(start)):
        start[p] += start[p - 1]
    return kept


@outer
def place(
    picked: Picked,
    base: int,
    actor: Array,
    target: Array,
    at: Array,
    start: Array,
    records: Array,
) -> None:
    """Write kept rows as records, partition by partition, in the order of rows within each.

    Args:
        picked: what `keep` left.
        base: number of the batch's first row in the whole input.
        actor: int64, of the batch.
        target: int64, of the batch.
        at: int64, of the batch, microseconds.
        start: from `keep`.
        records: int64, (kept, WIDTH), written.
    """
    nexts = start.copy()
    for k in range(len(records)):
        i, part = picked.row[k], picked.part[k]
        to = nexts[part]
        nexts[part] = to + 1
        records[to, LOW] = min(actor[i], target[i])
        records[to, HIGH] = max(actor[i], target[i])
        records[to, WHEN] = at[i]
        records[to, ROW] = ((base + i) << CODE_BITS) | picked.code[k]

"""Compiled parts of the structural engine: pick rows, sieve pairs, group what is left, match.

Both ordered keys of two accounts are worked on inside their unordered pair. Of each pair a sieve keeps
one small state, moved by every event through a table; where two pairs share a place, more passes than
must, never less. All arrays are in C order; `docs/decisions` says how the parts fit together.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import inner, outer
from undertow.matches.kernel import answer
from undertow.matches.kernel_rules import (
    AT,
    MASK,
    OTHER,
    PICKED,
    PRESENT,
    SEEN,
    UNKNOWN,
    Scratch,
)
from undertow.matches.program import ANCHORS, LISTED, Array, Program

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

# Columns of a match, before those of the steps' events.
FURTHEST: Final = 2
TAKEN: Final = 3

# Bits of the pair's hash: the uppermost choose the partition, the lowest the place in the sieve over
# the whole input, those from here on the place in the tables of one partition.
LOCAL: Final = np.uint64(24)
_LEFT: Final = np.uint64(0x9E3779B97F4A7C15)
_RIGHT: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_FOLD: Final = np.uint64(29)


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
    """What has been seen of each pair, in short, or of each account as an actor.

    Attributes:
        state: uint8, (2^k), one for all pairs, or accounts, whose hashes agree.
        step: uint8, (classes, 256): the state after an event of a class.
        live: int64, (256): bit p set where a pair in that state, or with an account in that state,
            may hold a match of playbook p.
        alone: whether states are those of accounts.
    """

    state: Array
    step: Array
    live: Array
    alone: bool


class Pairs(NamedTuple):
    """Records listed by pair, with room for each record being its own.

    Attributes:
        slot: int32, (2^k), more than twice the records; filled with -1.
        number: int32, per record: its pair.
        first: int32, per pair: one of its records.
        state: uint8, per pair: as in `Sieve`, for this pair alone.
        start: int64, per pair and one more: slices of `order`; all zero before.
        order: int64: records by pair, in time.
        spare: int64, as long as `order`.
    """

    slot: Array
    number: Array
    first: Array
    state: Array
    start: Array
    order: Array
    spare: Array


@inner
def hash_pair(low: int, high: int) -> np.uint64:
    """Mix two accounts into 64 bits."""
    mixed = (np.uint64(low) * _LEFT) ^ (np.uint64(high) * _RIGHT)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _LEFT
    return mixed ^ (mixed >> _FOLD)


@inner
def are_two(actor: int, target: int) -> bool:
    """Say whether an event is between two accounts."""
    return actor != target and actor != NOBODY and target != NOBODY


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
    """Let the first `n` picked rows of a batch move the states of their pairs, or of their actors.

    For the latter `target` may be empty.
    """
    wrap = np.uint64(len(sieve.state) - 1)
    for k in range(n):
        x = actor[picked.row[k]]
        y = NOBODY if sieve.alone else target[picked.row[k]]
        if sieve.alone or are_two(x, y):
            to = hash_pair(min(x, y), max(x, y)) & wrap
            sieve.state[to] = sieve.step[picked.code[k], sieve.state[to]]


@outer
def keep(
    n: int, picked: Picked, actor: Array, target: Array, sieve: Sieve, start: Array, turn: Array
) -> int:
    """Keep, of the first `n` picked rows, those whose pair is live and has its turn.

    Args:
        n: number of picked rows.
        picked: compacted in place; codes become those of records, parts are written.
        actor: int64, of the batch.
        target: int64, of the batch.
        sieve: what has been seen of each pair.
        start: int64, (partitions + 1), zeros; written: number of kept rows before each partition.
        turn: int64, (3): first partition to keep, first not to keep, shift from hash to partition.

    Returns:
        How many are kept.
    """
    wrap, shift = np.uint64(len(sieve.state) - 1), np.uint64(turn[2])
    kept = 0
    for k in range(n):
        i = picked.row[k]
        x, y = actor[i], target[i]
        mixed = hash_pair(min(x, y), max(x, y))
        part = int(mixed >> shift)
        if sieve.alone:
            fits = (
                sieve.live[sieve.state[hash_pair(min(x, NOBODY), max(x, NOBODY)) & wrap]] != 0
            )
            fits |= (
                sieve.live[sieve.state[hash_pair(min(y, NOBODY), max(y, NOBODY)) & wrap]] != 0
            )
        else:
            fits = sieve.live[sieve.state[mixed & wrap]] != 0
        fits = fits and turn[0] <= part < turn[1] and are_two(x, y)
        picked.row[kept] = i
        picked.code[kept] = 2 * picked.code[k] + (x < y)
        picked.part[kept] = part
        start[part + 1] += fits
        kept += fits
    for part in range(1, len(start)):
        start[part] += start[part - 1]
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


@outer
def thin(records: Array, sieve: Sieve) -> int:
    """Sieve the records of one partition, which holds all records of its pairs.

    Args:
        records: int64, (n, WIDTH), compacted in place.
        sieve: fresh.

    Returns:
        How many are left.
    """
    wrap = np.uint64(len(sieve.state) - 1)
    for i in range(len(records)):
        to = (hash_pair(records[i, LOW], records[i, HIGH]) >> LOCAL) & wrap
        code = (records[i, ROW] & CODES) >> 1
        sieve.state[to] = sieve.step[code, sieve.state[to]]
    left = 0
    for i in range(len(records)):
        to = (hash_pair(records[i, LOW], records[i, HIGH]) >> LOCAL) & wrap
        for column in range(WIDTH):
            records[left, column] = records[i, column]
        left += sieve.live[sieve.state[to]] != 0
    return left


@inner
def sort_by_time(records: Array, pairs: Pairs, begin: int, end: int) -> None:
    """Sort one pair's records by time, stable; in files in time order nothing is to be done."""
    order, spare = pairs.order, pairs.spare
    done = True
    for k in range(begin + 1, end):
        done = done and records[order[k - 1], WHEN] <= records[order[k], WHEN]
    run = 1
    while not done and run < end - begin:
        left = begin
        while left < end:
            middle = min(left + run, end)
            last = min(middle + run, end)
            a, b = left, middle
            for to in range(left, last):
                first = b >= last or (
                    a < middle and records[order[a], WHEN] <= records[order[b], WHEN]
                )
                spare[to] = order[a] if first else order[b]
                a += first
                b += not first
            left = last
        for k in range(begin, end):
            order[k] = spare[k]
        run *= 2


@outer
def group(n: int, records: Array, step: Array, pairs: Pairs) -> int:
    """List the first `n` records by pair, each pair's in time, equal times in the order of rows.

    Returns:
        The number of pairs.
    """
    wrap = np.uint64(len(pairs.slot) - 1)
    found = 0
    for i in range(n):
        low, high = records[i, LOW], records[i, HIGH]
        to = (hash_pair(low, high) >> LOCAL) & wrap
        pair = pairs.slot[to]
        while pair >= 0 and (
            records[pairs.first[pair], LOW] != low or records[pairs.first[pair], HIGH] != high
        ):
            to = (to + np.uint64(1)) & wrap
            pair = pairs.slot[to]
        if pair < 0:
            pair = found
            pairs.slot[to] = pair
            pairs.first[pair] = i
            pairs.state[pair] = 0
            found += 1
        pairs.number[i] = pair
        pairs.start[pair + 1] += 1
        pairs.state[pair] = step[(records[i, ROW] & CODES) >> 1, pairs.state[pair]]
    for pair in range(found):
        pairs.start[pair + 1] += pairs.start[pair]
    for i in range(n):
        pair = pairs.number[i]
        pairs.order[pairs.start[pair]] = i
        pairs.start[pair] += 1
    for pair in range(found, 0, -1):
        pairs.start[pair] = pairs.start[pair - 1]
    pairs.start[0] = 0
    for pair in range(found):
        sort_by_time(records, pairs, pairs.start[pair], pairs.start[pair + 1])
    return found


@outer
def match(
    program: Program,
    room: Scratch,
    masks: Array,
    chosen: Array,
    pairs: Pairs,
    records: Array,
    found: Array,
) -> int:
    """Match both keys of each chosen pair.

    Args:
        program: the compiled playbook.
        room: from `kernel.scratch`, with room for the longest pair.
        masks: int64, (3, codes): steps that an event may take for the key that begins with the lower
            account, and with the higher one; the first value behind them holds the steps required up to `listed_from`.
        chosen: int64, pairs.
        pairs: records by pair.
        records: int64, (n, WIDTH).
        found: int64, (m, TAKEN + steps), m at least twice the chosen pairs; written: the two accounts,
            the furthest step, and for each step its record, -1 where it was not taken.

    Returns:
        How many keys reached the step `listed_from`.
    """
    many = 0
    required, anchors, taken = masks[2, 0], program.head[ANCHORS], room.taken[0]
    room.known[UNKNOWN] = 0
    room.known[SEEN] = (1 << len(program.steps)) - 1
    room.known[PRESENT], room.known[PRESENT + 1] = 1, 0
    for pair in chosen:
        begin, end = pairs.start[pair], pairs.start[pair + 1]
        for side in range(2):
            n, takes = 0, 0
            for k in range(begin, end):
                i = pairs.order[k]
                mask = masks[side, records[i, ROW] & CODES]
                if mask != 0:
                    room.events[AT, n], room.events[MASK, n] = records[i, WHEN], mask
                    room.events[OTHER, n], room.events[PICKED, n] = NOBODY, i
                    takes |= mask
                    n += 1
            if takes & required != required or takes & anchors == 0:
                continue
            furthest = answer(program, room, n, 0, taken)
            if furthest < program.head[LISTED]:
                continue
            first = pairs.order[begin]
            found[many, 0] = records[first, LOW if side == 0 else HIGH]
            found[many, 1] = records[first, HIGH if side == 0 else LOW]
            found[many, FURTHEST] = furthest
            for s in range(len(taken)):
                x = taken[s]
                found[many, TAKEN + s] = room.events[PICKED, x] if x >= 0 else -1
            many += 1
    return many

"""Compiled parts of the structural engine that see what is left: sieve a partition, group by pair, match.

Both ordered keys of two accounts are worked on inside their unordered pair. All arrays are in C order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import inner, outer
from undertow.engines.structural_sieve import (
    CODES,
    HIGH,
    LOCAL,
    LOW,
    NOBODY,
    ROW,
    WHEN,
    WIDTH,
    Sieve,
    hash_pair,
)
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

# Columns of a match, before those of the steps' events.
FURTHEST: Final = 2
TAKEN: Final = 3


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

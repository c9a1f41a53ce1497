"""Compiled work for `circles` and `talk`: one walk over contacts."""

from __future__ import annotations

from undertow.compiled import inlined, uncounted
from undertow.matches.program import Array


@inlined
def place_of(codes: Array, low: int, high: int, code: int) -> int:
    """Find a code in a stretch of an ascending list: its place, or that of the first above it."""
    while low < high:
        middle = (low + high) >> 1
        if codes[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low


@uncounted
def meet(
    ends: tuple[Array, Array, Array],
    people: tuple[Array, Array, Array, Array],
    asked: Array,
    circle: Array,
    size: int,
    closed: Array,
) -> None:
    """Take note of contacts with somebody outside a circle.

    Args:
        ends: int32, (n): both ends of each contact, -1 for nobody; bool, (n): which do not count (empty: all do).
        people: int64, (accounts + 1), and int32, (k): questions by person; int64 and bool, (accounts), written:
            how many of them are open, and whether any is.
        asked: int64, (4, k): holder, where its circle begins and ends, and the account that may be met.
        circle: int64, ascending, holder * accounts + account.
        size: number of accounts.
        closed: bool, (k), written.
    """
    one, other, left_out = ends
    start, which, left, is_open = people
    for i in range(len(one)):
        if other[i] < 0 or one[i] == other[i] or (len(left_out) and left_out[i]):
            continue
        for way in range(2):
            person, met = (one[i], other[i]) if way == 0 else (other[i], one[i])
            if not is_open[person]:
                continue
            for k in range(start[person], start[person + 1]):
                q = which[k]
                if not closed[q] or asked[3, q] == met:
                    continue
                code = asked[0, q] * size + met
                place = place_of(circle, asked[1, q], asked[2, q], code)
                if place == asked[2, q] or circle[place] != code:
                    closed[q] = False
                    left[person] -= 1
                    is_open[person] = left[person] > 0


@uncounted
def listed_rows(
    ends: tuple[Array, Array],
    types: Array,
    wanted: Array,
    start: Array,
    high: Array,
    low: int,
    found: tuple[Array, Array],
) -> int:
    """List the events of some types between some pairs.

    Args:
        ends: int32, (n): actor and target (-1 for nobody) of a stretch of the log.
        types: int8, (n).
        wanted: bool, (types).
        start: int64, (accounts + 1): where the pairs of each lesser account begin.
        high: int32, (p): the greater account of each pair, ascending within those of one lesser account.
        low: row of the log at which the stretch begins.
        found: int32 and int64, (n), written: the pair, and the row.

    Returns:
        How many there are.
    """
    actor, target = ends
    pair, row = found
    many = 0
    for i in range(len(types)):
        if not wanted[types[i]] or target[i] < 0:
            continue
        one, other = min(actor[i], target[i]), max(actor[i], target[i])
        stop = start[one + 1]
        place = place_of(high, start[one], stop, other)
        if place < stop and high[place] == other:
            pair[many], row[many] = place, low + i
            many += 1
    return many

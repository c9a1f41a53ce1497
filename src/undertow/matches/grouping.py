"""Rows put together by account or by pair without sorting: account codes are small integers.

Counting replaces comparing, so a row costs some nanoseconds, and rows keep their order within a group.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import uncounted, uncounted_inner
from undertow.matches.program import Array

LOW: Final = 0xFFFFFFFF


class Groups(NamedTuple):
    """Rows listed by group: group g holds `rows[start[g] : start[g + 1]]`, ascending."""

    start: Array
    rows: Array


class Pairs(NamedTuple):
    """Rows numbered by what two accounts they join.

    Attributes:
        number: int32, (n): the pair of each row.
        one, other: int32, (p): the pair's accounts.
        first: int64, (p): the first row of each pair.
    """

    number: Array
    one: Array
    other: Array
    first: Array


def group(code: Array, many: int) -> Groups:
    """List rows by a code.

    Args:
        code: integers in [0, many), (n).
        many: number of groups.
    """
    start = np.zeros(many + 1, np.int64)
    rows = np.empty(len(code), np.int32)
    if len(code):
        _deal(np.ascontiguousarray(code, np.int32), start, np.empty(many, np.int64), rows)
    return Groups(start, rows)


def number_pairs(one: Array, other: Array, accounts: int, *, numbered: bool = True) -> Pairs:
    """Number the distinct (one, other), in the order of `one`.

    Args:
        one: account codes, (n).
        other: account codes, (n).
        accounts: number of accounts.
        numbered: give the pair of each row; else `number` is empty.
    """
    size = len(one)
    other = np.ascontiguousarray(other, np.int32)
    found = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
    number = np.empty(size if numbered else 0, np.int32)
    many = 0
    if size:
        start, dealt = np.zeros(accounts + 1, np.int32), np.empty(size, np.int64)
        place, met = np.empty(accounts, np.int32), np.full(accounts, -1, np.int64)
        _deal_both(np.ascontiguousarray(one, np.int32), other, start, place, dealt)
        many = _number(start, dealt, met, number, found)
    return Pairs(number, *(column[:many].copy() for column in found))


@uncounted_inner
def _count(code: Array, start: Array, place: Array) -> None:
    """Say where the rows of each group begin: in `start`, and in `place` once more, to go on from."""
    for i in range(len(code)):
        start[code[i] + 1] += 1
    for g in range(len(place)):
        place[g] = start[g]
        start[g + 1] += start[g]


@uncounted
def _deal(code: Array, start: Array, place: Array, rows: Array) -> None:
    """Count the rows of each group, and list them; NumPy would widen the codes to count them."""
    _count(code, start, place)
    for i in range(len(code)):
        g = code[i]
        rows[place[g]] = i
        place[g] += 1


@uncounted
def _deal_both(code: Array, other: Array, start: Array, place: Array, dealt: Array) -> None:
    """List rows by code as `_deal` does, each above what it holds beside the code: one place in memory for both."""
    _count(code, start, place)
    for i in range(len(code)):
        g = code[i]
        dealt[place[g]] = (i << 32) | other[i]
        place[g] += 1


@uncounted
def _number(
    start: Array, dealt: Array, met: Array, number: Array, found: tuple[Array, Array, Array]
) -> int:
    """Number pairs, and write their accounts and first rows; `met` holds for each account the group in which it was met, and above it its pair's number.

    Whether a pair is new nobody can foresee, so there is no fork in the way of a row.
    """
    one, other, first = found
    many = 0
    for g in range(len(start) - 1):
        for k in range(start[g], start[g + 1]):
            who, row = dealt[k] & LOW, dealt[k] >> 32
            fresh = met[who] & LOW != g
            pair = many if fresh else met[who] >> 32
            met[who] = (pair << 32) | g
            one[many], other[many], first[many] = g, who, row
            many += fresh
            if len(number):
                number[row] = pair
    return many

"""Compiled lists of events: what NumPy would pass over many times, once.

All write into arrays that are long enough, and say how far they came: memory behind that is never touched.
"""

from __future__ import annotations

from typing import Final

from undertow.compiled import inlined, uncounted
from undertow.events.kernel_bytes import fetch
from undertow.matches.program import Array

SOON: Final = 16
"""Rows before which memory is asked for."""


@uncounted
def select_rows(code: Array, table: Array, low: int, at: int, rows: Array, mask: Array) -> int:
    """List the rows whose class has step bits.

    Args:
        code: int16, (n): class of each row of a stretch.
        table: int64: step bits by class.
        low: row of the log at which the stretch begins.
        at: place from which on to write.
        rows: int64, written: the rows.
        mask: int64, written: their bits.

    Returns:
        The place behind the last.
    """
    for i in range(len(code)):
        bits = table[code[i]]
        if bits:
            rows[at], mask[at] = low + i, bits
            at += 1
    return at


@inlined
def spot(low: int, high: int, bits: int) -> int:
    """Give the bit of a pair of accounts among `bits`, a power of two."""
    mixed = low * 0x9E3779B1 + high * 0x85EBCA77
    return (mixed ^ (mixed >> 17)) & (bits - 1)


@uncounted
def joining(
    columns: tuple[Array, Array, Array, Array],
    anchors: int,
    near: Array,
    position: Array,
    low: Array,
    high: Array,
    forward: Array,
) -> int:
    """List the selected events that join two accounts between which an anchor may stand.

    Pairs are told apart by one bit each, so some without an anchor are listed too.

    Args:
        columns: rows and step bits of the selected events, int64, (r); actors and targets (-1 for nobody) of
            the log, int32.
        anchors: the steps one of which a pair must hold, as bits; below 0 for none in particular.
        near: uint8, zeros, a power of two, written: a bit for each pair that holds one.
        position: int64, (r), written: positions in the selected events.
        low: int32, (r), written: the lesser account.
        high: int32, (r), written: the greater one.
        forward: bool, (r), written: whether the lesser acts.

    Returns:
        How many there are.
    """
    row, mask, actor, target = columns
    bits, many = 8 * len(near), 0
    for i in range(len(row)):
        one, other = actor[row[i]], target[row[i]]
        if (anchors < 0 or mask[i] & anchors) and other >= 0 and one != other:
            bit = spot(min(one, other), max(one, other), bits)
            near[bit >> 3] |= 1 << (bit & 7)
    for i in range(len(row)):
        one, other = actor[row[i]], target[row[i]]
        if other < 0 or one == other:
            continue
        bit = spot(min(one, other), max(one, other), bits)
        if (near[bit >> 3] >> (bit & 7)) & 1:
            position[many] = i
            forward[many] = one < other
            low[many], high[many] = min(one, other), max(one, other)
            many += 1
    return many


@uncounted
def kept_events(
    number: Array, position: Array, pair: Array, own: Array, renumbered: Array
) -> int:
    """List the events of some pairs.

    Args:
        number: int32, (q): the pair of each event between two accounts.
        position: int64, (q): its position.
        pair: int32, (p): the new number of each pair, -1 for pairs left out.
        own: int64, (q), written: positions.
        renumbered: int32, (q), written: their pairs.

    Returns:
        How many there are.
    """
    many = 0
    for i in range(len(number)):
        new = pair[number[i]]
        if new >= 0:
            own[many], renumbered[many] = position[i], new
            many += 1
    return many


@inlined
def may_take(mask: int, actor: int, target: int, member: tuple[int, int], joined: Array) -> int:
    """Leave out the steps that one end must have joined a group for, where it joined none."""
    if mask & member[0] and not joined[actor]:
        mask &= ~member[0]
    if mask & member[1] and (target < 0 or not joined[target]):
        mask &= ~member[1]
    return mask


@uncounted
def touching(
    columns: tuple[Array, Array, Array, Array],
    asked: tuple[tuple[int, int], tuple[int, int], Array, Array],
    found: Array,
) -> int:
    """List the selected events that may take certain steps and touch certain accounts.

    Args:
        columns: rows and step bits of the selected events, int64, (r); actors and targets (-1 for nobody) of
            the log, int32.
        asked: steps by the end that their key account stands at; steps by the end that must have joined a
            group; key accounts, and who joined: bool, (accounts) at least.
        found: int64, (r), written: positions, ascending.

    Returns:
        How many there are.
    """
    row, mask, actor, target = columns
    by_end, member, need, joined = asked
    many = 0
    for i in range(len(row)):
        if mask[i] & (by_end[0] | by_end[1]) == 0:
            continue
        one, other = actor[row[i]], target[row[i]]
        acts = need[one]
        addressed = other >= 0 and need[other]
        if acts or addressed:
            bits = may_take(mask[i], one, other, member, joined)
            if (acts and bits & by_end[0]) or (addressed and bits & by_end[1]):
                found[many] = i
                many += 1
    return many


@uncounted
def bring(
    chosen: tuple[Array, Array, Array],
    columns: tuple[Array, Array, Array, Array, Array],
    every: Array,
    brought: tuple[Array, ...],
) -> None:
    """Bring together what is told of listed events.

    Args:
        chosen: rows, step bits and warm bits of the selected events, int64.
        columns: int64 `at`, and int32 `actor`, `target`, `context` and `platform` of the log.
        every: int64, (r): positions in the selected events.
        brought: int64, (r), written: rows, columns, step bits and warm bits.
    """
    row, mask, warm = chosen
    at, actor, target, context, platform = columns
    n = len(every)
    for i in range(n):
        # Rows stand anywhere: memory is asked for before it is needed.
        k = every[min(i + 2 * SOON, n - 1)]
        fetch(row.ctypes.data + 8 * k)
        fetch(mask.ctypes.data + 8 * k)
        fetch(warm.ctypes.data + 8 * k)
        x = row[every[min(i + SOON, n - 1)]]
        fetch(at.ctypes.data + 8 * x)
        fetch(actor.ctypes.data + 4 * x)
        fetch(target.ctypes.data + 4 * x)
        fetch(context.ctypes.data + 4 * x)
        fetch(platform.ctypes.data + 4 * x)
        k = every[i]
        x = row[k]
        brought[0][i], brought[1][i] = x, at[x]
        brought[2][i], brought[3][i] = actor[x], target[x]
        brought[4][i], brought[5][i] = context[x], platform[x]
        brought[6][i], brought[7][i] = mask[k], warm[k]


@uncounted
def by_account(
    columns: tuple[Array, Array, Array],
    asked: tuple[tuple[int, int], tuple[int, int], Array],
    position: Array,
    start: Array,
    place: Array,
    rows: Array,
) -> None:
    """List positions under the accounts whose steps their events may take, in their order, once each.

    Args:
        columns: int64, (r): actor, target (-1 for nobody) and step bits of listed events.
        asked: as for `touching`, without the key accounts.
        position: int64, (t): positions in these.
        start: int64, (accounts + 1), zeros, written: where each account's begin.
        place: int64, (accounts): room.
        rows: int64, (2 t), written: the positions, from 0 to `start[accounts]`.
    """
    actor, target, mask = columns
    by_end, member, joined = asked
    for turn in range(2):
        for i in range(len(position)):
            x = position[i]
            one, other = actor[x], target[x]
            bits = may_take(mask[x], one, other, member, joined)
            acts = bits & by_end[0] != 0
            addressed = bits & by_end[1] != 0 and other >= 0 and (not acts or other != one)
            if turn == 0:
                start[one + 1] += 1 if acts else 0
                start[other + 1] += 1 if addressed else 0
                continue
            if acts:
                rows[place[one]] = x
                place[one] += 1
            if addressed:
                rows[place[other]] = x
                place[other] += 1
        if turn == 0:
            for g in range(len(place)):
                place[g] = start[g]
                start[g + 1] += start[g]

"""Compiled work on the bytes of Arrow text columns: repeated keys, the order of ids, names within texts.

A text column is its offsets (int32, (n + 1)) and the address of its bytes; an empty text stands for
null. Hashes are keyed at random in each run, so that nobody can prepare ids that collide, and only
find candidates: bytes decide. What is not called is not compiled.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import outer, uncounted
from undertow.events.kernel_bytes import Array, byte, hashed, offset, same, word

LOW: Final = 0xFFFFFFFF
COLON: Final = 58


class Texts(NamedTuple):
    """Text columns in pieces, as addresses: compiled code finds the bytes of any row.

    Attributes:
        first: int64, (c + 1): row at which each piece begins; the last is the number of rows.
        offsets: int64, (c): address of each piece's offsets (int32).
        bytes: int64, (c): address to which these offsets count.
    """

    first: Array
    offsets: Array
    bytes: Array


@uncounted
def fingerprint(begins: Array, address: int, prints: Array, key: Array) -> None:
    """Write the upper half of each text's hash to `prints`, uint32, (n)."""
    for i in range(len(prints)):
        value = hashed(address + begins[i], begins[i + 1] - begins[i], key)
        prints[i] = (value >> 32) & LOW


@uncounted
def mark_naming(
    begins: Array, address: int, ends: Array, base: int, which: Array, hits: Array
) -> None:
    """Mark the texts in which the native id of a name stands.

    Args:
        begins, address: the texts.
        ends, base: the names, as text columns are given; a native id stands behind the first colon.
        which: int32, (n): the name of each text, -1 for none.
        hits: bool, (n), written.
    """
    for i in range(len(which)):
        if which[i] < 0:
            continue
        name, stop = base + ends[which[i]], base + ends[which[i] + 1]
        colon = name
        while colon < stop and byte(colon) != COLON:
            colon += 1
        name = colon + 1 if colon < stop else name
        size = stop - name
        last = address + begins[i + 1] - size
        at = address + begins[i]
        while size > 0 and at <= last and not hits[i]:
            hits[i] = byte(at) == byte(name) and same(at, name, size)
            at += 1


@outer
def find(texts: Texts, row: int) -> tuple[int, int]:
    """Find a row's bytes: address and size."""
    low, high = 0, len(texts.offsets)
    while high - low > 1:
        middle = (low + high) >> 1
        if texts.first[middle] <= row:
            low = middle
        else:
            high = middle
    at = texts.offsets[low] + 4 * (row - texts.first[low])
    begin = offset(at)
    return texts.bytes[low] + begin, offset(at + 4) - begin


@uncounted
def ascending(texts: Texts) -> bool:
    """Say whether each text stands behind the one before it, by size and then by bytes: then none stands twice."""
    before, length = 0, -1
    for piece in range(len(texts.offsets)):
        at = texts.offsets[piece]
        begin = offset(at)
        for row in range(texts.first[piece], texts.first[piece + 1]):
            end = offset(at + 4 * (row - texts.first[piece] + 1))
            this, size = texts.bytes[piece] + begin, end - begin
            if size < length:
                return False
            k, behind = 0, size > length
            while not behind and k < size:
                if k + 8 <= size and word(before + k) == word(this + k):
                    k += 8
                    continue
                difference = byte(this + k) - byte(before + k)
                if difference < 0:
                    return False
                behind = difference > 0
                k += 1
            if not behind:
                return False
            before, length, begin = this, size, end
    return True


@outer
def repeated(
    prints: Array,
    target: Array,
    order: Array,
    texts: Texts,
    share: tuple[int, int],
    again: Array,
) -> None:
    """Mark the rows whose (text, target) stood before, exactly, for one share of the hashes.

    Rows are dealt to buckets by hash, stable, so that each bucket's table stays in the cache.

    Args:
        prints: uint32, (n), as from `fingerprint`.
        target: int32, (n).
        order: int64, (n): rows in the order that says what stood before; empty for the order of rows.
        texts: the texts.
        share: which of how many shares; all shares together mark all.
        again: bool, (n), written at places of `order`.
    """
    n, (part, parts) = len(target), share
    buckets = 1
    while buckets * 16384 * parts < n:
        buckets *= 2
    sizes = np.zeros(buckets + 1, np.int64)
    low, every = part * buckets, parts * buckets
    for row in range(n):
        mixed = (((prints[row] + target[row] * 0x9E3779B1) & LOW) * 0x85EBCA77) & LOW
        bucket = ((mixed * every) >> 32) - low
        if 0 <= bucket < buckets:
            sizes[bucket + 1] += 1
    widest = 0
    for bucket in range(buckets):
        widest = max(widest, sizes[bucket + 1])
        sizes[bucket + 1] += sizes[bucket]
    dealt = np.empty(sizes[buckets], np.int64)
    for place in range(n):
        row = order[place] if len(order) else place
        mixed = (((prints[row] + target[row] * 0x9E3779B1) & LOW) * 0x85EBCA77) & LOW
        bucket = ((mixed * every) >> 32) - low
        if 0 <= bucket < buckets:
            dealt[sizes[bucket]] = (mixed << 32) | (place + 1)
            sizes[bucket] += 1
    room = 2
    while room < 2 * widest:
        room *= 2
    table = np.empty(room, np.int64)
    begin = 0
    for bucket in range(buckets):
        end = sizes[bucket]
        room = 2
        while room < 2 * (end - begin):
            room *= 2
        for k in range(room):
            table[k] = 0
        for k in range(begin, end):
            mixed = (dealt[k] >> 32) & LOW
            at = ((mixed * 0x9E3779B1) >> 16) & (room - 1)
            place = (dealt[k] & LOW) - 1
            row = order[place] if len(order) else place
            while table[at] != 0:
                if (table[at] >> 32) & LOW == mixed:
                    other = (table[at] & LOW) - 1
                    other = order[other] if len(order) else other
                    if target[row] == target[other]:
                        one, size = find(texts, row)
                        two, length = find(texts, other)
                        if size == length and same(one, two, size):
                            again[place] = True
                            break
                at = (at + 1) & (room - 1)
            if table[at] == 0:
                table[at] = dealt[k]
        begin = end


@uncounted
def compared(texts: Texts, target: Array, one: int, other: int) -> int:
    """Compare two rows by the bytes of their text, then by target: negative, 0 or positive."""
    a, size = find(texts, one)
    b, length = find(texts, other)
    for k in range(min(size, length)):
        difference = byte(a + k) - byte(b + k)
        if difference:
            return difference
    return size - length if size != length else np.int64(target[one]) - target[other]


@outer
def settle(order: Array, at: Array, target: Array, texts: Texts, twin: Array) -> None:
    """Sort the rows of each moment by text and target, by merging; mark the places of equals.

    Args:
        order: int64, (n), rows ascending by `at`; written.
        at: int64, (n), by row.
        target: int32, (n), by row.
        texts: by row.
        twin: bool, (n), by place, written: whether a neighbour is equal in all three.
    """
    n = len(order)
    room = np.empty(0, np.int64)
    begin = 0
    while begin < n:
        end = begin + 1
        while end < n and at[order[end]] == at[order[begin]]:
            end += 1
        if end - begin > len(room):
            room = np.empty(2 * (end - begin), np.int64)
        width = 1
        while width < end - begin:
            left = begin
            while left + width < end:
                middle, right = left + width, min(left + 2 * width, end)
                for k in range(left, middle):
                    room[k - left] = order[k]
                i, j, k = 0, middle, left
                while i < width and j < right:
                    if compared(texts, target, room[i], order[j]) <= 0:
                        order[k] = room[i]
                        i += 1
                    else:
                        order[k] = order[j]
                        j += 1
                    k += 1
                while i < width:
                    order[k] = room[i]
                    i += 1
                    k += 1
                left = right
            width *= 2
        for k in range(begin + 1, end):
            if compared(texts, target, order[k - 1], order[k]) == 0:
                twin[k - 1] = twin[k] = True
        begin = end

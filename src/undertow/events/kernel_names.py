"""Compiled codes for names: one growing set, in which threads look names up while one of them adds to it.

Text columns are given as in `kernel_texts`, and hashes are keyed as there: bytes decide. Nobody waits to look a name
up. What a thread meets half written, or in tables that were replaced, is no name to it: it then asks again as
the only one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.compiled import inlined, uncounted
from undertow.events.kernel_bytes import Array, byte, fetch, hashed, same, word

BLOCK: Final = 32
"""Rows whose table entries are fetched ahead together; measured: 16 to 256 are alike."""
LOW: Final = 0xFFFFFFFF
MISSING: Final = -2
"""Stands for the code of a name that was not found."""
SPOT: Final = 0xFFFFFFFFFF
"""Bits of an entry that say where in the store a name stands; those above hold a part of its hash."""


@inlined
def sought(at: int, size: int, value: int, entries: Array, store: Array) -> int:
    """Look a name up in a set, which another thread may add to: bytes decide, and what is half written is no name.

    Args:
        at, size: where the name stands.
        value: its hash.
        entries, store: as for `intern`; an entry may lead beyond a store that has since been replaced.

    Returns:
        Its code; where it is not found, -1 less the free entry at which it would be looked for.
    """
    mask, base, words = len(entries) - 1, store.ctypes.data, (size + 7) >> 3
    place, part = value & mask, (value >> 40) & 0xFFFFFF
    while entries[place] != 0:
        entry = entries[place]
        spot = entry & SPOT
        if (entry >> 40) & 0xFFFFFF == part and spot + words < len(store):
            head = store[spot]
            if head >> 32 == size and same(at, base + 8 * (spot + 1), size):
                code: int = head & LOW
                return code
        place = (place + 1) & mask
    return -1 - place


@uncounted
def look_up(
    begins: Array,
    address: int,
    codes: Array,
    entries: Array,
    store: Array,
    key: Array,
    hashes: Array,
) -> int:
    """Give each text the code of its name, as far as the set holds it; others may add to the set meanwhile.

    Entries and names of a block of rows are fetched ahead together: memory is waited for once, not row by row.

    Args:
        begins, address: the texts.
        codes: int32, (n), written: -1 for an empty text, `MISSING` for a name that was not found.
        entries, store, key: as for `intern`.
        hashes: int64, (`BLOCK`), scratch.

    Returns:
        How many were not found.
    """
    mask, n, missing = len(entries) - 1, len(codes), 0
    table, base = entries.ctypes.data, store.ctypes.data
    for low in range(0, n, BLOCK):
        stop = min(n, low + BLOCK)
        for i in range(low, stop):
            value = hashed(address + begins[i], begins[i + 1] - begins[i], key)
            hashes[i - low] = value
            fetch(table + 8 * (value & mask))
        for i in range(low, stop):
            fetch(base + 8 * (entries[hashes[i - low] & mask] & SPOT))
        for i in range(low, stop):
            size: int = np.int64(begins[i + 1] - begins[i])  # type: ignore[assignment]  # compiled code knows one kind of integer
            if size == 0:
                codes[i] = -1
                continue
            code = sought(address + begins[i], size, hashes[i - low], entries, store)
            codes[i] = code if code >= 0 else MISSING
            missing += code < 0
    return missing


@uncounted
def intern(
    begins: Array,
    address: int,
    codes: Array,
    done: int,
    entries: Array,
    store: Array,
    filled: Array,
    key: Array,
) -> int:
    """Give each text from row `done` on that has none the code of its name, new names the next code.

    Each name stands in the store as one word (size above, code below) and its bytes. Who looks it up meanwhile
    meets zeros where it is not written yet.

    Args:
        begins, address: the texts.
        codes: int32, (n), written where it is `MISSING`.
        done: first row to look at.
        entries: int64, a power of two, 0 for free, else hash bits above `SPOT` and a place in the store.
        store: int64, zeros where no name stands; a place in it is never 0.
        filled: int64, (2), written: names held, words of the store used.
        key: of the hash.

    Returns:
        The row at which `entries` or `store` have become too small, else the number of rows.
    """
    mask, n = len(entries) - 1, len(codes)
    count, used = filled[0], filled[1]
    while done < n:
        if codes[done] != MISSING:
            done += 1
            continue
        size: int = np.int64(begins[done + 1] - begins[done])  # type: ignore[assignment]  # as above
        at = address + begins[done]
        value = hashed(at, size, key)
        code = sought(at, size, value, entries, store)
        if code < 0:
            words = (size + 7) >> 3
            if 2 * count >= mask or used + 1 + words > len(store):
                break
            for k in range(words):
                store[used + 1 + k] = word(at + 8 * k) if 8 * k + 8 <= size else 0
            last = 0
            for k in range(size - 1, (size >> 3 << 3) - 1, -1):
                last = (last << 8) | byte(at + k)
            if size & 7:
                store[used + words] = last
            store[used] = (size << 32) | count
            entries[-1 - code] = (((value >> 40) & 0xFFFFFF) << 40) | used
            code = count
            used += 1 + words
            count += 1
        codes[done] = code
        done += 1
    filled[0], filled[1] = count, used
    return done


@uncounted
def enter_again(store: Array, spot: int, many: int, entries: Array, key: Array) -> None:
    """Enter the stored names into a larger table: all differ, so none are compared.

    Args:
        store: as `intern` leaves it.
        spot: word of the store at which names begin.
        many: how many there are.
        entries: as for `intern`, all free; written.
        key: of the hash.
    """
    mask, base = len(entries) - 1, store.ctypes.data
    for _ in range(many):
        size = store[spot] >> 32
        value = hashed(base + 8 * (spot + 1), size, key)
        place = value & mask
        while entries[place] != 0:
            place = (place + 1) & mask
        entries[place] = (((value >> 40) & 0xFFFFFF) << 40) | spot
        spot += 1 + ((size + 7) >> 3)


@uncounted
def spell(store: Array, spot: int, begins: Array, spelled: Array) -> int:
    """Write the stored names, in the order of their codes, as a text column; returns its bytes.

    Args:
        store: as `intern` leaves it.
        spot: word of the store at which names begin.
        begins: int64, (names + 1), written: offsets.
        spelled: uint8, written; long enough.
    """
    base = store.ctypes.data
    at = 0
    begins[0] = 0
    for code in range(len(begins) - 1):
        size = store[spot] >> 32
        for k in range(size):
            spelled[at + k] = byte(base + 8 * (spot + 1) + k)
        at += size
        begins[code + 1] = at
        spot += 1 + ((size + 7) >> 3)
    return at


@uncounted
def heads(begins: Array, address: int, found: Array) -> None:
    """Give of each text the eight bytes behind those that all begin with, zeros behind its end: in the order of bytes.

    Args:
        begins, address: the texts.
        found: uint64, (n), written.
    """
    n = len(found)
    shared = begins[1] - begins[0] if n else 0
    for i in range(1, n):
        size = min(shared, begins[i + 1] - begins[i])
        shared = 0
        while shared < size and byte(address + begins[i] + shared) == byte(
            address + begins[0] + shared
        ):
            shared += 1
    for i in range(n):
        head, at, end = 0, address + begins[i] + shared, address + begins[i + 1]
        for k in range(8):
            head = (head << 8) | (byte(at + k) if at + k < end else 0)
        found[i] = head

"""Names to numbers and back: each account or room gets a code when it is first met.

Names stand one after another in one byte array, found through an open-addressing table of codes: about
40 bytes and the name itself for each, no Python object. Compiled, as every line passes through it twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.compiled import outer
from undertow.events.kernel_texts import hashed, same

Array = npt.NDArray[Any]
NOBODY: Final = -1
"""Code of null."""
_LEAST: Final = 1 << 10
COUNT: Final = 0
USED: Final = 1


class Texts(NamedTuple):
    """A column of strings as compiled code reads it.

    Attributes:
        data: uint8: the bytes of all, one after another.
        ends: int32, (n + 1): where each begins, and the end of the last.
    """

    data: Array
    ends: Array


class Held(NamedTuple):
    """All names met so far.

    Attributes:
        table: int64, a power of two: code, -1 for free.
        hashes: int64, per code.
        places: int64, per code and one more: where its bytes begin in `store`.
        store: uint8: the bytes of all names.
        filled: int64: codes given, bytes used.
    """

    table: Array
    hashes: Array
    places: Array
    store: Array
    filled: Array


def new_key() -> Array:
    """Make a key for `hashed` that nobody else knows."""
    return np.frombuffer(os.urandom(24), np.int64) | 1


def texts(strings: pa.Array) -> Texts:
    """Hand a column of strings to compiled code without copying."""
    _, ends, data = strings.buffers()
    begin, end = strings.offset, strings.offset + len(strings) + 1
    return Texts(
        np.frombuffer(data or b"\0", np.uint8), np.frombuffer(ends, np.int32)[begin:end]
    )


@outer
def _code(given: Texts, known: Array, first: int, held: Held, key: Array, codes: Array) -> int:
    """Give codes to names `first` and up; stops before a name for which there is no room.

    Args:
        given: the names.
        known: bool, (n): false for null.
        first: where to begin.
        held: names met so far, written.
        key: of the hash.
        codes: int64, (n), written.

    Returns:
        The first name without a code, or their number.
    """
    mask = len(held.table) - 1
    data, store = given.data.ctypes.data, held.store.ctypes.data
    for i in range(first, len(codes)):
        if not known[i]:
            codes[i] = NOBODY
            continue
        begin, size = data + given.ends[i], given.ends[i + 1] - given.ends[i]
        h = hashed(begin, size, key)
        slot = h & mask
        found = -1
        while held.table[slot] >= 0:
            code = held.table[slot]
            place = held.places[code]
            if (
                held.hashes[code] == h
                and held.places[code + 1] - place == size
                and same(begin, store + place, size)
            ):
                found = code
                break
            slot = (slot + 1) & mask
        if found < 0:
            count, used = held.filled[COUNT], held.filled[USED]
            if (
                2 * count >= len(held.table)
                or count >= len(held.hashes)
                or used + size > len(held.store)
            ):
                return i
            for k in range(size):
                held.store[used + k] = given.data[given.ends[i] + k]
            found = count
            held.table[slot] = found
            held.hashes[found] = h
            held.places[found + 1] = used + size
            held.filled[COUNT] = count + 1
            held.filled[USED] = used + size
        codes[i] = found
    return len(codes)


@outer
def _refill(held: Held) -> None:
    """Enter all codes into an empty table."""
    mask = len(held.table) - 1
    for code in range(held.filled[COUNT]):
        slot = held.hashes[code] & mask
        while held.table[slot] >= 0:
            slot = (slot + 1) & mask
        held.table[slot] = code


@outer
def _rehash(held: Held, key: Array) -> None:
    store = held.store.ctypes.data
    for code in range(held.filled[COUNT]):
        begin = held.places[code]
        held.hashes[code] = hashed(store + begin, held.places[code + 1] - begin, key)


class Names:
    """Codes of names, from 0, in the order in which they were first met."""

    def __init__(self) -> None:
        # A key of its own: nobody outside can choose names that all fall into one slot.
        self._key = new_key()
        self._held = Held(
            _free(_LEAST),
            np.empty(_LEAST, np.int64),
            np.zeros(_LEAST + 1, np.int64),
            np.empty(32 * _LEAST, np.uint8),
            np.zeros(2, np.int64),
        )

    def __len__(self) -> int:
        return int(self._held.filled[COUNT])

    @property
    def size(self) -> int:
        """Bytes in use."""
        return sum(array.nbytes for array in self._held)

    def codes(self, names: pa.Array) -> Array:
        """Give the codes of names, new ones for those never met.

        Args:
            names: string, (n), nulls allowed.

        Returns:
            int64, (n), `NOBODY` for null.
        """
        codes = np.full(len(names), NOBODY, np.int64)
        if names.null_count == len(names):
            return codes
        known = np.ones(len(names), bool)
        if names.null_count:
            known &= names.is_valid().to_numpy(zero_copy_only=False)
        given = texts(names)
        i = 0
        while i < len(codes):
            i = _code(given, known, i, self._held, self._key, codes)
            if i < len(codes):
                self._grow(int(given.ends[i + 1] - given.ends[i]))
        return codes

    def _grow(self, wanted: int) -> None:
        held = self._held
        count, used = held.filled.tolist()
        if used + wanted > len(held.store):
            held = held._replace(store=_longer(held.store, 2 * len(held.store) + wanted))
        if count >= len(held.hashes):
            held = held._replace(
                hashes=_longer(held.hashes, 2 * count),
                places=_longer(held.places, 2 * count + 1),
            )
        if 2 * count >= len(held.table):
            held = held._replace(table=_free(2 * len(held.table)))
            _refill(held)
        self._held = held

    def name(self, code: int) -> str | None:
        """Give the name of a code, None for `NOBODY`."""
        if code < 0:
            return None
        begin, end = self._held.places[code], self._held.places[code + 1]
        return self._held.store[begin:end].tobytes().decode()

    def array(self, codes: Iterable[int]) -> pa.Array:
        """Give the names of codes: string, null for `NOBODY`."""
        return pa.array([self.name(code) for code in codes], pa.string())

    def begin_with(self, start: bytes, first: int, end: int) -> Array:
        """Say which names with codes `first` to `end` begin with some bytes: bool, (end - first)."""
        size, (places, store) = len(start), (self._held.places, self._held.store)
        begin = places[first:end]
        long_enough = places[first + 1 : end + 1] - begin >= size
        looked_at = np.minimum(begin[:, None] + np.arange(size), len(store) - 1)
        same = (store[looked_at] == np.frombuffer(start, np.uint8)).all(axis=1)
        return np.asarray(same & long_enough)

    def state(self) -> dict[str, Array]:
        """Give what a checkpoint holds."""
        count, used = self._held.filled.tolist()
        return {"places": self._held.places[: count + 1], "store": self._held.store[:used]}

    def restore(self, state: dict[str, Array]) -> None:
        """Take up what a checkpoint held, in the place of everything met so far."""
        places, store = state["places"], state["store"]
        count = len(places) - 1
        room = max(_LEAST, count)
        self._held = Held(
            _free(1 << max(10, (2 * count).bit_length())),
            np.empty(room, np.int64),
            _longer(places, room + 1),
            _longer(store, 32 * _LEAST),
            np.array([count, len(store)], np.int64),
        )
        _rehash(self._held, self._key)
        _refill(self._held)


def _free(size: int) -> Array:
    return np.full(size, -1, np.int64)


def _longer(array: Array, size: int) -> Array:
    grown = np.zeros(max(size, len(array)), array.dtype)
    grown[: len(array)] = array
    return grown

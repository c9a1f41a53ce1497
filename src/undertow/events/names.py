"""Names become numbers: one growing set of names, shared by the threads that read."""

from __future__ import annotations

import os
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events import kernel_names
from undertow.events import kernel_texts as kernel

Array = npt.NDArray[Any]

FEW: Final = 1 << 15
"""Entries to begin with; a set half full is made twice as large."""
FIRST: Final = 8
"""Word of the store at which names begin: a short name then lies within one line of the cache."""
MANY_TEXTS: Final = 20_000
"""Texts from which compiled code looks through them: below, compiling costs more."""
FEW_NAMES: Final = 20_000
"""Names below which they are sorted as they are."""
KEY: Final = np.frombuffer(os.urandom(24), np.int64) | 1
"""Of all hashes of this run."""


def bytes_of(texts: pa.Array) -> tuple[Array, int]:
    """Give the offsets, int32, (n + 1), of a `string` array and the address they count to.

    The address holds nothing: whoever uses it keeps the array.

    Raises:
        TypeError: it is no `string` array; offsets of another type would be read as others.
    """
    if texts.type != pa.string():
        raise TypeError(f"`{texts.type}` is no `string`")
    _, offsets, data = texts.buffers()
    if offsets is None or not len(texts):
        return np.zeros(len(texts) + 1, np.int32), 0
    begins = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)
    return begins, data.address if data is not None else 0


def _aligned(words: int) -> Array:
    """Make room that begins at a line of the cache: zeros."""
    room = np.zeros(words + 8, np.int64)
    skipped = -room.ctypes.data % 64 // 8
    return room[skipped : skipped + words]


class Names:
    """Distinct names and their codes, from 0, in the order in which threads brought them."""

    def __init__(self) -> None:
        self._lock = Lock()
        # Entries and the store that they lead into, replaced together: threads look names up in them at any time.
        self._tables = np.zeros(FEW, np.int64), _aligned(4 * FEW)
        self._filled = np.array([0, FIRST], np.int64)

    def __len__(self) -> int:
        return int(self._filled[0])

    def prepare(self) -> None:
        """Load the compiled code."""
        self.codes(pa.array([""]))

    def codes(self, texts: pa.Array) -> Array:
        """Give the code of each text: int32, (n), -1 for null and for the empty text.

        Args:
            texts: `string`, (n), valid UTF-8; nulls hold no bytes.
        """
        begins, address = bytes_of(texts)
        codes = np.empty(len(texts), np.int32)
        if not len(texts):
            return codes
        # Most names are there already: to find them nobody waits for the other threads.
        hashes = np.empty(kernel_names.BLOCK, np.int64)
        if kernel_names.look_up(begins, address, codes, *self._tables, KEY, hashes):
            with self._lock:
                done = self._intern(begins, address, codes, 0)
                while done < len(codes):
                    self._grow(int(begins[done + 1] - begins[done]))
                    done = self._intern(begins, address, codes, done)
        return codes

    def _intern(self, begins: Array, address: int, codes: Array, done: int) -> int:
        return int(
            kernel_names.intern(begins, address, codes, done, *self._tables, self._filled, KEY)
        )

    def _grow(self, size: int) -> None:
        """Make room for more names, one of them of `size` bytes."""
        held, used = self._filled.tolist()
        entries, store = self._tables
        if used + 2 + size // 8 > len(store):
            store = _aligned(2 * len(store) + size)
            store[:used] = self._tables[1][:used]
        if 2 * held >= len(entries) - 1:
            entries = np.zeros(2 * len(entries), np.int64)
            kernel_names.enter_again(store, FIRST, held, entries, KEY)
        self._tables = entries, store

    def _spelled(self) -> tuple[Array, Array]:
        held, used = self._filled.tolist()
        begins, spelled = np.zeros(held + 1, np.int64), np.empty(8 * used, np.uint8)
        return begins, spelled[: kernel_names.spell(self._tables[1], FIRST, begins, spelled)]

    def ranked(self) -> tuple[pa.Array, Array]:
        """Sort the names by their bytes.

        Returns:
            The names, `string`, (k), and for each code its place among them: int32, (k + 1), -1 at the
            end, where the code -1 finds it.
        """
        return ranked(self.texts())

    def texts(self) -> pa.Array:
        """Give the names in the order of their codes: `string`, or `large_string` where they are too many."""
        begins, spelled = self._spelled()
        small = begins[-1] < 2**31
        return pa.Array.from_buffers(
            pa.string() if small else pa.large_string(),
            len(begins) - 1,
            [
                None,
                pa.py_buffer(begins.astype(np.int32) if small else begins),
                pa.py_buffer(spelled),
            ],
        )


def ranked(names: pa.Array) -> tuple[pa.Array, Array]:
    """Sort distinct names; returns as `Names.ranked`."""
    many = len(names) >= FEW_NAMES and names.type == pa.string()
    order = _sorted(names) if many else pc.sort_indices(names).to_numpy()
    ranks = np.full(len(names) + 1, -1, np.int32)
    ranks[order] = np.arange(len(names), dtype=np.int32)
    return names.take(pa.array(order)), ranks


def _sorted(names: pa.Array) -> Array:
    """Sort many names by eight bytes of each, behind those that all begin with; only equals are compared as a whole."""
    begins, address = bytes_of(names)
    heads = np.empty(len(names), np.uint64)
    kernel_names.heads(begins, address, heads)
    order = np.argsort(heads)
    sorted_heads = heads[order]
    equal = np.append(False, sorted_heads[1:] == sorted_heads[:-1])
    among = equal.copy()
    among[:-1] |= equal[1:]
    places = np.flatnonzero(among)
    if len(places):
        keys = pa.table(
            {"run": np.cumsum(~equal)[places], "name": names.take(pa.array(order[places]))}
        )
        found = pc.sort_indices(keys, [("run", "ascending"), ("name", "ascending")])
        order[places] = order[places][found.to_numpy()]
    return order


def rows_naming(texts: pa.Array, names: pa.Array, which: Array) -> Array:
    """Find the texts that hold the native id of an account: what stands behind its name's first colon.

    Args:
        texts: `string`, (n); a null holds nothing.
        names: `string`: of accounts.
        which: int32, (n): place in `names` of each text's account, -1 for none.

    Returns:
        The rows, ascending: int64.
    """
    if len(texts) < MANY_TEXTS:
        native = [name.split(":", 1)[-1] for name in names.to_pylist()]
        rows = enumerate(zip(texts.to_pylist(), which.tolist(), strict=True))
        held = [
            row
            for row, (text, k) in rows
            if text and k >= 0 and native[k] and native[k] in text
        ]
        return np.array(held, np.int64)
    hits = np.zeros(len(texts), bool)
    # A name holds the bytes for as long as they are looked at.
    held = names.cast(pa.string())
    kernel.mark_naming(*bytes_of(texts), *bytes_of(held), which, hits)
    return np.flatnonzero(hits)

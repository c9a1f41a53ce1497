"""Compiled: some rows of a text column in pieces, as one piece."""

from __future__ import annotations

from undertow.compiled import uncounted
from undertow.events.kernel_bytes import Array, byte, word
from undertow.events.kernel_texts import Texts, find


@uncounted
def measure(texts: Texts, rows: Array, begins: Array, places: Array) -> None:
    """Find some rows and add up their sizes.

    Args:
        texts: the column.
        rows: int64, (r).
        begins: int64, (r + 1), written: offsets in the new column.
        places: int64, (r), written: the address of each row's bytes.
    """
    begins[0] = 0
    for i in range(len(rows)):
        places[i], size = find(texts, rows[i])
        begins[i + 1] = begins[i] + size


@uncounted
def copy(begins: Array, places: Array, words: Array) -> None:
    """Copy the bytes of rows.

    Args:
        begins: int64, (r + 1), as from `measure`.
        places: int64, (r): addresses.
        words: uint8, written: `begins[r]` bytes.
    """
    for i in range(len(places)):
        at, size = begins[i], begins[i + 1] - begins[i]
        k = 0
        while k + 8 <= size:
            eight = word(places[i] + k)
            for shift in range(8):
                words[at + k + shift] = (eight >> (8 * shift)) & 0xFF
            k += 8
        while k < size:
            words[at + k] = byte(places[i] + k)
            k += 1

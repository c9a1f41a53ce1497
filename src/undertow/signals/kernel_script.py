"""Compiled work on many scripts: sketches of texts, and which text first met each in a band.

`script` does the same in NumPy where texts are few: below, compiling costs more.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from undertow.compiled import inlined, outer, uncounted
from undertow.events.kernel_bytes import fetch

Array = npt.NDArray[Any]

BANDS: Final = 32
ROWS: Final = 3
"""Bands and rows of the search, over twos of words: of two texts that share 0.7 of words and twos they share about 0.6 of the twos, and such
a pair is met with a chance of 0.999. Words alone would meet too many: `the` is in every text."""
WIDTH: Final = BANDS * ROWS
COMPARED: Final = 64
"""Places of a sketch that are compared whole: as many bytes are a line of memory."""
LEAST: Final = 20
"""Places of `COMPARED` in which two sketches must be alike for two texts to be compared: where 0.6 of the twos are common fewer miss that
by chance than one in ten thousand."""
WORDS: Final = COMPARED // 8
"""Words of a short sketch: a byte for each place."""
BLOCK: Final = 32
"""Texts whose entries are fetched ahead together."""
PLACE: Final = 32
"""Bits of an entry that hold a place."""
LOW: Final = (1 << PLACE) - 1
PRIME: Final = np.uint64(0x100000001B3)
FOLD: Final = np.uint64(29)
UPPER: Final = np.uint64(32)
_EMPTY: Final = np.uint32(0xFFFFFFFF)
_LOWEST: Final = np.uint32(0xFF)
_SEVEN: Final = np.int64(0x7F7F7F7F7F7F7F7F)
"""All bits of each byte but the uppermost."""
_ONES: Final = np.int64(0x0101010101010101)


@inlined
def mixed(value: np.uint64, code: np.uint64) -> np.uint64:
    """Add a word to the value of those before it."""
    value = (value ^ code) * PRIME
    return value ^ (value >> FOLD)


@uncounted
def sketch(codes: Array, begins: Array, first: Array, second: Array, out: Array) -> None:
    """Sketch texts by MinHash over each two words that follow each other; the last word counts by itself.

    Args:
        codes: int32: the words of all texts, from 1.
        begins: int64, (n + 1): where each text begins.
        first: uint32, (`WIDTH`): multipliers of a shingle's value.
        second: uint32, (`WIDTH`): what is added; values are sorted by the sum.
        out: uint32, (n, `WIDTH`), written: the least of each over the text's shingles.
    """
    for i in range(len(out)):
        for p in range(WIDTH):
            out[i, p] = _EMPTY
        for k in range(begins[i], begins[i + 1]):
            value = mixed(np.uint64(0), np.uint64(codes[k]))
            if k + 1 < begins[i + 1]:
                value = mixed(value, np.uint64(codes[k + 1]))
            x = np.uint32(value >> UPPER)
            for p in range(WIDTH):
                h = np.uint32(first[p] * x + second[p])
                out[i, p] = min(out[i, p], h)


@uncounted
def shorten(sketches: Array, short: Array) -> None:
    """Write the lowest byte of each place of each sketch, eight to a word: int64, (n, `WORDS`)."""
    for i in range(len(short)):
        for w in range(WORDS):
            word = np.int64(0)
            for k in range(8):
                word |= np.int64(sketches[i, 8 * w + k] & _LOWEST) << np.int64(8 * k)
            short[i, w] = word


@inlined
def alike_bytes(short: Array, one: int, other: int) -> int:
    """Count the places in which two short sketches are alike: at least as many as in the sketches themselves."""
    many = np.int64(0)
    for w in range(WORDS):
        unlike = short[one, w] ^ short[other, w]
        # The uppermost bit of each byte is left where the byte is zero, so nothing carries over.
        zero = ~(((unlike & _SEVEN) + _SEVEN) | unlike | _SEVEN)
        many += (((zero >> np.int64(7)) & _ONES) * _ONES >> np.int64(56)) & np.int64(0xFF)
    return many  # type: ignore[return-value]  # compiled code knows one kind of integer


@inlined
def shared(sketches: Array, one: int, other: int) -> int:
    """Count the places in which two sketches are alike."""
    many = 0
    for p in range(COMPARED):
        many += sketches[one, p] == sketches[other, p]
    return many


@outer
def meet(sketches: Array, short: Array, band: int, table: Array, met: Array) -> None:
    """Find for each text the first one with the same band, if the two are one script.

    Entries of a block of texts are fetched ahead together: memory is waited for once, not text by text. Most texts
    meet another in some band and are not like it: the short sketches, a line of memory each, say so of nearly all.

    Args:
        sketches: uint32, (n, `WIDTH`).
        short: int64, (n, `WORDS`), of `shorten`.
        band: which one.
        table: int64, zeros, a power of two above n: a text's place, from 1, and above it a part of its hash.
        met: int32, (n), written: the text itself where there is none.
    """
    mask = len(table) - 1
    low = band * ROWS
    hashes = np.empty(BLOCK, np.int64)
    entries, rows, lines = table.ctypes.data, sketches.ctypes.data + 4 * low, short.ctypes.data
    for begin in range(0, len(met), BLOCK):
        end = min(begin + BLOCK, len(met))
        for i in range(begin, end):
            fetch(rows + 4 * WIDTH * (i + 2 * BLOCK))
            value = np.uint64(0)
            for p in range(low, low + ROWS):
                value = (value ^ np.uint64(sketches[i, p])) * PRIME
                value ^= value >> FOLD
            hashes[i - begin] = np.int64(value >> np.uint64(1))
            fetch(entries + 8 * (hashes[i - begin] & mask))
        for i in range(begin, end):
            fetch(lines + 8 * WORDS * ((table[hashes[i - begin] & mask] & LOW) - 1))
        for i in range(begin, end):
            place, part = hashes[i - begin] & mask, hashes[i - begin] >> PLACE << PLACE
            met[i] = i
            while table[place] != 0:
                if table[place] >> PLACE << PLACE == part:
                    j = (table[place] & LOW) - 1
                    same = True  # a hash alone finds candidates
                    for p in range(low, low + ROWS):
                        same &= sketches[i, p] == sketches[j, p]
                    if same:
                        if (
                            alike_bytes(short, i, j) >= LEAST
                            and shared(sketches, i, j) >= LEAST
                        ):
                            met[i] = j
                        break
                place = (place + 1) & mask
            if table[place] == 0:
                table[place] = part | (i + 1)


@uncounted
def common(
    codes: tuple[Array, Array],
    begins: tuple[Array, Array],
    table: tuple[Array, Array],
    out: Array,
) -> None:
    """Count the distinct words, and twos of words that follow each other, of two texts each, and those that both have.

    Args:
        codes: uint64: words of the first texts and of the second, by any value that differs where words differ.
        begins: int64, (n + 1) each: where each text begins.
        table: uint64 and int64, zeros, a power of two above all that any two texts have.
        out: int64, (n, 2), written: of both together, and in common.
    """
    keys, stamps = table
    mask = np.uint64(len(keys) - 1)
    for i in range(len(out)):
        either = both = 0
        for side in range(2):
            words, starts = codes[side], begins[side]
            for k in range(starts[i], starts[i + 1]):
                value = np.uint64(0)
                for at in range(k, min(k + 2, starts[i + 1])):
                    value = mixed(value, words[at])
                    place = (value >> UPPER) & mask
                    # Stamps tell the pairs apart, and what both sides have from what one has.
                    while stamps[place] > 3 * i and keys[place] != value:
                        place = (place + np.uint64(1)) & mask
                    if stamps[place] <= 3 * i:
                        keys[place], stamps[place] = value, 3 * i + 1 + side
                        either += 1
                    elif side == 1 and stamps[place] == 3 * i + 1:
                        stamps[place] = 3 * i + 3
                        both += 1
        out[i, 0], out[i, 1] = either, both

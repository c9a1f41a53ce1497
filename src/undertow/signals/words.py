"""Words of texts as numbers: what a text says, apart from how many letters its language needs for it.

A word is a run of letters between spaces; punctuation and marks that do not show count for nothing. Writing
that sets no spaces between words is read letter by letter, each together with the one before it.

Words are numbered in the order of their first appearance. So a text whose every word is another word, one for
one, holds the same numbers: what is made of them is the same in every language.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.names import bytes_of
from undertow.signals import kernel_words as kernel
from undertow.signals.kernel_words import BASE, HANGUL, LETTER, NOTHING, PLANE, SPACE, UNSPACED

Array = npt.NDArray[Any]

MANY: Final = 20_000
"""Texts from which compiled code looks through them: below, compiling costs more."""
KEPT: Final = ord("§")
"""What stands for a link, an address or a handle is a word."""
BLOCKS: Final = (
    (kernel.HAN, ((0x3005, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))),
    (kernel.KANA, ((0x3041, 0x3100), (0x31F0, 0x3200), (0xFF66, 0xFFA0))),
    (kernel.CLOSE, ((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800))),
    (HANGUL, ((0x1100, 0x1200), (0x3130, 0x3190), (0xAC00, 0xD7B0))),
)
"""Where letters stand of writing that sets no spaces, and of Korean, which sets them."""
WORTH: Final = np.array([0.0, 0.0, 0.0, 0.45, 0.6, 0.5, 0.2])
"""Words that a letter of each kind is worth, where letters are counted instead of words: without spaces, or, in
Korean, with particles in one word with what they belong to. Ours, rounded from how long translations of one text
are."""
_FIRST_LONG: Final = 0x80
"""First byte in UTF-8 that stands for no character by itself."""
_GOES_ON: Final = 0xC0


@cache
def kinds() -> Array:
    """Give the kind of each character of the first plane: uint8, (`PLANE`)."""
    categories = [unicodedata.category(chr(point))[0] for point in range(PLANE)]
    found = np.where(np.isin(categories, ("L", "M", "N")), LETTER, NOTHING).astype(np.uint8)
    found[[point for point in range(PLANE) if chr(point).isspace()]] = SPACE
    found[KEPT] = LETTER
    for kind, blocks in BLOCKS:
        for low, high in blocks:
            some = found[low:high]
            some[some == LETTER] = kind
    return found


def many_words(texts: pa.Array) -> Array:
    """Say how many words each text says: float64, (n), 0 where none is held.

    Args:
        texts: `string` or `large_string`, (n).
    """
    points, begins = _points(pc.fill_null(texts, ""))
    if len(texts) >= MANY:
        out = np.empty(len(texts))
        kernel.count(points, begins, kinds(), WORTH, out)
        return out
    kind = _kinds_of(points)
    said = WORTH[kind] + _first(kind, begins, kind == LETTER)
    # Text by text, in the order of their letters, as compiled code adds.
    return np.array([sum(part.tolist(), 0.0) for part in np.split(said, begins[1:-1])])


def words_of(texts: pa.Array) -> tuple[Array, Array]:
    """Give a value for each word of each text, which depends on its letters alone.

    Args:
        texts: `string` or `large_string`, (n), without nulls.

    Returns:
        uint64, (words), never 0, and int64, (n + 1), where the words of each text begin.
    """
    points, begins = _points(texts)
    if len(texts) >= MANY:
        values, ends = np.empty(len(points), np.uint64), np.empty(len(texts) + 1, np.int64)
        kernel.words(points, begins, kinds(), values, ends)
        return values[: ends[-1]], ends
    kind, points = _kinds_of(points), points.astype(np.uint64)
    letter, alone = (kind == LETTER) | (kind == HANGUL), kind >= UNSPACED
    values = np.zeros(len(points), np.uint64)
    place, first = np.flatnonzero(letter), _first(kind, begins, letter)
    head = np.flatnonzero(first[place])
    if len(place):
        size = np.diff(np.append(head, len(place)))
        within = np.arange(len(place)) - np.repeat(head, size)
        power = np.full(int(size.max()), BASE)
        power[0] = 1
        power = np.cumprod(power)
        values[place[head]] = np.add.reduceat(points[place] * power[within], head)
    single = np.flatnonzero(alone)
    values[single] = points[single]
    after = single[np.isin(single - 1, single) & ~np.isin(single, begins)]
    values[after] += points[after - 1] * BASE
    held = first | alone
    return values[held] | kernel.NEVER_0, np.append(0, np.cumsum(held))[begins]


def _points(texts: pa.Array) -> tuple[Array, Array]:
    """Give the characters of all texts one after another and where each text begins, int64, (n + 1).

    Characters are uint32, or uint8 where all are ASCII: then nothing is decoded.
    """
    texts = texts.cast(pa.string())
    begins, _ = bytes_of(texts)
    data = texts.buffers()[2]
    places = (begins - begins[0]).astype(np.int64)
    if data is None or not places[-1]:
        return np.empty(0, np.uint8), places
    signs = np.frombuffer(data, np.uint8)[begins[0] : begins[-1]]
    if signs.max() < _FIRST_LONG:
        return signs, places
    begun = np.append(0, np.cumsum(signs & _GOES_ON != _FIRST_LONG))
    points = signs.tobytes().decode().encode("utf-32-le")
    return np.frombuffer(points, np.uint32), begun[places]


def _kinds_of(points: Array) -> Array:
    """Give the kind of each character: uint8."""
    found = kinds()[np.minimum(points.astype(np.uint32), PLANE - 1)]
    for place in np.flatnonzero(points >= PLANE).tolist():
        slow = kernel.kind_of.py_func  # type: ignore[attr-defined]  # numba's hints lack it
        found[place] = slow(int(points[place]), kinds())
    return found


def _first(kind: Array, begins: Array, letter: Array) -> Array:
    """Mark the first letter of each word: bool, (characters)."""
    parts = ((kind == SPACE) | (kind >= UNSPACED)).astype(np.int64)
    np.add.at(parts, begins[begins < len(kind)], 1)
    place, parted = np.flatnonzero(letter), np.cumsum(parts)
    out = np.zeros(len(kind), bool)
    out[place] = np.diff(parted[place], prepend=-1) != 0
    return out


class Numbering:
    """Numbers words from 1 in the order of their first appearance; asked in that order, by one thread."""

    def __init__(self) -> None:
        self._keys, self._codes = _table(1 << 12)
        self._held = np.zeros(1, np.int64)

    def codes(self, values: Array) -> Array:
        """Number words by their values, as `words_of` gives them: int32, (n)."""
        out = np.empty(len(values), np.int32)
        done = kernel.number(values, self._keys, self._codes, self._held, out, 0)
        while done < len(values):
            keys, codes = _table(2 * len(self._keys))
            kernel.moved(self._keys, self._codes, keys, codes)
            self._keys, self._codes = keys, codes
            done = kernel.number(values, keys, codes, self._held, out, done)
        return out


def _table(size: int) -> tuple[Array, Array]:
    return np.zeros(size, np.uint64), np.zeros(size, np.int32)


def numbered(values: Array) -> Array:
    """Number words at once, as `Numbering` does: int32, (n)."""
    _, first, of = np.unique(values, return_index=True, return_inverse=True)
    code = np.empty(len(first), np.int32)
    code[np.argsort(first)] = np.arange(1, len(first) + 1)
    return code[of]

"""Compiled work on the words of many texts: how many there are, which they are, and their numbers.

`words` does the same in NumPy where texts are few: below, compiling costs more.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from undertow.compiled import inlined, uncounted

Array = npt.NDArray[Any]

NOTHING: Final = 0
"""Kind of a character that neither is said nor parts words: punctuation, and what does not show."""
SPACE: Final = 1
LETTER: Final = 2
HANGUL: Final = 3
HAN: Final = 4
KANA: Final = 5
CLOSE: Final = 6
"""Thai, Lao, Burmese and Khmer: as Han and kana they set no spaces, so each letter is read by itself."""
UNSPACED: Final = HAN
"""Kinds from this one on set no spaces."""
PLANE: Final = 1 << 16
"""Points of the plane that nearly all writing stands in."""
HAN_ABOVE: Final = (0x20000, 0x40000)
PICTURES: Final = (0x1F000, 0x1FB00)
BASE: Final = np.uint64(0x100000001B3)
NEVER_0: Final = np.uint64(1 << 63)
"""Set in each word's value, so that an empty entry of a table is none."""
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_UPPER: Final = np.uint64(32)


@inlined
def kind_of(point: int, kinds: Array) -> int:
    """Give the kind of a character; `kinds`: uint8, (`PLANE`)."""
    if point < PLANE:
        return kinds[point]  # type: ignore[no-any-return]  # an array holds any
    if HAN_ABOVE[0] <= point < HAN_ABOVE[1]:
        return HAN
    if PICTURES[0] <= point < PICTURES[1]:
        return NOTHING
    return LETTER


@uncounted
def count(points: Array, begins: Array, kinds: Array, worth: Array, out: Array) -> None:
    """Say how many words each text says.

    Args:
        points: uint32 or uint8: the characters of all texts.
        begins: int64, (n + 1): where each text begins.
        kinds: uint8, (`PLANE`).
        worth: float64, by kind: words that a letter is worth; of `LETTER` nothing, as words are counted.
        out: float64, (n), written.
    """
    for i in range(len(out)):
        inside, said = False, 0.0
        for k in range(begins[i], begins[i + 1]):
            kind = kind_of(points[k], kinds)
            said += worth[kind]
            if kind == LETTER:
                said += not inside
                inside = True
            elif kind == SPACE or kind >= UNSPACED:
                inside = False
        out[i] = said


@uncounted
def words(points: Array, begins: Array, kinds: Array, values: Array, ends: Array) -> None:
    """Give each word of each text a value: the sum of its letters times the powers of `BASE`, or, in writing without spaces, a letter with the one before it.

    Args:
        points: as for `count`.
        begins: as for `count`.
        kinds: as for `count`.
        values: uint64, (characters), written from the front.
        ends: int64, (n + 1), written: where the words of each text begin.
    """
    at = 0
    for i in range(len(ends) - 1):
        ends[i] = at
        inside, before, power = False, _NONE, _ONE
        for k in range(begins[i], begins[i + 1]):
            kind, point = kind_of(points[k], kinds), np.uint64(points[k])
            if kind in (LETTER, HANGUL):
                if not inside:
                    values[at] = NEVER_0
                    at += 1
                    inside, power = True, _ONE
                values[at - 1] = (values[at - 1] + point * power) | NEVER_0
                power *= BASE
            elif kind >= UNSPACED:
                values[at] = (point + before * BASE) | NEVER_0
                at += 1
                inside = False
            elif kind == SPACE:
                inside = False
            before = point if kind >= UNSPACED else _NONE
    ends[len(ends) - 1] = at


@uncounted
def number(values: Array, keys: Array, codes: Array, held: Array, out: Array, done: int) -> int:
    """Number words from 1 in the order of first appearance, until the table is half full; give how many are done.

    Args:
        values: uint64, (n), never 0.
        keys: uint64, a power of two of entries, 0 for none.
        codes: int32, as many.
        held: int64, (1): words in the table.
        out: int32, (n), written from `done` on.
        done: how many are numbered already.
    """
    mask = np.uint64(len(keys) - 1)
    for i in range(done, len(values)):
        place = (values[i] * SPREAD >> _UPPER) & mask
        while keys[place] != _NONE and keys[place] != values[i]:
            place = (place + _ONE) & mask
        if keys[place] == _NONE:
            if 2 * held[0] >= len(keys):
                return i
            held[0] += 1
            keys[place], codes[place] = values[i], held[0]
        out[i] = codes[place]
    return len(values)


@uncounted
def moved(keys: Array, codes: Array, into: Array, numbers: Array) -> None:
    """Move what stands in one table into a larger, empty one."""
    mask = np.uint64(len(into) - 1)
    for i in range(len(keys)):
        if keys[i] != _NONE:
            place = (keys[i] * SPREAD >> _UPPER) & mask
            while into[place] != _NONE:
                place = (place + _ONE) & mask
            into[place], numbers[place] = keys[i], codes[i]

"""The signal `script`: texts that say the same but for numbers, addresses and a few words share a number.

Enters: texts. Leaves: a number per text; equal numbers mean near-duplicates. Digits, links, mail addresses and
handles are masked first, so that one script sent to many with other names in it stays one script. Short
texts say too little: under thirty characters, before masking and after it, nothing is compared, and letters of writing that needs fewer of
them count for more, so that the same words are compared in every language. High alone means little: greetings,
jokes passed on and forms of a help desk are scripts as well.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.names import Names, bytes_of
from undertow.events.order import THREADS
from undertow.signals import kernel_script as kernel
from undertow.signals.kernel_script import BANDS, LEAST, ROWS, SHINGLE, WIDTH, WORDS

Array = npt.NDArray[Any]

NONE: Final = -1
"""Number of a text that is not held or too short."""
SHORTEST: Final = 30
"""Characters from which a text is compared (science reference, B2, for English)."""
DENSE: Final = (
    (r"[\p{Arabic}\p{Hebrew}]", 0.25),
    (r"\p{Hangul}", 1.0),
    (r"[\p{Hiragana}\p{Katakana}]", 1.5),
    (r"\p{Han}", 2.0),
)
"""How much more than one character of English a letter of these says, as far as the length of a text goes: without
vowels, by syllables, by words. Ours, rounded from how long translations of one text are."""
_DENSEST: Final = 10
"""Characters below which no writing reaches `SHORTEST`."""
MANY: Final = 20_000
"""Texts from which compiled code looks through them: below, compiling costs more."""
_CHANCE: Final = np.random.default_rng(2014)
_FIRST: Final = _CHANCE.integers(0, 1 << 32, WIDTH, dtype=np.uint32) | np.uint32(1)
_SECOND: Final = _CHANCE.integers(0, 1 << 32, WIDTH, dtype=np.uint32)
"""Multipliers and summands of the permutations: any would do, but always the same."""
_MASKS: Final = (
    (r"https?://\S+|www\.\S+", "§"),
    (r"\S+@\S+\.\w+", "§"),
    (r"@\w+", "§"),
    (r"\p{Nd}+", "0"),
    (r"\s+", " "),
)
_SPACE: Final = ord(" ")
_ODD: Final = np.array(
    [not _SPACE <= sign < 0x7F or chr(sign) in "0123456789@" for sign in range(256)]
)
"""Bytes of texts in which something may have to be masked."""
_FIRST_LONG: Final = 0x80
"""First byte in UTF-8 that stands for no character by itself."""
_BITE: Final = 20_000
"""Texts that are sketched at once, so that threads share the work and little memory is held."""


def masked(content: pa.Array) -> pa.Array:
    """Mask what changes from copy to copy: links, addresses, handles, digits, space, case.

    Args:
        content: `string`, (n), without nulls.
    """
    bare = _bare(content)
    if bare.all():
        return pc.ascii_trim_whitespace(pc.ascii_lower(content))
    texts = pc.utf8_lower(content.filter(pa.array(~bare)))
    for pattern, by in _MASKS:
        texts = pc.replace_substring_regex(texts, pattern, by)
    out = pc.ascii_trim_whitespace(pc.ascii_lower(content))
    return pc.replace_with_mask(out, pa.array(~bare), pc.utf8_trim_whitespace(texts))


def _bare(content: pa.Array) -> Array:
    """Say in which texts nothing but case has to be masked, by a look at the bytes: bool, (n)."""
    begins, _ = bytes_of(content)
    data = content.buffers()[2]
    if data is None or begins[0] == begins[-1]:
        return np.ones(len(content), bool)
    signs = np.frombuffer(data, np.uint8)[begins[0] : begins[-1]]
    odd = _ODD[signs]
    space = signs == _SPACE
    odd[1:] |= space[1:] & space[:-1]
    places = np.flatnonzero(odd)
    bare = np.ones(len(content), bool)
    bare[np.searchsorted(begins - begins[0], places, "right") - 1] = False
    for sign in ("://", "www."):
        bare &= ~pc.match_substring(content, sign, ignore_case=True).to_numpy(
            zero_copy_only=False
        )
    return bare


def sketches(texts: pa.Array) -> Array:
    """Sketch masked texts: uint32, (n, `WIDTH`), by MinHash over shingles."""
    out = np.empty((len(texts), WIDTH), np.uint32)

    def work(low: int) -> None:
        some = texts.slice(low, _BITE)
        lengths = pc.utf8_length(some).to_numpy().astype(np.int64)
        points = _points(some)
        begins = np.append(0, np.cumsum(lengths))
        sketch = _sketch if len(texts) < MANY else kernel.sketch
        sketch(points, begins, _FIRST, _SECOND, out[low : low + _BITE])

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(work, range(0, len(texts), _BITE)):
            pass
    return out


def _points(texts: pa.Array) -> Array:
    """Give the characters of all texts one after another: uint32."""
    texts = texts.cast(pa.string())
    begins, _ = bytes_of(texts)
    data = texts.buffers()[2]
    if data is None or begins[0] == begins[-1]:
        return np.empty(0, np.uint32)
    signs = np.frombuffer(data, np.uint8)[begins[0] : begins[-1]]
    if signs.max() < _FIRST_LONG:  # one byte each: nothing has to be decoded
        return signs.astype(np.uint32)
    return np.frombuffer("".join(texts.to_pylist()).encode("utf-32-le"), np.uint32)


def _sketch(points: Array, begins: Array, first: Array, second: Array, out: Array) -> None:
    """Do as `kernel.sketch`."""
    out[:] = np.iinfo(np.uint32).max
    count = np.maximum(np.diff(begins) - SHINGLE + 1, 0)
    some, ends = np.flatnonzero(count), np.cumsum(count)
    if not len(some):
        return
    place = np.repeat(begins[:-1] - ends + count, count) + np.arange(ends[-1])
    value = np.zeros(len(place), np.uint64)
    for offset in range(SHINGLE):
        value = (value ^ points[place + offset]) * kernel.PRIME
        value ^= value >> kernel.FOLD
    x = (value >> kernel.UPPER).astype(np.uint32)
    for p in range(WIDTH):
        out[some, p] = np.minimum.reduceat(first[p] * x + second[p], (ends - count)[some])


def alike(sketch: Array) -> Array:
    """Number sketches so that near-duplicates share a number: int64, (n), the least place among them.

    Each band's bucket is compared with its first member, not all with all: a chain of texts that each
    differ a little may so become one script.
    """
    n = len(sketch)
    meet = _meet if n < MANY else kernel.meet
    short = np.empty((n, WORDS), np.int64)
    if n >= MANY:
        kernel.shorten(sketch, short)

    def work(band: int) -> Array:
        met = np.empty(n, np.int32)
        meet(sketch, short, band, np.zeros(2 << n.bit_length(), np.int64), met)
        return met

    root = np.arange(n)
    with ThreadPoolExecutor(THREADS) as pool:
        for met in pool.map(work, range(BANDS)):
            one = np.flatnonzero(met != np.arange(n))
            root = _merged(root, one, met[one])
    return root


def _meet(sketch: Array, _short: Array, band: int, _table: Array, met: Array) -> None:
    """Do as `kernel.meet`."""
    part = np.ascontiguousarray(sketch[:, band * ROWS : (band + 1) * ROWS])
    keys = part.view(np.dtype((np.void, part.dtype.itemsize * ROWS))).ravel()
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    met[:] = first[of]
    same = (sketch == sketch[met]).sum(axis=1) >= LEAST
    met[~same] = np.flatnonzero(~same)


def _merged(root: Array, one: Array, other: Array) -> Array:
    """Join the sets of some places; every place then points at the least of its set."""
    while len(one):
        low = np.minimum(root[one], root[other])
        np.minimum.at(root, root[one], low)
        np.minimum.at(root, root[other], low)
        while (root[root] != root).any():
            root = root[root]
        apart = root[one] != root[other]
        one, other = one[apart], other[apart]
    return root


def _long_enough(content: pa.Array) -> Array:
    """Say which texts hold enough to be compared: bool, (n), false where none is held."""
    length = pc.fill_null(pc.utf8_length(content), 0).to_numpy()
    long = np.asarray(length >= SHORTEST)
    # In ASCII a character is a byte, and none of it is dense.
    wide = pc.fill_null(pc.binary_length(content), 0).to_numpy() > length
    rows = np.flatnonzero(~long & wide & (length >= _DENSEST))
    if len(rows):
        some, worth = content.take(pa.array(rows)), length[rows].astype(np.float64)
        for letters, more in DENSE:
            worth += more * pc.count_substring_regex(some, letters).to_numpy()
        long[rows] = worth >= SHORTEST
    return long


@dataclass
class Scripts:
    """Collects texts batch by batch and tells scripts apart at the end; threads may share it.

    A text's number is provisional until `settled`: it counts distinct masked texts.
    """

    _texts: Names = field(default_factory=Names)

    def look(self, content: pa.Array) -> Array:
        """Number the texts of a batch: int32, (n), `NONE` where nothing is compared."""
        numbers = np.full(len(content), NONE, np.int32)
        rows = np.flatnonzero(_long_enough(content))
        said = masked(content.take(pa.array(rows)))
        # A link alone, or a word beside a long address, is nothing but its mask.
        left = _long_enough(said)
        numbers[rows[left]] = self._texts.codes(said.filter(pa.array(left)))
        return numbers

    def settled(self, numbers: Array) -> Array:
        """Turn provisional numbers of the whole log, in its order, into scripts.

        Returns:
            int32, (n): 0, 1, ... in the order of first appearance, `NONE` as before.
        """
        found = in_order(numbers)
        rows = np.flatnonzero(numbers >= 0)
        first = np.empty(int(found.max(initial=NONE)) + 1, np.int64)
        first[found[rows]] = numbers[rows]
        # Whichever thread read a text first: texts are compared in the order of the log.
        root = alike(sketches(self._texts.texts().take(pa.array(first))))
        rank = np.cumsum(root == np.arange(len(root))) - 1
        found[rows] = rank[root[found[rows]]]
        return found


def in_order(codes: Array) -> Array:
    """Number codes anew in the order of first appearance: int32, (n); `NONE` stays."""
    rows = np.flatnonzero(codes >= 0)
    first = np.full(int(codes.max(initial=NONE)) + 1, len(codes), np.int64)
    # Written from the last row on, so that the first one stays.
    first[codes[rows[::-1]]] = rows[::-1]
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    out = np.full(len(codes), NONE, np.int32)
    out[rows] = rank[codes[rows]]
    return out


def script_column(content: pa.Array) -> pa.Array:
    """Give the script of each text: int64, (n), null where nothing is compared."""
    scripts = Scripts()
    found = scripts.settled(scripts.look(content))
    return pa.array(found, pa.int64(), mask=found == NONE)

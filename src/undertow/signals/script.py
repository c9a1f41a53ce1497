"""The signal `script`: texts that say the same but for numbers, addresses and a few words share a number.

Enters: texts. Leaves: a number per text; equal numbers mean near-duplicates. Digits, links, mail addresses and
handles are masked first, so that one script sent to many with other names in it stays one script. Texts are
compared by their words and by which follows which, not by their letters: words of another language in place of
these give the same numbers. Short texts say too little: under six words nothing is compared. High alone means
little: greetings, jokes passed on and forms of a help desk are scripts as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from undertow.signals.kernel_script import BANDS, COMPARED, LEAST, ROWS, WIDTH, WORDS
from undertow.signals.words import MANY, Numbering, many_words, numbered, words_of

Array = npt.NDArray[Any]

NONE: Final = -1
"""Number of a text that is not held or too short."""
FEWEST: Final = 6
"""Words from which a text is compared: thirty characters of English (science reference, B2)."""
SIMILAR: Final = 0.7
"""Share of the words, and of the twos of words, of two texts that both have (Jaccard), from which they say the same."""
_LEAST_BYTES: Final = 2 * FEWEST - 1
"""Bytes below which no text holds so many words."""
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
    """Sketch masked texts: uint32, (n, `WIDTH`), by MinHash over each two words that follow each other."""
    out = np.empty((len(texts), WIDTH), np.uint32)
    if len(texts) < MANY:
        values, begins = words_of(texts)
        _sketch(numbered(values), begins, _FIRST, _SECOND, out)
        return out
    number, waiting = Numbering(), []
    with ThreadPoolExecutor(THREADS) as pool:
        for low in range(0, len(texts), _BITE):
            # Numbers follow the order of the texts, so they are given by one thread.
            values, begins = words_of(texts.slice(low, _BITE))
            some = out[low : low + _BITE]
            waiting.append(
                pool.submit(kernel.sketch, number.codes(values), begins, _FIRST, _SECOND, some)
            )
        for one in waiting:
            one.result()
    return out


def _sketch(codes: Array, begins: Array, first: Array, second: Array, out: Array) -> None:
    """Do as `kernel.sketch`."""
    out[:] = np.iinfo(np.uint32).max
    some = np.flatnonzero(np.diff(begins))
    if not len(some):
        return
    value = _mixed(np.zeros(len(codes), np.uint64), codes)
    both = _mixed(value, np.append(codes[1:], 0))
    last = begins[some + 1] - 1
    both[last] = value[last]
    x = (both >> kernel.UPPER).astype(np.uint32)
    for p in range(WIDTH):
        out[some, p] = np.minimum.reduceat(first[p] * x + second[p], begins[some])


def _mixed(value: Array, codes: Array) -> Array:
    value = (value ^ codes.astype(np.uint64)) * kernel.PRIME
    return np.asarray(value ^ (value >> kernel.FOLD))


def alike(texts: pa.Array) -> Array:
    """Number masked texts so that near-duplicates share a number: int64, (n), the least place among them.

    Sketches find who may be like whom; whether they are is counted. Each band's bucket is compared with its first
    member, not all with all: a chain of texts that each differ a little may so become one script.
    """
    n, sketch = len(texts), sketches(texts)
    meet = _meet if n < MANY else kernel.meet
    short = np.empty((n, WORDS), np.int64)
    if n >= MANY:
        kernel.shorten(sketch, short)

    def work(band: int) -> tuple[Array, Array]:
        met = np.empty(n, np.int32)
        meet(sketch, short, band, np.zeros(2 << n.bit_length(), np.int64), met)
        one = np.flatnonzero(met != np.arange(n))
        return one, met[one]

    root = np.arange(n)
    with ThreadPoolExecutor(THREADS) as pool:
        pairs = pool.map(work, range(BANDS))
        for one, other in pairs if n >= MANY else _once(pairs, n):
            apart = np.flatnonzero(root[one] != root[other])
            for some in np.split(apart, range(_BITE, len(apart), _BITE)):
                same = some[similar(texts, one[some], other[some])]
                root = _merged(root, one[same], other[same])
    return root


def _once(pairs: Iterable[tuple[Array, Array]], n: int) -> Iterator[tuple[Array, Array]]:
    """Give the pairs of all bands together, each once: where texts are few, asking takes longer than what is asked."""
    both = np.unique(np.concatenate([one * n + other for one, other in pairs]))
    yield both // n, both % n


def similar(texts: pa.Array, one: Array, other: Array) -> Array:
    """Say whether two texts each say the same: bool, (pairs).

    Args:
        texts: `string`, masked.
        one: places in it, (pairs).
        other: with whom each is compared.
    """
    (codes, begins), (more, starts) = (words_of(texts.take(pa.array(p))) for p in (one, other))
    longest = int((np.diff(begins) + np.diff(starts)).max(initial=0))
    size = 1 << (4 * longest).bit_length()
    table = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    out = np.empty((len(one), 2), np.int64)
    kernel.common((codes, more), (begins, starts), table, out)
    return np.asarray(out[:, 1] >= SIMILAR * out[:, 0])


def _meet(sketch: Array, _short: Array, band: int, _table: Array, met: Array) -> None:
    """Do as `kernel.meet`."""
    part = np.ascontiguousarray(sketch[:, band * ROWS : (band + 1) * ROWS])
    keys = part.view(np.dtype((np.void, part.dtype.itemsize * ROWS))).ravel()
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    met[:] = first[of]
    same = (sketch == sketch[met])[:, :COMPARED].sum(axis=1) >= LEAST
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
    size = pc.fill_null(pc.binary_length(content), 0).to_numpy()
    enough = np.asarray(size >= _LEAST_BYTES)
    rows = np.flatnonzero(enough)
    enough[rows] = many_words(content.take(pa.array(rows))) >= FEWEST
    return enough


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
        root = alike(self._texts.texts().take(pa.array(first)))
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
    """Give the script of each text, a column of any text type: int64, (n), null where nothing is compared."""
    scripts = Scripts()
    found = scripts.settled(scripts.look(content.cast(pa.string())))
    return pa.array(found, pa.int64(), mask=found == NONE)

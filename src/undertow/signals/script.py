"""The signal `script`: texts that say the same but for numbers, addresses and a few words share a number.

Enters: texts. Leaves: int64 per text; equal numbers mean near-duplicates. Digits, links, mail addresses and
handles are masked first, so that one script sent to many with other names in it stays one script. Short
texts say too little: under thirty characters nothing is compared. High alone means little: greetings,
jokes passed on and forms of a help desk are scripts as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Array = npt.NDArray[Any]

NONE: Final = -1
"""Number of a text that is not held or too short."""
SHORTEST: Final = 30
"""Characters from which a text is compared (science reference, B2)."""
SHINGLE: Final = 5
"""Characters per shingle (science reference, B2: Jaccard on 5-grams with digits masked)."""
ALIKE: Final = 0.7
"""Estimated Jaccard similarity from which two texts are one script (science reference, B2)."""
BANDS: Final = 16
ROWS: Final = 4
"""Bands and rows of the search: a pair at 0.7 is met with a chance of 0.988, one at 0.3 of 0.12."""
SEED: Final = 2014
_MASKS: Final = (
    (r"https?://\S+|www\.\S+", "§"),
    (r"\S+@\S+\.\w+", "§"),
    (r"@\w+", "§"),
    (r"\p{Nd}+", "0"),
    (r"\s+", " "),
)
_BITE: Final = 20_000
"""Texts that are sketched at once: bounds the memory of rows on their way out of the library."""


def masked(content: pa.Array) -> pa.Array:
    """Mask what changes from copy to copy: links, addresses, handles, digits, space, case."""
    texts = pc.utf8_lower(content)
    for pattern, by in _MASKS:
        texts = pc.replace_substring_regex(texts, pattern, by)
    return pc.utf8_trim_whitespace(texts)


def sketches(texts: pa.Array) -> Array:
    """Sketch masked texts: uint32, (n, `BANDS` * `ROWS`), by MinHash over shingles."""
    if not len(texts):
        return np.empty((0, BANDS * ROWS), np.uint32)
    return np.concatenate(
        [_sketched(texts.slice(at, _BITE)) for at in range(0, len(texts), _BITE)]
    )


def _sketched(texts: pa.Array) -> Array:
    from rensa import RMinHash

    lengths = pc.utf8_length(texts).to_numpy().astype(np.int64)
    whole = "".join(texts.to_pylist())
    points = np.frombuffer(whole.encode("utf-32-le"), np.uint32).astype(np.uint64)
    count = np.maximum(lengths - SHINGLE + 1, 0)
    ends = np.cumsum(count)
    begin = np.repeat(np.cumsum(lengths) - lengths, count)
    place = begin + np.arange(len(begin)) - np.repeat(ends - count, count)
    value = np.zeros(len(place), np.uint64)
    for offset in range(SHINGLE):
        value = (value ^ points[place + offset]) * np.uint64(0x100000001B3)
        value ^= value >> np.uint64(29)
    offsets = np.append(0, ends).astype(np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(value, offsets, BANDS * ROWS, SEED)
    return np.array(matrix.to_rows(), np.uint32).reshape(len(texts), BANDS * ROWS)


def alike(sketch: Array) -> Array:
    """Number sketches so that near-duplicates share a number: int64, (n), the least place among them.

    Each band's bucket is compared with its first member, not all with all: a chain of texts that each
    differ a little may so become one script.
    """
    root = np.arange(len(sketch))
    for band in range(BANDS):
        part = np.ascontiguousarray(sketch[:, band * ROWS : (band + 1) * ROWS])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * ROWS))).ravel()
        _, first, of = np.unique(keys, return_index=True, return_inverse=True)
        one, other = np.arange(len(sketch)), first[of]
        met = np.flatnonzero((one != other) & (root[one] != root[other]))
        same = (sketch[met] == sketch[other[met]]).mean(axis=1) >= ALIKE
        root = _merged(root, met[same], other[met[same]])
    return root


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


@dataclass
class Scripts:
    """Collects sketches of texts batch by batch and tells scripts apart at the end; threads may share it.

    A text's number is provisional until `settled`: it counts distinct masked texts.
    """

    _number: dict[str, int] = field(default_factory=dict)
    _sketches: list[Array] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def look(self, content: pa.Array) -> Array:
        """Number the texts of a batch: int64, (n), `NONE` where nothing is compared."""
        numbers = np.full(len(content), NONE, np.int64)
        long = pc.fill_null(pc.greater_equal(pc.utf8_length(content), SHORTEST), False)
        rows = np.flatnonzero(long.to_numpy(zero_copy_only=False))
        coded = masked(content.take(pa.array(rows))).dictionary_encode()
        texts = coded.dictionary
        shown = texts.to_pylist()
        prints = sketches(texts)
        with self._lock:
            new = [place for place, text in enumerate(shown) if text not in self._number]
            for place in new:
                self._number[shown[place]] = len(self._number)
            self._sketches.append(prints[new])
            of = np.array([self._number[text] for text in shown], np.int64)
        if len(rows):
            numbers[rows] = of[coded.indices.to_numpy()]
        return numbers

    def settled(self, numbers: Array) -> Array:
        """Turn provisional numbers of the whole log, in its order, into scripts.

        Returns:
            int64, (n): 0, 1, ... in the order of first appearance, `NONE` as before.
        """
        if not self._number:
            return numbers
        root = alike(np.concatenate(self._sketches))
        found = np.where(numbers >= 0, root[np.maximum(numbers, 0)], NONE)
        return in_order(found)


def in_order(codes: Array) -> Array:
    """Number codes anew in the order of first appearance; `NONE` stays."""
    known = codes >= 0
    out = np.full(len(codes), NONE, np.int64)
    _, first, of = np.unique(codes[known], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    out[known] = rank[of]
    return out


def script_column(content: pa.Array) -> pa.Array:
    """Give the script of each text: int64, (n), null where nothing is compared."""
    scripts = Scripts()
    found = scripts.settled(scripts.look(content))
    return pa.array(found, mask=found == NONE)

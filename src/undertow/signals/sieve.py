"""A sieve before all patterns: most texts are told by their bytes alone to match none of them.

Each word that a pattern asks for is stood for by four of its letters in a row, the rarest ones; a text that holds none
of these fours, no digit and none of some signs matches nothing. What is held back only by chance goes on to the
patterns, which decide: the sieve never lets go of a text that one of them matches (`tests/signals/test_sieve.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.events.names import bytes_of
from undertow.signals.derive import Hints, shipped
from undertow.signals.kernel_sieve import EDGE, ENDING, HOUSE, ODD, SIGN, WORD, sift
from undertow.signals.links import PROVIDERS
from undertow.signals.spoken import ENDINGS

Array = npt.NDArray[Any]

MANY: Final = 2_000
"""Texts from which compiled code looks through them: below, compiling costs more."""
SIGNS: Final = "@0123456789.:[({<*_|~-/+#)"
"""Signs one of which stands in all that a pattern matches without words, but for single letters and the letter o."""
LETTERS: Final = "etaoinshrdlucmfwypvbgkqjxz"
"""From the frequent to the rare, in English; the order changes only how many texts are held back by chance."""
BITS: Final = 5
SPAN: Final = 4


def kinds() -> Array:
    """Give the kind of each byte: uint8, (256): `EDGE`, 1 to 26 for letters, `SIGN`, or `ODD`."""
    found = np.full(256, EDGE, np.uint8)
    for number in range(26):
        found[[ord("a") + number, ord("A") + number]] = 1 + number
    found[[ord(sign) for sign in SIGNS]] = SIGN
    found[128:] = found[:32] = found[127] = ODD
    found[ord("\n")] = EDGE
    return found


def table(hints: Hints) -> Array:
    """Mark the fours that stand for the words of patterns: uint8, (2 ** 20 / 4), two bits each.

    Houses that sell mail boxes have everyday names, and so have endings: a text must hold one of each.
    """
    marked = np.zeros(1 << (BITS * SPAN), np.uint8)
    for word in PROVIDERS:
        _mark(marked, _coded(word), HOUSE)
    for word in ENDINGS.split("|"):
        _mark(marked, [EDGE, *_coded(word), EDGE], ENDING)
    # Seven times the letter o is a number to the patterns; less than three apart in a row are told as single letters.
    for word in (*hints.inside, "ooo"):
        _mark(marked, _coded(word), WORD)
    for word in (*hints.whole, "oo"):
        _mark(marked, [EDGE, *_coded(word), EDGE], WORD)
    four = marked.reshape(-1, 4) << np.arange(0, 8, 2, dtype=np.uint8)
    return np.asarray(np.bitwise_or.reduce(four, axis=1), np.uint8)


def _coded(word: str) -> list[int]:
    kind = kinds()
    return [int(kind[ord(sign)]) if ord(sign) < 128 else ODD for sign in word]


def _mark(marked: Array, coded: list[int], sort: int) -> None:
    """Mark the rarest four of a word; of a shorter one every four that ends in it.

    A word with a sign needs none. A four that stands for two sorts is held to be a `WORD`.
    """
    if SIGN in coded or ODD in coded:
        return
    parts = [coded[at : at + SPAN] for at in range(max(1, len(coded) - SPAN + 1))]
    best = max(parts, key=_rarity)
    for before in product(range(1 << BITS), repeat=SPAN - len(best)):
        place = _number((*before, *best))
        marked[place] = sort if marked[place] in (0, sort) else WORD


def _rarity(part: Iterable[int]) -> float:
    """Say how rare some letters are beside each other, an edge being as frequent as a letter gets."""
    places = (
        0 if kind == EDGE else 1 + LETTERS.index(chr(ord("a") + kind - 1)) for kind in part
    )
    return sum(math.log(1 + place) for place in places)


def _number(part: Iterable[int]) -> int:
    number = 0
    for kind in part:
        number = number << BITS | kind
    return number


@cache
def shipped_sieve() -> tuple[Array, Array]:
    """Give the kinds of bytes and the fours of all patterns that ship."""
    return kinds(), table(shipped(wide=False))


def may_match(content: pa.Array, rows: Array) -> Array:
    """Say which of some texts patterns have to look at: bool, (r); never False for one that they match.

    Args:
        content: texts, `string`, (n).
        rows: int64, (r): those to look at.
    """
    kept = np.ones(len(rows), bool)
    if len(rows) >= MANY:
        kind, fours = shipped_sieve()
        sift(*bytes_of(content), rows, kind, fours, kept)
    return kept

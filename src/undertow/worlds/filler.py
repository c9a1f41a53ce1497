"""Text for every worded row of a world, from one pool, whoever wrote it.

A language is one long stream of everyday words with the slips of quick typing; a message is a piece
cut from it at random. So lengths can follow the background, and no two messages need be equal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from undertow.worlds.handles import AddressBook, link
from undertow.worlds.rows import ADDRESS, ASKS, LINK, SILENT, Ints
from undertow.worlds.wording import SHARES, WORDS

STREAM_WORDS: Final = 60_000
SLIPS: Final = 0.03
"""Share of words with a typing error; ours."""
MEDIAN_LENGTH: Final = 38.0
"""Characters of a message where the background holds no text; ours, near the median of `sms-spam`."""
SHORT: Final = 60
"""Most characters of filler around an address, a link or a question."""


def languages(accounts: int, rng: np.random.Generator) -> Ints:
    """Give every account the language it writes in, as an index into `wording.SHARES`."""
    return rng.choice(len(SHARES), accounts, p=list(SHARES.values())).astype(np.int64)


def lengths(background: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Draw lengths of messages in characters: the background's own, else broad around a median."""
    if len(background):
        return np.maximum(background[rng.integers(0, len(background), count)], 1)
    drawn = np.exp(rng.normal(np.log(MEDIAN_LENGTH), 0.8, count))
    return np.clip(drawn, 2, 600).astype(np.int64)


class Filler:
    """Streams of words, one per language, to cut messages from."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._streams = [_stream(language, rng) for language in SHARES]

    def cut(self, language: Ints, length: Ints, rng: np.random.Generator) -> list[str]:
        """Cut one piece per entry: whole words, nearly `length` characters, at least one word."""
        pieces = [""] * len(language)
        for index, (stream, begins) in enumerate(self._streams):
            here = np.flatnonzero(language == index)
            first = rng.integers(0, len(begins) - 400, len(here))
            last = np.searchsorted(begins, begins[first] + length[here])
            last = np.minimum(np.maximum(last, first + 1), len(begins) - 1)
            ends = begins[last] - 1
            for row, start, end in zip(
                here.tolist(), begins[first].tolist(), ends.tolist(), strict=True
            ):
                pieces[row] = stream[start:end]
        return pieces


def contents(
    text: Ints,
    actor: Ints,
    target: Ints,
    language: Ints,
    long: Ints,
    *,
    seed: int,
    rng: np.random.Generator,
) -> tuple[pa.Array, pa.Array]:
    """Write the columns `content` and `lang` of a world.

    Args:
        text: what stands in each row (codes of `rows`), (n).
        actor: account codes, (n).
        target: account codes, -1 for none, (n).
        language: of every account, index into `wording.SHARES`.
        long: wanted length of each row in characters, (n).
        seed: of the world, for the addresses of its accounts.
        rng: chance.

    Returns:
        Texts and BCP 47 tags; null in rows without words.
    """
    words, book = Filler(rng), AddressBook(seed)
    spoken = text != SILENT
    speech = language[actor]
    special = np.isin(text, (ADDRESS, LINK, ASKS))
    wanted = np.where(special, np.minimum(long, SHORT), long)
    pieces = np.full(len(text), None, dtype=object)
    pieces[spoken] = words.cut(speech[spoken], wanted[spoken], rng)
    tags = list(SHARES)
    for row in np.flatnonzero(special).tolist():
        who, tag = int(actor[row]), tags[speech[row]]
        if text[row] == ADDRESS:
            core = book.line(who, tag, rng)
        elif text[row] == ASKS:
            core = book.question(int(target[row]), tag, rng)
        else:
            core = link(rng)
        order = rng.integers(0, 3)
        parts = ([core], [pieces[row], core], [core, pieces[row]])[order]
        pieces[row] = " ".join(parts)
    names = pa.array(tags).take(pa.array(speech, mask=~spoken))
    return pa.array(pieces, pa.string(), from_pandas=True), names


def _stream(language: str, rng: np.random.Generator) -> tuple[str, Ints]:
    known = WORDS[language].split()
    weight = 1.0 / np.arange(3, len(known) + 3)
    drawn = rng.choice(len(known), STREAM_WORDS, p=weight / weight.sum())
    words = [known[index] for index in drawn.tolist()]
    for place in np.flatnonzero(rng.random(STREAM_WORDS) < SLIPS).tolist():
        words[place] = _slip(words[place], rng)
    ends = rng.choice(len(_ENDS), STREAM_WORDS, p=_END_SHARES)
    words = [word + _ENDS[end] for word, end in zip(words, ends.tolist(), strict=True)]
    sizes = np.fromiter((len(word) + 1 for word in words), dtype=np.int64, count=len(words))
    return " ".join(words), np.concatenate([[0], np.cumsum(sizes)])


_ENDS: Final = ("", ",", ".", "!", "?", "...", " :)")
_END_SHARES: Final = (0.84, 0.05, 0.06, 0.015, 0.02, 0.01, 0.005)


def _slip(word: str, rng: np.random.Generator) -> str:
    if len(word) < 3:
        return word
    place = int(rng.integers(0, len(word) - 1))
    way = rng.integers(0, 3)
    if way == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if way == 1:
        return word[:place] + word[place + 1 :]
    return word[: place + 1] + word[place] + word[place + 1 :]

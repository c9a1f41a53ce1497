"""Text for every worded row of a world, from one pool, whoever wrote it.

A language is one long stream of everyday words with the slips of quick typing; a message is a piece
cut from it at random. So lengths can follow the background, and no two messages need be equal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from undertow.worlds.handles import AddressBook, link
from undertow.worlds.rows import (
    ADDRESS,
    ASKS,
    DISGUISED,
    HALF,
    LINK,
    REST,
    SCRIPT,
    SILENT,
    Ints,
    Rows,
)
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


def spoken_as(seed: int, voice: int) -> Ints:
    """Say as which language each language is spoken in a voice: indices into `wording.SHARES`; itself in voice 0."""
    if not voice:
        return np.arange(len(SHARES))
    return np.random.default_rng([seed, voice, 29]).permutation(len(SHARES)).astype(np.int64)


class Filler:
    """Streams of words, one per language, to cut messages from.

    Args:
        rng: chance of the words.
        seed: of the world.
        voice: another one than 0 says every word of a language as one of another, about as long: who says the
            same as whom, in how many words, stays as it is.
    """

    def __init__(self, rng: np.random.Generator, seed: int = 0, voice: int = 0) -> None:
        tags = list(SHARES)
        other = spoken_as(seed, voice).tolist()
        slips = np.random.default_rng([seed, voice, 31])
        self._streams = [
            _stream(language, rng, tags[other[place]] if voice else None, slips)
            for place, language in enumerate(tags)
        ]

    def cut(self, language: Ints, length: Ints, rng: np.random.Generator) -> list[str]:
        """Cut one piece per entry: whole words, nearly `length` characters, at least one word."""
        pieces = [""] * len(language)
        for index, (begins, said, starts) in enumerate(self._streams):
            here = np.flatnonzero(language == index)
            first = rng.integers(0, len(begins) - 400, len(here))
            last = np.searchsorted(begins, begins[first] + length[here])
            last = np.minimum(np.maximum(last, first + 1), len(begins) - 1)
            ends = starts[last] - 1
            for row, start, end in zip(
                here.tolist(), starts[first].tolist(), ends.tolist(), strict=True
            ):
                pieces[row] = said[start:end]
        return pieces


def contents(
    spoken_rows: Rows,
    language: Ints,
    long: Ints,
    *,
    words: Filler,
    seed: int,
    voice: int,
    rng: np.random.Generator,
) -> tuple[pa.Array, pa.Array]:
    """Write the columns `content` and `lang` of a world.

    Args:
        spoken_rows: all rows of the world, (n); their `text` says what stands in them.
        language: of every account, index into `wording.SHARES`.
        long: wanted length of each row in characters, (n).
        words: what messages are cut from.
        seed: of the world, for the addresses of its accounts.
        voice: as which languages the languages are spoken.
        rng: chance of words; addresses depend on the seed alone.

    Returns:
        Texts and BCP 47 tags; null in rows without words.
    """
    book = AddressBook(seed)
    text, actor = spoken_rows.text, spoken_rows.actor
    spoken = text != SILENT
    speech = language[actor]
    special = np.isin(text, (ADDRESS, LINK, ASKS, DISGUISED, HALF, REST, SCRIPT))
    wanted = np.where(special, np.minimum(long, SHORT), long)
    pieces = np.full(len(text), None, dtype=object)
    pieces[spoken] = words.cut(speech[spoken], wanted[spoken], rng)
    tags = [list(SHARES)[place] for place in spoken_as(seed, voice).tolist()]
    scripts = Scripts(words, seed)
    given = np.random.default_rng([seed, 17])
    whose = np.where(spoken_rows.word >= 0, spoken_rows.word, actor)
    for row in np.flatnonzero(special).tolist():
        tag, who, code = tags[speech[row]], int(whose[row]), int(text[row])
        if code == SCRIPT:
            pieces[row] = scripts.say(who, int(speech[row]), rng)
            continue
        if code in (HALF, REST):
            pieces[row] = book.halves(who, tag)[code == REST]
            continue
        if code == ASKS:
            core = book.question(int(spoken_rows.target[row]), tag, rng)
        elif code == LINK:
            core = link(rng)
        elif code == DISGUISED:
            core = book.line(who, tag, rng, address=given, disguised=1.0)
        else:
            core = book.line(who, tag, rng, address=given)
        order = rng.integers(0, 3)
        parts = ([core], [pieces[row], core], [core, pieces[row]])[order]
        pieces[row] = " ".join(parts)
    names = pa.array(tags).take(pa.array(speech, mask=~spoken))
    return pa.array(pieces, pa.string(), from_pandas=True), names


SCRIPT_LENGTH: Final = (52.0, 0.4)
"""Median characters of a script and log deviation; ours: no longer than other messages often are."""
CHANGED: Final = 0.06
"""Share of a script's words that are other ones each time it is said; ours."""


class Scripts:
    """What some accounts say to everybody they meet: nearly the same words each time.

    Args:
        words: where a script's words come from: the same streams as everything else.
        seed: of the world; script and language decide the words.
    """

    def __init__(self, words: Filler, seed: int) -> None:
        self._words, self._seed = words, seed
        self._known: dict[tuple[int, int], list[str]] = {}

    def say(self, script: int, language: int, rng: np.random.Generator) -> str:
        """Say a script once more, with a few words changed."""
        if (script, language) not in self._known:
            own = np.random.default_rng([self._seed, script, language, 3])
            median, spread = SCRIPT_LENGTH
            length = np.exp(own.normal(np.log(median), spread, 1)).astype(np.int64)
            spoken = self._words.cut(np.array([language]), length, own)[0]
            self._known[script, language] = spoken.split()
        said = list(self._known[script, language])
        for place in np.flatnonzero(rng.random(len(said)) < CHANGED).tolist():
            said[place] = said[int(rng.integers(0, len(said)))]
        return " ".join(said)


def _stream(
    language: str, rng: np.random.Generator, other: str | None, slips: np.random.Generator
) -> tuple[Ints, str, Ints]:
    """Draw a stream of a language's words; give where each begins, and the stream and its begins as it is said."""
    known = WORDS[language].split()
    weight = 1.0 / np.arange(3, len(known) + 3)
    drawn = rng.choice(len(known), STREAM_WORDS, p=weight / weight.sum()).tolist()
    slipped = np.flatnonzero(rng.random(STREAM_WORDS) < SLIPS).tolist()
    words = _with_slips([known[index] for index in drawn], slipped, rng)
    ends = rng.choice(len(_ENDS), STREAM_WORDS, p=_END_SHARES).tolist()
    own, begins = _written(words, ends)
    if other is None:
        return begins, own, begins
    theirs = _in_place_of(WORDS[other].split(), known)
    return begins, *_written(_exchanged(words, drawn, known, theirs, slips), ends)


def _exchanged(
    words: list[str],
    drawn: list[int],
    known: list[str],
    theirs: list[str],
    slips: np.random.Generator,
) -> list[str]:
    """Put another word in place of each, slipped ones too: equal ones by equal ones, different ones by different ones."""
    said = dict(zip(map(_bare, known), theirs, strict=True))
    taken = {_bare(word) for word in theirs}
    for word, index in zip(words, drawn, strict=True):
        if _bare(word) not in said:
            slip = _slip(theirs[index], slips)
            while (
                _bare(slip) in taken
            ):  # what has no slip left of its own, such as `a`, grows by one
                slip = _slip(slip + slip[-1], slips)
            said[_bare(word)] = slip
            taken.add(_bare(slip))
    return [said[_bare(word)] for word in words]


def _bare(word: str) -> str:
    return "".join(sign for sign in word if sign.isalnum()).lower()


def _in_place_of(words: list[str], known: list[str]) -> list[str]:
    """Give for each known word one of another language, about as long: each a different one.

    Where the other language has fewer, further ones are made of two.
    """
    many, count = len(known), len(words)
    theirs = words[:many] + [
        words[(7 * place + place // count) % count] + words[place % count]
        for place in range(count, many)
    ]
    out = [""] * many
    by_length = sorted(range(many), key=lambda place: len(known[place]))
    for place, word in zip(by_length, sorted(theirs, key=len), strict=True):
        out[place] = word
    return out


def _with_slips(words: list[str], places: list[int], rng: np.random.Generator) -> list[str]:
    for place in places:
        words[place] = _slip(words[place], rng)
    return words


def _written(words: list[str], ends: list[int]) -> tuple[str, Ints]:
    """Write words with their ends in one line; give it and where each word begins, and one place behind the last."""
    said = [word + _ENDS[end] for word, end in zip(words, ends, strict=True)]
    sizes = np.fromiter((len(word) + 1 for word in said), dtype=np.int64, count=len(said))
    return " ".join(said), np.concatenate([[0], np.cumsum(sizes)])


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

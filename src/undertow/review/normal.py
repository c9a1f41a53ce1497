"""A text normalised: signs that only look different folded (NFKC), invisible ones named, look-alike letters marked.

Shown beside the text as it was written, from the same look. Who hides a word from filters writes it in full-width
letters, with a zero-width space in it, or with one letter of another alphabet; here the word stands as it is read.
Alphabets are compared only within one word: a whole word in look-alike letters of one alphabet is not told apart.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

from undertow.review import honest

_CYRILLIC: Final = (
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u04bb\u0456\u0458"
    "\u0455\u0501\u051b\u051d\u0410\u0412\u0415\u041a\u041c\u041d"
    "\u041e\u0420\u0421\u0422\u0425\u04ae\u0406\u0408\u0405"
)
_GREEK: Final = (
    "\u03bf\u03bd\u03c1\u03b9\u03c5\u03c7\u0391\u0392\u0395\u0396"
    "\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u03a5"
)
_PAIRS: Final = (
    ("LATIN", "CYRILLIC", "aceopxyhijsdqwABEKMHOPCTXYIJS", _CYRILLIC),
    ("LATIN", "GREEK", "ovpiuxABEZHIKMNOPTXY", _GREEK),
)
"""Letters that many typefaces draw alike (among those of Unicode's UTS 39 `confusables`), one below the other."""


def _alike() -> dict[tuple[str, str], str]:
    """Map a letter, and the alphabet it stands among, to the letter that it looks like."""
    found: dict[tuple[str, str], str] = {}
    for one, other, first, second in _PAIRS:
        for a, b in zip(first, second, strict=True):
            found.setdefault((b, one), a)
            found.setdefault((a, other), b)
    return found


_ALIKE: Final = _alike()


@dataclass(frozen=True)
class Piece:
    """A stretch of a normalised text.

    Attributes:
        kind: `text`; `folded` (a word that NFKC changes); `named` (an invisible character, by its name); `alike` (a
            letter that looks like one of the alphabet around it).
        text: what is shown.
        was: of a folded word, as it was written; of a letter, its name.
        looks: of a letter, the one that it looks like.
    """

    kind: str
    text: str
    was: str = ""
    looks: str = ""


def pieces(text: str) -> list[Piece]:
    r"""Normalise a text and tell what was done.

    >>> [(one.kind, one.text) for one in pieces("\uff41b\u200bc")]
    [('folded', 'ab'), ('named', 'ZERO WIDTH SPACE'), ('text', 'c')]
    """
    made: list[Piece] = []
    for stretch, is_hidden in _stretches(text):
        if is_hidden:
            made += [Piece("named", _name(char)) for char in stretch]
        elif stretch.isspace():
            made.append(Piece("text", stretch))
        else:
            made += _word(stretch)
    return made


def is_same(made: list[Piece]) -> bool:
    """Say whether nothing was folded, named or marked."""
    return all(one.kind == "text" for one in made)


def _stretches(text: str) -> list[tuple[str, bool]]:
    """Cut a text into words, spaces and hidden characters; True for these."""
    found: list[tuple[str, bool]] = []
    kinds: list[str] = []
    for place, char in enumerate(text):
        kind = "hidden" if honest.is_hidden(text, place) else "space" * char.isspace()
        if kinds and kinds[-1] == kind:
            found[-1] = (found[-1][0] + char, kind == "hidden")
        else:
            found.append((char, kind == "hidden"))
            kinds.append(kind)
    return found


def _word(word: str) -> list[Piece]:
    folded = unicodedata.normalize("NFKC", word)
    if folded != word:
        return [Piece("folded", folded, word)]
    scripts = Counter(_script(char) for char in word if char.isalpha())
    if len(scripts) < 2:
        return [Piece("text", word)]
    around = scripts.most_common(1)[0][0]
    made: list[Piece] = []
    for char in word:
        looks = _ALIKE.get((char, around)) if _script(char) != around else None
        if looks is not None:
            made.append(Piece("alike", char, _name(char), looks))
        elif made and made[-1].kind == "text":
            made[-1] = Piece("text", made[-1].text + char)
        else:
            made.append(Piece("text", char))
    return made


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]


def _name(char: str) -> str:
    """Name a character as Unicode does; its code point where it has no name."""
    return unicodedata.name(char, f"U+{ord(char):04X}")

"""A text from data as it really is: hidden characters as chips, piled marks clipped, mixed scripts marked.

Nothing is left out: a copy of the shown text gives the original. Links are words; nothing here is
made to be clicked. Templates put every piece into its own `bdi`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

MARKS: Final = 2
"""Combining marks shown on one letter; honest writing of any language needs no more than this."""
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PLAIN: Final = {"\n", "\t"}
_JOINERS: Final = {"\u200c", "\u200d"}
"""Joiners are needed in Persian and in emoji; between two Latin letters they only hide."""
_LOOKALIKES: Final = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}


@dataclass(frozen=True)
class Piece:
    """A stretch of a text.

    Attributes:
        kind: `text`, `hidden` (a chip), `piled` (marks beyond `MARKS`, clipped) or `mixed` (a word of several scripts).
        text: the characters themselves, as they were written.
        label: for chips: the code point and how many; for mixed words: their scripts.
    """

    kind: str
    text: str
    label: str = ""


def pieces(text: str) -> list[Piece]:
    r"""Cut a text into stretches.

    >>> [(p.kind, p.label) for p in pieces("ad\u202emin")]
    [('text', ''), ('hidden', 'U+202E'), ('text', '')]
    """
    made: list[Piece] = []
    plain: list[str] = []
    marks = 0
    for place, char in enumerate(text):
        kind = _kind(text, place)
        marks = marks + 1 if kind == "mark" else 0
        if kind == "mark" and marks > MARKS:
            _flush(plain, made)
            _pile(made, char)
        elif kind == "hidden":
            _flush(plain, made)
            _chip(made, char)
        else:
            plain.append(char)
    _flush(plain, made)
    return made


def is_hidden(text: str, place: int) -> bool:
    """Say whether the character at a place is one that hides: a control, a direction, a joiner where none is needed."""
    return _kind(text, place) == "hidden"


def _kind(text: str, place: int) -> str:
    char = text[place]
    category = unicodedata.category(char)
    if category in ("Mn", "Me"):
        return "mark"
    if category not in _HIDDEN or char in _PLAIN:
        return "letter"
    return "letter" if char in _JOINERS and not _between_latin(text, place) else "hidden"


def _between_latin(text: str, place: int) -> bool:
    around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
    return not around or all(ord(one) < 0x250 for one in around)


def _chip(made: list[Piece], char: str) -> None:
    label = f"U+{ord(char):04X}"
    if made and made[-1].kind == "hidden" and made[-1].label.split(" ")[0] == label:
        before = made.pop()
        made.append(
            Piece(
                "hidden",
                before.text + char,
                f"{label} \N{MULTIPLICATION SIGN}{len(before.text) + 1}",
            )
        )
    else:
        made.append(Piece("hidden", char, label))


def _pile(made: list[Piece], char: str) -> None:
    if made and made[-1].kind == "piled":
        before = made.pop()
        made.append(Piece("piled", before.text + char, f"+{len(before.text) + 1}"))
    else:
        made.append(Piece("piled", char, "+1"))


def _flush(plain: list[str], made: list[Piece]) -> None:
    """Close a stretch of plain text, with words of several scripts apart."""
    text = "".join(plain)
    plain.clear()
    start = 0
    for begin, end in _words(text):
        scripts = _scripts(text[begin:end])
        if len(scripts) > 1:
            if text[start:begin]:
                made.append(Piece("text", text[start:begin]))
            made.append(Piece("mixed", text[begin:end], " + ".join(scripts)))
            start = end
    if text[start:]:
        made.append(Piece("text", text[start:]))


def _words(text: str) -> list[tuple[int, int]]:
    """Find the words of a text as begin and end."""
    found = []
    begin: int | None = None
    for place, char in enumerate(text):
        if char.isalnum() or unicodedata.category(char) == "Mn":
            begin = place if begin is None else begin
        elif begin is not None:
            found.append((begin, place))
            begin = None
    return [*found, (begin, len(text))] if begin is not None else found


def _scripts(word: str) -> list[str]:
    """Name the scripts of a word that can be taken for one another."""
    if word.isascii():
        return []
    named = {
        unicodedata.name(char, "").split(" ")[0].split("-")[0]
        for char in word
        if char.isalpha()
    }
    return sorted(script.capitalize() for script in named & _LOOKALIKES)

"""Writing as it was meant: folds a text to plain letters and digits and remembers where each came from.

`fold` undoes what is only a matter of characters (full-width forms, marks, look-alikes, other
scripts' digits, characters without width). `rewrite` replaces stretches and keeps the map, so that
a hit in the plain text can be shown in the text as it was written.
"""

# ruff: noqa: RUF001  # the look-alikes themselves

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

BEAD: Final = "•"
"""Stands for every emoji, star or bullet: between letters or digits they only keep these apart."""

_PHONES: Final = frozenset("☎☏✆📞📱📲🤙")
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_ALIKE: Final = str.maketrans(
    # Cyrillic, Greek and Armenian letters that are drawn like Latin ones (Unicode TR 39, by eye)
    "аеорсухіїјѕԁԛԝһӏкмтвнАЕОРСУХІЇЈЅВНКМТαοριεκτυχγνηωβΑΒΕΖΗΙΚΜΝΟΡΤΥΧօոսքհ",
    "aeopcyxiijsdqwhlkmtbhAEOPCYXIIJSBHKMTaopiektuxyvnwbABEZHIKMNOPTYXonuph",
)
_ODD: Final = {
    **dict(
        zip(
            "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɡɑøØłŁđĐ",
            "abcdefghijklmnoprstuvwyzigaoOlLdD",
            strict=True,
        )
    ),
    **dict.fromkeys("’‘ʼ`´′＇", "'"),
    **dict.fromkeys("‐‑‒–—―−﹣", "-"),
    **dict.fromkeys("“”„«»″", '"'),
    **dict.fromkeys("→⇒➡►▶➜➔⟶", ">"),
    **dict.fromkeys("·・∙•", BEAD),
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "٫": ".",
    "۔": ".",
    "。": ".",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "ی": "ي",
    "ى": "ي",
    "ک": "ك",
    "ة": "ه",
    "ـ": "",
    "\n": "\n",
    "\r": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
}
_TOKEN: Final = re.compile(r"[\w@.'-]+")


@dataclass(frozen=True)
class View:
    """A text rewritten, with the way back.

    Attributes:
        text: the rewritten text.
        starts: for each character of `text`, where its origin starts in the original.
        ends: for each character of `text`, where its origin ends (exclusive).
        weak: for each character of `text`, 1 if it stands for a bare word, such as `at` for `@`.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    weak: bytes

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Give the span in the original of the characters `start` to `end` (exclusive)."""
        return self.starts[start], self.ends[end - 1]

    def is_weak(self, start: int, end: int) -> bool:
        """Say whether any sign in the stretch stands for a bare word."""
        return 1 in self.weak[start:end]


@lru_cache(maxsize=65536)
def fold_character(char: str) -> str:  # noqa: PLR0911  # one way out per sort of character
    """Fold one character: compatibility form, no marks, ASCII digits, no width-less characters."""
    if char in _ODD:
        return _ODD[char]
    if char.isascii():
        return char if char.isprintable() else " "
    if char in _PHONES:
        return "☎"
    code = ord(char)
    for first, letter, count in ((0x1F1E6, "A", 26), (0x1F150, "A", 26), (0x1F170, "A", 26)):
        if first <= code < first + count:
            return chr(ord(letter) + code - first)
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me", "Cc", "Cs") or char in _FILLERS:
        return ""
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if category[0] == "Z":
        return " "
    plain = "".join(
        c
        for c in unicodedata.normalize("NFKD", char)
        if unicodedata.category(c) not in ("Mn", "Cf")
    )
    if category in ("So", "Sk", "Co") and not plain.isascii():
        return BEAD
    return "".join(_ODD.get(c, c) for c in plain)


def fold_word(word: str) -> str:
    """Fold a cue word the way texts are folded, in lower case."""
    return "".join(map(fold_character, word)).lower()


def fold(text: str) -> View:
    """Fold a whole text and turn look-alike letters inside otherwise Latin tokens into Latin ones."""
    if text.isascii() and text.isprintable():
        return View(text, range(len(text)), range(1, len(text) + 1), bytes(len(text)))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(text):
        for piece in fold_character(char):
            out.append(piece)
            starts.append(at)
            ends.append(at + 1)
    return View(_latinise("".join(out)), starts, ends, bytes(len(out)))


class _Folding(dict[int, str]):
    """A table for `str.translate` that fills itself."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = fold_character(chr(code))
        return folded


_FOLDING: Final = _Folding()


def folded(text: str) -> str:
    """Fold a text without keeping the way back: the text of `fold`, faster."""
    return _latinise(text.translate(_FOLDING))


def _latinise(text: str) -> str:
    """Replace look-alikes in tokens that also hold Latin letters, or that follow a Latin word and a sign."""
    if text.isascii():
        return text

    def plain(found: re.Match[str]) -> str:
        token = found[0]
        if token.isascii():
            return token
        latin = token.translate(_ALIKE)
        mixed = any(c.isascii() and c.isalpha() for c in token)
        if mixed or (latin.isascii() and _introduced(text, found.start(), token)):
            return latin
        return token

    return _TOKEN.sub(plain, text)


def _introduced(text: str, start: int, token: str) -> bool:
    """Say whether a wholly foreign token stands where a Latin handle is expected."""
    before = text[max(0, start - 3) : start].rstrip()
    return token.startswith("@") or (
        before[-1:] in (":", "=", ">") and text[max(0, start - 24) : start].isascii()
    )


def rewrite(
    view: View,
    pattern: re.Pattern[str],
    into: Callable[[re.Match[str]], str | None],
    *,
    weak: bool = False,
) -> View:
    """Replace what `pattern` finds, keeping the map.

    Args:
        view: what to rewrite.
        pattern: what to look for.
        into: gives the replacement of a match; None leaves it.
        weak: whether the replacements stand for bare words.

    Returns:
        The new view; each new character's origin is the whole stretch that it replaces.
    """
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    flags = bytearray()
    done = 0

    def keep(until: int) -> None:
        pieces.append(view.text[done:until])
        starts.extend(view.starts[done:until])
        ends.extend(view.ends[done:until])
        flags.extend(view.weak[done:until])

    for found in pattern.finditer(view.text):
        new = into(found)
        if new is None or found.start() == found.end():
            continue
        keep(found.start())
        start, end = view.origin(found.start(), found.end())
        pieces.append(new)
        starts.extend([start] * len(new))
        ends.extend([end] * len(new))
        flags.extend([weak] * len(new))
        done = found.end()
    if not pieces:
        return view
    keep(len(view.text))
    return View("".join(pieces), starts, ends, bytes(flags))


_SINGLES: Final = re.compile(
    rf"(?<!\w)[\w@](?P<by> {{1,2}}|[-.*|/,~_]|{BEAD}{{1,8}})[\w@.](?:(?P=by)[\w@._+#:/-](?!\w)){{2,}}+"
)


def close_up(view: View) -> View:
    """Join letters and digits that were written apart: `a l i c e`, `a.l.i.c.e`, `a-l-i-c-e`."""
    gaps: set[int] = set()
    for found in _SINGLES.finditer(view.text):
        by = found["by"]
        if by == "." and view.text[found.end() : found.end() + 1] == ".":
            continue  # labels of a host name, not letters of a word
        step = len(by) + 1
        gaps.update(at for at in range(*found.span()) if (at - found.start()) % step)
    if not gaps:
        return view
    kept = [at for at in range(len(view.text)) if at not in gaps]
    return View(
        "".join(view.text[at] for at in kept),
        [view.starts[at] for at in kept],
        [view.ends[at] for at in kept],
        bytes(view.weak[at] for at in kept),
    )

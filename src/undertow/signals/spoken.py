"""Words for signs, and other ways to write an address so that machines overlook it.

`Spoken.write_out` turns a folded view into the one that was meant: `[at]` and `at` into @, `dot` into
a full stop, numbers in words into digits, letters written apart into words. Bare words leave a weak
mark: `name at house` may be a place, so finders ask for more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Final

from undertow.signals.cues import Language, gather, numbers
from undertow.signals.disguise import BEAD, View, close_up, rewrite
from undertow.signals.links import PROVIDERS
from undertow.signals.spot import either

LEAST: Final = 5
"""Numbers in words in a row from which they are taken for a dictated number: ours."""
_OPEN: Final = r"[\[({<*_|~-]"
_SHUT: Final = r"[\])}>*_|~-]"
ENDINGS: Final = "com|net|org|de|fr|es|tr|co|io|me|uk|ch|at|info"
_TOKEN: Final = re.compile(r"[^\W_]+")
_LOOSE: Final = re.compile(rf"{BEAD}{{1,8}}(?=@)|(?<=@){BEAD}{{1,8}}")


class Spoken:
    """Rewrites what is said in words or written apart.

    Args:
        languages: tables of cue words.
    """

    def __init__(self, languages: Sequence[Language]) -> None:
        at, dot = gather(languages, "at"), gather(languages, "dot")
        self._numbers = numbers(languages)
        self._double = frozenset(gather(languages, "double"))
        one = either(self._numbers)
        double, plus = either(self._double), either(gather(languages, "plus"))
        join = rf"[\s,.{BEAD}|/_*-]{{1,3}}"
        unit = rf"(?:(?:{double})\s{{1,2}})?(?:{one}|\d{{1,8}})"
        self._tokens = frozenset(_TOKEN.findall(" ".join(self._numbers).lower()))
        self._dictated = rf"(?<!\w)(?:(?:{plus})\s{{1,2}}|\+\s?)?{unit}(?!\w)(?:{join}{unit}(?!\w)){{{LEAST - 1},30}}+"
        self._parts = (
            rf"(?<!\w)(?:(?P<plus>{plus}|\+)|(?P<double>{double})|(?P<one>{one}|\d+))(?!\w)|\+"
        )
        self.bracketed = tuple(
            (
                re.compile(
                    rf"\s{{0,3}}{_OPEN}{{1,2}}\s{{0,2}}(?:{words})\s{{0,2}}{_SHUT}{{1,2}}\s{{0,3}}",
                    re.IGNORECASE,
                ),
                sign,
            )
            for words, sign in (
                (either((*at, "@", "a")), "@"),
                (either((*dot, ".", ",")), "."),
                (either(gather(languages, "slash")), "/"),
            )
        )
        self.bare = tuple(
            (
                re.compile(
                    rf"(?<=\w)\s{{1,3}}(?:{either(said)})\s{{1,3}}(?=\w)", re.IGNORECASE
                ),
                sign,
            )
            for said, sign in (
                (gather(languages, "underscore"), "_"),
                (dot, "."),
                (at, "@"),
                (gather(languages, "slash"), "/"),
                (gather(languages, "dash"), "-"),
            )
        )
        self.spaced = re.compile(
            r"(?<=\w)(?: {0,3}@ {1,3}| {1,3}[._] {0,3}| {1,3}/ {1,3}| {1,3}@(?=[a-z0-9-]{1,40} ?\. ?[a-z]))(?=\w)",
            re.IGNORECASE,
        )
        self.house = re.compile(
            rf"(?<=@)({either(PROVIDERS)})(?: ?, ?|  ?|-|_)(?=(?:{ENDINGS})(?!\w))",
            re.IGNORECASE,
        )
        self._letter_o = re.compile(
            r"(?<!\w)(?=[\doO]{0,18}\d[\doO]{0,18}\d)[\doO]{3,20}(?!\w)"
        )

    # These two hold every number in every language: long to build, and few texts need them.
    @cached_property
    def dictated(self) -> re.Pattern[str]:
        """Numbers in a row, in words or digits."""
        return re.compile(self._dictated, re.IGNORECASE)

    @cached_property
    def _part(self) -> re.Pattern[str]:
        return re.compile(self._parts, re.IGNORECASE)

    def _may_dictate(self, text: str) -> bool:
        """Say whether enough numbers stand in a text, at least one of them in words."""
        tokens = _TOKEN.findall(text.lower())
        said = sum(token in self._tokens for token in tokens)
        return said > 0 and said + sum(token.isdigit() for token in tokens) >= LEAST

    def write_out(self, view: View) -> View:
        """Give the view as it was meant; the very same object if there is nothing to undo."""
        view = rewrite(close_up(view), _LOOSE, lambda _: "")
        for pattern, sign in self.bracketed:
            view = rewrite(view, pattern, partial(_sign, sign))
        view = rewrite(view, self.spaced, lambda found: found[0].strip(), weak=True)
        if self._may_dictate(view.text):
            view = rewrite(view, self.dictated, self._digits)
        view = rewrite(view, self._letter_o, _noughts)
        for pattern, sign in self.bare:
            view = rewrite(view, pattern, partial(_sign, sign), weak=True)
        return rewrite(view, self.house, lambda found: f"{found[1]}.")

    def _digits(self, found: re.Match[str]) -> str | None:
        """Write a dictated number in digits; None if no number in words is among them."""
        out: list[str] = []
        twice = False
        spoken = False
        for part in self._part.finditer(found[0]):
            if part["double"]:
                twice = True
            elif part["one"]:
                word = part["one"].lower()
                value = self._numbers.get(word, word)
                spoken = spoken or not word.isdigit()
                out.append(value * 2 if twice else value)
                twice = False
            else:
                out.append("+")
        return "".join(out) if spoken else None


def _sign(sign: str, _: re.Match[str]) -> str:
    return sign


def _noughts(found: re.Match[str]) -> str | None:
    """Write the letter O among digits as nought."""
    written = found[0]
    return written.replace("o", "0").replace("O", "0") if not written.isdigit() else None

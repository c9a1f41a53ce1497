"""What every finder hands on: a place in a view that may be an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

LINK: Final = 0
EMAIL: Final = 1
NUMBER: Final = 2
HANDLE: Final = 3
URL: Final = 4
"""Ranks: where two spots overlap, the lower rank stands."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A possible address: its kind, normal form, span in the view's text, and rank."""

    kind: str
    value: str
    start: int
    end: int
    rank: int


@dataclass(frozen=True, slots=True)
class Cue:
    """A service named in the text: which, where, and whether the word is an everyday word too."""

    kind: str
    start: int
    end: int
    vague: bool
    mine: bool


def either(words: Iterable[str]) -> str:
    """Give an alternation of literal words as a tree of letters, the longest first.

    A thousand words cost a few comparisons per place instead of a thousand; none match nothing.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _branches(tree) if tree else r"(?!)"


def _branches(node: dict[str, Any]) -> str:
    forms = [re.escape(letter) + _branches(rest) for letter, rest in node.items() if letter]
    if not forms:
        return ""
    if "" in node:
        return f"(?:{'|'.join(forms)})?"
    return forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"


def any_word(words: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern that finds any of the words where they stand alone."""
    return re.compile(rf"(?<!\w)(?:{either(words)})(?!\w)", re.IGNORECASE)


def last(pattern: re.Pattern[str], text: str) -> int:
    """Give where the last match in `text` ends, -1 if there is none."""
    end = -1
    for found in pattern.finditer(text):
        end = found.end()
    return end

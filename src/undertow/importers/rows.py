"""What a reader hands over: rows, and a tally of everything that is not a row.

Rows are plain tuples, so that a million of them are quick; `writing` turns them into Arrow. Text is
cleaned here, in one place: U+0000 is taken out and lone surrogates become U+FFFD, both counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from undertow.importers.registry import Format

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
NULS_REMOVED: Final = "U+0000 taken out of a text"
WAITING: Final = 50_000
"""Rejects held before they are written out."""
SURROGATES_REPLACED: Final = "half a surrogate pair replaced by U+FFFD"


class Row(NamedTuple):
    """One row of the event table; `published` and `observed` in microseconds since 1970, UTC."""

    id: str
    type: str
    published: int
    actor: str
    platform: str
    target: str | None = None
    context: str | None = None
    visibility: str | None = None
    content: str | None = None
    observed: int | None = None
    lang: str | None = None


class SetAside(Exception):  # noqa: N818 -- it is no fault of the program: the row goes to the rejects
    """One record cannot become a row; its text is the reason, and never holds the record's content."""


class Tally:
    """Counts what a reader set aside and what it could not show.

    Attributes:
        rejected: reason -> records set aside.
        gaps: what could not be shown or had to be changed -> times. Written into the source.
        other: what was read and is no event (unknown collections, other service messages) -> times.
    """

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self.gaps: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.waiting: list[tuple[int, str]] = []
        """Records set aside and not yet written: line or record number, reason."""
        self.spill: Callable[[], None] | None = None
        """Writes `waiting` out and empties it, so that a file of nothing but faults fits too."""

    def reject(self, line: int, reason: str) -> None:
        """Set one record aside; `line` from 1."""
        self.rejected[reason] += 1
        self.waiting.append((line, reason))
        if self.spill is not None and len(self.waiting) >= WAITING:
            self.spill()

    def clean(self, text: str) -> str:
        """Give `text` without U+0000 and half surrogate pairs, counting what was changed."""
        if "\0" in text:
            self.gaps[NULS_REMOVED] += 1
            text = text.replace("\0", "")
        if not text.isascii() and _SURROGATE.search(text):
            self.gaps[SURROGATES_REPLACED] += 1
            text = _SURROGATE.sub("\ufffd", text)
        return text


class Reader(Protocol):
    """One input that can be read once, in bounded memory.

    Attributes:
        name: shown name of the input, for rejects.
        about: its entry in the registry.
        types: event types it can show; None: those that are found.
        precision: `us`, `s`, `min` or `day`; None: as found.
        ground: lawful ground under which direct messages are read, None if none is declared.
        kind: widest class of communication; None: as found.
        needs_ground: it may hold direct messages even where no row says so.
    """

    name: str
    about: Format
    types: tuple[str, ...] | None
    precision: str | None
    ground: str | None
    kind: str | None
    needs_ground: bool

    def rows(self, tally: Tally) -> Iterator[Row]:
        """Yield rows in source order, and tell the tally of everything else."""
        ...


def account(platform: str, native: str) -> str:
    """Give an account its `platform:` prefix unless it has it."""
    return native if native.startswith(platform + ":") else f"{platform}:{native}"

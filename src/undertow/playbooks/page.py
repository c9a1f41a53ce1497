"""One playbook's text while it is read: where each value stands, and every fault found so far.

The parser and the checks add faults by path (`("steps", "address", "within")`); the page knows
the line and the column of each path, so nobody else carries places about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import yaml

from undertow.errors import Faults, Place, UndertowError

Path = tuple[str | int, ...]
MOST_FAULTS: Final = 100
"""A file with more faults than this is some other file: reading stops there."""
_WIDEST_LINE: Final = 160
_LONGEST_SHOWN: Final = 40


class _EnoughError(Exception):
    """So many faults that reading on helps nobody."""


def shown(value: str) -> str:
    """Write a found value for a message: short, and without characters that move a cursor."""
    short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
    return short if short.isprintable() else short.encode("unicode_escape").decode("ascii")


class Page:
    """The text of one playbook, the places of its values, and its faults.

    Args:
        file: the name to show; None for a playbook made in memory, whose faults have no place.
        text: the whole text, for the drawn line.
    """

    Enough = _EnoughError

    def __init__(self, file: str | None = None, text: str = "") -> None:
        self.file = file
        self._lines = text.splitlines()
        self._places: dict[Path, tuple[int, int]] = {}
        self._faults: list[tuple[Path, tuple[int, int], UndertowError]] = []

    def remember(self, path: Path, node: yaml.Node) -> None:
        """Note where the value (or, for a named entry, the name) of `path` stands."""
        self._places[path] = (node.start_mark.line, node.start_mark.column)

    def place(self, spot: tuple[int, int] | None) -> Place | None:
        """Draw-ready place of a line and a column, both from 0."""
        if self.file is None:
            return None
        if spot is None:
            return Place(self.file)
        line, column = spot
        text = self._lines[line] if line < len(self._lines) else ""
        drawn = "".join(letter if letter.isprintable() else " " for letter in text)
        seen = drawn[:_WIDEST_LINE] if column < _WIDEST_LINE else None
        return Place(self.file, line + 1, column + 1, seen)

    def fault(
        self, path: Path, what: str, *, code: str, mend: str, at: yaml.Node | None = None
    ) -> None:
        """Add a fault at `at`, or where `path` or the nearest thing around it stands."""
        if at is not None:
            spot = (at.start_mark.line, at.start_mark.column)
        else:
            around = (path[:length] for length in range(len(path), -1, -1))
            spot = next((self._places[p] for p in around if p in self._places), (0, 0))
        fault = UndertowError(what, code=code, mend=mend, place=self.place(spot))
        self._faults.append((path, spot, fault))
        if len(self._faults) >= MOST_FAULTS:
            raise self.Enough

    def blamed(self, *path: str | int) -> bool:
        """Say whether a fault was found at `path` or inside it."""
        return any(found[: len(path)] == path for found, _, _ in self._faults)

    def blamed_itself(self, *path: str | int) -> bool:
        """Say whether a fault was found at exactly `path`."""
        return any(found == path for found, _, _ in self._faults)

    @property
    def faults(self) -> Sequence[UndertowError]:
        """All faults so far, in the order of their places."""
        return [fault for _, _, fault in sorted(self._faults, key=lambda found: found[1])]

    def raise_faults(self) -> None:
        """Raise all faults at once, if there are any.

        Raises:
            Faults: every fault of this page.
        """
        if self._faults:
            raise Faults(self.faults)

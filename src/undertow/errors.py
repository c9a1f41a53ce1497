"""Every fault a user can meet, with its place and its mend.

    UndertowError            one fault: exit code 2 unless it says otherwise
    └── Faults               several faults of one file, raised once

A caller's programming faults are plain `TypeError` and `ValueError`. Messages never hold message
text, account ids or absolute paths: they are pasted into tickets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DONE: Final = 0
OUR_FAULT: Final = 1
YOUR_FAULT: Final = 2
PARTLY_REFUSED: Final = 3


@dataclass(frozen=True)
class Place:
    """Where a fault stands: a file's shown name and, where known, a line and a column (from 1)."""

    file: str
    line: int | None = None
    column: int | None = None
    text: str | None = None
    """The offending line itself; only for playbooks and maps, never for event data."""

    def render(self) -> str:
        """Draw `file:line:column` and, if the text is known, the line with a caret under it."""
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        if self.text is None or self.line is None:
            return f"  --> {where}"
        number = str(self.line)
        caret = " " * ((self.column or 1) - 1) + "^"
        return f"  --> {where}\n{number} | {self.text}\n{' ' * len(number)} | {caret}"


class UndertowError(Exception):
    """A fault that the user can mend.

    Args:
        what: one clause, lower case, no full stop; our own names in backticks.
        code: stable name of the fault, `<thing>-<fault>`; `docs/reference/errors.md` explains each.
        mend: one clause that says what to do.
        place: where it is, if it is anywhere.
        exit_code: 2 (yours) unless the fault is another one.
    """

    def __init__(
        self,
        what: str,
        *,
        code: str,
        mend: str | None = None,
        place: Place | None = None,
        exit_code: int = YOUR_FAULT,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.mend = mend
        self.place = place
        self.exit_code = exit_code

    def __str__(self) -> str:
        """Render what, place and mend as the text a person reads."""
        lines = [f"{self.what} [{self.code}]"]
        if self.place is not None:
            lines.append(self.place.render())
        if self.mend:
            lines.append(f"mend: {self.mend}")
        return "\n".join(lines)


class Faults(UndertowError):  # noqa: N818  # several faults of a file, not one error
    """All faults of one file, in the order of their places, raised once."""

    def __init__(self, faults: Sequence[UndertowError]) -> None:
        if not faults:
            raise ValueError("`Faults` needs at least one fault")
        count = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        super().__init__(count, code=faults[0].code, exit_code=max(f.exit_code for f in faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Render every fault, a blank line between them, and their count last."""
        return "\n\n".join([*(str(fault) for fault in self.faults), self.what])


def shown_name(path: Path | str) -> str:
    """Name a file for messages: relative to the working folder, else its last part alone."""
    path = Path(path)
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.name


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known name that `word` most likely misspells, or None."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None

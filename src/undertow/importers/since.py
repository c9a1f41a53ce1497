"""The high-water mark of `import sql --since-last`: how far earlier runs have read.

The mark is the greatest `published` imported, as the source writes it. Rows at exactly the mark are
read again; they have the same (`id`, `target`) and count once. The state is written only after the
part of this run stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import msgspec

from undertow.errors import Place, UndertowError, shown_name
from undertow.importers.mapping import EventMap

VERSION: Final = 1
FIRST_TIME: Final = "1970-01-01T00:00:00+00:00"
_FAULTS: Final = (TypeError, ValueError, ArithmeticError)
_READ: Final[dict[str, Callable[[str], object]]] = {
    "time": datetime.fromisoformat,
    "whole": int,
    "float": float,
    "decimal": Decimal,
    "text": str,
}


class _State(msgspec.Struct):
    """What the state file holds."""

    version: Literal[1]
    kind: str
    mark: str
    micros: int


class Mark:
    """The greatest `published` so far.

    Args:
        raw: as the source writes it, or a value before all others.
        micros: the same in microseconds since 1970; None before the first row.
    """

    def __init__(self, raw: object, micros: int | None = None) -> None:
        self._raw, self._micros = raw, micros
        self.moved = False

    def bound(self) -> object:
        """Give the value for `:since`."""
        return self._raw

    def move(self, micros: int, raw: object) -> None:
        """Move the mark on to a row's time if that is later."""
        if self._micros is None or micros > self._micros:
            self._raw, self._micros, self.moved = raw, micros, True

    def state(self) -> dict[str, object]:
        """Give the mark as it is written down."""
        raw = self._raw
        kind = "text"
        if isinstance(raw, datetime | date):
            kind, raw = "time", raw.isoformat()
        elif isinstance(raw, int | float | Decimal):
            kind = {int: "whole", float: "float"}.get(type(raw), "decimal")
        return {"version": VERSION, "kind": kind, "mark": str(raw), "micros": self._micros}


def state_path(folder: Path) -> Path:
    """Name the state file that stands beside the folder of parts."""
    return folder.with_name(f"{folder.name}.state.json")


def first_mark(event_map: EventMap) -> Mark:
    """Give a mark before all rows, of the kind that `published` has.

    Raises:
        UndertowError: `sql-since-unsorted` if the format does not sort as time does.
    """
    form = event_map.fields["published"].form
    if "%" in form:
        raise UndertowError(
            "times by a pattern do not sort, so `--since-last` cannot go by them",
            code="sql-since-unsorted",
            mend="let the query give the time as a timestamp, Unix seconds or ISO 8601",
        )
    return Mark(FIRST_TIME if form == "iso" else 0)


def read_mark(path: Path, event_map: EventMap) -> Mark:
    """Read the mark of earlier runs; without a state file give one before all rows.

    Raises:
        UndertowError: `sql-state-damaged`.
    """
    first = first_mark(event_map)
    if not path.exists():
        return first
    try:
        state = msgspec.json.decode(path.read_bytes(), type=_State)
        raw = _READ[state.kind](state.mark)
    except (
        OSError,
        msgspec.DecodeError,
        RecursionError,
        UnicodeDecodeError,
        KeyError,
        *_FAULTS,
    ):
        raise UndertowError(
            "the state of earlier runs cannot be read",
            code="sql-state-damaged",
            place=Place(shown_name(path)),
            mend="remove it to read everything again: rows read twice count once",
        ) from None
    return Mark(raw, state.micros)


def write_mark(path: Path, mark: Mark) -> None:
    """Write the state through a temporary neighbour, so that it is whole or the old one."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(msgspec.json.encode(mark.state()) + b"\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def part_path(folder: Path, now: datetime) -> Path:
    """Name this run's part; names sort as runs do."""
    return folder / f"part-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.parquet"

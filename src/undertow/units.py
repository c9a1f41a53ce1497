"""Durations and evidence: text to numbers and back, with the unit in the type."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NewType

Microseconds = NewType("Microseconds", int)
Bits = NewType("Bits", float)

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION: Final = re.compile(r"(\d+)\s*([smhdw])")
LONGEST: Final = 3_660 * DAY
"""Ten years: longer windows are taken for a slip of the pen."""


def microseconds(moment: datetime) -> int:
    """Turn a moment with a zone into microseconds since the epoch, UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment(microseconds_since_epoch: int) -> datetime:
    """Turn microseconds since the epoch into a moment in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds_since_epoch)


def parse_duration(text: str) -> Microseconds:
    """Read `14d`, `90m` or `2w` as microseconds.

    Raises:
        ValueError: if `text` is no whole number with one of the units s, m, h, d, w, or above ten years.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError("a duration is a whole number and one of s, m, h, d, w, such as `14d`")
    length = int(found[1]) * _UNITS[found[2]]
    if length > LONGEST:
        raise ValueError("a duration is at most ten years (`3660d`)")
    return Microseconds(length)


def show_duration(length: int) -> str:
    """Write microseconds for a reader: the two largest units that are not nought, such as `3 d 4 h`."""
    if length < SECOND:
        return "0 s"
    parts: list[str] = []
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        if length >= size:
            parts.append(f"{length // size} {unit}")
            length %= size
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)

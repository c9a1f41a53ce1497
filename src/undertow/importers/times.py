"""Times as other systems write them, to microseconds since 1970 in UTC.

A time without a zone is never guessed: it needs a zone from the map or from `--timezone`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from undertow.errors import UndertowError
from undertow.importers.rows import SetAside
from undertow.units import SECOND

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = 7_258_118_400 * SECOND
"""The year 2200: what lies after it is another unit of time, not another century."""
UNIX: Final = {"unix-seconds": SECOND, "unix-milliseconds": 1_000, "unix-microseconds": 1}
FORMATS: Final = (*UNIX, "iso")
ZONELESS: Final = "time without a zone"
UNREADABLE: Final = "time not readable"
OUTSIDE: Final = "time before 1970 or after 2200"
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST: Final = 64

ReadTime = Callable[[object], int]


def zone_named(name: str) -> tzinfo:
    """Give the time zone called `name`, such as `Europe/Berlin` or `UTC`.

    Raises:
        UndertowError: `timezone-unknown`.
    """
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mend = "use a name of the IANA database, such as `Europe/Berlin` or `UTC`"
        raise UndertowError(
            f"no time zone is called `{name[:_LONGEST]}`", code="timezone-unknown", mend=mend
        ) from None


def from_unix(value: object, unit: int) -> int:
    """Read a count of `unit` microseconds since 1970, whole or with a fraction.

    Raises:
        SetAside: if it is no number, or outside 1970 to 2200.
    """
    if isinstance(value, str) and len(value) > _LONGEST:
        raise SetAside(UNREADABLE)
    try:
        moment = int(value) * unit  # type: ignore[call-overload]  # other types raise TypeError below
        if isinstance(value, float | Decimal):
            moment = int(Decimal(str(value)) * unit)
    except (TypeError, ValueError, OverflowError, InvalidOperation):
        try:
            moment = int(Decimal(str(value).strip()) * unit)
        except (ArithmeticError, ValueError):
            raise SetAside(UNREADABLE) from None
    return _within(moment)


def from_datetime(moment: datetime, zone: tzinfo | None) -> int:
    """Read a datetime; one without a zone is taken in `zone`.

    Raises:
        SetAside: if it has no zone and none is given, or lies outside 1970 to 2200.
    """
    if moment.tzinfo is None:
        if zone is None:
            raise SetAside(ZONELESS)
        moment = moment.replace(tzinfo=zone)
    try:
        return _within((moment - EPOCH) // _MICROSECOND)
    except OverflowError:
        raise SetAside(OUTSIDE) from None


def from_iso(text: str, zone: tzinfo | None) -> int:
    """Read ISO 8601, with `T` or a space between date and time.

    Raises:
        SetAside: as `from_datetime`, or if it is not ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(text.strip()[:_LONGEST])
    except ValueError:
        raise SetAside(UNREADABLE) from None
    return from_datetime(moment, zone)


def time_reader(form: str, zone: tzinfo | None) -> ReadTime:
    """Make the function that reads times of one form.

    Args:
        form: one of `FORMATS`, or a pattern for `strptime`.
        zone: for times without one; None sets them aside.
    """
    unit = UNIX.get(form)

    def read(value: object) -> int:
        if isinstance(value, datetime):
            return from_datetime(value, zone)
        if isinstance(value, date):
            return from_datetime(datetime(value.year, value.month, value.day), zone)  # noqa: DTZ001 -- `from_datetime` gives the zone
        if unit is not None:
            return from_unix(value, unit)
        if not isinstance(value, str):
            raise SetAside(UNREADABLE)
        if form == "iso":
            return from_iso(value, zone)
        try:
            moment = datetime.strptime(value.strip()[:_LONGEST], form)  # noqa: DTZ007 -- the pattern may hold %z
        except (ValueError, OverflowError):
            raise SetAside(UNREADABLE) from None
        return from_datetime(moment, zone)

    return read


def precision_of(form: str) -> str | None:
    """Say how precise times of one form are: `us`, `s`, `min`, `day`; None if the data must show it."""
    if "%" not in form:
        return None
    if any(part in form for part in ("%S", "%X", "%c", "%T", "%f")):
        return "s"
    return "min" if any(part in form for part in ("%M", "%H", "%I")) else "day"


def _within(moment: int) -> int:
    if not 0 < moment < LATEST:
        raise SetAside(OUTSIDE)
    return moment

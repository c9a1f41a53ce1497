"""Options that several commands share, checked in one place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from undertow.errors import UndertowError

Playbooks = Annotated[
    list[str] | None,
    typer.Option("--playbook", "-p", help="A shipped name or a file. [all but research]"),
]
Until = Annotated[
    str | None,
    typer.Option(help="Leave out events at and after this time (ISO 8601, with zone)."),
]
Ground = Annotated[str | None, typer.Option(help="Lawful ground for reading direct messages.")]
Timezone = Annotated[str | None, typer.Option(help="Zone of times that carry none.")]
Region = Annotated[
    str | None, typer.Option(help="Country of national phone numbers, such as DE.")
]

SHORTEST_REASON = 10
SIZE = re.compile(r"(\d+(?:\.\d+)?) *([kmgt]?i?b)", re.IGNORECASE)
UNITS = {
    f"{letter}{binary}b": (1024 if binary else 1000) ** power
    for power, letter in enumerate(("", "k", "m", "g", "t"))
    for binary in ("", "i")
}


def checked_region(text: str | None) -> str | None:
    """Check a country code; returns it in upper case, None as None.

    Raises:
        UndertowError: `region-unknown`.
    """
    if text is None:
        return None
    from undertow.signals.phone import known_region

    region = text.upper()
    if not known_region(region):
        raise UndertowError(
            "the region is not known",
            code="region-unknown",
            mend="give a country code of two letters, such as `DE` or `TR`",
        )
    return region


def checked_reason(text: str | None) -> str | None:
    """Check the reason for native ids of targets; returns it as it is.

    Raises:
        UndertowError: `reason-missing` if it has fewer than ten characters.
    """
    if text is not None and len(text.strip()) < SHORTEST_REASON:
        raise UndertowError(
            "`--native-targets` needs a reason",
            code="reason-missing",
            mend="say in a sentence why targets must be named; it is written into every file",
        )
    return text


def checked_moment(text: str | None, option: str) -> datetime | None:
    """Read a time with a zone; returns it in UTC, None as None.

    Raises:
        UndertowError: `option-time`.
    """
    if text is None:
        return None
    mend = "write it as ISO 8601 with a zone, such as 2026-01-31T00:00:00Z"
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UndertowError(
            f"`{option}` is not a time", code="option-time", mend=mend
        ) from None
    if moment.tzinfo is None:
        raise UndertowError(f"`{option}` has no time zone", code="option-time", mend=mend)
    return in_utc


def checked_duration(text: str, option: str) -> int:
    """Read a duration as microseconds.

    Raises:
        UndertowError: `option-duration`.
    """
    from undertow.units import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        raise UndertowError(
            f"`{option}` is not a duration",
            code="option-duration",
            mend="write a whole number and one of s, m, h, d, w, such as `10m`",
        ) from None


def checked_size(text: str | None, option: str) -> int | None:
    """Read a number of bytes such as `4GiB` or `500MB`; None as None.

    Raises:
        UndertowError: `option-size`.
    """
    if text is None:
        return None
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise UndertowError(
            f"`{option}` is not a size",
            code="option-size",
            mend="write a number and a unit, such as 4GiB or 500MB",
        )
    return int(float(found[1]) * UNITS[found[2].lower()])


def checked_settings(given: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Read settings of Spark, each `NAME=VALUE` with a name that begins with `spark.`.

    Raises:
        UndertowError: `option-setting`.
    """
    settings = []
    for text in given or ():
        name, found, value = text.partition("=")
        if not found or not name.startswith("spark."):
            raise UndertowError(
                "`--spark-conf` is not a setting",
                code="option-setting",
                mend="write a name and a value, such as spark.executor.cores=4",
            )
        settings.append((name, value))
    return tuple(settings)

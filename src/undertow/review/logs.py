"""Logs of the desk: one JSON line an event, in UTC, of words and numbers of ours and nothing else.

A line holds only keys that are named here, and a text only where it is made of our own words: so no
message, no name, no query and no engine's error can get in, whoever forgets to think of it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

KEYS: Final = frozenset(
    {
        "event",
        "level",
        "at",
        "id",
        "method",
        "route",
        "status",
        "milliseconds",
        "reviewer",
        "code",
        "fault",
        "place",
        "task",
        "count",
        "origin",
        "seconds",
    }
)
"""What a line may hold. `origin` is the desk's own, `reviewer` a random code, `place` module and line of ours."""
WORDS: Final = re.compile(r"[A-Za-z0-9 _.,:;/\[\]+-]{0,120}")
HIDDEN: Final = "hidden"


def redact(
    logger: object, method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop what is no key of ours, and hide values that are no words of ours: a processor of structlog."""
    del logger, method
    return {key: _plain(value) for key, value in line.items() if key in KEYS}


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if WORDS.fullmatch(text) else HIDDEN


def logger_for(out: TextIO | None = None) -> Any:  # noqa: ANN401  # structlog's loggers have no common type
    """Make the desk's logger; `out` is where lines go, standard error if None."""
    return structlog.wrap_logger(
        structlog.PrintLogger(out or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )


def place_of(fault: BaseException) -> str:
    """Name the line of ours where a fault arose, never its text: that may hold data."""
    frames = [
        (str(frame.f_globals.get("__name__", "?")), line)
        for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    ours = [one for one in frames if one[0].startswith("undertow")]
    module, line = (ours or frames or [("?", 0)])[-1]
    return f"{module}:{line}"


class Handed(logging.Handler):
    """Takes what libraries log and hands on that they did, by name and level: their texts may hold data."""

    def __init__(self, logger: Any) -> None:  # noqa: ANN401  # structlog's loggers have no common type
        super().__init__(logging.WARNING)
        self.logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log the library's name, and the kind and place of an exception if there is one."""
        fault = record.exc_info[1] if record.exc_info else None
        self.logger.warning(
            "library",
            task=record.name,
            fault=type(fault).__name__ if fault else None,
            place=place_of(fault) if fault else None,
        )

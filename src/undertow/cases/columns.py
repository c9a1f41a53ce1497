"""Types of columns that SQLite's STRICT tables take and PostgreSQL takes as well.

STRICT knows INTEGER, REAL, TEXT and BLOB alone; SQLAlchemy would write BIGINT, FLOAT and BOOLEAN.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Text
from sqlalchemy.ext.compiler import compiles

Word = Text
"""A code, a name of ours, or a word."""


class Moment(BigInteger):
    """Microseconds since 1970 in UTC, or another whole number of 64 bits."""

    cache_ok = True


class Real(Float[float]):
    """A number of 64 bits with a fraction."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(precision=53)


class Flag(Boolean):
    """Yes or no."""

    cache_ok = True


def _named(kind: type[Any], word: str) -> None:
    @compiles(kind, "sqlite")
    def write(*given: object, **also: object) -> str:
        del given, also
        return word


for _kind, _word in ((Moment, "INTEGER"), (Real, "REAL"), (Flag, "INTEGER")):
    _named(_kind, _word)

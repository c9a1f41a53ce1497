"""A query's rows as events: read-only, streamed, and where asked only what is new.

The connection is told to be read-only before the query runs. Faults of a database are shown
without the password, the values it complains about, or the query's text.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from undertow.errors import Place, UndertowError, shown_name
from undertow.importers.mapped import Mapper, check_ground
from undertow.importers.mapping import EventMap
from undertow.importers.registry import Format, format_named
from undertow.importers.rows import Row, SetAside, Tally
from undertow.importers.since import FIRST_TIME, Mark

FETCH: Final = 10_000
"""Rows fetched from the server at once."""
LARGEST_QUERY: Final = 1_000_000
_QUIET: Final = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL
)
"""What a semicolon may stand in without ending a statement."""
_SECRET_CLASSES: Final = ("22", "23")
"""SQLSTATE classes whose messages quote values of rows."""
_EXTRAS: Final = {"psycopg": "undertow[postgres]", "psycopg2": "undertow[postgres]"}


class Database:
    """One database, opened to read only.

    Args:
        url: of SQLAlchemy, such as `postgresql+psycopg://user@host/name` or `sqlite:///file.db`.

    Raises:
        UndertowError: `sql-url`, `sql-driver-missing`, `file-unreadable`.
    """

    def __init__(self, url: str) -> None:
        try:
            self._url = sa.make_url(url)
        except (ArgumentError, ValueError):
            raise UndertowError(
                "the --url is no database URL",
                code="sql-url",
                mend="write it as `postgresql+psycopg://user@host/name` or `sqlite:///file.db`",
            ) from None
        if self._url.drivername in ("postgresql", "postgres"):
            self._url = self._url.set(drivername="postgresql+psycopg")
        self.backend = self._url.drivername.split("+")[0]
        self.read_only = self.backend in ("postgresql", "sqlite")
        """Whether the server itself refuses to write; elsewhere that cannot be enforced."""
        self._engine = self._open()

    @contextmanager
    def rows(self, query: str, mark: Mark | None = None) -> Iterator[sa.CursorResult[Any]]:
        """Run a query and give its result, streamed; nothing is ever committed.

        Args:
            query: one statement; `:since` in it is bound to the mark.
            mark: high-water mark, None if the query has no `:since`.

        Raises:
            UndertowError: `sql-failed` for whatever the database refuses.
        """
        try:
            with self._engine.connect() as connection:
                if self.backend == "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                stream = connection.execution_options(stream_results=True, max_row_buffer=FETCH)
                bound = {} if mark is None else {"since": mark.bound()}
                with closing(stream.execute(sa.text(query), bound)) as result:
                    if not result.returns_rows:
                        raise UndertowError(
                            "the query gives no rows back",
                            code="sql-failed",
                            mend="write one SELECT",
                        )
                    yield result
        except SQLAlchemyError as fault:
            raise self._shown(fault) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _open(self) -> sa.Engine:
        try:
            if self.backend == "sqlite":
                return self._open_sqlite()
            if self.backend == "postgresql":
                return sa.create_engine(
                    self._url,
                    execution_options={"postgresql_readonly": True},
                    connect_args={"options": "-c default_transaction_read_only=on"},
                    hide_parameters=True,
                )
            return sa.create_engine(self._url, hide_parameters=True)
        except (ImportError, NoSuchModuleError) as fault:
            driver = self._url.drivername.partition("+")[2] or self.backend
            known = isinstance(fault, ImportError)
            extra = _EXTRAS.get(driver)
            raise UndertowError(
                f"no driver for `{self._url.drivername}` is installed",
                code="sql-driver-missing",
                mend=f"install `{extra}`"
                if known and extra
                else "install its driver, or export to CSV",
            ) from None
        except (SQLAlchemyError, TypeError) as fault:
            raise self._shown(fault) from None

    def _open_sqlite(self) -> sa.Engine:
        path = Path(self._url.database or "")
        if not self._url.database or not path.is_file():
            raise UndertowError(
                "there is no such SQLite file",
                code="file-unreadable",
                place=Place(shown_name(path)),
                mend="write it as `sqlite:///folder/file.db`",
            )
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        return sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(address, uri=True),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
        )

    def _shown(self, fault: Exception) -> UndertowError:
        return UndertowError(
            f"the database refused: {_reason(fault, self._url)}",
            code="sql-failed",
            mend="try the query with the database's own client",
        )


def _reason(fault: Exception, url: URL) -> str:
    """Say why in one line, without secrets: no password, no values, no statement."""
    origin = fault.orig if isinstance(fault, DBAPIError) else None
    state = str(getattr(origin, "sqlstate", None) or "")
    if origin is None or state[:2] in _SECRET_CLASSES:
        return state or type(fault).__name__
    diagnosis = getattr(origin, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(origin)
    line = text.strip().split("\n")[0][:200]
    return (
        line.replace(url.password, "***")
        if isinstance(url.password, str) and url.password
        else line
    )


def read_query(path: Path) -> str:
    """Read the file of one statement.

    Raises:
        UndertowError: `file-unreadable`, `sql-many-statements`.
    """
    place = Place(shown_name(path))
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_QUERY).decode("utf-8-sig").strip().rstrip(";").strip()
    except (OSError, UnicodeDecodeError):
        raise UndertowError(
            "the query cannot be read",
            code="file-unreadable",
            place=place,
            mend="give a file of UTF-8 text with one SELECT",
        ) from None
    bare = _QUIET.sub("", text)
    if ";" in bare or not bare.strip():
        raise UndertowError(
            "the query is not one statement",
            code="sql-many-statements",
            place=place,
            mend="write one SELECT",
        )
    return text


def asks_since(query: str) -> bool:
    """Say whether a query uses the bind parameter `:since`."""
    return re.search(r"(?<![:\w]):since\b", _QUIET.sub("", query)) is not None


def look(
    database: Database, query: str, *, most: int
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Give the names of a query's columns and its first rows.

    Raises:
        UndertowError: `sql-failed`.
    """
    if not asks_since(query):
        return _look(database, query, most, None)
    try:
        return _look(database, query, most, Mark(0))
    except UndertowError:  # the column is a time, not a number
        return _look(database, query, most, Mark(FIRST_TIME))


def _look(
    database: Database, query: str, most: int, mark: Mark | None
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    with database.rows(query, mark) as result:
        return tuple(result.keys()), [tuple(row) for row in result.fetchmany(most)]


class SqlReader:
    """Events of one query, by a map.

    Args:
        database: opened to read only.
        query: one statement.
        event_map: the checked map.
        columns: the query's, in order.
        name: stands for the query in rejects.
        ground: lawful ground; the map's own if None.
        timezone: for times without a zone where the map names none.
        mark: high-water mark, moved on as rows are read; None if not asked for.
    """

    def __init__(
        self,
        database: Database,
        query: str,
        event_map: EventMap,
        *,
        columns: Sequence[str],
        name: str,
        ground: str | None = None,
        timezone: str | None = None,
        mark: Mark | None = None,
    ) -> None:
        self._database, self._query, self._mark = database, query, mark
        self._mapper = Mapper(event_map, columns, timezone=timezone, issue=_issue_id)
        self.name = name
        self.about: Format = format_named("sql")
        self.types = self._mapper.types()
        self.precision = self._mapper.precision()
        self.ground = check_ground(ground) or check_ground(event_map.ground)
        self.kind = event_map.kind
        self.needs_ground = False

    def rows(self, tally: Tally) -> Iterator[Row]:
        """Yield the rows; see `rows.Reader`. Rejects count the query's rows from 1."""
        with self._database.rows(self._query, self._mark) as result:
            for number, values in enumerate(result.yield_per(FETCH), start=1):
                try:
                    for row in self._mapper.rows(number, values, tally):
                        if self._mark is not None:
                            self._mark.move(row.published, self._mapper.raw_time(values))
                        yield row
                except SetAside as reason:
                    tally.reject(number, str(reason))


def _issue_id(number: int, published: int, values: Sequence[object]) -> str:
    """Name a row by its time and a hash of all its values: the same when it is read again."""
    del number
    whole = "\x1f".join(map(repr, values)).encode("utf-8", "replace")
    return f"sql:{published:017d}:{hashlib.sha256(whole).hexdigest()[:16]}"

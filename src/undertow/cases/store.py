"""The case store opened: one SQLite file in a folder of its own, or a PostgreSQL database.

SQLite is set up as T28 asks: WAL, FULL, foreign keys, nothing trusted from the schema, deleted
content overwritten. Writers begin with the write lock, so that a check and its change are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text

from undertow.errors import UndertowError

FILE: Final = "cases.sqlite"
PRAGMAS: Final = (
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("trusted_schema", "OFF"),
    ("secure_delete", "ON"),
    ("busy_timeout", "10000"),
    ("temp_store", "MEMORY"),
)


@dataclass(frozen=True)
class Store:
    """An open case store.

    Attributes:
        engine: SQLAlchemy engine; use `reading` and `writing`, not the engine itself.
        folder: folder of the SQLite file, of checkpoints and backups; for PostgreSQL the folder named beside it.
    """

    engine: Engine
    folder: Path

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for reading one consistent state."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("BEGIN"))
            else:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one transaction that holds the write lock; an exception undoes all of it."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("BEGIN IMMEDIATE"))
            with _settled(connection):
                yield connection


@contextmanager
def _settled(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def connect(where: str, folder: Path) -> Engine:
    """Make the engine of a store; `where` is a SQLAlchemy URL."""
    if not where.startswith("sqlite"):
        return create_engine(where, pool_pre_ping=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(where, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _configure)
    return engine


def _configure(raw: Any, record: object) -> None:  # noqa: ANN401  # a DBAPI connection
    del record
    # Transactions begin where `reading` and `writing` say, nowhere else.
    raw.isolation_level = None
    cursor = raw.cursor()
    for name, value in PRAGMAS:
        cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def open_store(place: str) -> Store:
    """Open a case store that exists; `place` is a folder or a `postgresql://` URL.

    Raises:
        UndertowError: `cases-missing` if there is none.
    """
    folder = Path(place)
    if not (folder / FILE).is_file():
        raise UndertowError(
            "there is no case store here",
            code="cases-missing",
            mend="make one: undertow detect EVENTS --out DIR --into CASES",
        )
    return Store(connect(f"sqlite:///{folder / FILE}", folder), folder)

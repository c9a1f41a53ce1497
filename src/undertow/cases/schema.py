"""The tables made, and brought up to this version by Alembic; a copy of SQLite's file is kept before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from undertow.cases.sqlite import alone
from undertow.errors import UndertowError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 7_812_044_911_023_519_731
"""Number of the advisory lock that writers hold on PostgreSQL; any number that nobody else uses."""


def _config(connection: Connection, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def head(migrations: Path = MIGRATIONS) -> str:
    """Name the newest version of the tables."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    found = ScriptDirectory.from_config(config).get_current_head()
    if found is None:
        raise ValueError("there are no migrations")
    return found


def is_there(engine: Engine) -> bool:
    """Say whether the database holds a store."""
    return inspect(engine).has_table("about")


def stands_at(connection: Connection) -> str | None:
    """Name the version of the tables of a store; None if nobody wrote it down."""
    return MigrationContext.configure(connection).get_current_revision()


def make(engine: Engine, version: str = "head") -> None:
    """Make all tables of an empty database.

    Args:
        engine: of the database.
        version: at which they shall stand.
    """
    _run(engine, version, MIGRATIONS)


def unmake(engine: Engine) -> None:
    """Take all tables away again, and SQLite's file with them: what could not be filled is no store."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        engine.dispose()
        for end in ("", "-wal", "-shm"):
            Path(f"{engine.url.database}{end}").unlink(missing_ok=True)
        return
    with engine.connect() as connection:
        command.downgrade(_config(connection, MIGRATIONS), "base")
        connection.execute(text("DROP TABLE alembic_version"))
        connection.commit()


def bring_up(engine: Engine, folder: Path, migrations: Path = MIGRATIONS) -> Path | None:
    """Bring the tables up to the newest version.

    Args:
        engine: of the store.
        folder: where a copy of SQLite's file goes first.
        migrations: folder of the migrations.

    Returns:
        The copy; None where nothing was to be done, or for PostgreSQL, which undoes a failed change by itself.

    Raises:
        UndertowError: `cases-newer` if a later version of Undertow made the store.
    """
    with engine.connect() as connection:
        stands = stands_at(connection)
    newest = head(migrations)
    if stands == newest:
        return None
    if stands not in versions(migrations):
        raise UndertowError(
            "a later version of Undertow made this case store",
            code="cases-newer",
            mend="use that version, or restore a backup that this one made",
        )
    copy = None
    if engine.dialect.name == "sqlite" and engine.url.database:
        copy = folder / f"before-{newest}.sqlite"
        with alone(folder):
            _copy(Path(engine.url.database), copy)
    with alone(folder):
        _run(engine, "head", migrations)
    return copy


def versions(migrations: Path = MIGRATIONS) -> set[str]:
    """Name all versions of the tables that this version knows."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}


def _run(engine: Engine, version: str, migrations: Path) -> None:
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A table that is copied and renamed would take its references along.
            connection.execute(text("PRAGMA foreign_keys=OFF"))
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            # Of two who open a store at once, the second finds the work done.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        try:
            command.upgrade(_config(connection, migrations), version)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA foreign_keys=ON"))


def _copy(file: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    old, new = sqlite3.connect(file), sqlite3.connect(copy)
    try:
        old.backup(new)
    finally:
        new.close()
        old.close()
    copy.chmod(0o600)

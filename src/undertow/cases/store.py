"""The case store opened: one SQLite file in a folder of its own, or a PostgreSQL database.

SQLite is set up as T28 asks: WAL, FULL, foreign keys, nothing trusted from the schema, deleted
content overwritten. Writers begin with the write lock, so that a check and its change are one; on
PostgreSQL an advisory lock of the transaction does the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock, local
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    create_engine,
    event,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DatabaseError, InternalError, OperationalError

from undertow.cases import schema
from undertow.cases.erasing import strip
from undertow.cases.keyfile import KeyFile, wrong_keys
from undertow.cases.schema import LOCK
from undertow.cases.sqlite import alone, pragmas
from undertow.cases.tables import about, subjects
from undertow.cases.vault import Vault
from undertow.errors import OUR_FAULT, UndertowError

FILE: Final = "cases.sqlite"
MAKE: Final = "make one: undertow detect EVENTS --out DIR --into CASES"

_SETTING: Final = select(about.c.value).where(about.c.name == bindparam("name"))


@dataclass(frozen=True)
class Store:
    """An open case store.

    Attributes:
        engine: SQLAlchemy engine; use `reading` and `writing`, not the engine itself.
        folder: folder of the SQLite file, of checkpoints and backups; for PostgreSQL the folder named beside it.
        vault: seals and opens, and makes codes.
        simulated: whether it holds a simulated world, and nothing else for good.
    """

    engine: Engine
    folder: Path
    vault: Vault
    simulated: bool
    _turn: RLock = field(default_factory=RLock, repr=False, compare=False)
    _page: local = field(default_factory=local, repr=False, compare=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for reading one consistent state; within `one_state`, of that one."""
        held: Connection | None = getattr(self._page, "connection", None)
        if held is not None:
            yield held
            return
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Let every `reading` of this thread in the block see one and the same state.

        A page that reads in ten places begins one transaction instead of ten, and its parts agree.

        Raises:
            TypeError: something is to be written in the block: what is read after it would not show it.
        """
        if getattr(self._page, "connection", None) is not None:
            yield
            return
        with self.reading() as connection:
            self._page.connection = connection
            try:
                yield
            finally:
                del self._page.connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one transaction that holds the write lock; an exception undoes all of it.

        Threads of this process queue up here, which is fairer than SQLite's own waiting.

        Raises:
            UndertowError: `cases-unwritable` if the database cannot be written, at the end included.
            TypeError: within `one_state`.
        """
        if getattr(self._page, "connection", None) is not None:
            raise TypeError("`writing` was called within `one_state`")
        if self.engine.dialect.name != "sqlite":
            with self.engine.connect() as connection, _settled(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield connection
            return
        with (
            self._turn,
            alone(self.folder),
            self.engine.connect() as connection,
            _settled(connection),
        ):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def setting(self, name: str) -> str | None:
        """Read a setting of the store; None if it was never set."""
        with self.reading() as connection:
            return connection.execute(_SETTING, {"name": f"setting:{name}"}).scalar()

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting with the store."""
        with self.writing() as connection:
            put_setting(connection, name, value)

    def close(self) -> None:
        """Close all connections and the key file."""
        self.engine.dispose()
        self.vault.keys.close()


@contextmanager
def _settled(connection: Connection) -> Iterator[None]:
    """Commit, or undo everything; a disk or a server that refuses is a fault of ours with a code."""
    try:
        yield
        connection.commit()
    except (OperationalError, InternalError):
        connection.rollback()
        raise UndertowError(
            "the case store could not be written, so nothing of this happened",
            code="cases-unwritable",
            mend="look at the disk, its rights, or the server; then do it again",
            exit_code=OUR_FAULT,
        ) from None
    except BaseException:
        connection.rollback()
        raise


def connect(where: str, folder: Path) -> Engine:
    """Make the engine of a store; `where` is a SQLAlchemy URL."""
    if not where.startswith("sqlite"):
        return create_engine(
            where, pool_pre_ping=True, pool_size=8, max_overflow=24, hide_parameters=True
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        where,
        connect_args={"check_same_thread": False},
        pool_size=8,
        max_overflow=56,
        hide_parameters=True,  # an error's text ends up in a log, and rows are nobody's business there
    )
    event.listen(engine, "connect", _configure)
    return engine


def _configure(raw: Any, record: object) -> None:  # noqa: ANN401  # a DBAPI connection
    del record
    # Transactions begin where `reading` and `writing` say, nowhere else.
    raw.isolation_level = None
    cursor = raw.cursor()
    for name, value in pragmas():
        cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def keys_of(folder: Path, keys: Path | None) -> Path:
    """Find the key file of a store: the one named, else `FOLDER.keys` beside its folder."""
    return keys or folder.absolute().with_name(folder.absolute().name + ".keys")


def open_store(
    place: str | Path, *, keys: Path | None = None, folder: Path | None = None
) -> Store:
    """Open a case store that exists, and bring its tables up to this version.

    Args:
        place: a folder, or a `postgresql://` URL.
        keys: its key file; None for `FOLDER.keys` beside its folder.
        folder: for PostgreSQL, the folder of checkpoints and backups.

    Raises:
        UndertowError: `cases-missing` if there is none, `cases-unreadable` if it is damaged or the server does not
            answer, `cases-newer` if a later version made it, `cases-folder-missing`; the faults of the key file.
    """
    engine, folder = _engine(place, folder)
    with _readable(engine):
        if not schema.is_there(engine):
            raise UndertowError("there is no case store here", code="cases-missing", mend=MAKE)
        vault = Vault.open_file(keys_of(folder, keys))
        try:
            schema.bring_up(engine, folder)
            known = _known(engine, vault)
            store = Store(engine, folder, vault, known["simulated"] == "yes")
            _bury(store)
        except BaseException:
            vault.keys.close()
            raise
    return store


def make_store(
    place: str | Path, *, simulated: bool, keys: Path | None = None, folder: Path | None = None
) -> Store:
    """Make an empty case store with a key file of its own.

    Args:
        place: a folder, or a `postgresql://` URL of an empty database.
        simulated: it shall hold a simulated world, and says so on every page.
        keys: where its key file goes; None for `FOLDER.keys` beside its folder.
        folder: for PostgreSQL, the folder of checkpoints and backups.

    Raises:
        UndertowError: `cases-there` if there is one already; `vault-keys-there`; as `open_store` otherwise.
    """
    engine, folder = connected(place, folder)
    with _readable(engine):
        if schema.is_there(engine):
            raise UndertowError(
                "there is a case store here already",
                code="cases-there",
                mend="name another place",
            )
        path = keys_of(folder, keys)
        vault = Vault(KeyFile.make(path))
        try:
            schema.make(engine)
            facts = {
                "id": f"s:{secrets.token_hex(8)}",
                "simulated": "yes" if simulated else "no",
                "check": vault.check(),
            }
            store = Store(engine, folder, vault, simulated)
            with store.writing() as connection:
                rows = [{"name": name, "value": value} for name, value in facts.items()]
                connection.execute(insert(about), rows)
        except BaseException:
            # Nothing is sealed under keys that were made for a store that could not be.
            vault.keys.discard()
            raise
    return store


def is_store(place: str | Path) -> bool:
    """Say whether there is a case store at a place; faults as `open_store`."""
    if not _is_url(place):
        return (Path(place) / FILE).is_file()
    engine = connect(_url(str(place)), Path())
    with _readable(engine):
        found = schema.is_there(engine)
    engine.dispose()
    return found


def _is_url(place: str | Path) -> bool:
    return isinstance(place, str) and "://" in place


def connected(place: str | Path, folder: Path | None) -> tuple[Engine, Path]:
    """Connect to where a store is to be, and give its folder; faults as `open_store`."""
    if not _is_url(place):
        Path(place).mkdir(parents=True, exist_ok=True, mode=0o700)
    return _engine(place, folder, is_new=True)


def _engine(
    place: str | Path, folder: Path | None, *, is_new: bool = False
) -> tuple[Engine, Path]:
    if not _is_url(place):
        folder = Path(place)
        file = folder / FILE
        if not is_new and not file.is_file():
            raise UndertowError("there is no case store here", code="cases-missing", mend=MAKE)
        return connect(f"sqlite:///{file}", folder), folder
    if folder is None:
        raise UndertowError(
            "a store in PostgreSQL needs a folder beside it",
            code="cases-folder-missing",
            mend="name one with --folder: checkpoints and backups go there",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return connect(_url(str(place)), folder), folder


def _url(place: str) -> str:
    """Make a URL of `postgresql://` one that names the driver we have."""
    fault = UndertowError(
        "the place of the case store is no folder and no PostgreSQL URL",
        code="cases-place",
        mend="name a folder, or postgresql://USER@HOST/DATABASE",
    )
    try:
        url = make_url(place)
    except ArgumentError:
        raise fault from None
    if url.get_backend_name() != "postgresql":
        raise fault
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@contextmanager
def _readable(engine: Engine) -> Iterator[None]:
    """Turn what a database says of itself into our words: its own may hold data."""
    try:
        yield
    except (OperationalError, DatabaseError, ModuleNotFoundError):
        raise UndertowError(
            "the case store cannot be read",
            code="cases-unreadable",
            mend="check its rights and its disk, or that PostgreSQL answers; else restore a backup",
        ) from None
    except UndertowError:
        engine.dispose()
        raise


def _known(engine: Engine, vault: Vault) -> dict[str, str]:
    """Read the facts about a store, and hold its key file to them."""
    with engine.connect() as connection:
        rows = connection.execute(select(about.c.name, about.c.value)).all()
    known = {str(name): str(value) for name, value in rows}
    if known.get("check") != vault.check():
        raise wrong_keys()
    return known


def _bury(store: Store) -> None:
    """Hold a store and its key file to each other's erasures: whoever is erased in one is erased in both."""
    with store.reading() as connection:
        asked = select(subjects.c.code, subjects.c.erased_at).where(subjects.c.erased_at > 0)
        erased = {str(code): int(at) for code, at in connection.execute(asked)}
        buried = store.vault.keys.tombstones()
        missing = sorted(buried.keys() - erased.keys())
        asked_for = select(subjects.c.code).where(subjects.c.code.in_(missing))
        here = list(connection.execute(asked_for).scalars()) if missing else []
    for code in erased.keys() - buried.keys():
        store.vault.erase(code, erased[code])
    if not here:
        return
    with store.writing() as connection:
        for code in here:
            strip(connection, code, buried[code])


def put_setting(connection: Connection, name: str, value: str) -> None:
    """Keep a setting in the transaction of what records it."""
    known = {"name": f"setting:{name}"}
    changed = connection.execute(
        update(about).where(about.c.name == known["name"]).values(value=value)
    )
    if not changed.rowcount:
        connection.execute(insert(about).values(**known, value=value))

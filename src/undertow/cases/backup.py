"""Backups: all records of a store at one moment in one file, and a store made of them elsewhere.

A ZIP archive: `manifest.json`, `tables/NAME.jsonl` with one list per row in the order of the keys, and the
signed checkpoints of the audit log. Sealed texts stay sealed; the keys are not in it and are kept apart.
Sessions are left out: nobody is signed in by a backup.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from undertow.cases import checkpoints, schema
from undertow.cases.store import Store, connected, is_store, keys_of, open_store
from undertow.cases.tables import acts, cases, metadata, reviewers, sessions, tallies
from undertow.cases.vault import Vault
from undertow.errors import Place, UndertowError, shown_name

FORM: Final = 1
"""Version of the archive's own form."""
PAGE: Final = 1000
"""Rows written at once."""
LARGEST: Final = 64 * 2**30
"""Bytes that an archive may unpack to."""
_DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError),
    *(msgspec.DecodeError, KeyError, ValueError, RuntimeError, DatabaseError),
)
"""What reading a damaged archive raises."""
TABLES: Final = tuple(
    table for table in metadata.sorted_tables if table not in (sessions, tallies)
)
"""All but sessions, which end, and tallies, which the restored database counts itself."""


_WITHIN: Final = {cases: ("case", "merged_into"), reviewers: ("reviewer", "let_in_by")}
"""Tables whose rows point at rows of their own, with the key and the column: those are written last."""


class Kept(msgspec.Struct, frozen=True):
    """One table in the archive: rows and SHA-256 of its file, hex."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What an archive holds.

    Attributes:
        form: of the archive.
        version: of the tables.
        at: microseconds.
        digest: SHA-256 over the tables, hex: equal stores have equal ones.
    """

    form: int
    version: str
    at: int
    digest: str
    tables: tuple[Kept, ...]


@dataclass(frozen=True)
class Backup:
    """A backup that was written."""

    path: Path
    digest: str
    rows: int


def write_backup(store: Store, out: Path, now: int) -> Backup:
    """Write all records of a store, as they are at one moment, while others go on working.

    Args:
        store: the store.
        out: the archive; it must not be there.
        now: microseconds.

    Raises:
        UndertowError: `backup-there`.
    """
    if out.exists():
        raise UndertowError(
            "there is a file of this name", code="backup-there", mend="name another one"
        )
    part = out.with_name(f".{out.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "w+b") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            with store.reading() as connection:
                version = schema.stands_at(connection) or ""
                kept = tuple(_write(archive, connection, table) for table in TABLES)
            manifest = Manifest(FORM, version, now, _digest(kept), kept)
            archive.writestr("manifest.json", msgspec.json.encode(manifest))
            for path in _checkpoints(checkpoints.folder(store)):
                archive.write(path, f"checkpoints/{path.name}")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return Backup(out, manifest.digest, sum(one.rows for one in kept))


def write_keys(store: Store, out: Path) -> None:
    """Copy the wrapped keys of subjects; without the master key the copy opens nothing.

    Copies made before an erasure still hold the key that was destroyed: replace them, do not pile them up.

    Raises:
        UndertowError: `backup-there`.
    """
    if out.exists():
        raise UndertowError(
            "there is a file of this name", code="backup-there", mend="name another one"
        )
    store.vault.keys.copy_to(out)


def digest_of(store: Store) -> str:
    """Give the digest of a store as it is: the one that its backup would have."""
    with store.reading() as connection:
        return _digest(tuple(_kept(table, _lines(connection, table)) for table in TABLES))


def restore(
    path: Path, place: str | Path, *, keys: Path | None = None, folder: Path | None = None
) -> Store:
    """Make a store of a backup, where there is none.

    The key file must be there, and the key of the audit log beside the new folder before anybody acts. Whoever was
    erased since the backup was made is erased again: their codes stand in the key file.

    Args:
        path: the archive.
        place: a folder, or a `postgresql://` URL of an empty database.
        keys: the store's key file; None for `FOLDER.keys` beside its folder.
        folder: for PostgreSQL, the folder of checkpoints and backups.

    Raises:
        UndertowError: `backup-unreadable` if it is no backup or is damaged, `backup-newer`, `cases-there`, and the
            faults of `open_store`.
    """
    if is_store(place):
        raise UndertowError(
            "there is a case store here already", code="cases-there", mend="name another place"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive, path)
            engine, beside = connected(place, folder)
            Vault.open_file(keys_of(beside, keys)).keys.close()
            schema.make(engine, manifest.version)
            try:
                with engine.connect() as connection, connection.begin():
                    for one in manifest.tables:
                        _fill(connection, archive, one)
                    _go_on_counting(connection)
            except BaseException:
                schema.unmake(engine)
                raise
            finally:
                engine.dispose()
            _unpack(archive, beside / "checkpoints")
    except _DAMAGE:
        raise _unreadable(path) from None
    return open_store(place, keys=keys, folder=folder)


def _write(archive: zipfile.ZipFile, connection: Connection, table: Table) -> Kept:
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as file:

        def written() -> Iterator[bytes]:
            for line in _lines(connection, table):
                file.write(line)
                yield line

        return _kept(table, written())


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    order = list(table.primary_key.columns)
    asked = select(table).order_by(*order).execution_options(yield_per=PAGE)
    for row in connection.execute(asked):
        yield msgspec.json.encode(list(row)) + b"\n"


def _kept(table: Table, lines: Iterable[bytes]) -> Kept:
    rows, told = 0, hashlib.sha256()
    for line in lines:
        rows += 1
        told.update(line)
    return Kept(str(table.name), tuple(map(str, table.columns.keys())), rows, told.hexdigest())


def _digest(kept: Iterable[Kept]) -> str:
    told = hashlib.sha256()
    for one in sorted(kept, key=lambda one: one.name):
        told.update(f"{one.name} {one.rows} {one.sha256}\n".encode())
    return told.hexdigest()


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _checked(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """Read the manifest and hold every table to it."""
    if sum(one.file_size for one in archive.infolist()) > LARGEST:
        raise _unreadable(path)
    manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
    if manifest.form > FORM or manifest.version not in schema.versions():
        raise UndertowError(
            "a later version of Undertow made this backup",
            code="backup-newer",
            mend="restore it with that version",
        )
    for one in manifest.tables:
        told = hashlib.sha256()
        with archive.open(f"tables/{one.name}.jsonl") as file:
            for line in file:
                told.update(line)
        if told.hexdigest() != one.sha256 or one.name not in metadata.tables:
            raise _unreadable(path)
    if _digest(manifest.tables) != manifest.digest:
        raise _unreadable(path)
    return manifest


def _fill(connection: Connection, archive: zipfile.ZipFile, kept: Kept) -> None:
    """Fill one table; a row that another one of the table points at comes first."""
    table = metadata.tables[kept.name]
    binary = [isinstance(table.c[name].type, LargeBinary) for name in kept.columns]
    later: list[dict[str, Any]] = []
    some: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    done: set[str] = set()
    with archive.open(f"tables/{kept.name}.jsonl") as file:
        for line in file:
            held = msgspec.json.decode(line)
            row = {
                name: base64.b64decode(value) if is_bytes and value is not None else value
                for name, value, is_bytes in zip(kept.columns, held, binary, strict=True)
            }
            if table in _WITHIN:
                key, to = _WITHIN[table]
                if row[to] is not None:
                    later.append({"to": row[to], "of": row[key]})
                    row[to] = None
            (waiting if table is acts else some).append(row)
            if len(some) >= PAGE:
                connection.execute(insert(table), some)
                some = []
    for row in sorted(waiting, key=lambda row: (row["at"], row["revision"])):
        some += _after(row, waiting, done)
    for first in range(0, len(some), PAGE):
        connection.execute(insert(table), some[first : first + PAGE])
    for one in later:
        key, to = _WITHIN[table]
        mine = table.c[key] == one["of"]
        connection.execute(update(table).where(mine).values({to: one["to"]}))


def _after(
    row: dict[str, Any], acts_of_all: list[dict[str, Any]], done: set[str]
) -> list[dict[str, Any]]:
    """Give an act after the one it answers, unless they were given before."""
    if row["act"] in done:
        return []
    before: list[dict[str, Any]] = []
    if row["answers"] is not None and row["answers"] not in done:
        answered = next(one for one in acts_of_all if one["act"] == row["answers"])
        before = _after(answered, acts_of_all, done)
    done.add(row["act"])
    return [*before, row]


def _go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL number further looks after those that came with the backup."""
    if connection.dialect.name != "postgresql":
        return
    table = metadata.tables["exposures"]
    last = connection.execute(select(func.max(table.c.exposure))).scalar()
    if last is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence('exposures', 'exposure'), :last)")
        connection.execute(sequence, {"last": last})


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Put the checkpoints where they were; names with a path in them are not ours."""
    for one in archive.infolist():
        head, _, name = one.filename.partition("/")
        if head == "checkpoints" and name and Path(name).name == name:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / name).write_bytes(archive.read(one))


def _unreadable(path: Path) -> UndertowError:
    return UndertowError(
        "this is no backup of a case store, or it is damaged",
        code="backup-unreadable",
        mend="take another one",
        place=Place(shown_name(path)),
    )

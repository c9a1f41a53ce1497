"""The folder of a state: tables that are never changed, and the page that names those that count.

A run writes new tables beside the old ones, then replaces `manifest.json` in one move. So a run that is
killed at any point leaves the state as it was; what no manifest names is removed by the next run.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import pyarrow as pa

from undertow.errors import UndertowError

FORMAT: Final = 1
"""Version of what stands in the folder; another one is not read."""
MANIFEST: Final = "manifest.json"
SUFFIX: Final = ".arrow"
_ANEW: Final = "delete the folder and run `undertow detect --state` once over all events"


class Held(msgspec.Struct):
    """One table: its file, and the checksum of what stands in it."""

    file: str
    crc: int


class Manifest(msgspec.Struct):
    """What the folder holds: the tables by name, plain values, and how many runs it carries."""

    format: int
    runs: int
    tables: dict[str, Held]
    values: dict[str, Any]


class Files:
    """The tables of one state, which one process at a time may use.

    Args:
        folder: made, for its owner alone, if it is not there.

    Raises:
        UndertowError: `state-unwritable`, `state-busy` while another process uses it, `state-damaged`,
            `state-other-version`, `state-not-a-state` for a folder that holds other things.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _hold_ours(folder)
            self._lock = _locked(folder / "lock")
        except OSError:
            raise _unwritable() from None
        try:
            self.manifest = _read(folder / MANIFEST)
        except UndertowError:
            self.close()
            raise

    @property
    def values(self) -> dict[str, Any]:
        """Plain values, to read and to change."""
        return self.manifest.values

    def __contains__(self, name: str) -> bool:
        return name in self.manifest.tables

    def table(self, name: str) -> pa.Table:
        """Map a table into memory.

        Raises:
            UndertowError: `state-damaged` if it is not what was written.
        """
        held = self.manifest.tables.get(name)
        if held is None:
            raise damaged()
        try:
            content = _content(self.folder / held.file)
        except (OSError, pa.ArrowInvalid):
            raise damaged() from None
        if zlib.crc32(content) != held.crc:
            raise damaged()
        return pa.ipc.open_file(pa.BufferReader(content)).read_all()

    def write(self, name: str, table: pa.Table) -> None:
        """Write a table; it counts after `commit`."""
        file = f"{name}.{self.manifest.runs + 1}{SUFFIX}"
        path = self.folder / file
        try:
            _make(path)
            with (
                pa.OSFile(os.fspath(path), "wb") as sink,
                pa.ipc.new_file(sink, table.schema) as out,
            ):
                out.write_table(table)
            _sync(path)
            self.manifest.tables[name] = Held(file, zlib.crc32(_content(path)))
        except OSError:
            raise _unwritable() from None

    def drop(self, name: str) -> None:
        """Name a table no more; its file goes with `commit`."""
        self.manifest.tables.pop(name, None)

    def commit(self) -> None:
        """Make what was written count, in one move, and remove what no longer does."""
        self.manifest.runs += 1
        part = self.folder / f"{MANIFEST}.part"
        try:
            _make(part)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(self.manifest), indent=1))
            _sync(part)
            part.replace(self.folder / MANIFEST)
            _sync(self.folder)
        except OSError:
            raise _unwritable() from None
        named = {held.file for held in self.manifest.tables.values()}
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.name not in named:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let other processes use the folder."""
        self._lock.close()


def damaged() -> UndertowError:
    """Make the fault of a state that cannot be trusted."""
    return UndertowError(
        "the state folder is damaged: something in it is missing or not what was written",
        code="state-damaged",
        mend=_ANEW,
    )


def _unwritable() -> UndertowError:
    return UndertowError(
        "the state folder cannot be written",
        code="state-unwritable",
        mend="name another folder with --state, or make room on the disk",
    )


def _make(path: Path) -> None:
    """Make an empty file for its owner alone."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _sync(path: Path) -> None:
    """Put a file, or the names in a folder, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _content(path: Path) -> pa.Buffer:
    """Map a file into memory."""
    with pa.memory_map(os.fspath(path)) as file:
        return file.read_buffer()


def _hold_ours(folder: Path) -> None:
    """Refuse a folder of other things: what no manifest names is removed from a state's folder."""
    ours = {"lock", MANIFEST, f"{MANIFEST}.part"}
    others = [path for path in folder.iterdir() if path.name not in ours]
    if not (folder / MANIFEST).is_file() and any(path.suffix != SUFFIX for path in others):
        raise UndertowError(
            "the folder given with --state holds something else",
            code="state-not-a-state",
            mend="name a new or an empty folder",
        )


def _locked(path: Path) -> IO[bytes]:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        # Held by the open file: the system lets go of it when the process ends in any way.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UndertowError(
            "another run uses this state folder",
            code="state-busy",
            mend="wait for it to end, or name another folder with --state",
        ) from None
    return file


def _read(path: Path) -> Manifest:
    if not path.exists():
        return Manifest(FORMAT, 0, {}, {})
    try:
        raw = path.read_bytes()
        if msgspec.json.decode(raw)["format"] == FORMAT:
            return msgspec.json.decode(raw, type=Manifest)
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        raise damaged() from None
    raise UndertowError(
        "the state folder was written by another version of Undertow",
        code="state-other-version",
        mend=_ANEW,
    )

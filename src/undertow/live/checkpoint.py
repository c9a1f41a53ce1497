"""Checkpoints: a folder for each, made whole beside its place, then renamed into it; two are kept.

A folder holds arrays (`NAME.npy`) and `run.json` with plain values and a checksum of every array. A
process may be killed at any point: either the rename happened and everything is on the disk, or the
folder still bears the name of an unfinished one and is removed at the next start.
"""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from undertow.errors import UndertowError

Array = npt.NDArray[Any]
KEPT: Final = 2
FORMAT: Final = 1
"""Version of what stands in a checkpoint; another one is not read."""
_PART: Final = "part-"


@dataclass(frozen=True)
class Saved:
    """What one checkpoint holds.

    Attributes:
        values: plain values: counts, positions, lengths of files.
        arrays: by name.
    """

    values: dict[str, Any]
    arrays: dict[str, Array]


class Checkpoints:
    """The checkpoints of one folder, which one process at a time may use.

    Args:
        folder: made if it is not there, for its owner alone.

    Raises:
        UndertowError: `watch-state-used` while another process watches with this folder,
            `watch-state-unwritable` where it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(folder / "lock")
            for path in folder.glob(f"{_PART}*"):
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            raise UndertowError(
                "the state folder cannot be written",
                code="watch-state-unwritable",
                mend="name another folder with --state",
            ) from None

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())

    def latest(self) -> Saved | None:
        """Read the newest whole checkpoint, None where there is none.

        Raises:
            UndertowError: `watch-state-broken` if there are checkpoints and none is whole.
        """
        numbers = self._numbers()
        for number in reversed(numbers):
            saved = _read(self.folder / f"{number:010d}")
            if saved is not None:
                return saved
        if numbers:
            raise UndertowError(
                "no checkpoint in the state folder is whole",
                code="watch-state-broken",
                mend="restore the folder from a backup, or begin anew with another --state",
            )
        return None

    def save(self, saved: Saved) -> None:
        """Write a checkpoint, put it onto the disk, and remove all but the newest two."""
        numbers = self._numbers()
        name = f"{(numbers[-1] if numbers else 0) + 1:010d}"
        part = self.folder / f"{_PART}{name}"
        part.mkdir(mode=0o700, exist_ok=True)
        sums: dict[str, int] = {}
        for label, array in saved.arrays.items():
            with (part / f"{label}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                _sync(file)
            sums[label] = _sum(array)
        head = {"format": FORMAT, "sums": sums, "values": saved.values}
        with (part / "run.json").open("wb") as file:
            file.write(msgspec.json.encode(head))
            _sync(file)
        _sync_folder(part)
        part.rename(self.folder / name)
        _sync_folder(self.folder)
        for number in numbers[: 1 - KEPT]:
            # Renamed first: a half-removed checkpoint must not look like a whole one.
            old = self.folder / f"{number:010d}"
            gone = old.rename(self.folder / f"{_PART}{old.name}")
            shutil.rmtree(gone)

    def close(self) -> None:
        """Let another process use the folder."""
        self._lock.close()


def _locked(path: Path) -> IO[bytes]:
    import fcntl

    file = path.open("ab")
    try:
        # Held by the open file: the system lets go of it when the process ends in any way.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UndertowError(
            "another process watches with this state folder",
            code="watch-state-used",
            mend="stop it first, or name another folder with --state",
        ) from None
    return file


def _read(folder: Path) -> Saved | None:
    """Read one checkpoint; None if anything of it is missing or changed."""
    try:
        head = msgspec.json.decode((folder / "run.json").read_bytes())
        if head["format"] != FORMAT:
            return None
        arrays: dict[str, Array] = {}
        for label, checksum in head["sums"].items():
            array = np.load(folder / f"{label}.npy", allow_pickle=False)
            if _sum(array) != checksum:
                return None
            arrays[label] = array
        return Saved(head["values"], arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, msgspec.MsgspecError):
        return None


def _sum(array: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

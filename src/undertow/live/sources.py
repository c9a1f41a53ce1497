"""Where a watch reads from: standard input, a file that grows and is rotated, a folder that fills.

Each gives blocks of whole lines and can say where it stands. Nothing is read ahead: while the engine
works, the writer waits (back-pressure).
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
import zlib
from pathlib import Path
from typing import Any, Final, Protocol

from undertow.errors import shown_name
from undertow.events.lines import LONGEST_LINE
from undertow.live.lines import Block, count_lines

BLOCK: Final = 4 << 20
"""Bytes taken at once while more is there: fixed costs of a block are nothing then."""
LINGER: Final = 0.02
"""Seconds to wait for more while a block is small: what a reader of alerts does not notice."""
SUFFIXES: Final = (".jsonl", ".ndjson")
_PIPE: Final = 1 << 20
_HEAD: Final = 1 << 12

Position = dict[str, Any]
"""Where a source stands, as plain values for a checkpoint."""


class Source(Protocol):
    """What the watch asks of a source."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    @property
    def full(self) -> bool:
        """Whether nothing more is given until a checkpoint is made."""

    def read(self, patience: float) -> Block | None:
        """Give the next lines; None if none came within `patience` seconds."""

    def position(self) -> Position:
        """Say where the next block begins."""

    def resume(self, position: Position) -> None:
        """Go to where a checkpoint stood, before the first `read`."""

    def saved(self) -> None:
        """Hear that a checkpoint holds every block given so far."""

    def close(self) -> None:
        """Let go of everything."""


class Cutter:
    """Cuts bytes into blocks of whole lines, and lines that are too long away.

    Attributes:
        lines: lines given so far.
        pending: bytes taken and not given yet.
    """

    def __init__(self, file: str, lines: int = 0) -> None:
        self.file = file
        self.lines = lines
        self._rest: list[bytes] = []
        self._held = 0
        self._skipping = False
        self._skipped = 0

    @property
    def pending(self) -> int:
        """Bytes taken and not given yet."""
        return self._held + self._skipped

    def cut(self, data: bytes, *, at_end: bool = False) -> Block | None:
        """Take bytes and give the whole lines there are; at the end, a last line without its end too."""
        overlong: tuple[int, ...] = ()
        if self._skipping:
            end = data.find(b"\n")
            if end < 0 and not at_end:
                self._skipped += len(data)
                return None
            # The line that was cut off stands in the block as an empty one.
            data = b"\n" + (data[end + 1 :] if end >= 0 else b"")
            overlong = (self.lines + 1,)
            self._skipping, self._skipped = False, 0
        end = len(data) if at_end else data.rfind(b"\n") + 1
        if not end and not at_end:
            self._rest.append(data)
            self._held += len(data)
            if self._held > LONGEST_LINE:
                self._skipped, self._held, self._rest = self._held, 0, []
                self._skipping = True
            return None
        given = b"".join([*self._rest, data[:end]])
        self._rest = [data[end:]] if end < len(data) else []
        self._held = len(data) - end
        if not given:
            return None
        first = self.lines + 1
        self.lines += count_lines(given)
        return Block(given, first, self.file, overlong)


class Stream:
    """Standard input, or any other open descriptor: to its end, once.

    A pipe cannot be wound back. A run that is taken up again reads what comes then; whoever feeds it may
    begin again anywhere before: what the checkpoint holds is late or repeated and goes no further.
    """

    def __init__(self, descriptor: int = 0, name: str = "standard input") -> None:
        self._descriptor = descriptor
        self._cutter = Cutter(name)
        self.ended = False
        if sys.platform == "linux":
            import fcntl

            # Fewer wake-ups of both sides; what is no pipe refuses, and needs none.
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)

    full = False

    def read(self, patience: float) -> Block | None:
        """Give the next lines."""
        parts: list[bytes] = []
        held = 0
        while held < BLOCK:
            ready, _, _ = select.select(
                [self._descriptor], [], [], LINGER if held else patience
            )
            if not ready:
                break
            data = os.read(self._descriptor, BLOCK - held)
            if not data:
                self.ended = True
                break
            parts.append(data)
            held += len(data)
        if not held and not self.ended:
            return None
        return self._cutter.cut(b"".join(parts), at_end=self.ended)

    def position(self) -> Position:
        """Say how many lines were read."""
        return {"lines": self._cutter.lines}

    def resume(self, position: Position) -> None:
        """Count lines on from a checkpoint."""
        self._cutter.lines = int(position["lines"])

    def saved(self) -> None:
        """Nothing to hear: the writer keeps no account."""

    def close(self) -> None:
        """Leave the descriptor to whoever opened it."""


class Followed:
    """A file that grows, is renamed away and begun anew, or is cut off and written from its start.

    Args:
        path: the file; it need not be there yet if it is followed.
        once: stop at the end of what is there.
    """

    def __init__(self, path: Path, *, once: bool = False) -> None:
        self.path = path
        self.once = once
        self.ended = False
        self.lost = False
        """Whether a file that a checkpoint had half read was not found again."""
        self._handle: int | None = None
        self._offset = 0
        self._cutter = Cutter(shown_name(path))
        self._wanted: Position | None = None

    full = False

    def read(self, patience: float) -> Block | None:
        """Give the next lines."""
        until = time.monotonic() + patience
        while True:
            if self._handle is None and not self._open():
                if self.once:
                    self.ended = True
                    return None
            else:
                block = self._more()
                if block is not None or self.ended:
                    return block
                if self._handle is None:
                    continue
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(left, 0.05))

    def _more(self) -> Block | None:
        """Read on; at the end look whether the file was cut off or replaced."""
        while self._handle is not None:
            data = os.read(self._handle, BLOCK)
            if data:
                self._offset += len(data)
                block = self._cutter.cut(data)
                if block is not None:
                    return block
                continue
            there = os.fstat(self._handle)
            if there.st_size < self._offset:
                self._begin(self._handle)
                continue
            if not self.once and not self._replaced(there):
                return None
            # Nothing will be added to this file any more: its last line may lack an end.
            block = self._cutter.cut(b"", at_end=True)
            if self.once:
                self.ended = True
            else:
                self.close()
            return block
        return None

    def _replaced(self, there: os.stat_result) -> bool:
        try:
            now = self.path.stat()
        except FileNotFoundError:
            # Renamed away, and the new one is not there yet: the old one may still be written to.
            return False
        return (now.st_ino, now.st_dev) != (there.st_ino, there.st_dev)

    def _begin(self, handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        self._offset = 0
        self._cutter = Cutter(self._cutter.file)

    def _open(self) -> bool:
        wanted, self._wanted = self._wanted, None
        path = self.path
        if wanted is not None:
            found = _by_inode(path, int(wanted["inode"]))
            self.lost = found is None and int(wanted["offset"]) > 0
            path = found or path
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        self._handle = handle
        self._begin(handle)
        if wanted is not None and not self.lost:
            offset = int(wanted["offset"])
            if os.fstat(handle).st_size >= offset and _head(handle, offset) == wanted["head"]:
                self._offset = offset
                os.lseek(handle, offset, os.SEEK_SET)
                self._cutter = Cutter(self._cutter.file, int(wanted["lines"]))
        return True

    def position(self) -> Position:
        """Say which file is read and how far."""
        if self._wanted is not None:
            return self._wanted
        if self._handle is None:
            return {"inode": 0}
        offset = self._offset - self._cutter.pending
        return {
            "inode": os.fstat(self._handle).st_ino,
            "offset": offset,
            "lines": self._cutter.lines,
            "head": _head(self._handle, offset),
        }

    def resume(self, position: Position) -> None:
        """Go on where a checkpoint stood, in the renamed file if it was rotated since."""
        self._wanted = position if position["inode"] else None

    def saved(self) -> None:
        """Nothing to hear: the file stays."""

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _head(handle: int, offset: int) -> int:
    """Sum up how a file begins: a new file may bear the number of one that is gone."""
    return zlib.crc32(os.pread(handle, min(offset, _HEAD), 0))


def _by_inode(path: Path, inode: int) -> Path | None:
    """Find the file with an inode: at its path, or renamed beside it."""
    with contextlib.suppress(OSError):
        if path.stat().st_ino == inode:
            return path
        for other in sorted(path.parent.iterdir()):
            if other.stat().st_ino == inode and other.is_file():
                return other
    return None


class Folder:
    """A folder that fills with files, read in the order of their names.

    The last file may still grow; it is done when one with a later name is there. A file whose name comes
    before one already read is never read.

    Args:
        path: the folder.
        once: stop at the end of what is there.
    """

    def __init__(self, path: Path, *, once: bool = False) -> None:
        self.path = path
        self.once = once
        self.ended = False
        self._current: Followed | None = None
        self._name = ""

    def _next(self) -> str | None:
        names = (p.name for p in self.path.iterdir() if p.name.endswith(SUFFIXES))
        later = [name for name in names if name > self._name and name[0] != "."]
        return min(later, default=None)

    full = False

    def read(self, patience: float) -> Block | None:
        """Give the next lines."""
        until = time.monotonic() + patience
        while True:
            following = self._next()
            if self._current is not None:
                # Looked up before the read: what came with the later name was then already there.
                self._current.once = self.once or following is not None
                block = self._current.read(0)
                if block is not None:
                    return block
            if (self._current is None or self._current.ended) and following is not None:
                self.close()
                self._name = following
                self._current = Followed(self.path / following)
                continue
            if self.once and (self._current is None or self._current.ended):
                self.ended = True
                return None
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(left, 0.05))

    def position(self) -> Position:
        """Say which file is read and how far."""
        inside = None if self._current is None else self._current.position()
        return {"name": self._name, "inside": inside}

    def resume(self, position: Position) -> None:
        """Go on where a checkpoint stood."""
        self._name = str(position["name"])
        if position["inside"] is not None:
            self._current = Followed(self.path / self._name)
            self._current.resume(position["inside"])

    def saved(self) -> None:
        """Nothing to hear: files stay."""

    def close(self) -> None:
        """Close the file that is being read."""
        if self._current is not None:
            self._current.close()
            self._current = None

"""Files that are only appended to, and cut back to a checkpoint's length when a run is taken up again.

What stands in them was written exactly once: whatever a killed run wrote after its last checkpoint is
cut off, and the run that takes over writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from undertow.errors import UndertowError, shown_name


class Appended:
    """One such file.

    Args:
        path: made if it is not there, readable by its owner alone.
        length: bytes that count, None for all that is there; the rest is cut off.

    Raises:
        UndertowError: `watch-file-short` if fewer bytes are there than count.
    """

    def __init__(self, path: Path, length: int | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        there = os.fstat(handle).st_size
        if length is not None and there < length:
            os.close(handle)
            raise UndertowError(
                f"{shown_name(path)} is shorter than when it was last written",
                code="watch-file-short",
                mend="put it back, or begin anew with another --state and --alerts",
            )
        self.length = there if length is None else length
        os.ftruncate(handle, self.length)
        os.lseek(handle, 0, os.SEEK_END)
        self._file: IO[bytes] = os.fdopen(handle, "r+b", buffering=1 << 16)
        self._file.seek(self.length)

    def write(self, data: bytes) -> None:
        """Append; `flush` or `sync` makes it visible."""
        self._file.write(data)
        self.length += len(data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def sync(self) -> int:
        """Put what was written onto the disk; gives the length."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self.length

    def read(self, begin: int, end: int) -> bytes:
        """Read a stretch back."""
        self._file.flush()
        return os.pread(self._file.fileno(), end - begin, begin)

    def close(self) -> None:
        """Flush and close."""
        self._file.close()

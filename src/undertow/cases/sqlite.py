"""How SQLite is set up, and how it is kept from its own fault.

Versions 3.7.0 to 3.51.2 can lose or corrupt commits in WAL mode where one connection begins a new
write-ahead log while another one checkpoints; 3.44.6, 3.50.7 and 3.51.3 mend it. On the others one
writer at a time works, held apart by a lock on a file: a checkpoint happens inside a writer's turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LOCK_FILE: Final = ".writer"
_COMMON: Final = (
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("trusted_schema", "OFF"),
    ("secure_delete", "ON"),
    ("busy_timeout", "10000"),
    ("temp_store", "MEMORY"),
    ("cell_size_check", "ON"),
)


def version() -> tuple[int, int, int]:
    """Give the version of the SQLite that this Python carries."""
    return sqlite3.sqlite_version_info[:3]


def is_sound(found: tuple[int, int, int]) -> bool:
    """Say whether a version is free of the fault of the write-ahead log (changes of SQLite 3.51.3)."""
    if found >= (3, 51, 3) or found < (3, 7, 0):
        return True
    return (3, 44, 6) <= found < (3, 45, 0) or (3, 50, 7) <= found < (3, 51, 0)


def can_lock() -> bool:
    """Say whether this system locks files in the way that we use."""
    return find_spec("fcntl") is not None


def pragmas() -> tuple[tuple[str, str], ...]:
    """List the settings of every connection; no write-ahead log where it can be neither trusted nor guarded."""
    mode = "WAL" if is_sound(version()) or can_lock() else "DELETE"
    return (("journal_mode", mode), *_COMMON)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the store's writer lock while the block runs, where SQLite needs that."""
    if is_sound(version()):
        yield
        return
    with in_turn(folder / LOCK_FILE):
        yield


@contextmanager
def in_turn(file: Path) -> Iterator[None]:
    """Hold a lock on a file while the block runs: whoever waits for it is woken, where SQLite asks again and again.

    Systems that do not lock files in this way go without.
    """
    if not can_lock():
        yield
        return
    fcntl = import_module("fcntl")
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(held, fcntl.LOCK_UN)

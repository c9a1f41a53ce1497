"""The key file of a store: a SQLite file apart from the store, with one wrapped key per subject.

    MASTER  32 bytes in a file of their own; wraps everything below
    KEYS    `known`: the key of codes, wrapped, and a check value
            `subjects`: code, wrapped key; a destroyed key leaves its code in `tombstones`

The rollback journal is truncated and freed pages are overwritten, so that a destroyed key is gone from
the file. Every process reads the key that it needs when it needs it: none outlives its destruction.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from undertow.cases.sqlite import in_turn
from undertow.errors import UndertowError

LENGTH: Final = 32
"""Bytes of every key: AES-256 and HMAC-SHA-256."""
NONCE: Final = 12
"""Bytes of a nonce of AES-GCM (NIST SP 800-38D recommends 96 bits)."""
MASTER_VARIABLE: Final = "UNDERTOW_MASTER_KEY_FILE"
_CODES: Final = "codes"
_CHECK: Final = "check"
_KEY: Final = """SELECT wrapped, value FROM subjects, known WHERE code = ? AND name = ?"""
"""Key and check value as they were at one moment: the master key may change between two looks."""
_TRIES: Final = 20
"""Looks at files that another process may be changing just now."""
_SCHEMA: Final = (
    "CREATE TABLE known (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
    "CREATE TABLE subjects (code TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT",
    "CREATE TABLE tombstones (code TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT",
)


def master_path(keys: Path) -> Path:
    """Find the master key: `UNDERTOW_MASTER_KEY_FILE`, else `KEYS.master` beside the key file."""
    named = os.environ.get(MASTER_VARIABLE)
    return Path(named) if named else keys.with_name(keys.name + ".master")


def wrong_keys(what: str = "the key file is not the one of this store") -> UndertowError:
    """Make the fault of keys that do not fit."""
    return UndertowError(
        what,
        code="vault-keys-wrong",
        mend="name the store's own key file with --keys, and its master key in "
        + MASTER_VARIABLE,
    )


class KeyFile:
    """The keys of one store.

    Args:
        path: the SQLite file of wrapped keys.

    Raises:
        UndertowError: `vault-keys-missing` if a file is not there, `vault-keys-wrong` if the master key does not
            open it, `vault-keys-unreadable` if it is damaged or not to be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        if not path.is_file() or not _there(path):
            raise UndertowError(
                "the key file of this store is not here",
                code="vault-keys-missing",
                mend="name it with --keys, or put it and its master key back from their backup",
            )
        try:
            self._db = _connect(path)
            self._master = self._opening_master()
            self.codes = self._unwrap(_CODES, self._known(_CODES))
        except (sqlite3.DatabaseError, OSError):
            raise UndertowError(
                "the key file is damaged or cannot be read",
                code="vault-keys-unreadable",
                mend="put it back from its backup, and check its rights",
            ) from None

    @classmethod
    def make(cls, path: Path) -> KeyFile:
        """Make a key file and its master key, mode 600.

        Raises:
            UndertowError: `vault-keys-there` if one of them is there already.
        """
        if path.exists() or _there(path):
            raise UndertowError(
                "a key file is there already",
                code="vault-keys-there",
                mend="name another with --keys; removing it makes every sealed text of its store unreadable",
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        master = secrets.token_bytes(LENGTH)
        _write_secret(master_path(path), master)
        _write_secret(path, b"")
        db = _connect(path)
        with _transaction(db):
            for line in _SCHEMA:
                db.execute(line)
            for name, value in ((_CODES, secrets.token_bytes(LENGTH)), (_CHECK, b"undertow")):
                db.execute("INSERT INTO known VALUES (?, ?)", (name, wrap(master, name, value)))
        db.close()
        return cls(path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def discard(self) -> None:
        """Remove a file that was just made, and its master key."""
        self.close()
        journal = self.path.with_name(f"{self.path.name}-journal")
        for path in (self.path, journal, master_path(self.path), self._lock_file()):
            path.unlink(missing_ok=True)

    def key(self, code: str) -> bytes | None:
        """Give the key of a subject; None if it has none, or none any more."""
        for _ in range(_TRIES):
            with self._lock:
                row = self._db.execute(_KEY, (code, _CHECK)).fetchone()
                if row is None:
                    return None
                if not _opens(self._master, row[1]):
                    self._settle()
                with suppress(InvalidTag):
                    return unwrap(self._master, code, row[0])
        raise wrong_keys()

    def keys_made(self, codes: list[str]) -> dict[str, bytes]:
        """Give the keys of some subjects, made where there were none.

        Codes whose key was destroyed are left out.
        """
        held = ((code, self.key(code)) for code in dict.fromkeys(codes))
        found = {code: key for code, key in held if key is not None}
        lacking = [code for code in dict.fromkeys(codes) if code not in found]
        if not lacking:
            return found
        with self._changing():
            self._settle()
            for code in lacking:
                row = self._db.execute(
                    "SELECT wrapped FROM subjects WHERE code = ?", (code,)
                ).fetchone()
                if row is not None:
                    found[code] = unwrap(self._master, code, row[0])
                elif not self._buried(code):
                    found[code] = key = secrets.token_bytes(LENGTH)
                    wrapped = wrap(self._master, code, key)
                    self._db.execute("INSERT INTO subjects VALUES (?, ?)", (code, wrapped))
        return found

    def destroy(self, code: str, at: int, *, bury: bool = True) -> None:
        """Destroy a subject's key; with `bury` for good: no new one is ever made."""
        with self._changing():
            self._db.execute("DELETE FROM subjects WHERE code = ?", (code,))
            if bury:
                self._db.execute("INSERT OR IGNORE INTO tombstones VALUES (?, ?)", (code, at))

    def tombstones(self) -> dict[str, int]:
        """List the codes whose keys were destroyed for good, and when."""
        with self._lock:
            rows = self._db.execute("SELECT code, at FROM tombstones").fetchall()
        return {str(code): int(at) for code, at in rows}

    def rotate(self) -> None:
        """Make a new master key and wrap everything with it; the old one opens nothing afterwards.

        The new one is written beside the old one first and takes its name last; whoever opens the file between
        these steps finds the one that fits, and finishes the change.
        """
        path = master_path(self.path)
        new = secrets.token_bytes(LENGTH)
        with self._changing():
            self._settle()
            fresh = _beside(path)
            fresh.unlink(missing_ok=True)
            _write_secret(fresh, new)
            for table, name, value in (
                ("known", "name", "value"),
                ("subjects", "code", "wrapped"),
            ):
                rows = self._db.execute(f"SELECT {name}, {value} FROM {table}").fetchall()  # noqa: S608  # our names
                again = [
                    (wrap(new, one, unwrap(self._master, one, held)), one) for one, held in rows
                ]
                self._db.executemany(
                    f"UPDATE {table} SET {value} = ? WHERE {name} = ?",  # noqa: S608  # our names
                    again,
                )
        with self._lock:
            self._settle()

    def copy_to(self, path: Path) -> None:
        """Copy the wrapped keys; without the master key the copy opens nothing."""
        _write_secret(path, b"")
        copy = sqlite3.connect(path)
        with self._lock:
            self._db.backup(copy)
        copy.close()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the file's one writing transaction, among threads and among processes."""
        with self._lock, in_turn(self._lock_file()), _transaction(self._db):
            yield

    def _lock_file(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def _known(self, name: str) -> bytes:
        row = self._db.execute("SELECT value FROM known WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise wrong_keys("the key file is none")
        return bytes(row[0])

    def _buried(self, code: str) -> bool:
        asked = self._db.execute("SELECT 1 FROM tombstones WHERE code = ?", (code,))
        return asked.fetchone() is not None

    def _opening_master(self) -> bytes:
        """Find which of the master key and its half-made successor opens the file."""
        path = master_path(self.path)
        for _ in range(_TRIES):
            check = self._known(_CHECK)
            for one in (path, _beside(path)):
                held = b""
                with suppress(FileNotFoundError):  # it has just taken the other name
                    held = one.read_bytes()
                if len(held) == LENGTH and _opens(held, check):
                    if one != path:
                        with suppress(FileNotFoundError):  # another process was first
                            one.replace(path)
                    return held
        raise wrong_keys()

    def _settle(self) -> None:
        """Look whether another process changed the master key meanwhile."""
        if not _opens(self._master, self._known(_CHECK)):
            self._master = self._opening_master()

    def _unwrap(self, code: str, held: bytes) -> bytes:
        try:
            return unwrap(self._master, code, held)
        except InvalidTag:
            raise wrong_keys() from None


def wrap(key: bytes, name: str, value: bytes) -> bytes:
    """Seal a value under a key, bound to a name: nonce and AES-GCM ciphertext."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value, name.encode())


def unwrap(key: bytes, name: str, held: bytes) -> bytes:
    """Open what `wrap` sealed.

    Raises:
        InvalidTag: another key, another name, or changed bytes.
    """
    return AESGCM(key).decrypt(held[:NONCE], held[NONCE:], name.encode())


def mac(key: bytes, *parts: str) -> bytes:
    """Give the HMAC-SHA-256 of some texts; no two lists of texts have one."""
    told = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hmac.digest(key, told, "sha256")


def _opens(master: bytes, check: bytes) -> bool:
    try:
        unwrap(master, _CHECK, check)
    except InvalidTag:
        return False
    return True


def _there(keys: Path) -> bool:
    path = master_path(keys)
    return path.exists() or _beside(path).exists()


def _beside(master: Path) -> Path:
    return master.with_name(master.name + ".new")


def _write_secret(path: Path, held: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(held)
        file.flush()
        os.fsync(file.fileno())


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    for line in (
        "secure_delete=ON",
        "journal_mode=TRUNCATE",
        "synchronous=FULL",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    ):
        db.execute(f"PRAGMA {line}")
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")

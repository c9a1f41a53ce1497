"""Signing tree heads: C2SP tlog-checkpoint, a signed note with an Ed25519 key that the database does not hold.

The key file has two lines: the signing key as `PRIVATE+KEY+name+id+key` (the form that tools for
such logs read) and the key of commitments, 32 bytes as hex. It stands apart from the store and
only its owner may read it.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from undertow.audit.verify import DASH, ED25519, Checkpoint, Key, key_hint
from undertow.errors import UndertowError

_PREFIX: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, repr=False)
class LogKey:
    """What signs a log and commits to what it must not hold.

    Attributes:
        name: the log's name, the origin of its checkpoints.
        signing: Ed25519.
        committing: 32 bytes, for HMAC-SHA-256.
    """

    name: str
    signing: Ed25519PrivateKey
    committing: bytes

    @property
    def public(self) -> str:
        """The public key as `name+id+key`: to be published, and given to whoever checks."""
        raw = self.signing.public_key().public_bytes_raw()
        packed = base64.b64encode(ED25519 + raw).decode()
        return f"{self.name}+{key_hint(self.name, raw).hex()}+{packed}"

    @property
    def verifier(self) -> Key:
        """The public key, ready to check with."""
        return Key.read(self.public)

    def sign(self, size: int, root: bytes) -> bytes:
        """Give the signed checkpoint of a log of `size` leaves with the root `root`."""
        text = Checkpoint(self.name, size, root).text
        raw = self.signing.public_key().public_bytes_raw()
        signature = key_hint(self.name, raw) + self.signing.sign(text.encode())
        line = f"{DASH}{self.name} {base64.b64encode(signature).decode()}\n"
        return f"{text}\n{line}".encode()


def make_key(path: Path) -> LogKey:
    """Make a key and write it to a new file that only its owner may read.

    Raises:
        UndertowError: `audit-key-exists` if the file is there: a log has one key for life.
    """
    key = LogKey(
        f"undertow.example/{secrets.token_hex(8)}",
        Ed25519PrivateKey.generate(),
        secrets.token_bytes(32),
    )
    raw = key.signing.public_key().public_bytes_raw()
    packed = base64.b64encode(ED25519 + key.signing.private_bytes_raw()).decode()
    secret = f"{_PREFIX}{key.name}+{key_hint(key.name, raw).hex()}+{packed}"
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UndertowError(
            "the log has a key already",
            code="audit-key-exists",
            mend="keep it; a log has one key for life",
        ) from None
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(f"{secret}\n{key.committing.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> LogKey:
    """Read what `make_key` wrote.

    Raises:
        UndertowError: `audit-key-missing`, `audit-key-invalid`.
    """
    try:
        text = path.read_bytes()
    except OSError:
        raise UndertowError(
            "the key of the audit log cannot be read",
            code="audit-key-missing",
            mend="bring it back from where it is kept apart; without it nothing is decided",
        ) from None
    try:
        key = _read(text.decode("ascii"))
    except ValueError:
        raise UndertowError(
            "the key file of the audit log is damaged",
            code="audit-key-invalid",
            mend="bring back the copy that is kept apart",
        ) from None
    return key


def _read(text: str) -> LogKey:
    secret, committing = text.split("\n")[:2]
    name, hint, packed = secret.removeprefix(_PREFIX).split("+", 2)
    raw = base64.b64decode(packed, validate=True)
    key = LogKey(name, Ed25519PrivateKey.from_private_bytes(raw[1:]), bytes.fromhex(committing))
    if key.verifier.hint.hex() != hint or raw[:1] != ED25519 or len(key.committing) != 32:
        raise ValueError("the parts of the key do not belong together")
    return key

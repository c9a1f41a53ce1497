"""Keyed pseudonyms of accounts: HMAC-SHA-256 under a key that never leaves this installation.

The same account has the same pseudonym in every file of one installation, and without the key no list
of account names can be tried against it (GDPR guidance asks for a MAC with a secret kept apart).
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.errors import UndertowError

PREFIX: Final = "t:"
KEY_VARIABLE: Final = "UNDERTOW_KEY_FILE"
_BYTES: Final = 10
"""Bytes kept of the MAC: 80 bits, so that a million accounts collide with odds below 1 in 10^12."""


def key_path() -> Path:
    """Find the key file: `UNDERTOW_KEY_FILE`, else the user's data folder."""
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return Path(named)
    home = os.environ.get("XDG_DATA_HOME")
    return (
        (Path(home) if home else Path.home() / ".local" / "share")
        / "undertow"
        / "pseudonym.key"
    )


def _load_or_make(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Exclusive creation: two first runs at once agree on one key.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) < 16:
            raise UndertowError(
                "the pseudonym key is too short",
                code="key-invalid",
                mend="restore the key file from its backup, or remove it to begin anew",
            ) from None
        return key
    except OSError:
        raise UndertowError(
            "the pseudonym key cannot be written",
            code="key-invalid",
            mend=f"make the data folder writable, or name a file in {KEY_VARIABLE}",
        ) from None
    key = secrets.token_bytes(32)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key


class Pseudonyms:
    """Makes pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    @classmethod
    def default(cls) -> Pseudonyms:
        """Use this installation's key, made at first use with mode 600.

        Raises:
            UndertowError: `key-invalid` if the key file cannot be read or made.
        """
        return cls(_load_or_make(key_path()))

    def of(self, account: str) -> str:
        """Give the pseudonym of one account: `t:` and 16 lower-case base32 letters."""
        return str(self._shown(account.encode())[0].as_py())

    def of_array(self, accounts: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Give the pseudonyms of many accounts: string, same length, null stays null."""
        coded = accounts.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
            coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        names = self._shown(*map(str.encode, coded.dictionary.to_pylist()))
        return pa.DictionaryArray.from_arrays(coded.indices, names).dictionary_decode()

    def _shown(self, *accounts: bytes) -> pa.Array:
        """Hash names and write the hashes in base32, many at a time."""
        macs = b"".join(hmac.digest(self.key, name, "sha256")[:_BYTES] for name in accounts)
        # Ten bytes are sixteen letters without a rest, so all hashes can be written in one go.
        letters = np.frombuffer(base64.b32encode(macs).lower(), np.uint8)
        letters = letters.reshape(len(accounts), 16)
        texts = np.concatenate(
            [np.tile(np.frombuffer(PREFIX.encode(), np.uint8), (len(accounts), 1)), letters],
            axis=1,
        )
        ends = np.arange(len(accounts) + 1, dtype=np.int32) * texts.shape[1]
        return pa.StringArray.from_buffers(
            len(accounts), pa.py_buffer(ends), pa.py_buffer(texts.tobytes())
        )

"""Keyed pseudonyms of accounts: HMAC-SHA-256 under a key that never leaves this installation.

The same account has the same pseudonym in every file of one installation, and without the key no list
of account names can be tried against it (GDPR guidance asks for a MAC with a secret kept apart).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.errors import UndertowError
from undertow.events.kernel_mac import BLOCK, START, macs, take_in
from undertow.events.names import bytes_of

Array = npt.NDArray[Any]

PREFIX: Final = "t:"
_LETTERS: Final = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)
MANY_NAMES: Final = 5_000
"""Names from which compiled code hashes them: below, compiling costs more."""
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
        return str(self.of_array(pa.array([account], pa.string()))[0].as_py())

    def of_array(self, accounts: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Give the pseudonyms of many accounts: string, same length, null stays null."""
        coded = accounts.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
            coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        names = coded.dictionary.cast(pa.string())
        hashed = self._macs(names) if len(names) < MANY_NAMES else self._many_macs(names)
        shown = pa.DictionaryArray.from_arrays(coded.indices, _written(hashed))
        return shown.dictionary_decode()

    def _macs(self, names: pa.Array) -> Array:
        """Hash names: uint8, (n, `_BYTES`)."""
        found = [hmac.digest(self.key, name.encode(), "sha256") for name in names.to_pylist()]
        return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)[:, :_BYTES]

    def _many_macs(self, names: pa.Array) -> Array:
        """As `_macs`, in compiled code."""
        block = self.key if len(self.key) <= BLOCK else hashlib.sha256(self.key).digest()
        pads = []
        for pad in (0x36, 0x5C):
            state, room = START.copy(), np.zeros(BLOCK, np.uint32)
            padded = bytes(byte ^ pad for byte in block.ljust(BLOCK, b"\0"))
            room[:16] = np.frombuffer(padded, ">u4")
            take_in(state, room)
            pads.append(state)
        found = np.empty((len(names), 8), np.uint32)
        macs(*bytes_of(names), pads[0], pads[1], found)
        return found.astype(">u4").view(np.uint8)[:, :_BYTES]


def _written(macs: Array) -> pa.Array:
    """Write hashes in base32: ten bytes are sixteen letters without a rest."""
    fives = np.unpackbits(macs, axis=1).reshape(-1, 5) @ (
        1 << np.arange(4, -1, -1, dtype=np.uint8)
    )
    texts = np.empty((len(macs), len(PREFIX) + 16), np.uint8)
    texts[:, : len(PREFIX)] = np.frombuffer(PREFIX.encode(), np.uint8)
    texts[:, len(PREFIX) :] = _LETTERS[fives].reshape(-1, 16)
    ends = np.arange(len(texts) + 1, dtype=np.int32) * texts.shape[1]
    return pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(ends), pa.py_buffer(texts.tobytes())
    )

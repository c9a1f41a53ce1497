"""Codes and sealed texts: nothing that names a person or says what they wrote stands readable at rest.

A code is a keyed pseudonym (HMAC-SHA-256): the same account has the same code in one store, another in
every other store. A text is sealed with AES-256-GCM under the keys of the subjects it is about, bound
to its place in the database: moved to another row it does not open. Erasing a subject destroys its
key, and with it every text about it, in every backup of the database (decision 0022).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidTag

from undertow.cases.keyfile import KeyFile, mac, unwrap, wrap
from undertow.errors import UndertowError

Kind = Literal["a", "t", "e", "c", "g", "r", "x"]
"""Account, target, event, campaign, group or room, reviewer's sign-in name, passage."""
Subjects = str | Sequence[str]
"""Whose keys seal a text: one code, or several of which each alone can be erased."""
_BYTES: Final = 10
"""Bytes kept of a code's MAC: 80 bits, so that a million accounts collide with odds below 1 in 10^12."""
STAFF: Final = "r:staff"
"""Under whose key the names of reviewers are sealed."""


def context(table: str, key: str, column: str) -> str:
    """Name the one place where a sealed text belongs: `passages/p:…/sealed_text`."""
    return f"{table}/{key}/{column}"


class Vault:
    """Seals and opens under the keys of one key file."""

    def __init__(self, keys: KeyFile) -> None:
        self.keys = keys

    @classmethod
    def open_file(cls, path: Path) -> Vault:
        """Open a key file; faults as `KeyFile`."""
        return cls(KeyFile(path))

    def code(self, kind: Kind, native: str) -> str:
        """Give the code of a native id: its kind, a colon and 16 lower-case base32 letters.

        A target comes as the detector's pseudonym (`t:…`), not as its native id.
        """
        held = mac(self.keys.codes, kind, native)[:_BYTES]
        return f"{kind}:{base64.b32encode(held).decode().lower()}"

    def commitment(self, *parts: str) -> bytes:
        """Commit to some texts without saying them: HMAC-SHA-256, 32 bytes."""
        return mac(self.keys.codes, "commitment", *parts)

    def check(self) -> str:
        """Give a value by which a store knows its key file again, hex."""
        return mac(self.keys.codes, "check").hex()[:32]

    def seal(self, subjects: Subjects, place: str, text: str) -> bytes:
        """Seal a text for its place (`context`).

        Raises:
            UndertowError: `vault-erased` if a subject was erased: nothing new is kept about it.
        """
        return self.seal_all([(subjects, place, text)])[0]

    def seal_all(self, texts: Iterable[tuple[Subjects, str, str]]) -> list[bytes]:
        """Seal many texts with one look into the key file; faults as `seal`."""
        listed = [(_several(subjects), place, text) for subjects, place, text in texts]
        keys = self.keys.keys_made([code for codes, _, _ in listed for code in codes])
        sealed = []
        for codes, place, text in listed:
            if any(code not in keys for code in codes):
                raise _erased()
            sealed.append(wrap(_joined([keys[code] for code in codes]), place, text.encode()))
        return sealed

    def open(self, subjects: Subjects, place: str, sealed: bytes) -> str:
        """Open a sealed text.

        Raises:
            UndertowError: `vault-erased` if a subject's key was destroyed; `vault-damaged` if the bytes were
                changed, or moved here from another place.
        """
        return self.open_all(subjects, [(place, sealed)])[0]

    def open_all(self, subjects: Subjects, sealed: Iterable[tuple[str, bytes]]) -> list[str]:
        """Open many texts of the same subjects, each with its place, by one look for their keys; faults as `open`."""
        keys = [self.keys.key(code) for code in _several(subjects)]
        if any(key is None for key in keys):
            raise _erased()
        joined = _joined([key for key in keys if key])
        try:
            return [unwrap(joined, place, one).decode() for place, one in sealed]
        except InvalidTag:
            raise UndertowError(
                "a sealed text does not open: it was changed, or belongs elsewhere",
                code="vault-damaged",
                mend="restore the store from a backup",
            ) from None

    def is_erased(self, code: str) -> bool:
        """Say whether the subject was erased for good."""
        return code in self.keys.tombstones()

    def erase(self, code: str, at: int) -> None:
        """Destroy a subject's key for good: what is sealed under it cannot be read again by anybody."""
        self.keys.destroy(code, at)

    def forget(self, code: str) -> None:
        """Destroy a subject's key as its time is over; should it come again, it gets a new one."""
        self.keys.destroy(code, 0, bury=False)

    def rotate(self) -> None:
        """Change the master key; the old one opens nothing afterwards."""
        self.keys.rotate()


def _several(subjects: Subjects) -> tuple[str, ...]:
    return (subjects,) if isinstance(subjects, str) else tuple(sorted(set(subjects)))


def _joined(keys: list[bytes]) -> bytes:
    """Make one key of several: none of them can be missing."""
    return keys[0] if len(keys) == 1 else mac(b"".join(keys), "joined")


def _erased() -> UndertowError:
    return UndertowError(
        "what was sealed about this subject was erased",
        code="vault-erased",
        mend="nothing brings it back; decide on what is left, or close the case",
    )

"""Known lists: accounts, addresses and domains that somebody else holds to be at work, as keyed hashes.

Read from plain lines, JSON Lines, a MISP event or a STIX 2.1 bundle. Only keyed hashes are kept in memory and
written out, so a list that leaves this machine cannot be tried against names without the key.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from undertow.campaigns.feeds import misp, stix
from undertow.errors import Place, UndertowError, shown_name
from undertow.events.pseudonyms import Pseudonyms
from undertow.matches.program import Array
from undertow.signals.address import find_addresses

KINDS: Final = ("account", "address", "domain")
_BYTES: Final = 16
_HOST_ENDS: Final = re.compile(r"[/:?#]")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
LARGEST: Final = 200_000_000


@dataclass(frozen=True)
class Known:
    """Keyed hashes by kind.

    Attributes:
        key: secret of this installation.
        hashes: kind and hash.
        skipped: entries of kinds that say nothing here, such as file hashes.
    """

    key: bytes
    hashes: frozenset[tuple[str, str]]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.hashes)

    def has(self, kind: str, value: str) -> bool:
        """Say whether a value stands on the list."""
        return (kind, hashed(self.key, kind, value)) in self.hashes

    def accounts(self, names: pa.Array) -> Array:
        """Mark the accounts that stand on the list: bool, (n)."""
        return np.array([self.has("account", name) for name in names.to_pylist()], bool)

    def address(self, kind: str, value: str) -> bool:
        """Say whether an address stands on the list, itself or by its domain or a domain above that.

        E-mail addresses and urls have domains; of a url path and port do not count for that.
        """
        host = {
            "email": value.rpartition("@")[2],
            "url": _HOST_ENDS.split(value, maxsplit=1)[0],
        }
        return self.has("address", value) or any(
            self.has("domain", domain) for domain in _domains(host.get(kind, ""))
        )

    def write(self, path: Path) -> None:
        """Write the hashes as JSON Lines, which `read_known` reads under the same key."""
        lines = [json.dumps({"kind": k, "hmac": h}) for k, h in sorted(self.hashes)]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _domains(host: str) -> Iterator[str]:
    """Give a host and all domains above it but the last."""
    labels = host.casefold().rstrip(".").split(".")
    for n in range(len(labels) - 1):
        yield ".".join(labels[n:])


def _as_in_texts(value: str) -> str:
    """Write an address of a list as it is written where a message hands it over."""
    if _EMAIL.fullmatch(value):
        return value
    found = find_addresses(value)
    return found[0].value if len(found) == 1 else value


def hashed(key: bytes, kind: str, value: str) -> str:
    """Hash a value under a key; case and a leading @ do not count in addresses and domains."""
    plain = value.strip() if kind == "account" else value.strip().casefold().lstrip("@")
    return hmac.digest(key, f"known:{kind}:{plain}".encode(), "sha256")[:_BYTES].hex()


def read_known(path: Path, key: bytes) -> Known:
    """Read a list.

    Lines are `kind value` or `kind,value`; JSON Lines hold `kind` with `value` or `hmac`; a MISP event or feed and a
    STIX bundle are known by their shape.

    Raises:
        UndertowError: `known-missing`, `known-invalid` with the line.
    """
    place = Place(shown_name(path))
    try:
        if path.stat().st_size > LARGEST:
            raise _invalid(place, "it is larger than 200 MB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise UndertowError(
            "the known list cannot be read",
            code="known-missing",
            mend="check the path",
            place=place,
        ) from None
    except UnicodeDecodeError:
        raise _invalid(place, "it is no UTF-8 text") from None
    found: set[tuple[str, str]] = set()
    skipped = 0
    for kind, value, ready in _entries(text, shown_name(path)):
        if kind not in KINDS:
            skipped += 1
        elif value.strip():
            plain = _as_in_texts(value.strip()) if kind == "address" and not ready else value
            found.add((kind, plain if ready else hashed(key, kind, plain)))
    return Known(key, frozenset(found), skipped)


def known_accounts(path: Path | None, names: pa.Array) -> Array | None:
    """Mark the accounts that stand on the list in a file, under this installation's key; None for no file.

    Raises:
        UndertowError: as `read_known`.
    """
    return None if path is None else read_known(path, Pseudonyms.default().key).accounts(names)


def listed_address(path: Path | None) -> Callable[[str, str], bool] | None:
    """Give what says whether an address stands on the list in a file; None for no file.

    Raises:
        UndertowError: as `read_known`.
    """
    return None if path is None else read_known(path, Pseudonyms.default().key).address


def _entries(text: str, name: str) -> Iterator[tuple[str, str, bool]]:
    """Give kind, value, and whether the value is a hash already."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            whole = None
        if isinstance(whole, list) or (isinstance(whole, dict) and "kind" not in whole):
            yield from _feed(whole, name)
            return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield _line(line.strip(), Place(name, number))


def _line(line: str, place: Place) -> tuple[str, str, bool]:
    if line.startswith("{"):
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            raise _invalid(place, "the line is no JSON") from None
        kind, value = one.get("kind"), one.get("value", one.get("hmac"))
        if kind not in KINDS or not isinstance(value, str):
            raise _invalid(place, "the line lacks `kind` and `value`")
        return kind, value, "value" not in one
    kind, _, value = line.replace(",", " ", 1).partition(" ")
    if kind not in KINDS or not value.strip():
        raise _invalid(place, "the line is not `account ...`, `address ...` or `domain ...`")
    return kind, value.strip(), False


def _feed(whole: Any, name: str) -> Iterator[tuple[str, str, bool]]:  # noqa: ANN401 - any JSON
    objects = whole.get("objects") if isinstance(whole, dict) else None
    entries = list(stix(objects) if isinstance(objects, list) else misp(whole))
    if not entries and not isinstance(objects, list):
        raise _invalid(Place(name), "it is no MISP event and no STIX bundle")
    for kind, value in entries:
        yield kind, value, False


def _invalid(place: Place, what: str) -> UndertowError:
    return UndertowError(
        f"the known list cannot be used: {what}",
        code="known-invalid",
        mend="give lines such as `address name@example.org`, a MISP event or a STIX bundle",
        place=place,
    )

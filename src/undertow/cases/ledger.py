"""Acts go into the audit log or do not happen: one leaf in the transaction of what it records.

A leaf says who did what to which case and when, in codes. Whatever is or points at a person
(reasons, accounts, targets, names) stands in it as a commitment: a keyed hash that proves later
what was meant to whoever holds the text and the key, and tells nobody else anything. Each leaf
also holds the hash of the one before it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from undertow.audit.checkpoint import LogKey, make_key, read_key
from undertow.audit.tree import leaf_hash
from undertow.cases.store import Store
from undertow.cases.tables import leaves
from undertow.errors import UndertowError

KEY_FILE: Final = "UNDERTOW_LOG_KEY"
"""Environment variable: the key file of the log, where it does not stand beside the store."""
SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/-]{0,127}")
"""What may stand in a leaf as it is: words of ours, codes, hashes. All else becomes a commitment."""
PAGE: Final = 1000
"""Leaves read at once."""
HIDDEN: Final = frozenset(
    ("account", "code", "name", "note", "of", "reason", "subject", "target", "text", "why")
)
"""Facts that are or point at a person, whatever they look like."""
COMMITMENT: Final = "hmac:"
_LAST: Final = select(leaves.c.place, leaves.c.body).order_by(leaves.c.place.desc()).limit(1)
_PLACE: Final = select(leaves.c.place).order_by(leaves.c.place.desc()).limit(1)
_LEAF: Final = insert(leaves)


@dataclass(frozen=True, repr=False)
class Hidden:
    """A fact that only a commitment may stand for."""

    value: str


def key_path(store: Store) -> Path:
    """Name the file that holds the log's key: beside the store's folder, never in it."""
    named = os.environ.get(KEY_FILE)
    return Path(named) if named else store.folder.with_name(f"{store.folder.name}.log.key")


def log_key(connection: Connection, store: Store) -> LogKey:
    """Read the log's key; a log without a leaf gets one.

    Raises:
        UndertowError: `audit-key-missing` if the log has leaves and no key.
    """
    path = key_path(store)
    if (
        not path.exists()
        and connection.execute(select(leaves.c.place).limit(1)).first() is None
    ):
        return make_key(path)
    return read_key(path)


def record(connection: Connection, store: Store, kind: str, facts: Mapping[str, Any]) -> int:
    """Append a leaf about an act, in the transaction of the act.

    Args:
        connection: of `Store.writing`; it holds the write lock.
        store: whose log it is.
        kind: what was done, a word.
        facts: words of ours, codes, whole numbers, flags, null, and lists and mappings of them. Text, and
            all under the names in `HIDDEN`, becomes a commitment. `at` is when, in microseconds; now without it.

    Returns:
        The leaf's place in the log.

    Raises:
        UndertowError: `audit-unwritable` if it cannot be appended: then the act must not be either.
        TypeError: a fact is a fraction or a thing that no leaf can hold.
    """
    try:
        key = log_key(connection, store)
        last = connection.execute(_LAST).first()
        place = 0 if last is None else last.place + 1
        body = canonical(
            {
                "after": "" if last is None else leaf_hash(last.body).hex(),
                "at": facts.get("at", time.time_ns() // 1000),
                "facts": {
                    name: _told(key, place, name, value)
                    for name, value in facts.items()
                    if name != "at"
                },
                "kind": kind,
                "place": place,
            }
        )
        connection.execute(_LEAF, {"place": place, "body": body})
    except DBAPIError as fault:
        raise unwritable() from fault
    return place


def unwritable() -> UndertowError:
    """Make the fault of an act that could not be written and so did not happen."""
    return UndertowError(
        "the act could not be written into the audit log, so it did not happen",
        code="audit-unwritable",
        mend="look at the disk and the rights of the store; then do it again",
    )


def size(connection: Connection) -> int:
    """Count the leaves."""
    last = connection.execute(_PLACE).scalar()
    return 0 if last is None else last + 1


def canonical(value: Mapping[str, Any]) -> bytes:
    """Write a leaf: JSON, names in order, no space; equal leaves give equal bytes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def commitment(key: LogKey, place: int, name: str, value: str) -> str:
    """Commit to a fact of the leaf at `place`: equal values of two leaves look different."""
    about = "\0".join((str(place), name, value)).encode("utf-8", "surrogatepass")
    return COMMITMENT + hmac.new(key.committing, about, hashlib.sha256).hexdigest()


def _told(key: LogKey, place: int, name: str, value: object) -> object:
    """Turn a fact into what may stand in a leaf."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Hidden):
        return commitment(key, place, name, value.value)
    if isinstance(value, str):
        is_code = value.startswith(("a:", "t:"))
        if name in HIDDEN or is_code or SAFE.fullmatch(value) is None:
            return commitment(key, place, name, value)
        return value
    if isinstance(value, Mapping):
        return {str(word): _told(key, place, str(word), one) for word, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(key, place, name, one) for one in value]
    raise TypeError(f"the fact `{name}` is a {type(value).__name__}: no leaf holds that")


def leaves_about(
    connection: Connection, store: Store, value: str | None, last: int
) -> list[dict[str, Any]]:
    """Read the last leaves, oldest first.

    Args:
        connection: for reading.
        store: whose log it is.
        value: only leaves that hold this word or commit to it; None for all.
        last: how many at most.
    """
    key = log_key(connection, store)
    found: list[dict[str, Any]] = []
    upto = size(connection)
    while upto > 0 and len(found) < last:
        first = max(upto - PAGE, 0)
        page = connection.execute(
            select(leaves.c.body)
            .where(leaves.c.place >= first, leaves.c.place < upto)
            .order_by(leaves.c.place.desc())
        )
        read = [json.loads(body) for (body,) in page]
        found += [
            leaf
            for leaf in read
            if value is None or _speaks_of(key, leaf["place"], leaf["facts"], value)
        ]
        upto = first
    return found[:last][::-1]


def _speaks_of(key: LogKey, place: int, facts: Mapping[str, Any], value: str) -> bool:
    for name, one in facts.items():
        told = one if isinstance(one, list) else [one]
        if any(
            isinstance(each, Mapping) and _speaks_of(key, place, each, value) for each in told
        ):
            return True
        if value in told or commitment(key, place, name, value) in told:
            return True
    return False

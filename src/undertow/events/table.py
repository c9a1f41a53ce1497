"""The event table, version 1: the one place that defines its columns and their documentation.

One row per event and addressed account. Total order: (`published`, `id`, `target`), strings as
UTF-8 bytes, null first. (`id`, `target`) is the key, so reading a file twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

VERSION: Final = 1
TIME: Final = pa.timestamp("us", tz="UTC")

TYPES: Final = (
    "post",
    "reply",
    "mention",
    "message",
    "follow",
    "accept",
    "reject",
    "undo",
    "like",
    "announce",
    "invite",
    "join",
    "leave",
    "add",
    "remove",
    "block",
    "ignore",
    "flag",
    "move",
    "update",
    "delete",
)
VISIBILITIES: Final = ("public", "unlisted", "followers", "group", "direct")
CONVERSATION: Final = ("message", "reply", "mention")
"""Types that put words before another account: what `answered` and `session` look at."""


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, Arrow type, whether null is allowed, and what it says."""

    name: str
    type: pa.DataType
    null: bool
    says: str


COLUMNS: Final = (
    Column("id", pa.string(), False, "stable id of the event; (`id`, `target`) is the key"),
    Column("type", pa.string(), False, "lower-case ActivityStreams word: " + " ".join(TYPES)),
    Column("published", TIME, False, "when it happened, as the source claims, in UTC"),
    Column("observed", TIME, True, "when it was received, in UTC"),
    Column("actor", pa.string(), False, "account that did it, `platform:native-id`"),
    Column(
        "target", pa.string(), True, "account it is addressed to; null for a post or a room"
    ),
    Column("context", pa.string(), True, "thread, room or group; for `undo` the id it undoes"),
    Column("visibility", pa.string(), True, "one of " + " ".join(VISIBILITIES)),
    Column("platform", pa.string(), True, "where it happened"),
    Column("content", pa.string(), True, "text, if held"),
    Column("lang", pa.string(), True, "BCP 47 language tag; never selected on"),
)
NAMES: Final = tuple(column.name for column in COLUMNS)
REQUIRED: Final = tuple(column.name for column in COLUMNS if not column.null)
SCHEMA: Final = pa.schema([pa.field(c.name, c.type, nullable=c.null) for c in COLUMNS])
"""Arrow schema of the eleven columns in their order; extra columns may follow, untouched."""

REJECTS: Final = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Rows set aside: the file's shown name, the line (Parquet: row) from 1, and why. Never content."""

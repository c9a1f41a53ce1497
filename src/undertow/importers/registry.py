"""What `undertow import` can read: one entry per format, and what each can and cannot show.

To add a format: write a reader (see `rows.Reader`), add its entry here, a command in
`cli/import_.py`, and fixtures with exact counts in `tests/importers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from undertow.events.table import TYPES


@dataclass(frozen=True)
class Format:
    """One format: its command, and what a file of it can and cannot show.

    Attributes:
        name: word after `undertow import`.
        title: what people call it.
        types: event types that a file can show; those its map names, where there is a map.
        cannot: what such a file never shows, in plain words.
        ids: where event ids come from.
        times: precision and source of `published`.
        text: whether message text is held.
        pocket: an export of one person's account, so that `detect` refuses to rank from it.
        tested: what the reader is tested on.
    """

    name: str
    title: str
    types: tuple[str, ...]
    cannot: str
    ids: str
    times: str
    text: str
    pocket: bool
    tested: str


TELEGRAM_TYPES: Final = (
    "message",
    "reply",
    "mention",
    "post",
    "invite",
    "join",
    "leave",
    "remove",
    "update",
)
JETSTREAM_TYPES: Final = (
    "post",
    "reply",
    "mention",
    "like",
    "announce",
    "follow",
    "block",
    "undo",
    "delete",
    "update",
)

FORMATS: Final = (
    Format(
        name="csv",
        title="CSV with any columns",
        types=TYPES,
        cannot="whatever the map does not name",
        ids="a column, else issued in row order",
        times="Unix s/ms/us, ISO 8601, or a pattern",
        text="if a column holds it",
        pocket=False,
        tested="UTF-8, UTF-16; comma, semicolon, tab, bar; quoted newlines",
    ),
    Format(
        name="sql",
        title="SQL query",
        types=TYPES,
        cannot="whatever the map does not name",
        ids="a column, else time and hash of the row",
        times="native times, or as in CSV",
        text="if a column holds it",
        pocket=False,
        tested="SQLite, PostgreSQL (read-only enforced); others: not enforced",
    ),
    Format(
        name="telegram",
        title="Telegram Desktop result.json",
        types=TELEGRAM_TYPES,
        cannot="follows, blocks, deleted messages, reactions, chats of others; ids of invited people",
        ids="chat and message number",
        times="seconds, UTC (older exports need --timezone)",
        text="yes, after the last edit",
        pocket=True,
        tested="four exports, with and without ids",
    ),
    Format(
        name="jetstream",
        title="Bluesky Jetstream v1 lines",
        types=JETSTREAM_TYPES,
        cannot="direct messages, reports, mutes; whom an undone like or follow was for",
        ids="hash of author, collection and record key",
        times="claimed by the client, with the time witnessed in `observed`",
        text="yes, for public posts",
        pocket=False,
        tested="two windows of the live stream, 162 events",
    ),
)


def format_named(name: str) -> Format:
    """Give the entry called `name`.

    Raises:
        KeyError: if there is none; names come from code, not from users.
    """
    return {entry.name: entry for entry in FORMATS}[name]

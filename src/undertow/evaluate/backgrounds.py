"""Backgrounds by name: public traffic as event tables, from the checkout or from `--data DIR`.

Three communities of different kinds: private messages of students over months, text messages of
students over four weeks, a public help channel over days. None holds text; worlds fill in neutral words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.errors import UndertowError
from undertow.events.table import NAMES, SCHEMA, TIME

EXAMPLE: Final = Path("examples") / "collegemsg" / "collegemsg.parquet"
DAY: Final = 86_400
ANCHOR: Final = 946_857_600
"""Midnight UTC, Monday 3 January 2000: where times begin that count from the start of a study."""
IRC_FIRST: Final = 1_100_476_800
"""Midnight UTC of the first sample's day, 2004-11-15."""


@dataclass(frozen=True)
class Known:
    """A background that can be named.

    Attributes:
        name: as on the command line, and the folder's name under `--data`.
        file: the raw file in that folder.
        title: what it is, in words.
        direct: whether its rows are direct messages (else a public channel).
    """

    name: str
    file: str
    title: str
    direct: bool


KNOWN: Final = (
    Known("collegemsg", "collegemsg.parquet", "student community", direct=True),
    Known("copenhagen", "sms.parquet", "text messages", direct=True),
    Known("ubuntu-irc", "irc_events.parquet", "help channel", direct=False),
)
BY_NAME: Final = {known.name: known for known in KNOWN}


def find(name: str, data: Path | None) -> Path | None:
    """Find the file of a background, or None where it is not here.

    Args:
        name: one of `BY_NAME`.
        data: folder that holds a folder per background; the checkout's example is looked at as well.

    Raises:
        UndertowError: `background-unknown` for another name.
    """
    known = BY_NAME.get(name)
    if known is None:
        what, mend = f"there is no background `{name}`", "give one of " + ", ".join(BY_NAME)
        raise UndertowError(what, code="background-unknown", mend=mend)
    places = []
    if data is not None:
        places += [data / name / known.file, data / known.file, data / f"{name}.parquet"]
    if name == "collegemsg":
        places += [Path.cwd() / EXAMPLE, Path(__file__).parents[3] / EXAMPLE]
    return next((place for place in places if place.is_file()), None)


def load(name: str, file: Path) -> pa.Table:
    """Read a background as an event table: the table itself, or the raw columns of its source."""
    given = pq.read_table(file)
    if set(NAMES) <= set(given.column_names):
        return given.select(list(NAMES)).cast(SCHEMA)
    needed = {"ts", "src", "dst"} | ({"sample"} if name == "ubuntu-irc" else set())
    missing = sorted(needed - set(given.column_names))
    if missing:
        raise UndertowError(
            f"the background `{name}` lacks the column `{missing[0]}`",
            code="background-columns",
            mend="give the event table, or the file as it was published",
        )
    if name == "ubuntu-irc":
        return _channel(given)
    return _letters(name, given)


def smaller(table: pa.Table, rows: int) -> pa.Table:
    """Keep the earliest `rows` events, for a quick look."""
    order = [("published", "ascending"), ("id", "ascending"), ("target", "ascending")]
    return table.sort_by(order).slice(0, rows)


def _letters(name: str, given: pa.Table) -> pa.Table:
    at = given["ts"].to_numpy().astype(np.int64)
    if at.min() < ANCHOR // 2:
        at = at + ANCHOR
    order = np.argsort(at, kind="stable")
    given, at = given.take(order), at[order]
    count = given.num_rows
    return _table(
        count,
        {
            "type": pa.repeat("message", count),
            "published": pa.array(at * 1_000_000).cast(TIME),
            "actor": _names(name, given["src"]),
            "target": _names(name, given["dst"]),
            "visibility": pa.repeat("direct", count),
            "platform": pa.repeat(name, count),
        },
    )


def _channel(given: pa.Table) -> pa.Table:
    """Line up the samples of single days, in their order, one a day, each at its time of day.

    So accounts that come back do so after days instead of months; there is no other way to make one
    community of samples that lie years apart.
    """
    sample = given["sample"].combine_chunks().dictionary_encode()
    names = np.array(sample.dictionary.to_pylist())
    day = np.argsort(np.argsort(names))[sample.indices.to_numpy()]
    at = IRC_FIRST + day * DAY + given["ts"].to_numpy() % DAY
    order = np.argsort(at, kind="stable")
    given, at = given.take(order), at[order]
    count = given.num_rows
    return _table(
        count,
        {
            "type": pc.if_else(pc.is_valid(given["dst"]), "mention", "message"),
            "published": pa.array(at * 1_000_000).cast(TIME),
            "actor": _names("irc", given["src"]),
            "target": _names("irc", given["dst"]),
            "context": pa.repeat("irc:ubuntu", count),
            "visibility": pa.repeat("public", count),
            "platform": pa.repeat("irc", count),
        },
    )


def _names(platform: str, codes: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(platform, codes.cast(pa.string()), ":")


def _table(count: int, columns: dict[str, object]) -> pa.Table:
    ids = pc.utf8_lpad(pa.array(range(1, count + 1)).cast(pa.string()), width=7, padding="0")
    full = {"id": ids, **columns}
    filled = [full.get(name, pa.nulls(count, SCHEMA.field(name).type)) for name in NAMES]
    return pa.table(filled, schema=SCHEMA)

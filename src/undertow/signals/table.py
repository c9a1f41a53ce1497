"""The table of signals: one row per row of the event table, in its total order.

Rows are joined to events by (`id`, `target`); targets are pseudonyms, as in every file of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.errors import UndertowError
from undertow.events.log import EventLog, collect, type_code
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.source import METADATA_KEY, SIMULATED_KEY, Source, sources_to_json
from undertow.events.table import CONVERSATION, Column
from undertow.signals import tempo
from undertow.signals.derive import ADDRESSES, address_column
from undertow.signals.marks import address_marks
from undertow.signals.quiet import goes_quiet_after_address
from undertow.signals.script import NONE, Scripts

COLUMNS: Final = (
    Column("id", pa.string(), False, "id of the event; with `target` the key"),
    Column(
        "target", pa.string(), True, "pseudonym of the addressed account; null if there is none"
    ),
    Column("addresses", ADDRESSES, True, "addresses in the text, in order; null without text"),
    Column(
        "first",
        pa.bool_(),
        True,
        "first event of its type from its actor to its target in this input",
    ),
    Column("answered", pa.bool_(), True, "the target wrote back later in this input"),
    Column("session", pa.int64(), True, "number of the talk within the pair, from 0"),
    Column(
        "goes_quiet_after_address",
        pa.bool_(),
        True,
        "at most two messages between the two in the fourteen days after this address; null without an"
        " address other than a link, and where the input ends earlier",
    ),
    Column(
        "script",
        pa.int64(),
        True,
        "equal for texts that say the same but for digits, addresses and a few words; numbered by first"
        " appearance; null under six words and where no text is held",
    ),
)
SCHEMA: Final = pa.schema([pa.field(c.name, c.type, nullable=c.null) for c in COLUMNS])
NATIVE_KEY: Final = b"undertow.native_targets"
"""Parquet metadata of a file with native target ids: the reason and the time, as JSON."""


class Events(Protocol):
    """What is read from: `undertow.events.read.EventFiles`, or anything like it."""

    def batches(self) -> Iterable[pa.RecordBatch]:
        """Yield batches of the event table."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Give what the events could show."""

    @property
    def simulated(self) -> dict[str, object] | None:
        """Say how a simulated world was made."""


def signal_table(
    batches: Iterable[pa.RecordBatch],
    *,
    region: str | None = None,
    pseudonyms: Pseudonyms | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> pa.Table:
    """Derive all signals of an input.

    Args:
        batches: the event table, in any order; repeated rows count once.
        region: as for `find_addresses`.
        pseudonyms: how targets are named; None leaves native ids.
        advance: is told the rows read.

    Returns:
        A table of `SCHEMA`, in total order.
    """
    texts: list[pa.Array] = []
    seen = 0
    scripts = Scripts()

    def note_addresses(batch: pa.RecordBatch) -> dict[str, npt.NDArray[np.int64]]:
        nonlocal seen
        rows = np.arange(seen, seen + batch.num_rows)
        seen += batch.num_rows
        texts.append(address_column(batch.column("content"), region=region))
        advance(batch.num_rows)
        return {"row": rows, "script": scripts.look(batch.column("content"))}

    log = collect(batches, marks=note_addresses)
    if not len(log):
        return SCHEMA.empty_table()
    addresses = pa.chunked_array(texts, ADDRESSES).take(pa.array(log.marks["row"]))
    named = pseudonyms.of_array(log.accounts) if pseudonyms else log.accounts
    targets = named.take(pa.array(log.target, mask=log.target == tempo.NOBODY))
    script = scripts.settled(log.marks["script"])
    columns = [log.id, targets.cast(pa.string()), addresses, *_tempo(log)]
    columns.append(_quiet(log, addresses))
    columns.append(pa.array(script, pa.int64(), mask=script == NONE))
    return pa.table(columns, SCHEMA)


def _tempo(log: EventLog) -> list[pa.Array]:
    """Derive the columns that look at time and direction alone."""
    actor, target = log.actor.astype(np.int64), log.target.astype(np.int64)
    talk = np.isin(log.type, [type_code(word) for word in CONVERSATION])
    found = (
        tempo.first(actor, target, log.type.astype(np.int64)),
        tempo.answered(actor, target, talk),
        tempo.session(actor, target, talk, log.at),
    )
    return [pa.array(values, mask=~known) for values, known in found]


def _quiet(log: EventLog, addresses: pa.ChunkedArray) -> pa.Array:
    """Derive `goes_quiet_after_address` from the addresses of the rows."""
    handed = address_marks(addresses.combine_chunks())["address"]
    talk = (log.type == type_code("message")) & (log.target != tempo.NOBODY)
    actor, target = log.actor.astype(np.int64), log.target.astype(np.int64)
    quiet, known = goes_quiet_after_address(log.at, actor, target, talk, handed, log.end)
    return pa.array(quiet, mask=~known)


def write_signals(
    out: Path,
    events: Events,
    *,
    region: str | None = None,
    native_targets: str | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Write the signals of opened events to a Parquet file.

    Args:
        out: the file; replaced only when all is written.
        events: the opened input.
        region: as for `find_addresses`.
        native_targets: why native target ids are kept; written into the file. None uses pseudonyms.
        advance: is told the rows read.

    Returns:
        Rows written, and how many of them hold an address.

    Raises:
        UndertowError: `out-unwritable` if the folder is missing or may not be written.
    """
    pseudonyms = None if native_targets else Pseudonyms.default()
    table = signal_table(
        events.batches(), region=region, pseudonyms=pseudonyms, advance=advance
    )
    meta = {METADATA_KEY: sources_to_json(list(events.sources))}
    if events.simulated is not None:
        meta[SIMULATED_KEY] = msgspec.json.encode(events.simulated)
    if native_targets:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        meta[NATIVE_KEY] = msgspec.json.encode({"reason": native_targets, "at": at})
    part = out.with_name(f".{out.name}.part")
    try:
        pq.write_table(table.replace_schema_metadata(meta), part, compression="zstd")
        part.replace(out)
    except OSError:
        raise UndertowError(
            "the output file cannot be written",
            code="out-unwritable",
            mend="name a file in a folder that exists and may be written",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    holding = pc.greater(pc.fill_null(pc.list_value_length(table["addresses"]), 0), 0)
    return table.num_rows, int(pc.sum(holding).as_py() or 0)

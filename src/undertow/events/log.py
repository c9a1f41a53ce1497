"""The event log in memory: events as integer columns in total order, ready for the matcher.

Enters: batches of the event table in any order, with repeats. Leaves: NumPy columns sorted by
(`published`, `id`, `target`), one row per (`id`, `target`), account names as codes whose order is the
order of the names' UTF-8 bytes. Text stays behind: marks are taken from each batch before it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.coding import NOBODY, Coder, Odd, tidy
from undertow.events.order import gather, taken
from undertow.events.table import NAMES, TYPES

STRETCH = 1 << 24
"""Rows looked through at a time."""
__all__ = ["NOBODY", "EventLog", "Marks", "collect", "type_code"]

Marks = Callable[[pa.RecordBatch], dict[str, np.ndarray]]
"""Looks at one batch, text included, and returns boolean columns of its length by name."""


@dataclass(frozen=True)
class EventLog:
    """Events in total order. All arrays have one length, (n).

    Attributes:
        id: string, event ids, never null; in pieces, since all together may outgrow one array.
        type: int8, index into `TYPES`.
        at: int64, microseconds since the epoch, UTC, ascending.
        actor: int32, index into `accounts`.
        target: int32, index into `accounts`, -1 for none.
        context: int32, index into `contexts`, -1 for none.
        visibility: int8, index into `VISIBILITIES`, -1 for none.
        platform: int32, index into `platforms`, -1 for none.
        marks: boolean columns by signal name.
        accounts, contexts, platforms: names in the order of their bytes.
    """

    id: pa.ChunkedArray
    type: np.ndarray
    at: np.ndarray
    actor: np.ndarray
    target: np.ndarray
    context: np.ndarray
    visibility: np.ndarray
    platform: np.ndarray
    marks: dict[str, np.ndarray]
    accounts: pa.Array
    contexts: pa.Array
    platforms: pa.Array
    repeats: int = 0
    """Rows left out because their (`id`, `target`) was there before."""

    def __len__(self) -> int:
        return len(self.at)

    def ids(self, rows: np.ndarray) -> pa.ChunkedArray:
        """Give the ids of some rows: much faster than `id.take`, which joins all pieces first."""
        return taken(self.id, rows)

    def rows_of(self, *words: str) -> np.ndarray:
        """List the rows of some types: int64, ascending."""
        codes, found = [type_code(word) for word in words], [np.empty(0, np.int64)]
        for low in range(0, len(self), STRETCH):
            part = self.type[low : low + STRETCH]
            wanted = np.zeros(len(part), bool)
            for code in codes:
                wanted |= part == code
            found.append(np.flatnonzero(wanted) + low)
        return np.concatenate(found)

    def rest(self) -> None:
        """Let go of what was read, where columns stand in files."""

    def keep(self, schema: pa.Schema, slices: Iterable[pa.Table]) -> pa.Table:
        """Put the slices of a long table one after another: in memory, or in a file beside the columns.

        Args:
            schema: of every slice.
            slices: made one by one, and let go of where they go to a file.
        """
        return pa.concat_tables([schema.empty_table(), *slices])

    @property
    def start(self) -> int:
        """Time of the first event in microseconds, 0 if there is none."""
        return int(self.at[0]) if len(self) else 0

    @property
    def end(self) -> int:
        """Time of the last event in microseconds, 0 if there is none."""
        return int(self.at[-1]) if len(self) else 0


def type_code(word: str) -> int:
    """Give the code of an event type in `EventLog.type`."""
    return TYPES.index(word)


def collect(
    batches: Iterable[pa.RecordBatch],
    *,
    marks: Marks | None = None,
    until: datetime | None = None,
) -> EventLog:
    """Gather batches into one ordered log.

    Args:
        batches: the event table, in any order; rows may repeat.
        marks: signals that need the text; called once per batch, before it is let go.
        until: leave out events at and after this moment.

    Returns:
        The log. Of rows with one (`id`, `target`) the first in total order stays.

    Raises:
        ValueError: if a batch was not checked.
    """
    coder = Coder()
    parts = []
    for whole in batches:
        batch = whole
        if until is not None:
            batch = batch.filter(pc.less(batch.column("published"), pa.scalar(until)))
        if batch.num_rows == 0:
            continue
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        try:
            part = coder.code({name: tidy(columns[name]) for name in NAMES if name in columns})
        except Odd:
            raise ValueError("a batch holds rows that were not checked") from None
        part.marks = marks(batch) if marks else {}
        parts.append(part)
    return EventLog(**gather(parts, coder))

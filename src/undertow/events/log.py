"""The event log in memory: events as integer columns in total order, ready for the matcher.

Enters: batches of the event table in any order, with repeats. Leaves: NumPy columns sorted by
(`published`, `id`, `target`), one row per (`id`, `target`), account names as codes whose order is the
order of the names' UTF-8 bytes. Text stays behind: marks are taken from each batch before it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.table import TYPES, VISIBILITIES

NOBODY: Final = -1
"""Code of a null account, context, visibility or platform."""

Marks = Callable[[pa.RecordBatch], dict[str, np.ndarray]]
"""Looks at one batch, text included, and returns boolean columns of its length by name."""


@dataclass(frozen=True)
class EventLog:
    """Events in total order. All arrays have one length, (n).

    Attributes:
        id: string, event ids, never null.
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

    id: pa.Array
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


@dataclass
class _Strings:
    """Text columns on their way to codes: one dictionary for all batches."""

    chunks: list[pa.Array]

    def names(self) -> pa.Array:
        seen = [pc.unique(chunk) for chunk in self.chunks] or [pa.array([], pa.string())]
        distinct = pc.drop_null(pc.unique(pa.chunked_array(seen).combine_chunks()))
        return distinct.take(pc.sort_indices(distinct))


def _codes(chunks: list[pa.Array], names: pa.Array) -> np.ndarray:
    parts = [
        pc.index_in(chunk, value_set=names).fill_null(NOBODY).to_numpy() for chunk in chunks
    ]
    return np.concatenate(parts).astype(np.int32) if parts else np.empty(0, np.int32)


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
    """
    kept: dict[str, list[pa.Array]] = {name: [] for name in _KEPT}
    marked: list[dict[str, np.ndarray]] = []
    for whole in batches:
        batch = whole
        if until is not None:
            batch = batch.filter(pc.less(batch.column("published"), pa.scalar(until)))
        if batch.num_rows == 0:
            continue
        marked.append(marks(batch) if marks else {})
        for name, column in kept.items():
            column.append(batch.column(name))
    return _order(kept, marked)


_KEPT: Final = (
    "id",
    "type",
    "published",
    "actor",
    "target",
    "context",
    "visibility",
    "platform",
)


def _order(kept: dict[str, list[pa.Array]], marked: list[dict[str, np.ndarray]]) -> EventLog:
    accounts = _Strings(kept["actor"] + kept["target"]).names()
    contexts, platforms = _Strings(kept["context"]).names(), _Strings(kept["platform"]).names()
    ids = pa.chunked_array(kept["id"], pa.string()).combine_chunks()
    at = pa.chunked_array(kept["published"], pa.timestamp("us", "UTC")).cast(pa.int64())
    columns = {
        "type": _codes(kept["type"], pa.array(TYPES)).astype(np.int8),
        "at": at.to_numpy(),
        "actor": _codes(kept["actor"], accounts),
        "target": _codes(kept["target"], accounts),
        "context": _codes(kept["context"], contexts),
        "visibility": _codes(kept["visibility"], pa.array(VISIBILITIES)).astype(np.int8),
        "platform": _codes(kept["platform"], platforms).astype(np.int32),
    }
    marks = {
        name: np.concatenate([one[name] for one in marked])
        for name in (marked[0] if marked else {})
    }
    order = _total_order({**columns, **{f"mark {n}": m for n, m in marks.items()}}, ids)
    fresh = _first_of_each(ids.take(pa.array(order)), columns["target"][order])
    order = order[fresh]
    taken = {name: column[order] for name, column in columns.items()}
    return EventLog(
        id=ids.take(pa.array(order)),
        **taken,
        marks={name: column[order] for name, column in marks.items()},
        accounts=accounts,
        contexts=contexts,
        platforms=platforms,
        repeats=int(len(fresh) - fresh.sum()),
    )


def _total_order(columns: dict[str, np.ndarray], ids: pa.Array) -> np.ndarray:
    """Sort by time, and by id, target and the rest only where times tie: most do not."""
    at = columns["at"]
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    tied = np.zeros(len(at), bool)
    equal = ordered[1:] == ordered[:-1]
    tied[1:] |= equal
    tied[:-1] |= equal
    rows = order[tied]
    if len(rows):
        # The rest decides which of several rows under one key stays, whatever the order of input.
        rest = [name for name in columns if name != "at"]
        rest.sort(key=lambda name: name != "target")
        table = pa.table(
            {
                "at": at[rows],
                "id": ids.take(pa.array(rows)),
                **{name: columns[name][rows] for name in rest},
            }
        )
        keys = [(name, "ascending") for name in table.column_names]
        order[tied] = rows[pc.sort_indices(table, sort_keys=keys).to_numpy()]
    return order


def _first_of_each(ids: pa.Array, target: np.ndarray) -> np.ndarray:
    """Mark the first row of each (id, target): boolean, (n)."""
    coded = ids.dictionary_encode()
    number = coded.indices.to_numpy().astype(np.int64)
    if len(coded.dictionary) == len(ids):
        return np.ones(len(ids), bool)
    key = number * (int(target.max(initial=0)) + 2) + target + 1
    fresh = np.zeros(len(ids), bool)
    fresh[np.unique(key, return_index=True)[1]] = True
    return fresh

"""Events of a stream as integer columns, from lines to the engine: one array, one row per column.

Text never comes this far: what a playbook asks of it stands in `FLAGS`, and nothing else is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]

AT: Final = 0
"""Microseconds since the epoch, UTC."""
TYPE: Final = 1
"""Index into `events.table.TYPES`."""
ACTOR: Final = 2
TARGET: Final = 3
CONTEXT: Final = 4
VISIBILITY: Final = 5
"""Index into `events.table.VISIBILITIES`, -1 for null."""
PLATFORM: Final = 6
"""Index into the declared platforms, -1 for every other and for null."""
FLAGS: Final = 7
WIDTH: Final = 8

ADDRESS: Final = 1
LINK: Final = 2
DIRECT: Final = 4
MARKED: Final = ADDRESS | LINK
"""What playbooks can ask for; the bits stand in the order of `grammar.SIGNALS`."""


@dataclass(frozen=True)
class Events:
    """Some events.

    Attributes:
        ids: string, (n).
        columns: int64, (WIDTH, n); codes of actor, target and context are those of `names.Names`.
    """

    ids: pa.Array
    columns: Array

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def at(self) -> Array:
        """When they happened, microseconds."""
        at: Array = self.columns[AT]
        return at

    def take(self, rows: Array) -> Events:
        """Give some of the events, in the order of `rows`."""
        return Events(self.ids.take(pa.array(rows)), self.columns[:, rows])

    def part(self, begin: int, end: int) -> Events:
        """Give a stretch of the events without copying."""
        return Events(self.ids.slice(begin, end - begin), self.columns[:, begin:end])


def no_events() -> Events:
    """Give none."""
    return Events(pa.array([], pa.string()), np.empty((WIDTH, 0), np.int64))


def joined(parts: list[Events]) -> Events:
    """Put events one after another."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return no_events()
    ids = pa.concat_arrays([part.ids for part in parts])
    return Events(ids, np.concatenate([part.columns for part in parts], axis=1))


def text_bytes(texts: pa.Array) -> tuple[bytes, Array]:
    """Give the UTF-8 of strings one after another, and int64 (n) where each ends."""
    if not len(texts):
        return b"", np.empty(0, np.int64)
    _, buffer, data = texts.buffers()
    ends = np.frombuffer(buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    begin, size = int(ends[0]), int(ends[-1] - ends[0])
    text = b"" if data is None else data.slice(begin, size).to_pybytes()
    return text, ends[1:].astype(np.int64) - begin


def events_state(events: Events) -> dict[str, Array]:
    """Give events as arrays, for a checkpoint."""
    text, ends = text_bytes(events.ids)
    return {"ids": np.frombuffer(text, np.uint8), "ends": ends, "columns": events.columns}


def events_of(state: dict[str, Array]) -> Events:
    """Take up events that a checkpoint held."""
    ends = np.append(0, state["ends"]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(state["ids"].tobytes())]
    ids = pa.Array.from_buffers(pa.string(), len(ends) - 1, buffers)
    return Events(ids, state["columns"].reshape(WIDTH, -1))

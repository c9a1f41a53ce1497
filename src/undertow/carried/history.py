"""The events of all days as one log: each day's rows are a table beside the older ones.

A row holds integers and its id, no text: of a text only what playbooks ask for is kept, as marks. Rows of
small tables are written again together with those after them, so that there are never many tables; so are
those behind which late rows belong.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.carried.files import Files
from undertow.carried.names import Names
from undertow.events import kernel_texts
from undertow.events.log import NOBODY, EventLog
from undertow.events.names import bytes_of
from undertow.events.order import addresses, taken, total_order

Array = npt.NDArray[Any]
Columns = dict[str, Array]

CODED: Final = {
    "actor": "accounts",
    "target": "accounts",
    "context": "contexts",
    "platform": "platforms",
}
COLUMNS: Final = ("type", "at", "actor", "target", "context", "visibility", "platform")
MARK: Final = "mark "
"""Begins the names of the columns of marks."""
COUNTED: Final = ("answered",)
"""Marks that later rows change: they are found anew where they are asked for."""
PRINT: Final = "print"
"""Column of hashes of ids, by which rows that were read before are found."""
BITS: Final = 24
"""Of a hash that are looked at first."""


@dataclass
class Joined:
    """All events, and what has become of yesterday's.

    Attributes:
        log: all events.
        place: int64: the row of the log of each of yesterday's rows, -1 where another took its place.
        fresh: int64, ascending: the rows of the log that yesterday's run did not know.
    """

    log: EventLog
    place: Array
    fresh: Array


class History:
    """The events of one state.

    Args:
        files: where they are kept.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        values = files.values
        # Nobody outside can prepare ids whose hashes collide.
        self._key = values.setdefault("key", [secrets.randbits(62) | 1 for _ in range(3)])
        self._parts: list[str] = values.setdefault("parts", [])
        self.names = {
            kind: Names.of(files.table(kind) if kind in files else None)
            for kind in ("accounts", "contexts", "platforms")
        }

    def join(self, today: EventLog) -> Joined:
        """Add today's events; they are kept after `Files.commit`.

        Raises:
            UndertowError: `state-damaged`, `state-unwritable`.
        """
        places = {}
        for kind, names in self.names.items():
            self.names[kind], places[kind] = names.with_more(getattr(today, kind))
        marks = [name for name in today.marks if name not in COUNTED]
        self._files.values.setdefault("marks", marks)
        old, old_ids, starts = self._read()
        new = self._coded(today, places)
        dropped, removed = _repeats(old, old_ids, new, today.id)
        keep, stay = np.flatnonzero(~dropped), np.flatnonzero(~removed)
        first = len(old["at"])
        if len(keep):
            first = int(np.searchsorted(old["at"], new["at"][keep[0]], "left"))
            first = min([first, *np.flatnonzero(removed)[:1].tolist()])
        part = self._first_part(starts, first, len(keep))
        base = int(starts[part])
        stay = stay[stay >= base]
        columns = {name: np.concatenate([old[name][stay], new[name][keep]]) for name in old}
        ids = _chunked(taken(old_ids, stay), taken(today.id, keep))
        order = total_order(_ranking(columns), ids, addresses(ids))
        if order is not None:
            columns = {name: column[order] for name, column in columns.items()}
            ids = taken(ids, order)
        back = np.arange(len(stay) + len(keep))
        back[back if order is None else order] = np.arange(len(back))
        place = np.arange(len(old["at"]))
        place[base:] = -1
        place[stay] = base + back[: len(stay)]
        if len(keep):
            self._write(part, columns, ids)
        log = self._log(
            {name: np.concatenate([old[name][:base], columns[name]]) for name in old},
            _chunked(old_ids.slice(0, base), ids),
            today.repeats + int(dropped.sum()),
        )
        return Joined(log, place, base + np.sort(back[len(stay) :]))

    def _first_part(self, starts: Array, first: int, many: int) -> int:
        """Say from which part on the tables are written again, given where today's rows begin."""
        part = int(np.searchsorted(starts, first, "right")) - 1
        size = int(starts[-1] - starts[part]) + many
        while many and part and size >= starts[part] - starts[part - 1]:
            part -= 1
            size = int(starts[-1] - starts[part]) + many
        return part

    def _coded(self, log: EventLog, places: dict[str, Array]) -> Columns:
        """Give the columns of today's events, names by their places among all."""
        columns = {name: getattr(log, name) for name in COLUMNS}
        for name, kind in CODED.items():
            columns[name] = places[kind][columns[name]]
        for name in self._files.values["marks"]:
            columns[MARK + name] = log.marks[name].astype(np.uint8)
        columns[PRINT] = np.empty(len(log), np.uint32)
        at = 0
        for chunk in log.id.chunks:
            prints = columns[PRINT][at : at + len(chunk)]
            if len(chunk):
                kernel_texts.fingerprint(*bytes_of(chunk), prints, np.array(self._key))
            at += len(chunk)
        return columns

    def _read(self) -> tuple[Columns, pa.ChunkedArray, Array]:
        """Read all rows: columns, ids, and the first row of each part, and their number at the end."""
        tables = [self._files.table(name) for name in self._parts]
        starts = np.cumsum([0, *(len(table) for table in tables)])
        marks = [MARK + name for name in self._files.values["marks"]]
        kinds = dict.fromkeys(marks, np.uint8) | {PRINT: np.uint32, "at": np.int64}
        kinds |= dict.fromkeys(CODED, np.int32) | dict.fromkeys(("type", "visibility"), np.int8)
        columns = {}
        for name in (*COLUMNS, *marks, PRINT):
            parts = [np.empty(0, kinds[name]), *(table[name].to_numpy() for table in tables)]
            columns[name] = np.concatenate(parts)
        for name, kind in CODED.items():
            columns[name] = self.names[kind].to_place[columns[name]]
        return columns, _chunked(*(table["id"] for table in tables)), starts

    def _write(self, part: int, columns: Columns, ids: pa.ChunkedArray) -> None:
        for name in self._parts[part:]:
            self._files.drop(name)
        number = self._files.values["last part"] = self._files.values.get("last part", 0) + 1
        self._parts[part:] = [f"events-{number}"]
        coded = {name: self.names[kind].to_code[columns[name]] for name, kind in CODED.items()}
        self._files.write(self._parts[-1], pa.table({**columns, **coded, "id": ids}))
        for kind, names in self.names.items():
            self._files.write(kind, names.table())

    def _log(self, columns: Columns, ids: pa.ChunkedArray, repeats: int) -> EventLog:
        names = {kind: names.names for kind, names in self.names.items()}
        marks = {
            name.removeprefix(MARK): column.view(bool)
            for name, column in columns.items()
            if name.startswith(MARK)
        }
        plain = {name: columns[name] for name in COLUMNS}
        return EventLog(id=ids, marks=marks, repeats=repeats, **plain, **names)


def _chunked(*texts: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [chunk for one in texts for chunk in one.chunks if len(chunk)]
    return pa.chunked_array(chunks, pa.string())


def _ranking(columns: Columns) -> Columns:
    """Give the columns that decide the order, as `order.gather` has them."""
    return {name: column for name, column in columns.items() if name != PRINT}


def _repeats(
    old: Columns, old_ids: pa.ChunkedArray, new: Columns, new_ids: pa.ChunkedArray
) -> tuple[Array, Array]:
    """Find today's rows whose (id, target) is carried: of both the first in total order stays.

    Returns:
        Which of today's rows to drop, and which of the carried ones: booleans.
    """
    dropped, removed = np.zeros(len(new["at"]), bool), np.zeros(len(old["at"]), bool)
    asked = np.zeros(1 << BITS, bool)
    asked[new[PRINT] >> np.uint32(32 - BITS)] = True
    near = np.flatnonzero(asked[old[PRINT] >> np.uint32(32 - BITS)])
    near = near[is_among(old[PRINT][near], np.sort(new[PRINT]))]
    also = np.flatnonzero(is_among(new[PRINT], np.sort(old[PRINT][near])))
    if not len(near):
        return dropped, removed
    texts = _chunked(taken(old_ids, near), taken(new_ids, also)).combine_chunks()
    codes = texts.dictionary_encode()
    codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    key = codes.indices.to_numpy().astype(np.int64) << 32
    key |= np.concatenate([old["target"][near], new["target"][also]]).astype(np.int64) + 1
    _, one, other = np.intersect1d(key[: len(near)], key[len(near) :], return_indices=True)
    carried, read = near[one], also[other]
    # Compared by what decides between repeats within one run.
    undecided, earlier = np.ones(len(read), bool), np.zeros(len(read), bool)
    for name in ("at", *(name for name in _ranking(old) if name != "at")):
        mine, other = new[name][read], old[name][carried]
        earlier |= undecided & (mine < other)
        undecided &= mine == other
    dropped[read[~earlier]] = True
    removed[carried[earlier]] = True
    return dropped, removed


def undirected(one: Array, other: Array) -> Array:
    """Pack two accounts, whichever stands first, into one int64."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    packed: Array = (low.astype(np.int64) << 32) | high.astype(np.int64)
    return packed


def is_among(values: Array, ascending: Array) -> Array:
    """Mark the values that stand in an ascending list: many times faster than `np.isin`."""
    if not len(ascending):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    marked: Array = ascending[place] == values
    return marked


def is_addressed(log: EventLog, rows: Array) -> Array:
    """Mark the rows from one account to another."""
    marked: Array = (log.target[rows] != NOBODY) & (log.target[rows] != log.actor[rows])
    return marked

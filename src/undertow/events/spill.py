"""Coded rows on disk, for inputs that would not fit in memory: the same log, column by column in files.

Columns are mapped, so they are read where they are looked at, and `rest` lets go of what was read. While
rows are put in order some seventeen bytes a row stand in memory: time, target and the print of the id.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow.events.coding import KINDS, Coded, Coder
from undertow.events.log import EventLog
from undertow.events.order import MARK, attributes, settled, taken
from undertow.events.read import EventFiles

Array = npt.NDArray[Any]

IDS: Final = pa.schema([pa.field("id", pa.string())])
CHUNK: Final = 1 << 22
"""Rows put in another order at a time."""
EACH: Final = 220
"""Bytes of memory that one row asks for when all is done in memory: measured, 2.1 GiB for ten million."""
BASE: Final = 400 << 20
"""Bytes that a run asks for whatever it reads."""
TEXT_ROW: Final = 150
"""Bytes of one row of JSON Lines or CSV, about."""
PACKED: Final = 8
"""How much shorter `.gz` makes them, about."""
SHARE: Final = 0.6
"""Share of the machine's memory that is used before rows go to disk."""


def rows_of(files: EventFiles) -> int:
    """Say how many rows files hold; where they do not say, guess from their size."""
    return sum(
        file.rows
        if file.rows is not None
        else file.path.stat().st_size
        * (PACKED if file.path.suffix.lower() == ".gz" else 1)
        // TEXT_ROW
        for file in files.files
    )


def machine_memory() -> int:
    """Give the bytes of memory that a run may use unless it is told otherwise."""
    try:
        return int(SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return 4 << 30


@contextmanager
def spilled(files: EventFiles, memory: int | None) -> Iterator[Path | None]:
    """Make a folder for rows, gone at the end; None where all fits in memory.

    Args:
        files: what will be read.
        memory: bytes that the run may use; `machine_memory` where None.
    """
    if BASE + EACH * rows_of(files) <= (machine_memory() if memory is None else memory):
        yield None
        return
    with TemporaryDirectory(prefix="undertow-") as folder:
        yield Path(folder)


class Mapped(NamedTuple):
    """A column that stands in a file."""

    array: Array
    map: mmap.mmap | None

    def rest(self) -> None:
        """Let go of what was read or written: it stays in the file."""
        if self.map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.map.madvise(mmap.MADV_DONTNEED)


def mapped(path: Path, kind: npt.DTypeLike) -> Mapped:
    """Map a file as a column that can be written to."""
    if not path.stat().st_size:
        return Mapped(np.empty(0, kind), None)
    with path.open("r+b") as file:
        room = mmap.mmap(file.fileno(), 0)
    return Mapped(np.frombuffer(room, kind), room)


class Spill:
    """Takes coded rows to disk, in the order of their reading.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kinds: dict[str, npt.DTypeLike] = dict(KINDS)
        self._files = {name: (folder / name).open("wb") for name in KINDS}
        self._ids = pa.ipc.new_file(str(folder / "ids"), IDS)

    def add(self, part: Coded) -> None:
        """Take some rows."""
        if not len(part.id):
            return
        self._ids.write_batch(pa.RecordBatch.from_arrays([part.id], schema=IDS))
        for name, mark in part.marks.items():
            if MARK + name not in self._files:
                self._kinds[MARK + name] = np.bool_
                self._files[MARK + name] = (self._folder / f"{MARK}{name}").open("wb")
            self._files[MARK + name].write(np.ascontiguousarray(mark).data)
        for name, kind in KINDS.items():
            self._files[name].write(np.ascontiguousarray(part.columns[name], kind).data)

    def close(self) -> None:
        """End writing."""
        self._ids.close()
        for file in self._files.values():
            file.close()

    def log(self, coder: Coder) -> DiskLog:
        """Put all rows in order; `close` went before.

        Args:
            coder: what coded them.
        """
        ids, kept = _mapped_ids(self._folder / "ids")
        held = {name: mapped(self._folder / name, kind) for name, kind in self._kinds.items()}
        columns = {name: column.array for name, column in held.items()}
        names, rows, repeats = settled(ids, columns, coder, lambda name: held[name].rest())
        for name in list(held):
            if name == "print":
                held.pop(name).rest()
            elif rows is not None:
                held[name] = self._reordered(name, held[name], rows)
        if rows is not None:
            ids, kept = self._reordered_ids(ids, rows)
        log = DiskLog(
            id=ids,
            **attributes({name: column.array for name, column in held.items()}),
            **names,
            repeats=repeats,
            folder=self._folder,
            held=[*held.values(), kept],
        )
        log.rest()
        return log

    def _reordered(self, name: str, old: Mapped, rows: Array) -> Mapped:
        """Write some rows of a column, in their order, as a new file."""
        path = self._folder / f"ordered {name}"
        with path.open("wb") as file:
            for low in range(0, len(rows), CHUNK):
                file.write(old.array[rows[low : low + CHUNK]].data)
        old.rest()
        (self._folder / name).unlink()
        return mapped(path, self._kinds[name])

    def _reordered_ids(
        self, ids: pa.ChunkedArray, rows: Array
    ) -> tuple[pa.ChunkedArray, Mapped]:
        path = self._folder / "ordered ids"
        with pa.ipc.new_file(str(path), IDS) as file:
            for low in range(0, len(rows), CHUNK):
                for chunk in taken(ids, rows[low : low + CHUNK]).chunks:
                    file.write_batch(pa.RecordBatch.from_arrays([chunk], schema=IDS))
        (self._folder / "ids").unlink()
        return _mapped_ids(path)


def _mapped_ids(path: Path) -> tuple[pa.ChunkedArray, Mapped]:
    table, held = mapped_table(path)
    return table["id"], held


def mapped_table(path: Path) -> tuple[pa.Table, Mapped]:
    """Map an Arrow file as a table; with what lets go of it."""
    with path.open("rb") as file:
        room = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = pa.ipc.open_file(pa.py_buffer(room))
    batches = [reader.get_batch(place) for place in range(reader.num_record_batches)]
    return pa.Table.from_batches(batches, reader.schema), Mapped(np.empty(0), room)


@dataclass(frozen=True)
class DiskLog(EventLog):
    """An `EventLog` whose columns are files.

    Attributes:
        folder: where they stand.
        held: what `rest` lets go of.
    """

    folder: Path = Path()
    held: list[Mapped] = field(default_factory=list)

    def rest(self) -> None:
        """Let go of what was read."""
        for column in list(self.held):
            column.rest()

    def keep(self, schema: pa.Schema, slices: Iterable[pa.Table]) -> pa.Table:
        """As `EventLog.keep`: in a file."""
        with NamedTemporaryFile(dir=self.folder, delete=False) as place:
            path = Path(place.name)
        with pa.ipc.new_file(str(path), schema) as file:
            for one in slices:
                file.write_table(one)
        table, held = mapped_table(path)
        self.held.append(held)
        return table

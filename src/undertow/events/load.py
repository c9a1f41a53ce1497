"""Files to an event log, fast: each thread reads stretches of a file and codes them.

The result is that of `log.collect` over `EventFiles.batches`, with the marks of the texts and `direct`
among them; so are the rows set aside and the errors, in the order of files and rows. A batch in which
anything is odd is checked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.errors import Place, UndertowError
from undertow.events.check import Checked, check_rows
from undertow.events.coding import Coded, Coder, Looks, Needs, Odd, Room
from undertow.events.log import EventLog
from undertow.events.order import THREADS, gather
from undertow.events.parquet import PARQUET_FAULTS, Ahead, decoded, stretches
from undertow.events.read import (
    EventFile,
    EventFiles,
    checked_rows,
    limited_to,
    no_ground,
    nothing_usable,
    unreadable,
)
from undertow.events.spill import Spill
from undertow.events.table import NAMES

LOOKED_AT: Final = 1 << 26
"""Bytes of text from which batches are looked at: the texts of a task wait for each other till then."""


@dataclass
class Read:
    """What one task brought back: coded batches, rows set aside, and the fault that ended it."""

    parts: list[Coded] = field(default_factory=list)
    rejects: list[pa.Table] = field(default_factory=list)
    fault: UndertowError | None = None


def load(
    files: EventFiles,
    *,
    looks: Looks | None = None,
    until: datetime | None = None,
    advance: Callable[[int], None] = lambda _: None,
    folder: Path | None = None,
    ahead: Ahead | None = None,
    needs: Needs | None = None,
) -> EventLog:
    """Read all files into one log.

    Args:
        files: the opened files; `files.rejects` is complete afterwards.
        looks: signals that need the text, called by several threads.
        until: leave out events at and after this moment.
        advance: called with the rows of each stretch read.
        folder: an empty one, in which the rows shall stand instead of in memory.
        ahead: decodes the first of the files; it is stopped.
        needs: says which texts `looks` has to see; all where None.

    Returns:
        The log, with the marks that `looks` gives, and `direct`.

    Raises:
        UndertowError: as `EventFiles.batches`.
    """
    coder = Coder(looks, until, files.sources, needs)
    room = None if folder else _room(files.rows)
    spill = Spill(folder) if folder else None
    loader = Loader(files, coder, room, ahead)
    parts: list[Coded] = []
    rejects = [files.rejects]
    if ahead is not None:
        # The first compiled function takes longer to load than all others: meanwhile another core decodes.
        coder.accounts.prepare()
        ahead.stop()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            tasks = [(file, list(loader.tasks(file))) for file in files.files]
            begun = [(file, [pool.submit(task) for task in some]) for file, some in tasks]
            for file, running in begun:
                for part in in_order(file, _results(running), rejects, advance):
                    (parts.append if spill is None else spill.add)(part)
        finally:
            loader.stop.set()
            pool.shutdown(cancel_futures=True)
            if spill is not None:
                spill.close()
    files.rejects = pa.concat_tables(rejects)
    return EventLog(**gather(parts, coder, room)) if spill is None else spill.log(coder)


def _room(rows: int | None) -> Room | None:
    """Make room for all rows, unless their number is not known, or cannot be true."""
    try:
        return None if rows is None else Room(rows)
    except (MemoryError, ValueError):
        return None


def _results(running: list[Future[Read]]) -> Iterator[Read]:
    """Wait for tasks in their order, and let go of what they read as soon as it is taken."""
    running.reverse()
    while running:
        yield running.pop().result()


def in_order(
    file: EventFile,
    reads: Iterable[Read],
    rejects: list[pa.Table],
    advance: Callable[[int], None],
) -> Iterator[Coded]:
    """Take what the tasks of a file read, in the order of rows, and raise the first fault in that order."""
    kept = 0
    refused: list[pa.Table] = []
    for read in reads:
        refused += read.rejects
        for part in read.parts:
            if part.ungrounded:
                raise no_ground(file)
            kept += part.rows
            yield part
        if read.fault is not None:
            raise read.fault
        advance(sum(part.rows for part in read.parts))
    rejects += refused
    if refused and not kept:
        raise nothing_usable(file, pa.concat_tables(refused))


class Loader:
    """Makes tasks of files, and does them."""

    def __init__(
        self, files: EventFiles, coder: Coder, room: Room | None, ahead: Ahead | None = None
    ) -> None:
        self.stop, self.ahead = Event(), ahead
        self._files, self._coder, self._room = files, coder, room
        self._before = 0

    def tasks(self, file: EventFile) -> Iterator[Callable[[], Read]]:
        """Cut a file into tasks, in the order of its rows."""
        if file.kind != "parquet":
            yield lambda: self._lines(file)
            return
        try:
            with pq.ParquetFile(file.path) as parquet:
                metadata = parquet.metadata
        except PARQUET_FAULTS:
            fault = unreadable(Place(file.name))
            yield lambda: Read(fault=fault)
            return
        for groups, first in stretches(metadata):
            yield Stretch(self, file, metadata, groups, first, self._before + first - 1)
        self._before += metadata.num_rows

    def take(
        self,
        read: Read,
        file: EventFile,
        columns: dict[str, pa.Array],
        lines: np.ndarray,
        row: int = 0,
    ) -> None:
        """Code one batch as it was read, row by row where something is odd.

        Args:
            read: what is added to.
            file: whose rows these are.
            columns: as read.
            lines: their numbers in the file.
            row: their place among the rows of all files, where that is known.
        """
        into = None if self._room is None else (self._room, row)
        ground = None
        if self._files.ground is None:
            grounded = frozenset(source.platform for source in file.sources if source.ground)
            ground = (limited_to(file.sources), grounded)
        try:
            self._keep(read, self._coder.code(columns, ground, into))
        except Odd:
            checked = check_rows(columns, lines, file.name, self._files.zone)
            if checked.rejects.num_rows:
                read.rejects.append(checked.rejects)
            if checked.batch.num_rows:
                sound = dict(zip(NAMES, checked.batch.columns, strict=True))
                self._keep(read, self._coder.code(sound, ground, into))

    def _keep(self, read: Read, part: Coded) -> None:
        read.parts.append(part)
        waiting = (one.content.nbytes for one in read.parts if one.content is not None)
        if sum(waiting) >= LOOKED_AT:
            self.look(read)

    def look(self, read: Read) -> None:
        """Look at the texts that wait."""
        self._coder.look([part for part in read.parts if part.content is not None])

    def take_checked(self, read: Read, file: EventFile, rows: Checked) -> None:
        """Code rows that were looked at one by one."""
        if rows.rejects.num_rows:
            read.rejects.append(rows.rejects)
        if rows.batch.num_rows:
            columns = dict(zip(NAMES, rows.batch.columns, strict=True))
            self.take(read, file, columns, rows.lines)

    def _lines(self, file: EventFile) -> Read:
        read = Read()
        try:
            for rows in checked_rows(file, self._files.zone):
                if self.stop.is_set():
                    break
                self.take_checked(read, file, rows)
        except UndertowError as fault:
            read.fault = fault
        self.look(read)
        return read


@dataclass(frozen=True)
class Stretch:
    """One task: some row groups of a Parquet file.

    Attributes:
        first: their first row in the file, from 1.
        before: rows in files before this one and in row groups before these.
    """

    loader: Loader
    file: EventFile
    metadata: pq.FileMetaData
    groups: list[int]
    first: int
    before: int

    def __call__(self) -> Read:
        """Read and code it."""
        read, row = Read(), self.first
        try:
            for batch in self._batches():
                if self.loader.stop.is_set():
                    break
                lines = np.arange(row, row + batch.num_rows, dtype=np.int64)
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                into = self.before + row - self.first
                row += batch.num_rows
                self.loader.take(read, self.file, columns, lines, into)
        except PARQUET_FAULTS:
            read.fault = unreadable(Place(self.file.name, row))
        self.loader.look(read)
        return read

    def _batches(self) -> Iterable[pa.RecordBatch]:
        ahead = self.loader.ahead
        held = None if ahead is None else ahead.taken(self.file.path, self.groups[0])
        return decoded(self.file.path, self.metadata, self.groups) if held is None else held

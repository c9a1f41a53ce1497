"""Executors read files and deal rows to parts: the readers, checks and signals are those of one machine.

A row goes to the part of its actor and to the part of its target, joins and leaves to all, as in
`undertow.matches.parts`. A row without a target goes to the part of its id too, as a guest: so each
(`id`, `target`) has one part in which all its rows meet, and repeats are found whoever the actors are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.engines.spark_blocks import Array, Arrays, Block, pack
from undertow.errors import Place, UndertowError
from undertow.events import kernel_texts as kernel
from undertow.events.coding import KINDS, NOBODY, Coded, Coder, Looks
from undertow.events.load import Loader, Read, Stretch
from undertow.events.names import bytes_of
from undertow.events.parquet import PARQUET_FAULTS, stretches
from undertow.events.read import (
    EventFile,
    EventFiles,
    checked_rows,
    unreadable,
)
from undertow.events.table import REJECTS, TYPES
from undertow.matches.grouping import group
from undertow.matches.parts import MOVES

FLUSH: Final = 500_000
"""Rows of JSON Lines or CSV that are dealt together."""
SEQUENCE: Final = 32
"""Bits of a row's tag below the number of its task."""
UNDO: Final = TYPES.index("undo")
NEWS: Final = "news"
ROWS: Final = "rows"
IS_MOVE: Final = np.isin(np.arange(len(TYPES)), [TYPES.index(word) for word in MOVES])


@dataclass
class AwayFile(EventFile):
    """A file as executors find it: by its full path, under the name that the user gave it."""

    shown: str = ""

    @property
    def name(self) -> str:
        """The name shown in messages and rejects."""
        return self.shown


@dataclass(frozen=True)
class Task:
    """What is read in one go: row groups of a Parquet file from a row on, or a whole file of text."""

    file: int
    groups: tuple[int, ...] | None = None
    first: int = 1


@dataclass(frozen=True)
class Reading:
    """What an executor is told of the whole input.

    Attributes:
        files: all files.
        tasks: what is read, in the order of files and rows.
        many: number of parts.
        key: int64, (3), of the hashes that deal names to parts.
        looks: signals that need the text.
        until: leave out events at and after this moment.
        rooms: whether a playbook looks at contexts.
    """

    files: EventFiles
    tasks: tuple[Task, ...]
    many: int
    key: Array
    looks: Looks | None = None
    until: datetime | None = None
    rooms: bool = True


def away(files: EventFiles) -> EventFiles:
    """Name files by their full paths, which executors share with the driver."""
    found: list[EventFile] = [
        AwayFile(
            file.path.resolve(), file.kind, file.sources, file.simulated, file.rows, file.name
        )
        for file in files.files
    ]
    return replace(files, files=found)


def tasks_of(files: EventFiles) -> tuple[Task, ...]:
    """Cut files into what is read in one go."""
    tasks: list[Task] = []
    for number, file in enumerate(files.files):
        if file.kind != "parquet":
            tasks.append(Task(number))
            continue
        try:
            metadata = pq.read_metadata(file.path)
        except PARQUET_FAULTS:
            # Whoever reads it meets the fault in its turn.
            tasks.append(Task(number, ()))
            continue
        tasks += [Task(number, tuple(groups), first) for groups, first in stretches(metadata)]
    return tuple(tasks)


def prints(texts: pa.Array, key: Array) -> Array:
    """Hash texts by a key that all executors share: uint32, (n)."""
    found = np.empty(len(texts), np.uint32)
    # A name holds the bytes for as long as they are looked at.
    held = texts.cast(pa.string())
    if len(texts):
        kernel.fingerprint(*bytes_of(held), found, key)
    return found


def part_of(texts: pa.Array, key: Array, many: int) -> Array:
    """Say to which part each name belongs: int32, (n)."""
    return (prints(texts, key) % many).astype(np.int32)


def read_and_deal(reading: Reading, batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    """Read tasks, named by number in `batches`; give their rows by part, and news of each."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            row = 0
            for step, (read, coder) in enumerate(_reads(reading, reading.tasks[number])):
                yield from _dealt(reading, read, coder, (number << SEQUENCE) + row)
                row += sum(len(part.id) for part in read.parts)
                yield _news(reading, read, coder, number, step)


def _reads(reading: Reading, task: Task) -> Iterator[tuple[Read, Coder]]:
    """Read one task: a stretch of Parquet at once, a file of text some rows at a time."""
    file = reading.files.files[task.file]

    def fresh() -> tuple[Loader, Coder]:
        coder = Coder(reading.looks, reading.until, reading.files.sources)
        return Loader(reading.files, coder, None), coder

    loader, coder = fresh()
    if task.groups is not None:
        try:
            metadata = pq.read_metadata(file.path)
        except PARQUET_FAULTS:
            yield Read(fault=unreadable(Place(file.name))), coder
            return
        yield Stretch(loader, file, metadata, list(task.groups), task.first, 0)(), coder
        return
    read = Read()
    try:
        for rows in checked_rows(file, reading.files.zone):
            loader.take_checked(read, file, rows)
            if sum(part.rows for part in read.parts) >= FLUSH:
                loader.look(read)
                yield read, coder
                read, (loader, coder) = Read(), fresh()
    except UndertowError as fault:
        read.fault = fault
    loader.look(read)
    yield read, coder


def _news(reading: Reading, read: Read, coder: Coder, number: int, step: int) -> Block:
    """Tell what a task found beside rows."""
    fault, place = read.fault, read.fault.place if read.fault else None
    rejects = pa.concat_tables([REJECTS.empty_table(), *read.rejects])
    told: dict[str, pa.Array | Array] = {
        "rows": np.array([part.rows for part in read.parts], np.int64),
        "ungrounded": np.array([part.ungrounded for part in read.parts], bool),
        "platforms": coder.ranked_platforms()[0],
        "fault": pa.array([fault.what, fault.code, fault.mend] if fault else [], pa.string()),
        "place": pa.array([place.file] if place else [], pa.string()),
        "place_line": pa.array([place.line] if place else [], pa.int64()),
    }
    told |= {name: rejects[name].combine_chunks() for name in REJECTS.names}
    return Block(number % reading.many, NEWS, (number << SEQUENCE) + step, pack(told))


def read_of(told: Arrays) -> Read:
    """Turn news back into what a task read, without its rows."""
    stubs = [
        Coded(rows, pa.array([], pa.string()), {}, {}, ungrounded)
        for rows, ungrounded in zip(
            told["rows"].to_pylist(), told["ungrounded"].to_pylist(), strict=True
        )
    ]
    rejects = pa.table({name: told[name] for name in REJECTS.names}, schema=REJECTS)
    fault = None
    if len(told["fault"]):
        what, code, mend = told["fault"].to_pylist()
        place = None
        if len(told["place"]):
            place = Place(told["place"][0].as_py(), told["place_line"][0].as_py())
        fault = UndertowError(what, code=code, mend=mend, place=place)
    return Read(stubs, [rejects] if rejects.num_rows else [], fault)


def _dealt(reading: Reading, read: Read, coder: Coder, tag: int) -> Iterator[Block]:
    """Deal the rows that were read to their parts."""
    parts = [part for part in read.parts if len(part.id)]
    if not parts:
        return
    ids = pa.concat_arrays([part.id for part in parts])
    columns = {name: np.concatenate([p.columns[name] for p in parts]) for name in KINDS}
    marks = {name: np.concatenate([p.marks[name] for p in parts]) for name in parts[0].marks}
    read.parts = [Coded(part.rows, part.id, {}, {}, part.ungrounded) for part in read.parts]
    names, ranks = coder.accounts.ranked()
    rooms, places = coder.contexts.ranked()
    words, platforms = coder.ranked_platforms()
    columns["actor"], columns["target"] = ranks[columns["actor"]], ranks[columns["target"]]
    columns["context"] = places[columns["context"]]
    columns["platform"] = platforms[columns["platform"]]
    if not reading.rooms:
        columns["context"][columns["type"] != UNDO] = NOBODY
    columns["tag"] = tag + np.arange(len(ids), dtype=np.int64)
    del columns["print"]
    owner = part_of(names, reading.key, reading.many)
    for number, rows in enumerate(_rows_by_part(reading, columns, owner, ids)):
        if not len(rows):
            continue
        some = {name: column[rows] for name, column in columns.items()}
        used, (some["actor"], some["target"]) = _renumbered(
            len(names), some["actor"], some["target"]
        )
        met, (some["context"],) = _renumbered(len(rooms), some["context"])
        block = {
            "id": ids.take(pa.array(rows)),
            **some,
            **{f"mark {name}": mark[rows] for name, mark in marks.items()},
            "names": names.take(pa.array(used)),
            "rooms": rooms.take(pa.array(met)),
            "words": words,
        }
        yield Block(number, ROWS, int(some["at"].min()), pack(block))


def _rows_by_part(
    reading: Reading, columns: dict[str, Array], owner: Array, ids: pa.Array
) -> Iterator[Array]:
    """List the rows of each part, ascending."""
    many, n = reading.many, len(ids)
    moves = IS_MOVE[columns["type"]]
    addressed = columns["target"] != NOBODY
    parts = np.full((n, 2), many, np.int32)
    parts[:, 0] = owner[columns["actor"]]
    parts[addressed, 1] = owner[columns["target"][addressed]]
    posts = np.flatnonzero(~addressed & ~moves)
    parts[posts, 1] = part_of(ids.take(pa.array(posts)), reading.key, many)
    parts[parts[:, 0] == parts[:, 1], 1] = many
    parts[moves] = many
    dealt, everywhere = group(parts.ravel(), many + 1), np.flatnonzero(moves)
    for number in range(many):
        mine = dealt.rows[dealt.start[number] : dealt.start[number + 1]] >> 1
        yield np.sort(np.concatenate([mine, everywhere])) if len(everywhere) else mine


def _renumbered(many: int, *columns: Array) -> tuple[Array, list[Array]]:
    """Number the codes that occur anew, from 0 in their order; -1 stays."""
    there = np.zeros(many + 1, bool)
    for column in columns:
        there[column] = True
    used = np.flatnonzero(there[:-1])
    place = np.full(many + 1, NOBODY, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return used, [place[column] for column in columns]

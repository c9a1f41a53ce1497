"""The live engine over structural Parquet files in time order, with one thread that reads ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.engines.stream import MEMORY, Changes, Stream, joined
from undertow.engines.stream_deal import dealt_to
from undertow.engines.stream_kernel_pass import Columns
from undertow.events.source import Source
from undertow.events.table import TYPES
from undertow.matches.program import Array
from undertow.playbooks.grammar import SIGNALS, Playbook

Given = TypeVar("Given")


@dataclass(frozen=True)
class TimeColumns:
    """Names of the columns of a structural table: integer ids, no text.

    Attributes:
        at: int64 or timestamp, microseconds.
        type: words, plain or as a dictionary.
        actor: integers, at least 0.
        target: integers; -1 or null for none.
        marks: boolean columns by signal.
        words: event types by the file's own words, where they differ.
    """

    at: str = "published"
    type: str = "type"
    actor: str = "actor"
    target: str = "target"
    marks: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Columns to read."""
        return [self.at, self.type, self.actor, self.target, *self.marks.values()]


def find_in_time_order(
    paths: Sequence[Path],
    playbooks: Sequence[Playbook],
    names: TimeColumns,
    *,
    sources: tuple[Source, ...] = (),
    memory: int = MEMORY,
    threads: int = 2,
) -> Changes:
    """Match playbooks over files whose rows, file after file, stand in time order.

    Args:
        paths: Parquet files in their order.
        playbooks: checked playbooks.
        names: columns of the files.
        sources: what could be seen.
        memory: bytes that the state may come to use.
        threads: how many may match, beside the one that reads: pairs of accounts are dealt to them. One
            playbook costs no more than reading, and has one; so has what looks beyond pairs.

    Returns:
        The answers of all keys that may be listed; `refs` are row numbers from 0 over all files.

    Raises:
        UndertowError: if the state needs more memory than it may use.
    """
    parts = 1 << (threads.bit_length() - 1) if len(playbooks) > 1 else 1
    share = memory // parts
    batches = _groups(paths, names)
    first = next(batches, None)
    if first is None:
        return Stream(playbooks, sources, memory=memory).answers()
    start, batches = int(first.at[0]), chain([first], batches)
    # Nothing but the chain may hold it: it is as large as what is read at a time.
    del first
    streams = [Stream(playbooks, sources, start=start, memory=share, part=(0, parts))]
    if any(one.wide for one in streams[0].passes):
        parts, streams = 1, [Stream(playbooks, sources, start=start, memory=memory)]
    for k in range(1, parts):
        streams.append(Stream(playbooks, sources, start=start, memory=share, part=(k, parts)))
    if parts > 1 and len(streams[0].passes) == 1:
        each = dealt_to(batches, streams[0].passes[0].rules, parts)
    else:
        each = ([batch] * parts for batch in batches)
    with ThreadPoolExecutor(parts) as pool:
        for given in ahead(each):
            fed = [pool.submit(one.feed, to) for one, to in zip(streams, given, strict=True)]
            for one in fed:
                one.result()
    return joined([one.answers() for one in streams])


def read_ahead(paths: Sequence[Path], names: TimeColumns) -> Iterator[Columns]:
    """Read row group after row group, the next one while the last is worked on."""
    yield from ahead(_groups(paths, names))


def ahead(batches: Iterator[Given]) -> Iterator[Given]:
    """Have another thread make the next batch while the last is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _groups(paths: Sequence[Path], names: TimeColumns) -> Iterator[Columns]:
    for path in paths:
        # Mapped pages would count as memory of this process, and reading them costs no less.
        with pq.ParquetFile(path, read_dictionary=[names.type], pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=names.names, use_threads=False)
                for batch in table.to_batches():
                    if batch.num_rows == 0:
                        continue
                    yield _columns(batch, names)


_NOTHING: Final = np.empty(0, np.int64)


def _columns(batch: pa.RecordBatch, names: TimeColumns) -> Columns:
    kinds = batch.column(names.type)
    marks = np.zeros(batch.num_rows if names.marks else 0, np.uint8)
    for signal, column in names.marks.items():
        marks |= _flags(batch.column(column)) << SIGNALS.index(signal)
    words = [names.words.get(word, word) for word in kinds.dictionary.to_pylist()]
    return Columns(
        at=_integers(batch.column(names.at)),
        kind=_view(kinds.indices, np.int32),
        kinds=np.array([TYPES.index(w) if w in TYPES else len(TYPES) for w in words], np.int64),
        actor=_integers(batch.column(names.actor)),
        target=_integers(batch.column(names.target)),
        ref=_NOTHING,
        marks=marks,
        visibility=np.empty(0, np.int8),
        platform=np.empty(0, np.int32),
        context=_NOTHING,
        dealt=np.empty((0, 0), np.int64),
    )


def _integers(column: pa.Array) -> Array:
    """View 64-bit values without a copy, nulls as -1."""
    if column.null_count:
        column = column.cast(pa.int64()).fill_null(-1)
    return _view(column if column.type.bit_width == 64 else column.cast(pa.int64()), np.int64)


def _view(column: pa.Array, kind: type) -> Array:
    # `to_numpy` would import pandas where it is installed.
    return np.frombuffer(column.buffers()[1], kind)[column.offset : column.offset + len(column)]


def _flags(column: pa.Array) -> Array:
    """Unpack a boolean column, nulls as false."""
    column = column.fill_null(value=False) if column.null_count else column
    bits = np.frombuffer(column.buffers()[1], np.uint8)
    flags: Array = np.unpackbits(bits, count=column.offset + len(column), bitorder="little")
    return flags[column.offset :]

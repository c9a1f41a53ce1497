"""Parquet files of structural events as plain arrays, a stretch of rows at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.engines.structural_sieve import NOBODY
from undertow.errors import Place, UndertowError, nearest, shown_name
from undertow.events.table import TYPES
from undertow.matches.program import Array

STRETCH: Final = 1 << 18
"""Most rows read at once: what a thread holds stays near the caches."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns in the files.

    Attributes:
        at: when it happened; int64 microseconds since the epoch, or a timestamp.
        type: what happened, text.
        actor: who did it, an integer.
        target: whom it is addressed to, an integer; null or -1 for none.
        marks: boolean columns by the signal they hold; a signal that is not named here is looked
            for under its own name.
        words: event types by the words that stand for them; other words are taken as they are.
    """

    at: str = "published"
    type: str = "type"
    actor: str = "actor"
    target: str = "target"
    marks: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


class Piece(NamedTuple):
    """One row group: its file, its place there, and the number of its first row in all files."""

    file: int
    group: int
    base: int


class Batch(NamedTuple):
    """A stretch of rows, (n). Arrays may not be written to.

    Attributes:
        base: number of the first row in all files.
        word: int32, code of the type, `codes` says of what.
        codes: int32: index into `TYPES` of each word, the number of types for words that are none.
        marks: uint8, bit k set where the event has mark k.
        actor, target: int64, -1 for none.
        at: int64, microseconds; empty where it was not asked for.
    """

    base: int
    word: Array
    codes: Array
    marks: Array
    actor: Array
    target: Array
    at: Array


class Reader:
    """Files as one run of rows; several threads may read, each with handles of its own.

    Args:
        paths: Parquet files, in the order of their rows.
        columns: names in the files.
        signals: marks to read.

    Raises:
        UndertowError: `structural-unreadable`, `structural-no-column`, `structural-wrong-column` or
            `structural-unknown-word`.
    """

    def __init__(
        self, paths: Sequence[Path], columns: Columns, signals: tuple[str, ...]
    ) -> None:
        self.paths, self.columns = paths, columns
        self.marks = tuple(columns.marks.get(signal, signal) for signal in signals)
        self.pieces: list[Piece] = []
        self.rows = 0
        self._metadata = []
        self._own = threading.local()
        for word in columns.words.values():
            if word not in TYPES:
                near = nearest(word, TYPES)
                raise UndertowError(
                    f"`{word}` is no event type",
                    code="structural-unknown-word",
                    mend=f"did you mean `{near}`?" if near else "see docs/reference/events.md",
                )
        for number in range(len(paths)):
            parquet = self._open(number)
            self._check(parquet.schema_arrow, Place(shown_name(paths[number])))
            self._metadata.append(parquet.metadata)
            for group in range(parquet.metadata.num_row_groups):
                self.pieces.append(Piece(number, group, self.rows))
                self.rows += parquet.metadata.row_group(group).num_rows

    def read(self, piece: Piece, *, times: bool = True, most: int = STRETCH) -> Iterator[Batch]:
        """Read one row group, in stretches.

        Args:
            piece: one of `pieces`.
            times: read the times too.
            most: rows of a stretch, at most `STRETCH`.

        Raises:
            UndertowError: `structural-unreadable`, or `structural-null` for a row without an actor,
                a type or a time.
        """
        place = Place(shown_name(self.paths[piece.file]))
        held = self.columns
        names = [held.type, held.actor, held.target, *self.marks, *[held.at] * times]
        base = piece.base
        try:
            batches = self._handle(piece.file).iter_batches(
                most, row_groups=[piece.group], columns=names, use_threads=False
            )
            for batch in batches:
                yield self._arrays(batch, base, place)
                base += batch.num_rows
        except (OSError, pa.ArrowInvalid):
            raise _unreadable(place) from None

    def _handle(self, number: int) -> pq.ParquetFile:
        if getattr(self._own, "number", None) != number:
            self._own.parquet, self._own.number = self._open(number), number
        return self._own.parquet

    def _open(self, number: int) -> pq.ParquetFile:
        try:
            # Neither buffered ahead nor mapped: a file's pages are not this process's memory.
            return pq.ParquetFile(
                self.paths[number],
                metadata=self._metadata[number] if number < len(self._metadata) else None,
                read_dictionary=[self.columns.type],
                pre_buffer=False,
            )
        except (OSError, pa.ArrowInvalid):
            raise _unreadable(Place(shown_name(self.paths[number]))) from None

    def _check(self, schema: pa.Schema, place: Place) -> None:
        wanted = {
            self.columns.at: _is_time,
            self.columns.type: _is_text,
            self.columns.actor: pa.types.is_integer,
            self.columns.target: pa.types.is_integer,
            **dict.fromkeys(self.marks, pa.types.is_boolean),
        }
        for name, fits in wanted.items():
            if name not in schema.names:
                near = nearest(name, schema.names)
                raise UndertowError(
                    f"there is no column `{name}`",
                    code="structural-no-column",
                    mend=f"did you mean `{near}`?" if near else "name the columns of the file",
                    place=place,
                )
            if not fits(schema.field(name).type):
                raise UndertowError(
                    f"column `{name}` holds {schema.field(name).type}",
                    code="structural-wrong-column",
                    mend="structural events have integer accounts, times, words and truth values; "
                    "for text ids use `undertow detect`",
                    place=place,
                )

    def _arrays(self, batch: pa.RecordBatch, base: int, place: Place) -> Batch:
        held = self.columns
        column = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name in (held.actor, held.type, held.at):
            if column.get(name, _NOTHING).null_count:
                raise UndertowError(
                    f"column `{name}` has empty values",
                    code="structural-null",
                    mend="every event has an actor, a type and a time",
                    place=place,
                )
        kind = column[held.type]
        if not isinstance(kind, pa.DictionaryArray):
            kind = kind.dictionary_encode()
        truths = [_truths(column[name]) for name in self.marks]
        marks = truths[0] if truths else np.zeros(len(batch), np.uint8)
        for k in range(1, len(truths)):
            marks |= truths[k] << k
        marks.flags.writeable = False
        return Batch(
            base,
            _values(kind.indices.cast(pa.int32()), np.int32),
            self._codes(kind.dictionary),
            marks,
            _values(column[held.actor].cast(pa.int64()), np.int64),
            _values(column[held.target].cast(pa.int64()), np.int64),
            _values(_microseconds(column.get(held.at, _NOTHING)), np.int64),
        )

    def _codes(self, words: pa.Array) -> Array:
        types = [self.columns.words.get(word, word) for word in words.to_pylist()]
        known = [TYPES.index(word) if word in TYPES else len(TYPES) for word in types]
        return np.array(known, np.int32)


_NOTHING: Final = pa.array([], pa.int64())


def _unreadable(place: Place) -> UndertowError:
    return UndertowError(
        "cannot read the file as Parquet",
        code="structural-unreadable",
        mend="check that it is there and whole",
        place=place,
    )


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or kind == pa.int64())


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _microseconds(times: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(times.type) and times.type.unit != "us":
        times = times.cast(pa.timestamp("us", times.type.tz), safe=False)
    return times.cast(pa.int64())


def _values(column: pa.Array, kind: type[np.generic]) -> Array:
    """View a column of numbers; `Array.to_numpy` would import pandas where it is installed."""
    if column.null_count:
        column = pc.fill_null(column, NOBODY)
    buffer: Any = column.buffers()[1]
    held = np.frombuffer(b"" if buffer is None else buffer, kind)
    values = held[column.offset : column.offset + len(column)]
    # One type of array for compiled code, whoever made the buffer.
    values.flags.writeable = False
    return values


def _truths(column: pa.Array) -> Array:
    if column.null_count:
        column = pc.fill_null(column, False)
    buffer: Any = column.buffers()[1]
    bits = np.frombuffer(b"" if buffer is None else buffer, np.uint8)
    end = column.offset + len(column)
    return np.unpackbits(bits, count=end, bitorder="little")[column.offset :]

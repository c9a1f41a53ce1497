"""Parquet files of the event table: cut into stretches of row groups, and decoded, the first of them ahead of time.

What a run needs is imported and its compiled code loaded by one thread, which takes a second; meanwhile another one
decodes. Nothing is looked at here: a file that cannot be read is left to whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.paths import events_files, kind_of
from undertow.events.table import NAMES

BATCH_ROWS: Final = 65_536
"""Rows per batch: about 10 MB of short messages; measured no faster with more."""
STRETCH: Final = 2 * BATCH_ROWS
"""Rows that one task reads at least, unless the file ends: small row groups are read together."""
PARQUET_FAULTS: Final = (pa.ArrowException, OSError, ValueError)
WORDED: Final = 2
"""Bytes per row, unpacked, up to which a column of names is surely held as a dictionary."""
WORDS: Final = ("type", "visibility", "platform", "lang")
FEW: Final = ("actor", "target", "context")
AHEAD: Final = 1 << 29
"""Bytes that may wait, decoded ahead of time."""


_Batches = Iterator[pa.RecordBatch]


def stretches(metadata: pq.FileMetaData) -> Iterator[tuple[list[int], int]]:
    """Cut a Parquet file into row groups that are read together, each with its first row, from 1."""
    groups: list[int] = []
    rows, first = 0, 1
    for group in range(metadata.num_row_groups):
        groups.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= STRETCH or group + 1 == metadata.num_row_groups:
            yield groups, first
            first += rows
            groups, rows = [], 0


def decoded(
    path: Path, metadata: pq.FileMetaData, groups: Sequence[int]
) -> Iterator[pa.RecordBatch]:
    """Decode some row groups: batches of the columns of the event table that are there.

    Raises:
        PARQUET_FAULTS: the file cannot be read to the end of them.
    """
    # Row groups of other stretches are decoded beside these, if there are any.
    alone = metadata.num_row_groups == len(groups)
    with pq.ParquetFile(
        path, metadata=metadata, read_dictionary=_worded(metadata, groups)
    ) as parquet:
        names = [name for name in NAMES if name in parquet.schema_arrow.names]
        yield from parquet.iter_batches(
            BATCH_ROWS, row_groups=groups, columns=names, use_threads=alone
        )


def _worded(metadata: pq.FileMetaData, groups: Sequence[int]) -> list[str]:
    """Name the text columns that are worth reading as few words and which of them each row holds."""
    schema, sizes = metadata.schema.to_arrow_schema(), dict.fromkeys(NAMES, 0)
    read = [metadata.row_group(group) for group in groups]
    for group in read:
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema in sizes:
                sizes[column.path_in_schema] += column.total_uncompressed_size
    most = WORDED * sum(group.num_rows for group in read)
    return [
        name
        for name in NAMES
        if name in schema.names
        and pa.types.is_string(schema.field(name).type)
        and (name in WORDS or (name in FEW and sizes[name] <= most))
    ]


class Ahead:
    """The first stretches of Parquet files, decoded by a thread of its own until it is stopped or `most` bytes wait.

    Args:
        paths: files and folders, as they will be read.
        most: bytes that may wait.
    """

    def __init__(self, paths: Iterable[Path | str], most: int = AHEAD) -> None:
        self._paths, self._room = tuple(paths), most
        self._found: dict[tuple[Path, int], tuple[list[pa.RecordBatch], _Batches]] = {}
        self._stopped = Event()
        self._thread = Thread(target=self._decode)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._found.clear()

    def stop(self) -> None:
        """Decode no further; returns when the batch begun is decoded."""
        self._stopped.set()
        self._thread.join()

    def taken(self, path: Path, group: int) -> Iterator[pa.RecordBatch] | None:
        """Hand over what `decoded` gives for the stretch that begins with a row group; None if it was not begun.

        The first batches are there, those behind them are decoded as they are asked for. Only after `stop`.
        """
        found = self._found.pop((path, group), None)
        return None if found is None else chain(*found)

    def _decode(self) -> None:
        try:
            for path in events_files(self._paths):
                if kind_of(path) == "parquet" and path.is_file() and not self._goes_on(path):
                    return
        except Exception:  # noqa: BLE001  # nobody has looked at these files yet: whoever does says what is wrong
            self._found.clear()

    def _goes_on(self, path: Path) -> bool:
        """Decode a file; says whether there is room and time for more."""
        with pq.ParquetFile(path) as parquet:
            metadata = parquet.metadata
        for groups, _ in stretches(metadata):
            there: list[pa.RecordBatch] = []
            rest = decoded(path, metadata, groups)
            for batch in rest:
                there.append(batch)
                self._room -= batch.nbytes
                self._found[path, groups[0]] = there, rest
                if self._stopped.is_set() or self._room <= 0:
                    return False
        return True

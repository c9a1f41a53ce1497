"""Blocks: how rows travel through Spark. One Spark row carries the columns of thousands of events.

Spark moves, sorts and stores these rows and looks at their first three columns alone; what stands in a
block is Arrow, packed, and is unpacked where a step works on it. A row of Spark for each event would cost
some microseconds at each border between Java and Python; a block costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]
Arrays = dict[str, pa.Array]

SHAPE: Final = "part int, kind string, at long, block binary"
"""Columns of every frame, as Spark reads them."""
SCHEMA: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("kind", pa.string()),
        ("at", pa.int64()),
        ("block", pa.binary()),
    ]
)


class Block(NamedTuple):
    """One row on its way.

    Attributes:
        part: which part it belongs to.
        kind: what it holds.
        at: its place among blocks of its kind in its part.
        packed: columns, as `pack` gives them.
    """

    part: int
    kind: str
    at: int
    packed: pa.Buffer

    def arrays(self) -> Arrays:
        """Unpack its columns."""
        return unpack(self.packed)


def pack(arrays: Mapping[str, pa.Array | Array]) -> pa.Buffer:
    """Put columns of any lengths together: each becomes one list in one row of an Arrow stream."""
    columns = {name: _listed(given) for name, given in arrays.items()}
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _listed(given: pa.Array | Array) -> pa.Array:
    values = pa.array(given) if isinstance(given, np.ndarray) else given
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)


def unpack(packed: pa.Buffer | bytes) -> Arrays:
    """Give the columns that `pack` put together."""
    with pa.ipc.open_stream(packed) as stream:
        batch = stream.read_next_batch()
    return {
        name: column.flatten()
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }


def numbers(column: pa.Array) -> Array:
    """Give a column of numbers or booleans without nulls as NumPy."""
    values: Array = column.to_numpy(zero_copy_only=False)
    return values


def sent(blocks: Iterable[Block]) -> Iterator[pa.RecordBatch]:
    """Hand blocks to Spark, one by one: none waits in memory for the next."""
    for block in blocks:
        offsets = pa.py_buffer(np.array([0, block.packed.size], np.int32))
        packed = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, block.packed])
        first = [pa.array([block.part], pa.int32()), pa.array([block.kind])]
        yield pa.RecordBatch.from_arrays(
            [*first, pa.array([block.at], pa.int64()), packed], schema=SCHEMA
        )


def received(batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    """Take blocks from Spark, in their order."""
    for batch in batches:
        part, kind, at, packed = batch.columns
        for row in range(batch.num_rows):
            yield Block(
                part[row].as_py(), kind[row].as_py(), at[row].as_py(), packed[row].as_buffer()
            )

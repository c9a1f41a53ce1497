"""Writing the event table as Parquet, batch by batch, with its sources in the metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.source import METADATA_KEY, SIMULATED_KEY, Source, sources_to_json


def write_events(
    path: Path,
    batches: Iterable[pa.RecordBatch | pa.Table],
    *,
    schema: pa.Schema,
    sources: list[Source] | tuple[Source, ...],
    simulated: dict[str, object] | None = None,
) -> int:
    """Write batches to `path` through a temporary neighbour, so that a failure loses nothing.

    Args:
        path: where the file shall stand; replaced only when all is written.
        batches: record batches of `schema`, in any order.
        schema: the event table's columns first, extra ones after them.
        sources: what the file could show; goes into the metadata.
        simulated: how a simulated world was made; marks the file for good.

    Returns:
        Rows written.
    """
    meta = {METADATA_KEY: sources_to_json(list(sources))}
    if simulated is not None:
        meta[SIMULATED_KEY] = msgspec.json.encode(simulated)
    marked = schema.with_metadata({**(schema.metadata or {}), **meta})
    part = path.with_name(f".{path.name}.part")
    rows = 0
    try:
        with pq.ParquetWriter(part, marked, compression="zstd") as writer:
            for batch in batches:
                writer.write(batch)
                rows += batch.num_rows
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows

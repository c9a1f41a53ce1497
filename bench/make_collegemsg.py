"""Turn the private messages of `collegemsg` into an event table, as kept in `examples/collegemsg`.

    python bench/make_collegemsg.py SOURCE.parquet examples/collegemsg/collegemsg.parquet

SOURCE holds `src`, `dst` and `ts` (Unix seconds) in source order.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA, TIME
from undertow.events.write import write_events

GROUND = "published research data, CC BY-SA"


def events_of(given: pa.Table) -> pa.Table:
    count = given.num_rows
    account = {
        name: pc.binary_join_element_wise("college", given[column].cast(pa.string()), ":")
        for name, column in (("actor", "src"), ("target", "dst"))
    }
    columns = {
        "id": pc.utf8_lpad(
            pa.array(range(1, count + 1)).cast(pa.string()), width=6, padding="0"
        ),
        "type": pa.repeat("message", count),
        "published": pc.multiply(given["ts"], 1_000_000).cast(TIME),
        "visibility": pa.repeat("direct", count),
        "platform": pa.repeat("college", count),
        **account,
    }
    filled = [columns.get(name, pa.nulls(count, SCHEMA.field(name).type)) for name in NAMES]
    return pa.table(filled, schema=SCHEMA)


def main() -> None:
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    given = pq.read_table(source)
    times = pc.min_max(given["ts"]).as_py()
    declared = Source(
        platform="college",
        types=("message",),
        since=datetime.fromtimestamp(times["min"], UTC),
        until=datetime.fromtimestamp(times["max"], UTC),
        content=False,
        precision="s",
        kind="direct",
        ground=GROUND,
    )
    rows = write_events(out, [events_of(given)], schema=SCHEMA, sources=[declared])
    print(f"{rows:,} events")


if __name__ == "__main__":
    main()

"""Turn the public help-channel logs of `ubuntu-irc` into one event table, for measuring.

    python bench/make_irc.py irc_events.parquet irc.parquet

The samples are single days spread over 14 years. They are moved so that they follow one another
day by day, in their order, each keeping its time of day and one sample per day; so accounts that
come back do so after days instead of months. Every world made from it says so in its report.
A line that begins with another speaker's nick is a `mention`, every other one a `message` to the
room. There is no text.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA, TIME
from undertow.events.write import write_events

DAY = 86_400
FIRST = 1_100_476_800  # midnight UTC of the first sample's day, 2004-11-15


def events_of(given: pa.Table) -> pa.Table:
    sample = given["sample"].combine_chunks().dictionary_encode()
    names = np.array(sample.dictionary.to_pylist())
    day = np.argsort(np.argsort(names))[sample.indices.to_numpy()]
    at = FIRST + day * DAY + given["ts"].to_numpy() % DAY
    order = np.argsort(at, kind="stable")
    given, at = given.take(order), at[order]
    addressed = pc.is_valid(given["dst"])
    count = given.num_rows
    columns = {
        "id": pc.utf8_lpad(
            pa.array(range(1, count + 1)).cast(pa.string()), width=6, padding="0"
        ),
        "type": pc.if_else(addressed, "mention", "message"),
        "published": pa.array(at * 1_000_000).cast(TIME),
        "actor": pc.binary_join_element_wise("irc", given["src"].cast(pa.string()), ":"),
        "target": pc.binary_join_element_wise("irc", given["dst"].cast(pa.string()), ":"),
        "context": pa.repeat("irc:ubuntu", count),
        "visibility": pa.repeat("public", count),
        "platform": pa.repeat("irc", count),
    }
    filled = [columns.get(name, pa.nulls(count, SCHEMA.field(name).type)) for name in NAMES]
    return pa.table(filled, schema=SCHEMA)


def main() -> None:
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    declared = Source(
        "irc", ("mention", "message"), content=False, precision="min", kind="public"
    )
    table = events_of(pq.read_table(source))
    print(f"{write_events(out, [table], schema=SCHEMA, sources=[declared]):,} events")


if __name__ == "__main__":
    main()

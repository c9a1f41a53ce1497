"""Write made-up events to measure speed on.

    python bench/generate.py --n 1000000 --out events.parquet [--form table] [--text] [--accounts A] [--seed 7]
    python bench/generate.py --from-bench FILE --out events.parquet [--form table]

Forms:
    structural  integer accounts and no text: published (int64, microseconds), type, actor, target (-1 for
                none), context, address. Parquet, row groups of 250,000, dictionaries for words only.
    table       the event table: string ids, and texts where an address is handed over, or, with `--text`,
                nine words in everything that is said. Parquet.
    lines       the event table as JSON Lines, with its `.source.yaml`.

Beside `x.parquet` stands `x.truth.parquet` with what was planted (recruiter, target, label). One number of
events, of accounts and one seed always make the same rows, made day by day in bounded memory. `--from-bench`
translates a table of bare events (ts in microseconds, kind, actor, target or -1, channel, has_contact).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from crowd import KINDS, MENTION, MESSAGE, POST, REPLY, ROOMS, Array, Rows, joined, make

from undertow.events.source import Source
from undertow.events.table import SCHEMA, TIME
from undertow.events.write import write_events

PLATFORM = "made-up"
BATCH = 250_000
STRUCTURAL = pa.schema(
    [
        ("published", pa.int64()),
        ("type", pa.dictionary(pa.int8(), pa.string())),
        ("actor", pa.int64()),
        ("target", pa.int64()),
        ("context", pa.dictionary(pa.int16(), pa.string())),
        ("address", pa.bool_()),
    ]
)
WORDS = pa.array(
    (
        *("water", "garden", "winter", "paper", "yellow", "slowly", "train", "river", "bread"),
        *("window", "evening", "music", "street", "cloud", "summer", "table", "early"),
        *("orange", "under", "quiet", "bridge", "apple", "morning", "again", "coffee", "north"),
    )
)
SPOKEN = np.isin(np.arange(len(KINDS)), (POST, MENTION, REPLY, MESSAGE))
SOURCE = Source(
    platform=PLATFORM,
    types=KINDS,
    content=True,
    ground="made up by a program: nobody wrote these messages",
)


@dataclass
class Events:
    """Events in the order of time, with a 62-bit number for each account, and what was planted."""

    parts: Iterator[Rows]
    numbers: Array
    truth: list[tuple[int, int, str]]

    def batches(self) -> Iterator[Rows]:
        """Give the rows in batches of `BATCH`, the last one shorter."""
        waiting: list[Rows] = []
        for part in self.parts:
            waiting.append(part)
            if sum(map(len, waiting)) >= BATCH:
                rows = joined(waiting)
                begin = 0
                while begin + BATCH <= len(rows):
                    yield rows.take(slice(begin, begin + BATCH))
                    begin += BATCH
                waiting = [rows.take(slice(begin, None))]
        if waiting and sum(map(len, waiting)):
            yield joined(waiting)


def read_bare(path: Path) -> Events:
    """Read a table of bare events."""
    file = pq.ParquetFile(path, read_dictionary=["kind", "channel"])
    seen = np.empty(0, np.int64)
    for batch in file.iter_batches(BATCH, columns=["actor", "target"]):
        ends = [np.unique(column.to_numpy()) for column in batch.columns]
        seen = np.unique(np.concatenate([seen, *ends]))
    numbers = seen[seen >= 0]

    def parts() -> Iterator[Rows]:
        for given in file.iter_batches(BATCH):
            kind = pc.replace_substring(given["kind"].cast(pa.string()), "dm", "message")
            actor, target = given["actor"].to_numpy(), given["target"].to_numpy()
            yield Rows(
                at=given["ts"].to_numpy(),
                kind=pc.index_in(kind, value_set=pa.array(KINDS)).to_numpy(),
                actor=np.searchsorted(numbers, actor),
                target=np.where(target < 0, -1, np.searchsorted(numbers, target)),
                room=np.asarray(given["channel"].indices),
                address=given["has_contact"].to_numpy(zero_copy_only=False),
            )

    planted = pq.read_table(path.with_suffix(".truth.parquet"))
    pair = (
        np.searchsorted(numbers, planted[end].to_numpy()) for end in ("recruiter", "target")
    )
    labels = pc.replace_substring(planted["label"], "match", "funnel").to_pylist()
    truth = list(zip(*(end.tolist() for end in pair), labels, strict=True))
    return Events(parts(), numbers, truth)


def names(prefix: str, numbers: Array) -> pa.Array:
    """Write numbers as names; -1 becomes null."""
    texts = pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")
    return pc.if_else(pa.array(numbers >= 0), texts, pa.scalar(None, pa.string()))


def texts(rows: Rows, rng: np.random.Generator, *, filler: bool) -> pa.Array:
    """Say what the events say: null, or nine words with `filler`; addresses are e-mail addresses."""
    n = len(rows)
    content = pa.nulls(n, pa.string())
    if filler:
        words = [WORDS.take(pa.array(rng.integers(0, len(WORDS), n))) for _ in range(9)]
        said = pc.binary_join_element_wise(*words, " ")
        content = pc.if_else(pa.array(SPOKEN[rows.kind]), said, content)
    held = pc.binary_join_element_wise(
        "write to me at box", pa.array(rng.integers(0, 1 << 40, n)).cast(pa.string()), ""
    )
    held = pc.binary_join_element_wise(held, "@example.org", "")
    return pc.if_else(pa.array(rows.address), held, content)


def table(events: Events, seed: int, *, filler: bool) -> Iterator[pa.RecordBatch]:
    """Write the events as batches of the event table, in their order."""
    accounts = names("p:", events.numbers)
    rng = np.random.default_rng(seed + 1)
    begin = 0
    for rows in events.batches():
        number = np.arange(begin, begin + len(rows))
        begin += len(rows)
        direct = pa.array(rows.kind == MESSAGE)
        columns: dict[str, Any] = {
            "id": names("e:", number),
            "type": pa.array(KINDS).take(pa.array(rows.kind)),
            "published": pa.array(rows.at).cast(TIME),
            "observed": pa.nulls(len(rows), TIME),
            "actor": accounts.take(pa.array(rows.actor)),
            "target": accounts.take(pa.array(rows.target, mask=rows.target < 0)),
            "context": names("r:", np.where(rows.kind == MESSAGE, -1, rows.room)),
            "visibility": pc.if_else(direct, "direct", "public"),
            "platform": pa.array([PLATFORM]).take(pa.array(np.zeros(len(rows), np.int64))),
            "content": texts(rows, rng, filler=filler),
            "lang": pa.nulls(len(rows), pa.string()),
        }
        yield pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def structural(events: Events) -> Iterator[pa.RecordBatch]:
    """Write the events as batches of integer accounts without text, in their order."""
    kinds = pa.array(KINDS)
    places = pa.array([*(f"r:{room:03d}" for room in range(ROOMS)), "direct"])
    for rows in events.batches():
        room = np.where(rows.kind == MESSAGE, ROOMS, rows.room).astype(np.int16)
        target = np.where(rows.target < 0, -1, events.numbers[rows.target])
        columns = [
            pa.array(rows.at),
            pa.DictionaryArray.from_arrays(pa.array(rows.kind.astype(np.int8)), kinds),
            pa.array(events.numbers[rows.actor]),
            pa.array(target),
            pa.DictionaryArray.from_arrays(pa.array(room), places),
            pa.array(rows.address),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=STRUCTURAL)


def write_structural(path: Path, batches: Iterator[pa.RecordBatch]) -> int:
    """Write structural batches, snappy as most tools would."""
    n = 0
    words = ["type", "context"]
    with pq.ParquetWriter(path, STRUCTURAL, compression="snappy", use_dictionary=words) as file:
        for batch in batches:
            file.write_batch(batch)
            n += batch.num_rows
    return n


def write_lines(path: Path, batches: Iterator[pa.RecordBatch]) -> int:
    """Write event tables as JSON Lines without what is null, and what the source could show beside it."""
    n = 0
    with path.open("w", encoding="utf-8") as file:
        for batch in batches:
            said = batch.drop_columns(["published"]).append_column(
                "published", pc.strftime(batch["published"], "%Y-%m-%dT%H:%M:%SZ")
            )
            for row in said.to_pylist():
                held = {name: value for name, value in row.items() if value is not None}
                file.write(json.dumps(held, separators=(",", ":")) + "\n")
            n += batch.num_rows
    beside = path.with_name(path.name + ".source.yaml")
    types = ", ".join(KINDS)
    beside.write_text(
        f"- platform: {PLATFORM}\n  types: [{types}]\n  content: true\n  ground: {SOURCE.ground!r}\n",
        encoding="utf-8",
    )
    return n


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--n", type=int, help="events to make, at least 5000")
    given.add_argument(
        "--from-bench", type=Path, metavar="FILE", help="bare events to translate"
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--form", choices=("structural", "table", "lines"), default="table")
    parser.add_argument("--accounts", type=int, help="one to twenty events unless given")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--text", action="store_true", help="nine words in every spoken event")
    asked = parser.parse_args()
    if asked.n is not None and asked.n < 5000:
        parser.error("--n must be at least 5000: fewer events hold no five recruiters")
    return asked


def main() -> None:
    asked = arguments()
    if asked.n is None:
        events = read_bare(asked.from_bench)
    else:
        world = make(asked.n, asked.seed, asked.accounts)
        events = Events(world.days(), world.numbers, world.truth)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    beside = asked.out.with_suffix(".truth.parquet")
    label: Callable[[Array], pa.Array]
    if asked.form == "structural":
        n, label = write_structural(asked.out, structural(events)), pa.array
    else:
        made = table(events, asked.seed, filler=asked.text)
        label = named
        if asked.form == "lines":
            n = write_lines(asked.out, made)
        else:
            n = write_events(asked.out, made, schema=SCHEMA, sources=[SOURCE])
    ends = [np.array([pair[end] for pair in events.truth]) for end in (0, 1)]
    planted = {
        "recruiter": label(events.numbers[ends[0]]),
        "target": label(events.numbers[ends[1]]),
        "label": [pair[2] for pair in events.truth],
    }
    pq.write_table(pa.table(planted), beside)
    print(f"{n:,} events, {len(events.numbers):,} accounts, {len(ends[0])} planted pairs")


def named(numbers: Array) -> pa.Array:
    """Give accounts the names of the event table."""
    return names("p:", numbers)


if __name__ == "__main__":
    main()

"""What the measured processes do. Each prints one line of JSON; `seconds` leaves out starting and compiling.

Compiled code is warmed on a small file first, given with `--warm`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers import p1

THREADS = 2
LIVE_BATCH = 1000


def floor(events: Path) -> dict[str, Any]:
    """Sum every column of a Parquet file with DuckDB: what merely reading it costs."""
    import duckdb

    with duckdb.connect(config={"threads": THREADS}) as connection:
        columns = connection.execute(
            "select column_name, column_type from (describe from read_parquet(?))",
            [str(events)],
        ).fetchall()
        sums = ", ".join(f"sum({number(kind, name)})" for name, kind in columns)
        query = f"select count(*), {sums} from read_parquet(?)"
        begin = time.perf_counter()
        connection.execute(query, [str(events)]).fetchall()
        return {"seconds": time.perf_counter() - begin}


def number(kind: str, name: str) -> str:
    """Say how a column's values are turned into numbers."""
    if kind == "VARCHAR":
        return f"length({name})"
    if kind.startswith("TIMESTAMP"):
        return f"epoch_us({name})"
    return f"{name}::int" if kind == "BOOLEAN" else name


def timed(work: Callable[[Path], p1.Answer], asked: argparse.Namespace) -> None:
    """Warm up, do the work, and tell."""
    work(asked.warm)
    p1.timed(lambda: work(asked.events), asked.answer)


def structural(asked: argparse.Namespace) -> None:
    """Find matches in a structural file, pair by pair."""
    from undertow.engines.structural import find_in_files
    from undertow.engines.structural_read import Columns
    from undertow.playbooks.parse import load

    books = [load(str(path)) for path in asked.playbook]
    listed = [book.step_index(book.listed_from) for book in books]
    early = not asked.no_filter

    def work(events: Path) -> p1.Answer:
        found = find_in_files([events], books, Columns(), threads=THREADS, early_filter=early)
        return [
            (a, b, at)
            for one, step in zip(found, listed, strict=True)
            for (a, b), at in zip(one.keys.tolist(), one.at[:, step].tolist(), strict=True)
        ]

    timed(work, asked)


def order(asked: argparse.Namespace) -> None:
    """Find matches in a structural file, event by event in the order of time."""
    from undertow.engines.stream_files import TimeColumns, find_in_time_order
    from undertow.playbooks.parse import load

    books = [load(str(path)) for path in asked.playbook]
    columns = TimeColumns(marks={"address": "address"})
    timed(
        lambda events: changed_answer(books, find_in_time_order([events], books, columns)),
        asked,
    )


def live(asked: argparse.Namespace) -> None:
    """Feed a structural file to the stream, in Arrow batches as they would come over a wire.

    Reading the file is not timed; turning batches into columns is.
    """
    import pyarrow.parquet as pq

    from undertow.engines.stream import Stream
    from undertow.playbooks.parse import load

    books = [load(str(path)) for path in asked.playbook]
    fed(Stream(books), pq.read_table(asked.warm).to_batches(LIVE_BATCH))
    stream, batches = Stream(books), pq.read_table(asked.events).to_batches(LIVE_BATCH)
    begin = time.perf_counter()
    longest = fed(stream, batches)
    seconds = time.perf_counter() - begin
    each = stream.bytes_in_use / max(1, stream.live_pairs)
    more = {"longest_batch_ms": round(longest * 1e3, 3), "bytes_per_live_pair": round(each, 1)}
    p1.tell(changed_answer(books, stream.answers()), seconds, asked.answer, **more)


def steps(asked: argparse.Namespace) -> None:
    """Time every single step of the stream."""
    from steps import measured

    from undertow.playbooks.parse import load

    books = [load(str(path)) for path in asked.playbook]
    begin = time.perf_counter()
    stream, more = measured(books, asked.warm, asked.events)
    seconds = time.perf_counter() - begin
    p1.tell(changed_answer(books, stream.answers()), seconds, asked.answer, **more)


def fed(stream: Any, batches: list[Any]) -> float:  # noqa: ANN401 - imported in children only
    """Feed batches, and give the seconds that the slowest of them took."""
    import numpy as np

    from undertow.engines.stream_columns import columns
    from undertow.events.table import TYPES

    kinds = np.array([TYPES.index(kind) for kind in batches[0]["type"].dictionary.to_pylist()])
    longest = 0.0
    for batch in batches:
        at, kind, actor, target, _, address = batch.columns
        begin = time.perf_counter()
        stream.feed(
            columns(
                at.to_numpy(),
                kind.indices.to_numpy(),
                actor.to_numpy(),
                target.to_numpy(),
                kinds=kinds,
                marks=address.to_numpy(zero_copy_only=False),
            )
        )
        longest = max(longest, time.perf_counter() - begin)
    return longest


def changed_answer(books: list[Any], found: Any) -> p1.Answer:  # noqa: ANN401 - imported in children only
    """Give what the stream found as the peers give it."""
    answer = []
    for number, book in enumerate(books):
        listed = book.step_index(book.listed_from)
        reached = (found.playbook == number) & (found.furthest >= listed)
        ends, at = found.keys[reached].tolist(), found.at[reached, listed].tolist()
        answer += [(a, b, moment) for (a, b, _), moment in zip(ends, at, strict=True)]
    return answer


def main() -> None:
    jobs = {"structural": structural, "order": order, "live": live, "steps": steps}
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=("floor", *jobs))
    parser.add_argument("events", type=Path)
    parser.add_argument("--warm", type=Path, help="a small file of the same kind")
    parser.add_argument("--playbook", type=Path, action="append")
    parser.add_argument("--no-filter", action="store_true", help="no early filter")
    parser.add_argument("--answer", help="file for the answer, one pair to a line")
    asked = parser.parse_args()
    if asked.job == "floor":
        print(json.dumps(floor(asked.events)))
    else:
        jobs[asked.job](asked)


if __name__ == "__main__":
    main()

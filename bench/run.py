"""Measure `undertow detect` on made-up events: time, memory, and the ratio to a bare scan.

    python bench/run.py [--n 1000000] [--repeat 3] [--json bench/last.json]
    python bench/run.py --from-bench FILE

Each round runs the floor (DuckDB hashes every column of the same file, two threads) and then the whole
command, both as fresh processes; the ratio compares the two of one round. The floor's seconds are those
of the query alone, the command's include starting Python. A warm-up compiles the kernel beforehand; how
long that takes stands in rows of its own. This process stays small: what it started counts its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
COMMAND = (sys.executable, "-c", "from undertow.cli.main import run; run()", "detect")
SMALL = 5000
THREADS = 2
FOUND = (0, 3)
"""Exit codes of `detect` that mean that it ran to its end."""
STAGES = {
    "read, check, sort": "read_log",
    "find addresses": "address_column",
    "match": "find",
    "count contacts": "activity",
    "weigh": "weigh",
    "make tables": "_tables",
    "write files": "_write",
    "write the report": "write_report",
}
"""Names in `undertow.pipeline` that are timed; what one calls of the others is taken off its time."""


@dataclass
class Row:
    """One line of the table; seconds, ratio and MiB are medians over the rounds."""

    case: str
    n: int
    seconds: float
    floor_seconds: float | None = None
    ratio: float | None = None
    peak_mib: float | None = None
    matches: int | None = None


@dataclass
class Measured:
    """One process that ran to its end."""

    seconds: float
    peak_mib: float
    output: str = field(repr=False)


def measure(
    command: tuple[str, ...], environment: dict[str, str], codes: tuple[int, ...]
) -> Measured:
    """Run one process and take its wall time and peak memory.

    Raises:
        SystemExit: if it ends with another code than those given.
    """
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    if process.returncode not in codes:
        raise SystemExit(f"{' '.join(command[2:4])} ended with {process.returncode}:\n{output}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Measured(seconds, usage.ru_maxrss / unit, output)


@dataclass
class Bench:
    """What is measured: files, playbook, and a scratch folder for results."""

    events: Path
    small: Path
    playbook: str
    scratch: Path

    def environment(self, **extra: str) -> dict[str, str]:
        """Give the environment of measured processes: the user's pseudonym key stays untouched.

        Python may keep its compiled modules, as it does anywhere unless told otherwise: without them
        starting would take twice as long.
        """
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "UNDERTOW_KEY_FILE": str(self.scratch / "key"), **extra}

    def detect(self, events: Path, **extra: str) -> Measured:
        """Run the whole command once."""
        options = ("--playbook", self.playbook, "--out", str(self.scratch / "found"))
        return measure((*COMMAND, str(events), *options), self.environment(**extra), FOUND)

    def child(self, way: str) -> dict[str, Any]:
        """Run this script's `--floor` or `--stages` on the events in a fresh process."""
        command = (sys.executable, __file__, way, str(self.events), "--playbook", self.playbook)
        said = measure(command, self.environment(), (0,)).output.splitlines()[-1]
        told: dict[str, Any] = json.loads(said)
        return told

    def matches(self) -> int:
        """Count the funnels that the last run listed."""
        run = json.loads((self.scratch / "found" / "run.json").read_text("utf-8"))
        return sum(playbook["listed"] for playbook in run["playbooks"])


def starts(bench: Bench, *, cold: bool) -> Iterator[Row]:
    """Measure what does not grow with events: compiling once, and starting."""
    bench.detect(bench.small)
    if cold:
        with tempfile.TemporaryDirectory() as empty:
            ran = bench.detect(bench.small, NUMBA_CACHE_DIR=empty)
        yield Row(
            "detect, compiling",
            SMALL,
            ran.seconds,
            peak_mib=ran.peak_mib,
            matches=bench.matches(),
        )
    ran = bench.detect(bench.small)
    yield Row(
        "detect, few events", SMALL, ran.seconds, peak_mib=ran.peak_mib, matches=bench.matches()
    )


def rounds(bench: Bench, repeat: int) -> Iterator[Row]:
    """Measure floor and command in turn."""
    floors, runs = [], []
    for _ in range(repeat):
        floors.append(bench.child("--floor"))
        runs.append(bench.detect(bench.events))
    seconds = [floor["seconds"] for floor in floors]
    n, floor = floors[0]["n"], median(seconds)
    peak = median(one["peak_mib"] for one in floors)
    yield Row("floor: hash of all columns", n, floor, floor, 1.0, peak)
    ratio = median(run.seconds / one for run, one in zip(runs, seconds, strict=True))
    peak = median(run.peak_mib for run in runs)
    spent = median(run.seconds for run in runs)
    yield Row("detect", n, spent, floor, ratio, peak, bench.matches())


def peak_mib() -> float:
    """Give this process's peak memory so far."""
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def floor(events: Path) -> dict[str, Any]:
    """Hash every column of a file, so that all of it is decoded."""
    import duckdb

    query = "select count(*), bit_xor(hash(columns(*))) from read_parquet(?)"
    with duckdb.connect(config={"threads": THREADS}) as connection:
        begin = time.perf_counter()
        answer = connection.execute(query, [str(events)]).fetchone()
        seconds = time.perf_counter() - begin
    return {"n": answer[0] if answer else 0, "seconds": seconds, "peak_mib": peak_mib()}


class Clock:
    """Times named functions of a module; the time of one inside another counts once."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spent: dict[str, float] = {}
        self.peak: dict[str, float] = {}
        self.results: dict[str, Any] = {}
        self._open: list[float] = []

    def watch(self, stage: str, name: str) -> None:
        """Time a function from now on, and keep its last arguments and result."""
        work: Callable[..., Any] = getattr(self.module, name)
        self.spent[stage] = 0.0

        @wraps(work)
        def timed(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - any function of the module
            self._open.append(0.0)
            begin = time.perf_counter()
            result = work(*given, **named)
            whole = time.perf_counter() - begin
            self.spent[stage] += whole - self._open.pop()
            if self._open:
                self._open[-1] += whole
            self.peak[stage] = peak_mib()
            self.results[name] = (given, result)
            return result

        setattr(self.module, name, timed)


def stages(events: Path, playbook: str) -> dict[str, Any]:
    """Run detection in this process once, timing its parts, and look for what was planted."""
    begin = time.perf_counter()
    from undertow import pipeline
    from undertow.playbooks import parse

    clock = Clock(pipeline)
    for stage, name in STAGES.items():
        clock.watch(stage, name)
    with tempfile.TemporaryDirectory() as out:
        request = pipeline.Request((events,), Path(out), (parse.load(playbook),))
        imported = time.perf_counter() - begin
        result = pipeline.detect(request)
    whole = time.perf_counter() - begin
    spent = {"import": imported, **clock.spent}
    spent["the rest"] = whole - sum(spent.values())
    (log, *_), weighed = clock.results["weigh"]
    truth = events.with_suffix(".truth.parquet")
    planted = planted_pairs(truth, log, weighed, result.accounts) if truth.is_file() else {}
    return {"seconds": spent, "peak_mib": clock.peak, "planted": planted}


def planted_pairs(truth: Path, log: Any, weighed: Any, ranked: Any) -> dict[str, Any]:  # noqa: ANN401 - read in a child only
    """Count planted pairs by label, those listed, and where their recruiters rank."""
    import pyarrow.parquet as pq

    keys = weighed.matches.keys[weighed.listed]
    listed = {
        (
            log.accounts[int(key[weighed.judged])].as_py(),
            log.accounts[int(key[1 - weighed.judged])].as_py(),
        )
        for key in keys
    }
    counts: dict[str, dict[str, int]] = {}
    rows = pq.read_table(truth).to_pylist()
    for row in rows:
        count = counts.setdefault(row["label"], {"planted": 0, "listed": 0})
        count["planted"] += 1
        count["listed"] += (row["recruiter"], row["target"]) in listed
    place = {
        name: rank for rank, name in reversed(list(enumerate(ranked["account"].to_pylist(), 1)))
    }
    recruiters = sorted({row["recruiter"] for row in rows})
    return {
        "pairs": counts,
        "ranks": sorted(place[name] for name in recruiters if name in place),
        "recruiters": len(recruiters),
        "accounts": ranked.num_rows,
    }


def show(rows: list[Row], parts: dict[str, Any]) -> None:
    """Print the tables as Markdown."""
    print("| case | events | seconds | floor, s | ratio | peak MiB | matches |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        cells = (
            row.case,
            f"{row.n:,}",
            f"{row.seconds:.2f}",
            "" if row.floor_seconds is None else f"{row.floor_seconds:.3f}",
            "" if row.ratio is None else f"{row.ratio:.1f}",
            "" if row.peak_mib is None else f"{row.peak_mib:.0f}",
            "" if row.matches is None else f"{row.matches:,}",
        )
        print("| " + " | ".join(cells) + " |")
    print("\n| stage of one run | seconds | share | peak MiB so far |")
    print("| --- | ---: | ---: | ---: |")
    whole = sum(parts["seconds"].values())
    for stage, seconds in parts["seconds"].items():
        peak = f"{parts['peak_mib'][stage]:.0f}" if stage in parts["peak_mib"] else ""
        print(f"| {stage} | {seconds:.2f} | {seconds / whole:.0%} | {peak} |")
    planted = parts["planted"]
    if planted:
        pairs = planted["pairs"].items()
        said = ", ".join(
            f"{label} {c['listed']} of {c['planted']}" for label, c in sorted(pairs)
        )
        print(f"\nplanted pairs listed: {said}")
        ranks = ", ".join(map(str, planted["ranks"]))
        print(
            f"ranks of {planted['recruiters']} recruiters among {planted['accounts']}: {ranks}"
        )


def made(folder: Path, name: str, *options: str) -> Path:
    """Make events into `folder` unless they are there."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        command = (sys.executable, str(HERE / "generate.py"), *options, "--out", str(path))
        print(measure(command, dict(os.environ), (0,)).output.strip(), file=sys.stderr)
    return path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="events, at least 5000")
    parser.add_argument("--repeat", type=int, default=3, help="rounds")
    parser.add_argument(
        "--json", type=Path, default=HERE / "last.json", help="file for figures"
    )
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder for events")
    parser.add_argument("--text", action="store_true", help="events with nine words of text")
    parser.add_argument(
        "--from-bench", type=Path, metavar="FILE", help="bare events to translate"
    )
    parser.add_argument("--playbook", default="extremist-recruitment")
    parser.add_argument("--warm", action="store_true", help="do not measure compiling")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    if asked.floor or asked.stages:
        part = floor(asked.floor) if asked.floor else stages(asked.stages, asked.playbook)
        print(json.dumps(part))
        return
    small = made(asked.data, f"made-{SMALL}", "--n", str(SMALL))
    if asked.from_bench:
        events = made(asked.data, asked.from_bench.stem, "--from-bench", str(asked.from_bench))
    else:
        text = ("--text",) if asked.text else ()
        name = f"made-{asked.n}" + ("-text" if asked.text else "")
        events = made(asked.data, name, "--n", str(asked.n), *text)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(events, small, asked.playbook, Path(scratch))
        rows = [*starts(bench, cold=not asked.warm), *rounds(bench, asked.repeat)]
        parts = bench.child("--stages")
    show(rows, parts)
    written = {"rows": [asdict(row) for row in rows], "stages": parts, "repeat": asked.repeat}
    asked.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

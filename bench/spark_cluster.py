"""One command on one machine, on Spark in one process, and on a standalone cluster of two workers.

    python bench/spark_cluster.py --n 10000000
    python bench/spark_cluster.py --n 1000000 --rounds 1 --json spark.json

Starts a master and two workers of one core each from the installed PySpark, all on 127.0.0.1, and runs
`undertow detect` with two shipped playbooks over a made-up event table with string ids and texts: local, then
`--engine spark` with `local[2]`, then on the cluster, round after round. Every round must write what local
writes. Shuffled bytes and the memory of each executor are those that Spark itself measures and serves
(its event log): the heap of Java that was in use, and the resident memory of Java and of Python.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
from files import Files, cache_folder
from rounds import Case
from rounds import measure as measured_once

from cases import SHIPPED, UNDERTOW, environment

LOOPBACK = "127.0.0.1"
WORKERS = 2
PATIENCE = 60.0
MIB = 1 << 20
TABLES = ("accounts", "funnels", "evidence")
HEAP, JAVA, PYTHON = "JVMHeapMemory", "ProcessTreeJVMRSSMemory", "ProcessTreePythonRSSMemory"


@dataclass
class Told:
    """What Spark's event log tells of one run.

    Attributes:
        shuffled: bytes written for shuffles.
        spilled: bytes that did not fit while rows were sorted.
        peaks: highest value of each kind of memory, by executor, bytes.
    """

    shuffled: int = 0
    spilled: int = 0
    peaks: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))


@dataclass
class Way:
    """One way to run the command, with what was measured."""

    name: str
    options: tuple[str, ...] = ()
    seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    told: Told | None = None


def free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return not tried.connect_ex((LOOPBACK, port))


@contextmanager
def process(*command: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        try:
            yield started
        finally:
            started.terminate()


@contextmanager
def cluster(folder: Path, memory_mib: int) -> Iterator[str]:
    """Start a master and two workers on the loopback address; gives the master's URL."""
    import pyspark

    home = Path(pyspark.__file__).parent
    port = free_port()
    shared = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_DAEMON_MEMORY": "512m",
        "PYSPARK_PYTHON": sys.executable,
    }
    start = str(home / "bin" / "spark-class")
    deploy = "org.apache.spark.deploy"
    at = ("--host", LOOPBACK, "--webui-port", "0", "--port")
    with ExitStack() as running:
        running.enter_context(
            process(start, f"{deploy}.master.Master", *at, str(port), environment=shared)
        )
        until = time.monotonic() + PATIENCE
        while not listens(port):
            if time.monotonic() > until:
                raise SystemExit("the master does not start")
            time.sleep(0.1)
        for number in range(WORKERS):
            work = folder / f"worker-{number}"
            options = ("--cores", "1", "--memory", f"{memory_mib}m", "--work-dir", str(work))
            where = f"spark://{LOOPBACK}:{port}"
            name = f"{deploy}.worker.Worker"
            running.enter_context(
                process(start, name, *at, "0", *options, where, environment=shared)
            )
        yield f"spark://{LOOPBACK}:{port}"


def read_log(folder: Path) -> Told:
    """Read what Spark has written down of its last run."""
    told = Told()
    newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    for line in newest.read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            measured = event["Task Metrics"]
            told.shuffled += measured["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            told.spilled += measured["Disk Bytes Spilled"]
            who = event["Task Info"]["Executor ID"]
            raise_peaks(told.peaks[who], event.get("Task Executor Metrics", {}))
        elif event["Event"] == "SparkListenerStageExecutorMetrics":
            raise_peaks(told.peaks[event["Executor ID"]], event["Executor Metrics"])
    return told


def raise_peaks(peaks: dict[str, int], measured: dict[str, Any]) -> None:
    for kind in (HEAP, JAVA, PYTHON):
        peaks[kind] = max(peaks.get(kind, 0), int(measured.get(kind, 0)))


def hold_equal(one: Path, other: Path) -> None:
    """Stop if two runs have written different files."""
    for name in TABLES:
        tables = [pq.read_table(folder / f"{name}.parquet") for folder in (one, other)]
        if not tables[0].equals(tables[1]):
            raise SystemExit(f"{other.name} and {one.name} differ in {name}.parquet")


def measure(ways: list[Way], events: Path, folder: Path, rounds: int) -> None:
    """Run all ways, round after round."""
    log = folder / "log"
    log.mkdir()
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": log.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.logStageExecutorMetrics": "true",
        "spark.executor.processTreeMetrics.enabled": "true",
        "spark.executor.metrics.pollingInterval": "500ms",
    }
    books = [word for name in SHIPPED for word in ("--playbook", name)]
    for _ in range(rounds):
        for way in ways:
            out = folder / way.name
            command = [*UNDERTOW, "detect", str(events), "--out", str(out), *books]
            command += ["--no-campaigns", *way.options]
            if way.options:
                command += [
                    word for one in settings.items() for word in ("--spark-conf", "=".join(one))
                ]
            case = Case("spark", way.name, 0, tuple(command), whole=True)
            measured = measured_once(case, environment(folder))
            way.seconds.append(measured.seconds)
            way.peak_mib.append(measured.peak_mib)
            if way.options:
                way.told = read_log(log)
                hold_equal(folder / ways[0].name, out)


def rows_of(ways: list[Way], n: int) -> list[dict[str, Any]]:
    """Give what was measured as plain rows."""
    base = median(ways[0].seconds)
    return [
        {
            "way": way.name,
            "n": n,
            "seconds": round(median(way.seconds), 2),
            "ratio": round(median(way.seconds) / base, 2),
            "peak_mib": round(median(way.peak_mib)),
            "shuffled_mib": None if way.told is None else round(way.told.shuffled / MIB, 1),
            "spilled_mib": None if way.told is None else round(way.told.spilled / MIB, 1),
            "executors_mib": {}
            if way.told is None
            else {
                who: {kind: round(size / MIB) for kind, size in peaks.items()}
                for who, peaks in sorted(way.told.peaks.items())
            },
        }
        for way in ways
    ]


def show(rows: list[dict[str, Any]]) -> None:
    print(
        "| way | seconds | to local | shuffled MiB | spilled MiB | peak of the command's processes, MiB |"
    )
    print("|---|---|---|---|---|---|")
    for row in rows:
        cells = ("way", "seconds", "ratio", "shuffled_mib", "spilled_mib", "peak_mib")
        print("| " + " | ".join("" if row[c] is None else str(row[c]) for c in cells) + " |")
    print(
        "\n| way | executor | heap of Java in use, MiB | resident Java, MiB | resident Python, MiB |"
    )
    print("|---|---|---|---|---|")
    for row in rows:
        for who, peaks in row["executors_mib"].items():
            print(f"| {row['way']} | {who} | {peaks[HEAP]} | {peaks[JAVA]} | {peaks[PYTHON]} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=1_000_000, help="events")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-mib", type=int, default=4096, help="of each executor")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    events = Files(cache_folder()).table(asked.n)
    with tempfile.TemporaryDirectory(prefix="undertow-cluster-") as scratch:
        folder = Path(scratch)
        with cluster(folder, asked.memory_mib) as master:
            on_spark = ("--engine", "spark", "--memory", f"{asked.memory_mib}MiB")
            ways = [
                Way("local"),
                Way("spark local[2]", (*on_spark, "--master", "local[2]")),
                Way("two workers", (*on_spark, "--master", master)),
            ]
            measure(ways, events, folder, asked.rounds)
    rows = rows_of(ways, asked.n)
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

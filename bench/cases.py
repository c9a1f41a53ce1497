"""What is measured, and on which files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import variants
from files import Files
from rounds import HERE, Case

SIZES = (1_000_000, 10_000_000, 100_000_000)
FEW = 10_000
MOST_LINES = 3_000_000
MOST_FLINK = 1_000_000
MOST_PYTHON = 10_000_000
SHIPPED = ("extremist-recruitment", "group-recruitment")
P1 = HERE / "playbooks" / "p1.yaml"
COMMON = HERE / "playbooks" / "p1-common.yaml"
UNDERTOW = (sys.executable, "-c", "from undertow.cli.main import run; run()")
GROUPS = ("structural", "peers", "table", "live", "growth", "spark")


@dataclass
class Bench:
    """What the cases share.

    Attributes:
        n: events.
        files: made-up events.
        scratch: folder for results and made playbooks.
        pythons: interpreters to look for peers in, the first that has one is taken.
        peers: versions of the peers that were found.
    """

    n: int
    files: Files
    scratch: Path
    pythons: tuple[str, ...] = (sys.executable,)
    peers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.small = self.files.structural(FEW)

    def job(
        self,
        job: str,
        group: str,
        name: str,
        *books: Path,
        n: int | None = None,
        accounts: int | None = None,
        answers: str = "",
        early: bool = True,
    ) -> Case:
        """Make a case of one of `jobs.py` on structural events.

        Args:
            job: `structural` (pair by pair), `order` (in the order of time), `live` (as they come) or `steps`
                (each step timed).
            group: the table it stands in.
            name: what it is called there.
            books: playbook files.
            n: events; as many as the benchmark has unless told.
            accounts: how many there are; one to twenty events unless told.
            answers: cases with the same word here must give the same answer.
            early: with the early filter.
        """
        n = n or self.n
        events = self.files.structural(n, accounts)
        command = [sys.executable, str(HERE / "jobs.py"), job, str(events)]
        command += ["--warm", str(self.small)]
        for book in books:
            command += ["--playbook", str(book)]
        if not early:
            command.append("--no-filter")
        return Case(group, name, n, tuple(command), events, answers=answers)

    def detect(self, group: str, name: str, n: int, *books: str | Path) -> Case:
        """Make a case of the whole command on an event table with texts, start to written report."""
        events = self.files.table(n)
        out = self.scratch / "found" / name.replace(" ", "-")
        options = [str(events), "--out", str(out)]
        for book in books:
            options += ["--playbook", str(book)]
        command = (*UNDERTOW, "detect", *options)
        return Case(group, name, n, command, events, whole=True, run_json=out / "run.json")

    def peer(
        self, name: str, library: str, script: str, *options: str, n: int | None = None
    ) -> Case:
        """Make a case of a peer, which says so if it is not installed."""
        n = n or self.n
        events = self.files.structural(n)
        python, absent = self.interpreter(library), ""
        if python is None:
            absent = f"{library} is not installed"
        path = str(HERE / "peers" / script)
        command = (python or "", path, "--events", str(events), *options)
        answers = "common" if "--common" in options else "p1"
        return Case("peers", name, n, command, events, answers=answers, absent=absent)

    def interpreter(self, library: str) -> str | None:
        """Find an interpreter that has a library, and keep its version."""
        ask = f"from importlib.metadata import version; print(version({library!r}))"
        for python in self.pythons:
            ran = subprocess.run(
                (python, "-c", ask), capture_output=True, text=True, check=False
            )
            if ran.returncode == 0:
                self.peers[library] = ran.stdout.strip()
                return python
        return None


def missing(module: str) -> bool:
    """Say whether a module is missing."""
    try:
        return find_spec(module) is None
    except ModuleNotFoundError:
        return True


def structural(bench: Bench) -> Iterator[Case]:
    """Measure the chain of all engines, through playbook files, on integer accounts."""
    group = "structural events"
    ten = variants.ten(bench.scratch / "playbooks")
    yield bench.job("structural", group, "p1, early filter", P1, answers="p1")
    yield bench.job("structural", group, "p1, no early filter", P1, answers="p1", early=False)
    yield bench.job("structural", group, "p1 without its rare step", COMMON, answers="common")
    yield bench.job("structural", group, "ten playbooks at once", *ten, answers="ten")
    yield bench.job("order", group, "p1, in time order", P1, answers="p1")
    yield bench.job("order", group, "ten playbooks, in time order", *ten, answers="ten")


def peers(bench: Bench) -> Iterator[Case]:
    """Measure hand-written queries for the same chain."""
    for name, library, script in (
        ("DuckDB", "duckdb", "duckdb_sql.py"),
        ("Polars", "polars", "polars_frames.py"),
    ):
        yield bench.peer(f"{name}, early filter", library, script, "--variant", "pre")
        yield bench.peer(f"{name}, no early filter", library, script, "--variant", "full")
        options = ("--variant", "full", "--common")
        yield bench.peer(f"{name}, p1 without its rare step", library, script, *options)
    n = min(bench.n, MOST_PYTHON)
    yield bench.peer("plain Python", "pyarrow", "plain_python.py", n=n)
    n = min(bench.n, MOST_FLINK)
    flink = bench.peer("Flink MATCH_RECOGNIZE", "apache-flink", "flink_match.py", n=n)
    if not flink.absent and flink.events:
        csv = str(bench.files.csv(flink.events))
        flink = replace(flink, command=(*flink.command, "--csv", csv))
    if n < bench.n:
        yield bench.job("structural", "peers", "ours, early filter", P1, n=n, answers="p1")
    yield flink


def table(bench: Bench) -> Iterator[Case]:
    """Measure the whole command on string ids and texts, and what does not grow with events."""
    group = "event table, whole command"
    yield bench.detect(group, "two shipped playbooks", bench.n, *SHIPPED)
    for name, option in (("no null worlds", "--no-nulls"), ("weights alone", "--no-campaigns")):
        case = bench.detect(group, f"two shipped playbooks, {name}", bench.n, *SHIPPED)
        yield replace(case, command=(*case.command, option))
    yield bench.detect(group, "p1", bench.n, P1)
    yield replace(bench.detect(group, "few events", FEW, *SHIPPED), events=None)
    cold = bench.detect(group, "first run, compiling", FEW, *SHIPPED)
    yield replace(cold, events=None, cold=True, once=True)


def live(bench: Bench) -> Iterator[Case]:
    """Measure the stream, on one core."""
    group = "live, one core"
    n = min(bench.n, MOST_PYTHON)
    batches = bench.job("live", group, "Arrow batches of 1,000", P1, n=n, answers="p1")
    yield replace(batches, cores=1)
    steps = bench.job("steps", group, "step by step, three times over", P1, n=n, answers="p1")
    yield replace(steps, cores=1, once=True)
    for n in (FEW, min(bench.n, MOST_LINES)):
        lines = bench.files.lines(n)
        alerts = ("--alerts", str(bench.scratch / "alerts"))
        beside = ("--sources", f"{lines}.source.yaml", *alerts)
        yield Case(
            group,
            "JSON lines with texts from standard input, whole process",
            n,
            (*UNDERTOW, "watch", "-", "--once", "--playbook", str(P1), *beside),
            whole=True,
            given=lines,
            cores=1,
        )


def growth(bench: Bench) -> Iterator[Case]:
    """Measure how cost grows with events, accounts, playbooks and steps."""
    group = "growth with events"
    for n in (size for size in SIZES if size < bench.n):
        ours = [("structural", "p1, early filter", P1, "p1")]
        ours += [("structural", "p1 without its rare step", COMMON, "common")]
        ours += [("order", "p1, in time order", P1, "p1")]
        for job, name, book, answers in ours:
            yield bench.job(job, group, name, book, n=n, answers=answers)
        yield bench.detect(group, "whole command, two shipped playbooks", n, *SHIPPED)
    group = "growth with accounts"
    for accounts in sorted({max(1000, bench.n // per) for per in (200, 20, 4)}):
        own = None if accounts == max(1000, bench.n // 20) else accounts
        yield bench.job("structural", group, f"{accounts:,} accounts", P1, accounts=own)
    group, folder = "growth with playbooks", bench.scratch / "playbooks"
    for many in (1, 2, 5, 10):
        yield bench.job("structural", group, f"{many} at once", *variants.ten(folder, many))
    for many in (1, 10):
        books = variants.ten(folder, many)
        yield bench.job("order", group, f"{many} at once, in time order", *books)
        yield bench.detect(group, f"{many} at once, whole command", bench.n, *books)
    group = "growth with steps"
    for steps in variants.STEPS:
        yield bench.job("structural", group, f"{steps} steps", variants.long(folder, steps))


def spark(bench: Bench) -> Iterator[Case]:
    """Measure the same command on Spark."""
    group, name, absent = "Spark beside local", "two shipped playbooks, --engine spark", ""
    if missing("undertow.engines.spark"):
        absent = "not built"
    if missing("pyspark"):
        absent = "pyspark is not installed"
    if absent:
        yield Case(group, name, bench.n, absent=absent)
        return
    # Spark looks for no ties, so neither does what stands beside it.
    local = bench.detect(group, "two shipped playbooks, local", bench.n, *SHIPPED)
    case = bench.detect(group, name, bench.n, *SHIPPED)
    yield replace(local, command=(*local.command, "--no-campaigns"))
    yield replace(case, command=(*case.command, "--no-campaigns", "--engine", "spark"))


def chosen(bench: Bench, groups: tuple[str, ...], named: tuple[str, ...] = ()) -> list[Case]:
    """List the cases of some groups, and make the files that they need.

    Args:
        bench: what the cases share.
        groups: some of `GROUPS`.
        named: parts of names; if there are any, only cases whose name holds one of them.
    """
    made = {
        "structural": structural,
        "peers": peers,
        "table": table,
        "live": live,
        "growth": growth,
        "spark": spark,
    }
    cases = [case for group in groups for case in made[group](bench)]
    return [case for case in cases if not named or any(part in case.name for part in named)]


def environment(scratch: Path) -> dict[str, str]:
    """Give the environment of measured processes: the user's pseudonym key stays untouched.

    Python may keep its compiled modules, as it does anywhere unless told otherwise.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "UNDERTOW_KEY_FILE": str(scratch / "key")}

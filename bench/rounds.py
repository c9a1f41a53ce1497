"""Interleaved rounds of fresh processes, each beside the floor of the same file.

A round runs every case once, and right before each the floor: DuckDB sums every column of the case's file.
The ratio divides the two. Other work on the machine disturbs neighbours alike, so ratios say more than
seconds. The process that measures stays small: memory of what it starts is counted from its own size up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
MIB = 1 << 20
SAMPLE_SECONDS = 0.2
CORES = 2
TOLD = ("seconds", "matches", "answer")
"""What every case tells of itself; more is shown below the table."""


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        group: the table it stands in.
        name: what it is called in it, and in the figures.
        n: events it works on.
        command: what is run.
        events: the file whose floor stands beside; none for what does not grow with events.
        whole: count the whole process; else it prints its `seconds` as JSON on its last line.
        answers: cases with the same word here, and the same `n`, must give the same answer.
        run_json: where the command writes how many matches it lists.
        given: file for standard input.
        cores: how many may be used.
        cold: give it an empty folder for compiled code each time.
        once: run it in one round only, and without warming up.
        absent: why it cannot be measured here; empty if it can.
    """

    group: str
    name: str
    n: int
    command: tuple[str, ...] = ()
    events: Path | None = None
    whole: bool = False
    answers: str = ""
    run_json: Path | None = None
    given: Path | None = None
    cores: int = CORES
    cold: bool = False
    once: bool = False
    absent: str = ""


@dataclass
class Measured:
    """One process that ran to its end."""

    seconds: float
    peak_mib: float
    told: dict[str, Any]
    floor_seconds: float | None = None


@dataclass
class Row:
    """Medians over the rounds, as `last.json` holds them."""

    case: str
    n: int
    seconds: float
    floor_seconds: float | None
    ratio: float | None
    peak_mib: float
    matches: int | None
    more: dict[str, float] = field(default_factory=dict)
    """What else the case tells of itself, by a name with its unit."""


@dataclass
class Results:
    """What was measured, in the order of the cases."""

    cases: list[Case]
    rows: dict[str, Row] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)


class BrokenError(Exception):
    """A measured process failed."""


def children(process: int) -> list[int]:
    """List a process and all that it started, where the system tells (Linux)."""
    found = [process]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def tree_mib(process: int) -> float:
    """Sum the memory that a process and its children hold now."""
    held = 0
    for one in children(process):
        try:
            pages = int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
        held += pages * os.sysconf("SC_PAGE_SIZE")
    return held / MIB


class Watch(threading.Thread):
    """Looks at a process tree from time to time; one process alone is counted exactly by the system."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.ended = process, 0.0, threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, tree_mib(self.process))


@contextmanager
def allowed(cores: int) -> Iterator[None]:
    """Let what is started meanwhile use so many cores, where the system can be told so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(case: Case, environment: dict[str, str]) -> Measured:
    """Run one case once.

    Raises:
        BrokenError: if it ends with a code other than 0, or 3: some rows were set aside.
    """
    given = case.given.open("rb") if case.given else subprocess.DEVNULL
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as grumbled:
        with allowed(case.cores):
            begin = time.perf_counter()
            process = subprocess.Popen(
                case.command, env=environment, stdin=given, stdout=said, stderr=grumbled
            )
        watch = Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        watch.ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        grumbled.seek(0)
        output = said.read().decode("utf-8", "replace").strip()
        wrong = grumbled.read().decode("utf-8", "replace")
    if not isinstance(given, int):
        given.close()
    if process.returncode not in (0, 3):
        raise BrokenError(
            f"{case.group}: {case.name} ended with {process.returncode}:\n{wrong[-2000:]}"
        )
    told: dict[str, Any] = {}
    if not case.whole:
        told = json.loads(output.splitlines()[-1])
        seconds = told["seconds"]
    if case.run_json:
        run = json.loads(case.run_json.read_text("utf-8"))
        told["matches"] = sum(playbook["listed"] for playbook in run["playbooks"])
    unit = 1 if sys.platform == "darwin" else 1 << 10
    peak = max(usage.ru_maxrss * unit / MIB, watch.peak)
    return Measured(seconds, peak, told)


def floor_of(events: Path, n: int) -> Case:
    """Give the floor of a file as a case."""
    command = (sys.executable, str(HERE / "jobs.py"), "floor", str(events))
    return Case("floor", "floor: DuckDB sums every column", n, command, events)


def once(case: Case, environment: dict[str, str]) -> Measured:
    """Run a case, right behind its floor."""
    floor = None
    if case.events:
        floor = measure(floor_of(case.events, case.n), environment).seconds
    if not case.cold:
        measured = measure(case, environment)
    else:
        with tempfile.TemporaryDirectory() as empty:
            measured = measure(case, {**environment, "NUMBA_CACHE_DIR": empty})
    measured.floor_seconds = floor
    return measured


def say(text: str) -> None:
    """Show what is being done, where somebody looks on."""
    if sys.stderr.isatty():
        print(f"\r{text[:100]:100}\r", end="", file=sys.stderr, flush=True)


def run(
    cases: Sequence[Case], rounds: int, environment: dict[str, str], *, warm: bool = True
) -> Results:
    """Run all cases in rounds, after one round that warms up and is not counted.

    Raises:
        BrokenError: a measured process failed.
    """
    here = [case for case in cases if not case.absent]
    runs: dict[str, list[Measured]] = {key(case): [] for case in here}
    results = Results(list(cases))
    for number in range(0 if warm else 1, rounds + 1):
        name = f"round {number} of {rounds}" if number else "warming up"
        for place, case in enumerate(here, 1):
            if case.once and number != 1:
                continue
            say(f"{name}: {place} of {len(here)}, {case.group}: {case.name}")
            measured = once(case, environment)
            if number:
                runs[key(case)].append(measured)
    say("")
    for case in here:
        results.rows[key(case)] = summed(case, runs[key(case)])
    results.differing = differing(here, runs)
    return results


def key(case: Case) -> str:
    """Give the name under which the figures of a case are kept."""
    return f"{case.group}: {case.name} {case.n}"


def summed(case: Case, runs: list[Measured]) -> Row:
    """Take medians over the rounds."""
    floors = [run.floor_seconds for run in runs if run.floor_seconds is not None]
    ratios = [run.seconds / run.floor_seconds for run in runs if run.floor_seconds]
    return Row(
        case=f"{case.group}: {case.name}",
        n=case.n,
        seconds=median(run.seconds for run in runs),
        floor_seconds=median(floors) if floors else None,
        ratio=median(ratios) if ratios else None,
        peak_mib=median(run.peak_mib for run in runs),
        matches=runs[-1].told.get("matches"),
        more={
            name: median(run.told[name] for run in runs)
            for name in runs[-1].told
            if name not in TOLD
        },
    )


def differing(cases: list[Case], runs: dict[str, list[Measured]]) -> list[str]:
    """Name the cases whose answers differ from those of others to the same question."""
    asked: dict[tuple[str, int], dict[str, set[str]]] = {}
    for case in cases:
        if case.answers:
            given = asked.setdefault((case.answers, case.n), {})
            for measured in runs[key(case)]:
                given.setdefault(measured.told["answer"], set()).add(
                    f"{case.group}: {case.name}"
                )
    return [
        f"{question}, {n:,} events: "
        + "; against ".join(", ".join(sorted(names)) for names in given.values())
        for (question, n), given in asked.items()
        if len(given) > 1
    ]

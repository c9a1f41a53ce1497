"""Puts simulated reviewers at a real desk, and measures what they wait, what fails, what is lost and what grows.

    .venv/bin/python bench/desk.py out/desk --cases 100000 --people 50 --minutes 5

The store is made by `bench/desk_load.py` unless FOLDER holds one. `undertow serve` runs as a process of its own. Each
reviewer signs in and works: looks at the queue, opens a case, claims it, opens a text, leaves a note, proposes or gives
it back; approvers approve what others proposed. Between two requests they wait (`--think`, seconds, exponential).
Every act that the desk acknowledged must stand in the store at the end, once. With `--postgres` the store stands in a
PostgreSQL of its own, made anew each time from Debian's package (`bench/postgres.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from postgres import started
from sqlalchemy import func, select

from undertow.cases.store import is_store, open_store
from undertow.cases.tables import acts, exposures

HERE = Path(__file__).parent
PASSWORD = "load test of the desk"
REASON = "filler in place of a reason"
FINE = {200, 303, 404, 409, 429}
"""Answers that a busy desk gives: done, go on, gone meanwhile, somebody was faster, too many looks."""


@dataclass
class Told:
    """What all reviewers together saw."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    done: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    is_counting: bool = False

    def note(self, what: str, status: int, seconds: float, text: str) -> None:
        """Count an answer, and keep it where it is a fault."""
        if self.is_counting:
            self.waits[what].append(seconds)
            self.answers[f"{what} {status}"] += 1
        if status not in FINE:
            self.faults.append(f"{what} {status} {text[:200]}")


@dataclass(frozen=True)
class Where:
    """Where the store is: a folder or a URL, with the folder beside the database; logs go to `beside`."""

    place: str
    beside: Path
    folder: Path | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """How a command finds it."""
        return () if self.folder is None else ("--folder", str(self.folder))


@dataclass
class Reviewer:
    """One person with a browser of their own."""

    client: httpx2.AsyncClient
    name: str
    told: Told
    rng: random.Random
    think: float

    async def ask(self, what: str, method: str, path: str, /, **form: str) -> httpx2.Response:
        """Think, then send one request and wait for its answer."""
        await asyncio.sleep(self.rng.expovariate(1 / self.think))
        begun = time.perf_counter()
        headers = {"Accept": "application/json"} if method == "POST" else {}
        try:
            said = await self.client.request(method, path, data=form or None, headers=headers)
        except httpx2.HTTPError as fault:
            self.told.faults.append(f"{what} {type(fault).__name__}")
            return httpx2.Response(599)
        self.told.note(what, said.status_code, time.perf_counter() - begun, said.text)
        return said

    async def act(self, case: str, does: str, /, **form: str) -> bool:
        """Do something to a case; tell whether the desk says that it is done."""
        said = await self.ask(does, "POST", f"/case/{case}/{does}", **form)
        if said.status_code == 200:
            self.told.done[does].append(case)
        return said.status_code == 200

    async def work(self, until: float) -> None:
        """Sign in and work until the time is over."""
        form = {"name": self.name, "password": PASSWORD}
        said = await self.ask("sign-in", "POST", "/sign-in", **form)
        while said.status_code == 429:
            await asyncio.sleep(float(said.headers["retry-after"]))
            said = await self.ask("sign-in", "POST", "/sign-in", **form)
        while time.monotonic() < until:
            await self.round()

    async def round(self) -> None:
        """Look at the queue, open a case, and do what there is to do."""
        view = self.rng.choice(("all", "all", "all", "mine", "second", "clocks"))
        page = (await self.ask("queue", "GET", f"/queue?view={view}")).text
        codes = list(dict.fromkeys(re.findall(r"/case/(k:[0-9a-z]+)", page)))
        if not codes:
            return
        case = self.rng.choice(codes)
        opened = (await self.ask("case", "GET", f"/case/{case}")).text
        if view == "second":
            await self.second(case, opened)
        elif await self.act(case, "claim"):
            await self.first(case)

    async def first(self, case: str) -> None:
        """Work a case that was claimed, as its first person."""
        opened = (await self.ask("case", "GET", f"/case/{case}")).text
        passage = re.search(r'name="passage" value="([^"]+)"', opened)
        if passage:
            await self.act(
                case, "reveal", passage=passage[1], why="the pattern does not decide it"
            )
        await self.act(case, "note", note=REASON)
        if "/judge" in opened:
            await self.act(case, "judge", outcome="cannot_tell")
        opened = (await self.ask("case", "GET", f"/case/{case}")).text
        bound = _bound(opened)
        clause = re.search(r'<option value="([a-z-]+)">', opened.partition('name="clause"')[2])
        outcome = self.rng.choice(("suspend", "no_action", "release"))
        if bound and clause and outcome != "release":
            form = {"outcome": outcome, "reason": REASON, "clause": clause[1], **bound}
            await self.act(case, "propose", **form)
        else:
            await self.act(case, "release")

    async def second(self, case: str, opened: str) -> None:
        """Approve what somebody else proposed, where the page offers it."""
        act = re.search(r'name="act" value="([^"]+)"', opened)
        bound = _bound(opened)
        if act and bound and "/approve" in opened:
            await self.act(case, "approve", act=act[1], **bound)


def _bound(page: str) -> dict[str, str] | None:
    dossier = re.search(r'name="dossier" value="([^"]+)"', page)
    revision = re.search(r'name="revision" value="([^"]+)"', page)
    if not (dossier and revision):
        return None
    return {"dossier": dossier[1], "revision": revision[1], "proportionate": "yes"}


def memory(process: int) -> float:
    """Give the resident memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def served(store: Where) -> Iterator[tuple[str, int]]:
    """Run `undertow serve`; give its address and its process."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "undertow.cli.main",
        "serve",
        store.place,
        "--port",
        str(port),
        *store.options,
    ]
    log = store.beside / "desk.log"
    with log.open("w") as err:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True)
        try:
            address = (process.stdout.readline() if process.stdout else "").strip()
            if not address.startswith("http"):
                raise SystemExit(f"the desk did not start: see {log.name}")
            yield address.rstrip("/"), process.pid
        finally:
            process.terminate()
            process.wait(30)


async def run(address: str, process: int, given: argparse.Namespace, told: Told) -> list[float]:
    """Let everybody work; give the memory at each quarter minute after the warm-up."""
    until = time.monotonic() + given.warm + 60 * given.minutes
    sizes: list[float] = []
    async with asyncio.TaskGroup() as group:
        for number in range(given.people):
            client = httpx2.AsyncClient(
                base_url=address, headers={"Origin": address}, timeout=60.0, trust_env=False
            )
            name = f"person{number:02d}"
            one = Reviewer(client, name, told, random.Random(number), given.think)
            group.create_task(one.work(until))
        await asyncio.sleep(given.warm)
        told.is_counting = True
        while time.monotonic() < until:
            sizes.append(memory(process))
            await asyncio.sleep(min(15.0, max(0.1, until - time.monotonic())))
        told.is_counting = False
    return sizes


def kept(where: Where) -> dict[str, int]:
    """Count what stands in the store."""
    store = open_store(where.place, folder=where.folder)
    with store.reading() as connection:
        asked = select(acts.c.kind, func.count()).where(acts.c.reviewer.is_not(None))
        counts = {
            str(kind): int(many)
            for kind, many in connection.execute(asked.group_by(acts.c.kind))
        }
        counts["reveal"] = connection.execute(
            select(func.count()).select_from(exposures)
        ).scalar_one()
    store.close()
    return counts


def lost(
    before: dict[str, int], after: dict[str, int], told: Told
) -> dict[str, tuple[int, int]]:
    """Compare acknowledged acts with those in the store; a renewed claim writes none, a seen text no second look."""
    found = {}
    for act, cases in told.done.items():
        kind = "judge_blind" if act == "judge" else act
        written = after.get(kind, 0) - before.get(kind, 0)
        if written != len(cases) and not (act in ("claim", "reveal") and written <= len(cases)):
            found[act] = (len(cases), written)
    return found


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("folder", type=Path)
    told.add_argument("--cases", type=int, default=100_000)
    told.add_argument("--people", type=int, default=50)
    told.add_argument("--minutes", type=float, default=5.0)
    told.add_argument("--think", type=float, default=2.0, help="mean seconds between requests")
    told.add_argument("--warm", type=float, default=30.0, help="seconds before counting")
    told.add_argument("--p95", type=float, default=300.0, help="threshold, milliseconds")
    told.add_argument("--postgres", action="store_true", help="in a PostgreSQL of its own")
    given = told.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with started() if given.postgres else nullcontext() as url:
        beside = given.folder / ("beside" if url else "cases")
        if url:
            # Keys of an earlier database open nothing in this one.
            for old in (*given.folder.glob("beside.*"), beside):
                shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
        where = Where(url or str(beside), given.folder, beside if url else None)
        report, seen = measured(where, given)
    print(json.dumps(report, indent=2))
    slow = any(
        seen.waits[one] and report["p95_ms"][one] > given.p95 for one in ("queue", "case")
    )
    sys.exit(1 if slow or report["faults"] or report["lost"] else 0)


def measured(where: Where, given: argparse.Namespace) -> tuple[dict[str, Any], Told]:
    """Fill the store where there is none, let everybody work, and give the figures."""
    if not is_store(where.place):
        load = [sys.executable, str(HERE / "desk_load.py"), where.place, *where.options]
        load += ["--cases", str(given.cases), "--people", str(given.people)]
        subprocess.run(load, check=True)
    before, seen = kept(where), Told()
    with served(where) as (address, process):
        sizes = asyncio.run(run(address, process, given, seen))
    return summary(seen, sizes, lost(before, kept(where), seen), given), seen


def summary(
    seen: Told, sizes: list[float], gone: dict[str, Any], given: argparse.Namespace
) -> dict[str, Any]:
    """Give the figures that are reported."""
    total = sum(map(len, seen.waits.values()))
    return {
        "people": given.people,
        "minutes": given.minutes,
        "requests": total,
        "per_second": round(total / (60 * given.minutes), 1),
        "p50_ms": {
            k: round(1000 * percentile(v, 0.5), 1) for k, v in sorted(seen.waits.items())
        },
        "p95_ms": {
            k: round(1000 * percentile(v, 0.95), 1) for k, v in sorted(seen.waits.items())
        },
        "most_ms": {k: round(1000 * max(v), 1) for k, v in sorted(seen.waits.items())},
        "answers": dict(sorted(seen.answers.items())),
        "acknowledged": {k: len(v) for k, v in sorted(seen.done.items())},
        "lost": gone,
        "faults": seen.faults[:10],
        "fault_count": len(seen.faults),
        "memory_mib": [round(one) for one in (sizes[:1] + sizes[-1:])],
        "memory_by_quarter_minute": [round(one) for one in sizes],
    }


if __name__ == "__main__":
    main()

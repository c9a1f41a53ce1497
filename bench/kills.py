"""Kills a watch at random points, again and again, and holds its alerts to those of a run left alone.

    python bench/kills.py --kills 1000

Every run is a fork of one warm process, so that nothing is imported or compiled a thousand times. A run
makes a checkpoint every few milliseconds, and many kills fall into the writing of one. When a run
comes to the end of the file, its alerts must be those of the clean run, byte for byte, and the next one
begins with an empty folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import undertow.live.sources as reading
from undertow.cli.detect import load_playbooks
from undertow.live.settings import Settings
from undertow.live.watch import Watch, make_compiled
from undertow.units import HOUR

BOOKS = ["extremist-recruitment", "group-recruitment"]
BLOCK = 1 << 15
EVERY = 0.02
LONGEST_LIFE = 0.5
"""Seconds after which a run is killed at the latest."""


@dataclass
class Tally:
    """What a campaign of kills gave."""

    kills: int = 0
    rounds: int = 0
    while_saving: int = 0
    differ: int = 0
    failures: list[int] = field(default_factory=list)


def events(path: Path, many: int, seed: int = 1) -> Path:
    """Write a crowd as JSON Lines: out of order by up to an hour, some lines twice, some of them faulty."""
    dice = random.Random(seed)
    people = [f"p:{n:04d}" for n in range(max(20, many // 60))]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    lines: list[tuple[datetime, str]] = []
    for n in range(many):
        at += timedelta(seconds=dice.randrange(600))
        place = dice.randrange(len(people))
        one, other = people[place], people[(place + dice.choice([1, 1, 1, 2, 3])) % len(people)]
        if dice.random() < 0.5:
            one, other = other, one
        kind = dice.choices(["message", "mention", "follow", "join", "leave"], [9, 3, 2, 2, 1])[
            0
        ]
        row = {
            "id": f"e{n:06d}",
            "type": kind,
            "published": at.isoformat(),
            "actor": one,
            "platform": "p",
        }
        if kind in ("join", "leave"):
            row["context"] = f"room-{place % 5}"
        else:
            row["target"] = other
        if kind == "message":
            row["visibility"] = "direct"
            row["content"] = f"lamp{n}@example.org" if dice.random() < 0.1 else "at nine"
        came = at + timedelta(seconds=dice.randrange(3_500))
        lines += [(came, json.dumps(row))] * (2 if dice.random() < 0.02 else 1)
        if dice.random() < 0.01:
            lines.append((came, '{"id": "faulty"'))
    lines.sort(key=lambda line: line[0])
    path.write_text("".join(f"{line}\n" for _, line in lines), "utf-8")
    return path


def run(path: Path, folder: Path, every: float = EVERY) -> None:
    """Watch a file to its end."""
    settings = Settings(
        playbooks=load_playbooks(BOOKS),
        ground="invented",
        lateness=HOUR,
        state=folder / "state",
        alerts=folder / "alerts.jsonl",
        rejects=folder / "rejects.jsonl",
        every=every,
    )
    source = reading.Followed(path, once=True)
    watch = Watch(settings, source, make_compiled(settings), lambda _: None)
    watch.run(lambda: False, lambda _: None)
    watch.close()


def forked(path: Path, folder: Path) -> int:
    """Start a run in a process of its own; gives its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        run(path, folder)
        code = 0
    except BaseException:  # noqa: BLE001  # a forked process must not go on in its parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


def written(folder: Path) -> tuple[bytes, bytes]:
    """Give what a run that came to its end has written."""
    return (folder / "alerts.jsonl").read_bytes(), (folder / "rejects.jsonl").read_bytes()


def campaign(path: Path, work: Path, kills: int, seed: int = 1) -> Tally:
    """Kill runs until there were enough kills and the last round has come to its end."""
    reading.BLOCK = BLOCK
    clean = work / "clean"
    run(path, clean, every=3_600.0)
    expected = written(clean)
    dice, tally, folder = random.Random(seed), Tally(), work / "killed"
    while True:
        child = forked(path, folder)
        # Near the end of a campaign runs live on, so that the last round ends.
        life = dice.uniform(0.0, LONGEST_LIFE) if tally.kills < kills else 600.0
        until = time.monotonic() + life
        done, status = 0, 0
        while not done and time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.0005)
        if not done:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            tally.kills += 1
            tally.while_saving += any((folder / "state").glob("part-*"))
            continue
        tally.rounds += 1
        if status:
            tally.failures.append(status)
        tally.differ += written(folder) != expected
        shutil.rmtree(folder)
        if tally.kills >= kills or tally.failures:
            return tally


def main() -> None:
    """Run a campaign and print what it gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ.setdefault("UNDERTOW_KEY_FILE", str(work / "key"))
        path = events(work / "events.jsonl", asked.events, asked.seed)
        begun = time.monotonic()
        tally = campaign(path, work, asked.kills, asked.seed)
        alerts = written(work / "clean")[0].count(b"\n")
    print(
        f"{tally.kills} kills in {tally.rounds} rounds, {tally.while_saving} of them while a checkpoint was "
        f"written; {alerts} alerts in each round; {tally.differ} rounds differ from the clean run; "
        f"{time.monotonic() - begun:.0f} s"
    )
    sys.exit(bool(tally.differ or tally.failures))


if __name__ == "__main__":
    main()

"""A small invented town: some hundred ordinary events, three recruiters, and targets whose ids are canaries.

Every text is neutral filler. Equal seeds give equal towns.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from undertow.events.source import Source, write_sidecar
from undertow.events.table import NAMES, SCHEMA
from undertow.events.write import write_events

Event = dict[str, Any]

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=90)
CANARY = "canary-target"
"""Stands in the native id of every target of the town and nowhere else."""
GROUND = "consent of the invented town"
FILLER = (
    "the notes are on the shelf",
    "train at nine",
    "the soup was fine",
    "who has the tent",
)
SEEN = ("mention", "reply", "follow", "message")


def event(
    kind: str, at: datetime, actor: str, target: str | None, name: str, **more: Any
) -> Event:
    """Make one row of the event table."""
    given = dict.fromkeys(NAMES) | {
        "id": name,
        "type": kind,
        "published": at,
        "actor": actor,
        "target": target,
        "platform": "p",
        "visibility": "direct" if kind == "message" else "public",
    }
    if kind in ("message", "mention", "reply", "post"):
        given["content"] = FILLER[at.minute % len(FILLER)]
    return given | more


def funnel(recruiter: str, target: str, at: datetime) -> list[Event]:
    """Make one whole chain: approach, follow back, first message, address, talk, hand-off.

    Native ids stand inside the event ids, as importers of some platforms write them.
    """
    day, names = timedelta(days=1), iter(range(1, 1000))

    def step(kind: str, when: datetime, actor: str, other: str, **more: Any) -> Event:
        return event(kind, when, actor, other, f"{actor}>{other}#{next(names)}", **more)

    talk = [
        step("message", at + 3 * day + n * timedelta(hours=5), *ends)
        for n in range(24)
        for ends in [(recruiter, target) if n % 2 else (target, recruiter)]
    ]
    handle = f"you find me on telegram: @lamp_{recruiter.rpartition('-')[2]}x"
    return [
        step("mention", at, target, recruiter),
        step("follow", at + timedelta(hours=2), recruiter, target),
        step("message", at + timedelta(hours=3), recruiter, target),
        step("message", at + 2 * day, recruiter, target, content=handle),
        *talk,
        step("message", at + 20 * day, "p:keeper", target),
    ]


def ordinary(rng: random.Random, people: list[str], many: int) -> list[Event]:
    """Make what everybody does: mentions, follows and messages, some with an address."""
    rows = []
    for n in range(many):
        one, other = rng.sample(people, 2)
        at = START + timedelta(seconds=rng.randrange(80 * 86_400))
        kind = rng.choices(SEEN, weights=(2, 2, 2, 5))[0]
        address = rng.random() < 0.08 and kind == "message"
        more = {"content": f"mail me: person{n}@example.org"} if address else {}
        rows.append(event(kind, at, one, other, f"e{n:05}", **more))
    return rows


def town(seed: int = 1, *, people: int = 40, many: int = 600) -> list[Event]:
    """Make the whole town, in the order of time."""
    rng = random.Random(seed)
    names = [f"p:person-{n}" for n in range(people)]
    rows = ordinary(rng, names, many)
    for n in range(9):
        at = START + timedelta(days=14 + 3 * n, hours=rng.randrange(12), minutes=n)
        rows += funnel(f"p:rec-{n % 3}", f"p:{CANARY}-{n}", at)
    for n in range(9):
        other = rng.choice(names)
        at = START + timedelta(days=10, hours=n)
        rows.append(event("message", at, other, f"p:{CANARY}-{n}", f"c{n:05}"))
        rows.append(
            event("message", at + timedelta(days=1), f"p:rec-{n % 3}", other, f"r{n:05}")
        )
    return sorted(rows, key=lambda row: (row["published"], row["id"]))


def source(**more: Any) -> Source:
    """Declare what the town's data shows: all its types, its texts, under a ground."""
    given: dict[str, Any] = {
        "platform": "p",
        "types": SEEN,
        "since": START,
        "until": END,
        "ground": GROUND,
    }
    return Source(**(given | more))


def write_parquet(
    path: Path, rows: Iterable[Event], sources: Iterable[Source] = (), **more: Any
) -> Path:
    """Write rows as Parquet with their sources in the metadata."""
    table = pa.Table.from_pylist(list(rows), SCHEMA)
    write_events(path, [table], schema=SCHEMA, sources=list(sources), **more)
    return path


def plain(row: Event) -> dict[str, str]:
    """Write a row's values as text, nulls left out."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None
    }


def write_lines(path: Path, rows: Iterable[Event], sources: Iterable[Source] = ()) -> Path:
    """Write rows as JSON Lines with their sources beside them."""
    path.write_text("".join(json.dumps(plain(row)) + "\n" for row in rows), "utf-8")
    return _declared(path, sources)


def write_csv(path: Path, rows: Iterable[Event], sources: Iterable[Source] = ()) -> Path:
    """Write rows as CSV with their sources beside them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, NAMES)
        writer.writeheader()
        writer.writerows(plain(row) for row in rows)
    return _declared(path, sources)


def _declared(path: Path, sources: Iterable[Source]) -> Path:
    given = list(sources)
    if given:
        write_sidecar(path, given)
    return path


WRITERS = {"parquet": write_parquet, "jsonl": write_lines, "csv": write_csv}

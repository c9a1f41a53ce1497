"""A forum and a messenger: people who talk, one who hands an address over, and who follows. All text is filler.

Native ids of both ends stand inside event ids, as importers of some platforms write them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOURCES = [
    Source("chat", ("message", "mention", "reply", "follow"), ground="an invented forum"),
    Source("telegram", ("message",), ground="an invented forum"),
]
GIVER, LEAD = "chat:bob-giver", "telegram:bobby77"
CANARY = "canary"
"""Stands in every native id of a target, on both platforms, and nowhere else."""
PLAIN = "find me on telegram: @{}"


def row(
    at: datetime,
    actor: str,
    target: str,
    text: str = "the soup was fine",
    kind: str = "message",
) -> dict:
    """Make one row of the event table."""
    return dict.fromkeys(NAMES) | {
        "id": f"{actor}>{target}#{(at - START).total_seconds():.0f}",
        "type": kind,
        "published": at,
        "actor": actor,
        "target": target,
        "platform": actor.partition(":")[0],
        "visibility": "direct",
        "content": text,
    }


def ordinary(seed: int = 3, people: int = 60, many: int = 25) -> list[dict]:
    """Let people of each platform talk to a few others each over 90 days."""
    dice = random.Random(seed)
    rows = []
    for platform in ("chat", "telegram"):
        names = [f"{platform}:person{n}" for n in range(people)]
        for one in names:
            friends = dice.sample([name for name in names if name != one], 5)
            for _ in range(many):
                at = START + dice.randrange(90 * 86_400) * timedelta(seconds=1)
                rows.append(row(at, one, dice.choice(friends)))
    return rows


def target(n: int) -> tuple[str, str]:
    """Give the accounts of one target, here and there."""
    return f"chat:{CANARY}-a{n}", f"telegram:{CANARY}_b{n}"


def handing(
    n: int,
    *,
    giver: str = GIVER,
    handle: str = "bobby77",
    text: str = PLAIN,
    day: float | None = None,
) -> list[dict]:
    """Let a giver write to target `n` and hand an address over on a day of its own."""
    here, _ = target(n)
    at = START + (8 + 9 * n if day is None else day) * DAY
    return [
        row(at - 2 * DAY, here, "chat:person1", "hello"),
        row(at - DAY, giver, here),
        row(at - 23 * HOUR, here, giver),
        row(at, giver, here, text.format(handle)),
    ]


def following(
    n: int,
    *,
    lead: str = LEAD,
    day: float | None = None,
    after: timedelta = 2 * HOUR,
    messages: int = 24,
) -> list[dict]:
    """Let target `n` begin a talk on the messenger soon after, over some days."""
    _, there = target(n)
    at = START + (8 + 9 * n if day is None else day) * DAY + after
    ends = [(there, lead), (lead, there)]
    return [row(at + k * 7 * HOUR, *ends[k % 2]) for k in range(messages)]


def story(
    targets: Sequence[int] = range(6), *, follow: Sequence[int] = (0, 1, 2, 4, 5)
) -> list[dict]:
    """Let the giver work on targets, most of whom follow."""
    rows = [one for n in targets for one in handing(n)]
    return rows + [one for n in follow for one in following(n)]


def table(rows: list[dict]) -> pa.Table:
    """Make the event table, in the order of time."""
    return pa.Table.from_pylist(
        sorted(rows, key=lambda one: (one["published"], one["id"])), SCHEMA
    )

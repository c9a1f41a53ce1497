"""A village with a help desk's number, a campaign of four, and people who know each other. All text is neutral."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.events.table import NAMES, SCHEMA

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SOURCE = Source("p", ("message", "mention", "reply", "follow"), ground="an invented village")
SCRIPT = "good morning, the notes of the {} evening are on the shelf by the door"
TEAM = ("p:rec-a", "p:rec-b", "p:gate", "p:helper")


def row(kind: str, at: datetime, actor: str, target: str, text: str | None = None) -> dict:
    """Make one row of the event table."""
    return dict.fromkeys(NAMES) | {
        "id": f"{at.timestamp():.6f}-{actor}-{target}-{kind}",
        "type": kind,
        "published": at,
        "actor": actor,
        "target": target,
        "platform": "p",
        "visibility": "direct" if kind == "message" else "public",
        "content": text,
    }


def chatter(people: int = 60, days: int = 60, seed: int = 5) -> list[dict]:
    """Let people talk to a few others each, now and then with an address of their own."""
    rng = random.Random(seed)
    rows = []
    for one in range(people):
        friends = rng.sample([n for n in range(people) if n != one], 6)
        for n in range(24):
            at = START + rng.random() * days * DAY
            text = (
                f"the soup of day {n} was fine"
                if n % 12
                else f"mail me: person{one}@example.org"
            )
            rows.append(
                row("message", at, f"p:person{one}", f"p:person{rng.choice(friends)}", text)
            )
            if n % 2:
                rows.append(
                    row("reply", at, f"p:person{one}", f"p:person{rng.choice(friends)}", text)
                )
    return rows


def team(targets: int = 5, *, address: str = "t.me/lamp_one", first: int = 0) -> list[dict]:
    """Let two accounts work on some people each, who come by a gatekeeper and go to a helper."""
    rows = []
    for r, recruiter in enumerate(TEAM[:2]):
        for n in range(targets):
            target = f"p:person{first + r * targets + n}"
            at = START + (5 + 3 * n) * DAY + timedelta(hours=2 + r)
            rows += [
                row("mention", at, target, "p:gate", "a word"),
                row("follow", at + timedelta(minutes=5), "p:gate", target),
                row(
                    "message", at + timedelta(hours=3), recruiter, target, SCRIPT.format(n + 10)
                ),
                row("message", at + timedelta(hours=4), target, recruiter, "yes"),
                row(
                    "message",
                    at + timedelta(hours=9),
                    recruiter,
                    target,
                    f"find me at {address}",
                ),
                row("message", at + 6 * DAY, "p:helper", target, "hello from the other office"),
            ]
    return rows


def table(rows: list[dict]) -> pa.Table:
    """Make the event table."""
    return pa.Table.from_pylist(rows, SCHEMA)


def names(log: EventLog, codes: object) -> list[str]:
    """Name some codes."""
    return log.accounts.take(pa.array(codes)).to_pylist()

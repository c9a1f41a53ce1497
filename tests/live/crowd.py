"""A small crowd as JSON Lines: people who write, mention, follow, join and leave, in bursts and friendships."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)
Line = dict[str, Any]


def crowd(seed: int, many: int = 1_500, people: int = 14, platforms: int = 2) -> list[Line]:
    """Make events in the order of time; several fall on one moment."""
    dice = random.Random(seed)
    names = [f"p:{n:03d}" for n in range(people)]
    at = START
    rows: list[Line] = []
    for n in range(many):
        at += timedelta(seconds=dice.choice([0, 5, 60, 3_600, 7_200]))
        one = dice.choice(names)
        place = names.index(one)
        other = names[(place + dice.choice([1, 1, 1, 2, 3, 5])) % people]
        if dice.random() < 0.5:
            one, other = other, one
        kind = dice.choices(
            ["message", "mention", "reply", "follow", "join", "leave", "post"],
            [9, 3, 2, 3, 2, 1, 1],
        )[0]
        row: Line = {
            "id": f"e{n:05d}",
            "type": kind,
            "published": at.isoformat().replace("+00:00", "Z"),
            "actor": one,
            "platform": f"p{place % platforms}",
        }
        if kind in ("join", "leave"):
            row["context"] = f"room-{dice.randrange(2)}"
        elif kind != "post":
            row["target"] = other
        if kind == "message":
            row["visibility"] = "direct"
            row["content"] = "see you at nine"
            if dice.random() < 0.15:
                row["content"] = f"write to lamp{n}@example.org"
        rows.append(row)
    return rows


def mixed(
    rows: list[Line], seed: int, lateness: timedelta, repeats: float = 0.05
) -> list[Line]:
    """Bring events out of order by less than a lateness, some of them twice."""
    dice = random.Random(seed)
    most = lateness.total_seconds() * 0.98

    def came(row: Line) -> datetime:
        return datetime.fromisoformat(row["published"]) + timedelta(
            seconds=dice.random() * most
        )

    twice = [row for row in rows if dice.random() < repeats]
    return [row for _, _, row in sorted((came(r), k, r) for k, r in enumerate([*rows, *twice]))]


def write(path: Path, rows: list[Line]) -> Path:
    """Write events as JSON Lines."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def last_alerts(text: str) -> dict[tuple[str, ...], Line]:
    """Give the last revision of every match that stands, with the revisions checked on the way."""
    seen: dict[tuple[str, ...], Line] = {}
    for line in text.splitlines():
        alert = json.loads(line)
        key = (alert["playbook"], alert["account"], alert["target"], alert.get("group") or "")
        before = seen.get(key)
        assert alert["revision"] == (0 if before is None else before["revision"] + 1)
        seen[key] = alert
    return {key: alert for key, alert in seen.items() if alert["step"] is not None}

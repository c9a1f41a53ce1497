"""A table as a stranger's system keeps it: `sender,recipient,time,body`, times in Unix seconds."""

from __future__ import annotations

import csv
import random
from pathlib import Path

HEAD = ("sender", "recipient", "time", "body")
START = 1_767_225_600
"""2026-01-01T00:00:00Z."""
DAY = 86_400
DRAWN_IN = range(7_000, 7_006)
"""Numbers of the accounts that the two recruiters, 2001 and 2002, write to."""
TEXTS = (
    "did you see the match",
    "the notes are on the shelf",
    "who has the tent",
    "train at nine",
    "thanks a lot",
    "see you on monday",
    "the soup was fine",
)

Row = tuple[int, int, int, str]


def rows(seed: int = 7) -> list[Row]:
    """Make about 400 messages, six funnels among them, in the order of time."""
    rng = random.Random(seed)
    people = [*range(1_000, 1_030), *DRAWN_IN]
    made: list[Row] = []
    for _ in range(280):
        pair = rng.sample(people, 2)
        made.append((*pair, START + rng.randrange(80 * DAY), rng.choice(TEXTS)))
    for n, person in enumerate(DRAWN_IN):
        recruiter, at = 2_001 + n % 2, START + rng.randrange(20 * DAY)
        made += [
            (recruiter, person, at, "hello, I read what you wrote"),
            (person, recruiter, at + 3_600, "hello"),
            (recruiter, person, at + DAY, f"write to me on telegram: @quiet_lamp_{recruiter}"),
        ]
        for turn in range(22 if n < 4 else 2):
            ends = (recruiter, person) if turn % 2 else (person, recruiter)
            made.append((*ends, at + 2 * DAY + turn * 21_600, TEXTS[turn % 7]))
    for n in range(12):
        made.append((2_001 + n % 2, people[n], START + rng.randrange(60 * DAY), TEXTS[n % 7]))
    made.append((1_020, 1_021, START + 3 * DAY, "my number is +49 151 23456789"))
    made.append((1_011, 1_012, START + 9 * DAY, "mail me: lena.k@example.org"))
    return sorted(made, key=lambda row: row[2])


def write_foreign(path: Path) -> Path:
    """Write the table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows()])
    return path

"""Make events of nobody, shaped like a busy platform, to measure speed on.

    python bench/generate.py --n 1000000 --out events.parquet [--seed 7] [--text]
    python bench/generate.py --from-bench FILE --out events.parquet

Writes an event table, and beside it `….truth.parquet` with the planted funnels (recruiter, target,
label). One (n, seed) always makes the same rows. Most texts are null unless `--text` is given; the
messages that hand over an address always hold one. `--from-bench` translates a table of bare events
(ts in microseconds, kind, actor, target or -1, channel, has_contact) instead of making one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.source import Source
from undertow.events.table import SCHEMA, TIME
from undertow.events.write import write_events
from undertow.units import DAY, HOUR, MINUTE, microseconds

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PLATFORM = "made-up"
START = microseconds(datetime(2026, 1, 1, tzinfo=UTC))
DAYS = 90
KINDS = ("post", "mention", "reply", "like", "follow", "message", "join")
POST, MENTION, REPLY, LIKE, FOLLOW, MESSAGE, JOIN = range(len(KINDS))
SHARES = {POST: 0.30, LIKE: 0.20, FOLLOW: 0.10, MESSAGE: 0.14, JOIN: 0.01}
"""Of all events; mentions and replies share the rest, 25 %."""
ADDRESS_SHARE = 0.01
"""Of direct messages. Posts carry half as many, which no playbook looks at."""
ROOMS = 200
TARGETS = 12
"""Per recruiter: half are drawn in step by step, half are written to and never handed an address."""
BATCH = 250_000
SPOKEN = np.isin(np.arange(len(KINDS)), (POST, MENTION, REPLY, MESSAGE))
WORDS = (
    "water garden winter paper yellow slowly train river bread window evening music street "
    "cloud summer table early orange under quiet bridge apple morning again coffee north"
).split()


@dataclass
class Rows:
    """Events as columns: time in microseconds, index into `KINDS`, account numbers, -1 for none."""

    at: Integers
    kind: Integers
    actor: Integers
    target: Integers
    room: Integers
    address: Flags

    def take(self, order: Integers) -> Rows:
        """Give the rows in another order, or some of them."""
        return Rows(**{name: column[order] for name, column in vars(self).items()})


class Crowd:
    """Accounts with unequal habits: Pareto activity, popularity near it, a list of friends each."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.rng, self.size = rng, size
        self.activity = np.minimum(1 + rng.pareto(1.3, size), 3000)
        popularity = self.activity**0.8 * np.exp(rng.normal(size=size))
        self._by_activity = self.activity.cumsum()
        self._by_popularity = np.minimum(popularity, 3000).cumsum()
        many = np.clip(3 + 4 * self.activity**0.7, 3, 300).astype(np.int64)
        self._first_friend = many.cumsum() - many
        self._many_friends = many
        self._friends = self._drawn(self._by_popularity, int(many.sum()))

    def _drawn(self, running: npt.NDArray[np.float64], m: int) -> Integers:
        chosen = np.searchsorted(running, self.rng.random(m) * running[-1], side="right")
        return chosen.astype(np.int64)

    def actors(self, m: int) -> Integers:
        """Draw accounts by their activity."""
        return self._drawn(self._by_activity, m)

    def partners(self, of: Integers, *, friendly: float, taste: float) -> Integers:
        """Draw whom accounts turn to: a friend with probability `friendly`, else somebody popular.

        The higher `taste`, the more the first of the friends are preferred.
        """
        m = len(of)
        place = (self._many_friends[of] * self.rng.random(m) ** taste).astype(np.int64)
        friend = self._friends[self._first_friend[of] + place]
        stranger = self._drawn(self._by_popularity, m)
        chosen = np.where(self.rng.random(m) < friendly, friend, stranger)
        return np.where(chosen == of, (chosen + 1) % self.size, chosen)

    def times(self, m: int) -> Integers:
        """Draw moments: all days alike, most at evening, few before dawn (UTC)."""
        hour = self.rng.normal(19, 5, m) % 24
        return START + self.rng.integers(0, DAYS, m) * DAY + (hour * HOUR).astype(np.int64)

    def bursts(
        self, m: int, *, length: float, friendly: float, taste: float, turn: float
    ) -> tuple[Integers, Integers, Integers]:
        """Draw talks of two: times, writers, and whom they write to.

        A talk has `length` events in the mean, some minutes apart; each after the first goes the
        other way with probability `turn`.
        """
        rng = self.rng
        long = rng.geometric(1 / length, int(1.2 * m / length) + 99)
        long = np.append(long, max(0, m - int(long.sum())))
        talk = np.repeat(np.arange(len(long)), long)[:m]
        begin = np.flatnonzero(np.diff(talk, prepend=-1))
        one = self.actors(len(long))
        other = self.partners(one, friendly=friendly, taste=taste)
        since = np.minimum(rng.exponential(8 * MINUTE, m), 6 * HOUR).astype(np.int64).cumsum()
        since -= np.repeat(since[begin], np.diff(np.append(begin, m)))
        back = rng.random(m) < turn
        back[begin] = False
        a, b = one[talk], other[talk]
        at = self.times(len(long))[talk] + since
        return at, np.where(back, b, a), np.where(back, a, b)


def background(crowd: Crowd, m: int) -> Rows:
    """Draw `m` events in which nobody is recruited but by chance."""
    rng = crowd.rng
    counts = {kind: int(m * share) for kind, share in SHARES.items()}
    counts[MENTION] = m - sum(counts.values())
    at, kind, actor, target = [], [], [], []
    for which, count in counts.items():
        if which in (MENTION, MESSAGE):
            talks = {"length": 5.0, "friendly": 0.95, "taste": 3.0, "turn": 0.5}
            if which == MENTION:
                talks = {"length": 2.5, "friendly": 0.7, "taste": 2.0, "turn": 0.45}
            times, one, other = crowd.bursts(count, **talks)
        else:
            times, one = crowd.times(count), crowd.actors(count)
            other = np.full(count, -1)
            if which in (LIKE, FOLLOW):
                friendly, taste = (0.7, 1.5) if which == LIKE else (0.6, 1.0)
                other = crowd.partners(one, friendly=friendly, taste=taste)
        at.append(times)
        kind.append(np.full(count, which))
        actor.append(one)
        target.append(other)
    kinds = np.concatenate(kind)
    kinds[(kinds == MENTION) & (rng.random(m) < 0.5)] = REPLY
    room = np.where(kinds == MESSAGE, -1, (ROOMS * rng.random(m) ** 3).astype(np.int64))
    share = np.select([kinds == MESSAGE, kinds == POST], [ADDRESS_SHARE, ADDRESS_SHARE / 2], 0.0)
    address = rng.random(m) < share
    return Rows(*map(np.concatenate, (at,)), kinds, *map(np.concatenate, (actor, target)), room, address)


def planted(crowd: Crowd) -> tuple[Rows, list[tuple[int, int, str]]]:
    """Plant one recruiter in ten thousand accounts, at least five, with the targets of each.

    Returns:
        The events, and (recruiter, target, label) with the label `funnel` or `no address`.
    """
    rng = crowd.rng
    middling = np.flatnonzero((crowd.activity > 2) & (crowd.activity < 20))
    quiet = np.flatnonzero(crowd.activity < 2)
    recruiters = rng.choice(middling, max(5, round(crowd.size / 10_000)), replace=False)
    events: list[tuple[int, int, int, int, int, bool]] = []
    truth: list[tuple[int, int, str]] = []
    for recruiter in recruiters.tolist():
        for number, target in enumerate(rng.choice(quiet, TARGETS, replace=False).tolist()):
            label = "no address" if number % 2 else "funnel"
            truth.append((recruiter, target, label))
            at = START + int(rng.uniform(0, 30) * DAY)
            events.append((at, MENTION, target, recruiter, 0, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, FOLLOW, recruiter, target, -1, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, MESSAGE, recruiter, target, -1, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, MESSAGE, recruiter, target, -1, label == "funnel"))
            # 24 to 40 messages over five days: enough for a step of twenty messages on four days.
            for k, size in enumerate(rng.integers(24, 41, 1).repeat(1).tolist()):
                steps = np.linspace(0.05, 4.9, size) * DAY + k
                for gap, back in zip(steps.tolist(), rng.random(size) < 0.5, strict=True):
                    ends = (target, recruiter) if back else (recruiter, target)
                    events.append((at + int(gap), MESSAGE, *ends, -1, False))
    columns = np.array(events, np.int64).T
    return Rows(*columns[:5], columns[5] == 1), truth

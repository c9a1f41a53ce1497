"""Events of nobody, shaped like a busy platform, made day by day so that memory stays bounded.

Accounts have unequal habits: activity is Pareto-distributed, popularity follows it loosely, each account
turns to friends of its own more often than to strangers, and talk comes in bursts of two. Recruiters are
planted among them, each with targets who are drawn in and targets of whom one step or window fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from undertow.units import DAY, HOUR, MINUTE, microseconds

Array = npt.NDArray[Any]

START = microseconds(datetime(2026, 1, 1, tzinfo=UTC))
DAYS = 90
KINDS = ("post", "mention", "reply", "like", "follow", "message", "join")
POST, MENTION, REPLY, LIKE, FOLLOW, MESSAGE, JOIN = range(len(KINDS))
SHARES = {POST: 0.30, LIKE: 0.20, FOLLOW: 0.10, MESSAGE: 0.14, JOIN: 0.01, MENTION: 0.25}
"""Of all events; every second mention becomes a reply."""
ADDRESS_SHARE = 0.01
"""Of direct messages. Posts carry half as many, which no playbook looks at."""
ROOMS = 200
PER_ACCOUNT = 20
"""Events to one account, unless told otherwise."""
TARGETS = 12
"""Per recruiter: half are drawn in step by step, half are missed by a little."""
MOST = 3000
"""Bound of activity and popularity, where 1 is the least."""
MISSES = (
    *("late follow", "late message", "late address", "late talk"),
    *("nine messages", "two days", "follow first", "no address"),
)


@dataclass
class Rows:
    """Events as columns: time in microseconds, index into `KINDS`, account numbers, -1 for none."""

    at: Array
    kind: Array
    actor: Array
    target: Array
    room: Array
    address: Array

    def __len__(self) -> int:
        return len(self.at)

    def take(self, order: Array | slice) -> Rows:
        """Give the rows in another order, or some of them."""
        return Rows(**{name: column[order] for name, column in vars(self).items()})


def joined(parts: list[Rows]) -> Rows:
    """Put rows behind one another."""
    columns = {f.name: [vars(part)[f.name] for part in parts] for f in fields(Rows)}
    return Rows(**{name: np.concatenate(column) for name, column in columns.items()})


def scattered(numbers: Array) -> Array:
    """Turn numbers into others without any pattern, always the same ones (two rounds of multiply and fold)."""
    mixed = numbers.astype(np.uint64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed ^= mixed >> np.uint64(33)
        mixed *= np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(33))


class Crowd:
    """Accounts and their habits. Whom an account holds for friends follows from its number alone."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.rng, self.size = rng, size
        self.activity = np.minimum(1 + rng.pareto(1.3, size), MOST)
        popularity = np.minimum(self.activity**0.8 * np.exp(rng.normal(size=size)), MOST)
        # An account stands as often in an urn as it is active, or popular: drawing is one look-up.
        everybody = np.arange(size, dtype=np.int32)
        self._active = everybody.repeat(np.ceil(self.activity).astype(np.int64))
        self._popular = everybody.repeat(np.ceil(popularity).astype(np.int64))
        self._friends = np.clip(3 + 4 * self.activity**0.7, 3, 300).astype(np.int32)

    def actors(self, m: int) -> Array:
        """Draw accounts by their activity."""
        return self._active[self.rng.integers(0, len(self._active), m)]

    def partners(self, of: Array, *, friendly: float, taste: float) -> Array:
        """Draw whom accounts turn to: a friend with probability `friendly`, else somebody popular.

        The higher `taste`, the more the first of the friends are preferred.
        """
        m = len(of)
        friend = (self._friends[of] * self.rng.random(m) ** taste).astype(np.uint64)
        known = scattered(of.astype(np.uint64) << np.uint64(16) | friend)
        places = (known % np.uint64(len(self._popular))).astype(np.int64)
        strange = self.rng.random(m) >= friendly
        places[strange] = self.rng.integers(0, len(self._popular), int(strange.sum()))
        chosen = self._popular[places]
        return np.where(chosen == of, (chosen + 1) % self.size, chosen).astype(np.int32)

    def times(self, m: int) -> Array:
        """Draw moments of a day: most at evening, few before dawn (UTC)."""
        return (self.rng.normal(19, 5, m) % 24 * HOUR).astype(np.int64)

    def bursts(
        self, m: int, *, length: float, friendly: float, taste: float, turn: float
    ) -> tuple[Array, Array, Array]:
        """Draw talks of two: times, writers, and whom they write to.

        A talk has `length` events in the mean, some minutes apart; each after the first goes the
        other way with probability `turn`.
        """
        rng = self.rng
        long = rng.geometric(1 / length, int(1.2 * m / length) + 99)
        long = np.append(long, max(0, m - int(long.sum())))
        talk = np.repeat(np.arange(len(long)), long)[:m]
        talks = int(talk[-1]) + 1 if m else 0
        begin = np.flatnonzero(np.diff(talk, prepend=-1))
        one = self.actors(talks)
        other = self.partners(one, friendly=friendly, taste=taste)
        since = np.minimum(rng.exponential(8 * MINUTE, m), 6 * HOUR).astype(np.int64).cumsum()
        since -= np.repeat(since[begin], np.diff(np.append(begin, m)))
        back = rng.random(m) < turn
        back[begin] = False
        a, b = one[talk], other[talk]
        return self.times(talks)[talk] + since, np.where(back, b, a), np.where(back, a, b)


TALKS = {
    MENTION: {"length": 2.5, "friendly": 0.7, "taste": 2.0, "turn": 0.45},
    MESSAGE: {"length": 5.0, "friendly": 0.95, "taste": 3.0, "turn": 0.5},
}
TIES = {LIKE: {"friendly": 0.7, "taste": 1.5}, FOLLOW: {"friendly": 0.6, "taste": 1.0}}


def background(crowd: Crowd, day: int, counts: dict[int, int]) -> Rows:
    """Draw the events that begin on a day, in which nobody is recruited but by chance."""
    rng, m = crowd.rng, sum(counts.values())
    at, actor, target = [], [], []
    for kind, count in counts.items():
        if kind in TALKS:
            times, one, other = crowd.bursts(count, **TALKS[kind])
        else:
            times, one = crowd.times(count), crowd.actors(count)
            nobody = np.full(count, -1, np.int32)
            other = crowd.partners(one, **TIES[kind]) if kind in TIES else nobody
        at.append(times)
        actor.append(one)
        target.append(other)
    kinds = np.repeat(np.array(list(counts), np.int8), list(counts.values()))
    kinds[(kinds == MENTION) & (rng.random(m) < 0.5)] = REPLY
    share = np.zeros(len(KINDS))
    share[MESSAGE], share[POST] = ADDRESS_SHARE, ADDRESS_SHARE / 2
    room = (ROOMS * rng.random(m) ** 3).astype(np.int16)
    return Rows(
        at=START + day * DAY + np.concatenate(at),
        kind=kinds,
        actor=np.concatenate(actor),
        target=np.concatenate(target),
        room=np.where(kinds == MESSAGE, np.int16(-1), room),
        address=rng.random(m) < share[kinds],
    )


def chain(rng: np.random.Generator, label: str) -> list[tuple[float, int, bool, bool]]:
    """Draw the events between a recruiter and a target, with one thing wrong unless it is a funnel.

    A funnel keeps the windows of `playbooks/p1.yaml`, and those of the shipped playbook for
    extremist recruitment too, which asks for twenty messages on four days.

    Returns:
        For each event its time in days, its kind, whether the target acts, and whether it holds an address.
    """
    hour = 1 / 24
    public = rng.uniform(0, 45)
    follow = public + (7 + hour if label == "late follow" else rng.uniform(0.1, 6.5))
    if label == "follow first":
        follow = public - hour
    after = max(public, follow)
    message = after + (3 + hour if label == "late message" else rng.uniform(0.1, 2.5))
    at_once = rng.random() < 0.3 and label not in ("late address", "no address")
    later = 3 + hour if label == "late address" else rng.uniform(0.1, 2.5)
    address = message if at_once else message + later
    handed = label != "no address"
    many = 9 if label == "nine messages" else int(rng.integers(24, 41))
    if label == "two days":
        midnight = np.floor(address) + 1
        talk = midnight + np.sort(rng.uniform(0.01, 1.99, many))
    else:
        talk = address + np.linspace(0.01, rng.uniform(5, 14), many)
    if label == "late talk":
        talk[9:] += 22
    events = [
        (public, MENTION, rng.random() < 0.7, False),
        (follow, FOLLOW, False, False),
        (message, MESSAGE, False, at_once and handed),
    ]
    if not at_once:
        events.append((address, MESSAGE, False, handed))
    events += [(at, MESSAGE, rng.random() < 0.5, False) for at in talk.tolist()]
    return events


def planted(crowd: Crowd) -> tuple[Rows, list[tuple[int, int, str]]]:
    """Plant one recruiter in ten thousand accounts, at least five, with the targets of each.

    Returns:
        The events by time, and (recruiter, target, label), the label `funnel` or one of `MISSES`.
    """
    rng = crowd.rng
    middling = np.flatnonzero((crowd.activity > 2) & (crowd.activity < 20))
    quiet = np.flatnonzero(crowd.activity < 2)
    recruiters = rng.choice(middling, max(5, round(crowd.size / 10_000)), replace=False)
    targets = rng.choice(quiet, TARGETS * len(recruiters), replace=False)
    events: list[tuple[float, int, int, int, int, bool]] = []
    truth: list[tuple[int, int, str]] = []
    for number, target in enumerate(targets.tolist()):
        recruiter = int(recruiters[number // TARGETS])
        label = MISSES[number // 2 % len(MISSES)] if number % 2 else "funnel"
        truth.append((recruiter, target, label))
        for day, kind, back, address in chain(rng, label):
            ends = (target, recruiter) if back else (recruiter, target)
            events.append((day, kind, *ends, -1 if kind == MESSAGE else 0, address))
    day, kind, actor, target, room, address = np.array(events).T
    rows = Rows(
        at=START + (day * DAY).astype(np.int64),
        kind=kind.astype(np.int8),
        actor=actor.astype(np.int32),
        target=target.astype(np.int32),
        room=room.astype(np.int16),
        address=address == 1,
    )
    return rows.take(np.argsort(rows.at, kind="stable")), truth


@dataclass
class World:
    """All that is made from one number of events and one seed.

    Attributes:
        numbers: a 62-bit number for each account.
        truth: what was planted: (recruiter, target, label).
    """

    numbers: Array
    truth: list[tuple[int, int, str]]
    _crowd: Crowd
    _planted: Rows
    _size: int

    def days(self) -> Iterator[Rows]:
        """Make the events day by day, each later than the one before."""
        rng = self._crowd.rng
        rest = self._size - len(self._planted)
        totals = {kind: int(rest * share) for kind, share in SHARES.items()}
        totals[POST] += rest - sum(totals.values())
        daily = {
            kind: rng.multinomial(m, np.full(DAYS, 1 / DAYS)) for kind, m in totals.items()
        }
        waiting, latest = self._planted, 0
        for day in range(DAYS):
            counts = {kind: int(many[day]) for kind, many in daily.items()}
            rows = joined([waiting, background(self._crowd, day, counts)])
            rows = rows.take(np.argsort(rows.at, kind="stable"))
            # Talks run past midnight, and what is planted spans weeks: those rows wait for their day.
            until = START + (day + 1) * DAY if day + 1 < DAYS else np.iinfo(np.int64).max
            now = int(np.searchsorted(rows.at, until))
            waiting, rows = rows.take(slice(now, None)), rows.take(slice(now))
            if len(rows):
                steps = np.arange(len(rows))
                rows.at = np.maximum(np.maximum.accumulate(rows.at - steps), latest + 1) + steps
                latest = int(rows.at[-1])
                yield rows


def make(n: int, seed: int, accounts: int | None = None) -> World:
    """Prepare a world of `n` events.

    Args:
        n: number of events, at least 5000.
        seed: one seed and one number of events always make the same world.
        accounts: how many there are; one to twenty events, and at least a thousand, unless told.
    """
    rng = np.random.default_rng(seed)
    crowd = Crowd(accounts or max(1000, n // PER_ACCOUNT), rng)
    rows, truth = planted(crowd)
    numbers = np.unique(rng.integers(1 << 40, 1 << 62, crowd.size + crowd.size // 50 + 99))
    return World(rng.permutation(numbers)[: crowd.size], truth, crowd, rows, n)

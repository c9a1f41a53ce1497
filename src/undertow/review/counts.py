"""Counts of a desk for Prometheus: cases, decisions, refusals, faults, the log. Numbers alone: no code, no name, no text."""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock
from typing import Final, NamedTuple

from fastapi import FastAPI
from sqlalchemy import func, select

from undertow.cases import checkpoints, tallies
from undertow.cases.policy import OUTCOMES
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, exposures, outbox
from undertow.exposed import Metric
from undertow.review import names
from undertow.units import SECOND

PREFIX: Final = "undertow_desk_"
FRESH: Final = 5.0
"""Seconds for which numbers of the store are kept: who asks often makes no load."""


class Counts:
    """What one process counted since it began; many threads may count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.answers: Counter[str] = Counter()
        self.faults = self.refused = self.clock_failed = 0
        self.kept: tuple[float, Stored] | None = None

    def answered(self, status: int) -> None:
        """Count an answer by the first digit of its status; from 500 on it is a fault of ours."""
        with self._lock:
            self.answers[f"{status // 100}xx"] += 1
            self.faults += status >= 500

    def sign_in_refused(self) -> None:
        """Count a sign-in that was refused."""
        with self._lock:
            self.refused += 1

    def failed(self, many: int) -> None:
        """Count tasks of the clock that failed."""
        with self._lock:
            self.clock_failed += many


class Stored(NamedTuple):
    """What stands in the store. `oldest`: when the oldest case that waits was opened, None for none."""

    states: dict[str, int]
    oldest: int | None
    overdue: int
    decided: dict[str, int]
    looks: int
    unsent: int
    log: checkpoints.State


def stored(store: Store, now: int) -> Stored:
    """Count what stands in the store at one moment; `now` in microseconds."""
    is_open = cases.c.state != "closed"
    with store.reading() as connection:
        states = tallies.by_state(connection)
        oldest = connection.execute(select(func.min(cases.c.opened_at)).where(is_open)).scalar()
        late = select(func.count()).where(is_open, cases.c.due_at < now)
        settled = select(acts.c.outcome, func.count()).where(acts.c.kind == "settle")
        decided = {
            outcome: int(many)
            for outcome, many in connection.execute(settled.group_by(acts.c.outcome))
        }
        looks = select(func.max(exposures.c.exposure))
        unsent = select(func.count()).where(outbox.c.sent_at.is_(None))
        return Stored(
            states,
            oldest,
            int(connection.execute(late).scalar_one()),
            decided,
            int(connection.execute(looks).scalar() or 0),
            int(connection.execute(unsent).scalar_one()),
            checkpoints.state(store),
        )


def numbers(app: FastAPI) -> list[Metric]:
    """Give the metrics of this moment; those of the store are at most some seconds old."""
    counts: Counts = app.state.counts
    store, now = app.state.store, app.state.clock()
    held = counts.kept
    if held is None or time.monotonic() - held[0] > FRESH:
        held = counts.kept = (time.monotonic(), stored(store, now))
    return [*_of_store(held[1], now), *_of_process(counts)]


def _of_store(held: Stored, now: int) -> list[Metric]:
    waiting = sum(many for state, many in held.states.items() if state != "closed")
    age = 0.0 if held.oldest is None else max(now - held.oldest, 0) / SECOND
    states = {name: float(held.states.get(name, 0)) for name in names.STATES}
    decided = {name: float(held.decided.get(name, 0)) for name in OUTCOMES}
    return [
        Metric("cases", "gauge", "Cases by state.", states, "state"),
        Metric("queue", "gauge", "Cases that are not closed.", {"": waiting}),
        Metric("oldest_seconds", "gauge", "Age of the oldest of these.", {"": age}),
        Metric("overdue", "gauge", "Cases whose clock ran out.", {"": held.overdue}),
        Metric(
            "decided",
            "gauge",
            "Decisions that took effect, on cases that are kept, by outcome.",
            decided,
            "outcome",
        ),
        Metric("looks_total", "counter", "Texts and identities opened.", {"": held.looks}),
        Metric("unsent", "gauge", "Decisions the operator's system lacks.", {"": held.unsent}),
        Metric(
            "log_leaves_total", "counter", "Leaves of the audit log.", {"": held.log.leaves}
        ),
        Metric("log_signed_total", "counter", "Of these, signed.", {"": held.log.signed}),
    ]


def _of_process(counts: Counts) -> list[Metric]:
    answers = {f"{n}xx": float(counts.answers[f"{n}xx"]) for n in range(2, 6)}
    return [
        Metric("answers_total", "counter", "Answers by kind of status.", answers, "status"),
        Metric("faults_total", "counter", "Answers that were our fault.", {"": counts.faults}),
        Metric(
            "clock_faults_total",
            "counter",
            "Tasks of the clock that failed.",
            {"": counts.clock_failed},
        ),
        Metric("sign_ins_refused_total", "counter", "Sign-ins refused.", {"": counts.refused}),
    ]

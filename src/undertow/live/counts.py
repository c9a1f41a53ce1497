"""The counts of a watch: all that metrics, the line on the screen and the summary know."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from undertow.exposed import Metric
from undertow.live.engine import Engine
from undertow.live.order import Waiting
from undertow.units import SECOND


@dataclass
class Counts:
    """Counts since the first start, carried over by checkpoints.

    Attributes:
        read: lines, blank ones left out.
        rejected: lines set aside.
        fed: events that the engine took.
        alerts: lines written, by playbook.
        resumed: how often the run was taken up again.
        saved_at: when the last checkpoint of this process was made, seconds since the epoch.
        saving: how long that took, seconds.
    """

    read: int = 0
    rejected: int = 0
    fed: int = 0
    alerts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    resumed: int = 0
    saved_at: float | None = None
    saving: float = 0.0

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint holds."""
        return {
            "read": self.read,
            "rejected": self.rejected,
            "fed": self.fed,
            "alerts": dict(self.alerts),
            "resumed": self.resumed,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint held."""
        self.read, self.rejected, self.fed = state["read"], state["rejected"], state["fed"]
        self.alerts = defaultdict(int, state["alerts"])
        self.resumed = state["resumed"] + 1


def numbers(
    counts: Counts, waiting: Waiting, engine: Engine | None, in_use: int
) -> list[Metric]:
    """Gather all numbers; callable from another thread, as it only reads."""
    now = time.time()
    has_events = waiting.late or waiting.repeated or counts.fed or len(waiting)
    lag = max(0.0, now - waiting.greatest / SECOND) if has_events else 0.0

    def one(name: str, kind: str, says: str, value: float) -> Metric:
        return Metric(name, kind, says, {"": float(value)})

    listed = [
        one("lines_read_total", "counter", "Lines read, blank ones left out.", counts.read),
        one("events_fed_total", "counter", "Events that the engine took.", counts.fed),
        one(
            "events_late_total",
            "counter",
            "Events that came after the watermark and went no further.",
            waiting.late,
        ),
        one(
            "events_repeated_total", "counter", "Events that had come before.", waiting.repeated
        ),
        one("lines_rejected_total", "counter", "Lines set aside as faulty.", counts.rejected),
        one("events_waiting", "gauge", "Events that wait for the watermark.", len(waiting)),
        one(
            "pairs_live",
            "gauge",
            "Pairs of accounts that the engine remembers.",
            0 if engine is None else engine.pairs,
        ),
        one("bytes_in_use", "gauge", "Bytes of names, order and engine.", in_use),
        one("lag_seconds", "gauge", "Clock less the greatest time of an event.", lag),
        Metric(
            "alerts_total", "counter", "Alerts written, revisions included.", _floats(counts)
        ),
    ]
    if counts.saved_at is not None:
        listed += [
            one(
                "checkpoint_age_seconds",
                "gauge",
                "Time since the last checkpoint.",
                max(0.0, now - counts.saved_at),
            ),
            one(
                "checkpoint_duration_seconds",
                "gauge",
                "What the last checkpoint took.",
                counts.saving,
            ),
        ]
    return listed


def _floats(counts: Counts) -> dict[str, float]:
    return {name: float(many) for name, many in counts.alerts.copy().items()}

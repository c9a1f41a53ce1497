"""What is said of a run over one playbook: its steps, how often they were taken, and what stayed unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.matches import kernel_states as states
from undertow.matches.program import Array
from undertow.scores.weigh import Weighed, likely


@dataclass(frozen=True)
class Told:
    """What is said of the input as a whole.

    Attributes:
        events, repeats, accounts: how many there are.
        span: first and last moment, microseconds.
        addressed: a log that names which accounts were addressed on which platforms.
        knows: answers `campaigns.sources.knows_only`; None where the log can.
    """

    events: int
    repeats: int
    accounts: int
    span: tuple[int, int]
    addressed: EventLog
    knows: Callable[[Array, Array, Array], Array] | None = None

    @classmethod
    def of(cls, log: EventLog) -> Told:
        """Tell of a log that holds all events."""
        return cls(len(log), log.repeats, len(log.accounts), (log.start, log.end), log)


def about(weighed: Weighed, log: EventLog) -> dict[str, Any]:
    """Say of a playbook what it looks for and how often its steps were taken, as `run.json` tells it."""
    playbook, rates = weighed.matches.playbook, weighed.rates
    return {
        "name": playbook.name,
        "title": playbook.title,
        "status": playbook.status,
        "source": playbook.origin,
        "version": playbook.version,
        "falsepositives": list(playbook.falsepositives),
        "reason": playbook.reason,
        "listed_from": playbook.listed_from,
        "keys": len(weighed.matches) + (weighed.background.many if weighed.background else 0),
        "listed": int(weighed.listed.sum()),
        "by_oracle": weighed.matches.slow,
        "steps": [
            {
                "name": step.name,
                "optional": step.optional,
                "likely": likely(step),
                "likely_source": step.likely_source,
                "types": list(step.types),
                "public": not ({"message"} & set(step.types)),
                "within": step.within,
                "unknown_for": _blind(weighed, s, log),
            }
            for s, step in enumerate(playbook.steps)
        ],
        "counts": {
            step.name: {
                "reached": round(float(rates.reached[s].sum())),
                "at_risk": round(float(rates.at_risk[s].sum())),
                "u": float((rates.reached[s].sum() + 0.5) / (rates.at_risk[s].sum() + 1)),
            }
            for s, step in enumerate(playbook.steps)
        },
    }


def _blind(weighed: Weighed, s: int, log: EventLog) -> list[str]:
    """Name the platforms of keys for which a step was unknown."""
    unknown = weighed.matches.states[:, s] == states.UNKNOWN
    # One more, which stays false, for the rows that name nobody.
    ends = np.zeros(len(log.accounts) + 1, bool)
    ends[weighed.matches.keys[unknown, 1 - weighed.judged]] = True
    if weighed.background is not None:
        ends[: len(log.accounts)] |= weighed.background.unknown[s]
    if not ends.any():
        return []
    codes = np.unique(log.platform[ends[log.target]])
    return [log.platforms[int(code)].as_py() for code in codes if code != NOBODY]


def coverage(weighed: Weighed, sources: tuple[Source, ...], log: EventLog) -> list[str]:
    """Say in plain sentences what the data could not show."""
    playbook = weighed.matches.playbook
    lines = []
    for s, step in enumerate(playbook.steps):
        platforms = _blind(weighed, s, log)
        if platforms:
            lines.append(
                f"{', '.join(platforms)}: the step `{step.name}` could not be seen for some or all; "
                "it weighs nothing there"
            )
    if not sources:
        lines.append(
            "no sources were declared: a step that is absent may just not have been visible"
        )
    if any(source.precision in ("min", "day") for source in sources):
        lines.append(
            "some times are no finer than a minute or a day: order within it is not known"
        )
    lines.append(
        "what happens outside these sources, off the platform or by voice, is not visible"
    )
    return lines

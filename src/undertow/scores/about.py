"""What a run says of each playbook: how its steps were reached, and what could not be seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.matches import kernel_states as states
from undertow.scores.weigh import Weighed, likely


def about(weighed: Weighed, log: EventLog) -> dict[str, Any]:
    """Describe a playbook and how its steps were reached: what `run.json` holds under `playbooks`."""
    playbook, rates = weighed.matches.playbook, weighed.rates
    return {
        "name": playbook.name,
        "title": playbook.title,
        "status": playbook.status,
        "source": playbook.origin,
        "falsepositives": list(playbook.falsepositives),
        "reason": playbook.reason,
        "listed_from": playbook.listed_from,
        "keys": len(weighed.matches),
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
    if not unknown.any():
        return []
    codes = np.unique(log.platform[ends[log.target]])
    return [log.platforms[int(code)].as_py() for code in codes if code != NOBODY]


def coverage(weighed: Weighed, sources: tuple[Source, ...], log: EventLog) -> list[str]:
    """Say in plain sentences what the data could not show of a playbook."""
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

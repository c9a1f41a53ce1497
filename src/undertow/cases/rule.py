"""Which accounts become cases, in which order they are looked at, and what counts as news (decision 0021)."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from undertow.cases.dossier import Dossier, EvidenceLine
from undertow.units import DAY

DAILY: Final = 40
"""Reviews of a day, where nothing else is set: what a small team can do (requirement of the desk)."""
ALERT: Final = 0.1
"""q up to which an account is raised, as in `nulls.chance`."""
REOPENS: Final = 3.0
"""Bits by which a decided case must have grown to be opened again (requirement of the desk)."""
HALF: Final = 7 * DAY
"""Time in which the urgency of a talk halves: ours. The report tells of about two weeks of talk."""
BLIND: Final = 0.1
"""Share of cases that are judged before their score is shown: ours, as much as a team will bear."""
NEWS: Final = 0.1
"""Bits by which a number must differ to be news: rates move a little with every further event."""
_SHARE: Final = 0.2
"""The same for rates and probabilities, relative: ours."""
_BITS: Final = frozenset(("weight", "bits"))
_ASIDE: Final = frozenset(
    ("run", "necessary", "reached", "at_risk", "keys", "kinds", "passage", "usual")
)
"""What moves with every run and says nothing new about the account."""
_ABOUT: Final = ("name", "step", "source", "target", "kind", "a", "b", "event")
"""What a row of a dossier is about, in the order of sorting."""


def even(prior: float) -> float:
    """Give the weight that makes up for a prior: above it the odds are better than even, in bits."""
    return math.log2((1 - prior) / prior)


def is_alert(row: dict[str, Any]) -> bool:
    """Say whether null worlds raise a row of the ranking."""
    return row.get("q_value") is not None and row["q_value"] <= ALERT


def line_of(weight: float, prior: float, alerts: list[float]) -> float:
    """Give the weight without which a case would not stand in the queue.

    Args:
        weight: of the case, bits.
        prior: of the run.
        alerts: weights of all rows that null worlds raise.

    Returns:
        Even odds for whoever is above them, else the lowest alert's weight.
    """
    odds = even(prior)
    return odds if weight > odds or not alerts else min(weight, *alerts)


def with_necessary(
    lines: tuple[EvidenceLine, ...], weight: float, line: float
) -> tuple[EvidenceLine, ...]:
    """Mark the lines without which the weight falls below the line of the queue."""
    return tuple(
        msgspec.structs.replace(one, necessary=one.bits > 0 and weight - one.bits < line)
        for one in lines
    )


def confidence(dossier: Dossier) -> float:
    """Give how sure a case is, in (0, 1): the better of its probability and 1 - q."""
    odds = dossier.weight - even(dossier.run.prior)
    sure = dossier.probability
    if sure is None:
        sure = 1 / (1 + 2.0 ** min(max(-odds, -900.0), 900.0))
    chance = 1 - dossier.chance.q if dossier.chance is not None else 0.0
    return min(max(sure, chance, 1e-9), 1.0)


def seen_until(dossier: Dossier) -> int:
    """Give the last moment of any step, microseconds; the run's own where there is none."""
    return max((s.at for f in dossier.funnels for s in f.steps), default=dossier.run.at)


def priority(dossier: Dossier) -> float:
    """Order the queue: harm x urgency x confidence, as a sum of base-2 logarithms.

    Harm: people in it, each by how far the funnel with them went. Urgency halves every seven days after
    the last step; as all cases age alike, the order stays what it is without a clock.
    """
    place = {step.name: n for n, step in enumerate(dossier.playbook.steps, start=1)}
    many = max(len(place), 1)
    harm = sum(place.get(one.step, 1) / many for one in dossier.funnels) or 1 / many
    return math.log2(harm) + seen_until(dossier) / HALF + math.log2(confidence(dossier))


def is_news(old: Dossier, new: Dossier) -> bool:
    """Say whether a dossier says something that the one before did not.

    Passages that have become known are news; a number that moved by less than a tenth of a bit is none.
    """
    had, have = (
        {step.event for one in dossier.funnels for step in one.steps if step.passage}
        for dossier in (old, new)
    )
    raised = [one.chance is not None and one.chance.q <= ALERT for one in (old, new)]
    if have - had or raised[0] != raised[1]:
        return True
    return _differ(msgspec.to_builtins(old), msgspec.to_builtins(new), "")


def _differ(old: object, new: object, name: str) -> bool:
    if name in _ASIDE:
        return False
    if isinstance(old, dict) and isinstance(new, dict):
        names = old.keys() | new.keys()
        return any(_differ(old.get(one), new.get(one), one) for one in names)
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        pairs = zip(_in_order(old), _in_order(new), strict=False)
        return len(old) != len(new) or any(_differ(a, b, name) for a, b in pairs)
    if isinstance(old, float) and isinstance(new, float):
        if name in _BITS:
            return abs(old - new) > NEWS
        return abs(old - new) > _SHARE * max(abs(old), abs(new))
    return old != new


def _in_order(rows: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Order rows by what they are about: their own order goes by numbers that move."""
    if not all(isinstance(row, dict) for row in rows):
        return list(rows)
    return sorted(rows, key=lambda row: [str(row.get(name, "")) for name in _ABOUT])

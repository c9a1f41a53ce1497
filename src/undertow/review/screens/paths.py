"""The path of one person through a campaign: which account did what to them, in the order of time.

The person stays the code by which the pages of cases call them. Whoever does not see what ties the accounts,
because a case is theirs to judge first, gets no path either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from undertow.cases.dossier import Dossier
from undertow.cases.queue import Row
from undertow.export import graph
from undertow.review.drawing.campaign import Drawn


@dataclass(frozen=True)
class Passed:
    """One step of the path. `actor` is None where the person acted themselves; `case` is the one that lists the step."""

    at: int
    step: str
    actor: str | None
    case: str


@dataclass(frozen=True)
class Path:
    """The path of a person.

    Attributes:
        target: their code.
        steps: in the order of time.
        order: the place, from 1, at which each account came in.
    """

    target: str
    steps: tuple[Passed, ...]
    order: dict[str, int]

    def hops(self, drawn: Drawn) -> list[str]:
        """Draw a line from each account to the one that acted next, as SVG path data; accounts that are not drawn stay out."""
        at = {one.code: one for one in drawn.nodes}
        acted = [one.actor for one in self.steps if one.actor in at]
        pairs = dict.fromkeys((a, b) for a, b in pairwise(acted) if a != b and a and b)
        return [
            graph.curve((at[a].x, at[a].y), (at[b].x, at[b].y), bent=at[a].role == at[b].role)
            for a, b in pairs
        ]


def path(found: Iterable[tuple[Row, Dossier]], target: str, until: int | None) -> Path:
    """Follow a person through the funnels of a campaign's cases.

    Args:
        found: the cases.
        target: the person's code; one whom no funnel knows has no steps.
        until: microseconds; later steps are left out. None for all.
    """
    known: dict[tuple[str, str], Passed] = {}
    for row, dossier in found:
        for funnel in dossier.funnels:
            if funnel.target != target:
                continue
            for taken in funnel.steps:
                if until is None or taken.at < until:
                    actor = None if taken.actor == target else taken.actor
                    # The same event may stand in the cases of two accounts that work together.
                    known.setdefault(
                        (taken.event, taken.step), Passed(taken.at, taken.step, actor, row.code)
                    )
    steps = tuple(sorted(known.values(), key=lambda one: (one.at, one.step, one.case)))
    accounts = dict.fromkeys(one.actor for one in steps if one.actor is not None)
    return Path(target, steps, {code: n for n, code in enumerate(accounts, 1)})

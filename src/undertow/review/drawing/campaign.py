"""A campaign drawn: accounts as shapes by role, whom they contacted as nameless dots, ties between.

The places are those of `export.graph`: who lets in, who talks, who takes over. The same campaign stands
the same way on every page and in every export. People who were contacted have no name and no place of
their own: they are counted, and drawn as that many dots around an account.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from undertow.cases.dossier import CampaignCard, Tie
from undertow.export import charts, graph
from undertow.review import names
from undertow.review.language import Language

DOTS: Final = 12
"""Dots drawn around an account; further people are counted beside them."""
RING: Final = 25.0
APART: Final = 1.5
"""How much further apart accounts stand than in the report: their dots need room."""
PLACES: Final = {"gatekeeper": 1, "recruiter": 0, "facilitator": 5}
"""Which shape of `export.charts` stands for a role: square, circle, pentagon; a triangle for others."""
WEAK: Final = 2.0
"""Bits below which one tie alone says next to nothing: it multiplies the odds by less than four (ours)."""


@dataclass(frozen=True)
class Node:
    """One account: its shape, and the dots of those it contacted; `case` where it has one.

    `since` and the third number of a dot are steps of the slider from which they are seen, None where no event
    tells; `more` those of the people who have no dot.
    """

    code: str
    role: str
    path: str
    x: float
    y: float
    dots: tuple[tuple[float, float, int | None], ...]
    more: tuple[int, ...]
    case: str | None
    since: int | None


@dataclass(frozen=True)
class Edge:
    """All ties of two accounts; `weak`: one kind alone, of few bits; `since`: both had acted by then."""

    a: str
    b: str
    kinds: tuple[str, ...]
    bits: float
    path: str
    width: float
    weak: bool
    since: int | None


@dataclass(frozen=True)
class Drawn:
    """The whole drawing; `lanes` are x and what the role does."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[tuple[float, str], ...]
    width: int
    height: float
    left_out: int


@dataclass(frozen=True)
class Dates:
    """When accounts were first seen, and people first reached, by account: steps of a slider, oldest first."""

    accounts: Mapping[str, int]
    people: Mapping[str, tuple[int, ...]]


UNDATED: Final = Dates({}, {})


def campaign(
    language: Language,
    card: CampaignCard,
    cases: Mapping[str, str],
    dates: Dates = UNDATED,
    kind: str | None = None,
) -> Drawn:
    """Lay a campaign out.

    Args:
        language: of the lanes; one read from the right mirrors the drawing.
        card: members and ties.
        cases: the case of each member that has one, by its code.
        dates: when each member was first seen and whom it reached when; small pictures do without.
        kind: draw ties of this kind alone; None for all.
    """
    ties = [one for one in card.ties if kind in (None, one.kind)]
    drawn = graph.draw(
        {
            "campaign": card.campaign,
            "weight": card.weight,
            "accounts": [{"account": code, "role": role} for code, role in card.members],
            "ties": [{"kind": t.kind, "a": t.a, "b": t.b, "bits": t.bits} for t in ties],
        }
    )
    turned = language.direction == "rtl"

    def along(x: float) -> float:
        return graph.WIDTH - x if turned else x

    def down(y: float) -> float:
        return graph.TOP + (y - graph.TOP) * APART

    nodes = [
        _node(one.account, one.role, (along(one.x), down(one.y)), dates, cases)
        for one in drawn.nodes
    ]
    at = {one.code: one for one in nodes}
    return Drawn(
        nodes=tuple(nodes),
        edges=tuple(_edge(one, at) for one in drawn.edges),
        lanes=tuple(
            (along(x), str(names.label(language, names.LANES, what))) for x, what in drawn.lanes
        ),
        width=graph.WIDTH,
        height=down(drawn.height),
        left_out=drawn.left_out,
    )


def _node(
    code: str,
    role: str,
    at: tuple[float, float],
    dates: Dates,
    cases: Mapping[str, str],
) -> Node:
    x, y = at
    people = dates.people.get(code, ())
    shown = min(len(people), DOTS)
    # From the lower right round to the lower left: the upper side holds the account's code.
    turns = [math.pi * (-0.1 + 1.2 * (i + 0.5) / max(shown, 1)) for i in range(shown)]
    dots = tuple(
        (x + RING * math.cos(turn), y + RING * math.sin(turn), since)
        for turn, since in zip(turns, people, strict=False)
    )
    path = charts.shape(PLACES.get(role, 2), x, y, 10.0)
    since = dates.accounts.get(code)
    return Node(code, role, path, x, y, dots, people[shown:], cases.get(code), since)


def _edge(edge: graph.Edge, at: Mapping[str, Node]) -> Edge:
    one, other = at[edge.a], at[edge.b]
    path = graph.curve((one.x, one.y), (other.x, other.y), bent=one.role == other.role)
    weak = len(edge.kinds) == 1 and edge.bits < WEAK
    known = [at_ for at_ in (one.since, other.since) if at_ is not None]
    since = max(known, default=None)
    return Edge(edge.a, edge.b, edge.kinds, edge.bits, path, edge.width, weak, since)


def carried_by(ties: tuple[Tie, ...]) -> tuple[str, float] | None:
    """Name the kind of tie that carries more than half of all bits of a campaign, with its share."""
    whole = sum(one.bits for one in ties if one.bits > 0)
    for kind in sorted({one.kind for one in ties}):
        share = sum(one.bits for one in ties if one.kind == kind and one.bits > 0)
        if whole > 0 and share / whole > 0.5:
            return kind, share / whole
    return None


def alone(ties: tuple[Tie, ...]) -> list[tuple[str, str, str, float]]:
    """List pairs that one weak tie alone holds: a, b, kind, bits."""
    pairs: dict[tuple[str, str], list[Tie]] = {}
    for one in ties:
        a, b = sorted((one.a, one.b))
        pairs.setdefault((a, b), []).append(one)
    return [
        (a, b, some[0].kind, some[0].bits)
        for (a, b), some in sorted(pairs.items())
        if len(some) == 1 and some[0].bits < WEAK
    ]

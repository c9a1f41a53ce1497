"""A campaign as a drawing: who lets in, who talks, who takes over, from left to right, and what ties them.

The places follow from the roles, so the same campaign is drawn the same way on every page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from undertow.export import wording
from undertow.export.corroborated import Rests, rests_on

LANES: Final = (
    ("gatekeeper", "lets in"),
    ("recruiter", "talks"),
    ("facilitator", "takes over"),
)
WIDTH: Final = 960
TOP: Final = 46
APART: Final = 58
SHOWN: Final = 8
"""Accounts drawn per role; the others are counted."""


@dataclass(frozen=True)
class Node:
    """One account of a campaign."""

    account: str
    role: str
    x: float
    y: float


@dataclass(frozen=True)
class Edge:
    """All ties of two accounts: kinds in words, strongest first, with the sum of their bits."""

    a: str
    b: str
    kinds: tuple[str, ...]
    bits: float
    path: str
    width: float


@dataclass(frozen=True)
class Drawn:
    """A campaign with its drawing; `says` is the drawing in a sentence."""

    campaign: str
    weight: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[tuple[float, str], ...]
    height: float
    left_out: int
    says: str
    rests: Rests | None = None
    """What it rests on; None where the folder does not say."""
    role_changes: int = 0
    """Accounts that a member drew in and that later drew in others."""


def draw(row: dict[str, Any]) -> Drawn:
    """Lay one row of `campaigns.parquet` out.

    Args:
        row: the row, as plain values.
    """
    nodes: dict[str, Node] = {}
    left_out = 0
    lanes = []
    most = max(
        min(sum(one["role"] == role for one in row["accounts"]), SHOWN) for role, _ in LANES
    )
    height = TOP + APART * max(most, 1) + 10
    for lane, (role, what) in enumerate(LANES):
        mine = [one["account"] for one in row["accounts"] if one["role"] == role]
        left_out += max(len(mine) - SHOWN, 0)
        mine = mine[:SHOWN]
        x = WIDTH * (2 * lane + 1) / 6
        lanes.append((x, what))
        space = (height - TOP) / max(len(mine), 1)
        for place, account in enumerate(mine):
            # Every other one a little aside, so that a line between neighbours is seen.
            aside = (place % 2 - 0.5) * 60 if len(mine) > 1 else 0.0
            nodes[account] = Node(account, role, x + aside, TOP + space * (place + 0.5))
    edges = tuple(_edges(row["ties"], nodes))
    kinds = sorted({kind for edge in edges for kind in edge.kinds})
    sources = row.get("sources")
    members = wording.plural(len(row["accounts"]), "member")
    says = f"{len(row['accounts'])} accounts, tied by {', '.join(kinds) or 'nothing that is drawn'}"
    return Drawn(
        row["campaign"],
        row["weight"],
        tuple(nodes.values()),
        edges,
        tuple(lanes),
        height,
        left_out,
        says,
        None
        if sources is None
        else rests_on(sources, f"the conduct of its {members}, as of one hand"),
        row.get("role_changes") or 0,
    )


def _edges(ties: list[dict[str, Any]], nodes: dict[str, Node]) -> list[Edge]:
    together: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for tie in ties:
        if tie["a"] in nodes and tie["b"] in nodes:
            ends = sorted((tie["a"], tie["b"]))
            together.setdefault((ends[0], ends[1]), []).append(tie)
    edges = []
    for (a, b), unsorted in sorted(together.items()):
        one, other = nodes[a], nodes[b]
        some = sorted(unsorted, key=lambda tie: -tie["bits"])
        bits = sum(tie["bits"] for tie in some)
        path = curve((one.x, one.y), (other.x, other.y), bent=one.role == other.role)
        kinds = tuple(dict.fromkeys(tie["kind"] for tie in some))
        edges.append(Edge(a, b, kinds, bits, path, min(1.0 + bits / 4, 6.0)))
    return edges


def curve(one: tuple[float, float], other: tuple[float, float], *, bent: bool) -> str:
    """Draw a line between two places as SVG path data; bent where both stand in one lane, so that it is seen."""
    middle = (one[0] + other[0]) / 2 + (40.0 if bent else 0.0), (one[1] + other[1]) / 2
    (ax, ay), (mx, my), (bx, by) = one, middle, other
    return f"M{ax:.1f},{ay:.1f}Q{mx:.1f},{my:.1f} {bx:.1f},{by:.1f}"

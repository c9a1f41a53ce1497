"""Where things stand in the drawings: geometry only, in numbers; templates turn it into SVG.

Nothing here writes markup, so that every text in a drawing passes the template's escaping.
Steps are told apart by number and shape, public and private by hollow and filled, for and against
by filled and hollow and by sign; colour only repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from undertow.export import wording
from undertow.export.findings import Finding
from undertow.export.folder import Funnel, PlaybookFacts

WIDTH: Final = 1000
LEFT: Final = 186
"""Room for the names of the lanes, in drawing units."""
RIGHT: Final = 24
LANES_TOP: Final = 92
LANE: Final = 58
"""Height of a lane, in drawing units."""
CLOSEST: Final = 108
"""Least distance of two steps, in drawing units, while they fit."""
_SIDES: Final = (0, 4, 3, 6, -4, 5, 8, -3)
"""Corners of the shape per step: 0 is a circle, below 0 stands on its other end."""
_TICKS: Final = tuple(
    timedelta(hours=hours)
    for hours in (1, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 8760, 26_280, 87_600)
)


@lru_cache(maxsize=4096)
def shape(place: int, x: float = 0.0, y: float = 0.0, radius: float = 12.0) -> str:
    """Draw the shape of the step at `place` (from 0) around a point, as SVG path data."""
    sides = _SIDES[place % len(_SIDES)]
    if sides == 0:
        r = radius
        return f"M{x - r:.1f},{y:.1f}a{r},{r} 0 1,0 {2 * r},0a{r},{r} 0 1,0 {-2 * r},0z"
    count = abs(sides)
    turn = math.pi / 4 if sides == 4 else -math.pi / 2 if sides > 0 else math.pi / 2
    size = radius * (1.3 if count == 4 else 1.45 if count == 3 else 1.15)
    if sides == -4:
        turn = 0.0
    corners = [turn + 2 * math.pi * i / count for i in range(count)]
    points = [f"{x + size * math.cos(a):.1f},{y + size * math.sin(a):.1f}" for a in corners]
    return f"M{'L'.join(points)}z"


@dataclass(frozen=True)
class Mark:
    """One step on the timeline: on a lane at (x, y), tied to its true time at `axis_x`."""

    number: int
    path: str
    x: float
    y: float
    axis_x: float
    name: str
    label: tuple[str, ...]
    when: str
    private: bool | None
    gap: str | None
    gap_x: float


@dataclass(frozen=True)
class Timeline:
    """One funnel drawn from left to right, lanes for who acted, a true time axis below."""

    width: int
    height: float
    axis_y: float
    lanes_bottom: float
    lanes: tuple[tuple[float, str, str], ...]
    """y, what it is, short name."""
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    border: float | None
    """x at which the talk goes from public to private; None where it does not or nobody knows."""
    says: str
    """The drawing in words, for those who do not see it."""


def timeline(funnel: Funnel, facts: PlaybookFacts) -> Timeline:
    """Lay out one funnel: marks keep a readable distance, thin lines lead to their true times."""
    lanes = _lanes(funnel)
    heights = {actor: LANES_TOP + LANE * i for i, (actor, _) in enumerate(lanes)}
    bottom = LANES_TOP + LANE * (len(lanes) - 1) + 34
    times = [taken.at for taken in funnel.steps]
    begin, end = (min(times), max(times)) if times else (datetime.now(UTC),) * 2
    true = [_along(at, begin, end) for at in times]
    apart = spread(true, low=LEFT + 48, high=WIDTH - RIGHT - 48, least=CLOSEST)
    marks = [
        _mark(i, funnel, facts, x=apart[i], axis_x=true[i], y=heights[taken.actor], apart=apart)
        for i, taken in enumerate(funnel.steps)
    ]
    axis_y = bottom + 44
    return Timeline(
        width=WIDTH,
        height=axis_y + 34,
        axis_y=axis_y,
        lanes_bottom=bottom,
        lanes=tuple(
            (heights[actor], what, wording.shortened(wording.visible(actor), 22))
            for actor, what in lanes
        ),
        marks=tuple(marks),
        ticks=tuple(_ticks(begin, end)),
        border=_border(marks),
        says="; ".join(
            f"{mark.name}, {mark.when}" + (f", {mark.gap} later" if mark.gap else "")
            for mark in marks
        ),
    )


def _lanes(funnel: Funnel) -> list[tuple[str, str]]:
    actors = dict.fromkeys(taken.actor for taken in funnel.steps)
    between = [one for one in actors if one not in (funnel.recruiter, funnel.target)]
    others = [(one, "another account") for one in between]
    return [(funnel.recruiter, "recruiter"), *others, (funnel.target, "target")]


def _along(at: datetime, begin: datetime, end: datetime) -> float:
    whole = (end - begin).total_seconds()
    share = (at - begin).total_seconds() / whole if whole else 0.0
    return LEFT + 20 + share * (WIDTH - RIGHT - LEFT - 40)


def spread(places: Sequence[float], *, low: float, high: float, least: float) -> list[float]:
    """Move ascending places as little as needed so that neighbours are `least` apart.

    Where they do not all fit between `low` and `high`, they stand evenly.
    """
    count = len(places)
    if count < 2:
        return [min(max(place, low), high) for place in places]
    least = min(least, (high - low) / (count - 1))
    moved: list[float] = []
    for place in places:
        moved.append(max(place, low, moved[-1] + least if moved else low))
    for i in reversed(range(count)):
        limit = high if i == count - 1 else moved[i + 1] - least
        moved[i] = min(moved[i], limit)
    return moved


def _mark(
    i: int,
    funnel: Funnel,
    facts: PlaybookFacts,
    *,
    x: float,
    axis_x: float,
    y: float,
    apart: Sequence[float],
) -> Mark:
    taken = funnel.steps[i]
    place = facts.place(taken.step)
    name = wording.step_words(taken.step)
    before = funnel.steps[i - 1].at if i else None
    return Mark(
        number=place + 1,
        path=shape(place, x, y),
        x=x,
        y=y,
        axis_x=axis_x,
        name=name,
        label=two_lines(name, 15),
        when=wording.minute(taken.at)[5:] if len(apart) > 1 else wording.minute(taken.at),
        private=facts.step(taken.step).private,
        gap=wording.gap(before, taken.at) if before is not None else None,
        gap_x=(apart[i - 1] + x) / 2 if i else x,
    )


def two_lines(text: str, length: int) -> tuple[str, ...]:
    """Break a label into at most two lines of about `length` characters, cutting what is too long."""
    if len(text) <= length:
        return (text,)
    at = text.rfind(" ", 0, length + 1)
    if at <= 0:
        return (wording.shortened(text, length),)
    return (text[:at], wording.shortened(text[at + 1 :], length))


def _border(marks: Sequence[Mark]) -> float | None:
    for before, after in pairwise(marks):
        if before.private is False and after.private is True:
            return (before.x + after.x) / 2
    return None


def _ticks(begin: datetime, end: datetime) -> list[tuple[float, str]]:
    whole = end - begin
    if not whole:
        return [(_along(begin, begin, end), wording.date(begin))]
    step = next((one for one in _TICKS if whole / one <= 7), whole / 7)
    first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    ticks = []
    while first <= end:
        if first >= begin:
            day = wording.date(first)
            ticks.append((_along(first, begin, end), f"{first:%H:%M}" if first.hour else day))
        first += step
    return ticks or [(_along(begin, begin, end), wording.minute(begin))]


@dataclass(frozen=True)
class Bar:
    """One row of the waterfall, in percent of its width: the bar and the running sum around it."""

    start: float
    end: float
    bits: float
    is_total: bool = False

    @property
    def left(self) -> float:
        """Left edge of the bar."""
        return min(self.start, self.end)

    @property
    def width(self) -> float:
        """Length of the bar; a hair's breadth where it weighs nothing."""
        return max(abs(self.end - self.start), 0.2)


@dataclass(frozen=True)
class Waterfall:
    """The weight as bars that begin where the one before ends; the last row is the sum."""

    bars: tuple[Bar, ...]
    zero: float
    even: float
    """Where weight and prior are at even odds."""


def waterfall(finding: Finding, prior: float) -> Waterfall:
    """Lay out the lines of a finding, then what they do not explain if anything, then the weight."""
    steps = [line.bits for line in finding.lines] + ([finding.gap] if finding.gap else [])
    sums = [0.0]
    for value in steps:
        sums.append(sums[-1] + value)
    even = -wording.prior_bits(prior)
    low, high = min(0.0, *sums, finding.weight), max(even, *sums, finding.weight)
    room = (high - low) or 1.0

    def along(value: float) -> float:
        return 2 + 96 * (value - low) / room

    bars = [
        Bar(along(before), along(after), value)
        for before, after, value in zip(sums, sums[1:], steps, strict=False)
    ]
    total = Bar(along(0.0), along(finding.weight), finding.weight, is_total=True)
    return Waterfall((*bars, total), zero=along(0.0), even=along(even))


@dataclass(frozen=True)
class Scale:
    """A common scale for the weights of the queue, in percent of its width."""

    zero: float
    even: float
    spans: tuple[tuple[float, float], ...]
    """Left edge and width per weight."""


def scale(weights: Sequence[float], prior: float) -> Scale:
    """Lay out weights as bars from nought on one scale that also holds the point of even odds."""
    even = -wording.prior_bits(prior)
    low, high = min(0.0, *weights, 0.0), max(even, *weights, 1.0)

    def along(value: float) -> float:
        return 1 + 98 * (value - low) / (high - low)

    spans = tuple(
        (along(min(0.0, weight)), max(along(max(0.0, weight)) - along(min(0.0, weight)), 0.3))
        for weight in weights
    )
    return Scale(along(0.0), along(even), spans)

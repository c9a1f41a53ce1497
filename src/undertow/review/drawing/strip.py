"""All events of a case on one strip: time along, steps of the chain downwards, and the chosen span on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from undertow.cases.dossier import Dossier
from undertow.export import charts
from undertow.review import names
from undertow.review.drawing.spans import Span, span
from undertow.review.drawing.timeline import is_private, place_of
from undertow.review.language import Language

MOST: Final = 400
"""Events drawn and listed, those of the strongest funnels first: a page that still opens at once (ours)."""
WIDTH: Final = 700.0
LEFT: Final = 128.0
ROW: Final = 24.0
TOP: Final = 16.0
RADIUS: Final = 7.0


@dataclass(frozen=True)
class Event:
    """One step that one target took. `at`: microseconds; `unit`: step of the slider; `x`, `y`: its place."""

    step: str
    place: int
    private: bool | None
    at: int
    unit: int
    actor: str
    target: str
    path: str
    inside: bool


@dataclass(frozen=True)
class Strip:
    """The drawing, its events in time order, and how many of each step lie in the chosen span.

    Attributes:
        rows: y and name of each step of the chain that was taken.
        left, right: x of the first and the last moment, whichever way time runs.
        from_x, width: the chosen span.
        cited: by step: events in the span, and all that are listed.
        left_out: events beyond `MOST`.
    """

    span: Span
    events: tuple[Event, ...]
    rows: tuple[tuple[float, str], ...]
    left: float
    right: float
    height: float
    from_x: float
    width: float
    names_x: float
    cited: dict[str, tuple[int, int]]
    left_out: int

    @property
    def inside(self) -> int:
        """Events in the span."""
        return sum(one.inside for one in self.events)


def strip(
    language: Language, dossier: Dossier, since: int | None, until: int | None
) -> Strip | None:
    """Lay out every event of every funnel of a case; None where there is none.

    Args:
        language: of the names; one read from the right mirrors the drawing.
        dossier: of the case.
        since: first step of the slider that is chosen, as the link has it; None for the first there is.
        until: the last one.
    """
    taken = [(one, step) for one in dossier.funnels for step in one.steps]
    kept = taken[:MOST]
    chosen = span(language, [step.at for _, step in kept], since, until)
    if chosen is None:
        return None
    places = {
        name: place_of(dossier.playbook, name) for name in {step.step for _, step in kept}
    }
    present = sorted(places, key=places.__getitem__)
    downs = {name: TOP + ROW * (row + 0.5) for row, name in enumerate(present)}
    turned = language.direction == "rtl"
    room, whole = WIDTH - LEFT - 2 * RADIUS, (chosen.last - chosen.first + 1) * chosen.unit

    def along(at: float) -> float:
        share = (at - chosen.first * chosen.unit) / whole
        return WIDTH - LEFT - RADIUS - room * share if turned else LEFT + RADIUS + room * share

    events = [
        Event(
            step.step,
            places[step.step],
            is_private(dossier.playbook, step.step),
            step.at,
            chosen.at(step.at),
            step.actor,
            funnel.target,
            charts.shape(places[step.step], along(step.at), downs[step.step], RADIUS),
            chosen.holds(step.at),
        )
        for funnel, step in kept
    ]
    events.sort(key=lambda one: (one.at, one.place, one.target))
    ends = along(chosen.since * chosen.unit), along((chosen.until + 1) * chosen.unit)
    return Strip(
        span=chosen,
        events=tuple(events),
        rows=tuple((downs[name], str(names.step(language, name))) for name in present),
        left=along(chosen.first * chosen.unit),
        right=along((chosen.last + 1) * chosen.unit),
        height=TOP + ROW * len(present) + 4,
        from_x=min(ends),
        width=abs(ends[1] - ends[0]),
        names_x=WIDTH if turned else 0.0,
        cited=_cited(events),
        left_out=len(taken) - len(kept),
    )


def _cited(events: list[Event]) -> dict[str, tuple[int, int]]:
    """Count, for each step, the events in the span and all of them."""
    counted: dict[str, tuple[int, int]] = {}
    for one in events:
        inside, all_ = counted.get(one.step, (0, 0))
        counted[one.step] = (inside + one.inside, all_ + 1)
    return counted

"""A funnel as a timeline, laid out by `export.charts`, in words and reading direction of the reader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from undertow.cases.dossier import FunnelCard, PlaybookCard
from undertow.export import charts
from undertow.export.folder import Funnel, PlaybookFacts, StepFacts, Taken
from undertow.review import names
from undertow.review.language import MICROS, MINUTE, Language, moment

LABEL: Final = 12
"""Characters of a line of a step's label, at the size of the desk's drawings."""


@dataclass(frozen=True)
class Drawn:
    """A timeline ready for the template; `mirrored`: time runs from right to left."""

    lines: charts.Timeline
    mirrored: bool
    lane_left: float
    """Where the line of a lane begins, beyond the names."""
    lane_right: float
    axis_left: float
    axis_right: float


def place_of(playbook: PlaybookCard, step: str) -> int:
    """Find the place of a step in the chain, from 0; unknown steps stand after the last."""
    places = [one.name for one in playbook.steps]
    return places.index(step) if step in places else len(places)


def is_private(playbook: PlaybookCard, step: str) -> bool | None:
    """Say whether a step happens out of the public's sight; None where nobody knows."""
    return next((one.private for one in playbook.steps if one.name == step), None)


def timeline(
    language: Language, funnel: FunnelCard, playbook: PlaybookCard, account: str
) -> Drawn:
    """Lay out one funnel of an account.

    Args:
        language: of the labels; a language read from the right mirrors the drawing.
        funnel: at least one step.
        playbook: its steps give place and shape.
        account: code of the account that the case is about.
    """
    facts = PlaybookFacts(
        name=playbook.name,
        steps=tuple(_facts(one.private, one.name) for one in playbook.steps),
    )
    drawn = charts.timeline(_funnel(funnel, account), facts)
    times = [taken.at for taken in funnel.steps]
    marks = [
        replace(
            mark,
            name=str(names.step(language, taken.step)),
            label=charts.two_lines(names.step(language, taken.step), LABEL),
            when=_when(language, taken.at, times[i - 1] if i else None),
            gap=_gap(language, taken.at - times[i - 1]) if i else None,
        )
        for i, (mark, taken) in enumerate(zip(drawn.marks, funnel.steps, strict=True))
    ]
    roles = {code: role for role, code in funnel.roles} | {account: "", funnel.target: "target"}
    lanes = tuple(
        (y, _what(language, roles.get(who)), names.short(who))
        for (y, _, _), who in zip(drawn.lanes, _actors(funnel, account), strict=True)
    )
    says = "; ".join(f"{mark.name}, {mark.when}" for mark in marks)
    ticks = tuple((x, _tick(language, x, text, times)) for x, text in drawn.ticks)
    told = replace(drawn, marks=tuple(marks), lanes=lanes, says=says, ticks=ticks)
    if language.direction == "ltr":
        return Drawn(told, False, charts.LEFT, told.width, charts.LEFT + 20, told.width - 44)
    right = told.width - charts.LEFT
    return Drawn(_mirrored(told), True, 0, right, 44, right - 20)


def _facts(private: bool | None, name: str) -> StepFacts:
    types = () if private is None else ("message",) if private else ("post",)
    return StepFacts(name=name, types=types)


def _actors(funnel: FunnelCard, account: str) -> list[str]:
    """List who acts, in the order of `export.charts`: the account, the others, the target."""
    between = dict.fromkeys(taken.actor for taken in funnel.steps)
    others = [one for one in between if one not in (account, funnel.target)]
    return [account, *others, funnel.target]


def _what(language: Language, role: str | None) -> str:
    if role == "":
        return language.say("this account")
    return str(names.role(language, role)) if role else language.say("another account")


def _funnel(funnel: FunnelCard, account: str) -> Funnel:
    steps = tuple(Taken(one.step, moment(one.at), one.event, one.actor) for one in funnel.steps)
    return Funnel(account, funnel.target, "", funnel.step, funnel.weight, steps)


def _mirrored(drawn: charts.Timeline) -> charts.Timeline:
    """Turn a timeline around; shapes are drawn anew, since a path cannot be turned by its numbers."""
    width = drawn.width
    marks = tuple(
        replace(
            mark,
            x=width - mark.x,
            axis_x=width - mark.axis_x,
            gap_x=width - mark.gap_x,
            path=charts.shape(mark.number - 1, width - mark.x, mark.y),
        )
        for mark in drawn.marks
    )
    ticks = tuple((width - x, text) for x, text in drawn.ticks)
    border = None if drawn.border is None else width - drawn.border
    return replace(drawn, marks=marks, ticks=ticks, border=border)


def _tick(language: Language, x: float, text: str, times: list[int]) -> str:
    """Word a tick of the axis anew: a time of day stays, a day is read off its place."""
    if ":" in text:
        return text
    left, room = charts.LEFT + 20, charts.WIDTH - charts.RIGHT - charts.LEFT - 40
    begin, end = min(times), max(times)
    # Half a minute more, so that a day's first moment never rounds into the day before.
    return str(language.day(begin + round((x - left) / room * (end - begin)) + MINUTE // 2))


def _when(language: Language, at: int, before: int | None) -> str:
    """Write the day of a step, or its time where the step before was on the same day; the table has both."""
    if before is not None and moment(before).date() == moment(at).date():
        return f"{moment(at):%H:%M}"
    return str(language.short_day(at))


def _gap(language: Language, micros: int) -> str:
    return str(language.brief(micros)) if micros >= MICROS else language.say("at once")

"""A span of time that a reader chooses by one or two sliders: its unit, its ends, and the words for each step of it.

A slider takes whole numbers, so time is cut into hours, days or weeks since 1970 (UTC), whichever leaves
few enough steps for a hand. The number stands in the link; a link into a case that has grown since then
shows the same days.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from undertow.review.language import Language, moment
from undertow.units import DAY, HOUR, WEEK

MOST: Final = 370
"""Steps of a slider at most before the next longer unit is taken: a year of days (ours)."""
FEW: Final = 4
"""Days from which on time is cut into days; shorter spans are cut into hours (ours)."""


@dataclass(frozen=True)
class Span:
    """A span on a slider; all numbers are units since 1970, `since` and `until` included.

    Attributes:
        unit: microseconds of one step.
        first, last: ends of the slider. since, until: what is chosen.
        labels: a name for every step from `first` on.
    """

    unit: int
    first: int
    last: int
    since: int
    until: int
    labels: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.since <= self.first and self.until >= self.last

    def at(self, micros: int) -> int:
        """Give the step in which a moment lies."""
        return micros // self.unit

    def holds(self, micros: int) -> bool:
        """Whether a moment lies in what is chosen."""
        return self.since <= self.at(micros) <= self.until

    def label(self, step: int) -> str:
        """Name a step of the slider."""
        return self.labels[min(max(step - self.first, 0), len(self.labels) - 1)]

    @property
    def json(self) -> str:
        """Give the names of all steps for the script."""
        return json.dumps(self.labels, ensure_ascii=False)


def span(
    language: Language, times: Sequence[int], since: int | None, until: int | None
) -> Span | None:
    """Cut the time between the first and the last of some moments.

    Args:
        language: of the names.
        times: microseconds; None comes back where there are none.
        since: as the link asks; what lies outside is drawn in, and ends the wrong way round are turned.
        until: the same for the end.
    """
    if not times:
        return None
    begin, end = min(times), max(times)
    unit = HOUR if end - begin < FEW * DAY else DAY
    if end // unit - begin // unit >= MOST:
        unit = WEEK
    first, last = begin // unit, end // unit
    low = first if since is None else min(max(since, first), last)
    high = last if until is None else min(max(until, first), last)
    low, high = min(low, high), max(low, high)
    steps = range(first, last + 1)
    return Span(unit, first, last, low, high, tuple(_name(language, at, unit) for at in steps))


def _name(language: Language, step: int, unit: int) -> str:
    at = step * unit
    if unit == HOUR:
        return f"{language.short_day(at)} {moment(at):%H:%M}"
    day = language.day(at)
    return language.say("week from {day}", day=day) if unit == WEEK else str(day)

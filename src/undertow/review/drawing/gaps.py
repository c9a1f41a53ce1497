"""Days and channels without events: where nothing was read, nothing that is looked for could have been seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any, Final

from undertow.events.days import CHANNELS
from undertow.review.language import Language
from undertow.units import DAY

DAYS: Final = 120
"""Days drawn, the newest: four months, as far back as funnels of the shipped playbooks reach (ours)."""
BUSY: Final = 10
"""Events of a usual day from which on an empty one is a gap; on a quieter channel a day without says little (ours)."""
FEW: Final = 0.1
"""Share of a usual day below which a day is called thin (ours)."""
LISTED: Final = 40
"""Gaps listed, the newest."""
WIDEST: Final = {name: place for place, name in enumerate(CHANNELS)}


@dataclass(frozen=True)
class Run:
    """Days of one look in a row: `none`, `few`, `some`, or `out` where no source was declared; percent of the strip."""

    look: str
    x: float
    width: float


@dataclass(frozen=True)
class Channel:
    """One platform and class: its strip, a usual day, and the last day with an event.

    Attributes:
        platform: None where events name none.
        usual: events of the median day that has any; 0 for a declared channel that never had one.
        empty: days of the strip without an event, in which one could have been read.
        last: microseconds; None for never.
        quiet: an empty day says little here.
    """

    platform: str | None
    kind: str
    runs: tuple[Run, ...]
    usual: int
    empty: int
    last: int | None
    quiet: bool


@dataclass(frozen=True)
class Gap:
    """Days in a row without, or with next to no, events. `since`, `until`: their first moments, microseconds."""

    platform: str | None
    kind: str
    look: str
    since: int
    until: int
    days: int


@dataclass(frozen=True)
class Gaps:
    """All channels over the same days; `since`, `until` as in `Gap`."""

    channels: tuple[Channel, ...]
    gaps: tuple[Gap, ...]
    more: int
    since: int
    until: int
    days: int
    left_out: int = 0
    """Channels with fewer events than any of these, which the run did not tell of."""


def gaps(
    language: Language,
    told: Mapping[str, Any] | None,
    sources: Iterable[Mapping[str, Any]],
    micros: Any,  # noqa: ANN401  # the reader of times of the screen that asks
) -> Gaps | None:
    """Lay out the newest days of a run.

    Args:
        language: one read from the right has its newest day at the left.
        told: `days` of `run.json`.
        sources: declared ones, as `run.json` has them.
        micros: reads a time in ISO 8601 as microseconds.

    Returns:
        None where the run did not count days, or read no event.
    """
    if not told or told.get("first") is None:
        return None
    counted = {(one["platform"], one["class"]): one["events"] for one in told["channels"]}
    length = max((len(one) for one in counted.values()), default=0)
    declared = [_window(one, micros) for one in sources]
    for platform, kind, _, _ in declared:
        if not any(name == platform for name, _ in counted):
            counted[platform, kind] = [0] * length
    begin = max(length - DAYS, 0)
    first = told["first"] + begin
    channels, found = [], []
    for (platform, kind), events in sorted(
        counted.items(), key=lambda pair: (str(pair[0][0]), WIDEST.get(pair[0][1], 9))
    ):
        windows = [one[2:] for one in declared if one[0] == platform]
        channel, some = _channel(language, platform, kind, events, begin, first, windows)
        channels.append(channel)
        found += some
    found.sort(key=lambda one: (-one.until, -one.days, str(one.platform), one.kind))
    days = length - begin
    return Gaps(
        tuple(channels),
        tuple(found[:LISTED]),
        max(len(found) - LISTED, 0),
        first * DAY,
        (first + days - 1) * DAY,
        days,
        int(told.get("left_out", 0)),
    )


def _window(
    source: Mapping[str, Any],
    micros: Any,  # noqa: ANN401  # as above
) -> tuple[str | None, str, int | None, int | None]:
    """Give platform, class, first and last day of a declared source; None for an open end."""
    since, until = micros(source.get("from")), micros(source.get("until"))
    return (
        source.get("platform"),
        str(source.get("class") or "direct"),
        None if since is None else since // DAY,
        None if until is None else until // DAY,
    )


def _channel(  # all of one row of the strip
    language: Language,
    platform: str | None,
    kind: str,
    events: Sequence[int],
    begin: int,
    first: int,
    windows: Sequence[tuple[int | None, int | None]],
) -> tuple[Channel, list[Gap]]:
    full = [many for many in events if many]
    usual = int(median(full)) if full else 0
    days = events[begin:]
    looks = [_look(many, usual, first + i, windows) for i, many in enumerate(days)]
    runs, found, at = [], [], 0
    for look, some in groupby(looks):
        many = len(list(some))
        place = len(days) - at - many if language.direction == "rtl" else at
        runs.append(Run(look, 100 * place / len(days), 100 * many / len(days)))
        if look in ("none", "few"):
            ends = (first + at) * DAY, (first + at + many - 1) * DAY
            found.append(Gap(platform, kind, look, *ends, many))
        at += many
    quiet = 0 < usual < BUSY
    last = next((i for i in reversed(range(len(events))) if events[i]), None)
    channel = Channel(
        platform,
        kind,
        tuple(runs),
        usual,
        looks.count("none"),
        None if last is None else (first - begin + last) * DAY,
        quiet,
    )
    return channel, [] if quiet else found


def _look(
    many: int, usual: int, day: int, windows: Sequence[tuple[int | None, int | None]]
) -> str:
    if many:
        return "few" if usual >= BUSY and many < FEW * usual else "some"
    covered = not windows or any(
        (since is None or since <= day) and (until is None or day <= until)
        for since, until in windows
    )
    return "none" if covered else "out"

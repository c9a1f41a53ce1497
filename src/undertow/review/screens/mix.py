"""What the data is made of now, beside what it was made of a month before: types of events, languages of cases.

A type that leaves or floods is more often a source that changed than people who did. Languages stand with
cases alone: events are never selected by language, and no run counts them by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from undertow.export import wording
from undertow.review.language import Language, Shown
from undertow.review.screens.chains import tongue_of

DAYS: Final = 30
"""Days of a month here."""
MOVED: Final = 0.1
"""By how much of the whole a share must have moved to be marked (ours)."""


@dataclass(frozen=True)
class Part:
    """One type or language: counts and shares now and before, and whether its share moved by `MOVED`."""

    says: str
    now: int
    before: int
    share: Shown | None
    share_before: Shown | None
    width: float
    width_before: float
    moved: bool


def of_types(language: Language, days: dict[str, Any] | None) -> list[Part]:
    """Compare the types of events of the newest days of a run with those before; nothing where it did not count them."""
    rows = []
    for one in (days or {}).get("types", ()):
        events = [int(many) for many in one["events"]]
        rows.append(
            (
                wording.step_words(str(one["type"])),
                sum(events[-DAYS:]),
                sum(events[-2 * DAYS : -DAYS]),
            )
        )
    rows.sort(key=lambda row: (-row[1], -row[2], row[0]))
    return parts(language, rows)


def of_languages(language: Language, rows: Iterable[tuple[str | None, int, int]]) -> list[Part]:
    """Compare the languages of cases opened lately with those opened before."""
    return parts(
        language,
        [
            (tongue_of(language, tag) if tag else language.say("not known"), now, before)
            for tag, now, before in rows
        ],
    )


def parts(language: Language, rows: list[tuple[str, int, int]]) -> list[Part]:
    """Give the shares of some counts; a month with nothing in it has none."""
    now, before = sum(row[1] for row in rows), sum(row[2] for row in rows)
    made = []
    for says, new, old in rows:
        if not new and not old:
            continue
        share = new / now if now else 0.0
        share_before = old / before if before else 0.0
        made.append(
            Part(
                says,
                new,
                old,
                language.percent(share) if now else None,
                language.percent(share_before) if before else None,
                100 * share,
                100 * share_before,
                bool(now and before) and abs(share - share_before) >= MOVED,
            )
        )
    return made

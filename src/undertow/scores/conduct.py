"""What accounts' own conduct says in the end: weighed, with who spoke first and what followed, held back by rarity."""

from __future__ import annotations

from collections.abc import Sequence

from undertow.events.log import EventLog
from undertow.matches.match import Matches
from undertow.matches.program import Array
from undertow.scores.afterwards import with_afterwards
from undertow.scores.opening import with_opening
from undertow.scores.rarity import held_back
from undertow.scores.rates import base_step
from undertow.scores.share import with_share
from undertow.scores.talk import Talk, talk_between
from undertow.scores.weigh import Weighed


def conduct(log: EventLog, weighed: Sequence[Weighed]) -> list[Weighed]:
    """Complete what `weigh` found: whoever scores accounts, in data or in null worlds, calls this before ties."""
    return [completed(log, one, listed_talk(log, one.matches, one.listed)) for one in weighed]


def listed_talk(log: EventLog, matches: Matches, listed: Array) -> Talk:
    """Gather what was said between the ends of listed matches, in what the traits ask about.

    Args:
        log: the events.
        matches: of one playbook.
        listed: bool, (k), as from `is_listed`.
    """
    book, keys = matches.playbook, matches.keys[listed]
    asked = (book.steps[base_step(book)], book.steps[book.step_index(book.listed_from)])
    types = sorted({word for step in asked for word in step.types})
    return talk_between(log, keys[:, 0], keys[:, 1], types)


def completed(log: EventLog, one: Weighed, talk: Talk) -> Weighed:
    """Complete one playbook, as `conduct`, with what `listed_talk` found."""
    if not one.listed.any():
        return held_back(with_share(one))
    spoken = with_afterwards(log, with_opening(log, one, talk), talk)
    return held_back(with_share(spoken))

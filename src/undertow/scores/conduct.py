"""What accounts' own conduct says in the end: weighed, with who spoke first and what followed, held back by rarity."""

from __future__ import annotations

from collections.abc import Sequence

from undertow.events.log import EventLog
from undertow.scores.afterwards import with_afterwards
from undertow.scores.opening import with_opening
from undertow.scores.rarity import held_back
from undertow.scores.rates import base_step
from undertow.scores.share import with_share
from undertow.scores.talk import Talk, talk_between
from undertow.scores.weigh import Weighed


def conduct(log: EventLog, weighed: Sequence[Weighed]) -> list[Weighed]:
    """Complete what `weigh` found: whoever scores accounts, in data or in null worlds, calls this before ties."""
    return [_completed(log, one) for one in weighed]


def listed_talk(log: EventLog, one: Weighed) -> Talk:
    """Gather what was said between the ends of a playbook's listed matches, in what the traits ask about."""
    book, keys = one.matches.playbook, one.matches.keys[one.listed]
    asked = (book.steps[base_step(book)], book.steps[book.step_index(book.listed_from)])
    types = sorted({word for step in asked for word in step.types})
    return talk_between(log, keys[:, 0], keys[:, 1], types)


def _completed(log: EventLog, one: Weighed) -> Weighed:
    if not one.listed.any():
        return held_back(with_share(one))
    talk = listed_talk(log, one)
    spoken = with_afterwards(log, with_opening(log, one, talk), talk)
    return held_back(with_share(spoken))

"""What accounts' own conduct says in the end: weighed, with who spoke first, held back by rarity."""

from __future__ import annotations

from collections.abc import Sequence

from undertow.events.log import EventLog
from undertow.scores.opening import with_opening
from undertow.scores.rarity import held_back
from undertow.scores.weigh import Weighed


def conduct(log: EventLog, weighed: Sequence[Weighed]) -> list[Weighed]:
    """Complete what `weigh` found: whoever scores accounts, in data or in null worlds, calls this before ties."""
    return [held_back(with_opening(log, one)) for one in weighed]

"""The whole of this room: log and ties in, what chance alone would give out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from undertow.campaigns.tie import Tied
from undertow.events.log import EventLog
from undertow.matches.program import Array
from undertow.nulls.early import first_alerts
from undertow.nulls.score import Task, scores_of
from undertow.nulls.show import Chance
from undertow.nulls.support import support
from undertow.nulls.surrogates import KINDS
from undertow.nulls.worlds import Worlds, why_not, worlds_for
from undertow.scores.rates import activity
from undertow.units import DAY

Told = tuple[Callable[[str, int | None, str], None], Callable[[int], None]]
"""Is told what begins, and how much of it is done."""


NO_FIRST: Final = "first_alert was not computed: `--first-alert` asks it of each midnight of the data, which takes long"


def chance_of(
    log: EventLog,
    found: Tied,
    known: Array | None,
    task: Task,
    told: Told,
    *,
    first: bool,
) -> Chance | str:
    """Hold the accounts of a log against null worlds.

    Args:
        log: the events.
        found: what ties added to the weights of this log.
        known: bool, (accounts), who stands on a known list; None for no list.
        task: what was looked for.
        told: is told of each null world, and of each midnight.
        first: find the first midnight that raises each account.

    Returns:
        What chance alone would give, or in words why nothing can be said.
    """
    begin, advance = told
    busy = activity(log)
    lacking = why_not(busy, found.weighed)
    if lacking is not None:
        return lacking
    backed = support(found, len(log.accounts))
    data = scores_of(found, busy, backed)
    many = worlds_for(len(log))
    begin("null worlds", many * len(KINDS), "worlds")
    nulls = Worlds.of(log, busy, known, task).all(many, advance)
    if not first:
        return Chance(data, backed, nulls)
    begin("midnights", (log.end - log.start) // DAY, "days")
    return Chance(data, backed, nulls, first_alerts(log, known, task, advance))

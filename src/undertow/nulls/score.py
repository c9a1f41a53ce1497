"""Scores of accounts in the data and in null worlds, by one and the same code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from undertow.campaigns.tie import Tied, own_weight, tied
from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.matches.actors import Actors
from undertow.matches.match import find
from undertow.matches.program import Array
from undertow.nulls.support import Support, may_be_backed, support
from undertow.playbooks.grammar import Playbook
from undertow.scores.conduct import conduct
from undertow.scores.rates import Activity, activity
from undertow.scores.weigh import Weighed, weigh

Only = Callable[[EventLog, list[Weighed]], list[Weighed]]
"""Leaves out accounts that a run does not look at."""


@dataclass(frozen=True)
class Task:
    """What is looked for, the same in the data and in every null world.

    Attributes:
        playbooks: checked playbooks.
        sources: what could be seen.
        only: leaves out accounts that the run does not look at; None for none.
        actors: accounts held to be one actor; None where none are known.
    """

    playbooks: Sequence[Playbook]
    sources: tuple[Source, ...]
    only: Only | None = None
    actors: Actors | None = None


@dataclass(frozen=True)
class Scores:
    """One world's accounts, (accounts) each.

    Attributes:
        best: float64, bits: the heaviest weight in any role of any playbook of an account that something
            beside its own conduct agrees with; 0 for all others, and where the weight speaks against it.
        decile: int64, of activity.
        active: bool, whether it addressed anybody.
    """

    best: Array
    decile: Array
    active: Array


Given = Callable[[Playbook, Callable[[], Weighed]], Weighed]
"""Gives what a playbook's conduct weighs in a log, made by the function where it is not known yet."""


def scored(
    log: EventLog,
    task: Task,
    known: Array | None,
    busy: Activity | None = None,
    given: Given = lambda _, make: make(),
    *,
    looked: bool = False,
) -> Scores:
    """Score the accounts of a log: match, weigh, tie.

    Args:
        log: the events.
        task: what is looked for.
        known: bool, (accounts), who stands on a known list; None for no list.
        busy: activity of the log's accounts where it is known already.
        given: gives conduct that is known already.
        looked: somebody looked already whether anything could agree with any account.
    """
    active = activity(log) if busy is None else busy
    if not looked and task.only is None and known is None and not may_be_backed(log):
        nobody = np.zeros(len(log.accounts))
        return Scores(nobody, active.decile, active.contacts > 0)

    def conduct_of(playbook: Playbook) -> Weighed:
        matched = find(log, playbook, task.sources, threads=1, actors=task.actors)
        return conduct(log, [weigh(log, matched, active)])[0]

    weighed = [given(one, partial(conduct_of, one)) for one in task.playbooks]
    if task.only is not None:
        weighed = task.only(log, weighed)
    found = tied(log, weighed, known=known, context=False)
    return scores_of(found, active, support(found, len(log.accounts)))


def scores_of(found: Tied, busy: Activity, backed: Support) -> Scores:
    """Take the scores from what was tied."""
    weight = own_weight(found.weighed, len(busy.contacts))
    best = np.where(backed.any, np.maximum(weight, 0.0), 0.0)
    return Scores(best, busy.decile, busy.contacts > 0)

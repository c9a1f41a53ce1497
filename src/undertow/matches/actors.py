"""Personas in the matcher: which accounts of a log are held to be one actor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches.plan import Plan
from undertow.matches.program import Array


@dataclass(frozen=True)
class Actors:
    """Which accounts of a log are held to be one actor.

    Attributes:
        of: int64, (accounts): the least code of the account's persona, its own where it has none.
        known: bool, (accounts): whether a persona of at least two accounts here holds it.
    """

    of: Array
    known: Array

    def differ(self, one: Array, other: Array) -> Array:
        """Say which accounts, by code, are different actors: bool."""
        return np.asarray(self.of[one] != self.of[other])


def actors_of(personas: Iterable[Sequence[int]], accounts: int) -> Actors:
    """Number the actors.

    Args:
        personas: codes of accounts held to be one; no account in two.
        accounts: how many there are.
    """
    of, known = np.arange(accounts), np.zeros(accounts, bool)
    for persona in personas:
        members = np.array(sorted(persona), np.int64)
        if len(members) > 1:
            of[members], known[members] = members[0], True
    return Actors(of, known)


def across_bits(plan: Plan) -> int:
    """Give the steps across personas as bits."""
    steps = plan.playbook.steps
    return sum(1 << s for s, step in enumerate(steps) if step.across_personas)


def seen_by(log: EventLog, actors: Actors | None, *, across: bool) -> tuple[Array, Array]:
    """Give actor and target of every event as a step sees them: codes, targets -1 for none."""
    if actors is None or not across:
        return log.actor, log.target
    target = np.where(log.target == NOBODY, NOBODY, actors.of[log.target])
    return actors.of[log.actor], target


def members_of(actors: Actors | None, account: int) -> list[int]:
    """List the accounts of one account's actor, itself among them."""
    if actors is None:
        return [account]
    members: list[int] = np.flatnonzero(actors.of == actors.of[account]).tolist()
    return members

"""Whom the holders of a free role met in its steps: the background that they are weighed against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches.grouping import number_pairs
from undertow.matches.program import Array
from undertow.matches.select import Selected
from undertow.playbooks.grammar import Playbook


@dataclass(frozen=True)
class Meetings:
    """Each account with each other that it addressed in some steps, once, (p).

    Attributes:
        account, other: int64, codes.
        row: int64, the first event of theirs that may take such a step.
        others: int64, (cells), by cell of the account: meetings left out, of accounts that hold the role
            in no listed match; None where none are.
    """

    account: Array
    other: Array
    row: Array
    others: Array | None = None


def in_order(met: Meetings) -> Meetings:
    """Put meetings in the order in which `meetings` lists them: sums of bits then end in the same last bit."""
    order = np.lexsort((met.row, met.account))
    return Meetings(met.account[order], met.other[order], met.row[order], met.others)


def role_steps(playbook: Playbook, role: str) -> list[int]:
    """Name the steps in which a free role acts."""
    return [
        s for s, step in enumerate(playbook.steps) if role in (step.between or (step.source,))
    ]


def meetings(log: EventLog, selected: Selected, steps: list[int]) -> Meetings:
    """List whom each account addressed in some steps.

    Args:
        log: the events.
        selected: those that may take a step.
        steps: their numbers.
    """
    bits = np.int64(sum(1 << s for s in steps))
    chosen = selected.row[(selected.mask & bits) != 0]
    chosen = chosen[(log.target[chosen] != NOBODY) & (log.actor[chosen] != log.target[chosen])]
    ends = log.actor[chosen], log.target[chosen]
    pairs = number_pairs(*ends, len(log.accounts) + 1, numbered=False)
    return Meetings(
        pairs.one.astype(np.int64), pairs.other.astype(np.int64), chosen[pairs.first]
    )


def free_meetings(log: EventLog, playbook: Playbook, selected: Selected) -> dict[str, Meetings]:
    """List the meetings of each free role that acts in a step."""
    steps = {role: role_steps(playbook, role) for role in playbook.free}
    return {role: meetings(log, selected, some) for role, some in steps.items() if some}

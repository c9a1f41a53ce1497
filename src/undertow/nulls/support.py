"""What agrees with an account's own conduct, and is not its own conduct.

Honest teams share an address, or pass people on, as campaigns do: one tie is no support. What is asked for is
more than such a team shows by the nature of its work:

- two classes of ties to one and the same account: one address and one script, or one of them and the same people;
- one address or script in common with an account, and people that both pass to, or get from, one third account;
- a tie of any class to an account of which one of these two is true: who works with them;
- one address or script in common with at least `CROWD` other accounts, more than a small team has;
- a hit on a known list;
- a report by a person beside a tie of any class.

Without any of these the tool cannot tell: nothing but the account's own conduct speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.campaigns.find import by_address, by_script
from undertow.campaigns.raised import LEAST
from undertow.campaigns.served import spread
from undertow.campaigns.table import KINDS, Ties
from undertow.campaigns.tie import Tied
from undertow.events.log import EventLog
from undertow.matches.program import Array

CLASSES: Final = {
    "address": "address",
    "script": "script",
    "handoff": "people",
    "gatekeeper": "people",
    "targets": "people",
}
"""Class of each kind of tie. Three kinds look at the same people from three sides, so they are one class;
common hours are asked of tied accounts alone, and a persona is the same actor: neither is in a class."""
NAMES: Final = ("address", "script", "people")
_CLASS: Final = np.array(
    [NAMES.index(CLASSES[kind]) if kind in CLASSES else -1 for kind in KINDS]
)
CROWD: Final = 4
"""Other accounts with one address or script: one more than the helpers of a team of four. Ours, set on simulated
twins of seeds 1 to 3."""


@dataclass(frozen=True)
class Support:
    """What agrees with each account, (accounts) each.

    Attributes:
        pair: bool, two classes of ties to one account.
        third: bool, of three accounts of which two share an address or script, and both people with the third.
        company: bool, tied by more than `LEAST` bits to an account marked so far, and not marked itself.
        crowd: bool, one address or script with at least `CROWD` others.
        hit: bool, on a known list, or hands over an address of it.
        reported: bool, reported by a person and tied.
    """

    pair: Array
    third: Array
    company: Array
    crowd: Array
    hit: Array
    reported: Array

    @property
    def any(self) -> Array:
        """Mark the accounts that have any support."""
        return np.asarray(
            self.pair | self.third | self.company | self.crowd | self.hit | self.reported
        )


def support(found: Tied, size: int) -> Support:
    """Find what agrees with each account.

    Args:
        found: ties, and evidence with hits and reports.
        size: number of accounts.
    """
    hit, reported = np.zeros(size, bool), np.zeros(size, bool)
    for one in found.weighed:
        rows = one.evidence
        hit[rows.account[rows.source == "known"]] = True
        reported[rows.account[rows.source == "report"]] = True
    pair, of = _classed(found.ties, size)
    each, many = np.unique(pair, return_counts=True)
    people = of == NAMES.index("people")
    two = _ends(each[many > 1], size)
    three = _thirds(np.unique(pair[~people]), pair[people], size)
    return Support(
        pair=two,
        third=three,
        company=_company(found.ties, two | three),
        crowd=_crowded(found.ties, size),
        hit=hit,
        reported=reported & _ends(each, size),
    )


def may_be_backed(log: EventLog) -> bool:
    """Say whether anything could agree with any account, before anything is matched; never false where it does.

    Without a known list all support but reports asks for an address or a script in common.
    """
    if len(log.rows_of("flag")):
        return True
    everybody = np.ones(len(log.accounts), bool)
    return any(
        bool((by(log, everybody).bits > 0).any())
        for mark, by in (("handed", by_address), ("script", by_script))
        if mark in log.marks
    )


def _classed(ties: Ties, size: int) -> tuple[Array, Array]:
    """List pairs of accounts (lesser code * size + greater) with each class of ties between them, once."""
    of = _CLASS[ties.kind]
    low, high = np.minimum(ties.a, ties.b)[of >= 0], np.maximum(ties.a, ties.b)[of >= 0]
    each = np.unique((low * size + high) * len(NAMES) + of[of >= 0])
    return each // len(NAMES), each % len(NAMES)


def _thirds(share: Array, people: Array, size: int) -> Array:
    """Mark both of each pair that shares something, and every third whom people tie to both."""
    edge = np.sort(np.concatenate([people, people % size * size + people // size]))
    one, other = share // size, share % size
    low = np.searchsorted(edge, one * size, "left")
    place, at = spread(low, np.searchsorted(edge, (one + 1) * size, "left"))
    third = edge[at] % size
    back = other[place] * size + third
    met = np.isin(back, edge)
    marked = np.zeros(size, bool)
    for who in (one[place], other[place], third):
        marked[who[met]] = True
    return marked


def _company(ties: Ties, backed: Array) -> Array:
    """Mark who is tied to an account that is backed, and is not backed itself.

    Nothing travels further than one tie, and weak ties do not count: many accounts have some by chance.
    """
    strong = (_CLASS[ties.kind] >= 0) & (ties.bits > LEAST)
    a, b = ties.a[strong], ties.b[strong]
    marked = np.zeros(len(backed), bool)
    marked[a[backed[b]]] = True
    marked[b[backed[a]]] = True
    return marked & ~backed


def _ends(pair: Array, size: int) -> Array:
    marked = np.zeros(size, bool)
    marked[pair // size] = True
    marked[pair % size] = True
    return marked


def _crowded(ties: Ties, size: int) -> Array:
    """Mark accounts that share an address, or a script, with a crowd."""
    marked = np.zeros(size, bool)
    for name in ("address", "script"):
        mine = ties.kind == KINDS.index(name)
        ends = np.concatenate([ties.a[mine], ties.b[mine]])
        marked |= np.bincount(ends, minlength=size) >= CROWD
    return marked

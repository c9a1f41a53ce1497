"""What agrees with an account's own conduct, and is not its own conduct.

Honest teams share an address, or pass people on, as campaigns do: one tie is no support. What is asked for is
more than such a team shows by the nature of its work:

- two classes of ties to one and the same account: one address and one script, or one of them and the same people;
- one address or script in common with at least `CROWD` other accounts, more than a small team has;
- a hit on a known list;
- a report by a person beside a tie of any class.

Without any of these the tool cannot tell: nothing but the account's own conduct speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.campaigns.table import KINDS, Ties
from undertow.campaigns.tie import Tied
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
CROWD: Final = 4
"""Other accounts with one address or script: one more than the helpers of a team of four. Ours, set on simulated
twins of seeds 1 to 3."""


@dataclass(frozen=True)
class Support:
    """What agrees with each account, (accounts) each.

    Attributes:
        pair: bool, two classes of ties to one account.
        crowd: bool, one address or script with at least `CROWD` others.
        hit: bool, on a known list, or hands over an address of it.
        reported: bool, reported by a person and tied.
    """

    pair: Array
    crowd: Array
    hit: Array
    reported: Array

    @property
    def any(self) -> Array:
        """Mark the accounts that have any support."""
        return np.asarray(self.pair | self.crowd | self.hit | self.reported)


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
    tied, pair = _by_pairs(found.ties, size)
    return Support(pair, _crowded(found.ties, size), hit, reported & tied)


def _by_pairs(ties: Ties, size: int) -> tuple[Array, Array]:
    """Mark accounts with a tie of any class, and those with ties of two classes to one account."""
    of_kind = np.array(
        [NAMES.index(CLASSES[kind]) if kind in CLASSES else -1 for kind in KINDS]
    )
    of = of_kind[ties.kind]
    inside = of >= 0
    low, high = np.minimum(ties.a, ties.b)[inside], np.maximum(ties.a, ties.b)[inside]
    each = np.unique((low * size + high) * len(NAMES) + of[inside])
    pair, many = np.unique(each // len(NAMES), return_counts=True)
    return _ends(pair, size), _ends(pair[many > 1], size)


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

"""The whole of this room: log and weights in, ties, groups and raised weights out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.campaigns.context import with_context
from undertow.campaigns.find import find_ties, with_personas, with_pooled
from undertow.campaigns.group import Groups, appearance, groups
from undertow.campaigns.raised import company, near_hits, raised
from undertow.campaigns.reports import independent_reports, list_hits, with_hits, with_reports
from undertow.campaigns.served import Served, contacts, independent, served
from undertow.campaigns.table import Ties
from undertow.events.log import EventLog
from undertow.matches.program import Array
from undertow.scores.weigh import Weighed

PUBLIC: Final = ("mention", "reply", "follow")
MESSAGE: Final = ("message",)


@dataclass(frozen=True)
class Tied:
    """What ties add.

    Attributes:
        weighed: as given, with rows of evidence for ties, hits and reports.
        ties: all ties with bits above 0.
        groups: accounts that work together.
        weight: float64, (groups): what the members' own conduct says, in bits.
        pairs: who served whom.
    """

    weighed: list[Weighed]
    ties: Ties
    groups: Groups
    weight: Array
    pairs: Served


def tied(
    log: EventLog,
    weighed: Sequence[Weighed],
    *,
    known: Array | None = None,
    context: bool = True,
) -> Tied:
    """Find ties and groups, and add what they, hits of lists and reports say.

    Args:
        log: the events. With the marks `handed` and `script` (integers, -1 for none) shared addresses and
            scripts are seen; without them these kinds are left out. With the mark `listed` (boolean: the
            address handed over stands on a known list) and `log` accounts in `known`, hits are added.
        weighed: playbooks as `weigh` left them.
        known: bool, (accounts): accounts that stand on a known list; None for no list.
        context: add what is shown and weighs nothing.
    """
    size = len(log.accounts)
    pairs = served(log, weighed)
    only_target = np.zeros(size, bool)
    only_target[pairs.target] = True
    only_target[pairs.account] = False
    for one in weighed:
        # Ranked by its own name in another role, so it is not seen as a target alone.
        only_target[one.evidence.account] = False
    messages = contacts(log, MESSAGE)
    public = contacts(log, PUBLIC, either=True)
    alive = independent(pairs, messages, public)
    rank = appearance(log)
    ties = find_ties(log, alive, messages, public, only_target)
    ties = with_pooled(ties, alive, groups(ties, pairs, rank), (messages, public), only_target)
    own = own_weight(weighed, size)
    ranked = np.zeros(size, bool)
    for one in weighed:
        ranked[one.evidence.account] = True
    actors = next((one.matches.actors for one in weighed if one.matches.actors), None)
    ties = with_personas(ties, actors, ranked)
    found = groups(ties, pairs, rank)
    together = company(log, ties, found, actors)
    reports, hits = independent_reports(log), list_hits(log, known)
    hit_bits = hits.by_account()
    told = []
    for one in weighed:
        hit = with_hits(log, raised(log, one, together, own), hits)
        near = near_hits(hit, ties, hit_bits, own)
        reported = with_reports(log, near, reports)
        told.append(with_context(log, reported, pairs) if context else reported)
    weight = np.bincount(
        found.group, weights=np.maximum(own[found.account], 0.0), minlength=len(found)
    )
    return Tied(told, ties, found, weight, pairs)


def own_weight(weighed: Sequence[Weighed], size: int) -> Array:
    """Give each account's heaviest weight in any role of any playbook: float64, (accounts), 0 for none."""
    best = np.full(size, -np.inf)
    for one in weighed:
        role = np.unique(one.evidence.role, return_inverse=True)[1]
        key, of = np.unique(one.evidence.account * 64 + role, return_inverse=True)
        bits = np.bincount(of, weights=one.evidence.bits, minlength=len(key))
        np.maximum.at(best, key // 64, bits)
    return np.where(np.isfinite(best), best, 0.0)

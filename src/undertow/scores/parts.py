"""Weighing over a log cut into parts: rates and contacts are counted part by part, then over all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undertow.events.log import NOBODY
from undertow.events.source import Source
from undertow.matches.grouping import Pairs, number_pairs
from undertow.matches.match import Matches, find
from undertow.matches.parts import Division, Part, find_in_part, joined, owning_end
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, free_meetings
from undertow.scores.rates import Activity, deciles
from undertow.scores.weigh import Weighed, weigh


@dataclass(frozen=True)
class PartActivity(Activity):
    """How busy each account is; who addressed whom stands in a file for each part."""

    division: Division

    def known_only(self, account: Array, target: Array, circle: Array) -> Array:
        """As `Activity.known_only`."""
        closed = np.zeros(len(target), bool)
        for number in range(self.division.many):
            here = np.flatnonzero(self.division.owner[target] == number)
            if len(here):
                one, other = np.load(_pairs_path(self.division, number))
                nothing = np.empty(0, np.int64)
                whole = Activity(
                    self.contacts, self.decile, Pairs(nothing, one, other, nothing)
                )
                closed[here] = whole.known_only(account[here], target[here], circle)
        return closed


def weigh_in_parts(
    division: Division,
    playbooks: Sequence[Playbook],
    sources: tuple[Source, ...],
    advance: Callable[[int], None] = lambda _: None,
) -> list[Weighed]:
    """Match and weigh playbooks over a log that is larger than memory.

    Args:
        division: the events.
        playbooks: checked playbooks.
        sources: what could be seen.
        advance: is told of each part that is done.
    """
    log = division.log
    ends = [owning_end(log, playbook, sources) for playbook in playbooks]
    found: list[list[tuple[Matches, dict[str, Meetings]]]] = [[] for _ in playbooks]
    contacts = np.zeros(len(log.accounts), np.int64)
    for number, part in enumerate(division.parts()):
        contacts += _contacts(division, number, part)
        for place, (playbook, end) in enumerate(zip(playbooks, ends, strict=True)):
            if end is not None:
                matches, selected = find_in_part(part, playbook, sources, end, log)
                met = free_meetings(part.log, playbook, selected)
                own = {role: _own(one, part) for role, one in met.items()}
                found[place].append((matches, own))
        del part
        advance(1)
    nobody = np.empty(0, np.int32)
    pairs = Pairs(nobody, nobody, nobody, nobody)
    busy = PartActivity(contacts, deciles(contacts), pairs, division)
    weighed = []
    for playbook, parts in zip(playbooks, found, strict=True):
        if parts:
            matches = joined([one for one, _ in parts])
            met = {role: _all([own[role] for _, own in parts]) for role in parts[0][1]}
            parts.clear()
            weighed.append(weigh(log, matches, busy, met))
        else:
            weighed.append(weigh(log, find(log, playbook, sources), busy))
        log.rest()
    return weighed


def _contacts(division: Division, number: int, part: Part) -> Array:
    """Count whom the accounts of a part addressed, and write down who addressed whom."""
    log = part.log
    rows = np.flatnonzero((log.target != NOBODY) & (log.target != log.actor))
    pairs = number_pairs(log.actor[rows], log.target[rows], len(log.accounts))
    np.save(_pairs_path(division, number), np.stack([pairs.one, pairs.other]))
    contacts: Array = np.bincount(pairs.one[part.mine[pairs.one]], minlength=len(log.accounts))
    return contacts


def _pairs_path(division: Division, number: int) -> Path:
    return division.log.folder / f"pairs {number}.npy"


def _own(met: Meetings, part: Part) -> Meetings:
    """Keep the meetings with accounts of a part: each stands in one part then."""
    kept = part.mine[met.other]
    return Meetings(met.account[kept], met.other[kept], part.rows[met.row[kept]])


def _all(parts: list[Meetings]) -> Meetings:
    return Meetings(
        np.concatenate([one.account for one in parts]),
        np.concatenate([one.other for one in parts]),
        np.concatenate([one.row for one in parts]),
    )

"""Weighing over a log cut into parts: rates and contacts are counted part by part, then over all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from undertow.events.log import NOBODY
from undertow.events.source import Source
from undertow.matches.grouping import Pairs, number_pairs
from undertow.matches.kernel_states import UNKNOWN
from undertow.matches.match import Matches, find
from undertow.matches.parts import (
    Division,
    Part,
    find_in_part,
    joined,
    nothing_selected,
    owning_end,
)
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, free_meetings, in_order
from undertow.scores.rates import Activity, deciles, platforms_of, rates_of, step_counts
from undertow.scores.weigh import Background, Weighed, is_listed, judged_end, weigh

COLUMNS: Final = ("keys", "furthest", "rows", "states")
"""Of `Matches`, as they are written down."""


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
    contacts = np.zeros(len(log.accounts), np.int64)
    for number, part in enumerate(division.parts()):
        contacts += _contacts(division, number, part)
    nobody = np.empty(0, np.int32)
    pairs = Pairs(nobody, nobody, nobody, nobody)
    busy = PartActivity(
        contacts, deciles(contacts), pairs, division, platform=platforms_of(log.accounts)
    )
    tallies = [
        None if end is None else _Tally(division, place, playbook, end, busy)
        for place, playbook in enumerate(playbooks)
        for end in [owning_end(playbook)]
    ]
    for number, part in enumerate(division.parts()):
        for tally in tallies:
            if tally is not None:
                tally.add(number, part, sources)
        advance(1)
    weighed = []
    for playbook, tally in zip(playbooks, tallies, strict=True):
        if tally is None:
            weighed.append(weigh(log, find(log, playbook, sources), busy))
        else:
            weighed.append(weigh(log, tally.kept(), busy, tally.met(), tally.background()))
        log.rest()
    return weighed


class _Tally:
    """What one playbook's parts add up to: counts in memory, keys in files until it is known whose matter."""

    def __init__(
        self, division: Division, place: int, playbook: Playbook, end: int, busy: Activity
    ) -> None:
        self._division, self._place, self._playbook, self._end = division, place, playbook, end
        self._cell, self._cells, self._judged = busy.cell, busy.cells, judged_end(playbook)
        accounts, steps = len(division.log.accounts), len(playbook.steps)
        self._ranked = np.zeros(accounts, bool)
        self._unknown = np.zeros((steps, accounts), bool)
        self._reached, self._at_risk = np.zeros((2, steps, busy.cells))
        self._many = self._kept = 0
        self._met: list[dict[str, Meetings]] = []

    def add(self, number: int, part: Part, sources: tuple[Source, ...]) -> None:
        """Match the keys of a part, count them, and write them down."""
        playbook, log = self._playbook, self._division.log
        found, selected = find_in_part(part, playbook, sources, self._end, log)
        met = free_meetings(part.log, playbook, selected)
        self._met.append({role: _own(one, part) for role, one in met.items()})
        account, target = found.keys[:, self._judged], found.keys[:, 1 - self._judged]
        listed = is_listed(found)
        reached, at_risk = step_counts(found, self._cell[account], listed, self._cells)
        self._reached += reached
        self._at_risk += at_risk
        self._ranked[account[listed]] = True
        for s, unknown in enumerate((found.states == UNKNOWN).T):
            self._unknown[s, target[unknown]] = True
        self._many += len(found)
        columns = (found.keys, found.furthest, found.rows, found.states)
        for name, column in zip(COLUMNS, columns, strict=True):
            np.save(self._path(number, name), column)

    def kept(self) -> Matches:
        """Read back the keys of accounts with a listed match."""
        parts = [self._read(number) for number in range(self._division.many)]
        found = joined(parts)
        self._kept = len(found)
        return found

    def _read(self, number: int) -> Matches:
        keys = np.load(self._path(number, "keys"))
        mine = self._ranked[keys[:, self._judged]]
        furthest, rows, states = (
            np.load(self._path(number, name))[mine] for name in COLUMNS[1:]
        )
        return Matches(self._playbook, keys[mine], furthest, rows, states, nothing_selected())

    def _path(self, number: int, name: str) -> Path:
        return self._division.log.folder / f"{name} {self._place} {number}.npy"

    def met(self) -> dict[str, Meetings]:
        """Give all meetings, once."""
        met = {role: _all([own[role] for own in self._met]) for role in self._met[0]}
        self._met.clear()
        return met

    def background(self) -> Background:
        """Say what is known of the keys that `kept` left out."""
        rates = rates_of(self._reached, self._at_risk)
        return Background(rates, self._many - self._kept, self._unknown)


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
    return in_order(
        Meetings(
            np.concatenate([one.account for one in parts]),
            np.concatenate([one.other for one in parts]),
            np.concatenate([one.row for one in parts]),
        )
    )

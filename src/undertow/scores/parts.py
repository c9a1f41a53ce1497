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
    nothing_selected,
    owning_end,
)
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, free_meetings, in_order
from undertow.scores.rates import Activity, deciles, platforms_of, rates_of, step_counts
from undertow.scores.weigh import Background, Weighed, bound_to, is_listed, judged_end, weigh

COLUMNS: Final = ("keys", "furthest", "rows", "states")
"""Of `Matches`, as they are written down."""
SHORT: Final = np.iinfo(np.int32).max
"""Rows of a log up to which rows are written down in four bytes."""


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
            kept = tally.kept()
            weighed.append(weigh(log, kept, busy, tally.met(kept), tally.background()))
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
        self._roles: list[str] = []
        self._row = np.int32 if len(division.log) <= SHORT else np.int64

    def add(self, number: int, part: Part, sources: tuple[Source, ...]) -> None:
        """Match the keys of a part, count them, and write them down."""
        playbook, log = self._playbook, self._division.log
        found, selected = find_in_part(part, playbook, sources, self._end, log)
        met = free_meetings(part.log, playbook, selected)
        self._roles = list(met)
        for place, one in enumerate(met.values()):
            np.save(self._path(number, f"met {place}"), _own(one, part).astype(self._row))
        account, target = found.keys[:, self._judged], found.keys[:, 1 - self._judged]
        listed = is_listed(found)
        reached, at_risk = step_counts(found, self._cell[account], listed, self._cells)
        self._reached += reached
        self._at_risk += at_risk
        self._ranked[account[listed]] = True
        for s, unknown in enumerate((found.states == UNKNOWN).T):
            self._unknown[s, target[unknown]] = True
        self._many += len(found)
        columns = (found.keys, found.furthest.astype(np.int16), found.rows.astype(self._row))
        for name, column in zip(COLUMNS, (*columns, found.states), strict=True):
            np.save(self._path(number, name), column)

    def kept(self) -> Matches:
        """Read back the keys of accounts with a listed match, ordered by key; column by column, so none stands twice."""
        mine = [
            self._ranked[self._read(number, "keys")[:, self._judged]]
            for number in range(self._division.many)
        ]
        keys = self._column("keys", mine)
        order = np.lexsort(keys.T[::-1])
        self._kept = len(keys)
        keys = keys[order]
        furthest, rows, states = (self._column(n, mine)[order] for n in COLUMNS[1:])
        return Matches(self._playbook, keys, furthest, rows, states, nothing_selected())

    def _column(self, name: str, mine: list[Array]) -> Array:
        """Read back one column of some keys of each part."""
        parts = (self._read(number, name)[kept] for number, kept in enumerate(mine))
        return np.concatenate(list(parts))

    def _read(self, number: int, name: str) -> Array:
        column: Array = np.load(self._path(number, name))
        return column

    def _path(self, number: int, name: str) -> Path:
        return self._division.log.folder / f"{name} {self._place} {number}.npy"

    def met(self, kept: Matches) -> dict[str, Meetings]:
        """Read back the meetings of those who hold a free role in a listed match; others are counted by cell.

        Args:
            kept: what `kept` gave.
        """
        log, listed = self._division.log, is_listed(kept)
        found = {}
        for place, role in enumerate(self._roles):
            held = np.zeros(len(log.accounts) + 1, bool)
            held[bound_to(log, kept, role)[listed]] = True
            held[NOBODY] = False
            log.rest()
            others = np.zeros(self._cells, np.int64)
            parts = []
            for number in range(self._division.many):
                met = self._read(number, f"met {place}")
                mine = held[met[0]]
                others += np.bincount(self._cell[met[0][~mine]], minlength=self._cells)
                parts.append(met[:, mine].astype(np.int64))
            account, other, row = np.concatenate(parts, axis=1)
            found[role] = in_order(Meetings(account, other, row, others))
        return found

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


def _own(met: Meetings, part: Part) -> Array:
    """Keep the meetings with accounts of a part, each of which stands in one part then: int64, (3, p)."""
    kept = part.mine[met.other]
    columns = (met.account[kept], met.other[kept], part.rows[met.row[kept]])
    return np.stack(columns)

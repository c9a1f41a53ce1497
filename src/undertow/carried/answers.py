"""The answers of one playbook's keys, carried: only those are found anew that today can have changed.

A key's answer rests on the events between its two accounts; where those went far enough (`sided`), on
what others did to them; with groups, on who joined and left; and on the end of the data, as windows close.
What today touches is found generously: a key that is matched without need costs time and changes nothing.
`docs/decisions/0009-daily-state.md` gives the argument.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from undertow.carried.history import is_addressed, is_among, undirected
from undertow.events.log import NOBODY, EventLog
from undertow.events.order import taken
from undertow.events.source import Source
from undertow.events.table import CONVERSATION, TYPES
from undertow.matches import kernel_states as states
from undertow.matches.grouping import Pairs
from undertow.matches.kernel_run import WANTS, Answers
from undertow.matches.match import Matches, Search, search_for
from undertow.matches.plan import FOREVER, Plan, compile_plan, sight
from undertow.matches.program import KEY_ROLES, SIDE_A, SIDE_B, compile_program
from undertow.matches.select import Selected
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, free_meetings

Array = npt.NDArray[Any]

MOVES: Final = np.array([word in ("join", "leave") for word in TYPES])
TALK: Final = np.array([word in CONVERSATION for word in TYPES])


@dataclass(frozen=True)
class Kept:
    """Answers by key, (k), ordered by key; accounts, groups and rows are those of a log.

    Attributes:
        keys: int64, (k, 3): the two key accounts and the group (-1: none).
        furthest: int64: the furthest step.
        rows: int64, (k, s): the row that took each step, -1: not taken.
        states: int8, (k, s).
        sided: whether events of other accounts were looked at; `furthest` is then -1 where they show
            that no step was taken.
        closes: int64: no window closes before this moment, microseconds.
        met: whom accounts met in the steps of each free role.
    """

    keys: Array
    furthest: Array
    rows: Array
    states: Array
    sided: Array
    closes: Array
    met: dict[str, Meetings]

    def __len__(self) -> int:
        return len(self.furthest)

    @property
    def pairs(self) -> Array:
        """The two accounts of each key, as `undirected`."""
        return undirected(self.keys[:, 0], self.keys[:, 1])

    def some(self, chosen: Array) -> Kept:
        """Give some keys, with all meetings."""
        return Kept(
            self.keys[chosen],
            self.furthest[chosen],
            self.rows[chosen],
            self.states[chosen],
            self.sided[chosen],
            self.closes[chosen],
            self.met,
        )

    def with_more(self, other: Kept) -> Kept:
        """Give the keys of both, ordered, and the meetings of both."""
        both = Kept(
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.furthest, other.furthest]),
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.states, other.states]),
            np.concatenate([self.sided, other.sided]),
            np.concatenate([self.closes, other.closes]),
            {role: _both(one, other.met[role]) for role, one in self.met.items()},
        )
        return both.some(np.lexsort(both.keys.T[::-1]))

    def matches(self, playbook: Playbook) -> Matches:
        """Give what scores are made from."""
        nothing = np.empty(0, np.int64)
        reported = self.some(self.furthest >= 0)
        return Matches(
            playbook,
            reported.keys,
            reported.furthest,
            reported.rows,
            reported.states,
            Selected(nothing, nothing, nothing),
            0 if compile_plan(playbook).fast else len(self),
        )


def _both(one: Meetings, other: Meetings) -> Meetings:
    account = np.concatenate([one.account, other.account])
    met = np.concatenate([one.other, other.other])
    order = np.lexsort((met, account))
    row = np.concatenate([one.row, other.row])
    return Meetings(account[order], met[order], row[order])


class Course:
    """One playbook over all events.

    Args:
        log: all events.
        playbook: a checked playbook.
        sources: what could be seen.
    """

    def __init__(self, log: EventLog, playbook: Playbook, sources: tuple[Source, ...]) -> None:
        self.log, self.playbook, self.sources = log, playbook, sources
        self.plan: Plan = compile_plan(playbook)

    def all_anew(self) -> Kept:
        """Match all keys."""
        search = self._search(self.log)
        keys = search.keys()
        met = free_meetings(self.log, self.playbook, search.selected)
        if not self.plan.fast:
            out = search.answer(keys, whole=False)
            return self._kept(keys, out, met, sided=False).some(out.furthest >= 0)
        out = search.by_own_events(keys)
        more = out.furthest == WANTS
        kept = self._kept(keys, out, met, sided=False).some(out.furthest >= 0)
        if not more.any():
            return kept
        second = search.by_all_events(keys[more])
        return kept.with_more(self._kept(keys[more], second, _nobody(met), sided=True))

    def again(self, kept: Kept, fresh: Array, contacts: Pairs) -> Kept:
        """Match the keys that today can have changed.

        Args:
            kept: yesterday's answers, in today's codes and rows.
            fresh: today's rows.
            contacts: who addressed whom, today's among them.
        """
        if not self.plan.fast:
            return self.all_anew()
        log = self.log
        pairs = self._touched(kept, fresh, contacts)
        between = np.zeros(len(log), bool)
        near = _flags(len(log.accounts), pairs >> 32, pairs & 0xFFFFFFFF)
        rows = np.flatnonzero(near[log.actor] & near[log.target])
        rows = rows[is_among(undirected(log.actor[rows], log.target[rows]), pairs)]
        between[rows] = True
        row, search = self._part(between, near)
        keys = search.keys()
        keys = keys[is_among(undirected(keys[:, 0], keys[:, 1]), pairs)]
        met = free_meetings(search.log, self.playbook, search.selected)
        met = {role: _of_pairs(one, pairs, row) for role, one in met.items()}
        out = _in_rows(search.by_own_events(keys), row)
        wants = out.furthest == WANTS
        found = self._kept(keys, out, met, sided=False).some(out.furthest >= 0)
        if wants.any():
            found = found.with_more(self._sided(keys[wants], _nobody(met)))
        rest = kept.some(~is_among(kept.pairs, pairs))
        past = {role: _of_pairs(one, pairs, None, keep=False) for role, one in kept.met.items()}
        return replace(rest, met=past).with_more(found)

    def _touched(self, kept: Kept, fresh: Array, contacts: Pairs) -> Array:
        """Find the pairs whose keys today can have changed: as `undirected`, ascending."""
        log, plan = self.log, self.plan
        seen = sight(plan, self.sources, log.platforms.to_pylist(), log.start)
        head = compile_program(plan, seen).head
        own = self._types(np.ones(len(plan), bool))
        rows = fresh[own[log.type[fresh]]]
        rows = rows[is_addressed(log, rows)]
        found = [undirected(log.actor[rows], log.target[rows])]
        again = kept.closes <= log.end
        bits = int(head[SIDE_A] | head[SIDE_B])
        if bits:
            side = self._types(np.array([bool(bits >> s & 1) for s in range(len(plan))]))
            near = self._accounts(fresh[side[log.type[fresh]]])
            again |= kept.sided & (near[kept.keys[:, 0]] | near[kept.keys[:, 1]])
        if plan.has_group:
            moved = self._accounts(fresh[self._places()[log.type[fresh]]])
            chosen = moved[contacts.one] | moved[contacts.other]
            found.append(undirected(contacts.one[chosen], contacts.other[chosen]))
            if (plan.conditions[:, 1] >= KEY_ROLES).any():
                again |= kept.sided
        return np.unique(np.concatenate([*found, kept.pairs[again]]))

    def _sided(self, keys: Array, met: dict[str, Meetings]) -> Kept:
        """Match keys that need the events of other accounts as well."""
        log = self.log
        near = _flags(len(log.accounts), *keys[:, :2].T)
        row, search = self._part(near[log.actor] | near[log.target], near)
        every = search.keys()
        keys = every[is_among(_numbered(every, keys), np.sort(_numbered(keys, keys)))]
        out = _in_rows(search.by_all_events(keys), row)
        return self._kept(keys, out, met, sided=True)

    def _part(self, chosen: Array, near: Array) -> tuple[Array, Search]:
        """Search some rows, and those that tell who was in which group: their rows, and the search."""
        if self.plan.has_group:
            log = self.log
            rooms = self._places()[log.type] & (near[log.actor] | near[log.target])
            chosen = chosen | rooms | MOVES[log.type]
        row = np.flatnonzero(chosen)
        return row, self._search(_some(self.log, row))

    def _search(self, log: EventLog) -> Search:
        whole = self.log
        return search_for(log, self.playbook, self.sources, whole.end, start=whole.start)

    def _accounts(self, rows: Array) -> Array:
        """Mark the accounts of some rows: bool, (accounts + 1), the last for nobody."""
        return _flags(len(self.log.accounts), self.log.actor[rows], self.log.target[rows])

    def _places(self) -> Array:
        """Mark the types of events that put accounts into groups."""
        found: Array = self._types(self.plan.room) | MOVES
        return found

    def _types(self, steps: Array) -> Array:
        """Mark the types of events that some steps may take, or look back on."""
        types = np.zeros(len(TYPES), bool)
        for s in np.flatnonzero(steps).tolist():
            types |= self.plan.types[s]
            if "answered" in self.plan.has[s]:
                types |= TALK
        return types

    def _kept(
        self, keys: Array, out: Answers, met: dict[str, Meetings], *, sided: bool
    ) -> Kept:
        closes = self._closes(out)
        one = np.full(len(keys), sided)
        return Kept(keys[:, :3], out.furthest, out.events, out.states, one, closes, met)

    def _closes(self, out: Answers) -> Array:
        """Find a moment before which no window of a key closes, as `kernel_states.judge` has it.

        Steps that could not be seen make later windows longer; that is left out here, and such a key is
        matched a little too often.
        """
        closes = np.full(len(out.furthest), FOREVER)
        last_at, begun = np.zeros(len(closes), np.int64), np.zeros(len(closes), bool)
        for s, within in enumerate(self.plan.within.tolist()):
            state, row = out.states[:, s], out.events[:, s]
            waits = begun & np.isin(state, (states.OPEN, states.TAKEN_OPEN))
            if within < FOREVER:
                closes[waits] = np.minimum(closes, last_at + within)[waits]
            taken_here = (row >= 0) & (out.furthest >= 0)
            at = np.where(out.furthest == s, out.latest, self.log.at[row])
            last_at = np.where(taken_here, at, last_at)
            begun |= taken_here
        return closes


def _some(log: EventLog, rows: Array) -> EventLog:
    """Give some rows, ascending, as a log without ids; marks that rest on other rows are left out."""
    names = ("type", "at", "actor", "target", "context", "visibility", "platform")
    return replace(
        log,
        id=taken(log.id, rows[:0]),
        marks={name: mark[rows] for name, mark in log.marks.items() if name != "answered"},
        **{name: getattr(log, name)[rows] for name in names},
    )


def _flags(size: int, *accounts: Array) -> Array:
    """Mark accounts: bool, (size + 1), false at the end, where `NOBODY` finds it."""
    flags = np.zeros(size + 1, bool)
    for some in accounts:
        flags[some] = True
    flags[NOBODY] = False
    return flags


def _numbered(keys: Array, of: Array) -> Array:
    """Number keys so that equal ones have one number: account pairs by their place among `of`'s."""
    ordered = np.unique((of[:, 0] << 32) | of[:, 1])
    mine = (keys[:, 0] << 32) | keys[:, 1]
    place = np.minimum(np.searchsorted(ordered, mine), len(ordered) - 1)
    number: Array = np.where(ordered[place] == mine, (place << 32) + keys[:, 2] + 1, -1)
    return number


def _in_rows(out: Answers, row: Array) -> Answers:
    """Turn rows of a part of the events into rows of all."""
    if not len(row):
        return out
    return out._replace(events=np.where(out.events >= 0, row[out.events], -1))


def _of_pairs(one: Meetings, pairs: Array, row: Array | None, *, keep: bool = True) -> Meetings:
    """Give the meetings of some pairs, or all others, in the rows of all events."""
    chosen = is_among(undirected(one.account, one.other), pairs) == keep
    rows = one.row[chosen]
    return Meetings(one.account[chosen], one.other[chosen], rows if row is None else row[rows])


def _nobody(met: dict[str, Meetings]) -> dict[str, Meetings]:
    nothing = np.empty(0, np.int64)
    return {role: Meetings(nothing, nothing, nothing) for role in met}

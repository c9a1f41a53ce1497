"""Matching one playbook over an event log: the kernel where it knows the grammar, else the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.matches import kernel, kernel_run
from undertow.matches.actors import Actors, across_bits
from undertow.matches.conflicts import settle
from undertow.matches.grouping import group
from undertow.matches.kernel_rules import Moved
from undertow.matches.kernel_run import Answers
from undertow.matches.kernel_states import judge
from undertow.matches.listing import Between, Listed, between, keys_of, list_events
from undertow.matches.plan import Plan, Sight, compile_plan, sight
from undertow.matches.program import (
    PLAIN_UNTIL,
    SIDE_A,
    SIDE_B,
    Array,
    Program,
    compile_program,
)
from undertow.matches.select import Moves, Selected, mark_answered, moves, select
from undertow.matches.slow import Said, ask_oracle
from undertow.matches.spreading import spread
from undertow.matches.widen import own_mask, widened
from undertow.playbooks.grammar import Playbook

STATES: Final = ("not reached", "taken", "not taken", "open", "unknown", "taken, open")


@dataclass(frozen=True)
class Matches:
    """What is reported of every key of one playbook. One row per key, (k).

    Attributes:
        playbook: the playbook matched.
        keys: int64, (k, 3): codes of the two key accounts and of the group (-1: none).
        furthest: int64, index of the furthest step.
        rows: int64, (k, s): rows of the log that took each step, -1 where it was not taken.
        states: int8, (k, s): see `STATES` and `kernel`.
        selected: the events that may take a step.
        slow: keys that the oracle answered.
        actors: the personas looked at; None where none are known.
    """

    playbook: Playbook
    keys: Array
    furthest: Array
    rows: Array
    states: Array
    selected: Selected
    slow: int = 0
    actors: Actors | None = None

    def __len__(self) -> int:
        return len(self.furthest)

    def at_least(self, step: str) -> Array:
        """Mark the keys that reached a step or went further: bool, (k)."""
        return self.furthest >= self.playbook.step_index(step)


def find(
    log: EventLog,
    playbook: Playbook,
    sources: tuple[Source, ...] = (),
    end: int | None = None,
    *,
    whole: bool = False,
    threads: int | None = None,
    actors: Actors | None = None,
) -> Matches:
    """Match one playbook.

    Args:
        log: the events.
        playbook: a checked playbook.
        sources: what could be seen; platforms without a declaration count as visible throughout.
        end: last moment of the data in microseconds; the last event's where None.
        whole: report optional steps of free roles also for keys that end before `listed_from`: they
            change no weight and cost most of the time.
        threads: how many work at once; as many as there are processors where None.
        actors: personas, for steps across them; None: each account is its own.

    Returns:
        One row per key that takes at least one step, ordered by key.
    """
    search = search_for(log, playbook, sources, end, threads, actors=actors)
    keys = search.keys()
    return search.matches(keys, search.answer(keys, whole=whole))


def search_for(
    log: EventLog,
    playbook: Playbook,
    sources: tuple[Source, ...],
    end: int | None,
    threads: int | None = None,
    *,
    start: int | None = None,
    actors: Actors | None = None,
) -> Search:
    """Prepare to answer keys; arguments as for `find`.

    `start` is the first moment of the data, for a log that holds only a part of the events.
    """
    plan = compile_plan(playbook)
    across = across_bits(plan)
    if actors is not None and across and plan.has_group:
        # Which rooms make keys is asked of an account's own events: the oracle keeps the two apart.
        plan = replace(plan, fast=False)
    mark_answered(log, plan)
    start = log.start if start is None else start
    seen = sight(plan, sources, log.platforms.to_pylist(), start)
    selected = select(log, plan, seen, actors)
    # Whoever stands for several accounts may meet by other events.
    anchors = (
        -1 if actors is not None else sum(1 << int(s) for s in np.flatnonzero(plan.anchor))
    )
    met = between(log, selected, anchors)
    moved = moves(log) if plan.has_group else _no_moves()
    span = (begin(start, seen), log.end if end is None else end)
    program = compile_program(plan, seen)
    view, chosen = log, selected
    if actors is not None and across and plan.fast:
        view, chosen = widened(log, selected, met, actors, across)
        met = between(view, chosen)
    search = Search(view, plan, sources, program, chosen, met, moved, span, threads)
    search.actors, search.given = actors, selected
    return search


@dataclass
class Search:
    """One playbook over one log, on its way through the kernel."""

    log: EventLog
    plan: Plan
    sources: tuple[Source, ...]
    program: Program
    selected: Selected
    met: Between
    moved: Moves
    span: tuple[int, int]
    threads: int | None
    joins: Moved = field(init=False)
    actors: Actors | None = None
    given: Selected | None = None
    """What is selected of the events as they were given, where `log` and `selected` hold more."""

    @property
    def chosen(self) -> Selected:
        """What is selected of the events as they were given."""
        return self.selected if self.given is None else self.given

    def __post_init__(self) -> None:
        self.joins = self.moved.by_account(len(self.log.accounts))

    def keys(self) -> Array:
        """List the keys: int64, (k, 4), as `listing.keys_of`; two accounts of one actor make none."""
        if self.actors is None:
            return keys_of(self.log, self.plan, self.selected, self.met, self.moved)
        own = replace(self.selected, mask=own_mask(self.log, self.selected))
        keys = keys_of(self.log, self.plan, own, self.met, self.moved)
        apart: Array = keys[self.actors.differ(keys[:, 0], keys[:, 1])]
        return apart

    def matches(self, keys: Array, out: Answers) -> Matches:
        """Put the answers of keys together, those that take no step left out."""
        kept = np.flatnonzero(out.furthest >= 0)
        rows = out.events.take(kept, axis=0)
        if self.selected.event is not None and len(self.selected):
            rows = np.where(rows >= 0, self.selected.event[rows], -1)
        return Matches(
            self.plan.playbook,
            keys.take(kept, axis=0)[:, :3],
            out.furthest[kept],
            rows,
            out.states.take(kept, axis=0),
            self.chosen,
            0 if self.plan.fast else len(keys),
            self.actors,
        )

    def answer(self, keys: Array, *, whole: bool) -> Answers:
        """Match keys by the kernel, or by the oracle where the kernel does not know the playbook."""
        if self.plan.fast:
            return self._by_kernel(keys, whole=whole)
        out = _unanswered(len(keys), len(self.plan))
        asked = ask_oracle(self.log, self.plan, self.sources, keys, self.actors)
        for k, said in enumerate(asked):
            if said is not None:
                out.furthest[k], out.events[k], out.latest[k] = said[:3]
                out.states[k] = self.judged(said)
        return out

    def judged(self, said: Said) -> Array:
        """Say of each step of a chain that the oracle gave whether it was taken, open or unknown: (s)."""
        taken = np.where(said.rows >= 0, np.arange(self.program.size), -1)
        at = np.where(said.rows >= 0, self.log.at[said.rows], 0)
        states = np.zeros(self.program.size, np.int8)
        judge(self.program, said.known, taken, at, said.latest, self.span, states)
        return states

    def by_own_events(self, keys: Array, *, whole: bool = False) -> Answers:
        """Match keys from the events between their accounts alone; `WANTS` where that is not enough."""
        listed = self._listed(keys, sides=False)
        return self._run(keys, listed, listed.row, whole=whole, sides=False)

    def _by_kernel(self, keys: Array, *, whole: bool) -> Answers:
        """Match keys: all from their own events first, then those that need more; rows of the log."""
        sides = bool(self.program.head[SIDE_A] | self.program.head[SIDE_B])
        # Where no key can do without the events of others, asking its own first would be work done twice.
        if not sides or not (whole or self.program.head[PLAIN_UNTIL] < 0):
            out = self.by_own_events(keys, whole=whole)
            more = np.flatnonzero(out.furthest == kernel_run.WANTS)
        else:
            out, more = _unanswered(len(keys), len(self.plan)), np.arange(len(keys))
        if not len(more):
            return out
        second = self.by_all_events(keys[more], whole=whole)
        for column, completed in zip(out, second, strict=True):
            column[more] = completed
        return out

    def by_all_events(self, some: Array, *, whole: bool = False) -> Answers:
        """Match keys from the events of other accounts as well; rows of the log."""
        listed = self._listed(some, sides=True)
        out = self._run(some, listed, listed.row, whole=whole, sides=True)
        refused = np.flatnonzero(out.furthest == kernel.REFUSED)
        if len(refused):
            settled = self._settled(some[refused], listed, whole=whole)
            for column, answers in zip(out, settled, strict=True):
                column[refused] = answers
        return out

    def _settled(self, keys: Array, listed: Listed, *, whole: bool) -> Answers:
        """Answer keys whose best chain has one account in two roles, from their own events alone."""
        positions = np.empty(0, np.int64)

        def run(some: Array) -> Answers:
            return self._run(some, listed, positions, whole=whole, sides=True)

        out = _unanswered(len(keys), len(self.plan))
        for k in range(len(keys)):
            answer = settle(self.plan, listed.rows, listed.of_key(keys[k]), keys[k], run)
            for column, value in zip(out, answer, strict=True):
                column[k] = value
        _to_log(out, listed.row)
        return out

    def _listed(self, keys: Array, *, sides: bool) -> Listed:
        joined = np.diff(self.joins.start) > 0
        given = self.log, self.program, self.selected, self.met
        return list_events(*given, keys, joined, sides=sides)

    def _run(
        self, keys: Array, listed: Listed, row: Array, *, whole: bool, sides: bool
    ) -> Answers:
        """Match keys; `row` says what is told of each event listed, its position where it is empty."""
        out = _unanswered(len(keys), len(self.plan))
        keys = np.ascontiguousarray(keys, np.int64)
        # Pair by pair, as their events stand in memory.
        order = np.zeros(1, np.int32)
        if len(keys) != 1:
            order = group(listed.pair[keys[:, 3]], len(listed.lists.pair_start) - 1).rows
        most = listed.most(keys)

        def work(part: slice) -> None:
            room = kernel.scratch(len(self.plan), len(self.program.bounds), most)
            kernel_run.run(
                self.program,
                self.joins,
                listed.rows,
                listed.lists,
                keys,
                order[part],
                listed.pair,
                row,
                self.span,
                room,
                sides,
                whole,
                out,
            )

        spread(work, len(keys), self.threads)
        return out


def _to_log(out: Answers, row: Array) -> None:
    """Turn positions of listed events into rows of the log."""
    if len(row):
        out.events[:] = np.where(out.events >= 0, row[out.events], -1)


def _unanswered(keys: int, steps: int) -> Answers:
    return Answers(
        np.full(keys, kernel.NOTHING, np.int64),
        np.full((keys, steps), -1, np.int64),
        np.zeros((keys, steps), np.int8),
        np.zeros(keys, np.int64),
    )


def _no_moves() -> Moves:
    nothing = np.empty(0, np.int64)
    return Moves(nothing, nothing, nothing, np.empty(0, bool))


def begin(start: int, seen: Sight) -> int:
    """Find the first moment that anything could be seen, given that of the first event."""
    known = seen.start[:-1][seen.declared[:-1]]
    return int(min(start, known.min())) if len(known) else start

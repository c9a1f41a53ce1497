"""Keys that the kernel hands back: the oracle answers them, one by one, on their own events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.events.table import TYPES, VISIBILITIES
from undertow.matches.actors import Actors, members_of
from undertow.matches.kernel_rules import PRESENT, UNKNOWN
from undertow.matches.plan import Plan
from undertow.matches.program import Array
from undertow.testing.oracle import Chains, Event, Match, Oracle


class Said(NamedTuple):
    """What the oracle says of one key.

    Attributes:
        furthest: the furthest step.
        rows: int64, (s): the row of the log that took each step, -1 where it was not taken.
        latest: the last moment at which any chain of the key ends in the furthest step, microseconds.
        known: what is known of the key, as the kernel's `Scratch` holds it.
    """

    furthest: int
    rows: Array
    latest: int
    known: Array


def ask_oracle(
    log: EventLog,
    plan: Plan,
    sources: tuple[Source, ...],
    keys: Array,
    actors: Actors | None = None,
) -> list[Said | None]:
    """Answer keys by the oracle, None for those that take no step.

    Args:
        log: all events.
        plan: the compiled playbook.
        sources: what could be seen.
        keys: int64, (k, 4), as the kernel takes them.
        actors: personas; None: each account is its own.
    """
    names = _Names(log)
    moves = np.flatnonzero(np.isin(log.type, [TYPES.index("join"), TYPES.index("leave")]))
    touched = np.concatenate([log.actor, log.target])
    order = np.argsort(touched, kind="stable")
    start = np.searchsorted(touched[order], np.arange(len(log.accounts) + 1))
    answers: list[Said | None] = []
    for a, b, group, _ in keys.tolist():
        # Everything that either account did or met: enough for each step, which touches one of them.
        own = [one for end in (a, b) for one in members_of(actors, end)]
        near = [order[start[end] : start[end + 1]] % len(log) for end in own]
        rows = np.unique(np.concatenate([*near, moves if plan.has_group else moves[:0]]))
        events = [names.event(row) for row in rows.tolist()]
        personas = [[names.accounts[one] for one in members_of(actors, end)] for end in (a, b)]
        oracle = Oracle(events, plan.playbook, sources, start=log.start, personas=personas)
        pair = (names.accounts[a], names.accounts[b])
        key = pair if group == NOBODY else (*pair, names.contexts[group])
        match = oracle.match(key) if oracle.is_key(key) else None
        row_of = {(e.id, e.target): row for e, row in zip(events, rows.tolist(), strict=True)}
        answers.append(
            None if match is None else said_of(oracle, match, row_of, names.platforms)
        )
    return answers


def said_of(
    oracle: Oracle,
    match: Match,
    row_of: Mapping[tuple[str, str | None], int],
    platforms: Sequence[str],
) -> Said:
    """Say of a match what the kernel says of its own, with codes in place of names.

    Args:
        oracle: which gave it.
        match: of one key.
        row_of: rows of the log by id and target.
        platforms: names in the order of their codes.
    """
    playbook = oracle.playbook
    step = playbook.step_index(match.step)
    rows = np.full(len(playbook.steps), NOBODY, np.int64)
    for name, event in match.steps:
        rows[playbook.step_index(name)] = row_of[event.id, event.target]
    bound = {**dict(zip(playbook.key, match.key, strict=True)), **dict(match.bound)}
    chains = Chains(oracle, match.key, bound)
    codes = [NOBODY if one is None else platforms.index(one) for one in chains.platforms]
    known = np.zeros(PRESENT + 1 + len(codes), np.int64)
    known[UNKNOWN] = sum(1 << s for s, unknown in enumerate(chains.unknown_first) if unknown)
    known[PRESENT], known[PRESENT + 1 :] = len(codes), codes
    latest = max(
        oracle.events[x].at
        for binding in oracle.bindings(match.key)
        for chains in [Chains(oracle, match.key, binding)]
        for x in chains.chosen[step]
        if any(chains.can_end(step, x, optional) for optional in range(step + 2))
    )
    return Said(step, rows, latest, known)


class _Names:
    """Codes of a log turned back into the oracle's plain events."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.accounts = log.accounts.to_pylist()
        self.contexts = log.contexts.to_pylist()
        self.platforms = log.platforms.to_pylist()

    def event(self, row: int) -> Event:
        """Give one row as the oracle reads it."""
        log = self.log
        target, context = int(log.target[row]), int(log.context[row])
        visibility, platform = int(log.visibility[row]), int(log.platform[row])
        return Event(
            at=int(log.at[row]),
            id=log.id[row].as_py(),
            target=None if target == NOBODY else self.accounts[target],
            type=TYPES[log.type[row]],
            actor=self.accounts[log.actor[row]],
            context=None if context == NOBODY else self.contexts[context],
            visibility=None if visibility == NOBODY else VISIBILITIES[visibility],
            platform=None if platform == NOBODY else self.platforms[platform],
            has=frozenset(name for name, mark in log.marks.items() if mark[row]),
        )

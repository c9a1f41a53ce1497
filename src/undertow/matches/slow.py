"""Keys that the kernel hands back: the oracle answers them, one by one, on their own events."""

from __future__ import annotations

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.events.source import Source
from undertow.events.table import TYPES, VISIBILITIES
from undertow.matches.plan import Plan
from undertow.matches.program import Array
from undertow.testing.oracle import Chains, Event, Oracle


def ask_oracle(
    log: EventLog, plan: Plan, sources: tuple[Source, ...], keys: Array
) -> list[tuple[int, Array, int]]:
    """Answer keys by the oracle.

    Args:
        log: all events.
        plan: the compiled playbook.
        sources: what could be seen.
        keys: int64, (k, 4), as the kernel takes them.

    Returns:
        For each key the furthest step (-1: none); int64 (s): the row of the log that took each step, -1
        where it was not taken; and the last moment at which any chain ends in the furthest step.
    """
    names = _Names(log)
    moves = np.flatnonzero(np.isin(log.type, [TYPES.index("join"), TYPES.index("leave")]))
    touched = np.concatenate([log.actor, log.target])
    order = np.argsort(touched, kind="stable")
    start = np.searchsorted(touched[order], np.arange(len(log.accounts) + 1))
    answers: list[tuple[int, Array, int]] = []
    for a, b, group, _ in keys.tolist():
        # Everything that either account did or met: enough for each step, which touches one of them.
        near = [order[start[end] : start[end + 1]] % len(log) for end in (a, b)]
        rows = np.unique(np.concatenate([*near, moves if plan.has_group else moves[:0]]))
        events = [names.event(row) for row in rows.tolist()]
        oracle = Oracle(events, plan.playbook, sources, start=log.start)
        pair = (names.accounts[a], names.accounts[b])
        key = pair if group == NOBODY else (*pair, names.contexts[group])
        match = oracle.match(key) if oracle.is_key(key) else None
        taken = np.full(len(plan), -1, np.int64)
        if match is None:
            answers.append((-1, taken, 0))
            continue
        row_of = {(e.id, e.target): row for e, row in zip(events, rows.tolist(), strict=True)}
        for name, event in match.steps:
            taken[plan.playbook.step_index(name)] = row_of[event.id, event.target]
        step = plan.playbook.step_index(match.step)
        answers.append((step, taken, latest(oracle, key, step)))
    return answers


def latest(oracle: Oracle, key: tuple[str, ...], step: int) -> int:
    """Find the last moment at which any chain of a key ends in a step, microseconds."""
    return max(
        (
            oracle.events[x].at
            for binding in oracle.bindings(key)
            for chains in [Chains(oracle, key, binding)]
            for x in chains.chosen[step]
            if any(chains.can_end(step, x, optional) for optional in range(step + 2))
        ),
        default=0,
    )


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

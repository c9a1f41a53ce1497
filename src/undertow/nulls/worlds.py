"""Null worlds of a log, scored: how many, which, and what is said where they can say nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Final

import numpy as np

from undertow.events.log import EventLog
from undertow.events.order import THREADS
from undertow.matches.program import Array
from undertow.nulls.chance import Null, null_of
from undertow.nulls.outline import Outline
from undertow.nulls.score import Scores, Task, scored
from undertow.nulls.surrogates import KINDS, SAME_CONTACTS, Original, same_conduct
from undertow.playbooks.grammar import Playbook
from undertow.scores.rates import Activity
from undertow.scores.weigh import Weighed

ROWS: Final = 1_000_000
"""Rows of all null worlds of one kind together, within the limits below: what keeps the cost of a run."""
FEWEST: Final = 5
MOST: Final = 20
"""Null worlds of one kind. With five as with twenty, four accounts raised together can have q <= 0.1."""
LEAST_ACCOUNTS: Final = 50
"""Active accounts below which deciles hold fewer than five, and nothing is said."""


def worlds_for(rows: int) -> int:
    """Say how many null worlds of each kind a log of so many rows gets: the same for the same log."""
    return min(max(ROWS // max(rows, 1), FEWEST), MOST)


def why_not(busy: Activity, weighed: Sequence[Weighed]) -> str | None:
    """Say in words why nothing can be said of chance, or None where something can."""
    if too_few(busy):
        return (
            f"p and q were not computed: fewer than {LEAST_ACCOUNTS} accounts addressed anybody, too few to "
            "say what chance would give"
        )
    if not any(one.listed.any() for one in weighed):
        return "p and q were not computed: nobody is listed"
    if any(one.matches.slow for one in weighed):
        return "p and q were not computed: a playbook needs the slow matcher, which is too slow for null worlds"
    return None


def too_few(busy: Activity) -> bool:
    """Say whether so few accounts are active that nothing is said."""
    return int((busy.contacts > 0).sum()) < LEAST_ACCOUNTS


@dataclass(frozen=True)
class Worlds:
    """What null worlds are made from."""

    original: Original
    outline: Outline
    known: Array | None
    task: Task
    _kept: dict[tuple[str, str], Weighed] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, log: EventLog, busy: Activity, known: Array | None, task: Task) -> Worlds:
        """Prepare a log.

        Args:
            log: the events.
            busy: activity of its accounts.
            known: bool, (accounts), who stands on a known list; None for no list.
            task: what is looked for.
        """
        original = Original.of(log, busy)
        return cls(original, Outline.of(original), known, task)

    def one(self, kind: str, seed: int) -> Scores:
        """Score one null world, made only as far as somebody in it could be backed."""
        if self.known is None and self.task.only is None:
            told = self.outline.told(kind, seed)
            if not told.may_be_backed:
                return Scores(np.zeros(len(told.contacts)), told.decile, told.contacts > 0)
        known = self.original.known(self.known, kind, seed)
        log = self.original.surrogate(kind, seed)
        busy = self.original.busy if kind in SAME_CONTACTS else None
        return scored(log, self.task, known, busy, partial(self._conduct, kind), looked=True)

    def _conduct(self, kind: str, playbook: Playbook, make: Callable[[], Weighed]) -> Weighed:
        """Make a playbook's conduct once where it is the same in all surrogates of a kind."""
        if not same_conduct(kind, playbook):
            return make()
        with self._lock:
            key = kind, playbook.name
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def all(self, many: int, advance: Callable[[int], None]) -> list[Null]:
        """Score `many` null worlds of each kind, several at once.

        Args:
            many: at least 1.
            advance: is told of each world that is done.
        """
        wanted = [(kind, seed) for kind in KINDS for seed in range(many)]

        def work(which: tuple[str, int]) -> Scores:
            done = self.one(*which)
            advance(1)
            return done

        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(work, wanted))
        return [
            null_of(kind, found[place * many : (place + 1) * many])
            for place, kind in enumerate(KINDS)
        ]

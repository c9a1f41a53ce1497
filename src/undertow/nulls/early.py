"""`first_alert`: the first UTC midnight on which detection on the events up to then raises an account.

Each midnight is asked of the events before it alone, as `detect --until` would, with as many null worlds. What is
known of a midnight before all of them are made is used: once more null accounts stand above a score than an alert
allows, no further world can bring it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.errors import UndertowError
from undertow.events.log import NOBODY, EventLog
from undertow.events.order import THREADS
from undertow.matches.actors import Actors
from undertow.matches.program import Array
from undertow.nulls.chance import ALERT, added
from undertow.nulls.score import Scores, Task, scored
from undertow.nulls.surrogates import DERIVED
from undertow.nulls.worlds import Worlds, too_few, worlds_for
from undertow.scores.rates import activity
from undertow.units import DAY

NEVER: Final = -1
HARDEST_FIRST: Final = ("arrow", "times", "recipients", "links", "addresses")
"""Kinds that keep most of what accounts do come first: they end most questions."""


def first_alerts(
    log: EventLog, known: Array | None, task: Task, advance: Callable[[int], None]
) -> Array:
    """Find the first midnight that raises each account: int64, (accounts), µs, -1 for never.

    Args:
        log: the events.
        known: bool, (accounts), who stands on a known list; None for no list.
        task: what is looked for.
        advance: is told of each midnight.
    """
    first = np.full(len(log.accounts), NEVER)
    with ThreadPoolExecutor(THREADS) as pool:
        for midnight in range((log.start // DAY + 1) * DAY, log.end + 1, DAY):
            many = int(np.searchsorted(log.at, midnight, "left"))
            before, code = prefix(log, many)
            on_list = None if known is None else known[code]
            open_ = first[code] == NEVER
            asked = replace(task, actors=_among(task.actors, code))
            raised = code[_raised(before, on_list, asked, open_, pool)]
            first[raised] = midnight
            advance(1)
    return first


def prefix(log: EventLog, many: int) -> tuple[EventLog, Array]:
    """Cut a log after its first rows, as if nothing else had been read.

    Returns:
        The log of those rows, and the code in `log` of each of its accounts.
    """
    part = slice(0, many)
    seen = np.zeros(len(log.accounts) + 1, bool)
    seen[log.actor[part]] = True
    seen[log.target[part]] = True
    seen[NOBODY] = False
    code = np.flatnonzero(seen)
    # The last place stands for `NOBODY`.
    number = np.append(np.cumsum(seen[:-1]) - 1, NOBODY).astype(np.int32)
    columns = ("type", "at", "context", "visibility", "platform")
    return (
        replace(
            log,
            id=log.id.slice(0, many),
            actor=number[log.actor[part]],
            target=number[log.target[part]],
            marks={n: column[part] for n, column in log.marks.items() if n not in DERIVED[:1]},
            accounts=log.accounts.take(pa.array(code)),
            **{name: getattr(log, name)[part] for name in columns},
        ),
        code,
    )


def _among(actors: Actors | None, code: Array) -> Actors | None:
    """Number the actors of some accounts, by ascending code, anew."""
    if actors is None:
        return None
    _, first, of, many = np.unique(
        actors.of[code], return_index=True, return_inverse=True, return_counts=True
    )
    return Actors(first[of], actors.known[code] & (many[of] > 1))


def _raised(
    log: EventLog, known: Array | None, task: Task, open_: Array, pool: Executor
) -> Array:
    """Say which of the open accounts have q of at most `ALERT`: codes."""
    nobody = np.empty(0, np.int64)
    busy = activity(log)
    if too_few(busy):
        return nobody
    try:
        data = scored(log, task, known)
    except UndertowError as fault:
        if fault.code != "reports-none":
            raise
        return nobody
    wanted = data.best * open_
    steps = np.unique(data.best[data.best > 0])
    steps = steps[steps <= wanted.max(initial=0.0)]
    if not len(steps):
        return nobody
    many = worlds_for(len(log))
    above = len(data.best) - np.searchsorted(np.sort(data.best), steps, "left")
    allowed = np.floor(ALERT * above * many - added(many) + 1e-9)
    steps, allowed = steps[allowed >= 0], allowed[allowed >= 0]
    if not len(steps):
        return nobody
    worlds = Worlds.of(log, busy, known, task)
    for kind in HARDEST_FIRST:
        seen = np.zeros(len(steps))
        for world in _each(worlds, kind, many, pool):
            score = np.sort(world.best)
            seen += len(score) - np.searchsorted(score, steps, "left")
            left = seen <= allowed
            steps, allowed, seen = steps[left], allowed[left], seen[left]
            if not len(steps):
                return nobody
    return np.flatnonzero(wanted >= steps[0])


def _each(worlds: Worlds, kind: str, many: int, pool: Executor) -> Iterator[Scores]:
    """Make the null worlds of a kind, a few at once, as long as somebody asks for them."""
    for begin in range(0, many, THREADS):
        seeds = range(begin, min(begin + THREADS, many))
        yield from pool.map(lambda seed: worlds.one(kind, seed), seeds)

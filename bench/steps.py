"""Times every single step of the live engine by the processor's cycle counter.

A step is one call of the compiled step function for one event, the handing over of all its tables included.
The events are fed several times, each time to an empty stream. What the machine does beside makes some step
long in one run and another in the next; a step that is long of itself is long in all of them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from undertow.engines.stream import Stream
from undertow.engines.stream_files import TimeColumns, read_ahead
from undertow.engines.stream_kernel import feed
from undertow.engines.stream_kernel_keys import OK

RUNS = 3
QUANTILES = (50, 90, 99, 99.9)
SHOWN_STALL_MS = 5.0


@intrinsic  # type: ignore[untyped-decorator]  # numba has no hints
def cycles(_: Any) -> Any:  # noqa: ANN401  # numba's own types
    """Read the cycle counter."""

    def emit(_: Any, builder: Any, __: Any, ___: Any) -> Any:  # noqa: ANN401  # numba's own types
        kind = ir.FunctionType(ir.IntType(64), [])
        counter = builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind)
        return builder.call(counter, [])

    return types.int64(), emit


@njit(nogil=True)  # type: ignore[untyped-decorator]  # numba has no hints
def one_by_one(i, n, batch, rules, programs, floor, store, room, cost):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201  # compiled
    """Feed events one by one; keep the least that each has cost, in cycles."""
    why = OK
    while i < n:
        begin = cycles()
        reached, why = feed(i, i + 1, batch, rules, programs, floor, store, room)
        cost[i] = min(cost[i], cycles() - begin)
        if why != OK:
            return reached, why
        i += 1
    return i, why


@njit  # type: ignore[untyped-decorator]  # numba has no hints
def now() -> int:
    """Read the counter from Python."""
    return int(cycles())


def per_nanosecond() -> float:
    """Measure how many cycles the counter counts in a nanosecond."""
    now()
    begin, clock = now(), time.perf_counter_ns()
    time.sleep(0.2)
    return float(now() - begin) / (time.perf_counter_ns() - clock)


class Steps(Stream):
    """A stream whose step is timed."""

    cost: np.ndarray

    def _feed_pass(self, k: int, batch: Any, n: int) -> None:  # noqa: ANN401  # imported in children only
        kept = self._step
        cost = self.cost

        def timed(i: int, n: int, *rest: Any) -> tuple[int, int]:  # noqa: ANN401  # arrays
            found: tuple[int, int] = one_by_one(i, n, *rest, cost)
            return found

        self._step = timed
        try:
            super()._feed_pass(k, batch, n)
        finally:
            self._step = kept


def fed(books: list[Any], events: Path, cost: np.ndarray) -> Steps:
    """Feed a file to an empty stream."""
    stream, done = Steps(books), 0
    for batch in read_ahead([events], TimeColumns(marks={"address": "address"})):
        n = len(batch.at)
        stream.cost = cost[done : done + n]
        stream.feed(batch)
        done += n
    return stream


def measured(books: list[Any], warm: Path, events: Path) -> tuple[Steps, dict[str, float]]:
    """Time the steps; gives a stream that has seen all, and times in nanoseconds and milliseconds."""
    import pyarrow.parquet as pq

    most = np.iinfo(np.int64).max
    fed(books, warm, np.full(pq.read_metadata(warm).num_rows, most))
    n = pq.read_metadata(events).num_rows
    least, pace = np.full(n, most), per_nanosecond()
    told: dict[str, float] = {}
    for run in range(RUNS):
        cost = np.full(n, most)
        stream = fed(books, events, cost)
        if run == 0:
            spread = np.percentile(cost, QUANTILES) / pace
            told = {
                f"p{q}_ns": round(float(v), 1) for q, v in zip(QUANTILES, spread, strict=True)
            }
        np.minimum(least, cost, out=least)
    milliseconds = least / pace / 1e6
    told["longest_step_ms"] = round(float(milliseconds.max()), 4)
    told["steps_over_5_ms"] = int((milliseconds > SHOWN_STALL_MS).sum())
    return stream, told

"""The desk's clock: gives back leases that ran out, lets decisions take effect, signs the log, deletes what is past its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI

from undertow.cases import checkpoints, claims, decide, retention
from undertow.cases.store import Store
from undertow.review import sessions
from undertow.review.logs import place_of
from undertow.review.settings import MINUTE, Settings

HOUR: Final = 60 * MINUTE


class Task(msgspec.Struct):
    """Something the clock does: how long between two times, what, and when it was done last."""

    every: int
    do: Callable[[int], object]
    last: int | None = None


def tasks(store: Store, settings: Settings) -> dict[str, Task]:
    """Name what the clock does; `do` takes the time in microseconds."""
    return {
        "expire": Task(0, lambda now: claims.expire(store, now)),
        "settle": Task(0, lambda now: decide.settle(store, now)),
        "sessions": Task(10 * MINUTE, lambda now: sessions.sweep(store, now, settings)),
        "checkpoint": Task(0, lambda _: checkpoints.is_due(store) and checkpoints.make(store)),
        "hourly checkpoint": Task(HOUR, lambda _: checkpoints.make(store)),
        "purge": Task(HOUR, lambda now: retention.purge(store, now)),
    }


def tick(app: FastAPI) -> int:
    """Do what is due; a task that fails is logged and does not stop the others. Give how many failed."""
    failed, now = 0, app.state.clock()
    for name, task in app.state.tasks.items():
        if task.last is not None and now - task.last < task.every:
            continue
        task.last = now
        try:
            task.do(now)
        except Exception as fault:  # noqa: BLE001  # the clock goes on; the next round tries again
            failed += 1
            met = {"fault": type(fault).__name__, "place": place_of(fault)}
            # `exception` would log the fault's own text, which may hold data.
            app.state.logger.error("clock", task=name, **met)  # noqa: TRY400  # as above
    app.state.counts.failed(failed)
    return failed


async def run(app: FastAPI) -> None:
    """Tick until cancelled."""
    while True:
        await to_thread.run_sync(tick, app)
        await asyncio.sleep(app.state.settings.every_seconds)


async def stop(app: FastAPI, task: asyncio.Task[None]) -> None:
    """Stop the clock, wait until it stands, and sign what was logged since."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    last: Task = app.state.tasks["hourly checkpoint"]
    last.last = None
    await to_thread.run_sync(tick, app)

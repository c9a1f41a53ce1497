"""The desk's clock: gives back leases that ran out, lets decisions take effect, signs the log, forgets sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from anyio import to_thread
from fastapi import FastAPI

from undertow.cases import checkpoints, claims, decide
from undertow.cases.store import Store
from undertow.review import sessions
from undertow.review.logs import place_of
from undertow.review.settings import Settings


def tasks(store: Store, settings: Settings) -> dict[str, Callable[[int], object]]:
    """Name what the clock does; each takes the time in microseconds."""
    return {
        "expire": lambda now: claims.expire(store, now),
        "settle": lambda now: decide.settle(store, now),
        "checkpoint": lambda _: _signed(store),
        "sessions": lambda now: sessions.sweep(store, now, settings),
    }


def _signed(store: Store) -> None:
    if checkpoints.is_due(store):
        checkpoints.make(store)


def tick(app: FastAPI) -> int:
    """Do all of it once; a task that fails is logged and does not stop the others. Give how many failed."""
    store, settings, logger = app.state.store, app.state.settings, app.state.logger
    failed = 0
    for name, task in tasks(store, settings).items():
        try:
            task(app.state.clock())
        except Exception as fault:  # noqa: BLE001  # the clock goes on; the next round tries again
            failed += 1
            # `exception` would log the fault's own text, which may hold data.
            logger.error("clock", task=name, fault=type(fault).__name__, place=place_of(fault))  # noqa: TRY400  # as above
    return failed


async def run(app: FastAPI) -> None:
    """Tick until cancelled."""
    while True:
        await to_thread.run_sync(tick, app)
        await asyncio.sleep(app.state.settings.every_seconds)


async def stop(task: asyncio.Task[None]) -> None:
    """Stop the clock and wait until it stands."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

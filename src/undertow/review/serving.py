"""The desk served: one process, one port, until it is told to stop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI

from undertow.cases.store import Store
from undertow.review import safe_start
from undertow.review.app import make_app
from undertow.review.logs import Handed, logger_for
from undertow.review.settings import Settings

KEPT = 75
"""Seconds a browser may keep a connection that it does not use; with few, it meets one that is just being closed."""
GRACE = 10
"""Seconds for requests under way to end."""


class Served(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401  # uvicorn's own signature
        """Begin to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self.ready()


def serve(store: Store, settings: Settings, ready: Callable[[FastAPI], None]) -> None:
    """Serve a store until the process is told to stop.

    Args:
        store: the open case store.
        settings: how.
        ready: called once, when the desk listens; makes links and prints them.

    Raises:
        UndertowError: `serve-…`, before anything listens.
    """
    safe_start.check(settings, store)
    taken = safe_start.bound(settings)
    logger = logger_for()
    _hush(logger)
    app = make_app(store, settings, logger=logger)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        http="h11",
        loop="asyncio",
        h11_max_incomplete_event_size=65_536,
        timeout_keep_alive=KEPT,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    # uvicorn ends in good order and then lets the signal act again; to be told to stop is no fault.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        Served(config, lambda: ready(app)).run(sockets=[taken])
    except KeyboardInterrupt:
        logger.info("stopped")
    finally:
        taken.close()


def _hush(logger: Any) -> None:  # noqa: ANN401  # structlog's loggers have no common type
    """Let libraries say that something went wrong, and not what: their texts may hold data."""
    for name in (
        "uvicorn",
        "uvicorn.error",
        "asyncio",
        "fastapi",
        "authlib",
        "httpx",
        "httpx2",
    ):
        library = logging.getLogger(name)
        library.handlers = [Handed(logger)]
        library.propagate = False

"""The desk as one application: doors, guard, screens, acts, and nothing that is not on the matrix."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from undertow import __version__
from undertow.cases.store import Store
from undertow.review import (
    actions,
    api,
    clock,
    exports,
    oidc,
    signin,
    staff,
    start,
    static_files,
)
from undertow.review.counts import Counts
from undertow.review.doors import Doors
from undertow.review.faults import Faults, route_fault
from undertow.review.gate import Gate
from undertow.review.guard import Guarded, admit, check_routes
from undertow.review.headers import Headers
from undertow.review.links import Links
from undertow.review.logs import logger_for
from undertow.review.passkeys import Passkeys
from undertow.review.policy import HALF
from undertow.review.screens import (
    campaign,
    case,
    group,
    health,
    month,
    queue,
    workbench,
)
from undertow.review.settings import Settings

home = APIRouter()


@home.get("/", name="home")
def to_work(request: Request) -> Response:
    """Send people to where their work is."""
    is_admin = signin.own(request).person.role == "admin"
    return RedirectResponse("/people" if is_admin else "/queue", 303)


@home.get("/openapi.json", name="openapi")
def openapi(request: Request) -> JSONResponse:
    """Describe every route, for callers that are programs."""
    return JSONResponse(request.app.openapi())


def routers() -> tuple[APIRouter, ...]:
    """Name all routers; a twin's path stands before its page's, which would take it for a code."""
    return (
        home,
        static_files.router,
        start.router,
        signin.router,
        oidc.router,
        staff.router,
        api.router,
        actions.router,
        exports.router,
        queue.router,
        case.router,
        group.router,
        campaign.router,
        workbench.router,
        health.router,
        month.router,
    )


def now() -> int:
    """Give the time in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def make_app(
    store: Store,
    settings: Settings,
    *,
    clock_: Callable[[], int] = now,
    logger: Any = None,  # noqa: ANN401  # structlog's loggers have no common type
    more: Iterable[APIRouter] = (),
) -> FastAPI:
    """Make the application of one store.

    Args:
        store: the open case store.
        settings: how it is served.
        clock_: gives the time in microseconds; tests turn it.
        logger: takes one line per request; standard error if None.
        more: routers beside our own; their routes must stand in the matrix too.

    Raises:
        UndertowError: `route-without-policy`.
    """
    app = FastAPI(
        title="Undertow",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        exception_handlers={HTTPException: route_fault, RequestValidationError: route_fault},
    )
    app.state.store, app.state.settings, app.state.clock = store, settings, clock_
    app.state.links, app.state.gate, app.state.passkeys = Links(), Gate(), Passkeys()
    app.state.oidc, app.state.counts = oidc.Flows(), Counts()
    app.state.logger = logger or logger_for()
    app.state.desk = None
    app.state.tasks = clock.tasks(store, settings)
    app.router.routes += _ours()
    app.router.routes += [_guarded(route) for router in more for route in router.routes]
    app.router.default = _nowhere
    check_routes([route.name for route in app.routes if isinstance(route, APIRoute)])
    app.user_middleware = [
        Middleware(Headers, tls=settings.tls),
        Middleware(Faults, logger=app.state.logger),
        Middleware(Doors, settings=settings),
    ]
    return app


@cache
def _ours() -> tuple[Guarded, ...]:
    """List our own routes, guarded.

    They hold nothing of a desk, so all desks of a process share them: FastAPI takes a tenth of a second or two to
    look through their parameters.
    """
    return tuple(_guarded(route) for router in routers() for route in router.routes)


def _guarded(route: BaseRoute) -> Guarded:
    """Make a route one of ours: with no way around the guard."""
    if not isinstance(route, APIRoute):
        raise TypeError(f"`{route}` is no route that a guard can stand before")
    return Guarded(
        route.path,
        route.endpoint,
        methods=list(route.methods or ()),
        name=route.name,
        status_code=route.status_code,
        response_class=route.response_class,
        response_model=None,
        dependencies=route.dependencies,
        include_in_schema=route.include_in_schema,
    )


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for a page that is not there: to those signed in that it is not, to others where to sign in."""
    del receive, send
    if scope["type"] == "http":
        await admit(Request(scope), HALF)
        raise HTTPException(404)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let the clock run while the application serves."""
    ticking = asyncio.create_task(clock.run(app))
    try:
        yield
    finally:
        await clock.stop(app, ticking)

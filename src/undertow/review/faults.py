"""What becomes of every fault of a request: a status, a page or JSON with an id to quote, one line in the log.

Nobody meets a traceback. What went wrong inside is logged as kind and place, never with its text: an
engine's error may quote what it was given.
"""

from __future__ import annotations

import secrets
import time
from typing import Any, Final
from urllib.parse import quote

import msgspec
from anyio import to_thread
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undertow.errors import OUR_FAULT, UndertowError
from undertow.review.asked import is_partial, standing_of, wants_json
from undertow.review.doors import TooOften
from undertow.review.guard import Refusal
from undertow.review.logs import place_of

STATUS: Final = {
    "sign-in-refused": 401,
    "passkey-refused": 401,
    "oidc-refused": 401,
    "proof-old": 401,
    "role-refused": 403,
    "oidc-stranger": 403,
    "appeal-third": 403,
    "approver-new": 403,
    "not-yours": 403,
    "target-protected": 403,
    "two-people": 403,
    "act-unknown": 404,
    "campaign-unknown": 404,
    "case-unknown": 404,
    "dossier-unknown": 404,
    "identity-unknown": 404,
    "measure-unknown": 404,
    "passage-unknown": 404,
    "saved-view-unknown": 404,
    "person-unknown": 404,
    "playbook-version-unknown": 404,
    "target-unknown": 404,
    "appeal-settled": 409,
    "blind-first": 409,
    "case-held": 409,
    "case-not-yours": 409,
    "case-stale": 409,
    "case-state": 409,
    "dossier-stale": 409,
    "judged-already": 409,
    "measure-in-force": 409,
    "person-there": 409,
    "playbook-state": 409,
    "proposal-expired": 409,
    "proposal-open": 409,
    "proposal-void": 409,
    "state-refused": 409,
    "undo-late": 409,
    "vault-erased": 410,
    "reveal-limit": 429,
    "audit-key-invalid": 503,
    "audit-key-missing": 503,
    "audit-rewritten": 503,
    "audit-unwritable": 503,
    "cases-unwritable": 503,
}
"""HTTP status of a fault by its code; a fault of the user that is not named here is 422, one of ours 500."""
_HTTP: Final = {
    400: (
        "the request cannot be read",
        "request-unreadable",
        "send the form as the page has it",
    ),
    404: ("there is no such page", "page-unknown", "go back to the queue"),
    405: ("this page cannot be asked that way", "method-unknown", "use the pages' own forms"),
    413: ("the form is longer than the desk reads", "body-too-long", "shorten the text"),
}


class Fault(msgspec.Struct, frozen=True):
    """A fault as a page or a caller gets it.

    Attributes:
        changed: what another person changed meanwhile, in short words; empty for other faults.
    """

    id: str
    status: int
    code: str
    what: str
    mend: str
    changed: tuple[str, ...] = ()


def read(fault: Exception, request_id: str) -> Fault:
    """Turn any exception into what may be said about it."""
    if isinstance(fault, UndertowError):
        status = getattr(fault, "status", None) or STATUS.get(fault.code)
        if status is None:
            status = 500 if fault.exit_code == OUR_FAULT else 422
        changed = tuple(str(one) for one in getattr(fault, "changed", ()))
        return Fault(request_id, status, fault.code, fault.what, fault.mend or "", changed)
    if isinstance(fault, OperationalError):
        return Fault(
            request_id,
            503,
            "store-refuses",
            "the case store took nothing: it is full, locked or read-only",
            "nothing was changed; try again, and look at the disk if it stays so",
        )
    if isinstance(fault, DataError):
        return Fault(
            request_id,
            422,
            "form-faulty",
            "something was sent that the case store cannot hold, such as a null character",
            "send it without",
        )
    if isinstance(fault, RequestValidationError):
        named = sorted({str(one["loc"][-1]) for one in fault.errors() if one.get("loc")})
        fields = ", ".join(f"`{name}`" for name in named if name.isidentifier())
        return Fault(
            request_id,
            422,
            "form-faulty",
            f"fields are missing or not of their kind: {fields or 'the form'}",
            "fill them in and send it again",
        )
    if isinstance(fault, HTTPException):
        what, code, mend = _HTTP.get(fault.status_code, _HTTP[400])
        return Fault(request_id, fault.status_code, code, what, mend)
    return Fault(
        request_id,
        500,
        "internal",
        "something in the desk failed",
        "nothing of yours was wrong; give the id to whoever runs the desk",
    )


def answer(request: Request, fault: Exception, request_id: str) -> Response:
    """Answer a fault in the form that its caller reads."""
    said = read(fault, request_id)
    goes_to = fault.goes_to if isinstance(fault, Refusal) else None
    if wants_json(request):
        response: Response = JSONResponse(msgspec.to_builtins(said), said.status)
    elif goes_to is not None and is_partial(request):
        response = Response(
            status_code=said.status, headers={"HX-Redirect": _back(request, goes_to)}
        )
    elif goes_to is not None:
        response = RedirectResponse(_back(request, goes_to), 303)
    else:
        response = _page(request, said)
    if isinstance(fault, TooOften):
        response.headers["Retry-After"] = str(fault.seconds)
    elif said.status in (429, 503):
        response.headers["Retry-After"] = "5"
    if said.status == 401 and not wants_json(request):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _page(request: Request, said: Fault) -> Response:
    from undertow.review.rendering import render

    name = "fault_part.html" if is_partial(request) else "fault.html"
    return render(request, name, status=said.status, fault=said)


def _back(request: Request, goes_to: str) -> str:
    """Name the page to go to, and in it where to come back to: always a page of ours, never an act."""
    path = request.url.path
    if request.method == "GET":
        came = path + (f"?{request.url.query}" if request.url.query else "")
    elif _is_page(request):
        came = path
    elif "campaign" in request.path_params:
        came = f"/campaign/{request.path_params['campaign']}/group"
    else:
        came = f"/case/{request.path_params['case']}" if "case" in request.path_params else "/"
    return goes_to if came == "/" else f"{goes_to}?next={quote(came, safe='')}"


def _is_page(request: Request) -> bool:
    """Tell whether the path of a form is that of a page as well: then the form stands on that page."""
    path = getattr(request.scope.get("route"), "path", None)
    return any(
        route.path == path and "GET" in (route.methods or ())
        for route in request.app.routes
        if isinstance(route, APIRoute)
    )


def own_page(given: str) -> str:
    """Give a path that a form or a query names, or the queue where it leads anywhere but to our own pages."""
    if not given.startswith("/") or given.startswith(("//", "/\\")) or "\\" in given:
        return "/queue"
    return given if given.isprintable() else "/queue"


class Faults:
    """Middleware that catches every exception of a request, answers it, and writes one line about the request."""

    def __init__(self, app: ASGIApp, *, logger: Any) -> None:  # noqa: ANN401  # structlog's loggers have no common type
        self.app, self.logger = app, logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, answer its fault, log how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, begun, status = secrets.token_hex(6), time.perf_counter(), 0
        scope.setdefault("state", {})["id"] = request_id

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        fault: Exception | None = None
        try:
            await self.app(scope, receive, watched)
        except Exception as met:  # noqa: BLE001  # the last door: nobody meets a traceback
            fault = met
        if fault is not None and not status:
            request = Request(scope, receive)
            response = await _answered(request, fault, request_id)
            await response(scope, receive, watched)
        scope["app"].state.counts.answered(status)
        self._log(Request(scope), status, begun, fault)

    def _log(
        self, request: Request, status: int, begun: float, fault: Exception | None
    ) -> None:
        standing = standing_of(request)
        say = self.logger.error if status >= 500 else self.logger.info
        unknown = fault is not None and not isinstance(fault, UndertowError)
        say(
            "request",
            id=request.state.id,
            method=request.method,
            route=getattr(request.scope.get("route"), "name", None),
            status=status,
            milliseconds=round(1000 * (time.perf_counter() - begun), 1),
            reviewer=standing.person.reviewer if standing else None,
            code=fault.code if isinstance(fault, UndertowError) else None,
            fault=type(fault).__name__ if unknown else None,
            place=place_of(fault) if unknown and fault is not None else None,
        )


async def _answered(request: Request, fault: Exception, request_id: str) -> Response:
    """Answer a fault; where even that fails, in two lines of plain text."""
    try:
        return await to_thread.run_sync(answer, request, fault, request_id)
    except Exception:  # noqa: BLE001  # a page of faults must not need what has just failed
        said = read(fault, request_id)
        text = f"{said.what}\n{said.mend}\nid {said.id}\n"
        return Response(
            text, said.status if said.status >= 400 else 500, media_type="text/plain"
        )


async def route_fault(request: Request, fault: Exception) -> Response:
    """Answer what FastAPI raises by itself: a form that does not fit, a page that is not there."""
    return await to_thread.run_sync(answer, request, fault, str(request.state.id))

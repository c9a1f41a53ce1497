"""The outer doors: which host, from which site, how large, how often. All before a session is looked up."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undertow.review.guard import Refusal
from undertow.review.settings import Settings

SAFE: Final = ("GET", "HEAD", "OPTIONS")
CROWD: Final = 100
"""How many sessions one address may hold: a team behind one gateway. Also what cookies made up at random meet."""
KEPT: Final = 10_000
"""Buckets kept at once: the least lately used go first, so that a flood of cookies fills no memory."""


def foreign(method: str, headers: Headers, settings: Settings) -> str | None:
    """Say why a request comes from another site, or None where it is our own.

    Browsers say by `Sec-Fetch-Site` where a request begins; where that is missing, a request that
    changes something must carry our own `Origin`. Links from elsewhere may be followed: the cookie
    is not sent with them.
    """
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    if method in SAFE:
        if site in (None, "same-origin", "none"):
            return None
        return None if mode == "navigate" else "it was fetched by another site"
    if site is not None:
        return None if site == "same-origin" else "it was sent by another site"
    origin = headers.get("origin")
    if origin is None:
        return "it names no origin"
    return None if origin in settings.origins else "it names another origin"


class Bucket:
    """How many requests each key may still make: `burst` at once, refilled by `per_second`."""

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_second, self.burst, self.clock = per_second, burst, clock
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Take one request from a key: 0 if it may be made, else the seconds to wait."""
        now = self.clock()
        left, since = self.left.pop(key, (float(self.burst), now))
        left = min(float(self.burst), left + (now - since) * self.per_second)
        may = left >= 1.0
        self.left[key] = (left - 1.0 if may else left, now)
        if len(self.left) > KEPT:
            self.left.popitem(last=False)
        return 0.0 if may else (1.0 - left) / self.per_second


class Doors:
    """Middleware that refuses what no route should ever see.

    Raises:
        Refusal: `host-unknown` 421, `foreign-site` 403, `too-often` 429.
        HTTPException: 413 for a body that is longer than the desk reads.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.session = Bucket(settings.per_second, settings.burst)
        self.address = Bucket(settings.per_second * CROWD, settings.burst * CROWD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or raise why not."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._check(scope["method"], headers)
        self._count(scope, headers)
        await self.app(scope, _capped(receive, self.settings.body_bytes), send)

    def _check(self, method: str, headers: Headers) -> None:
        settings = self.settings
        if headers.get("host", "") not in settings.hosts:
            raise Refusal(
                "the request names another host",
                code="host-unknown",
                mend=f"open {settings.origin}/",
                status=421,
            )
        why = foreign(method, headers, settings)
        if why is not None:
            raise Refusal(
                f"the request was refused: {why}",
                code="foreign-site",
                mend="act from the desk's own pages; a script sends the desk's `Origin`",
                status=403,
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > settings.body_bytes:
            raise HTTPException(413)

    def _count(self, scope: Scope, headers: Headers) -> None:
        cookie = _cookie(headers, self.settings)
        wait = self.session.wait(cookie) if cookie is not None else 0.0
        client = scope.get("client")
        wait = wait or self.address.wait(client[0] if client else "")
        if wait:
            raise TooOften("too many requests at once", code="too-often", seconds=wait)


class TooOften(Refusal):
    """Too many requests of one session, or too many tries to sign in; `seconds` until the next may be made."""

    def __init__(self, what: str, *, code: str, seconds: float) -> None:
        self.seconds = max(1, int(seconds + 0.999))
        super().__init__(what, code=code, mend=f"wait {self.seconds} s, then go on", status=429)


def _cookie(headers: Headers, settings: Settings) -> str | None:
    """Give the hash of the session's cookie, whether or not there is such a session."""
    mark = f"{settings.cookie}="
    for part in headers.get("cookie", "").split(";"):
        if part.strip().startswith(mark):
            return hashlib.sha256(part.strip().encode()).hexdigest()
    return None


def _capped(receive: Receive, most: int) -> Receive:
    read = 0

    async def capped() -> Message:
        nonlocal read
        message = await receive()
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > most:
                # FastAPI turns other exceptions into a 400 while it reads a body.
                raise HTTPException(413)
        return message

    return capped

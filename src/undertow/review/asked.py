"""What a request brings with it: who asks, of which store, under which settings, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import msgspec
from starlette.requests import Request

from undertow.cases.people import Person
from undertow.cases.store import Store
from undertow.review.desk import Desk, read
from undertow.review.settings import Settings


class Standing(msgspec.Struct, frozen=True):
    """A session as it stands at this request.

    Attributes:
        person: who signed in.
        token_hash: SHA-256 of the cookie's token, hex; the token itself is nowhere kept.
        made_at, seen_at, proved_at: microseconds.
        whole: a second factor was given, or none is asked of this person.
        has_factor: the person holds a passkey.
        chosen: the person's own choices, as `review.choices` reads them.
    """

    person: Person
    chosen: bytes
    token_hash: str
    made_at: int
    seen_at: int
    proved_at: int
    whole: bool
    has_factor: bool


def standing_of(request: Request) -> Standing | None:
    """Give the session of a request; None on pages that ask for none."""
    return cast("Standing | None", getattr(request.state, "standing", None))


def current(request: Request) -> Person:
    """Give who asks. The guard of the route has let nobody else through."""
    standing = standing_of(request)
    if standing is None:
        raise TypeError("`current` was called on a route that asks for no sign-in")
    return standing.person


def store_of(request: Request) -> Store:
    """Give the case store that this desk serves."""
    return cast("Store", request.app.state.store)


def settings_of(request: Request) -> Settings:
    """Give how this desk is served."""
    return cast("Settings", request.app.state.settings)


def desk_of(request: Request) -> Desk:
    """Give what the desk decided for itself; read once, and again when it is changed."""
    state = request.app.state
    if state.desk is None:
        state.desk = read(store_of(request))
    return cast("Desk", state.desk)


def now_of(request: Request) -> int:
    """Give the time of this desk's clock, in microseconds since 1970 UTC."""
    return cast("Callable[[], int]", request.app.state.clock)()


def wants_json(request: Request) -> bool:
    """Tell whether the caller reads JSON: a twin's path, or an `Accept` that names it."""
    return request.url.path.endswith(".json") or "application/json" in request.headers.get(
        "accept", ""
    )


def is_partial(request: Request) -> bool:
    """Tell whether htmx asks, which puts what it gets into the page it has."""
    return request.headers.get("hx-request") == "true"

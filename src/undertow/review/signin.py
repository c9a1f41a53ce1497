"""Ways in and out: name and password, passkey, one-time link, and the way out that leaves nothing behind."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from undertow.cases import people
from undertow.cases.people import Person
from undertow.errors import UndertowError
from undertow.review import sessions
from undertow.review.asked import (
    Standing,
    current,
    now_of,
    settings_of,
    standing_of,
    store_of,
    wants_json,
)
from undertow.review.doors import TooOften
from undertow.review.faults import own_page, read
from undertow.review.gate import Gate
from undertow.review.guard import Refusal, judge
from undertow.review.links import Link, Links
from undertow.review.passkeys import Passkeys
from undertow.review.policy import ROLES, Policy

router = APIRouter()

Text = Annotated[str, Form(max_length=256)]
Secret = Annotated[str, Form(max_length=1000)]
Next = Annotated[str, Form(alias="next", max_length=2000)]
Token = Annotated[str, Form(max_length=100)]
_PROVED = Policy(dict.fromkeys(ROLES, "yes"), proved=True)


def links_of(request: Request) -> Links:
    """Give the one-time links of this desk."""
    return cast("Links", request.app.state.links)


def gate_of(request: Request) -> Gate:
    """Give the gate of this desk."""
    return cast("Gate", request.app.state.gate)


def passkeys_of(request: Request) -> Passkeys:
    """Give the challenges of this desk."""
    return cast("Passkeys", request.app.state.passkeys)


def own(request: Request) -> Standing:
    """Give the session of a route whose guard let nobody through without one."""
    standing = standing_of(request)
    if standing is None:
        raise TypeError("`own` was called on a route that asks for no sign-in")
    return standing


def _proved(request: Request) -> Person:
    judge(standing_of(request), _PROVED, now_of(request), settings_of(request))
    return current(request)


proved = Depends(_proved)
"""Dependency: the person, who proved a short while ago who they are; else they are sent to `/prove`."""


def admitted(
    request: Request,
    person: Person,
    goes_to: str,
    how: str,
    *,
    proved_at: int | None = None,
    second: bool = False,
) -> Response:
    """Begin a session, write that it began, and send the person on; an older session of this browser ends.

    Args:
        request: what came.
        person: who was found to be who they say.
        goes_to: a page of ours.
        how: `password`, `link`, `visit`, `start` or `oidc`.
        proved_at: as `sessions.begin`.
        second: as `sessions.begin`.
    """
    store, now, settings = store_of(request), now_of(request), settings_of(request)
    before = standing_of(request)
    if before is not None:
        sessions.end(store, before, now)
    token = sessions.begin(
        store, person.reviewer, now, how=how, proved_at=proved_at, second=second
    )
    response: Response = RedirectResponse(goes_to, 303)
    if wants_json(request):
        response = JSONResponse({"signed_in": person.reviewer, "role": person.role})
    return sessions.give(response, token, settings)


def again(request: Request, fault: UndertowError, name: str, **context: object) -> Response:
    """Show a form once more with what was wrong with it; a caller that reads JSON gets the fault."""
    from undertow.review.rendering import render

    if wants_json(request):
        raise fault
    said = read(fault, request.state.id)
    page = render(request, name, status=said.status, fault=said, **context)
    if isinstance(fault, TooOften):
        page.headers["Retry-After"] = str(fault.seconds)
    return page


@router.get("/sign-in", name="sign_in")
def sign_in(
    request: Request, next_: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Show where to give name and password."""
    from undertow.review.rendering import render

    standing = standing_of(request)
    if standing is not None and standing.whole:
        return RedirectResponse(own_page(next_), 303)
    oidc = settings_of(request).oidc is not None
    return render(request, "sign_in.html", next=own_page(next_), oidc=oidc)


@router.post("/sign-in", name="sign_in_post")
def sign_in_post(
    request: Request, name: Text, password: Secret, next_: Next = "/queue"
) -> Response:
    """Try name and password; with a passkey held, the session is half until it is used."""
    store = store_of(request)
    try:
        person = gate_of(request).pass_(
            request, name, password, lambda one, two: people.sign_in(store, one, two)
        )
    except UndertowError as fault:
        oidc = settings_of(request).oidc is not None
        return again(request, fault, "sign_in.html", next=own_page(next_), oidc=oidc)
    return admitted(request, person, own_page(next_), "password")


@router.post("/sign-out", name="sign_out")
def sign_out(request: Request) -> Response:
    """End the session, and tell the browser to forget this site."""
    sessions.end(store_of(request), own(request), now_of(request))
    return sessions.take(RedirectResponse("/sign-in", 303), settings_of(request))


@router.get("/enter", name="enter")
def enter(request: Request, token: Annotated[str, Query(max_length=100)]) -> Response:
    """Follow a one-time link: into the demo at once, else to the form for a new password.

    A browser that only looks ahead uses no link up.
    """
    from undertow.review.rendering import render

    link = _look(request, token)
    if "prefetch" in request.headers.get("sec-purpose", ""):
        raise _no_link()
    if link.purpose == "visit":
        return admitted(request, _use(request, token), "/queue", "visit")
    return render(request, "enter.html", token=token)


@router.post("/enter", name="enter_post")
def enter_post(request: Request, token: Token, password: Secret) -> Response:
    """Choose a password by a one-time link, and come in."""
    _look(request, token)
    try:
        people.hashed_password(password)  # one that is too short uses no link up
    except UndertowError as fault:
        return again(request, fault, "enter.html", token=token)
    person = _use(request, token)
    people.set_password(store_of(request), person, password, now=now_of(request))
    return admitted(request, person, "/queue", "link")


def _look(request: Request, token: str) -> Link:
    link = links_of(request).look(token, now_of(request))
    if link is None or link.reviewer is None:
        raise _no_link()
    return link


def _use(request: Request, token: str) -> Person:
    link = links_of(request).use(token, now_of(request))
    if link is None or link.reviewer is None:
        raise _no_link()
    person = people.person(store_of(request), link.reviewer)
    if person is None:
        raise _no_link()
    return person


def _no_link() -> UndertowError:
    return Refusal(
        "this link was used already, is too old, or never was",
        code="link-spent",
        mend="ask whoever gave it to you for a new one",
        status=410,
    )


@router.get("/prove", name="prove")
def prove(
    request: Request, next_: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Show where to prove once more who one is."""
    from undertow.review.rendering import render

    has_factor = own(request).has_factor
    return render(request, "prove.html", next=own_page(next_), has_factor=has_factor)


@router.post("/prove", name="prove_post")
def prove_post(request: Request, password: Secret, next_: Next = "/queue") -> Response:
    """Try the password of who is signed in."""
    store, standing = store_of(request), own(request)
    try:
        gate_of(request).pass_(
            request,
            standing.person.name,
            password,
            lambda name, given: people.sign_in(store, name, given),
        )
    except UndertowError as fault:
        factor = standing.has_factor
        return again(request, fault, "prove.html", next=own_page(next_), has_factor=factor)
    sessions.prove(store, standing.token_hash, now_of(request))
    if wants_json(request):
        return JSONResponse({"proved": True})
    return RedirectResponse(own_page(next_), 303)


@router.get("/second-factor", name="second_factor")
def second_factor(
    request: Request, next_: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Show where to use a passkey, or to add the first."""
    from undertow.review.rendering import render

    has_factor = own(request).has_factor
    return render(
        request,
        "second_factor.html",
        next=own_page(next_),
        has_factor=has_factor,
        who_is_whole=own(request).whole,
    )


@router.post("/second-factor/options", name="second_factor_options")
def second_factor_options(request: Request) -> JSONResponse:
    """Give the challenge for a passkey that is held."""
    settings = settings_of(request)
    passkeys = passkeys_of(request)
    return JSONResponse(
        passkeys.request(store_of(request), own(request), now_of(request), settings)
    )


@router.post("/second-factor", name="second_factor_post")
def second_factor_post(
    request: Request, credential: Annotated[dict[str, Any], Body()]
) -> JSONResponse:
    """Check the response of a passkey: the session is whole, and its person has proved who they are."""
    store, standing, now = store_of(request), own(request), now_of(request)
    passkeys_of(request).use(store, standing, credential, now, settings_of(request))
    sessions.prove(store, standing.token_hash, now, second=True)
    return JSONResponse({"proved": True})


@router.post("/passkey/options", name="passkey_options")
def passkey_options(request: Request) -> JSONResponse:
    """Give the challenge for a new passkey."""
    _may_add(request)
    settings = settings_of(request)
    passkeys = passkeys_of(request)
    return JSONResponse(
        passkeys.registration(store_of(request), own(request), now_of(request), settings)
    )


@router.post("/passkey", name="passkey_post")
def passkey_post(
    request: Request, credential: Annotated[dict[str, Any], Body()]
) -> JSONResponse:
    """Keep a new passkey; the session that made it is whole."""
    _may_add(request)
    store, standing, now = store_of(request), own(request), now_of(request)
    passkeys_of(request).register(store, standing, credential, now, settings_of(request))
    sessions.prove(store, standing.token_hash, now, second=True)
    return JSONResponse({"kept": True})


def _may_add(request: Request) -> None:
    """Let a passkey be added by a whole session that has just proved itself, or as somebody's first.

    Raises:
        Refusal: `second-factor-first`, `prove-first`: a password alone adds no key to those that are there.
    """
    standing = own(request)
    if not standing.whole and not standing.has_factor:
        return
    judge(standing, _PROVED, now_of(request), settings_of(request))

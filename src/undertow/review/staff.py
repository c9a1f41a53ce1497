"""People and settings of the desk, for its administrators; and for everybody their own page."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Form
from sqlalchemy import delete, select
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from undertow.cases import claims
from undertow.cases import people as staff
from undertow.cases.ledger import record
from undertow.cases.store import Store
from undertow.cases.tables import cases, reviewers, second_factors
from undertow.cases.tables import sessions as sessions_
from undertow.errors import UndertowError
from undertow.review import choices, sessions
from undertow.review.asked import current, desk_of, now_of, settings_of, store_of, wants_json
from undertow.review.desk import Desk, keep
from undertow.review.settings import LANGUAGES
from undertow.review.signin import Text, links_of, own
from undertow.review.start import enter_url

router = APIRouter()

Code = Annotated[str, Form(max_length=100)]


class Member(msgspec.Struct, frozen=True):
    """A person as the list of people shows them."""

    reviewer: str
    name: str
    role: str
    made_at: int
    disabled_at: int | None
    has_password: bool
    has_factor: bool


def members(store: Store) -> list[Member]:
    """List everybody with how they can sign in, oldest first."""
    with store.reading() as connection:
        asked = select(reviewers.c.reviewer).where(reviewers.c.password.is_not(None))
        passwords = set(connection.execute(asked).scalars())
        factors = set(connection.execute(select(second_factors.c.reviewer)).scalars())
    return [
        Member(
            one.person.reviewer,
            one.person.name,
            one.person.role,
            one.made_at,
            one.disabled_at,
            one.person.reviewer in passwords,
            one.person.reviewer in factors,
        )
        for one in staff.people(store)
    ]


@router.get("/people", name="people")
def people(request: Request) -> Response:
    """Show who is at the desk."""
    return _shown(request, None)


def _shown(request: Request, made: tuple[str, str, str] | None) -> Response:
    from undertow.review.rendering import render

    store = store_of(request)
    return render(request, "people.html", members=members(store), roles=staff.ROLES, made=made)


@router.get("/people.json", name="people_json")
def people_json(request: Request) -> JSONResponse:
    """List who is at the desk."""
    return JSONResponse(msgspec.to_builtins(members(store_of(request))))


@router.post("/people", name="people_add")
def people_add(request: Request, name: Text, role: Text, subject: Text = "") -> Response:
    """Add a person and show, once, the link by which they choose their password."""
    who, now = current(request), now_of(request)
    given = subject.strip() or None
    made = staff.add_person(store_of(request), name, role, now=now, subject=given, by=who)
    link = "" if given else enter_url(request, made.reviewer)
    if wants_json(request):
        return JSONResponse({"reviewer": made.reviewer, "link": link})
    return _shown(request, (made.name, made.role, link))


@router.post("/people/link", name="people_link")
def people_link(request: Request, reviewer: Code) -> Response:
    """Show, once, a new link for a person who lost their password."""
    store = store_of(request)
    found = staff.person(store, reviewer)
    if found is None:
        raise staff.unknown_person()
    with store.writing() as connection:
        facts = {"reviewer": current(request).reviewer, "of": reviewer, "at": now_of(request)}
        staff.let_in(connection, reviewer, current(request), now_of(request))
        record(connection, store, "link-made", facts)
    link = enter_url(request, found.reviewer)
    if wants_json(request):
        return JSONResponse({"reviewer": found.reviewer, "link": link})
    return _shown(request, (found.name, found.role, link))


@router.post("/people/passkeys", name="people_passkeys")
def people_passkeys(request: Request, reviewer: Code) -> Response:
    """Remove the passkeys of a person who lost theirs, and end their sessions; they add a new one at their next sign-in."""
    store, now = store_of(request), now_of(request)
    found = staff.person(store, reviewer)
    if found is None:
        raise staff.unknown_person()
    facts = {"reviewer": current(request).reviewer, "of": reviewer, "at": now}
    with store.writing() as connection:
        mine = second_factors.c.reviewer == reviewer
        connection.execute(delete(second_factors).where(mine))
        connection.execute(delete(sessions_).where(sessions_.c.reviewer == reviewer))
        record(connection, store, "passkeys-removed", facts)
    return _done(request, "/people")


@router.post("/people/disable", name="people_disable")
def people_disable(request: Request, reviewer: Code) -> Response:
    """Let a person in no more; the last administrator stays."""
    who = current(request)
    if reviewer == who.reviewer:
        raise UndertowError(
            "nobody disables themselves",
            code="person-self",
            mend="another administrator does it",
        )
    staff.disable(store_of(request), reviewer, now=now_of(request), by=who)
    links_of(request).forget(reviewer)
    return _done(request, "/people")


@router.get("/settings", name="settings")
def settings(request: Request) -> Response:
    """Show what the desk decided for itself."""
    from undertow.review.rendering import render

    desk = desk_of(request)
    return render(request, "settings.html", desk=desk, tongues=LANGUAGES)


@router.post("/settings", name="settings_post")
def settings_post(
    request: Request,
    language: Annotated[str, Form(max_length=5)],
    daily_reviews: Annotated[int, Form(ge=1, le=1000)],
    undo_minutes: Annotated[int, Form(ge=1, le=1440)],
) -> Response:
    """Change what the desk decided for itself; the log keeps who did."""
    store = store_of(request)
    desk = Desk(language, daily_reviews, undo_minutes)
    keep(store, desk, current(request).reviewer, now_of(request))
    request.app.state.desk = None
    return _done(request, "/settings")


@router.get("/me", name="me")
def me(request: Request) -> Response:
    """Show a person's own choices: language, looks, keys."""
    from undertow.review.rendering import render

    return render(request, "me.html")


@router.get("/me.json", name="me_json")
def me_json(request: Request) -> JSONResponse:
    """Say who one is, and until when the session lasts as it stands."""
    standing = own(request)
    return JSONResponse(
        {
            "reviewer": standing.person.reviewer,
            "role": standing.person.role,
            "proved_at": standing.proved_at,
            "has_factor": standing.has_factor,
            "choices": msgspec.to_builtins(choices.read(standing.chosen)),
        }
    )


@router.post("/me", name="me_post")
async def me_post(request: Request) -> Response:
    """Keep a person's own choices."""
    from anyio import to_thread

    form = await request.form(max_fields=100, max_files=0)
    chosen = msgspec.to_builtins(choices.from_form(form))
    await to_thread.run_sync(staff.set_preferences, store_of(request), current(request), chosen)
    return _done(request, "/me")


@router.post("/me/sessions", name="me_sessions")
def me_sessions(request: Request) -> Response:
    """End all of one's own sessions, this one too."""
    sessions.end(store_of(request), own(request), now_of(request), every=True)
    return sessions.take(_done(request, "/sign-in"), settings_of(request))


@router.get("/pause", name="pause")
def pause(request: Request) -> Response:
    """Show a page with nothing on it, for a rest."""
    from undertow.review.rendering import render

    return render(request, "pause.html")


@router.post("/pause", name="pause_post")
def pause_post(request: Request) -> Response:
    """Give back every case that one holds, so that nobody waits; each is an act of its own."""
    store, who, now = store_of(request), current(request), now_of(request)
    mine = select(cases.c.case).where(cases.c.holder == who.reviewer, cases.c.lease_until > now)
    with store.reading() as connection:
        held = list(connection.execute(mine.order_by(cases.c.case)).scalars())
    for case in held:
        claims.release(store, who, case, now)
    return _done(request, "/pause")


def _done(request: Request, goes_to: str) -> Response:
    if wants_json(request):
        return JSONResponse({"done": True})
    return RedirectResponse(goes_to, 303)

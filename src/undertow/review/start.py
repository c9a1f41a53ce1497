"""The first start: a desk without people prints one local link, and whoever follows it makes the first ones.

There is no default account and no default password. The first person is an administrator, who reads no
text and decides nothing; the others get links of their own.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from undertow.cases import people
from undertow.errors import UndertowError
from undertow.review.asked import now_of, settings_of, store_of
from undertow.review.desk import Desk, check, keep
from undertow.review.guard import Refusal
from undertow.review.settings import LANGUAGES
from undertow.review.signin import admitted, again, links_of

router = APIRouter()


@router.get("/start", name="start")
def start(request: Request, token: Annotated[str, Query(max_length=100)]) -> Response:
    """Show the form of the first start."""
    from undertow.review.rendering import render

    _look(request, token)
    return render(request, "start.html", token=token, tongues=LANGUAGES, desk=Desk())


class First(BaseModel):
    """The form of the first start: the administrator, two others where wanted, and the desk's own settings."""

    token: str = Field(max_length=100)
    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)
    analyst: str = Field("", max_length=200)
    approver: str = Field("", max_length=200)
    language: str = Field("en", max_length=5)
    daily_reviews: int = Field(40, ge=1, le=1000)
    undo_minutes: int = Field(10, ge=1, le=1440)


@router.post("/start", name="start_post")
def start_post(request: Request, form: Annotated[First, Form()]) -> Response:
    """Make the administrator and, where named, an analyst and an approver; show their links once."""
    from undertow.review.rendering import render

    store, now = store_of(request), now_of(request)
    _look(request, form.token)
    names = [" ".join(one.split()) for one in (form.name, form.analyst, form.approver)]
    desk = Desk(form.language, form.daily_reviews, form.undo_minutes)
    try:
        _fit(names, form.password)
        check(desk)
    except UndertowError as fault:
        shown = {"token": form.token, "tongues": LANGUAGES, "desk": desk}
        return again(request, fault, "start.html", **shown)
    if links_of(request).use(form.token, now) is None:
        raise _no_link()
    keep(store, desk, None, now)
    request.app.state.desk = None
    admin = people.add_person(store, names[0], "admin", form.password, now=now)
    made: list[tuple[str, str, str]] = []
    for other, role in ((names[1], "analyst"), (names[2], "approver")):
        if other:
            person = people.add_person(store, other, role, now=now, by=admin)
            made.append((other, role, enter_url(request, person.reviewer)))
    entered = admitted(request, admin, "/people", "start")
    if not made:
        return entered
    page = render(request, "started.html", links=made)
    page.headers.append("Set-Cookie", entered.headers["Set-Cookie"])
    return page


def _fit(names: list[str], password: str) -> None:
    """Refuse what would stop half-way: a link that is used up makes everybody or nobody."""
    given = [one.casefold() for one in names if one]
    if not names[0] or len(set(given)) < len(given):
        raise UndertowError(
            "every person needs a name of their own",
            code="people-same-name",
            mend="give each another name",
        )
    if not all(one.isprintable() and len(one) <= people.LONGEST for one in given):
        raise UndertowError(
            "a person needs a name of one line",
            code="person-name",
            mend="give one of at most 256 characters",
        )
    people.hashed_password(password)


def enter_url(request: Request, reviewer: str) -> str:
    """Make a one-time link by which a person chooses a password."""
    token = links_of(request).make("password", now_of(request), reviewer)
    return f"{settings_of(request).origin}/enter?token={token}"


def _look(request: Request, token: str) -> None:
    link = links_of(request).look(token, now_of(request))
    if link is None or link.purpose != "first":
        raise _no_link()


def _no_link() -> Refusal:
    return Refusal(
        "this link was used already, is too old, or never was",
        code="link-spent",
        mend="the line that `undertow serve` printed last holds the link; start it again for a new one",
        status=410,
    )

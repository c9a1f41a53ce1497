"""A month at the desk in numbers: what was decided and how sure that was, without a word about any one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from undertow.cases.labelled import FEWEST
from undertow.cases.month import Month, report
from undertow.review.asked import now_of, store_of
from undertow.review.language import Language, moment
from undertow.review.names import marked
from undertow.review.rendering import language_of, render

router = APIRouter()

EARLIEST: Final = "1970-01"
"""No link leads before this month, nor past the one that is running."""
PARTS: Final = (
    (
        marked("Load"),
        (
            ("opened", marked("cases opened")),
            ("reopened", marked("opened again")),
            ("waiting", marked("waiting now")),
            ("decided", marked("decisions that took effect")),
            ("hours", marked("hours of review, estimated from the times of acts")),
            ("people", marked("people at the desk")),
        ),
    ),
    (
        marked("How sure it was"),
        (
            ("confirmed", marked("the claim held")),
            ("rejected", marked("it did not hold")),
            ("unclear", marked("nobody could tell, or only help was given")),
        ),
    ),
    (
        marked("Two people"),
        (
            ("proposed", marked("restrictive proposals")),
            ("disagreed", marked("the second person disagreed")),
            ("taken_back", marked("taken back in time")),
            ("appeals", marked("appeals settled")),
            ("overturned", marked("of these lifted")),
            ("judged", marked("judged before the score was shown")),
            ("agreed", marked("of these the decision agreed with")),
        ),
    ),
    (
        marked("Help and looks"),
        (
            ("offered", marked("help offered")),
            ("given", marked("help given")),
            ("declined", marked("help declined")),
            ("texts", marked("texts opened")),
            ("identities", marked("identities opened")),
            ("readers", marked("people who opened any")),
            ("allowed", marked("entries of the allow-list")),
        ),
    ),
)
"""Rows of the page in their parts: the field of `cases.month.Month`, and its words."""


@dataclass(frozen=True)
class Part:
    """One card of the page."""

    title: str
    rows: list[tuple[str, str]]


@router.get("/month", name="month", response_class=HTMLResponse)
def month_page(
    request: Request,
    month: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """Show one month (UTC), this one if none is named."""
    store, language = store_of(request), language_of(request)
    latest = f"{moment(now_of(request)):%Y-%m}"
    named = month or latest
    told = report(store, named)
    sure = told.confirmed + told.rejected
    return render(
        request,
        "month.html",
        month=named,
        before=_moved(named, -1) if named > EARLIEST else None,
        after=_moved(named, 1) if named < latest else None,
        parts=[
            Part(
                language.say(title),
                [(language.say(says), _value(language, told, name)) for name, says in rows],
            )
            for title, rows in PARTS
        ],
        told=told,
        sure=sure,
        fewest=FEWEST,
        place=store.folder.name,
    )


def _value(language: Language, told: Month, name: str) -> str:
    value = getattr(told, name)
    return str(language.decimal(value) if isinstance(value, float) else language.number(value))


def _moved(month: str, by: int) -> str:
    """Name the month before or after."""
    year, number = (int(part) for part in month.split("-"))
    count = year * 12 + number - 1 + by
    return f"{count // 12:04d}-{count % 12 + 1:02d}"

"""A case leaves the desk as a file: first a page that says what will be in it and what will not, then the file.

The page is fetched and reveals nothing; the file is asked for by a form, by somebody who proved a short
while ago who they are. What may be in it is `outward.exporting`'s to decide, the same as on the command line.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from undertow.cases import reading
from undertow.cases.exposed import exposure_of
from undertow.cases.reading import CaseView
from undertow.errors import UndertowError
from undertow.outward.exporting import DECIDED, KINDS, NO_TEXT, Asked, Kind, export
from undertow.outward.statement import EEA, EU, LANGUAGES, Terms
from undertow.review.asked import current, now_of, store_of, wants_json
from undertow.review.names import marked

router = APIRouter()

Why = Annotated[str, Form(max_length=4000)]
Short = Annotated[str, Form(max_length=200)]

FORMS: Final[dict[Kind, str]] = {
    "bundle": marked("everything in one archive: page, values, tables, manifest with hashes"),
    "html": marked("one page without script, to read or print"),
    "json": marked("the values, for programs"),
    "csv": marked("tables that are safe to open in a spreadsheet"),
    "stix": marked("STIX 2.1, for bodies that exchange findings"),
    "misp": marked("MISP event, not published, nothing in it for detection"),
    "statement": marked("drafts of a statement of reasons in four languages, and its fields"),
}


class Preview(msgspec.Struct, frozen=True):
    """What an export of a case would hold, and what it would not.

    Attributes:
        case: its code.
        forms: forms that can be made now. later: forms that wait for a decision in effect.
        targets, reviewers, events: how many stand as codes or by place.
        passages: how many would be opened if text were asked for; left: how many this person may still open.
        native: the account's own id could be asked for.
        blind: nothing can be exported before this person's own judgement.
    """

    case: str
    forms: tuple[str, ...]
    later: tuple[str, ...]
    targets: int
    reviewers: int
    events: int
    passages: int
    left: int
    native: bool
    text: bool
    blind: bool


def preview(view: CaseView, left: int, now: int, *, works: bool) -> Preview:
    """Say what an export would hold; it opens nothing."""
    standing = any(
        one.effective_at <= now and one.undone_at is None and one.lifted_at is None
        for one in view.measures
    )
    can = () if view.blind else tuple(one for one in KINDS if standing or one not in DECIDED)
    steps = {taken.event for funnel in view.dossier.funnels for taken in funnel.steps}
    return Preview(
        case=view.row.code,
        forms=can,
        later=tuple(one for one in KINDS if one not in can),
        targets=len(view.targets),
        reviewers=len({one.reviewer for one in view.acts} - {None}),
        events=len(steps),
        passages=len(view.passages),
        left=left,
        native=works and standing and not view.blind,
        text=works and not view.blind and len(view.passages) <= left,
        blind=view.blind,
    )


@router.get("/case/{case}/export", name="exports")
def exports(request: Request, case: str) -> Response:
    """Show what an export of the case would hold and what it would leave out."""
    from undertow.review.rendering import render

    store, who, now = store_of(request), current(request), now_of(request)
    view = reading.case_view(store, who, case, now)
    exposure = exposure_of(store, who, now)
    left = max(exposure.limit - exposure.lately, 0)
    shown = preview(view, left, now, works=who.works)
    if wants_json(request):
        return JSONResponse(msgspec.to_builtins(shown))
    return render(
        request,
        "export.html",
        preview=shown,
        account=view.row.account,
        forms=FORMS,
        never_text=NO_TEXT,
        tongues=LANGUAGES,
    )


@router.post("/case/{case}/export", name="export_post")
def export_post(
    request: Request,
    case: str,
    kind: Annotated[Kind, Form()] = "bundle",
    native_reason: Why = "",
    text_reason: Why = "",
    language: Annotated[str, Form(max_length=2)] = "en",
    territory: Short = "EU",
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Make the file and hand it over; the audit log has it before the browser does."""
    terms = None
    if kind == "statement":
        terms = Terms(territory=_places(territory), until=_day(until))
    asked = Asked(
        kind, native_reason.strip() or None, text_reason.strip() or None, language, terms=terms
    )
    made = export(store_of(request), current(request), case, asked, now_of(request))
    return Response(
        made.body,
        media_type=made.media_type,
        headers={
            # The name holds letters, digits, dots and dashes alone (`bundle.file_name`).
            "Content-Disposition": f'attachment; filename="{made.name}"',
            "Undertow-SHA-256": made.sha256,
        },
    )


def _places(text: str) -> tuple[str, ...]:
    asked = text.strip().upper()
    listed = tuple(sorted({one.strip() for one in asked.split(",") if one.strip()}))
    return {"EU": EU, "EEA": EEA}.get(asked, listed)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UndertowError(
            "the last day of the measure is not a day",
            code="option-time",
            mend="write it as 2026-12-31",
        ) from None

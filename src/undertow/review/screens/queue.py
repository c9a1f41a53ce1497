"""The queue: what is next, why, how long there is, and how much one has seen today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, cast
from urllib.parse import quote_plus, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from undertow.cases import saved
from undertow.cases.claims import CLAIMABLE
from undertow.cases.dossier import EvidenceLine
from undertow.cases.order import BY_RANK, SORTS
from undertow.cases.people import names_of, people
from undertow.cases.queue import Row, View, Which, filters, queue
from undertow.cases.reading import dossier_of, run_summaries
from undertow.cases.store import Store
from undertow.export import wording
from undertow.review import evidence, names
from undertow.review.asked import current, now_of, store_of, wants_json
from undertow.review.language import Language, Shown
from undertow.review.names import marked
from undertow.review.rendering import language_of, render
from undertow.review.screens.chains import (
    ChainStep,
    chain_of,
    innocent,
    short_title_of,
    title_of,
    tongue_of,
)

router = APIRouter()

Filter = Annotated[str, Form(max_length=200)]

STRONGEST: Final = 3
"""Points of a preview, for and against."""
VIEWS: Final = {
    "all": (marked("To review"), marked("Ordered by harm, urgency and confidence.")),
    "mine": (
        marked("Mine"),
        marked("Cases you hold. A lease lasts 30 minutes and is renewed while you work."),
    ),
    "second": (
        marked("Second approval"),
        marked("Somebody proposed; a different person decides whether it holds."),
    ),
    "clocks": (marked("Clocks"), marked("What runs out first stands first.")),
    "closed": (marked("Closed"), marked("What was decided, newest first.")),
}
FIRST: Final = marked("What was opened first stands first.")
SORTED: Final = {"": marked("by rank"), "oldest": marked("oldest first")}
EMPTY: Final = {
    "all": (
        marked("Nothing waits for review."),
        marked(
            "New cases are opened by `undertow detect --into`. If you expected some, look at the data health."
        ),
    ),
    "mine": (marked("You hold no case."), marked("Claim one from the queue.")),
    "second": (
        marked("Nothing waits for a second person."),
        marked("Your own proposals never show here: somebody else decides on them."),
    ),
    "clocks": (marked("No clock is running."), marked("Cases with a time limit show here.")),
    "closed": (
        marked("Nothing is closed yet."),
        marked("Decided cases show here once their undo window is over."),
    ),
}


@dataclass(frozen=True)
class Listed:
    """A row with what is said about it."""

    row: Row
    confidence: evidence.Confidence
    title: str
    steps: tuple[ChainStep, ...]
    preview: str
    here: bool


@dataclass(frozen=True)
class Choice:
    """One entry of the list of views."""

    says: str
    link: str
    count: int | None
    chosen: bool


@dataclass(frozen=True)
class SavedLink:
    """A view that the person keeps: its code, its name, where it leads, and whether it is what is shown."""

    code: str
    name: str
    link: str
    chosen: bool


@dataclass(frozen=True)
class Box:
    """One filter: its name in the link, what it chooses by, the value chosen, and the values there are."""

    name: str
    says: str
    value: str | None
    options: list[tuple[str, str]]


@dataclass(frozen=True)
class Point:
    """One line of evidence in words."""

    says: str
    bits: float


@dataclass(frozen=True)
class Preview:
    """What a case is about, before anybody opens it."""

    row: Row
    sentence: str
    strongest: list[Point]
    against: list[Point]
    innocent: Shown
    may_claim: bool
    skips: list[tuple[str, str]]


@router.get("/queue", name="queue", response_class=HTMLResponse)
def queue_page(  # noqa: PLR0913, PLR0917  # one for each part of the link
    request: Request,
    view: str = "all",
    at: str | None = None,
    find: str | None = None,
    sort: str = "",
    playbook: str | None = None,
    platform: str | None = None,
    lang: str | None = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """Show one view of the queue, with a preview of the row `at`, or of the first."""
    which = cast("Which", view if view in VIEWS else "all")
    asked = View(
        which,
        playbook or None,
        platform or None,
        lang or None,
        find or None,
        after,
        sort=sort if sort in SORTS else "",
    )
    with store_of(request).one_state():
        return _page(request, asked, at)


def _page(request: Request, asked: View, at: str | None) -> HTMLResponse:
    store, who, now = store_of(request), current(request), now_of(request)
    language, which = language_of(request), asked.which
    page = queue(store, who, asked, now)
    chosen = filters(store, who)
    kept = {
        "view": which,
        "playbook": asked.playbook,
        "platform": asked.platform,
        "lang": asked.lang,
        "find": asked.search,
        "sort": asked.sort,
    }
    previews = f"{_link(**kept)}&at="
    set_ = {name: value for name, value in kept.items() if value}
    here = next(
        (row for row in page.rows if row.code == at), page.rows[0] if page.rows else None
    )
    return render(
        request,
        "queue.html",
        views=[
            Choice(language.say(says), _link(view=name), page.counts.get(name), name == which)
            for name, (says, _) in VIEWS.items()
        ],
        chosen={
            "name": which,
            "says": language.say(VIEWS[which][0]),
            "about": language.say(
                FIRST if asked.sort and which in BY_RANK else VIEWS[which][1]
            ),
            "find": asked.search,
            "sort": asked.sort if which in BY_RANK else None,
            "filters": [(name, value) for name, value in kept.items() if value],
        },
        saved=[
            SavedLink(one.code, one.name, _link(**one.filters), one.filters == set_)
            for one in saved.saved(store, who)
        ],
        sorts=[(name, language.say(says)) for name, says in SORTED.items()],
        boxes=_boxes(language, chosen, asked),
        rows=[_listed(language, row, previews, here) for row in page.rows],
        further=_link(**kept, after=page.next) if page.next else None,
        people=names_of(store, [row.holder for row in page.rows]),
        done=language.number(page.done),
        budget=language.number(page.budget),
        nothing=[language.say(part) for part in EMPTY[which]],
        by_chance=evidence.by_chance(language, _chance(store)),
        preview=_preview(request, here) if here else None,
        place=store.folder.name,
        several=len(chosen["playbook"]) > 1,
    )


@router.post("/queue/saved", name="view_save")
def view_save(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    view: Filter = "",
    playbook: Filter = "",
    platform: Filter = "",
    lang: Filter = "",
    find: Filter = "",
    sort: Filter = "",
) -> Response:
    """Keep what the queue shows under a name, for this person alone."""
    filters = {
        "view": view,
        "playbook": playbook,
        "platform": platform,
        "lang": lang,
        "find": find,
        "sort": sort,
    }
    made = saved.save(store_of(request), current(request), name, filters, now_of(request))
    if wants_json(request):
        return JSONResponse({"done": True, "view": made.code})
    return RedirectResponse(_link(**made.filters), 303)


@router.post("/queue/saved/remove", name="view_remove")
def view_remove(request: Request, code: Annotated[str, Form(max_length=100)]) -> Response:
    """Remove a view that this person keeps."""
    saved.remove(store_of(request), current(request), code)
    if wants_json(request):
        return JSONResponse({"done": True, "view": code})
    return RedirectResponse("/queue", 303)


def _link(**parts: str | None) -> str:
    return "/queue?" + urlencode({name: value for name, value in parts.items() if value})


def _listed(language: Language, row: Row, previews: str, here: Row | None) -> Listed:
    return Listed(
        row=row,
        confidence=evidence.confidence(language, row.probability, row.q, blind=row.blind),
        title=str(short_title_of(language, row.playbook)),
        steps=chain_of(row.playbook),
        preview=previews + quote_plus(row.code),
        here=row is here,
    )


def _boxes(language: Language, known: dict[str, list[str]], asked: View) -> list[Box]:
    return [
        Box(
            "playbook",
            language.say("Playbook"),
            asked.playbook,
            [(name, str(title_of(language, name))) for name in known["playbook"]],
        ),
        Box(
            "platform",
            language.say("Platform"),
            asked.platform,
            [(name, wording.visible(name)) for name in known["platform"]],
        ),
        Box(
            "lang",
            language.say("Language"),
            asked.lang,
            [(name, tongue_of(language, name)) for name in known["lang"]],
        ),
    ]


def _preview(request: Request, row: Row) -> Preview:
    """Say what a case is about in one sentence and its strongest points, without any text."""
    language, who = language_of(request), current(request)
    dossier = dossier_of(store_of(request), who, row)
    return Preview(
        row=row,
        sentence="" if row.blind else evidence.sentence(language, dossier),
        strongest=_points(language, evidence.speaks_for(dossier)),
        against=_points(language, evidence.speaks_against(dossier)),
        innocent=innocent(language, dossier.playbook),
        may_claim=who.works and row.holder is None and row.state in CLAIMABLE,
        skips=[(name, language.say(says)) for name, says in names.SKIPS.items()],
    )


def _chance(store: Store) -> dict[str, Any] | None:
    """Give what null worlds said of the newest run."""
    newest = run_summaries(store, 1)
    return newest[0].get("chance") if newest else None


def holders(store: Store) -> dict[str, str]:
    """Give the names of people by their codes."""
    return {one.person.reviewer: one.person.name for one in people(store)}


def _points(language: Language, lines: list[EvidenceLine]) -> list[Point]:
    return [Point(evidence.says(language, one), one.bits) for one in lines[:STRONGEST]]

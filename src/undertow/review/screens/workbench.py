"""The workbench: a playbook's text, its faults, its chain, what it would find, and its way into use."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from undertow.cases import playbook_states as states
from undertow.cases.labelled import held_against
from undertow.cases.playbook_states import Version
from undertow.cases.store import Store
from undertow.errors import Faults, UndertowError
from undertow.export.folder import StepFacts
from undertow.playbooks.catalog import names as shipped
from undertow.playbooks.grammar import Step
from undertow.playbooks.parse import load, parse, read_text
from undertow.review import names
from undertow.review.asked import current, now_of, settings_of, store_of
from undertow.review.language import Language
from undertow.review.names import marked
from undertow.review.rendering import language_of, render
from undertow.review.screens.chains import title_of
from undertow.review.screens.queue import holders
from undertow.review.screens.vocabulary import vocabulary
from undertow.review.trials import Trial, Trials

router = APIRouter()

LONGEST: Final = 200_000
"""Characters of a playbook that is taken from a form."""
STATES: Final = {
    "shipped": marked("ships with Undertow"),
    "draft": marked("draft"),
    "shadow": marked("on trial"),
    "live": marked("in use"),
    "retired": marked("retired"),
}
Text = Annotated[str, Form(max_length=LONGEST)]
Code = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True)
class Entry:
    """One playbook in the list: a shipped one, or a version of the desk's own."""

    name: str
    title: str
    state: str
    says: str
    version: str
    link: str
    here: bool


@dataclass(frozen=True)
class Fault:
    """One fault of a text, with its place, its code, and the line where it stands."""

    what: str
    mend: str
    line: int | None
    column: int | None
    code: str
    quote: str


@dataclass(frozen=True)
class Box:
    """One step in the drawing of the chain, with what it asks in words."""

    name: str
    says: str
    private: bool | None
    optional: bool
    asks: list[str]


@dataclass(frozen=True)
class Checked:
    """A text as read: its faults, or the chain that it says."""

    faults: list[Fault]
    boxes: list[Box]
    name: str
    listed_from: str


@router.get("/workbench", name="workbench", response_class=HTMLResponse)
def workbench_page(
    request: Request, playbook: str = "", version: str = "", job: str = ""
) -> HTMLResponse:
    """Show one playbook, the first that ships if none is named."""
    store, who, language = store_of(request), current(request), language_of(request)
    kept = states.versions(store)
    chosen = next((one for one in kept if one.version == version), None)
    name = chosen.playbook if chosen else playbook if playbook in shipped() else shipped()[0]
    text = states.text_of(store, name, chosen.version) if chosen else read_text(name)
    state = chosen.state if chosen else "shipped"
    in_use = live(store).get(name) or (read_text(name) if name in shipped() else "")
    return render(
        request,
        "workbench.html",
        entries=_entries(language, kept, name, chosen),
        chosen=chosen,
        name=name,
        title=title_of(language, name),
        text=text,
        state=state,
        state_says=language.say(STATES[state]),
        checked=check(language, text),
        difference=_difference(in_use, text),
        may_write=who.works,
        is_approver=who.role == "approver",
        is_asked=chosen is not None
        and chosen.state == "shadow"
        and chosen.proposed_by is not None,
        asked_by=holders(store).get(chosen.proposed_by or "") if chosen else None,
        asked_by_me=chosen is not None and chosen.proposed_by == who.reviewer,
        trial=trials_of(request).get(job),
        told=_told(language, trials_of(request).get(job)),
        events=settings_of(request).events is not None,
        words=vocabulary(),
        vocabulary=json.dumps(vocabulary()),
        place=store.folder.name,
    )


@router.post("/workbench/check", name="bench_check", response_class=HTMLResponse)
def check_text(request: Request, text: Text) -> HTMLResponse:
    """Say what is wrong with a text, or draw its chain; nothing is kept."""
    return render(request, "checked.html", checked=check(language_of(request), text))


@router.post("/workbench/draft", name="bench_draft")
def keep_draft(request: Request, text: Text) -> Response:
    """Keep a text as a draft of its own."""
    told = text.replace("\r\n", "\n")
    return _shown(states.draft(store_of(request), current(request), told, now_of(request)))


@router.post("/playbook/{playbook}/promote", name="promote")
def promote(request: Request, playbook: str, version: Code) -> Response:
    """Take a version one state up; from trial to use it takes two approvers."""
    store, who = store_of(request), current(request)
    return _shown(states.promote(store, who, playbook, version, now_of(request)))


@router.post("/playbook/{playbook}/retire", name="bench_retire")
def retire(request: Request, playbook: str, version: Code) -> Response:
    """Put a version aside for good."""
    store, who = store_of(request), current(request)
    return _shown(states.retire(store, who, playbook, version, now_of(request)))


def _shown(version: Version) -> Response:
    link = f"/workbench?playbook={version.playbook}&version={version.version}"
    return RedirectResponse(link, 303)


def live(store: Store) -> dict[str, str]:
    """Give the texts of the desk's own playbooks that are in use, by name."""
    return {
        one.playbook: states.text_of(store, one.playbook, one.version)
        for one in states.versions(store)
        if one.state == "live"
    }


@router.post("/workbench/backtest", name="backtest")
def start_backtest(request: Request, text: Text, version: Code = "") -> Response:
    """Try a text on the events that the operator named when the desk was started."""
    events = settings_of(request).events
    if events is None:
        raise UndertowError(
            "no events were named for back-tests",
            code="backtest-no-events",
            mend="start the desk with `--events FOLDER`",
        )
    book = parse(text.replace("\r\n", "\n").encode(), file="playbook.yaml")
    listed = [name for name in shipped() if load(name).status != "research"]
    beside = {name: read_text(name) for name in listed} | live(store_of(request))
    beside.pop(book.name, None)
    store = store_of(request)
    job = (
        trials_of(request)
        .start(
            text,
            book.name,
            beside,
            Path(events),
            now_of(request),
            lambda listed: held_against(store, listed),
        )
        .job
    )
    link = f"/workbench?playbook={book.name}&version={version}&job={job}#backtest"
    return RedirectResponse(link, 303)


@router.get("/workbench/backtest/{job}", name="backtest_result", response_class=HTMLResponse)
def backtest_result(request: Request, job: str) -> HTMLResponse:
    """Show how far a back-test is, or what it found."""
    language, trial = language_of(request), trials_of(request).get(job)
    return render(request, "backtest.html", trial=trial, told=_told(language, trial))


def trials_of(request: Request) -> Trials:
    """Give the back-tests of this desk."""
    found = getattr(request.app.state, "trials", None)
    if not isinstance(found, Trials):
        found = request.app.state.trials = Trials()
    return found


def check(language: Language, text: str) -> Checked:
    """Read a text as the detector would."""
    try:
        book = parse(text.replace("\r\n", "\n").encode(), file="playbook.yaml")
    except UndertowError as fault:
        some = fault.faults if isinstance(fault, Faults) else (fault,)
        return Checked([_fault(one) for one in some], [], "", "")
    return Checked([], [_box(language, one) for one in book.steps], book.name, book.listed_from)


def _fault(fault: UndertowError) -> Fault:
    place = fault.place
    return Fault(
        fault.what,
        fault.mend or "",
        place.line if place else None,
        place.column if place else None,
        fault.code,
        (place.text or "") if place else "",
    )


def _box(language: Language, step: Step) -> Box:
    """Say what one step asks of an event, in words."""
    say = language.say
    asks = [", ".join(step.types)]
    if step.between:
        first, second = (names.role(language, one) for one in step.between)
        asks.append(say("between {a} and {b}", a=first, b=second))
    elif step.source:
        source = names.role(language, step.source)
        sink = names.role(language, step.sink) if step.sink else None
        asks.append(say("{a} to {b}", a=source, b=sink) if sink else str(source))
    if step.count > 1:
        asks.append(
            say(
                "{count} times on {days} days",
                count=language.number(step.count),
                days=language.number(step.days),
            )
        )
    if step.within is not None:
        asks.append(say("within {time}", time=language.lasting(step.within)))
    if step.has:
        asks.append(say("holds {signals}", signals=", ".join(step.has)))
    if step.first:
        asks.append(say("first contact"))
    facts = StepFacts(step.name, types=step.types, visibility=step.visibility)
    return Box(
        step.name, str(names.step(language, step.name)), facts.private, step.optional, asks
    )


def _entries(
    language: Language,
    kept: tuple[Version, ...],
    name: str,
    chosen: Version | None,
) -> list[Entry]:
    in_use = {one.playbook for one in kept if one.state == "live"}
    entries = [
        Entry(
            one,
            str(title_of(language, one)),
            "shipped",
            language.say(
                STATES["shipped"] if one not in in_use else marked("replaced by your own")
            ),
            "",
            f"/workbench?playbook={one}",
            chosen is None and one == name,
        )
        for one in shipped()
    ]
    entries += [
        Entry(
            one.playbook,
            str(title_of(language, one.playbook)),
            one.state,
            language.say(STATES[one.state]),
            one.version,
            f"/workbench?playbook={one.playbook}&version={one.version}",
            chosen is not None and chosen.version == one.version,
        )
        for one in kept
    ]
    return entries


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """Compare a text with what is in use: `same`, `gone` or `new` and the line; nothing where they are equal."""
    if before.strip() == after.strip() or not before:
        return []
    kinds = {"-": "gone", "+": "new", " ": "same"}
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "", "", lineterm="", n=2
    )
    return [
        (kinds[line[0]], line[1:])
        for line in lines
        if line[:1] in kinds and not line.startswith(("---", "+++"))
    ]


def _told(language: Language, trial: Trial | None) -> dict[str, Any] | None:
    """Lay out what a back-test found."""
    if trial is None or trial.told is None:
        return None
    told = trial.told
    most = max((one["funnels"] for one in told["weeks"]), default=0)
    count = max(len(told["weeks"]), 1)
    bars = [
        {
            "since": one["from"],
            "many": one["funnels"],
            "x": 100 / count * (count - 1 - i if language.direction == "rtl" else i),
            "width": 80 / count,
            "height": 94 * one["funnels"] / most if most else 0,
        }
        for i, one in enumerate(told["weeks"])
    ]
    weeks = max(len(told["weeks"]), 1)
    return told | {"bars": bars, "weekly": told["accounts"] / weeks, "even": told["raised"]}

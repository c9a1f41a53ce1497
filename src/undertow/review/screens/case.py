"""One case: what is claimed, on what evidence, what speaks against it, what was decided, by whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from undertow.cases import beside
from undertow.cases.dossier import Dossier, FunnelCard
from undertow.cases.people import Person, names_of, people
from undertow.cases.policy import RESTRICTIVE, clauses
from undertow.cases.reading import CaseView, dossier_at, seen, stay
from undertow.cases.store import Store
from undertow.export import wording
from undertow.nulls.probability import MOST
from undertow.review import acted, changes, desk, evidence, names
from undertow.review.asked import current, now_of, store_of
from undertow.review.drawing import strip, timeline, waterfall
from undertow.review.language import MINUTE, Language
from undertow.review.names import marked
from undertow.review.rendering import language_of, render
from undertow.review.screens.chains import innocent, title_of

router = APIRouter()

TIMELINES: Final = 1
"""Funnels drawn; all stand in the table of targets."""
TARGETS: Final = 40
"""Targets listed; the others are counted."""
Unit = Annotated[int | None, Query(ge=0, le=10_000_000)]
"""A step of a slider: hours, days or weeks since 1970."""


WHYS: Final = {
    "content": marked("the pattern does not decide it"),
    "innocent": marked("I check an innocent reading"),
    "help": marked("I want to know how to help"),
    "second": marked("I am the second person"),
    "appeal": marked("there is an appeal"),
}


@dataclass(frozen=True)
class Link:
    """One step of the chain with how many targets got there."""

    says: str
    private: bool | None
    taken: bool
    targets: int


@dataclass(frozen=True)
class Course:
    """A funnel with its drawing."""

    funnel: FunnelCard
    drawn: timeline.Drawn


@dataclass(frozen=True)
class Target:
    """Somebody to help: how far it went, since when, and what help there was."""

    target: str
    step: str
    since: int | None
    until: int | None
    weight: float | None
    help: str
    fresh: bool


@dataclass(frozen=True)
class Against:
    """A line that speaks against."""

    says: str
    bits: float


@router.get("/case/{case}", name="case", response_class=HTMLResponse)
def case_page(
    request: Request,
    case: str,
    target: Annotated[str, Query(max_length=100)] = "",
    since: Unit = None,
    until: Unit = None,
) -> HTMLResponse:
    """Show a case to somebody who may see it; looking renews the lease of who holds it.

    `target` names the person whose funnel is drawn; the strongest is, where it names none. `since` and `until`
    are the span of `drawing.spans` whose events are shown.
    """
    stay(store_of(request), current(request), case, now_of(request))
    with store_of(request).one_state():
        return _page(request, case, target, (since, until))


def _page(
    request: Request, case: str, target: str, span: tuple[int | None, int | None]
) -> HTMLResponse:
    store, who = store_of(request), current(request)
    view = seen(store, who, case, now_of(request))
    language = language_of(request)
    staff = _names(store, view)
    return render(
        request,
        "case.html",
        row=view.row,
        holder=staff.get(view.row.holder or "", view.row.holder),
        people=staff,
        dossier=view.dossier,
        hidden=view.blind,
        hold_reason=view.hold_reason,
        place=store.folder.name,
        python=_python(store, case),
        strip=strip.strip(language, view.dossier, *span),
        **_claimed(language, view, target),
        **({} if view.blind else _evidence(language, view)),
        **_beside(language, view),
        **_texts(language, view, who),
        colleagues=_colleagues(store, who) if view.row.holder == who.reviewer else [],
        **_deciding(request, view, who, staff),
    )


def _names(store: Store, view: CaseView) -> dict[str, str]:
    """Name everybody who did something to a case, whom it was handed to, and who holds it."""
    handed = (one.outcome for one in view.acts if one.kind == "hand_over")
    return names_of(store, (view.row.holder, *(one.reviewer for one in view.acts), *handed))


def _colleagues(store: Store, who: Person) -> list[tuple[str, str]]:
    """List the others who work on cases, to whom one can be handed."""
    return [
        (one.person.reviewer, one.person.name)
        for one in people(store)
        if one.person.works and one.disabled_at is None and one.person != who
    ]


def _claimed(language: Language, view: CaseView, target: str) -> dict[str, Any]:
    """Say what is claimed: the sentence, the chain, the score with its band, the strongest funnel."""
    dossier = view.dossier
    reached = _reached(dossier)
    funnels = sorted(dossier.funnels, key=lambda one: (one.target != target, *_strongest(one)))
    return {
        "sentence": "" if view.blind else evidence.sentence(language, dossier),
        "playbook": dossier.playbook,
        "title": title_of(language, dossier.playbook.name),
        "confidence": evidence.confidence(
            language,
            dossier.probability,
            dossier.chance.q if dossier.chance else None,
            blind=view.blind,
        ),
        "band": _band(dossier.probability),
        "chain": [
            Link(
                names.step(language, one.name),
                one.private,
                reached.get(one.name, 0) > 0,
                reached.get(one.name, 0),
            )
            for one in dossier.playbook.steps
        ],
        "drawn_target": funnels[0].target if funnels else None,
        "is_strongest": not funnels or funnels[0] == min(dossier.funnels, key=_strongest),
        "timelines": [
            Course(one, timeline.timeline(language, one, dossier.playbook, dossier.account))
            for one in funnels[:TIMELINES]
            if one.steps
        ],
        "place_of": lambda name: timeline.place_of(dossier.playbook, name),
        "private_of": lambda name: timeline.is_private(dossier.playbook, name),
    }


def _strongest(funnel: FunnelCard) -> tuple[float, int, str]:
    """Order funnels: strongest first; where weights are not shown, longest first."""
    known = not math.isnan(funnel.weight)
    return -funnel.weight if known else 0.0, -len(funnel.steps), funnel.target


def _reached(dossier: Dossier) -> dict[str, int]:
    """Count the targets that took each step."""
    counted: dict[str, int] = {}
    for funnel in dossier.funnels:
        for step in {taken.step for taken in funnel.steps}:
            counted[step] = counted.get(step, 0) + 1
    return counted


def _band(probability: float | None) -> tuple[float, float] | None:
    """Give the probability with a prior ten times lower and ten times higher, never above what is stated at all."""
    if probability is None or not 0 < probability < 1:
        return None
    odds = probability / (1 - probability)
    return min(odds / 10 / (1 + odds / 10), MOST), min(odds * 10 / (1 + odds * 10), MOST)


def _evidence(language: Language, view: CaseView) -> dict[str, Any]:
    """Say what weighs: the waterfall, what speaks against, what it rests on, what chance gives."""
    dossier = view.dossier
    return {
        "fall": waterfall.waterfall(language, dossier),
        "prior": (
            language.number(round(1 / dossier.run.prior)),
            language.bits(wording.prior_bits(dossier.run.prior)),
        ),
        "against": [
            Against(evidence.says(language, one), one.bits)
            for one in evidence.speaks_against(dossier)
        ],
        "rests": evidence.rests(language, dossier),
        "chance": evidence.chance(language, dossier.chance),
        "ties": language.listed(_kinds(language, dossier)),
    }


def _beside(language: Language, view: CaseView) -> dict[str, Any]:
    """Say what weighs nothing: what stands beside, blocks, what could not be seen, honest work of this shape."""
    dossier = view.dossier
    silent = [(one.source, evidence.says(language, one)) for one in dossier.silent]
    return {
        "dark": [names.shortened(one) for one in dossier.dark],
        "beside": [says for source, says in silent if source == "context"],
        "blocks": [says for source, says in silent if source in ("block", "unblock")],
        "honest_work": innocent(language, dossier.playbook),
        "unseen": [says for source, says in silent if source in ("open", "unknown")],
    }


def _kinds(language: Language, dossier: Dossier) -> list[str]:
    """Name the kinds of ties of this account's campaign, each once."""
    ties = dossier.campaign.ties if dossier.campaign else ()
    return list(dict.fromkeys(names.tie(language, one.kind) for one in ties))


def _texts(language: Language, view: CaseView, who: Person) -> dict[str, Any]:
    by_target = {one.target: one for one in view.dossier.funnels}
    decided = any(one.decided for one in view.targets)
    targets = [_target(one, by_target.get(one.code), decided=decided) for one in view.targets]
    targets.sort(key=lambda one: (-(one.weight or 0.0), one.target))
    return {
        "passages": {one.code: one for one in view.passages},
        "may_read": who.works,
        "whys": [(name, language.say(says)) for name, says in WHYS.items()],
        "targets": targets[:TARGETS],
        "also_target": view.also_target,
        "more_targets": max(len(targets) - TARGETS, 0),
    }


def _target(known: beside.Target, funnel: FunnelCard | None, *, decided: bool) -> Target:
    times = [taken.at for taken in funnel.steps] if funnel else []
    return Target(
        target=known.code,
        step=known.step,
        since=min(times, default=None),
        until=max(times, default=None),
        weight=funnel.weight if funnel and not math.isnan(funnel.weight) else None,
        help=known.help,
        fresh=decided and not known.decided,
    )


def _deciding(
    request: Request, view: CaseView, who: Person, people_: dict[str, str]
) -> dict[str, Any]:
    """Say what this person may do now, and what was done."""
    language, store = language_of(request), store_of(request)
    proposal = acted.open_proposal(view)
    window = desk.read(store).undo_minutes * MINUTE
    known = {one.id: language.say(one.title) for one in clauses(store.folder)}
    return {
        "step_now": acted.standing(view, who),
        "dossier_hash": view.hash,
        "outcomes": [
            (name, language.say(says), name in RESTRICTIVE)
            for name, says in names.OUTCOMES.items()
        ],
        "skips": [(name, language.say(says)) for name, says in names.SKIPS.items()],
        "judgements": [(name, language.say(says)) for name, says in acted.JUDGEMENTS.items()],
        "clauses": clauses(store.folder),
        "clause_of": lambda clause: known.get(clause, clause or ""),
        "proposal": proposal,
        "changed": _changed(language, store, view, who),
        "may_act": who.works,
        "may_approve": acted.may_approve(view, who),
        "may_settle": acted.may_settle(view, who),
        "decided": acted.decided(view, window),
        "in_force": acted.in_force(view, who, now_of(request)),
        "appeal": next((one for one in reversed(view.acts) if one.kind == "appeal"), None),
        "undo": language.lasting(window),
        "acts": [acted.told(language, one, people_, known) for one in view.acts],
    }


def _changed(language: Language, store: Store, view: CaseView, who: Person) -> list[str]:
    """Say what changed since the last proposal; nothing where it was on what is shown now."""
    last = next((one for one in reversed(view.acts) if one.kind == "propose"), None)
    if view.blind or last is None or last.dossier in (None, view.hash):
        return []
    before = dossier_at(store, who, view.row.code, str(last.dossier))
    return changes.changes(language, before, view.dossier)


def _python(store: Store, case: str) -> str:
    return (
        "from undertow.cases.store import open_store\n"
        "from undertow.cases.reading import case_view\n"
        f"store = open_store({store.folder.name!r})\n"
        f"view = case_view(store, person, {case!r}, now)"
    )

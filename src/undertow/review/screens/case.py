"""One case: what is claimed, on what evidence, what speaks against it, what was decided, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from undertow.cases.dossier import Dossier, FunnelCard
from undertow.cases.people import Person, people
from undertow.cases.policy import clauses
from undertow.cases.reading import ActView, CaseView, TargetView, case_view
from undertow.cases.store import Store
from undertow.export import wording
from undertow.nulls.probability import MOST
from undertow.review import acted, changes, evidence, names
from undertow.review.asked import current, now_of, settings_of, store_of
from undertow.review.drawing import timeline, waterfall
from undertow.review.language import MINUTE, Language
from undertow.review.names import marked
from undertow.review.rendering import language_of, render
from undertow.review.screens.chains import innocent, title_of

router = APIRouter()

TIMELINES: Final = 1
"""Funnels drawn; all stand in the table of targets."""
TARGETS: Final = 40
"""Targets listed; the others are counted."""


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


@dataclass(frozen=True)
class Decided:
    """The last decision: its outcome, the act that undoes it, and when it takes effect."""

    outcome: str
    act: str
    effective_at: int


@dataclass(frozen=True)
class Told:
    """One act in words."""

    at: int
    says: str
    name: str | None
    outcome: str | None
    clause: str | None
    reason: str | None


@router.get("/case/{case}", name="case", response_class=HTMLResponse)
def case_page(request: Request, case: str) -> HTMLResponse:
    """Show a case to somebody who may see it; looking renews the lease of who holds it."""
    store, who = store_of(request), current(request)
    view = case_view(store, who, case, now_of(request))
    language = language_of(request)
    return render(
        request,
        "case.html",
        row=view.row,
        dossier=view.dossier,
        hidden=view.row.hidden,
        keep_until=view.keep_until,
        hold_reason=view.hold_reason,
        erased=view.erased,
        place=store.folder.name,
        python=_python(store, case),
        **_claimed(language, view),
        **_evidence(language, view),
        **_texts(language, view, who),
        **_deciding(request, view, who),
    )


def _claimed(language: Language, view: CaseView) -> dict[str, Any]:
    """Say what is claimed: the sentence, the chain, the score with its band, the strongest funnel."""
    dossier = view.dossier
    reached = _reached(dossier)
    funnels = sorted(dossier.funnels, key=lambda one: (-one.weight, one.target))
    return {
        "sentence": evidence.sentence(language, dossier),
        "playbook": dossier.playbook,
        "title": title_of(language, dossier.playbook.name),
        "confidence": evidence.confidence(
            language, dossier.probability, dossier.chance.q if dossier.chance else None
        ),
        "band": _band(dossier.probability),
        "chain": [
            Link(names.step(language, one.name), one.private, reached.get(one.name, 0) > 0, reached.get(one.name, 0))
            for one in dossier.playbook.steps
        ],
        "timelines": [
            Course(one, timeline.timeline(language, one, dossier.playbook, dossier.account))
            for one in funnels[:TIMELINES]
            if one.steps
        ],
        "place_of": lambda name: timeline.place_of(dossier.playbook, name),
        "private_of": lambda name: timeline.is_private(dossier.playbook, name),
    }


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
    dossier = view.dossier
    silent = [(one.source, evidence.says(language, one)) for one in dossier.silent]
    unseen = [says for source, says in silent if source not in ("block", "unblock", "context")]
    return {
        "fall": waterfall.waterfall(language, dossier),
        "beside": [says for source, says in silent if source == "context"],
        "blocks": [says for source, says in silent if source in ("block", "unblock")],
        "honest_work": innocent(language, dossier.playbook),
        "against": [
            Against(evidence.says(language, one), one.bits)
            for one in evidence.speaks_against(dossier)
        ],
        "rests": evidence.rests(language, dossier),
        "chance": evidence.chance(language, dossier.chance),
        "unseen": unseen,
        "ties": language.listed(_kinds(language, dossier)),
    }


def _kinds(language: Language, dossier: Dossier) -> list[str]:
    """Name the kinds of ties of this account's campaign, each once."""
    ties = dossier.campaign.ties if dossier.campaign else ()
    return list(dict.fromkeys(names.tie(language, one.kind) for one in ties))


def _texts(language: Language, view: CaseView, who: Person) -> dict[str, Any]:
    by_target = {one.target: one for one in view.dossier.funnels}
    decided = any(one.decided for one in view.targets)
    targets = [_target(one, by_target.get(one.target), decided=decided) for one in view.targets]
    targets.sort(key=lambda one: (-(one.weight or 0.0), one.target))
    return {
        "passages": {one.passage: one for one in view.passages},
        "may_read": who.role in ("analyst", "approver"),
        "whys": [(name, language.say(says)) for name, says in WHYS.items()],
        "targets": targets[:TARGETS],
        "more_targets": max(len(targets) - TARGETS, 0),
    }


def _target(known: TargetView, funnel: FunnelCard | None, *, decided: bool) -> Target:
    times = [taken.at for taken in funnel.steps] if funnel else []
    return Target(
        target=known.target,
        step=known.step,
        since=min(times, default=None),
        until=max(times, default=None),
        weight=funnel.weight if funnel else None,
        help=known.help,
        fresh=decided and not known.decided,
    )


def _deciding(request: Request, view: CaseView, who: Person) -> dict[str, Any]:
    """Say what this person may do now, and what was done."""
    language, store, settings = language_of(request), store_of(request), settings_of(request)
    before = view.proposed_dossier
    return {
        "step_now": standing(view, who),
        "dossier_hash": view.dossier_hash,
        "outcomes": [
            (name, language.say(says), name in names.RESTRICTIVE)
            for name, says in names.OUTCOMES.items()
        ],
        "clauses": clauses(store),
        "proposal": view.proposal,
        "changed": changes.changes(language, before, view.dossier) if before else [],
        "may_act": who.role in ("analyst", "approver"),
        "may_approve": _may_approve(view, who),
        "may_settle": _may_settle(view, who),
        "decided": _decided(view),
        "appeal": next((one for one in reversed(view.acts) if one.kind == "appeal"), None),
        "undo": language.lasting(settings.undo_minutes * MINUTE),
        "colleagues": [
            (one.reviewer, one.name)
            for one in people(store)
            if one.role in ("analyst", "approver") and one.reviewer != who.reviewer
        ],
        "acts": [_told(language, one) for one in view.acts],
    }


def standing(view: CaseView, who: Person) -> str:
    """Say which form of the decision panel this person gets.

    Returns:
        `read` for people who decide nothing; else `claim`, `judge`, `propose`, `second`, `wait`, `undo`,
        `appeal`, `closed` or `held`.
    """
    row = view.row
    if who.role not in ("analyst", "approver"):
        return "read"
    if row.state in ("proposed", "approved", "appealed", "closed"):
        return _settled(view, who)
    if row.holder is None:
        return "claim"
    if row.holder != who.reviewer:
        return "held"
    return "judge" if row.hidden else "propose"


def _settled(view: CaseView, who: Person) -> str:
    state, proposal = view.row.state, view.proposal
    if state == "proposed":
        mine = proposal is not None and proposal.reviewer == who.reviewer
        return "wait" if mine else "second"
    return {"approved": "undo", "appealed": "appeal"}.get(state, "closed")


def _may_approve(view: CaseView, who: Person) -> bool:
    """Whether this person is the second one: what restricts takes an approver."""
    proposal = view.proposal
    if proposal is None or proposal.reviewer == who.reviewer:
        return False
    return who.role == "approver" or proposal.outcome not in names.RESTRICTIVE


def _may_settle(view: CaseView, who: Person) -> bool:
    """Whether this person neither proposed nor approved what the appeal is about."""
    busy = {one.reviewer for one in view.acts if one.kind in ("propose", "approve")}
    return who.role in ("analyst", "approver") and who.reviewer not in busy


def _decided(view: CaseView) -> Decided | None:
    """Give the last decision: a measure, or a proposal that restricts nobody."""
    measure = max(view.measures, key=lambda one: one.approved_at, default=None)
    if measure is not None and measure.undone_at is None:
        return Decided(measure.outcome, measure.approval, measure.effective_at)
    last = next((one for one in reversed(view.acts) if one.kind == "propose"), None)
    return Decided(str(last.outcome), last.act, view.settles_at or last.at) if last else None


def _told(language: Language, act: ActView) -> Told:
    says = acted.KINDS.get(act.kind)
    return Told(
        at=act.at,
        says=language.say(says) if says else wording.step_words(act.kind),
        name=act.name,
        outcome=act.outcome,
        clause=act.clause,
        reason=act.reason,
    )


def _python(store: Store, case: str) -> str:
    return (
        "from undertow.cases.store import open_store\n"
        "from undertow.cases.reading import case_view\n"
        f"store = open_store({store.folder.name!r})\n"
        f"view = case_view(store, person, {case!r}, now)"
    )

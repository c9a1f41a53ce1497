"""Cases of one campaign side by side: claimed, proposed and approved together, each decided for itself.

One script in many accounts asks the same question many times. Here it is answered once and written down many
times: every case keeps its own act, bound to the hash of its own dossier, with its own leaf in the audit log
and its own second person. Nothing is chosen beforehand: who ticks a case says that they looked at it. A case
that somebody else holds, that is to be judged blind, or that has changed since, stays out and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from starlette.responses import JSONResponse, Response

from undertow.cases import claims, decide
from undertow.cases.beside import Act
from undertow.cases.dossier import CampaignCard
from undertow.cases.people import Person
from undertow.cases.policy import RESTRICTIVE, clauses
from undertow.cases.reading import CaseView, campaign_view, case_view
from undertow.cases.store import Store
from undertow.cases.tables import acts
from undertow.errors import UndertowError
from undertow.review import acted, desk, evidence, names
from undertow.review.actions import Weighed, hold_weighed
from undertow.review.asked import current, now_of, store_of, wants_json
from undertow.review.faults import read
from undertow.review.language import MINUTE, Language
from undertow.review.rendering import language_of, render
from undertow.review.screens.chains import ChainStep, innocent
from undertow.review.screens.queue import Point, holders
from undertow.review.signin import own

router = APIRouter(prefix="/campaign/{campaign}")

MOST: Final = 20
"""Cases decided at once at most: as many as a person can look at before they only tick (ours)."""
STRONGEST: Final = 3
"""Lines of evidence shown for and against; the whole case is one link away."""
SCRIPT: Final = "script"
Chosen = Annotated[list[str], Form(alias="case", max_length=4 * MOST)]


@dataclass(frozen=True)
class Beside:
    """One case of the group.

    Attributes:
        may: what this person may do to it now, and does by ticking it: `claim`, `propose`, `approve`, or nothing.
        ticked: what the tick sends: the case, and what it binds to.
        says: why nothing can be done to it, in words; empty where something can.
        in_force: measures that stand on its account already; with one, nobody says that there is nothing to act on.
    """

    view: CaseView
    sentence: str
    confidence: evidence.Confidence
    steps: tuple[ChainStep, ...]
    strongest: list[Point]
    against: list[Point]
    innocent: str
    may: str
    ticked: str
    says: str
    proposal: Act | None
    in_force: list[acted.InForce]


@dataclass(frozen=True)
class Outcome:
    """What came of one ticked case; `code` and `what` name the fault where it was refused.

    `account` is how the page of the group called it; empty for a case that is not of the campaign.
    """

    case: str
    done: bool
    account: str = ""
    code: str = ""
    what: str = ""
    mend: str = ""


@router.get("/group", name="group", response_class=HTMLResponse)
def group_page(
    request: Request, campaign: str, kind: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """Show the open cases of a campaign side by side; `kind` keeps those that this kind of tie holds together."""
    store, who, now = store_of(request), current(request), now_of(request)
    language = language_of(request)
    found = campaign_view(store, who, campaign, now)
    cards = [one.campaign for _, one in found if one.campaign is not None]
    card = max(cards, key=lambda one: len(one.ties), default=None)
    rows = [row for row, _ in found if row.state != "closed"]
    held = _tied(card, {row.account for row in rows}, kind)
    kept = [row for row in rows if held is None or row.account in held]
    people = holders(store)
    beside = [
        _beside(language, case_view(store, who, row.code, now), who, people, now)
        for row in kept[:MOST]
    ]
    return render(
        request,
        "group.html",
        campaign=campaign,
        kind=kind if held is not None else "",
        kinds=sorted({one.kind for one in card.ties}) if card else [],
        beside=beside,
        left_out=max(len(kept) - MOST, 0),
        ways=[
            way for way in ("claim", "propose", "approve") if any(b.may == way for b in beside)
        ],
        people=people,
        clauses=clauses(store.folder),
        clause_of=_clauses(language, store),
        outcomes=[
            (name, language.say(says), name in RESTRICTIVE)
            for name, says in names.OUTCOMES.items()
        ],
        undo=language.lasting(desk.read(store).undo_minutes * MINUTE),
        most=MOST,
        place=store.folder.name,
    )


def _clauses(language: Language, store: Store) -> Callable[[str | None], str]:
    known = {one.id: str(language.say(one.title)) for one in clauses(store.folder)}
    return lambda clause: known.get(clause or "", clause or "")


def _tied(card: CampaignCard | None, accounts: set[str], kind: str) -> set[str] | None:
    """List the accounts that one kind of tie holds together; None for all of the campaign."""
    ties = [one for one in card.ties if one.kind == kind] if card else []
    both = [one for one in ties if {one.a, one.b} <= accounts]
    return {code for one in both for code in (one.a, one.b)} if ties else None


def _beside(
    language: Language, view: CaseView, who: Person, people: dict[str, str], now: int
) -> Beside:
    standing, dossier = acted.standing(view, who), view.dossier
    proposal = acted.open_proposal(view)
    may, ticked = "", ""
    if standing == "claim" and view.row.state in claims.CLAIMABLE:
        may, ticked = "claim", view.row.code
    elif standing == "propose":
        may, ticked = "propose", f"{view.row.code} {view.hash} {view.row.revision}"
    elif standing == "second" and proposal is not None and acted.may_approve(view, who):
        may = "approve"
        ticked = f"{view.row.code} {proposal.code} {view.hash} {view.row.revision}"
    chance = dossier.chance.q if dossier.chance else None
    return Beside(
        view=view,
        sentence="" if view.blind else evidence.sentence(language, dossier),
        confidence=evidence.confidence(language, dossier.probability, chance, blind=view.blind),
        steps=tuple(ChainStep(one.name, one.private) for one in dossier.playbook.steps),
        strongest=_points(language, evidence.speaks_for(dossier)),
        against=_points(language, evidence.speaks_against(dossier)),
        innocent=innocent(language, dossier.playbook),
        may=may,
        ticked=ticked,
        says="" if may else _why_not(language, view, standing, people),
        proposal=proposal if not view.blind else None,
        in_force=acted.in_force(view, who, now),
    )


def _points(language: Language, lines: list[Any]) -> list[Point]:
    return [Point(evidence.says(language, one), one.bits) for one in lines[:STRONGEST]]


def _why_not(language: Language, view: CaseView, standing: str, people: dict[str, str]) -> str:
    """Say why a case cannot be ticked."""
    say, row = language.say, view.row
    if standing == "judge":
        return say("Judge it on its own page first: its score is not shown yet.")
    if standing == "held":
        return say("{name} works on this case.", name=people.get(row.holder or "", "?"))
    if standing == "wait":
        return say("You proposed on it; a second person decides.")
    if standing == "second":
        return say("What restricts an account is approved by an approver; you can disagree.")
    if standing == "read":
        return say("You can read this case, without texts and identities, and change nothing.")
    return str(names.label(language, names.STATES, row.state))


@router.post("/group/claim", name="group_claim")
def claim(request: Request, campaign: str, case: Chosen) -> Response:
    """Claim the ticked cases, each for itself."""
    store, who, now = store_of(request), current(request), now_of(request)

    def act(ticked: tuple[str, ...]) -> None:
        claims.claim(store, who, ticked[0], now)

    return _each(request, campaign, _parts(case, 1), act)


@router.post("/group/propose", name="group_propose")
def propose(
    request: Request,
    campaign: str,
    case: Chosen,
    outcome: Annotated[str, Form(max_length=40)],
    reason: Annotated[str, Form(max_length=4000)],
    clause: Annotated[str, Form(max_length=40)] = "",
    weighed: Weighed = "",
) -> Response:
    """Propose one outcome with one reason on each ticked case, bound to the hash of each."""
    if outcome in RESTRICTIVE:
        hold_weighed(weighed)
    store, who, now = store_of(request), current(request), now_of(request)

    def act(ticked: tuple[str, ...]) -> None:
        code, hash_, revision = ticked
        decide.propose(
            store, who, code, outcome, reason, clause or None, hash_, int(revision), now
        )

    return _each(request, campaign, _parts(case, 3), act)


@router.post("/group/approve", name="group_approve")
def approve(request: Request, campaign: str, case: Chosen, weighed: Weighed = "") -> Response:
    """Approve what another person proposed on each ticked case, on the same facts, each for itself."""
    hold_weighed(weighed)
    store, standing, now = store_of(request), own(request), now_of(request)

    def act(ticked: tuple[str, ...]) -> None:
        code, proposal, hash_, revision = ticked
        _hold_its_own(store, code, proposal)
        decide.approve(
            store,
            standing.person,
            proposal,
            hash_,
            int(revision),
            now,
            proved_at=standing.proved_at,
        )

    return _each(request, campaign, _parts(case, 4), act)


def _parts(ticked: Iterable[str], count: int) -> list[tuple[str, ...]]:
    """Take apart what ticks send: the case first, its revision last where there are more.

    Raises:
        UndertowError: `group-choice` where nothing is ticked, too much, or what no page of ours sends.
    """
    parts = list(dict.fromkeys(tuple(one.split(" ")) for one in ticked))
    is_sent = all(
        len(one) == count and (count == 1 or (one[-1].isascii() and one[-1].isdigit()))
        for one in parts
    )
    codes = {one[0] for one in parts}
    if not (0 < len(parts) <= MOST and is_sent and len(codes) == len(parts)):
        raise UndertowError(
            f"one to {MOST} cases are ticked, each once",
            code="group-choice",
            mend="tick those that you looked at, on the page of the group",
        )
    return parts


def _hold_its_own(store: Store, case: str, proposal: str) -> None:
    """Refuse a proposal that is not of the case beside which it was ticked."""
    with store.reading() as connection:
        found = connection.execute(select(acts.c.case).where(acts.c.act == proposal)).scalar()
    if found != case:
        raise UndertowError(
            "there is no such act", code="act-unknown", mend="look at the case again"
        )


def _member(store: Store, campaign: str, case: str) -> str:
    """Give the account of a case; refuse one that is not of the campaign on whose page it was ticked."""
    with store.reading() as connection:
        row = claims.row_of(connection, case)
    if row.campaign != campaign:
        raise UndertowError(
            "this case is not of this campaign",
            code="group-foreign",
            mend="decide on it on its own page",
        )
    return str(row.account)


def _each(
    request: Request,
    campaign: str,
    ticked: list[tuple[str, ...]],
    act: Callable[[tuple[str, ...]], None],
) -> Response:
    """Do the same to each case in an act of its own; what is refused leaves the others as they are."""
    store, came = store_of(request), list[Outcome]()
    status = 200
    for one in ticked:
        account = ""
        try:
            account = _member(store, campaign, one[0])
            act(one)
            came.append(Outcome(one[0], done=True, account=account))
        except UndertowError as fault:
            said = read(fault, str(request.state.id))
            came.append(Outcome(one[0], False, account, said.code, said.what, said.mend))
            status = max(status, said.status if said.status >= 500 else 200)
            if said.status >= 500:
                break
    if wants_json(request):
        told = [{"case": one.case, "done": one.done, "code": one.code} for one in came]
        return JSONResponse({"campaign": campaign, "cases": told}, status)
    return render(
        request,
        "grouped.html",
        status=status,
        campaign=campaign,
        came=came,
        done=sum(one.done for one in came),
        untried=len(ticked) - len(came),
    )

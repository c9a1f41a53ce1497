"""What people and the clock did to a case, in words, and what a person may do to it next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from undertow.cases.beside import Act
from undertow.cases.people import Person
from undertow.cases.reading import CaseView
from undertow.export import wording
from undertow.review import names
from undertow.review.language import Language
from undertow.review.names import marked

KINDS: Final = {
    "opened": marked("opened"),
    "updated": marked("new evidence"),
    "merged": marked("merged"),
    "claim": marked("claimed"),
    "release": marked("given back"),
    "hand_over": marked("handed over"),
    "skip": marked("skipped"),
    "expire": marked("lease ended"),
    "judge_blind": marked("first judgement, before the score was shown"),
    "propose": marked("proposed"),
    "approve": marked("approved"),
    "disagree": marked("disagreed"),
    "withdraw": marked("withdrew the proposal"),
    "void": marked("the proposal lapsed"),
    "undo": marked("took it back"),
    "settle": marked("took effect"),
    "help": marked("help for a target"),
    "note": marked("note"),
    "appeal": marked("appeal recorded"),
    "settle_appeal": marked("appeal settled"),
    "reopen": marked("reopened"),
    "lift": marked("measure lifted"),
    "reopened": marked("reopened by new evidence"),
    "close": marked("closed"),
    "hold": marked("put on hold"),
    "unhold": marked("hold ended"),
    "allow": marked("put on the allow-list"),
}
"""Kinds of acts in words; one of a newer version is shown as it is written."""
SETTLED: Final = {"upheld": marked("It stands"), "overturned": marked("It is lifted")}
JUDGEMENTS: Final = {
    "likely": marked("Likely"),
    "unlikely": marked("Unlikely"),
    "cannot_tell": marked("Cannot tell"),
}
CLAUSES: Final = (
    marked("Deceiving people about who one is or what is offered"),
    marked("Moving people to private channels to avoid safeguards"),
    marked("Preparing exploitation of a person"),
    marked("Drawing people into groups that use violence"),
    marked("Acting together under false separateness"),
    marked("No rule is broken"),
    marked(
        "Accounts must not lead others to an agreement by hiding who they are or what it is about."
    ),
    marked(
        "Accounts must not press people whom they do not know to go on talking where no safeguard holds."
    ),
    marked(
        "Accounts must not win somebody's trust in order to take money, work, pictures or freedom from them."
    ),
    marked("Accounts must not bring people into groups that use or threaten violence."),
    marked("Accounts that belong together must not pretend to be strangers to each other."),
    marked("Nothing that was seen breaks a rule."),
)
"""Titles and texts of the shipped clauses; an operator's own are shown as they are written."""
ENDS: Final = ("approve", "disagree", "withdraw", "void")
"""Acts that answer a proposal for good."""


@dataclass(frozen=True)
class Decided:
    """The last decision: its outcome, the act that undoes it, and when it takes effect."""

    outcome: str
    act: str
    effective_at: int


@dataclass(frozen=True)
class InForce:
    """A measure that took effect and that nobody lifted; `mine`: this person proposed or approved it."""

    code: str
    outcome: str
    since: int
    mine: bool


@dataclass(frozen=True)
class Told:
    """One act in words; `what`: its outcome, or whom it was handed to."""

    at: int
    says: str
    name: str | None
    what: str | None
    clause: str | None
    reason: str | None
    erased: bool


def open_proposal(view: CaseView) -> Act | None:
    """Give the proposal that waits for a second person; None if none does."""
    ended = {one.answers for one in view.acts if one.kind in ENDS}
    waiting = [one for one in view.acts if one.kind == "propose" and one.code not in ended]
    return waiting[-1] if waiting and view.row.state == "proposed" else None


def standing(view: CaseView, who: Person) -> str:  # noqa: PLR0911  # one answer per state
    """Say which form of the decision panel this person gets.

    Returns:
        `read` for people who decide nothing; else `claim`, `judge`, `propose`, `second`, `wait`, `undo`,
        `appeal`, `closed` or `held`.
    """
    row = view.row
    if not who.works:
        return "read"
    if row.holder is not None and row.holder != who.reviewer:
        return "held"
    if row.state in ("approved", "appealed", "closed"):
        return {"approved": "undo", "appealed": "appeal"}.get(row.state, "closed")
    if row.state == "proposed":
        proposal = open_proposal(view)
        if proposal is None:
            return "claim"
        if proposal.reviewer == who.reviewer:
            return "wait"
        return "judge" if view.blind else "second"
    if not view.mine:
        return "claim"
    return "judge" if view.blind else "propose"


def may_approve(view: CaseView, who: Person) -> bool:
    """Whether this person is the second one: what restricts takes an approver who did not propose it."""
    proposal = open_proposal(view)
    return proposal is not None and proposal.reviewer != who.reviewer and who.role == "approver"


def may_settle(view: CaseView, who: Person) -> bool:
    """Whether this person neither proposed nor approved what the appeal is about."""
    busy = {one.reviewer for one in view.acts if one.kind in ("propose", "approve")}
    return who.works and who.reviewer not in busy


def decided(view: CaseView, window: int) -> Decided | None:
    """Give the last decision: a measure, or an outcome that restricts nobody.

    Args:
        view: the case.
        window: how long a decision can be taken back, microseconds.
    """
    last = next((one for one in reversed(view.acts) if one.kind == "propose"), None)
    if last is None:
        return None
    measure = next((one for one in view.measures if one.proposal == last.code), None)
    if measure is not None:
        return Decided(measure.outcome, measure.approval, measure.effective_at)
    return Decided(str(last.outcome), last.code, last.at + window)


def in_force(view: CaseView, who: Person, now: int) -> list[InForce]:
    """List the measures that stand on the account, newest first; none to whoever is to judge first."""
    return [
        InForce(
            one.code,
            one.outcome,
            one.effective_at,
            who.reviewer in (one.proposed_by, one.approved_by),
        )
        for one in view.measures
        if one.undone_at is None and one.lifted_at is None and one.effective_at <= now
    ]


def told(
    language: Language, act: Act, people: Mapping[str, str], clauses: Mapping[str, str]
) -> Told:
    """Put one act into words."""
    says = KINDS.get(act.kind)
    return Told(
        at=act.at,
        says=language.say(says) if says else wording.step_words(act.kind),
        name=people.get(act.reviewer or "", act.reviewer),
        what=_what(language, act, people),
        clause=None if act.clause in (None, "none") else clauses.get(act.clause, act.clause),
        reason=act.reason,
        erased=act.erased,
    )


def _what(language: Language, act: Act, people: Mapping[str, str]) -> str | None:
    """Word the outcome of an act; a hand-over names whom, a skip its reason."""
    if act.outcome is None:
        return None
    if act.kind == "hand_over":
        return people.get(act.outcome, act.outcome)
    known = {
        "judge_blind": JUDGEMENTS,
        "help": names.HELP,
        "settle_appeal": SETTLED,
        "skip": names.SKIPS,
        **dict.fromkeys(("propose", "approve", "disagree", "lift"), names.OUTCOMES),
    }
    if act.kind not in known:
        return None
    return str(names.label(language, known[act.kind], act.outcome))

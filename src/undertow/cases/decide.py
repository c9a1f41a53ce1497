"""Decisions: one person proposes, a second one with the right role approves the very same dossier.

    claimed -> proposed -> approved -> closed        restrictive: two people, then the time to undo
    claimed ------------> approved -> closed         all else: one person, then the time to undo
    proposed -> rejected | withdrawn | void          the second person disagrees, the first takes it back,
                                                     evidence, roles or three days take it away

A measure is always on the case's own account: no function here takes anybody else to act on, so a target cannot
be restricted through somebody else's case. The database holds the same rules (`cases.guards`).
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Act, Case, Deed, StaleError, acting
from undertow.cases.appeals import appeal, in_force, lift, reopen, settle_appeal
from undertow.cases.claims import LEASE, held_by, row_of
from undertow.cases.helping import help_target, judge_blind, note
from undertow.cases.people import Person, hold_known
from undertow.cases.policy import NOTHING_FOUND, RESTRICTIVE, checked_clause, is_restrictive
from undertow.cases.proposals import is_void, open_proposal
from undertow.cases.settling import settle
from undertow.cases.store import Store
from undertow.cases.tables import acts, case_targets, measures
from undertow.errors import UndertowError

__all__ = [
    "StaleError",
    "appeal",
    "approve",
    "disagree",
    "help_target",
    "judge_blind",
    "lift",
    "note",
    "propose",
    "reopen",
    "settle",
    "settle_appeal",
    "undo",
    "withdraw",
]


def propose(  # noqa: PLR0913, PLR0917  # all that a proposal binds to
    store: Store,
    who: Person,
    case: str,
    outcome: str,
    reason: str,
    clause: str | None,
    dossier_hash: str,
    revision: int,
    now: int,
) -> str:
    """Propose what becomes of a case that one holds, on the dossier that one has seen.

    Args:
        store: the store.
        who: analyst or approver.
        case: its code.
        outcome: one of `policy.OUTCOMES`.
        reason: ten characters at least.
        clause: id of a clause; None where no rule is broken.
        dossier_hash: of the dossier that was on the screen.
        revision: of the case that was on the screen.
        now: microseconds.

    Returns:
        The act's code. What restricts waits for a second person; all else takes effect after the time to undo.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `case-not-yours`, `proposal-open`, `blind-first`, `target-protected`,
            `outcome-unknown`, `clause-unknown`, `clause-missing`, `reason-short`, `state-refused`, `measure-in-force`,
            `audit-unwritable`.
        StaleError: `case-stale`, `dossier-stale`.
    """
    restricts = is_restrictive(outcome)
    told = desk.checked_reason(reason)
    named = checked_clause(store.folder, clause, outcome)
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        desk.hold_not_erased(connection, held)
        if open_proposal(connection, held) is not None:
            raise _refused("something is proposed on this case already", "proposal-open")
        desk.hold_state(held, "claimed")
        held_by(connection, who, case, now)
        desk.hold_seen(connection, held, dossier_hash, revision)
        _hold_judged(connection, held, who)
        if restricts:
            _hold_no_target(connection, held)
        elif outcome in NOTHING_FOUND and in_force(connection, case):
            raise _refused("an earlier measure on this account is in force", "measure-in-force")
        deed = Deed("propose", outcome, named, dossier_hash, text=told)
        act = desk.add(connection, store, held, who, now, deed)
        state = "proposed" if restricts else "approved"
        desk.change(connection, held, now, state=state, holder=None, lease_until=None)
    return act


def approve(
    store: Store,
    who: Person,
    act: str,
    dossier_hash: str,
    revision: int,
    now: int,
    *,
    proved_at: int,
) -> str:
    """Approve what somebody else proposed; the measure takes effect after the time to undo.

    Args:
        store: the store.
        who: an approver who is not the proposer.
        act: the proposal.
        dossier_hash: of the dossier that was on the approver's screen; must be the proposal's, and the newest.
        revision: of the case that was on the screen.
        now: microseconds.
        proved_at: when the approver last proved who they are.

    Returns:
        The measure's code.

    Raises:
        UndertowError: `role-refused`, `act-unknown`, `two-people`, `proof-old`, `proposal-void`, `proposal-expired`, `case-held`,
            `blind-first`, `target-protected`, `state-refused`, `approver-new`, `audit-unwritable`.
        StaleError: `case-stale`, `dossier-stale`.
    """
    with acting(store) as connection:
        desk.worker(connection, who, "approver")
        proposal, held = _open_proposal(connection, act, who)
        if not 0 <= now - proved_at <= desk.PROVED:
            raise _refused("this asks you to prove again who you are", "proof-old")
        desk.hold_not_erased(connection, held)
        hold_known(connection, store, who.reviewer, proposal.reviewer, now)
        desk.hold_free(held, who, now)
        desk.hold_seen(connection, held, dossier_hash, revision)
        _hold_standing(connection, held, proposal, now)
        _hold_judged(connection, held, who)
        _hold_no_target(connection, held)
        deed = Deed("approve", proposal.outcome, proposal.clause, dossier_hash, act)
        approval = desk.add(connection, store, held, who, now, deed)
        measure = f"m:{secrets.token_hex(8)}"
        connection.execute(
            insert(measures).values(
                measure=measure,
                case=held.case,
                outcome=proposal.outcome,
                proposal=act,
                approval=approval,
                proposed_by=proposal.reviewer,
                approved_by=who.reviewer,
                dossier=dossier_hash,
                approved_at=now,
                effective_at=now + desk.undo_window(connection),
            )
        )
        desk.change(connection, held, now, state="approved", holder=None, lease_until=None)
    return measure


def disagree(
    store: Store,
    who: Person,
    act: str,
    reason: str,
    dossier_hash: str,
    revision: int,
    now: int,
) -> str:
    """Disagree with what somebody else proposed: the case is open again, and both views stand in it.

    Analysts may disagree: it takes nothing from the account. Arguments, return and faults as `approve`, but for the
    proof, and with `reason-short`.
    """
    told = desk.checked_reason(reason)
    with acting(store) as connection:
        desk.worker(connection, who)
        proposal, held = _open_proposal(connection, act, who)
        desk.hold_free(held, who, now)
        desk.hold_seen(connection, held, dossier_hash, revision)
        _hold_judged(connection, held, who)
        deed = Deed("disagree", proposal.outcome, None, dossier_hash, act, told)
        made = desk.add(connection, store, held, who, now, deed)
        desk.change(connection, held, now, state="rejected", holder=None, lease_until=None)
    return made


def withdraw(store: Store, who: Person, act: str, now: int) -> str:
    """Take back one's own proposal before anybody answered it; one holds the case again.

    Raises:
        UndertowError: `role-refused`, `act-unknown`, `proposal-void` if it was answered, `not-yours`, `case-held`,
            `audit-unwritable`.
    """
    with acting(store) as connection:
        desk.worker(connection, who)
        proposal = desk.the_act(connection, act, "propose")
        held = row_of(connection, proposal.case)
        _hold_open(connection, held, proposal)
        if proposal.reviewer != who.reviewer:
            raise _refused("only who proposed can take the proposal back", "not-yours")
        desk.hold_free(held, who, now)
        made = desk.add(connection, store, held, who, now, Deed("withdraw", answers=act))
        mine = {"holder": who.reviewer, "lease_until": now + LEASE}
        desk.change(connection, held, now, state="claimed", **mine)
    return made


def undo(store: Store, who: Person, act: str, now: int) -> str:
    """Take a decision back before it takes effect; whoever does so holds the case again.

    Args:
        store: the store.
        who: the proposer, the approver, or any approver.
        act: the approval; the proposal, where one person decided.
        now: microseconds.

    Raises:
        UndertowError: `role-refused`, `act-unknown`, `undo-late`, `not-yours`, `audit-unwritable`.
    """
    with acting(store) as connection:
        role = desk.worker(connection, who)
        decided = desk.the_act(connection, act, "approve", "propose")
        held = row_of(connection, decided.case)
        if not _can_undo(connection, held, decided, now):
            raise _refused("it is too late to take this back", "undo-late")
        by = {decided.reviewer}
        if decided.kind == "approve":
            by.add(desk.the_act(connection, decided.answers, "propose").reviewer)
        if who.reviewer not in by and role != "approver":
            raise _refused("only who decided, or an approver, can take it back", "not-yours")
        made = desk.add(connection, store, held, who, now, Deed("undo", answers=act))
        connection.execute(
            update(measures).where(measures.c.approval == act).values(undone_at=now)
        )
        mine = {"holder": who.reviewer, "lease_until": now + LEASE}
        desk.change(connection, held, now, state="claimed", **mine)
    return made


def _can_undo(connection: Connection, held: Case, decided: Act, now: int) -> bool:
    """Say whether a decision stands and has not taken effect."""
    if held.state != "approved" or desk.answers(connection, decided.act, "undo", "settle"):
        return False
    if decided.kind == "approve":
        found = select(measures.c.effective_at).where(measures.c.approval == decided.act)
        return bool(now < connection.execute(found).scalar_one())
    return decided.outcome not in RESTRICTIVE and now < decided.at + desk.undo_window(
        connection
    )


def _open_proposal(connection: Connection, act: str, who: Person) -> tuple[Act, Case]:
    """Read an unanswered proposal and its case, for somebody who did not make it."""
    proposal = desk.the_act(connection, act, "propose")
    held = row_of(connection, proposal.case)
    _hold_open(connection, held, proposal)
    if proposal.reviewer == who.reviewer:
        raise _refused("a second person decides on what you proposed", "two-people")
    return proposal, held


def _hold_open(connection: Connection, held: Case, proposal: Act) -> None:
    newest = open_proposal(connection, held)
    if newest is None or newest.act != proposal.act:
        raise _refused("this proposal does not stand any more", "proposal-void")


def _hold_standing(connection: Connection, held: Case, proposal: Act, now: int) -> None:
    """Refuse what time, a clock that ran backwards, or a change of people took away."""
    if not 0 <= now - proposal.at <= desk.FRESH:
        raise _refused("this proposal is not fresh any more", "proposal-expired")
    if is_void(connection, held, proposal):
        raise _refused("this proposal does not stand any more", "proposal-void")


def _hold_judged(connection: Connection, held: Case, who: Person) -> None:
    """Ask for a person's own judgement first where the case is a blind one."""
    if not held.blind:
        return
    mine = select(acts.c.act).where(
        acts.c.case == held.case, acts.c.kind == "judge_blind", acts.c.reviewer == who.reviewer
    )
    if connection.execute(mine.limit(1)).first() is None:
        raise _refused("say what you think before the score is shown", "blind-first")


def _hold_no_target(connection: Connection, held: Case) -> None:
    """Refuse to act on somebody whom the case itself is about helping."""
    same = select(case_targets.c.target).where(
        case_targets.c.case == held.case, case_targets.c.target == held.account
    )
    if not held.account.startswith("a:") or connection.execute(same).first() is not None:
        raise _refused(
            "nothing is decided against somebody who is to be helped", "target-protected"
        )


_MENDS: dict[str, str] = {
    "proposal-open": "approve it, disagree, or wait until it is taken back",
    "proof-old": "prove who you are, then approve within a quarter of an hour",
    "measure-in-force": "lift it first, which a person does who did not decide on it; or choose another outcome",
    "two-people": "ask somebody else whose role is `approver`",
    "not-yours": "ask who decided, or an approver",
    "undo-late": "open the case again, or enter an appeal",
    "proposal-void": "look at the case again; it can be proposed anew",
    "proposal-expired": "look at the case again; it can be proposed anew",
    "blind-first": "choose what you think: likely, unlikely, or cannot tell",
    "target-protected": "offer help beside the case",
}


def _refused(what: str, code: str) -> UndertowError:
    return UndertowError(what, code=code, mend=_MENDS[code])

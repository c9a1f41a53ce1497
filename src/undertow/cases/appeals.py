"""After a decision: an appeal, which a third person settles, a case opened again, and a measure that is lifted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Deed, acting
from undertow.cases.claims import LEASE, held_by, row_of
from undertow.cases.people import Person
from undertow.cases.settling import LIFT, tell
from undertow.cases.store import Store
from undertow.cases.tables import measures
from undertow.errors import UndertowError


def appeal(store: Store, by: Person, case: str, reason: str, now: int) -> str:
    """Enter what the account's holder says against a measure; whoever works here may enter it.

    Args:
        store: the store.
        by: who enters it.
        case: a closed case with a measure in force; its newest one is appealed against.
        reason: what the holder says, ten characters at least; sealed.
        now: microseconds.

    Returns:
        The act's code.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `state-refused`, `appeal-nothing`, `reason-short`,
            `audit-unwritable`.
    """
    told = desk.checked_reason(reason)
    with acting(store) as connection:
        desk.worker(connection, by)
        held = row_of(connection, case)
        desk.hold_state(held, "closed")
        standing = in_force(connection, case)
        if not standing:
            raise UndertowError(
                "there is no measure in force to appeal against",
                code="appeal-nothing",
                mend="open the case again instead, with a reason",
            )
        found = standing[0]
        deed = Deed("appeal", found.outcome, answers=found.approval, text=told)
        made = desk.add(connection, store, held, by, now, deed)
        desk.change(connection, held, now, state="appealed", holder=None, lease_until=None)
    return made


def settle_appeal(
    store: Store,
    who: Person,
    act: str,
    upheld: bool,
    reason: str,
    now: int,
) -> str:
    """Settle an appeal; who proposed or approved the measure may not.

    Args:
        store: the store.
        who: a third person, analyst or approver.
        act: the appeal.
        upheld: whether the measure stays; else it is lifted, and the operator's system is told.
        reason: ten characters at least; sealed.
        now: microseconds.

    Returns:
        The act's code.

    Raises:
        UndertowError: `role-refused`, `act-unknown`, `appeal-third`, `state-refused`, `case-held`, `reason-short`,
            `audit-unwritable`.
    """
    told = desk.checked_reason(reason)
    with acting(store) as connection:
        desk.worker(connection, who)
        appealed = desk.the_act(connection, act, "appeal")
        held = row_of(connection, appealed.case)
        desk.hold_state(held, "appealed")
        desk.hold_free(held, who, now)
        if desk.answers(connection, act, "settle_appeal"):
            raise UndertowError(
                "this appeal is settled already",
                code="appeal-settled",
                mend="look at the case again",
            )
        asked = select(measures).where(measures.c.approval == appealed.answers)
        measure = connection.execute(asked).one()
        _hold_third(who, measure)
        outcome = "upheld" if upheld else "overturned"
        deed = Deed("settle_appeal", outcome, answers=act, text=told)
        made = desk.add(connection, store, held, who, now, deed)
        if not upheld:
            _end(connection, measure, now)
        desk.change(connection, held, now, state="closed", holder=None, lease_until=None)
    return made


def reopen(store: Store, who: Person, case: str, reason: str, now: int) -> str:
    """Open a closed case again; whoever does so holds it. Measures in force stay until they are lifted.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `state-refused` also for a merged case, `reason-short`,
            `audit-unwritable`.
    """
    told = desk.checked_reason(reason)
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        desk.hold_not_erased(connection, held)
        desk.hold_state(held, "closed")
        if held.merged_into is not None:
            raise UndertowError(
                "this case was merged into another one",
                code="state-refused",
                mend="open that one",
            )
        made = desk.add(connection, store, held, who, now, Deed("reopen", text=told))
        mine = {"holder": who.reviewer, "lease_until": now + LEASE}
        desk.change(connection, held, now, state="claimed", **mine)
    return made


def lift(
    store: Store, who: Person, case: str, measure: str, reason: str, revision: int, now: int
) -> str:
    """Lift a measure of a case that was opened again; who proposed or approved it may not.

    Args:
        store: the store.
        who: a third person, analyst or approver, who holds the case.
        case: its code.
        measure: one of the case's that took effect.
        reason: ten characters at least; sealed.
        revision: of the case that was on the screen.
        now: microseconds.

    Returns:
        The act's code. The operator's system is told; the case stays with who holds it.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `state-refused`, `case-not-yours`, `measure-unknown`,
            `appeal-third`, `reason-short`, `audit-unwritable`.
        StaleError: `case-stale`.
    """
    told = desk.checked_reason(reason)
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        desk.hold_state(held, "claimed")
        held_by(connection, who, case, now)
        desk.hold_seen(connection, held, held.dossier, revision)
        found = next(
            (one for one in in_force(connection, case) if one.measure == measure), None
        )
        if found is None:
            raise UndertowError(
                "no such measure of this case is in force",
                code="measure-unknown",
                mend="look at the case again",
            )
        _hold_third(who, found)
        deed = Deed("lift", found.outcome, answers=found.approval, text=told)
        made = desk.add(connection, store, held, who, now, deed)
        _end(connection, found, now)
        desk.change(connection, held, now)
    return made


def in_force(connection: Connection, case: str) -> list[Row[Any]]:
    """List the measures of a case that nobody took back or lifted, newest first."""
    asked = select(measures).where(
        measures.c.case == case, measures.c.undone_at.is_(None), measures.c.lifted_at.is_(None)
    )
    return list(connection.execute(asked.order_by(measures.c.approved_at.desc())))


def _hold_third(who: Person, measure: Row[Any]) -> None:
    """Refuse to judge one's own decision: `appeal-third`."""
    if who.reviewer in (measure.proposed_by, measure.approved_by):
        raise UndertowError(
            "a measure is lifted or upheld by somebody who did not decide on it",
            code="appeal-third",
            mend="ask a third person",
        )


def _end(connection: Connection, measure: Row[Any], now: int) -> None:
    """Write that a measure has ended, and let the operator's system know."""
    mine = measures.c.measure == measure.measure
    connection.execute(update(measures).where(mine).values(lifted_at=now))
    tell(connection, measure.measure, LIFT, now)

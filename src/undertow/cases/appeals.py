"""After a decision: an appeal, which a third person settles, and a case that is opened again."""

from __future__ import annotations

from sqlalchemy import select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Deed, acting
from undertow.cases.claims import LEASE, row_of
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
        in_force = select(measures).where(
            measures.c.case == case,
            measures.c.undone_at.is_(None),
            measures.c.lifted_at.is_(None),
        )
        found = connection.execute(in_force.order_by(measures.c.approved_at.desc())).first()
        if found is None:
            raise UndertowError(
                "there is no measure in force to appeal against",
                code="appeal-nothing",
                mend="open the case again instead, with a reason",
            )
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
        if who.reviewer in (measure.proposed_by, measure.approved_by):
            raise UndertowError(
                "an appeal is settled by somebody who did not decide on the measure",
                code="appeal-third",
                mend="ask a third person",
            )
        outcome = "upheld" if upheld else "overturned"
        deed = Deed("settle_appeal", outcome, answers=act, text=told)
        made = desk.add(connection, store, held, who, now, deed)
        if not upheld:
            connection.execute(
                update(measures)
                .where(measures.c.measure == measure.measure)
                .values(lifted_at=now)
            )
            tell(connection, measure.measure, LIFT, now)
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

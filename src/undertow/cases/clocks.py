"""Clocks on cases: an order of an authority is due in an hour, and nobody may find out too late.

A clock puts a case into the view `clocks`, earliest first. It changes no state and decides nothing.
"""

from __future__ import annotations

import secrets
from typing import Final, Literal

from sqlalchemy import insert, select, update

from undertow.cases import reasons
from undertow.cases.claims import row_of, write_act
from undertow.cases.ledger import record
from undertow.cases.people import WORKS, Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases
from undertow.errors import UndertowError
from undertow.units import DAY, MINUTE

ORDER: Final = 60 * MINUTE
"""Time for a removal order (Regulation (EU) 2021/784, article 3)."""
WARNING: Final = 30 * MINUTE
"""Left of the time from which a clock warns (T21)."""
RED: Final = 10 * MINUTE
"""Left of the time from which a clock is red (T21)."""
LONGEST: Final = 90 * DAY

Level = Literal["none", "running", "warning", "red", "overdue"]


def set_clock(
    store: Store, who: Person, case: str, due: int | None, reason: str, now: int
) -> None:
    """Set a case's clock, or stop it.

    Args:
        store: the store.
        who: somebody who works on cases; they need not hold it.
        case: its code.
        due: when it is due, microseconds; None to stop the clock.
        reason: at least ten letters; sealed.
        now: microseconds.

    Raises:
        UndertowError: `clock-reason`, `reason-long`, `clock-due` for a time that is over or more than 90 days away, `case-unknown`,
            `role-refused`.
    """
    hold_role(who, *WORKS)
    reason = reasons.checked(
        reason, "a clock needs a reason", "clock-reason", "say in a sentence whose time it is"
    )
    if due is not None and not now < due <= now + LONGEST:
        raise UndertowError(
            "a clock ends later than now, and within 90 days",
            code="clock-due",
            mend="give another time",
        )
    with store.writing() as connection:
        row = row_of(connection, case)
        connection.execute(update(cases).where(cases.c.case == case).values(due_at=due))
        kind = "clock" if due is not None else "clock-stopped"
        write_act(connection, store, row, who, kind, now, reason=reason)


def level(due: int | None, now: int) -> Level:
    """Say how a clock stands: from half an hour before its end it warns, ten minutes before it is red."""
    if due is None:
        return "none"
    left = due - now
    if left <= 0:
        return "overdue"
    return "red" if left <= RED else "warning" if left <= WARNING else "running"


def mark_overdue(store: Store, now: int) -> int:
    """Write down once of every clock that it ran out, with a leaf of the audit log; returns how many. The clock calls it."""
    told = (
        select(acts.c.act)
        .where(
            acts.c.case == cases.c.case, acts.c.kind == "overdue", acts.c.at >= cases.c.due_at
        )
        .exists()
    )
    late = select(cases).where(cases.c.due_at <= now, cases.c.state != "closed", ~told)
    with store.reading() as connection:
        if connection.execute(late.limit(1)).first() is None:
            return 0
    with store.writing() as connection:
        rows = connection.execute(late).all()
        for row in rows:
            act = {"act": f"d:{secrets.token_hex(8)}", "case": row.case, "kind": "overdue"}
            also = {"at": now, "revision": row.revision, "dossier": row.dossier}
            connection.execute(insert(acts).values(**act, **also))
            record(connection, store, "overdue", {**act, "at": now, "due": row.due_at})
    return len(rows)

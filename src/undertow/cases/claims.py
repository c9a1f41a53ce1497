"""Who holds which case: one person at a time, for half an hour, unless they go on or hand it over.

A lease that runs out gives the case back as it was before. All changes go by the write lock and the
case's revision: of fifty who claim one case at once, one holds it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from undertow.cases.ledger import record
from undertow.cases.people import WORKS, Person, hold_role, unknown_person
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, reviewers
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.units import MINUTE

LEASE: Final = 30 * MINUTE
"""How long a case is held without an act: long enough to read, short enough to give back (ours)."""
CLAIMABLE: Final = ("new", "reopened", "proposed", "rejected", "appealed")
"""States in which nobody holds a case, or a second person may take it up."""
SKIPS: Final = ("conflict", "language", "rest", "unsure", "other")
"""Reasons for letting a case go, in a word."""
_ROW: Final = select(cases).where(cases.c.case == bindparam("case"))


def claim(store: Store, who: Person, case: str, now: int) -> int:
    """Take a case.

    Returns:
        Until when it is held, microseconds. Claiming what one holds renews it.

    Raises:
        UndertowError: `case-held` if somebody else holds it, `case-unknown`, `case-state`, `role-refused`.
    """
    hold_role(who, *WORKS)
    with store.writing() as connection:
        row = row_of(connection, case)
        if is_held(row, now):
            if row.holder != who.reviewer:
                raise _held()
            return renew(connection, case, now)
        # A lease that ran out and that the clock has not met yet.
        row = _let_go(connection, store, row, now) if row.holder else row
        if row.state not in CLAIMABLE:
            raise _state(row.state)
        state = "claimed" if row.state in ("new", "reopened", "rejected") else row.state
        values = {"holder": who.reviewer, "lease_until": now + LEASE, "state": state}
        _change(connection, row, values)
        # What it was before is what it is again when nobody holds it any more.
        write_act(connection, store, row, who, "claim", now, outcome=row.state)
    return now + LEASE


def release(store: Store, who: Person, case: str, now: int) -> None:
    """Give a case back; faults as `hand_over`."""
    hold_role(who, *WORKS)
    with store.writing() as connection:
        row = held_by(connection, who, case, now)
        _change(connection, row, _free(connection, row))
        write_act(connection, store, row, who, "release", now)


def skip(store: Store, who: Person, case: str, reason: str, now: int) -> None:
    """Let a case go for a reason in a word (`SKIPS`); the case need not be held.

    Raises:
        UndertowError: `skip-reason`; as `hand_over`.
    """
    hold_role(who, *WORKS)
    if reason not in SKIPS:
        raise UndertowError(
            "this is no reason to skip a case",
            code="skip-reason",
            mend="give one of " + ", ".join(SKIPS),
        )
    with store.writing() as connection:
        row = row_of(connection, case)
        if is_held(row, now) and row.holder != who.reviewer:
            raise _held()
        if row.holder == who.reviewer:
            _change(connection, row, _free(connection, row))
        write_act(connection, store, row, who, "skip", now, outcome=reason)


def hand_over(store: Store, who: Person, case: str, to: str, note: str, now: int) -> None:
    """Hand a case to a named colleague with a note.

    Args:
        store: the store.
        who: who holds it.
        case: its code.
        to: code of the colleague.
        note: for them; sealed under the case's account.
        now: microseconds.

    Raises:
        UndertowError: `case-not-yours` if the person does not hold it, `person-unknown`, `role-refused`.
    """
    hold_role(who, *WORKS)
    with store.writing() as connection:
        row = held_by(connection, who, case, now)
        asked = select(reviewers.c.role).where(
            reviewers.c.reviewer == to, reviewers.c.disabled_at.is_(None)
        )
        role = connection.execute(asked).scalar()
        if role is None:
            raise unknown_person()
        hold_role(Person(to, "", role), *WORKS)
        _change(connection, row, {"holder": to, "lease_until": now + LEASE})
        write_act(connection, store, row, who, "hand_over", now, outcome=to, reason=note)


def expire(store: Store, now: int) -> int:
    """Give back every case whose lease has run out; returns how many. The clock calls it."""
    with store.reading() as connection:
        overdue = cases.c.lease_until <= now
        if connection.execute(select(cases.c.case).where(overdue).limit(1)).first() is None:
            return 0
    with store.writing() as connection:
        rows = connection.execute(select(cases).where(cases.c.lease_until <= now)).all()
        for row in rows:
            _let_go(connection, store, row, now)
    return len(rows)


def renew(connection: Connection, case: str, now: int) -> int:
    """Begin the lease of a case anew; whoever acts on a case does so in the transaction of the act."""
    mine = cases.c.case == case, cases.c.holder.is_not(None)
    connection.execute(update(cases).where(*mine).values(lease_until=now + LEASE))
    return now + LEASE


def is_held(row: Any, now: int) -> bool:  # noqa: ANN401  # a row of SQLAlchemy
    """Say whether somebody holds a case now."""
    return row.holder is not None and row.lease_until > now


def row_of(connection: Connection, case: str) -> Any:  # noqa: ANN401  # a row of SQLAlchemy
    """Read a case; `case-unknown` if there is none."""
    row = connection.execute(_ROW, {"case": case}).first()
    if row is None:
        raise unknown_case()
    return row


def unknown_case() -> UndertowError:
    """Make the fault of a case that is not there."""
    return UndertowError(
        "there is no such case",
        code="case-unknown",
        mend="it may be past its time: see the queue",
    )


def held_by(connection: Connection, who: Person, case: str, now: int) -> Any:  # noqa: ANN401  # as `row_of`
    """Read a case that a person holds; `case-not-yours` if they do not."""
    row = row_of(connection, case)
    if not is_held(row, now) or row.holder != who.reviewer:
        raise UndertowError(
            "you do not hold this case", code="case-not-yours", mend="claim it first"
        )
    return row


def write_act(
    connection: Connection,
    store: Store,
    row: Any,  # noqa: ANN401  # a row of `cases`
    who: Person,
    kind: str,
    now: int,
    *,
    outcome: str | None = None,
    reason: str | None = None,
) -> str:
    """Write an act of a person that decides nothing, and its leaf of the audit log; returns its code."""
    act = f"d:{secrets.token_hex(8)}"
    sealed = None
    if reason:
        sealed = store.vault.seal(row.account, context("acts", act, "sealed_reason"), reason)
    connection.execute(
        insert(acts).values(
            act=act,
            case=row.case,
            kind=kind,
            reviewer=who.reviewer or None,
            at=now,
            revision=row.revision,
            outcome=outcome,
            dossier=row.dossier,
            sealed_reason=sealed,
        )
    )
    facts = {"act": act, "case": row.case, "reviewer": who.reviewer, "outcome": outcome}
    record(connection, store, kind, {**facts, "reason": reason, "at": now})
    return act


def _change(connection: Connection, row: Any, values: dict[str, Any]) -> None:  # noqa: ANN401  # as `row_of`
    mine = cases.c.case == row.case
    connection.execute(update(cases).where(mine).values(**values))


FREE: Final = ("new", "reopened", "rejected")
"""States in which a case is nobody's and waits for no answer."""


def _free(connection: Connection, row: Any) -> dict[str, Any]:  # noqa: ANN401  # as `row_of`
    """Give what makes a case nobody's: the state it had before it was claimed."""
    values: dict[str, Any] = {"holder": None, "lease_until": None}
    if row.state == "claimed":
        asked = select(acts.c.kind, acts.c.outcome).where(
            acts.c.case == row.case, acts.c.kind.in_(("claim", "reopen"))
        )
        order = acts.c.revision.desc(), acts.c.at.desc(), acts.c.act
        before = connection.execute(asked.order_by(*order).limit(1)).first()
        values["state"] = "reopened"
        # What was proposed when it was claimed may have been answered since: only what needs no answer comes back.
        if before is not None and before.kind == "claim" and before.outcome in FREE:
            values["state"] = before.outcome
    return values


def _let_go(connection: Connection, store: Store, row: Any, now: int) -> Any:  # noqa: ANN401  # as `row_of`
    """Take a case from whoever's lease has run out."""
    _change(connection, row, _free(connection, row))
    facts = {"case": row.case, "reviewer": row.holder, "at": now}
    record(connection, store, "lease-over", facts)
    return row_of(connection, row.case)


def _held() -> UndertowError:
    return UndertowError(
        "somebody else holds this case", code="case-held", mend="take another one, or ask them"
    )


def _state(state: str) -> UndertowError:
    return UndertowError(
        f"a case that is `{state}` cannot be claimed",
        code="case-state",
        mend="see its page for what can be done with it",
    )

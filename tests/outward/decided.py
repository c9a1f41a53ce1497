"""Decisions of two people put straight into a store, as `cases.decide` would leave them."""

from __future__ import annotations

import secrets

from sqlalchemy import insert, select, update

from undertow.cases.ledger import record
from undertow.cases.queue import View, queue
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases, measures, outbox

MINUTE = 60_000_000


def open_case(desk, place: int = 0) -> str:
    """Give the code of a case that its reader need not judge blindly first."""
    rows = queue(desk.store, desk.ada, View(), desk.now).rows
    return [row.code for row in rows if not row.blind][place]


def all_cases(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(cases.c.case).order_by(cases.c.case)).scalars())


def see_all(store: Store) -> None:
    """Let every case be read without a judgement first."""
    with store.writing() as connection:
        connection.execute(update(cases).values(blind=False))
        record(connection, store, "test", {})


def act(connection, case, kind: str, by: str | None, at: int, **more: object) -> str:
    code = f"x:{secrets.token_hex(6)}"
    row = connection.execute(select(cases).where(cases.c.case == case)).one()
    connection.execute(
        insert(acts).values(
            act=code,
            case=case,
            kind=kind,
            reviewer=by,
            at=at,
            revision=row.revision,
            dossier=row.dossier,
            **more,
        )
    )
    return code


def decide(desk, case: str, outcome: str = "limit", *, told: bool = True) -> str:
    """Propose, approve and settle in one go; gives the measure."""
    store, now = desk.store, desk.now
    code = f"m:{secrets.token_hex(6)}"
    said = {"outcome": outcome, "clause": "deception"}
    with store.writing() as connection:
        held = connection.execute(select(cases).where(cases.c.case == case)).one()
        first = act(connection, case, "propose", desk.ada.reviewer, now - 3 * MINUTE, **said)
        second = act(
            connection,
            case,
            "approve",
            desk.ben.reviewer,
            now - 2 * MINUTE,
            answers=first,
            **said,
        )
        connection.execute(
            insert(measures).values(
                measure=code,
                case=case,
                outcome=outcome,
                proposal=first,
                approval=second,
                proposed_by=desk.ada.reviewer,
                approved_by=desk.ben.reviewer,
                dossier=held.dossier,
                approved_at=now - 2 * MINUTE,
                effective_at=now - MINUTE,
            )
        )
        act(connection, case, "settle", None, now - MINUTE, answers=second, **said)
        if told:
            tell(connection, code, "apply", now)
        record(connection, store, "test", {"case": case})
    return code


def tell(connection, measure: str, what: str, at: int) -> None:
    connection.execute(
        insert(outbox).values(
            delivery=f"o:{secrets.token_hex(6)}", measure=measure, what=what, due_at=at, tries=0
        )
    )

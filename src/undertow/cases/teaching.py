"""What closed cases teach: a file of decisions in the form that `playbook fit` and `detect --decisions` read.

These files name accounts as the detector does, by native id: the one place where the desk opens many
identities at once. So it asks for a reason, and every case in it is a look with a leaf in the audit log.
Targets, reasons and reviewers' names are never in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from undertow.cases import ledger
from undertow.cases.acts import checked_reason, writing
from undertow.cases.beside import native_id
from undertow.cases.policy import RESTRICTIVE
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases

_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Taught:
    """A file of decisions.

    Attributes:
        body: JSON Lines: `account`, `role`, `playbook`, `decision`, `at`, `by`; a row per person and case.
        cases: how many cases stand in it.
        erased: decided cases that are left out, as their account was erased.
    """

    body: bytes
    cases: int
    erased: int


def decisions(store: Store, reason: str, now: int) -> Taught:
    """Write down what each closed case came to last.

    A measure that stands counts as `confirmed`, by both who decided; one that an appeal lifted, and `no_action`, as
    `rejected`; all else as `unclear`.

    Args:
        store: the store.
        reason: why accounts must be named; ten characters at least; the log commits to it.
        now: microseconds.

    Raises:
        UndertowError: `reason-short`, `reason-long`, `audit-unwritable`.
    """
    told = checked_reason(reason)
    rows: list[dict[str, str]] = []
    held = erased = 0
    with writing(store) as connection:
        closed = select(cases).where(cases.c.state == "closed", cases.c.merged_into.is_(None))
        for case in connection.execute(closed.order_by(cases.c.case)).all():
            verdicts = list(verdicts_on(connection, case))
            account = native_id(connection, store, case.account) if verdicts else None
            if account is not None:
                held += 1
                named = {"account": account, "role": case.role, "playbook": case.playbook}
                rows += [named | verdict for verdict in verdicts]
                facts = {"case": case.case, "account": case.account, "at": now}
                ledger.record(connection, store, "look-teaching", facts)
            elif verdicts:
                erased += 1
        facts = {"cases": held, "reason": told, "at": now}
        ledger.record(connection, store, "export-decisions", facts)
    body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    return Taught(body, held, erased)


def verdicts_on(connection: Connection, case: Row[Any]) -> Iterator[dict[str, str]]:
    """Give what the last decision on a closed case came to: one row per person who made it."""
    asked = select(acts).where(
        acts.c.case == case.case, acts.c.kind.in_(("settle", "settle_appeal"))
    )
    last = connection.execute(asked.order_by(acts.c.revision.desc()).limit(1)).first()
    if last is None:
        return
    if last.kind == "settle_appeal" and last.outcome == "overturned":
        yield _row("rejected", last)
        return
    settled = asked.where(acts.c.kind == "settle").order_by(acts.c.revision.desc()).limit(1)
    decided = connection.execute(settled).one()
    verdict = _VERDICTS.get(decided.outcome, "unclear")
    of = select(acts).where(acts.c.act == decided.answers)
    for act in connection.execute(of).all():
        yield _row(verdict, act)
        if act.kind == "approve":
            first = select(acts).where(acts.c.act == act.answers)
            yield _row(verdict, connection.execute(first).one())


_VERDICTS = {"no_action": "rejected"} | dict.fromkeys(RESTRICTIVE, "confirmed")


def _row(verdict: str, act: Row[Any]) -> dict[str, str]:
    at = (_START + timedelta(microseconds=act.at)).isoformat().replace("+00:00", "Z")
    return {"decision": verdict, "at": at, "by": act.reviewer}

"""How long things are kept: ninety days after the last news, longer on hold, and not at all once erased.

purge    the clock deletes cases whose time is over, with all that hangs on them, and forgets subjects
whom no case names any more
hold     a named reason keeps a case past its time
erase    a subject's key is destroyed; texts about it and its native id are gone, in backups too
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from undertow.cases import reasons
from undertow.cases.allowing import unknown_subject
from undertow.cases.claims import row_of
from undertow.cases.coding import TARGET
from undertow.cases.erasing import strip
from undertow.cases.guards import purging
from undertow.cases.keeping import KEPT
from undertow.cases.ledger import record
from undertow.cases.people import Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import (
    acts,
    allowed,
    case_targets,
    cases,
    dossiers,
    exposures,
    measures,
    named,
    outbox,
    passages,
    runs,
    subjects,
)
from undertow.cases.vault import context
from undertow.events.pseudonyms import Pseudonyms

BUSY: Final = ("proposed", "approved", "appealed")
"""States in which somebody waits for an answer: their time is not over yet."""
KEEPERS: Final = ("approver", "admin")
"""Who sets holds and erases."""


@dataclass(frozen=True)
class Purged:
    """What the clock deleted: cases, and subjects whom no case named any more."""

    cases: int = 0
    subjects: int = 0


def purge(store: Store, now: int) -> Purged:
    """Delete what is past its time: 90 days after the last news or act, unless it is on hold or waits for an answer."""
    over = and_(
        cases.c.keep_until < now,
        cases.c.updated_at < now - KEPT,
        cases.c.sealed_hold.is_(None),
        cases.c.state.not_in(BUSY),
        or_(cases.c.lease_until.is_(None), cases.c.lease_until <= now),
    )
    with store.reading() as connection:
        if connection.execute(select(cases.c.case).where(over).limit(1)).first() is None:
            return Purged()
    with store.writing() as connection:
        gone = list(connection.execute(select(cases.c.case).where(over)).scalars())
        for case in gone:
            _delete_case(connection, case)
            record(connection, store, "purge", {"case": case, "at": now})
        left = select(dossiers.c.run)
        old = and_(runs.c.at < now - KEPT, runs.c.run.not_in(left))
        connection.execute(delete(runs).where(old))
        forgotten = _forget(connection)
    with store.writing() as connection:
        # Nobody takes anything in meanwhile: a key may be destroyed only while its owner is not here again.
        back = (
            set(connection.execute(select(subjects.c.code)).scalars()) if forgotten else set()
        )
        for code in forgotten:
            if code not in back:
                store.vault.forget(code)
    return Purged(len(gone), len(forgotten))


def hold(store: Store, who: Person, case: str, reason: str, now: int) -> None:
    """Keep a case past its time.

    Args:
        store: the store.
        who: an approver or an admin.
        case: its code.
        reason: at least ten letters, such as the file number of an authority's order; sealed.
        now: microseconds.

    Raises:
        UndertowError: `hold-reason`, `reason-long`, `case-unknown`, `role-refused`, `vault-erased`.
    """
    hold_role(who, *KEEPERS)
    reason = reasons.checked(
        reason, "a hold needs a reason", "hold-reason", "say in a sentence who needs the case"
    )
    with store.writing() as connection:
        row = row_of(connection, case)
        sealed = store.vault.seal(row.account, context("cases", case, "sealed_hold"), reason)
        connection.execute(update(cases).where(cases.c.case == case).values(sealed_hold=sealed))
        facts = {"case": case, "reviewer": who.reviewer, "reason": reason, "at": now}
        record(connection, store, "hold", facts)


def release_hold(store: Store, who: Person, case: str, now: int) -> None:
    """End a hold: the case's time goes on as if there had been none; `case-unknown`, `role-refused`."""
    hold_role(who, *KEEPERS)
    with store.writing() as connection:
        row_of(connection, case)
        connection.execute(update(cases).where(cases.c.case == case).values(sealed_hold=None))
        facts = {"case": case, "reviewer": who.reviewer, "at": now}
        record(connection, store, "hold-ended", facts)


def erase(store: Store, who: Person, code: str, reason: str, now: int) -> list[str]:
    """Erase a subject for good.

    The database is written first: should the machine stop before the key is destroyed, opening the store does that.

    Args:
        store: the store.
        who: an approver or an admin.
        code: of an account or a target.
        reason: why, in a word or a sentence; a commitment to it stands in the audit log, and nothing else.
        now: microseconds.

    Returns:
        The cases that were closed by it.

    Raises:
        UndertowError: `subject-unknown`, `role-refused`.
    """
    hold_role(who, *KEEPERS)
    with store.writing() as connection:
        row = connection.execute(select(subjects).where(subjects.c.code == code)).first()
        if row is None:
            raise unknown_subject()
        if row.erased_at is not None:
            return []
        closed = strip(connection, code, now)
        for case in closed:
            _write_act(connection, case, who, now)
        facts = {"reviewer": who.reviewer, "of": code, "reason": reason, "cases": closed}
        record(connection, store, "erase", {**facts, "at": now})
    store.vault.erase(code, now)
    return closed


def rotate(store: Store, who: Person, now: int) -> None:
    """Change the master key: its old copies open nothing afterwards; `role-refused` but for an admin."""
    hold_role(who, "admin")
    with store.writing() as connection:
        record(connection, store, "keys-rotated", {"reviewer": who.reviewer, "at": now})
    store.vault.rotate()


def codes_of_native(store: Store, native: str) -> list[str]:
    """Give the codes under which a native id is known here, as account and as target; may be none."""
    target = native if TARGET.fullmatch(native) else Pseudonyms.default().of(native)
    both = [store.vault.code("a", native), store.vault.code("t", target)]
    with store.reading() as connection:
        asked = select(subjects.c.code).where(subjects.c.code.in_(both))
        found = set(connection.execute(asked).scalars())
    return [code for code in both if code in found]


def _write_act(connection: Connection, case: str, who: Person, now: int) -> None:
    row = row_of(connection, case)
    act = {"act": f"d:{secrets.token_hex(8)}", "case": case, "kind": "erased", "at": now}
    by = {"reviewer": who.reviewer or None, "revision": row.revision, "dossier": row.dossier}
    connection.execute(insert(acts).values(**act, **by))


def _delete_case(connection: Connection, case: str) -> None:
    """Delete a case and all that hangs on it, what points at a thing before the thing."""
    mine = select(measures.c.measure).where(measures.c.case == case)
    connection.execute(delete(outbox).where(outbox.c.measure.in_(mine)))
    with purging(connection, case):
        for table in (measures, acts):
            connection.execute(delete(table).where(table.c.case == case))
    for table in (exposures, passages, case_targets, named, dossiers):
        connection.execute(delete(table).where(table.c.case == case))
    into = cases.c.merged_into == case
    connection.execute(update(cases).where(into).values(merged_into=None))
    connection.execute(delete(cases).where(cases.c.case == case))


def _forget(connection: Connection) -> list[str]:
    """Delete subjects whom no case names; those that were erased stay, so that they stay erased."""
    used: tuple[Any, ...] = (
        select(named.c.code),
        select(cases.c.account),
        select(case_targets.c.target),
        select(passages.c.author),
        select(passages.c.target),
        select(allowed.c.account),
    )
    unused = and_(
        subjects.c.erased_at.is_(None), *(subjects.c.code.not_in(one) for one in used)
    )
    gone = list(connection.execute(select(subjects.c.code).where(unused)).scalars())
    connection.execute(delete(subjects).where(unused))
    return gone

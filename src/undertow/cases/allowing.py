"""The allow-list: accounts known to be honest go to the end of the queue, for a while; their score stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select

from undertow.cases import reasons
from undertow.cases.ledger import record
from undertow.cases.people import READS, Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import allowed, subjects
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.units import DAY

DAYS: Final = 90
"""Life of an entry at most: whoever is honest today is looked at again (requirement of the desk)."""


@dataclass(frozen=True)
class Entry:
    """An entry of the list; `reason` is None for who may read no text, or once it is erased."""

    account: str
    owner: str
    reason: str | None
    made_at: int
    until: int


def allow(
    store: Store, who: Person, account: str, reason: str, now: int, *, days: int = DAYS
) -> int:
    """Put an account on the list, or its entry on a new footing.

    Args:
        store: the store.
        who: an approver; they own the entry.
        account: its code.
        reason: at least ten letters; sealed.
        now: microseconds.
        days: how long it holds, at most 90.

    Returns:
        Until when, microseconds.

    Raises:
        UndertowError: `allow-reason`, `reason-long`, `allow-days`, `subject-unknown`, `vault-erased`, `role-refused`.
    """
    hold_role(who, "approver")
    reason = reasons.checked(
        reason,
        "an entry of the allow-list needs a reason",
        "allow-reason",
        "say in a sentence how the account is known to be honest",
    )
    if not 1 <= days <= DAYS:
        raise UndertowError(
            "an entry of the allow-list lives 1 to 90 days",
            code="allow-days",
            mend="give fewer days; the entry can be renewed",
        )
    sealed = store.vault.seal(account, context("allowed", account, "sealed_reason"), reason)
    until = now + days * DAY
    with store.writing() as connection:
        asked = select(subjects.c.code).where(subjects.c.code == account)
        if not account.startswith("a:") or connection.execute(asked).first() is None:
            raise unknown_subject()
        connection.execute(delete(allowed).where(allowed.c.account == account))
        row = {"account": account, "owner": who.reviewer, "made_at": now, "until": until}
        connection.execute(insert(allowed).values(**row, sealed_reason=sealed))
        facts = {"reviewer": who.reviewer, "account": account, "reason": reason, "until": until}
        record(connection, store, "allow", {**facts, "at": now})
    return until


def disallow(store: Store, who: Person, account: str, now: int) -> None:
    """Take an account off the list; `subject-unknown` if it is not on it, `role-refused`."""
    hold_role(who, "approver")
    with store.writing() as connection:
        gone = connection.execute(delete(allowed).where(allowed.c.account == account))
        if not gone.rowcount:
            raise unknown_subject()
        facts = {"reviewer": who.reviewer, "account": account, "at": now}
        record(connection, store, "disallow", facts)


def entries(store: Store, who: Person, now: int) -> list[Entry]:
    """List the entries that hold, those that end first first; `role-refused` for an admin."""
    hold_role(who, *READS)
    with store.reading() as connection:
        asked = select(allowed).where(allowed.c.until > now).order_by(allowed.c.until)
        rows = connection.execute(asked).all()
    found = []
    for row in rows:
        place = context("allowed", row.account, "sealed_reason")
        reason = store.vault.open(row.account, place, row.sealed_reason) if who.works else None
        found.append(Entry(row.account, row.owner, reason, row.made_at, row.until))
    return found


def unknown_subject() -> UndertowError:
    """Make the fault of a code or a name that no case knows."""
    return UndertowError(
        "no case knows this account",
        code="subject-unknown",
        mend="give a code that a case shows",
    )

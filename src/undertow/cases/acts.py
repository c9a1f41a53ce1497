"""Acts on cases: who may, on what is true now, written down with a leaf in one transaction.

Every act reads again, under the write lock, what the person believed: their own role, the case's
revision, the dossier. What changed in between makes it fail with what it was, never silently.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from undertow.cases import checkpoints, ledger, reasons
from undertow.cases.claims import is_held, renew
from undertow.cases.people import WORKS, Person
from undertow.cases.store import Store
from undertow.cases.tables import about, acts, cases, reviewers, subjects
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.units import HOUR, MINUTE

FRESH: Final = 72 * HOUR
"""How long a proposal waits for a second person (ours: a weekend). Microseconds."""
UNDO: Final = 10 * MINUTE
"""How long a decision can be taken back before it takes effect, unless the desk sets `undo_minutes`."""
PROVED: Final = 15 * MINUTE
"""How long ago an approver may have proved who they are (ours: one sitting)."""

Case = Row[Any]
Act = Row[Any]


class StaleError(UndertowError):
    """The case is not what the person saw any more.

    Attributes:
        changed: kinds of acts that came since, `evidence` if the dossier is another.
    """

    def __init__(self, what: str, *, code: str, changed: tuple[str, ...]) -> None:
        super().__init__(what, code=code, mend="look at the case again, then decide")
        self.changed = changed


@contextmanager
def acting(store: Store) -> Iterator[Connection]:
    """Give a transaction for one act; without a leaf it is undone. Faults as `writing`.

    Raises:
        RuntimeError: the block recorded nothing; a fault of whoever wrote it.
    """
    with writing(store) as connection:
        before = ledger.size(connection)
        yield connection
        if ledger.size(connection) == before:
            raise RuntimeError("an act without a leaf")


@contextmanager
def writing(store: Store) -> Iterator[Connection]:
    """Give a transaction that holds the write lock.

    A checkpoint that is due is made first: nobody acts on a log that does not fit what was signed.

    Raises:
        UndertowError: `audit-unwritable` if the database refuses anything in it; `audit-rewritten`.
    """
    try:
        with store.writing() as connection:
            if checkpoints.is_due_now(connection, store):
                checkpoints.sign(connection, store)
            yield connection
    except (DataError, IntegrityError):
        raise
    except (DBAPIError, OSError) as fault:
        raise ledger.unwritable() from fault


def worker(connection: Connection, who: Person, *roles: str) -> str:
    """Read a person's role as it is now, and refuse who may not work on cases.

    Returns:
        The role.

    Raises:
        UndertowError: `role-refused` for other roles than `roles` (all who work, if none are named), and for
            whoever was disabled.
    """
    found = connection.execute(
        select(reviewers.c.role, reviewers.c.disabled_at).where(
            reviewers.c.reviewer == who.reviewer
        )
    ).first()
    may = roles or WORKS
    if found is None or found.disabled_at is not None or found.role not in may:
        raise UndertowError(
            "your role may not do this",
            code="role-refused",
            mend="ask somebody whose role is one of " + ", ".join(f"`{role}`" for role in may),
        )
    return str(found.role)


def the_act(connection: Connection, act: str, *kinds: str) -> Act:
    """Read an act of one of some kinds; `act-unknown` if there is none."""
    found = connection.execute(select(acts).where(acts.c.act == act)).first()
    if found is None or found.kind not in kinds:
        raise UndertowError(
            "there is no such act", code="act-unknown", mend="look at the case again"
        )
    return found


def answers(connection: Connection, act: str, *kinds: str) -> list[Act]:
    """Read what answers an act: approvals, withdrawals, appeals and so on."""
    asked = select(acts).where(acts.c.answers == act, acts.c.kind.in_(kinds))
    return list(connection.execute(asked))


def hold_seen(connection: Connection, case: Case, dossier: str, revision: int | None) -> None:
    """Refuse an act on what is not there any more.

    Raises:
        StaleError: `case-stale` for another revision, `dossier-stale` for another dossier, with what changed.
    """
    fresh = case.dossier == dossier
    if fresh and revision in (None, case.revision):
        return
    since = select(acts.c.kind).where(
        acts.c.case == case.case,
        acts.c.revision > (case.revision if revision is None else revision),
    )
    changed = [kind for (kind,) in connection.execute(since.order_by(acts.c.revision))]
    changed += [] if fresh else ["evidence"]
    raise StaleError(
        "the case changed since you looked at it",
        code="case-stale" if fresh else "dossier-stale",
        changed=tuple(dict.fromkeys(changed)),
    )


def hold_free(case: Case, who: Person, now: int) -> None:
    """Refuse to act on a case that somebody else holds: `case-held`."""
    if is_held(case, now) and case.holder != who.reviewer:
        raise UndertowError(
            "somebody else holds this case",
            code="case-held",
            mend="wait until it is given back, or ask for it to be handed over",
        )


def hold_state(case: Case, *states: str) -> None:
    """Refuse what does not fit the state of a case: `state-refused`."""
    if case.state not in states:
        raise UndertowError(
            f"a case that is `{case.state}` is not open for this",
            code="state-refused",
            mend="look at what was done to it last",
        )


def hold_not_erased(connection: Connection, case: Case) -> None:
    """Refuse to decide on an account that was erased: nothing can be said of it, and no reason kept."""
    asked = select(subjects.c.erased_at).where(subjects.c.code == case.account)
    if connection.execute(asked).scalar() is not None:
        raise UndertowError(
            "this account was erased, and nothing is decided on it any more",
            code="subject-erased",
            mend="leave the case closed; what is still held says nothing about anybody",
        )


def checked_reason(reason: str) -> str:
    """Check a reason; `reason-short` for fewer than ten characters, `reason-long` for more than 4,000."""
    return reasons.checked(
        reason,
        "a decision needs a reason",
        "reason-short",
        "say in a sentence what you saw and why it comes to this",
    )


def undo_window(connection: Connection) -> int:
    """Read how long a decision can be taken back, in microseconds."""
    asked = select(about.c.value).where(about.c.name == "setting:undo_minutes")
    kept = connection.execute(asked).scalar()
    return UNDO if kept is None else int(kept) * MINUTE


@dataclass(frozen=True)
class Deed:
    """What was done.

    Attributes:
        kind: in a word.
        outcome, clause, dossier, answers, about: as in `acts`.
        text: reason or note, sealed under the keys of the account and of `about`; the leaf commits to it.
        told: further facts for the leaf.
        moves: whether the case goes to its next revision by it; a note does not.
    """

    kind: str
    outcome: str | None = None
    clause: str | None = None
    dossier: str | None = None
    answers: str | None = None
    text: str | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    moves: bool = True
    about: str | None = None


def add(
    connection: Connection, store: Store, case: Case, who: Person | None, now: int, deed: Deed
) -> str:
    """Write one act with its leaf, and give its code.

    Args:
        connection: of `acting`.
        store: whose.
        case: its row as it was read.
        who: None for the clock.
        now: when.
        deed: what was done.
    """
    act = f"d:{secrets.token_hex(8)}"
    reviewer = None if who is None else who.reviewer
    place = context("acts", act, "sealed_reason")
    columns = {
        name: getattr(deed, name) for name in ("outcome", "clause", "dossier", "answers")
    }
    connection.execute(
        insert(acts).values(
            act=act,
            case=case.case,
            kind=deed.kind,
            reviewer=reviewer,
            at=now,
            revision=case.revision + deed.moves,
            about=deed.about,
            sealed_reason=_sealed(store, sealing(case.account, deed.about), place, deed.text),
            **columns,
        )
    )
    facts = {"act": act, "at": now, "case": case.case, "reviewer": reviewer, **columns}
    facts |= {} if deed.text is None else {"reason": deed.text}
    ledger.record(connection, store, deed.kind, {**facts, **deed.told})
    return act


def sealing(account: str, about: str | None) -> tuple[str, ...]:
    """Name whose keys seal the reason of an act: the account's, and that of the target it speaks of."""
    return (account,) if about is None else (account, about)


def _sealed(store: Store, codes: tuple[str, ...], place: str, text: str | None) -> bytes | None:
    """Seal a text under the keys of whom it speaks of; about who was erased nothing new is kept."""
    if text is None:
        return None
    try:
        return store.vault.seal(codes, place, text)
    except UndertowError as fault:
        if fault.code != "vault-erased":
            raise
        return None


def change(connection: Connection, case: Case, now: int, **values: Any) -> None:  # noqa: ANN401  # columns of `cases`
    """Change a case from the revision at which it was read to the next."""
    changed = connection.execute(
        update(cases)
        .where(cases.c.case == case.case, cases.c.revision == case.revision)
        .values(revision=case.revision + 1, updated_at=now, **values)
    )
    if changed.rowcount != 1:
        raise StaleError(
            "the case changed since you looked at it", code="case-stale", changed=()
        )


def stay(connection: Connection, case: Case, who: Person, now: int) -> None:
    """Let a holder hold on: an act that changes nothing of the case shows that they are there."""
    if is_held(case, now) and case.holder == who.reviewer:
        renew(connection, case.case, now)

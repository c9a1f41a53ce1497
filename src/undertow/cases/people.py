"""The people of the desk: who they are, what their role lets them do, and their passwords.

analyst   works cases, reads texts, proposes, approves what another one proposed
approver  all of that, and approves what restricts an account; keeps the allow-list
auditor   reads cases without texts and identities; changes nothing
admin     keeps people, settings and keys; reads no case and no text
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, cast

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from undertow.cases.ledger import record
from undertow.cases.store import Store
from undertow.cases.tables import cases, reviewers, sessions, views
from undertow.cases.vault import STAFF, context
from undertow.errors import UndertowError
from undertow.units import HOUR

Role = Literal["analyst", "approver", "auditor", "admin"]
ROLES: Final = ("analyst", "approver", "auditor", "admin")
WORKS: Final = ("analyst", "approver")
"""Who works on cases and may read texts."""
READS: Final = ("analyst", "approver", "auditor")
"""Who may see cases."""
SHORTEST: Final = 12
"""Characters of a password at least; no other rule (ASVS 5.0, 6.2.1 and 6.2.5; 8 is its least)."""
NEW: Final = 24 * HOUR
"""How long who was let in by an admin may not approve what somebody let in by the same one proposed (ours: a day on
which others can see who came). The first day of a desk, on which one admin makes everybody, is exempt. Microseconds."""
LONGEST: Final = 256
"""Characters of a name or a password at most."""
_EVERYBODY: Final = select(reviewers).order_by(reviewers.c.made_at)
_SOME: Final = select(reviewers.c.reviewer, reviewers.c.sealed_name).where(
    reviewers.c.reviewer.in_(bindparam("codes", expanding=True))
)


@dataclass(frozen=True)
class Person:
    """Somebody at the desk.

    Attributes:
        reviewer: random code; what records and exports name.
        name: what they sign in with.
        role: one of `ROLES`.
    """

    reviewer: str
    name: str
    role: str

    @property
    def works(self) -> bool:
        """Whether they work on cases and may read texts."""
        return self.role in WORKS


@dataclass(frozen=True)
class Listed:
    """A person as the list of people shows them."""

    person: Person
    made_at: int
    disabled_at: int | None


def hold_role(who: Person, *roles: str) -> None:
    """Refuse what a person's role does not let them do: `role-refused`."""
    if who.role not in roles:
        raise UndertowError(
            f"the role `{who.role}` may not do this",
            code="role-refused",
            mend="ask somebody whose role is one of "
            + ", ".join(f"`{role}`" for role in roles),
        )


@cache
def hasher() -> PasswordHasher:
    """Give what hashes passwords: Argon2id with its makers' settings (RFC 9106, low memory)."""
    return PasswordHasher()


def _hold_new(connection: Connection, name: str, subject: str | None) -> None:
    """Refuse a name or a subject that somebody has; both as codes."""
    who = select(reviewers.c.reviewer)
    if connection.execute(who.where(reviewers.c.name_code == name)).first() is not None:
        raise UndertowError(
            "there is a person of this name", code="person-there", mend="give another name"
        )
    taken = who.where(reviewers.c.subject == subject)
    if subject is not None and connection.execute(taken).first() is not None:
        raise UndertowError(
            "somebody signs in by this subject already",
            code="person-there",
            mend="give the subject that the identity provider has for this person",
        )


def add_person(
    store: Store,
    name: str,
    role: str,
    password: str | None = None,
    *,
    now: int,
    subject: str | None = None,
    by: Person | None = None,
) -> Person:
    """Add a person.

    Args:
        store: the store.
        name: what they sign in with; letter case makes no difference.
        role: one of `ROLES`.
        password: None where they sign in another way.
        now: microseconds.
        subject: who they are to a service of single sign-on.
        by: the admin who does it; None at the command line of the machine that holds the store.

    Raises:
        UndertowError: `person-name`, `person-there`, `person-role`, `password-short`, `role-refused`.
    """
    if by is not None:
        hold_role(by, "admin")
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST or not shown.isprintable():
        raise UndertowError(
            "a person needs a name of one line",
            code="person-name",
            mend="give one of at most 256 characters",
        )
    if role not in ROLES:
        raise UndertowError(
            "there is no such role", code="person-role", mend="use one of " + ", ".join(ROLES)
        )
    hashed = None if password is None else hashed_password(password)
    person = Person(f"p:{secrets.token_hex(8)}", shown, role)
    code = _name_code(store, shown)
    sealed = store.vault.seal(
        STAFF, context("reviewers", person.reviewer, "sealed_name"), shown
    )
    with store.writing() as connection:
        told = None if subject is None else store.vault.code("r", f"subject {subject}")
        _hold_new(connection, code, told)
        connection.execute(
            insert(reviewers).values(
                reviewer=person.reviewer,
                name_code=code,
                sealed_name=sealed,
                role=role,
                password=hashed,
                subject=told,
                made_at=now,
                settings=b"{}",
                let_in_by=by.reviewer if by else None,
            )
        )
        facts = {"reviewer": by.reviewer if by else None, "of": person.reviewer, "role": role}
        record(connection, store, "person-added", {**facts, "at": now})
    return person


def hashed_password(password: str) -> str:
    """Hash a password; `password-short` for one of fewer than twelve characters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UndertowError(
            f"a password has {SHORTEST} to {LONGEST} characters",
            code="password-short",
            mend="take a longer one, such as four words",
        )
    return hasher().hash(password)


@cache
def _nobodys() -> str:
    return hasher().hash(secrets.token_hex(16))


def sign_in(store: Store, name: str, password: str) -> Person | None:
    """Find the person with a name and a password; None if there is none, or they were disabled.

    An unknown name takes as long as a wrong password.
    """
    code = _name_code(store, " ".join(name.split()))
    with store.reading() as connection:
        row = connection.execute(select(reviewers).where(reviewers.c.name_code == code)).first()
    held = row.password if row is not None and row.password is not None else _nobodys()
    try:
        hasher().verify(held, password)
    except (VerificationError, InvalidHashError):
        return None
    if row is None or row.password is None or row.disabled_at is not None:
        return None
    return person_in(store, row)


def set_password(store: Store, who: Person, password: str, *, now: int) -> None:
    """Give a person another password and end their sessions; `password-short`."""
    hashed = hashed_password(password)
    with store.writing() as connection:
        mine = reviewers.c.reviewer == who.reviewer
        connection.execute(update(reviewers).where(mine).values(password=hashed))
        connection.execute(delete(sessions).where(sessions.c.reviewer == who.reviewer))
        record(connection, store, "password-changed", {"reviewer": who.reviewer, "at": now})


def person(store: Store, reviewer: str) -> Person | None:
    """Find a person by their code; None if there is none, or they were disabled."""
    return _found(store, reviewers.c.reviewer == reviewer)


def person_named(store: Store, name: str) -> Person | None:
    """Find a person by the name they sign in with; None if there is none, or they were disabled."""
    return _found(store, reviewers.c.name_code == _name_code(store, " ".join(name.split())))


def person_of_subject(store: Store, subject: str) -> Person | None:
    """Find a person by who they are to a service of single sign-on; None as `person`."""
    return _found(store, reviewers.c.subject == store.vault.code("r", f"subject {subject}"))


def people(store: Store) -> list[Listed]:
    """List everybody, those who were disabled too, oldest first."""
    with store.reading() as connection:
        rows = connection.execute(_EVERYBODY).all()
    names = _names(store, rows)
    return [
        Listed(
            Person(row.reviewer, names[row.reviewer], row.role), row.made_at, row.disabled_at
        )
        for row in rows
    ]


def names_of(store: Store, codes: Iterable[str | None]) -> dict[str, str]:
    """Give the names of some people by their codes; unknown codes and None are left out."""
    asked = sorted({code for code in codes if code is not None})
    if not asked:
        return {}
    with store.reading() as connection:
        rows = connection.execute(_SOME, {"codes": asked}).all()
    return _names(store, rows)


def name_of(store: Store, reviewer: str | None) -> str:
    """Give the name of a person by their code; the clock's is empty, an unknown one's its code."""
    if reviewer is None:
        return ""
    with store.reading() as connection:
        asked = select(reviewers).where(reviewers.c.reviewer == reviewer)
        row = connection.execute(asked).first()
    return reviewer if row is None else person_in(store, row).name


def disable(store: Store, reviewer: str, *, now: int, by: Person | None = None) -> None:
    """Let a person in no more: their sessions end, their cases are let go.

    Raises:
        UndertowError: `person-unknown`; `person-last` for the last admin; `role-refused`.
    """
    if by is not None:
        hold_role(by, "admin")
    with store.writing() as connection:
        row = connection.execute(
            select(reviewers).where(reviewers.c.reviewer == reviewer)
        ).first()
        if row is None:
            raise unknown_person()
        if row.role == "admin" and not _other_admins(connection, reviewer):
            raise UndertowError(
                "this is the last admin", code="person-last", mend="add another one first"
            )
        mine = reviewers.c.reviewer == reviewer
        connection.execute(update(reviewers).where(mine).values(disabled_at=now))
        connection.execute(delete(sessions).where(sessions.c.reviewer == reviewer))
        connection.execute(delete(views).where(views.c.reviewer == reviewer))
        # The clock gives the cases back as it does with every lease that has run out.
        held = cases.c.holder == reviewer
        connection.execute(update(cases).where(held).values(lease_until=now))
        facts = {"reviewer": by.reviewer if by else None, "of": reviewer, "at": now}
        record(connection, store, "person-disabled", facts)


def let_in(connection: Connection, reviewer: str, by: Person, now: int) -> None:
    """Write that an admin gave a person another way in, such as a link for a new password."""
    mine = reviewers.c.reviewer == reviewer
    values = {"let_in_by": by.reviewer, "let_in_at": now}
    connection.execute(update(reviewers).where(mine).values(**values))


def hold_known(connection: Connection, store: Store, second: str, first: str, now: int) -> None:
    """Refuse a second person whom, a moment ago, the same hand let in as the first: one admin could be both.

    Args:
        connection: of the act.
        store: whose; a simulated one asks nothing.
        second: who approves.
        first: who proposed.
        now: microseconds.

    Raises:
        UndertowError: `approver-new`.
    """
    came = func.coalesce(reviewers.c.let_in_at, reviewers.c.made_at)
    mine = select(came).where(reviewers.c.reviewer == second)
    if connection.execute(mine).scalar_one() <= now - NEW:
        return
    asked = select(reviewers.c.reviewer, reviewers.c.let_in_by, came.label("came"))
    found = {row.reviewer: row for row in connection.execute(asked)}
    if not _hands(found, second, now) & _hands(found, first, now):
        return
    begun = connection.execute(select(func.min(reviewers.c.made_at))).scalar_one()
    if store.simulated or now < begun + NEW:
        return
    raise UndertowError(
        "who let you in less than a day ago also let in whoever proposed this",
        code="approver-new",
        mend="ask an approver who has been here longer or was let in by another administrator; or wait a day",
    )


def _hands(found: Mapping[str, Any], reviewer: str, now: int) -> set[str | None]:
    """Name who let a person in, and who let those in who are new themselves: an admin made a moment ago is no other hand."""
    hands: set[str | None] = set()
    by = found[reviewer].let_in_by
    while by not in hands:
        hands.add(by)
        if by is not None and found[by].came > now - NEW:
            by = found[by].let_in_by
    return hands


def unknown_person() -> UndertowError:
    """Make the fault of a name that nobody has."""
    return UndertowError(
        "there is no such person", code="person-unknown", mend="see `undertow case people`"
    )


def preferences(store: Store, who: Person) -> dict[str, Any]:
    """Give a person's own settings of their screen."""
    with store.reading() as connection:
        mine = reviewers.c.reviewer == who.reviewer
        held = connection.execute(select(reviewers.c.settings).where(mine)).scalar()
    return cast("dict[str, Any]", msgspec.json.decode(held or b"{}"))


def set_preferences(store: Store, who: Person, chosen: dict[str, Any]) -> None:
    """Keep a person's own settings of their screen."""
    held = msgspec.json.encode(chosen, order="sorted")
    with store.writing() as connection:
        mine = reviewers.c.reviewer == who.reviewer
        connection.execute(update(reviewers).where(mine).values(settings=held))


def _other_admins(connection: Connection, reviewer: str) -> bool:
    asked = select(reviewers.c.reviewer).where(
        reviewers.c.role == "admin",
        reviewers.c.disabled_at.is_(None),
        reviewers.c.reviewer != reviewer,
    )
    return connection.execute(asked).first() is not None


def _found(store: Store, is_it: Any) -> Person | None:  # noqa: ANN401  # a clause of SQLAlchemy
    with store.reading() as connection:
        asked = select(reviewers).where(is_it, reviewers.c.disabled_at.is_(None))
        row = connection.execute(asked).first()
    return None if row is None else person_in(store, row)


def person_in(store: Store, row: Any) -> Person:  # noqa: ANN401  # a row of SQLAlchemy
    """Give the person whose `reviewer`, `sealed_name` and `role` stand in a row."""
    return Person(row.reviewer, _names(store, [row])[row.reviewer], row.role)


def _names(store: Store, rows: Sequence[Any]) -> dict[str, str]:
    """Open the names of some rows of `reviewers` by one look for their key."""
    sealed = [
        (context("reviewers", row.reviewer, "sealed_name"), row.sealed_name) for row in rows
    ]
    names = store.vault.open_all(STAFF, sealed) if rows else []
    return {row.reviewer: name for row, name in zip(rows, names, strict=True)}


def _name_code(store: Store, name: str) -> str:
    return store.vault.code("r", f"name {name.casefold()}")

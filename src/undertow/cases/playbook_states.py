"""Playbooks of the desk: draft, shadow, live, retired. Going live takes two approvers.

    draft     written and checked; looks at nothing
    shadow    may be back-tested and run beside the others; opens no cases
    live      opens cases; one version of a name at a time
    retired   kept, so that its cases can be made anew

A version is the SHA-256 of the checked content, as dossiers name it. Its text is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from undertow.cases import ledger
from undertow.cases.acts import FRESH, worker, writing
from undertow.cases.people import Person, hold_known
from undertow.cases.store import Store
from undertow.cases.tables import playbook_states
from undertow.errors import UndertowError
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.parse import parse

STATES: Final = ("draft", "shadow", "live", "retired")
RESEARCH: Final = "research"


@dataclass(frozen=True)
class Version:
    """One version of a playbook at the desk.

    Attributes:
        playbook: its name.
        version: SHA-256 of its checked content, hex.
        state: one of `STATES`.
        proposed_by: who asked for it to go live, None if nobody did.
        approved_by: who let it.
        at: of the last change, microseconds.
    """

    playbook: str
    version: str
    state: str
    proposed_by: str | None
    approved_by: str | None
    at: int


def versions(store: Store, playbook: str | None = None) -> tuple[Version, ...]:
    """List versions, of one playbook or of all: by name, live first, then the newest change."""
    asked = select(playbook_states)
    if playbook is not None:
        asked = asked.where(playbook_states.c.playbook == playbook)
    with store.reading() as connection:
        found = [_version(row) for row in connection.execute(asked)]
    order = {"live": 0, "shadow": 1, "draft": 2, "retired": 3}
    return tuple(
        sorted(found, key=lambda one: (one.playbook, order[one.state], -one.at, one.version))
    )


def text_of(store: Store, playbook: str, version: str) -> str:
    """Give the text of a version; `playbook-version-unknown` if there is none."""
    with store.reading() as connection:
        body: bytes = _row(connection, playbook, version).body
    return body.decode()


def opens_cases(connection: Connection, playbook: str, version: str) -> bool:
    """Say whether what a version finds becomes cases: of playbooks that the desk keeps, only what is live."""
    asked = select(playbook_states.c.version, playbook_states.c.state).where(
        playbook_states.c.playbook == playbook
    )
    states = {row.version: row.state for row in connection.execute(asked)}
    return not states or states.get(version) == "live"


def draft(store: Store, who: Person, text: str, now: int) -> Version:
    """Keep a playbook as a draft; the same content again changes nothing.

    Args:
        store: the store.
        who: analyst or approver.
        text: YAML.
        now: microseconds.

    Raises:
        Faults, UndertowError: of the playbook, as `playbooks.parse`; `role-refused`, `audit-unwritable`.
    """
    raw = text.encode()
    book = parse(raw)
    with writing(store) as connection:
        worker(connection, who)
        known = _found(connection, book.name, book.version)
        if known is None:
            row = {"playbook": book.name, "version": book.version, "state": "draft"}
            connection.execute(insert(playbook_states).values(**row, body=raw, at=now))
            _record(connection, store, who, book.name, book.version, "draft", now)
            known = _row(connection, book.name, book.version)
    return _version(known)


def promote(store: Store, who: Person, playbook: str, version: str, now: int) -> Version:
    """Take a version one state up: draft to shadow, shadow to asked-for, asked-for to live.

    Args:
        store: the store.
        who: an approver; the second step takes one who did not take the first.
        playbook: its name.
        version: which.
        now: microseconds.

    Returns:
        The version as it is now. After the first approver it is still in shadow, with `proposed_by`. When it goes
        live, the version that was live is retired. What was asked for three days ago is asked for anew.

    Raises:
        UndertowError: `role-refused`, `playbook-version-unknown`, `playbook-state`, `playbook-card`, `two-people`,
            `approver-new`, `audit-unwritable`.
    """
    with _changing(store, who, playbook, version) as (connection, row):
        if row.state == "draft":
            _hold_card(parse(row.body))
            _set(connection, row, now, state="shadow")
            done = "shadow"
        elif row.state == "shadow" and not _is_asked(row, now):
            _set(connection, row, now, proposed_by=who.reviewer)
            done = "asked"
        elif row.state == "shadow":
            if row.proposed_by == who.reviewer:
                raise UndertowError(
                    "a second approver lets a playbook go live",
                    code="two-people",
                    mend="ask somebody else whose role is `approver`",
                )
            hold_known(connection, store, who.reviewer, row.proposed_by, now)
            _retire_live(connection, store, who, playbook, now)
            _set(connection, row, now, state="live", approved_by=who.reviewer)
            done = "live"
        else:
            raise UndertowError(
                f"a version that is `{row.state}` goes no further",
                code="playbook-state",
                mend="keep the text as a new draft, with a change that says what is new",
            )
        _record(connection, store, who, playbook, version, done, now)
        return _version(_row(connection, playbook, version))


def retire(store: Store, who: Person, playbook: str, version: str, now: int) -> Version:
    """Retire a version; one approver suffices, as nothing is looked for by it afterwards.

    Raises:
        UndertowError: `role-refused`, `playbook-version-unknown`, `playbook-state`, `audit-unwritable`.
    """
    with _changing(store, who, playbook, version) as (connection, row):
        if row.state == "retired":
            raise UndertowError(
                "this version is retired already", code="playbook-state", mend="nothing to do"
            )
        _set(connection, row, now, state="retired")
        _record(connection, store, who, playbook, version, "retired", now)
        return _version(_row(connection, playbook, version))


@contextmanager
def _changing(
    store: Store, who: Person, playbook: str, version: str
) -> Iterator[tuple[Connection, Row[Any]]]:
    with writing(store) as connection:
        worker(connection, who, "approver")
        yield connection, _row(connection, playbook, version)


def _hold_card(book: Playbook) -> None:
    """Keep a playbook a draft while its card lacks something (T40); research stays research."""
    lacking = card_lacks(book)
    mend = (
        "give `source`, `falsepositives`, where each `likely` comes from, and examples that it finds and spares; "
        "research stays research"
    )
    if lacking:
        names = ", ".join(lacking)
        raise UndertowError(
            f"this playbook stays a draft: its card lacks {names}",
            code="playbook-card",
            mend=mend,
        )
    if book.status == RESEARCH:
        raise UndertowError("this playbook stays a draft", code="playbook-card", mend=mend)


def card_lacks(book: Playbook) -> list[str]:
    """Name what a playbook's card lacks: what it is for, whom it wrongly finds, where its weights come from.

    The card of a playbook is that of its model as well: `likely` is all that is fitted.
    """
    has = {
        "`title`": book.title,
        "`source`": book.origin,
        "`falsepositives`": book.falsepositives,
        "examples that it finds": book.examples.finds,
        "examples that it spares": book.examples.spares,
    }
    lacking = [name for name, value in has.items() if not value]
    bare = [
        step.name for step in book.steps if step.likely is not None and not step.likely_source
    ]
    return lacking + [f"the source of `likely` of `{name}`" for name in bare]


def _is_asked(row: Row[Any], now: int) -> bool:
    return row.proposed_by is not None and 0 <= now - row.at <= FRESH


def _retire_live(
    connection: Connection, store: Store, who: Person, playbook: str, now: int
) -> None:
    live = select(playbook_states).where(
        playbook_states.c.playbook == playbook, playbook_states.c.state == "live"
    )
    for row in connection.execute(live).all():
        _set(connection, row, now, state="retired")
        _record(connection, store, who, playbook, row.version, "retired", now)


def _set(connection: Connection, row: Row[Any], now: int, **values: str) -> None:
    mine = (
        playbook_states.c.playbook == row.playbook,
        playbook_states.c.version == row.version,
    )
    connection.execute(update(playbook_states).where(*mine).values(at=now, **values))


def _record(
    connection: Connection,
    store: Store,
    who: Person,
    playbook: str,
    version: str,
    done: str,
    now: int,
) -> None:
    facts = {"playbook": playbook, "version": version, "reviewer": who.reviewer, "at": now}
    ledger.record(connection, store, f"playbook-{done}", facts)


def _found(connection: Connection, playbook: str, version: str) -> Row[Any] | None:
    asked = select(playbook_states).where(
        playbook_states.c.playbook == playbook, playbook_states.c.version == version
    )
    return connection.execute(asked).first()


def _row(connection: Connection, playbook: str, version: str) -> Row[Any]:
    found = _found(connection, playbook, version)
    if found is None:
        raise UndertowError(
            "the desk keeps no such version",
            code="playbook-version-unknown",
            mend="keep its text as a draft first",
        )
    return found


def _version(row: Row[Any]) -> Version:
    return Version(
        row.playbook, row.version, row.state, row.proposed_by, row.approved_by, row.at
    )

"""Playbooks of the desk's own: drafts, those on trial, those in use, each version as it was written.

    draft -> shadow -> live -> retired

Anybody who works on cases may write a draft and put it on trial. Going live takes a second person: an
approver who did not write it. The version that was live before is retired in the same transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from undertow.cases.ledger import record
from undertow.cases.people import READS, WORKS, Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import playbook_states
from undertow.errors import UndertowError
from undertow.playbooks.parse import parse

STATES: Final = ("draft", "shadow", "live", "retired")
NEXT: Final = {
    "draft": ("shadow", "retired"),
    "shadow": ("live", "retired"),
    "live": ("retired",),
}
"""What each state can become."""
FILE: Final = "playbook.yaml"


@dataclass(frozen=True)
class Version:
    """One version of a playbook.

    Attributes:
        playbook: its name. version: SHA-256 of its text, hex.
        text: as it was written.
        proposed_by: who wrote it; approved_by: who let it go live.
        at: when it came into its state, microseconds.
    """

    playbook: str
    version: str
    state: str
    text: str
    proposed_by: str | None
    approved_by: str | None
    at: int


def versions(store: Store, who: Person) -> tuple[Version, ...]:
    """List every version, live ones first, then the newest; `role-refused` for an admin."""
    hold_role(who, *READS)
    with store.reading() as connection:
        rows = connection.execute(select(playbook_states)).all()
    order = {"live": 0, "shadow": 1, "draft": 2, "retired": 3}
    found = [
        Version(
            row.playbook,
            row.version,
            row.state,
            row.body.decode(),
            row.proposed_by,
            row.approved_by,
            row.at,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.playbook, order[one.state], -one.at)))


def save_draft(store: Store, who: Person, text: str, now: int) -> tuple[str, str]:
    """Keep a text as a draft; a text that is kept already stays what it is.

    Returns:
        Name and version.

    Raises:
        UndertowError: every fault of the playbook; `role-refused`, `audit-unwritable`.
    """
    hold_role(who, *WORKS)
    body = text.replace("\r\n", "\n").encode()
    name = parse(body, file=FILE).name
    version = hashlib.sha256(body).hexdigest()
    with store.writing() as connection:
        if _row(connection, name, version) is None:
            connection.execute(
                insert(playbook_states).values(
                    playbook=name,
                    version=version,
                    state="draft",
                    body=body,
                    proposed_by=who.reviewer,
                    at=now,
                )
            )
        facts = {"playbook": name, "version": version, "reviewer": who.reviewer, "at": now}
        record(connection, store, "playbook-draft", facts)
    return name, version


def move(store: Store, who: Person, playbook: str, version: str, to: str, now: int) -> None:
    """Put a version on trial, in use, or aside.

    Raises:
        UndertowError: `playbook-version-unknown`; `playbook-state` for a step that is not next; `two-people` if whoever
            wrote it would let it go live; `role-refused`, `audit-unwritable`.
    """
    hold_role(who, *(("approver",) if to == "live" else WORKS))
    with store.writing() as connection:
        row = _row(connection, playbook, version)
        if row is None:
            raise UndertowError(
                "there is no such version of a playbook",
                code="playbook-version-unknown",
                mend="look at the workbench again",
            )
        state, author = row
        if to not in NEXT.get(state, ()):
            raise UndertowError(
                f"a playbook that is `{state}` does not become `{to}`",
                code="playbook-state",
                mend="a draft goes on trial, a trial goes live, anything is retired",
            )
        values = {"state": to, "at": now}
        if to == "live":
            if author == who.reviewer:
                raise UndertowError(
                    "a second person lets a playbook go live",
                    code="two-people",
                    mend="ask another approver than who wrote it",
                )
            _retire(connection, playbook, now)
            values["approved_by"] = who.reviewer
        connection.execute(
            update(playbook_states)
            .where(playbook_states.c.playbook == playbook, playbook_states.c.version == version)
            .values(**values)
        )
        facts = {"playbook": playbook, "version": version, "reviewer": who.reviewer, "at": now}
        record(connection, store, f"playbook-{to}", facts)


def live(store: Store) -> dict[str, str]:
    """Give the texts of the playbooks in use, by name."""
    asked = select(playbook_states.c.playbook, playbook_states.c.body)
    with store.reading() as connection:
        rows = connection.execute(asked.where(playbook_states.c.state == "live"))
        return {name: body.decode() for name, body in rows}


def _row(connection: Connection, playbook: str, version: str) -> tuple[str, str | None] | None:
    """Give state and author of a version; None if there is no such version."""
    found = connection.execute(
        select(playbook_states.c.state, playbook_states.c.proposed_by).where(
            playbook_states.c.playbook == playbook, playbook_states.c.version == version
        )
    ).first()
    return None if found is None else (found.state, found.proposed_by)


def _retire(connection: Connection, playbook: str, now: int) -> None:
    connection.execute(
        update(playbook_states)
        .where(playbook_states.c.playbook == playbook, playbook_states.c.state == "live")
        .values(state="retired", at=now)
    )

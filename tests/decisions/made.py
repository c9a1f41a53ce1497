"""A desk made by hand: people, cases, dossiers that change, and a clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from sqlalchemy import Row, func, insert, select, update

from undertow.cases import claims, decide
from undertow.cases.dossier import (
    Dossier,
    FunnelCard,
    PlaybookCard,
    RunCard,
    encode,
    fingerprint,
)
from undertow.cases.people import Person
from undertow.cases.store import Store
from undertow.cases.tables import (
    acts,
    case_targets,
    cases,
    dossiers,
    leaves,
    measures,
    outbox,
    reviewers,
    runs,
    subjects,
)
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.units import DAY, MINUTE

START = 20_000 * DAY
REASON = "the same address was handed to five people within a day"


def person(role: str) -> Person:
    reviewer = f"r:{secrets.token_hex(6)}"
    return Person(reviewer, reviewer, role)


class Desk:
    """People by their first names, one case after another, and a clock that tests turn."""

    def __init__(self, store: Store, now: int = START, *, blind: bool = False) -> None:
        self.store, self.now = store, now
        roles = {"ann": "analyst", "abe": "analyst", "bea": "approver", "bob": "approver"}
        roles |= {"cleo": "auditor", "dora": "admin"}
        self.people = {name: person(role) for name, role in roles.items()}
        self.run = f"r:{secrets.token_hex(8)}"
        unnamed = {"made_at": 0, "settings": b"{}", "sealed_name": b""}
        rows = [
            {"reviewer": one.reviewer, "role": one.role, "name_code": one.reviewer} | unnamed
            for one in self.people.values()
        ]
        with store.writing() as connection:
            connection.execute(insert(reviewers), rows)
            connection.execute(insert(runs).values(run=self.run, at=now, summary=b"{}"))
        self.case = self.opened(blind=blind)

    def opened(
        self, *, blind: bool = False, targets: int = 2, native: str | None = None
    ) -> str:
        """Open a case as an intake does."""
        case, account = f"k:{secrets.token_hex(8)}", f"a:{secrets.token_hex(8)}"
        named = [f"t:{secrets.token_hex(8)}" for _ in range(targets)]
        self.dossier = Dossier(
            playbook=PlaybookCard("p", "v"),
            account=account,
            role="recruiter",
            platform="forum",
            weight=20.0,
            contacted=targets,
            run=RunCard("0.1.0", self.now),
            funnels=tuple(FunnelCard(target, "address", 5.0) for target in named),
        )
        body = encode(self.dossier)
        with self.store.writing() as connection:
            for code in (account, *named):
                row = {"code": code, "platform": "forum", "first_seen": self.now}
                if code == account and native is not None:
                    place = context("subjects", code, "sealed_id")
                    row["sealed_id"] = self.store.vault.seal(code, place, native)
                connection.execute(insert(subjects).values(**row))
            connection.execute(
                insert(cases).values(
                    case=case,
                    account=account,
                    role="recruiter",
                    playbook="p",
                    platform="forum",
                    state="new",
                    revision=1,
                    dossier=fingerprint(body),
                    weight=20.0,
                    targets=targets,
                    stage_place=1,
                    opened_at=self.now,
                    updated_at=self.now,
                    priority=1.0,
                    keep_until=self.now + 90 * DAY,
                    blind=blind,
                )
            )
            self._keep(connection, case, body)
            said = {"case": case, "step": "address", "help": "none", "decided": False}
            rows = [said | {"target": one, "first_seen": self.now} for one in named]
            connection.execute(insert(case_targets), rows)
        self.account, self.targets = account, named
        return case

    def _keep(self, connection: Any, case: str, body: bytes) -> None:
        row = {"hash": fingerprint(body), "case": case, "at": self.now, "run": self.run}
        connection.execute(insert(dossiers).values(**row, body=body))

    def news(self, case: str | None = None, weight: float | None = None) -> str:
        """Change the evidence, as an intake does; gives the new hash."""
        case = case or self.case
        grown = self.dossier.weight + 0.5 if weight is None else weight
        self.dossier = msgspec.structs.replace(self.dossier, weight=grown)
        body = encode(self.dossier)
        with self.store.writing() as connection:
            self._keep(connection, case, body)
            connection.execute(
                update(cases)
                .where(cases.c.case == case)
                .values(dossier=fingerprint(body), weight=grown, revision=cases.c.revision + 1)
            )
        return fingerprint(body)

    def change_person(self, name: str, **values: Any) -> None:
        """Give somebody another role, or disable them."""
        mine = reviewers.c.reviewer == self.people[name].reviewer
        with self.store.writing() as connection:
            connection.execute(update(reviewers).where(mine).values(**values))

    def row(self, case: str | None = None) -> Row[Any]:
        with self.store.reading() as connection:
            asked = select(cases).where(cases.c.case == (case or self.case))
            return connection.execute(asked).one()

    def rows(self, table: Any, case: str | None = None) -> list[Row[Any]]:
        """All rows of a table that are about a case."""
        with self.store.reading() as connection:
            if table is outbox:
                mine = select(measures.c.measure).where(measures.c.case == (case or self.case))
                asked = select(outbox).where(outbox.c.measure.in_(mine))
            else:
                asked = select(table).where(table.c.case == (case or self.case))
            return list(connection.execute(asked))

    def kinds(self) -> list[str]:
        """What was done to the case, in order."""
        done = sorted(self.rows(acts), key=lambda act: (act.at, act.revision))
        return [act.kind for act in done]

    def claim(self, name: str = "ann") -> int:
        return claims.claim(self.store, self.people[name], self.case, self.now)

    def propose(self, name: str = "ann", outcome: str = "limit", **other: Any) -> str:
        row = self.row()
        given = {
            "reason": REASON,
            "clause": "deception"
            if outcome in ("warn", "limit", "suspend", "remove")
            else None,
            "dossier_hash": row.dossier,
            "revision": row.revision,
            "now": self.now,
        }
        who = self.people[name]
        return decide.propose(self.store, who, self.case, outcome, **given | other)

    def approve(self, act: str, name: str = "bea", **other: Any) -> str:
        row = self.row()
        given = {
            "dossier_hash": row.dossier,
            "revision": row.revision,
            "now": self.now,
            "proved_at": self.now,
        }
        return decide.approve(self.store, self.people[name], act, **given | other)

    def decided(self, outcome: str = "limit") -> str:
        """A case with a measure in force; gives the approval."""
        self.claim()
        self.approve(self.propose(outcome=outcome))
        self.now += 11 * MINUTE
        decide.settle(self.store, self.now)
        return next(act.act for act in self.rows(acts) if act.kind == "approve")


def refused(code: str, do: Callable[..., Any], *args: Any, **named: Any) -> UndertowError:
    with pytest.raises(UndertowError) as caught:
        do(*args, **named)
    assert caught.value.code == code
    return caught.value


class State(NamedTuple):
    """All that a decision could change."""

    row: Any
    acts: list[Any]
    measures: list[Any]
    targets: list[Any]
    told: list[Any]
    leaves: int


def state(desk: Desk) -> State:
    with desk.store.reading() as connection:
        count = connection.execute(select(func.count()).select_from(leaves)).scalar_one()
    tables = (acts, measures, case_targets, outbox)
    return State(desk.row(), *(desk.rows(table) for table in tables), count)


def every_act(desk: Desk) -> list[Callable[[], object]]:
    """Acts that would all succeed on a case with an open proposal of ann's."""
    row, store, now = desk.row(), desk.store, desk.now
    ann, bob = desk.people["ann"], desk.people["bob"]
    act = next(one.act for one in desk.rows(acts) if one.kind == "propose")
    seen = (row.dossier, row.revision)
    return [
        lambda: desk.approve(act),
        lambda: decide.disagree(store, bob, act, REASON, *seen, now),
        lambda: decide.withdraw(store, ann, act, now),
        lambda: decide.note(store, ann, desk.case, "a note", now),
        lambda: decide.help_target(store, ann, desk.case, desk.targets[0], "given", "", now),
        lambda: decide.judge_blind(store, ann, desk.case, "likely", now),
        lambda: decide.settle(store, now + 4 * DAY),
        lambda: claims.claim(store, bob, desk.case, now),
    ]

"""Acts over HTTP that cannot be: an old screen is 409 with what changed, a log that refuses is 503, and nothing happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from undertow.cases import claims, decide, ledger
from undertow.cases.tables import acts, cases, leaves, measures, outbox

REASON = "the same words to five people, then an address"
JSON = {"Accept": "application/json"}


class Day:
    """One case that ada holds, and what she and ben send about it."""

    def __init__(self, served: Any) -> None:
        self.served, self.store = served, served.store
        with self.store.reading() as connection:
            asked = select(cases.c.case).where(cases.c.blind.is_(False), cases.c.state == "new")
            self.case = connection.execute(asked.limit(1)).scalar_one()
        claims.claim(self.store, served.people["ada"], self.case, served.time.now)
        self.ada, self.ben = (served.caller(name, **JSON) for name in ("ada", "ben"))

    def row(self) -> Any:
        with self.store.reading() as connection:
            return connection.execute(select(cases).where(cases.c.case == self.case)).one()

    def seen(self) -> dict[str, str]:
        row = self.row()
        return {"dossier": row.dossier, "revision": str(row.revision)}

    def proposed(self) -> str:
        row, now = self.row(), self.served.time.now
        who = self.served.people["ada"]
        seen = (row.dossier, row.revision, now)
        return decide.propose(self.store, who, self.case, "limit", REASON, "deception", *seen)

    def everything(self) -> list[Any]:
        with self.store.reading() as connection:
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (acts, measures, outbox, leaves)
            ]
        return [self.row(), *counts]


@pytest.fixture
def day(on_cases: Callable[..., Any]) -> Day:
    return Day(on_cases())


def test_a_decision_from_an_old_screen_is_told_what_changed(day: Day) -> None:
    proposal, seen = day.proposed(), day.seen()
    now = day.served.time.now
    decide.withdraw(day.store, day.served.people["ada"], proposal, now)
    again = day.proposed()
    before = day.everything()
    said = day.ben.post(
        f"/case/{day.case}/approve", data={"act": again, **seen, "proportionate": "yes"}
    )
    assert said.status_code == 409
    assert said.json()["code"] == "case-stale"
    assert said.json()["changed"] == ["withdraw", "propose"]
    assert day.everything() == before
    fresh = day.ben.post(
        f"/case/{day.case}/approve", data={"act": again, **day.seen(), "proportionate": "yes"}
    )
    assert fresh.status_code < 400


def test_a_page_of_an_old_screen_names_what_changed(day: Day) -> None:
    proposal, seen = day.proposed(), day.seen()
    decide.withdraw(day.store, day.served.people["ada"], proposal, day.served.time.now)
    again = day.proposed()
    page = day.served.caller("ben").post(
        f"/case/{day.case}/approve", data={"act": again, **seen, "proportionate": "yes"}
    )
    assert page.status_code == 409
    assert "text/html" in page.headers["content-type"]


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        ("key", "audit-key-missing"),
        ("shut", "audit-unwritable"),
    ],
)
def test_a_log_that_takes_nothing_is_503_and_nothing_has_happened(
    day: Day, harm: str, code: str
) -> None:
    proposal = day.proposed()
    sent = dict(everything_sent(day, proposal))
    if harm == "key":
        key = ledger.key_path(day.store)
        key.rename(key.with_suffix(".away"))
    else:
        shut = "CREATE TRIGGER shut BEFORE INSERT ON leaves BEGIN SELECT RAISE(ABORT, 'x'); END"
        with day.store.writing() as connection:
            connection.execute(text(shut))
    before = day.everything()
    for path, (caller, data) in sent.items():
        said = caller.post(f"/case/{day.case}/{path}", data=data)
        assert (path, said.status_code, said.json()["code"]) == (path, 503, code)
    assert day.everything() == before
    assert day.ben.get(f"/case/{day.case}").status_code == 200


def everything_sent(
    day: Day, proposal: str
) -> Iterator[tuple[str, tuple[Any, dict[str, str]]]]:
    """Give acts that would all succeed on a case that ada proposed something on."""
    act = {"act": proposal, **day.seen(), "proportionate": "yes"}
    with day.store.reading() as connection:
        asked = text('SELECT target FROM case_targets WHERE "case" = :case LIMIT 1')
        target = connection.execute(asked, {"case": day.case}).scalar_one()
    yield "approve", (day.ben, act)
    yield "disagree", (day.ben, act | {"reason": REASON})
    yield "withdraw", (day.ada, {"act": proposal})
    yield "note", (day.ada, {"note": "asked a colleague"})
    yield "help", (day.ada, {"target": target, "help": "offered", "note": ""})
    yield "claim", (day.ben, {})


def test_who_proposed_is_no_second_person_and_an_analyst_no_approver(day: Day) -> None:
    act = {"act": day.proposed(), **day.seen(), "proportionate": "yes"}
    callers = [day.served.caller(name, **JSON) for name in ("ada", "eve")]
    before = day.everything()
    for caller in callers:
        said = caller.post(f"/case/{day.case}/approve", data=act)
        assert said.status_code == 403
    assert day.everything() == before

"""Sessions: how they begin, how long they last, and what ends them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from undertow.cases import people
from undertow.cases.tables import sessions as table
from undertow.review import sessions

PASSWORD = "four words that differ"


def test_the_store_holds_no_token_that_could_be_used(served) -> None:
    client = served.caller()
    client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    token = client.cookies["undertow-8600"]
    with served.store.reading() as connection:
        held = connection.execute(select(table.c.token_hash)).scalars().all()
    assert held == [sessions.digest(token)]
    assert token not in held


@pytest.mark.parametrize(("minutes", "lasts"), [(59, True), (61, False)])
def test_an_idle_session_ends(served, minutes: int, lasts: bool) -> None:
    client = served.caller("ada")
    served.time.pass_(minutes=minutes)
    assert client.get("/me.json").status_code == (200 if lasts else 401)


def test_a_session_in_use_ends_after_its_longest_time(served) -> None:
    client = served.caller("ada")
    for _ in range(14):
        served.time.pass_(minutes=50)
        assert client.get("/me.json").status_code == 200
    served.time.pass_(minutes=50)
    assert client.get("/me.json").status_code == 401


def test_signing_out_ends_the_session_and_clears_the_browser(served) -> None:
    client = served.caller("ada")
    token = client.cookies["undertow-8600"]
    said = client.post("/sign-out")
    assert said.status_code == 303
    assert '"cookies"' in said.headers["clear-site-data"]
    assert '"storage"' in said.headers["clear-site-data"]
    client.cookies.set("undertow-8600", token)
    assert client.get("/me.json").status_code == 401


def test_signing_in_anew_ends_the_session_before(served) -> None:
    client = served.caller("ada")
    before = client.cookies["undertow-8600"]
    client.post("/sign-in", data={"name": "ben", "password": PASSWORD})
    assert client.get("/me.json").json()["role"] == "approver"
    old = served.caller()
    old.cookies.set("undertow-8600", before)
    assert old.get("/me.json").status_code == 401


def test_a_person_who_was_disabled_is_out_at_once(served) -> None:
    client = served.caller("ada")
    people.disable(served.store, served.people["ada"].reviewer, now=served.time.now)
    assert client.get("/me.json").status_code == 401
    said = served.caller().post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert said.status_code == 401


def test_all_sessions_of_a_person_end_together(served) -> None:
    first, second, other = (served.caller(name) for name in ("ada", "ada", "ben"))
    assert first.post("/me/sessions").status_code == 303
    assert second.get("/me.json").status_code == 401
    assert other.get("/me.json").status_code == 200


def test_sessions_that_ended_by_time_are_swept_away(served) -> None:
    served.caller("ada")
    served.time.pass_(minutes=90)
    served.caller("ben")
    assert sessions.sweep(served.store, served.time.now, served.app.state.settings) == 1


def test_reading_pages_writes_when_somebody_was_seen_at_most_once_a_minute(served) -> None:
    client = served.caller("ada")

    def seen() -> int:
        with served.store.reading() as connection:
            return connection.execute(select(table.c.seen_at)).scalar_one()

    begun = seen()
    served.time.pass_(seconds=59)
    client.get("/me.json")
    assert seen() == begun
    served.time.pass_(seconds=2)
    client.get("/me.json")
    assert seen() == served.time.now


def test_beginning_and_ending_stand_in_the_log(served) -> None:
    client = served.caller()
    client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    client.post("/sign-out")
    from undertow.cases.tables import leaves

    with served.store.reading() as connection:
        kinds = list(connection.execute(select(leaves.c.body)).scalars())
    told = b"\n".join(kinds)
    assert b'"signed-in"' in told
    assert b'"signed-out"' in told
    assert b'"ada"' not in told

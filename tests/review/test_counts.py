"""Counts for Prometheus: what they say, whom they answer, and that nothing but counts is in them."""

from __future__ import annotations

import re
import urllib.request
from urllib.error import HTTPError

import pytest
from sqlalchemy import select, update

from undertow.cases.policy import OUTCOMES
from undertow.cases.store import Store
from undertow.cases.tables import acts, cases
from undertow.cli.serve import _near
from undertow.errors import UndertowError
from undertow.exposed import HERE, Exposed, Metric, render
from undertow.review import clock, counts
from undertow.review.counts import PREFIX, numbers, stored
from undertow.review.names import STATES

LINE = re.compile(r'undertow_desk_[a-z_]+(\{[a-z]+="[a-z0-9_]+"\})? -?[0-9.e+-]+')


def values(app) -> dict[str, dict[str, float]]:
    app.state.counts.kept = None
    return {one.name: one.values for one in numbers(app)}


def test_they_count_the_store_the_answers_and_the_refusals(on_cases) -> None:
    served = on_cases()
    ada = served.caller("ada")
    assert ada.get("/queue").status_code == 200
    assert ada.get("/nowhere").status_code == 404
    wrong = {"name": "ada", "password": "not the one that it is"}
    assert served.caller().post("/sign-in", data=wrong).status_code == 401
    now = values(served.app)
    assert now["cases"] == dict.fromkeys(STATES, 0.0) | {"new": 12.0}
    assert now["queue"] == {"": 12}
    assert now["oldest_seconds"] == {"": 1.0}
    assert now["decided"] == dict.fromkeys(OUTCOMES, 0.0)
    assert now["sign_ins_refused_total"] == {"": 1}
    assert (now["answers_total"]["2xx"], now["answers_total"]["4xx"]) == (1, 2)
    assert now["faults_total"] == {"": 0}
    assert now["log_leaves_total"][""] > 12
    with served.store.writing() as connection:
        connection.execute(update(cases).values(state="closed"))
    now = values(served.app)
    assert (now["queue"], now["oldest_seconds"]) == ({"": 0}, {"": 0.0})


def test_faults_of_requests_and_of_the_clock_are_counted(on_cases, monkeypatch) -> None:
    served = on_cases()
    ada = served.caller("ada")

    def broken(*args: object) -> None:
        raise RuntimeError("a text that no count may hold")

    monkeypatch.setattr("undertow.cases.queue.queue", broken)
    assert ada.get("/queue.json").status_code == 500
    served.app.state.tasks["settle"].do = broken
    clock.tick(served.app)
    now = values(served.app)
    assert (now["faults_total"], now["clock_faults_total"]) == ({"": 1}, {"": 1})


def test_nothing_but_numbers_and_our_own_words_is_in_them(on_cases) -> None:
    served = on_cases()
    text = render(PREFIX, numbers(served.app))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines
    assert all(LINE.fullmatch(line) for line in lines), lines
    for kind in ("a:", "t:", "k:", "p:", "sim", "extremist"):
        assert kind not in text


def test_the_store_is_counted_at_most_every_few_seconds(on_cases, monkeypatch) -> None:
    served = on_cases()
    asked: list[int] = []

    def count(store: Store, now: int) -> counts.Stored:
        asked.append(now)
        return stored(store, now)

    monkeypatch.setattr(counts, "stored", count)
    for _ in range(5):
        numbers(served.app)
    assert len(asked) == 1


def test_a_store_of_either_kind_is_counted(store: Store) -> None:
    found = stored(store, 5)
    assert (found.states, found.oldest, found.decided, found.looks) == ({}, None, {}, 0)
    with store.reading() as connection:
        assert connection.execute(select(acts)).first() is None


def asked(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    one = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(one, timeout=10) as said:
            return said.status, said.read().decode()
    except HTTPError as fault:
        return fault.code, fault.read().decode()


def test_they_are_served_to_this_machine_under_its_own_names_alone() -> None:
    said = [Metric("queue", "gauge", "Cases.", {"": 3})]

    def given() -> list[Metric]:
        if not said:
            raise RuntimeError("a text that nobody may see")
        return said

    exposed = Exposed(("127.0.0.1", 0), given, prefix=PREFIX, hosts=HERE)
    try:
        status, text = asked(exposed.port)
        assert (status, text.splitlines()[-1]) == (200, "undertow_desk_queue 3")
        assert asked(exposed.port, "/other")[0] == 404
        assert asked(exposed.port, Host="another.example:80")[0] == 421
        said.clear()
        status, text = asked(exposed.port)
        assert status == 503
        assert "a text" not in text
    finally:
        exposed.close()


@pytest.mark.parametrize("given", ["0.0.0.0:9465", "desk.example.org:9465", "9465x"])
def test_no_other_machine_is_served(given: str) -> None:
    with pytest.raises(UndertowError) as fault:
        _near(given)
    assert fault.value.code == "serve-metrics"
    assert _near(":9465") == ("127.0.0.1", 9465)

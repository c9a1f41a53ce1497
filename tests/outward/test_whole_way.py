"""From a person's proposal to the operator's system and back after an appeal, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening import Listener, listening

sys.path.insert(0, str(Path(__file__).parents[1] / "decisions"))

from made import MINUTE, REASON, Desk

from undertow.cases import decide
from undertow.cases.store import Store, make_store
from undertow.cases.tables import acts
from undertow.errors import UndertowError
from undertow.outward.aggregates import blocks
from undertow.outward.delivering import Way, again, deliver
from undertow.outward.exporting import KINDS, Asked, export
from undertow.outward.gather import decided_cases, month
from undertow.outward.webhook import receiver

KEY = b"k" * 32


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of real cases, once in a folder and once in a database."""
    place = tmp_path / "cases"
    if request.param == "sqlite":
        made = make_store(place, simulated=False)
    else:
        url = request.getfixturevalue("postgres_schema")
        made = make_store(url, simulated=False, folder=place)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as found:
        yield found


def tell(desk: Desk, server: Listener) -> list[str]:
    """Deliver what is due; gives what the server has been told so far."""
    way = Way(receiver(server.url), KEY)
    deliver(desk.store, way, lambda: desk.now, lambda seconds: None)
    return [json.loads(one.body)["what"] for one in server.heard]


def test_a_decision_is_told_when_it_takes_effect_and_its_end_when_an_appeal_overturns_it(
    store: Store, server: Listener
) -> None:
    desk = Desk(store)
    desk.claim()
    act = desk.propose()
    assert tell(desk, server) == []
    desk.approve(act)
    assert tell(desk, server) == [], "the time to undo is not over"
    desk.now += 11 * MINUTE
    decide.settle(store, desk.now)
    assert tell(desk, server) == ["apply"]
    appeal = decide.appeal(store, desk.people["abe"], desk.case, REASON, desk.now)
    decide.settle_appeal(store, desk.people["bob"], appeal, False, REASON, desk.now)
    assert tell(desk, server) == ["apply", "lift"]
    assert tell(desk, server) == ["apply", "lift"]
    first, last = (json.loads(one.body) for one in server.heard)
    assert first["measure"] == last["measure"]
    assert first["proposed_by"] != first["approved_by"]
    assert again(store, desk.now) == 0


def test_what_was_taken_back_in_time_is_never_told(store: Store, server: Listener) -> None:
    desk = Desk(store)
    desk.claim()
    desk.approve(desk.propose())
    approval = next(one.act for one in desk.rows(acts) if one.kind == "approve")
    decide.undo(store, desk.people["bea"], approval, desk.now)
    desk.now += 30 * MINUTE
    decide.settle(store, desk.now)
    assert tell(desk, server) == []


@pytest.mark.parametrize("outcome", ["no_action", "support_only", "cannot_tell", "refer"])
def test_what_restricts_nobody_is_told_to_no_system(
    store: Store, server: Listener, outcome: str
) -> None:
    desk = Desk(store)
    desk.claim()
    desk.propose(outcome=outcome)
    desk.now += 30 * MINUTE
    decide.settle(store, desk.now)
    assert desk.row().state == "closed"
    assert tell(desk, server) == []
    with pytest.raises(UndertowError) as fault:
        export(store, desk.people["ann"], desk.case, Asked("statement"), desk.now)
    assert fault.value.code == "export-undecided"


@pytest.mark.parametrize("outcome", ["warn", "limit", "suspend", "remove"])
def test_every_form_is_made_of_a_real_decision_until_it_is_overturned(
    store: Store, outcome: str
) -> None:
    desk = Desk(store)
    desk.decided(outcome)
    for kind in KINDS:
        made = export(store, desk.people["ann"], desk.case, Asked(kind), desk.now)
        assert b"SIMULATED" not in made.body
    appeal = decide.appeal(store, desk.people["abe"], desk.case, REASON, desk.now)
    decide.settle_appeal(store, desk.people["bob"], appeal, False, REASON, desk.now)
    for kind in ("stix", "misp", "statement"):
        with pytest.raises(UndertowError) as fault:
            export(store, desk.people["ann"], desk.case, Asked(kind), desk.now)
        assert fault.value.code == "export-undecided"


def test_decided_cases_are_counted_by_their_first_decision(store: Store) -> None:
    desk = Desk(store)
    for place in range(6):
        if place:
            desk.case = desk.opened()
        desk.decided("suspend" if place == 5 else "limit")
    appeal = decide.appeal(store, desk.people["abe"], desk.case, REASON, desk.now)
    decide.settle_appeal(store, desk.people["bob"], appeal, False, REASON, desk.now)
    listed = decided_cases(store)
    assert len(listed) == 6
    assert sorted(one.outcome for one in listed) == ["limit"] * 5 + ["suspend"]
    later = month(desk.now + 40 * 24 * 60 * MINUTE)
    assert [one.cases for one in blocks(listed, later)] == [6]

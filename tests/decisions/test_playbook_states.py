"""Playbooks of the desk: four states, two approvers to go live, one live version of a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made import Desk, refused
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from undertow.cases import ledger
from undertow.cases import playbook_states as states
from undertow.cases.intake import open_cases
from undertow.cases.people import add_person
from undertow.cases.store import make_store
from undertow.cases.tables import playbook_states
from undertow.errors import UndertowError
from undertow.export.folder import open_folder
from undertow.playbooks.catalog import names
from undertow.playbooks.parse import load, read_text
from undertow.units import DAY

NAME = "extremist-recruitment"
TEXT = read_text(NAME)


def drafted(desk: Desk, text: str = TEXT) -> states.Version:
    return states.draft(desk.store, desk.people["ann"], text, desk.now)


def promoted(desk: Desk, version: str, *names: str) -> str:
    made = ""
    for name in names:
        desk.now += 1
        made = states.promote(desk.store, desk.people[name], NAME, version, desk.now).state
    return made


def test_a_playbook_goes_from_draft_to_live_by_two_approvers(desk: Desk) -> None:
    version = drafted(desk).version
    assert promoted(desk, version, "bea") == "shadow"
    assert promoted(desk, version, "bea") == "shadow"
    refused(
        "two-people", states.promote, desk.store, desk.people["bea"], NAME, version, desk.now
    )
    assert promoted(desk, version, "bob") == "live"
    (kept,) = states.versions(desk.store)
    bea, bob = desk.people["bea"].reviewer, desk.people["bob"].reviewer
    assert (kept.state, kept.proposed_by, kept.approved_by) == ("live", bea, bob)
    assert states.text_of(desk.store, NAME, version) == TEXT
    refused(
        "playbook-state",
        states.promote,
        desk.store,
        desk.people["bob"],
        NAME,
        version,
        desk.now,
    )


def test_every_step_is_in_the_log(lone: Desk) -> None:
    version = drafted(lone).version
    promoted(lone, version, "bea", "bea", "bob")
    states.retire(lone.store, lone.people["bea"], NAME, version, lone.now)
    with lone.store.reading() as connection:
        found = ledger.leaves_about(connection, lone.store, version, 9)
    assert [leaf["kind"] for leaf in found] == [
        "playbook-draft",
        "playbook-shadow",
        "playbook-asked",
        "playbook-live",
        "playbook-retired",
    ]


def test_the_same_text_again_is_the_same_version(lone: Desk) -> None:
    first = drafted(lone)
    promoted(lone, first.version, "bea")
    again = drafted(lone, TEXT.replace("\n\n", "\n"))
    assert (again.version, again.state) == (first.version, "shadow")
    assert len(states.versions(lone.store, NAME)) == 1


def test_a_new_live_version_retires_the_old_one(lone: Desk) -> None:
    old = drafted(lone).version
    promoted(lone, old, "bea", "bea", "bob")
    new = drafted(lone, TEXT.replace("within: 42d", "within: 41d", 1)).version
    assert new != old
    promoted(lone, new, "bob", "bob", "bea")
    assert [(one.version, one.state) for one in states.versions(lone.store)] == [
        (new, "live"),
        (old, "retired"),
    ]
    with lone.store.reading() as connection:
        assert states.opens_cases(connection, NAME, new)
        assert not states.opens_cases(connection, NAME, old)
        assert not states.opens_cases(connection, NAME, "a version that nobody keeps")
        assert states.opens_cases(connection, "a name that nobody keeps", "x")


def test_what_was_asked_for_long_ago_is_asked_for_anew(lone: Desk) -> None:
    version = drafted(lone).version
    promoted(lone, version, "bea", "bea")
    lone.now += 4 * DAY
    assert promoted(lone, version, "bob") == "shadow"
    assert promoted(lone, version, "bea") == "live"


@pytest.mark.parametrize("name", ["ann", "cleo", "dora"])
def test_only_approvers_promote(lone: Desk, name: str) -> None:
    version = drafted(lone).version
    for act in (states.promote, states.retire):
        refused("role-refused", act, lone.store, lone.people[name], NAME, version, lone.now)
    if name != "ann":
        refused("role-refused", states.draft, lone.store, lone.people[name], TEXT, lone.now)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace("status: experimental", "status: research"), "playbook-card"),
        (TEXT[: TEXT.index("examples:")] + "reason: x\n", "playbook-card"),
        (re.sub(r"(?m)^falsepositives: .*$", "falsepositives: []", TEXT), "playbook-card"),
    ],
)
def test_a_playbook_without_a_card_stays_a_draft(lone: Desk, text: str, code: str) -> None:
    version = drafted(lone, text).version
    refused(code, states.promote, lone.store, lone.people["bea"], NAME, version, lone.now)
    assert states.versions(lone.store)[0].state == "draft"


@pytest.mark.parametrize("name", names())
def test_every_shipped_playbook_has_a_whole_card(name: str) -> None:
    """The card: purpose, known limits, source of every fitted number, examples for and against (T40)."""
    book = load(name)
    assert states.card_lacks(book) == []
    assert len(book.falsepositives) >= 3
    assert all(step.likely_source for step in book.steps if step.likely is not None)


def test_each_thing_that_a_card_lacks_is_named() -> None:
    book = load(NAME)
    step = next(one for one in book.steps if one.likely is not None)
    bare = replace(step, likely_source=None)
    cases = {
        "`title`": replace(book, title=""),
        "`source`": replace(book, origin=""),
        "`falsepositives`": replace(book, falsepositives=()),
        "examples that it finds": replace(book, examples=replace(book.examples, finds=())),
        "examples that it spares": replace(book, examples=replace(book.examples, spares=())),
        f"the source of `likely` of `{step.name}`": replace(
            book, steps=tuple(bare if one is step else one for one in book.steps)
        ),
    }
    for lacking, one in cases.items():
        assert states.card_lacks(one) == [lacking]


def test_a_text_with_faults_is_no_draft(lone: Desk) -> None:
    with pytest.raises(UndertowError):
        drafted(lone, TEXT.replace("grammar: 1", "grammar: 9"))
    assert states.versions(lone.store) == ()


def test_what_the_desk_does_not_keep_goes_nowhere(lone: Desk) -> None:
    code = "playbook-version-unknown"
    refused(code, states.promote, lone.store, lone.people["bea"], NAME, "0" * 64, lone.now)
    refused(code, states.text_of, lone.store, NAME, "0" * 64)


def test_the_database_itself_refuses_a_live_playbook_of_one_person(desk: Desk) -> None:
    version = drafted(desk).version
    bea = desk.people["bea"].reviewer
    changes = [
        {"state": "live"},
        {"state": "live", "proposed_by": bea},
        {"state": "live", "proposed_by": bea, "approved_by": bea},
        {"body": b"other"},
    ]
    for values in changes:
        with pytest.raises(DBAPIError), desk.store.writing() as connection:
            connection.execute(update(playbook_states).values(**values))
    row = {"playbook": "x", "version": "y", "state": "live", "body": b"", "at": 0}
    with pytest.raises(DBAPIError), desk.store.writing() as connection:
        connection.execute(insert(playbook_states).values(**row))
    assert states.versions(desk.store)[0].version == version


def test_the_command_line_promotes_as_a_person_with_their_password(
    lone: Desk,
    undertow: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    quick_passwords: None,
) -> None:
    words = {"ben": "a password of ben", "eve": "a password of eve"}
    for name, password in words.items():
        add_person(lone.store, name, "approver", password, now=lone.now)
    typed = list(words.values())[:1] * 3
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed.pop(0))
    place = lone.store.folder
    assert "is shadow\n" in undertow("playbook", "promote", place, NAME, "--as", "ben").out
    asked = undertow("playbook", "promote", place, NAME, "--as", "ben")
    assert "a second approver lets it go live" in asked.out
    assert "two-people" in undertow("playbook", "promote", place, NAME, "--as", "ben").err
    typed += ["wrong", words["eve"], words["eve"]]
    refusal = undertow("playbook", "promote", place, NAME, "--as", "eve")
    assert (refusal.code, "person-refused" in refusal.err) == (2, True)
    assert "is live\n" in undertow("playbook", "promote", place, NAME, "--as", "eve").out
    retired = undertow("playbook", "promote", place, NAME, "--as", "eve", "--retire")
    assert "is retired\n" in retired.out


def test_what_is_not_live_at_the_desk_opens_no_cases(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found: Path = request.getfixturevalue("desk_made") / "found"
    store = make_store(tmp_path / "desk", simulated=True)
    desk = Desk(store)
    version = drafted(desk).version
    made = open_cases(store, open_folder(found), now=desk.now)
    assert (made.opened, set(made.left)) == (0, {"playbook not live"})
    states.retire(store, desk.people["bea"], NAME, version, desk.now)
    assert open_cases(store, open_folder(found), now=desk.now).opened == 0
    store.close()

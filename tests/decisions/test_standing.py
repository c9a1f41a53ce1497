"""Measures in force, words about whom to help, and people whom one hand let in."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import REASON, Desk, refused, state
from sqlalchemy import select

from undertow.cases import decide, people, playbook_states, retention
from undertow.cases.backup import restore, write_backup
from undertow.cases.people import NEW, Person
from undertow.cases.policy import OPEN_HANDED
from undertow.cases.reading import case_view
from undertow.cases.settling import LIFT
from undertow.cases.store import Store
from undertow.cases.tables import acts, measures, outbox, reviewers
from undertow.errors import UndertowError
from undertow.playbooks.parse import read_text
from undertow.units import MINUTE


def reopened(desk: Desk, name: str = "abe") -> str:
    """A case with a measure in force that somebody opened again; gives the measure."""
    desk.decided("suspend")
    decide.reopen(desk.store, desk.people[name], desk.case, REASON, desk.now)
    return desk.rows(measures)[0].measure


def lift(desk: Desk, measure: str, name: str = "abe", **other: object) -> str:
    given = {"reason": REASON, "revision": desk.row().revision, "now": desk.now} | other
    return decide.lift(desk.store, desk.people[name], desk.case, measure, **given)


def test_nothing_to_act_on_is_not_said_while_a_measure_is_in_force(desk: Desk) -> None:
    measure = reopened(desk)
    before = state(desk)
    for outcome in ("no_action", "cannot_tell"):
        refused("measure-in-force", desk.propose, "abe", outcome)
    assert state(desk) == before
    lift(desk, measure)
    desk.propose("abe", "no_action")
    desk.now += 11 * MINUTE
    decide.settle(desk.store, desk.now)
    assert desk.row().state == "closed"
    (kept,) = desk.rows(measures)
    assert kept.lifted_at is not None
    assert [one.what for one in desk.rows(outbox)].count(LIFT) == 1
    assert desk.kinds()[-3:] == ["lift", "propose", "settle"]


@pytest.mark.parametrize("outcome", sorted({*OPEN_HANDED} - {"no_action", "cannot_tell"}))
def test_what_adds_to_a_measure_is_said_beside_it(lone: Desk, outcome: str) -> None:
    reopened(lone)
    lone.propose("abe", outcome)
    assert lone.row().state == "approved"


def test_a_milder_measure_can_follow_and_both_are_named(lone: Desk) -> None:
    reopened(lone)
    act = lone.propose("abe", "warn")
    lone.approve(act, "bob")
    lone.now += 11 * MINUTE
    decide.settle(lone.store, lone.now)
    view = case_view(lone.store, lone.people["cleo"], lone.case, lone.now)
    assert {one.outcome for one in view.measures if one.lifted_at is None} == {
        "warn",
        "suspend",
    }


def test_who_decided_on_a_measure_does_not_lift_it(lone: Desk) -> None:
    measure = reopened(lone, "ann")
    refused("appeal-third", lift, lone, measure, "ann")
    refused("case-not-yours", lift, lone, measure, "abe")
    refused("role-refused", lift, lone, measure, "cleo")


def test_only_a_measure_in_force_is_lifted_on_what_one_sees(lone: Desk) -> None:
    measure = reopened(lone)
    refused("measure-unknown", lift, lone, "m:none")
    refused("reason-short", lift, lone, measure, reason="no")
    refused("case-stale", lift, lone, measure, revision=lone.row().revision - 1)
    lift(lone, measure)
    refused("measure-unknown", lift, lone, measure)
    lone.propose("abe", "no_action")
    refused("state-refused", lift, lone, measure)


def test_words_about_a_target_s_help_end_with_the_target(desk: Desk) -> None:
    one, other = desk.targets
    ann = desk.people["ann"]
    for target in (one, other):
        decide.help_target(desk.store, ann, desk.case, target, "given", "a call back", desk.now)
    decide.note(desk.store, ann, desk.case, "looked at twice", desk.now)
    dora = desk.people["dora"]
    assert retention.erase(desk.store, dora, one, "asked for it", desk.now) == []
    view = case_view(desk.store, ann, desk.case, desk.now)
    told = [(act.kind, act.reason, act.erased) for act in view.acts]
    assert sorted(told, key=str) == sorted(
        [
            ("help", None, True),
            ("help", f"{other}\na call back", False),
            ("note", "looked at twice", False),
        ],
        key=str,
    )
    # Not even the account's key opens it.
    with desk.store.reading() as connection:
        mine = acts.c.about == one
        row = connection.execute(select(acts).where(mine)).one()
    place = f"acts/{row.act}/sealed_reason"
    refused("vault-damaged", desk.store.vault.open, desk.account, place, row.sealed_reason)


def test_about_an_erased_target_nothing_new_is_kept(lone: Desk) -> None:
    one = lone.targets[0]
    retention.erase(lone.store, lone.people["dora"], one, "asked for it", lone.now)
    ann = lone.people["ann"]
    decide.help_target(lone.store, ann, lone.case, one, "given", "a call back", lone.now)
    with lone.store.reading() as connection:
        row = connection.execute(select(acts).where(acts.c.about == one)).one()
    assert row.sealed_reason is None


def staffed(desk: Desk) -> tuple[Person, Person, Person, Person]:
    """Two admins; a proposer and an approver whom the first one made just now, long after the desk began."""
    add = people.add_person
    first, second = desk.people["dora"], add(desk.store, "dan", "admin", now=0)
    flo = add(desk.store, "flo", "analyst", now=desk.now, by=first)
    gil = add(desk.store, "gil", "approver", now=desk.now, by=first)
    desk.people |= {"flo": flo, "gil": gil}
    return first, second, flo, gil


def proposed(desk: Desk, name: str = "flo") -> str:
    desk.claim(name)
    return desk.propose(name)


def test_one_admin_does_not_make_both_people(desk: Desk) -> None:
    staffed(desk)
    act = proposed(desk)
    before = state(desk)
    refused("approver-new", desk.approve, act, "gil")
    assert state(desk) == before
    # Whoever was here before approves at once; who is new does so a day later.
    assert desk.approve(act, "bea")


@pytest.mark.parametrize("roundabout", ["gil", "flo"])
def test_an_admin_whom_an_admin_made_just_now_is_no_other_hand(
    lone: Desk, roundabout: str
) -> None:
    first = lone.people["dora"]
    puppet = people.add_person(lone.store, "dan", "admin", now=lone.now, by=first)
    for name, role in (("flo", "analyst"), ("gil", "approver")):
        by = puppet if name == roundabout else first
        lone.people[name] = people.add_person(lone.store, name, role, now=lone.now, by=by)
    refused("approver-new", lone.approve, proposed(lone), "gil")


def test_two_admins_of_old_are_two_hands(lone: Desk) -> None:
    _, second, *_ = staffed(lone)
    hal = people.add_person(lone.store, "hal", "approver", now=lone.now, by=second)
    lone.people["hal"] = hal
    assert lone.approve(proposed(lone), "hal")


def test_a_day_later_who_was_new_approves(lone: Desk) -> None:
    staffed(lone)
    act = proposed(lone)
    lone.now += NEW - 1
    refused("approver-new", lone.approve, act, "gil")
    lone.now += 1
    assert lone.approve(act, "gil")


def test_a_new_approver_approves_what_somebody_else_s_person_proposed(lone: Desk) -> None:
    staffed(lone)
    assert lone.approve(proposed(lone, "ann"), "gil")  # ann came at the machine itself


def test_a_link_for_a_new_password_is_a_way_in_as_well(lone: Desk) -> None:
    """Who was here for long is somebody else's hand once that one can choose their password."""
    first, second, *_ = staffed(lone)
    lone.now += NEW
    act = proposed(lone)
    with lone.store.writing() as connection:
        people.let_in(connection, lone.people["bea"].reviewer, first, lone.now)
        people.let_in(connection, lone.people["bob"].reviewer, second, lone.now)
    refused("approver-new", lone.approve, act, "bea")
    assert lone.approve(act, "bob")


def test_on_its_first_day_and_in_a_demo_a_desk_asks_for_no_day(sqlite) -> None:
    """`sqlite` is a store of real cases."""
    who = [people.add_person(sqlite, name, "approver", now=NEW) for name in ("ida", "jo")]
    codes = [one.reviewer for one in who]
    with sqlite.reading() as connection:
        people.hold_known(connection, sqlite, *codes, 2 * NEW - 1)
        people.hold_known(connection, sqlite, *codes, 2 * NEW)  # a day old
    late = people.add_person(sqlite, "kay", "approver", now=2 * NEW)
    with sqlite.reading() as connection, pytest.raises(UndertowError) as caught:
        people.hold_known(connection, sqlite, late.reviewer, codes[0], 2 * NEW)
    assert caught.value.code == "approver-new"
    from dataclasses import replace

    demo = replace(sqlite, simulated=True)
    with demo.reading() as connection:
        people.hold_known(connection, demo, late.reviewer, codes[0], 2 * NEW)


def test_a_playbook_goes_live_by_people_of_two_hands(lone: Desk) -> None:
    _, _, _, gil = staffed(lone)
    hal = people.add_person(lone.store, "hal", "approver", now=lone.now, by=lone.people["dora"])
    text = read_text("extremist-recruitment")
    made = playbook_states.draft(lone.store, gil, text, lone.now)
    given = (made.playbook, made.version, lone.now)
    playbook_states.promote(lone.store, gil, *given)
    playbook_states.promote(lone.store, gil, *given)
    refused("approver-new", playbook_states.promote, lone.store, hal, *given)
    bea = lone.people["bea"]
    assert playbook_states.promote(lone.store, bea, *given).state == "live"


def test_who_let_whom_in_comes_back_from_a_backup(store: Store, tmp_path: Path) -> None:
    """The codes are random: in their order, some stand before the admin who made them."""
    admin = people.add_person(store, "dora", "admin", now=5)
    made = [
        people.add_person(store, f"n{n}", "analyst", now=6, by=admin).reviewer
        for n in range(12)
    ]
    with store.writing() as connection:
        people.let_in(connection, made[0], admin, 7)
    write_backup(store, tmp_path / "one.backup", 8)
    keys = store.vault.keys.path
    back = restore(tmp_path / "one.backup", tmp_path / "again", keys=keys)
    asked = select(reviewers.c.reviewer, reviewers.c.let_in_by, reviewers.c.let_in_at)
    with store.reading() as here, back.reading() as there:
        rows = set(map(tuple, here.execute(asked)))
        assert rows == set(map(tuple, there.execute(asked)))
    assert {(one, admin.reviewer) for one in made} <= {(a, b) for a, b, _ in rows}
    assert (made[0], admin.reviewer, 7) in rows
    back.close()

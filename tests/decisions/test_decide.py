"""Decisions by two: who may, on what, until when, and what nobody can do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from made import REASON, Desk, refused

from undertow.cases import decide
from undertow.cases.acts import StaleError
from undertow.cases.tables import acts, case_targets, measures, outbox
from undertow.errors import UndertowError
from undertow.units import DAY, HOUR, MINUTE


def test_two_people_restrict_an_account_and_it_takes_effect_when_nobody_undoes_it(
    desk: Desk,
) -> None:
    desk.claim()
    proposal = desk.propose()
    assert desk.row().state == "proposed"
    measure = desk.approve(proposal)
    assert (desk.row().state, desk.row().holder) == ("approved", None)
    assert desk.rows(outbox) == []
    desk.now += 10 * MINUTE - 1
    assert decide.settle(desk.store, desk.now).closed == 0
    desk.now += 1
    assert decide.settle(desk.store, desk.now).closed == 1
    assert decide.settle(desk.store, desk.now).closed == 0
    row = desk.row()
    assert (row.state, row.closed_weight) == ("closed", 20.0)
    assert [target.decided for target in desk.rows(case_targets)] == [True, True]
    (told,) = desk.rows(outbox)
    assert (told.measure, told.what, told.due_at, told.sent_at) == (
        measure,
        "apply",
        desk.now,
        None,
    )
    (kept,) = desk.rows(measures)
    assert kept.proposed_by == desk.people["ann"].reviewer
    assert kept.approved_by == desk.people["bea"].reviewer
    assert desk.kinds() == ["claim", "propose", "approve", "settle"]


@pytest.mark.parametrize("outcome", ["no_action", "cannot_tell", "support_only", "refer"])
def test_what_leaves_the_account_alone_needs_one_person_and_the_time_to_undo(
    lone: Desk, outcome: str
) -> None:
    lone.claim()
    lone.propose(outcome=outcome)
    assert lone.row().state == "approved"
    lone.now += 10 * MINUTE
    decide.settle(lone.store, lone.now)
    assert lone.row().state == "closed"
    assert lone.rows(measures) == lone.rows(outbox) == []


def test_nobody_approves_what_they_proposed_themselves(desk: Desk) -> None:
    desk.claim("bea")
    proposal = desk.propose("bea")
    refused("two-people", desk.approve, proposal, "bea")
    refused(
        "two-people",
        decide.disagree,
        desk.store,
        desk.people["bea"],
        proposal,
        REASON,
        desk.row().dossier,
        desk.row().revision,
        desk.now,
    )
    desk.approve(proposal, "bob")


@pytest.mark.parametrize(
    ("name", "code"),
    [("abe", "role-refused"), ("cleo", "role-refused"), ("dora", "role-refused")],
)
def test_only_an_approver_approves(lone: Desk, name: str, code: str) -> None:
    lone.claim()
    refused(code, lone.approve, lone.propose(), name)


@pytest.mark.parametrize("name", ["cleo", "dora"])
def test_who_does_not_work_on_cases_changes_nothing(lone: Desk, name: str) -> None:
    who, store, now = lone.people[name], lone.store, lone.now
    row = lone.row()
    seen = (row.dossier, row.revision)
    refused("role-refused", lone.propose, name)
    refused("role-refused", decide.note, store, who, lone.case, "a note", now)
    refused("role-refused", decide.judge_blind, store, who, lone.case, "likely", now)
    refused(
        "role-refused",
        decide.help_target,
        store,
        who,
        lone.case,
        lone.targets[0],
        "given",
        "",
        now,
    )
    refused("role-refused", decide.appeal, store, who, lone.case, REASON, now)
    refused("role-refused", decide.reopen, store, who, lone.case, REASON, now)
    lone.claim()
    act = lone.propose()
    refused("role-refused", decide.disagree, store, who, act, REASON, *seen, now)
    refused("role-refused", decide.withdraw, store, who, act, now)
    refused("role-refused", decide.undo, store, who, act, now)
    refused("role-refused", decide.settle_appeal, store, who, act, True, REASON, now)
    assert lone.kinds() == ["claim", "propose"]


def test_a_role_counts_as_it_is_now_not_as_it_was_at_sign_in(desk: Desk) -> None:
    desk.claim()
    proposal = desk.propose()
    desk.change_person("bea", role="analyst")
    refused("role-refused", desk.approve, proposal)
    desk.change_person("bob", disabled_at=desk.now)
    refused("role-refused", desk.approve, proposal, "bob")
    desk.change_person("abe", role="approver")
    desk.approve(proposal, "abe")


@pytest.mark.parametrize("change", [{"role": "admin"}, {"disabled_at": 5}])
def test_a_proposal_falls_with_whoever_made_it(lone: Desk, change: dict[str, Any]) -> None:
    lone.claim()
    proposal = lone.propose()
    lone.change_person("ann", **change)
    refused("proposal-void", lone.approve, proposal)
    assert decide.settle(lone.store, lone.now).void == 1
    assert (lone.row().state, lone.kinds()[-1]) == ("new", "void")


def test_another_dossier_voids_a_proposal(desk: Desk) -> None:
    desk.claim()
    before = desk.row().dossier
    proposal = desk.propose()
    after = desk.news()
    seen = refused("dossier-stale", desk.approve, proposal, dossier_hash=before)
    assert isinstance(seen, StaleError)
    assert seen.changed == ("evidence",)
    refused("proposal-void", desk.approve, proposal, dossier_hash=after)
    assert decide.settle(desk.store, desk.now).void == 1
    assert desk.row().state == "new"
    refused("proposal-void", desk.approve, proposal)
    assert desk.rows(measures) == []


def test_a_case_that_moved_on_is_not_decided_on_from_an_old_screen(desk: Desk) -> None:
    desk.claim()
    proposal = desk.propose()
    seen = desk.row().revision
    decide.withdraw(desk.store, desk.people["ann"], proposal, desk.now)
    again = desk.propose()
    stale = refused("case-stale", desk.approve, again, revision=seen)
    assert stale.changed == ("withdraw", "propose")
    refused("case-stale", desk.approve, again, revision=seen + 7)
    refused("proposal-void", desk.approve, proposal)
    desk.approve(again)


@pytest.mark.parametrize(("after", "is_fresh"), [(72 * HOUR, True), (72 * HOUR + 1, False)])
def test_a_proposal_is_fresh_for_three_days(lone: Desk, after: int, is_fresh: bool) -> None:
    lone.claim()
    proposal = lone.propose()
    lone.now += after
    if is_fresh:
        assert decide.settle(lone.store, lone.now).void == 0
        lone.approve(proposal)
    else:
        refused("proposal-expired", lone.approve, proposal)
        assert decide.settle(lone.store, lone.now).void == 1


def test_a_clock_that_ran_backwards_approves_nothing(lone: Desk) -> None:
    lone.claim()
    proposal = lone.propose()
    lone.now -= 1
    refused("proposal-expired", lone.approve, proposal)


@pytest.mark.parametrize(
    ("ago", "is_fresh"), [(15 * MINUTE, True), (15 * MINUTE + 1, False), (-1, False)]
)
def test_an_approver_has_just_proved_who_they_are(lone: Desk, ago: int, is_fresh: bool) -> None:
    lone.claim()
    proposal = lone.propose()
    if is_fresh:
        lone.approve(proposal, proved_at=lone.now - ago)
    else:
        refused("proof-old", lone.approve, proposal, proved_at=lone.now - ago)


def test_only_who_holds_a_case_proposes_on_it(lone: Desk) -> None:
    refused("state-refused", lone.propose)
    lone.claim()
    refused("case-not-yours", lone.propose, "abe")
    lone.now += 31 * MINUTE
    refused("case-not-yours", lone.propose)


def test_a_case_in_somebody_s_hands_is_left_to_them(lone: Desk) -> None:
    lone.claim()
    proposal = lone.propose()
    lone.claim("bob")
    refused("case-held", lone.approve, proposal, "bea")
    refused("case-held", decide.withdraw, lone.store, lone.people["ann"], proposal, lone.now)
    lone.approve(proposal, "bob")


def test_one_thing_is_proposed_at_a_time(lone: Desk) -> None:
    lone.claim()
    lone.propose()
    refused("proposal-open", lone.propose)
    refused("proposal-open", lone.propose, "bob", outcome="no_action")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reason": "  short   "}, "reason-short"),
        ({"reason": "x" * 4001}, "reason-long"),
        ({"clause": None}, "clause-missing"),
        ({"clause": "none"}, "clause-missing"),
        ({"clause": "no-such"}, "clause-unknown"),
        ({"outcome": "delete"}, "outcome-unknown"),
        ({"dossier_hash": "0" * 64}, "dossier-stale"),
        ({"revision": 1}, None),
        ({"revision": 0}, "case-stale"),
    ],
)
def test_a_proposal_names_what_it_rests_on(
    lone: Desk, given: dict[str, Any], code: str | None
) -> None:
    lone.claim()
    if code is None:
        lone.propose(**given)
    else:
        refused(code, lone.propose, **given)
        assert lone.row().state == "claimed"


def test_two_who_approve_at_once_make_one_measure(desk: Desk) -> None:
    desk.claim()
    proposal = desk.propose()
    row = desk.row()
    seen = {"dossier_hash": row.dossier, "revision": row.revision}

    def attempt(name: str) -> str:
        try:
            return desk.approve(proposal, name, **seen)
        except UndertowError as fault:
            return fault.code

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, ["bea", "bob"] * 4))
    assert sum(word.startswith("m:") for word in said) == 1
    assert {word for word in said if not word.startswith("m:")} == {"proposal-void"}
    assert len(desk.rows(measures)) == 1


def test_a_second_person_who_disagrees_opens_the_case_again(lone: Desk) -> None:
    lone.claim()
    proposal = lone.propose()
    row = lone.row()
    seen = (row.dossier, row.revision)
    refused(
        "reason-short",
        decide.disagree,
        lone.store,
        lone.people["abe"],
        proposal,
        "no",
        *seen,
        0,
    )
    decide.disagree(lone.store, lone.people["abe"], proposal, REASON, *seen, lone.now)
    assert lone.row().state == "rejected"
    refused("proposal-void", lone.approve, proposal)
    lone.claim("abe")
    lone.propose("abe", outcome="no_action")


def test_a_proposal_is_taken_back_by_who_made_it_and_nobody_else(lone: Desk) -> None:
    lone.claim()
    proposal = lone.propose()
    for name in ("bea", "abe"):
        refused("not-yours", decide.withdraw, lone.store, lone.people[name], proposal, lone.now)
    decide.withdraw(lone.store, lone.people["ann"], proposal, lone.now)
    row = lone.row()
    assert (row.state, row.holder) == ("claimed", lone.people["ann"].reviewer)
    refused(
        "proposal-void", decide.withdraw, lone.store, lone.people["ann"], proposal, lone.now
    )


@pytest.mark.parametrize("name", ["ann", "bea", "bob"])
def test_a_decision_is_taken_back_before_it_takes_effect(lone: Desk, name: str) -> None:
    lone.claim()
    lone.approve(lone.propose())
    approval = next(act.act for act in lone.rows(acts) if act.kind == "approve")
    refused("not-yours", decide.undo, lone.store, lone.people["abe"], approval, lone.now)
    lone.now += 10 * MINUTE - 1
    decide.undo(lone.store, lone.people[name], approval, lone.now)
    assert lone.rows(measures)[0].undone_at == lone.now
    assert (lone.row().state, lone.row().holder) == ("claimed", lone.people[name].reviewer)
    refused("undo-late", decide.undo, lone.store, lone.people[name], approval, lone.now)
    lone.now += DAY
    decide.settle(lone.store, lone.now)
    assert lone.rows(outbox) == []


def test_it_is_too_late_to_undo_what_took_effect(lone: Desk) -> None:
    lone.claim()
    lone.approve(lone.propose())
    approval = next(act.act for act in lone.rows(acts) if act.kind == "approve")
    lone.now += 10 * MINUTE
    refused("undo-late", decide.undo, lone.store, lone.people["bea"], approval, lone.now)
    decide.settle(lone.store, lone.now)
    refused("undo-late", decide.undo, lone.store, lone.people["bea"], approval, 0)


def test_the_time_to_undo_is_the_desk_s_own(lone: Desk) -> None:
    lone.store.set_setting("undo_minutes", "60")
    lone.claim()
    act = lone.propose(outcome="no_action")
    lone.now += 59 * MINUTE
    assert decide.settle(lone.store, lone.now).closed == 0
    decide.undo(lone.store, lone.people["ann"], act, lone.now)
    assert lone.row().state == "claimed"

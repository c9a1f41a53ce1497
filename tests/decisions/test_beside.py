"""After and beside a decision: appeals, cases opened again, blind judgements, help, notes, and who is protected."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import REASON, Desk, refused
from sqlalchemy import insert

from undertow.cases import checkpoints, decide, ledger
from undertow.cases.reading import CaseView, case_view
from undertow.cases.tables import acts, case_targets, measures, outbox, subjects
from undertow.events.pseudonyms import Pseudonyms
from undertow.units import MINUTE


def test_an_appeal_is_settled_by_a_third_person_who_may_lift_the_measure(desk: Desk) -> None:
    desk.decided()
    act = decide.appeal(desk.store, desk.people["ann"], desk.case, REASON, desk.now)
    assert desk.row().state == "appealed"
    for name in ("ann", "bea"):
        refused(
            "appeal-third",
            decide.settle_appeal,
            desk.store,
            desk.people[name],
            act,
            False,
            REASON,
            desk.now,
        )
    third = desk.people["abe"]
    decide.settle_appeal(desk.store, third, act, False, REASON, desk.now)
    assert desk.row().state == "closed"
    assert desk.rows(measures)[0].lifted_at == desk.now
    assert [told.what for told in desk.rows(outbox)] == ["apply", "lift"]
    refused(
        "state-refused", decide.settle_appeal, desk.store, third, act, True, REASON, desk.now
    )
    refused("appeal-nothing", decide.appeal, desk.store, third, desk.case, REASON, desk.now)


def test_an_appeal_that_is_not_upheld_leaves_the_measure(lone: Desk) -> None:
    lone.decided()
    act = decide.appeal(lone.store, lone.people["bob"], lone.case, REASON, lone.now)
    decide.settle_appeal(lone.store, lone.people["bob"], act, True, REASON, lone.now)
    assert lone.rows(measures)[0].lifted_at is None
    again = decide.appeal(lone.store, lone.people["bob"], lone.case, REASON, lone.now)
    refused(
        "appeal-settled",
        decide.settle_appeal,
        lone.store,
        lone.people["bob"],
        act,
        False,
        REASON,
        lone.now,
    )
    decide.settle_appeal(lone.store, lone.people["bob"], again, False, REASON, lone.now)


def test_a_closed_case_is_opened_again_with_a_reason_and_decided_anew(lone: Desk) -> None:
    lone.decided()
    refused("reason-short", decide.reopen, lone.store, lone.people["abe"], lone.case, "x", 0)
    decide.reopen(lone.store, lone.people["abe"], lone.case, REASON, lone.now)
    row = lone.row()
    assert (row.state, row.holder) == ("claimed", lone.people["abe"].reviewer)
    lone.approve(lone.propose("abe", outcome="suspend"), "bob")
    assert len(lone.rows(measures)) == 2
    refused(
        "state-refused", decide.reopen, lone.store, lone.people["abe"], lone.case, REASON, 0
    )


def test_a_blind_case_is_judged_before_it_is_decided(lone: Desk) -> None:
    lone.case = lone.opened(blind=True)
    lone.claim()
    refused("blind-first", lone.propose)
    refused(
        "judgement-unknown",
        decide.judge_blind,
        lone.store,
        lone.people["ann"],
        lone.case,
        "guilty",
        lone.now,
    )
    decide.judge_blind(lone.store, lone.people["ann"], lone.case, "likely", lone.now)
    refused(
        "judged-already",
        decide.judge_blind,
        lone.store,
        lone.people["ann"],
        lone.case,
        "unlikely",
        lone.now,
    )
    proposal = lone.propose()
    refused("blind-first", lone.approve, proposal)
    decide.judge_blind(lone.store, lone.people["bea"], lone.case, "unlikely", lone.now)
    lone.approve(proposal)


def test_a_target_cannot_be_restricted_through_somebody_s_case(desk: Desk) -> None:
    """Whom a case is about helping is no account of it, and no function takes anybody else."""
    desk.claim()
    with desk.store.writing() as connection:
        row = {"case": desk.case, "target": desk.account, "step": "address", "help": "none"}
        connection.execute(insert(case_targets).values(**row, first_seen=0, decided=False))
    refused("target-protected", desk.propose)
    desk.propose(outcome="support_only")


@pytest.mark.parametrize("word", ["offered", "given", "declined"])
def test_help_stands_beside_each_target(lone: Desk, word: str) -> None:
    store, who = lone.store, lone.people["abe"]
    first, second = lone.targets
    decide.help_target(store, who, lone.case, first, word, "called the helpline", lone.now)
    decide.help_target(store, who, lone.case, first, word, "", lone.now)
    found = {row.target: row.help for row in lone.rows(case_targets)}
    assert found == {first: word, second: "none"}
    refused("help-unknown", decide.help_target, store, who, lone.case, first, "arrested", "", 0)
    refused("target-unknown", decide.help_target, store, who, lone.case, "t:other", word, "", 0)


def test_notes_change_nothing_that_others_see_and_keep_a_holder_s_lease(lone: Desk) -> None:
    lone.claim()
    seen = lone.row().revision
    lone.now += 29 * MINUTE
    decide.note(lone.store, lone.people["ann"], lone.case, "asked a colleague", lone.now)
    assert lone.row().revision == seen
    lone.now += 29 * MINUTE
    decide.note(lone.store, lone.people["abe"], lone.case, "saw this too", lone.now)
    lone.propose(revision=seen)
    refused("note-empty", decide.note, lone.store, lone.people["ann"], lone.case, "  ", 0)


def test_no_reason_and_no_target_stands_readable_in_the_store_or_in_the_log(lone: Desk) -> None:
    lone.claim()
    decide.help_target(
        lone.store, lone.people["ann"], lone.case, lone.targets[0], "given", "canary", lone.now
    )
    lone.propose(reason="canary reason, long enough")
    lone.store.engine.dispose()
    for file in lone.store.folder.rglob("*"):
        if file.is_file():
            assert b"canary" not in file.read_bytes()
    with lone.store.reading() as connection:
        for body in checkpoints.bodies(connection):
            assert lone.targets[0].encode() not in body
            assert lone.account.encode() not in body
        found = ledger.leaves_about(connection, lone.store, lone.targets[0], 9)
    assert [leaf["kind"] for leaf in found] == ["help"]


def test_what_does_not_exist_cannot_be_decided_on(lone: Desk) -> None:
    refused("act-unknown", lone.approve, "d:no")
    refused("act-unknown", decide.undo, lone.store, lone.people["bea"], "d:no", 0)
    refused("case-unknown", decide.note, lone.store, lone.people["bea"], "k:no", "note", 0)
    lone.claim()
    claim = lone.rows(acts)[0].act
    refused("act-unknown", lone.approve, claim)


def test_who_decides_on_an_account_hears_that_another_case_is_about_helping_it(
    desk: Desk,
) -> None:
    desk.case = desk.opened(native="forum:drawn-in")
    assert not seen(desk).also_target
    code = desk.store.vault.code("t", Pseudonyms.default().of("forum:drawn-in"))
    first, other = desk.case, desk.opened(native="forum:other")
    with desk.store.writing() as connection:
        row = {"code": code, "platform": "forum", "first_seen": desk.now}
        connection.execute(insert(subjects).values(**row))
        row = {"case": other, "target": code, "step": "address", "help": "none"}
        connection.execute(insert(case_targets).values(**row, first_seen=0, decided=False))
    assert seen(desk).also_target
    desk.case = other
    assert not seen(desk).also_target
    desk.case = first
    account = desk.row().account
    desk.store.vault.erase(account, desk.now)
    assert not seen(desk).also_target


def test_a_machine_that_cannot_name_targets_does_not_guess(
    lone: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lone.case = lone.opened(native="forum:drawn-in")
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(tmp_path / "none.key"))
    assert not seen(lone).also_target
    assert not (tmp_path / "none.key").exists()


def seen(desk: Desk) -> CaseView:
    return case_view(desk.store, desk.people["ann"], desk.case, desk.now)

"""The file of decisions: what closed cases came to, in the form that the detector learns from."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made import REASON, Desk, refused

from undertow.cases import decide, ledger, teaching
from undertow.cases.tables import measures
from undertow.learning.decisions import read_decisions, settled
from undertow.units import MINUTE

WHY = "monthly fit of the playbooks"


def closed(desk: Desk, outcome: str) -> str:
    """Close a case of its own; gives the native id of its account."""
    native = f"forum:{outcome}"
    desk.case = desk.opened(native=native)
    desk.claim()
    act = desk.propose(outcome=outcome)
    if outcome in ("warn", "limit", "suspend", "remove"):
        desk.approve(act)
    desk.now += 10 * MINUTE
    decide.settle(desk.store, desk.now)
    return native


def read(desk: Desk, tmp_path: Path) -> dict[str, str]:
    made = teaching.decisions(desk.store, WHY, desk.now)
    (tmp_path / "decided.jsonl").write_bytes(made.body)
    verdicts = settled(read_decisions(tmp_path / "decided.jsonl"))
    return {account: verdict for (account, _, _), verdict in verdicts.items()}


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        *((outcome, "confirmed") for outcome in ("warn", "limit", "suspend", "remove")),
        ("no_action", "rejected"),
        *((outcome, "unclear") for outcome in ("cannot_tell", "support_only", "refer")),
    ],
)
def test_an_outcome_teaches_what_it_says(
    lone: Desk, tmp_path: Path, outcome: str, verdict: str
) -> None:
    native = closed(lone, outcome)
    assert read(lone, tmp_path) == {native: verdict}


def test_both_who_decided_stand_in_the_file_and_no_target_does(desk: Desk) -> None:
    closed(desk, "limit")
    made = teaching.decisions(desk.store, WHY, desk.now)
    rows = [json.loads(line) for line in made.body.splitlines()]
    assert {row["by"] for row in rows} == {
        desk.people[name].reviewer for name in ("ann", "bea")
    }
    assert set(rows[0]) == {"account", "role", "playbook", "decision", "at", "by"}
    assert not any(target.encode() in made.body for target in desk.targets)


def test_an_appeal_that_lifts_a_measure_teaches_the_other_way(
    lone: Desk, tmp_path: Path
) -> None:
    native = closed(lone, "limit")
    for upheld, verdict in ((True, "confirmed"), (False, "rejected")):
        act = decide.appeal(lone.store, lone.people["ann"], lone.case, REASON, lone.now)
        decide.settle_appeal(lone.store, lone.people["abe"], act, upheld, REASON, lone.now)
        assert read(lone, tmp_path) == {native: verdict}


def test_a_case_decided_anew_teaches_what_was_decided_last(lone: Desk, tmp_path: Path) -> None:
    native = closed(lone, "limit")
    decide.reopen(lone.store, lone.people["abe"], lone.case, REASON, lone.now)
    assert read(lone, tmp_path) == {}
    (kept,) = lone.rows(measures)
    seen = lone.row().revision
    decide.lift(lone.store, lone.people["abe"], lone.case, kept.measure, REASON, seen, lone.now)
    lone.propose("abe", outcome="no_action")
    lone.now += 10 * MINUTE
    decide.settle(lone.store, lone.now)
    assert read(lone, tmp_path) == {native: "rejected"}


def test_an_erased_account_is_left_out_and_counted(lone: Desk) -> None:
    closed(lone, "no_action")
    lone.store.vault.erase(lone.account, lone.now)
    made = teaching.decisions(lone.store, WHY, lone.now)
    assert (made.body, made.cases, made.erased) == (b"", 0, 1)


def test_every_case_in_the_file_is_a_look_that_the_log_holds(lone: Desk) -> None:
    closed(lone, "no_action")
    refused("reason-short", teaching.decisions, lone.store, "because", lone.now)
    teaching.decisions(lone.store, WHY, lone.now)
    with lone.store.reading() as connection:
        account = ledger.leaves_about(connection, lone.store, lone.account, 9)
        why = ledger.leaves_about(connection, lone.store, WHY, 9)
    assert [leaf["kind"] for leaf in account] == ["look-teaching"]
    assert [leaf["kind"] for leaf in why] == ["export-decisions"]


def test_the_command_writes_a_new_file_that_only_its_owner_reads(
    lone: Desk, undertow: Callable[..., Any], tmp_path: Path
) -> None:
    closed(lone, "limit")
    out = tmp_path / "decided.jsonl"
    words = ("case", "decisions", lone.store.folder, "--out", out)
    assert "reason-short" in undertow(*words, "--reason", "because").err
    assert not out.exists()
    assert undertow(*words, "--reason", WHY).out.startswith("1 decided cases in ")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(read_decisions(out)) == 2
    assert "decisions-there" in undertow(*words, "--reason", WHY).err

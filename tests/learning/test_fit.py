from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from told import BOOK, decision

from undertow.learning.counts import Counted, seen
from undertow.learning.fit import fit
from undertow.learning.versions import PER_ACCOUNT, open_kept, replay
from undertow.playbooks.parse import load

BOTH = (decision("p:rec-a"), decision("p:rec-b"))


def rate(path: Path, step: str) -> float | None:
    return next(one.likely for one in load(str(path)).steps if one.name == step)


def test_confirmed_accounts_move_the_rates_of_the_steps_that_they_took(
    found: Path, decided, tmp_path: Path
) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    assert fitted.is_new
    assert fitted.entry.version == 1
    assert rate(fitted.path, "address") > rate(tmp_path / "kept/v0000.yaml", "address")
    assert rate(fitted.path, "follow_back") > 0.2
    step = fitted.entry.steps["address"]
    assert step.taken == 16
    assert step.accounts == 2
    assert step.new.mean == pytest.approx(step.likely, abs=1e-3)


def test_open_and_unknown_steps_count_for_nothing(found: Path, decided, tmp_path: Path) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    rows = pq.read_table(found / "evidence.parquet").to_pylist()
    mine = [
        row
        for row in rows
        if row["account"] in ("p:rec-a", "p:rec-b")
        and row["role"] == "recruiter"
        and row["step"] == "handoff"
        and row["source"] in ("taken", "not taken")
    ]
    assert fitted.entry.steps["handoff"].seen == len(mine) < 100
    assert "sustained" not in fitted.entry.steps


def test_a_rejection_moves_no_rate_and_its_share_is_shown(
    found: Path, decided, tmp_path: Path
) -> None:
    no = decision("p:rec-b", "rejected")
    fitted = fit(BOOK, [found], decided(BOTH[0], no), tmp_path / "kept")
    alone = fit(BOOK, [found], decided(BOTH[0], name="one.jsonl"), tmp_path / "alone")
    assert fitted.path.read_bytes() == alone.path.read_bytes()
    shares = fitted.rejected()
    assert [(row["confirmed"], row["rejected"]) for row in shares] == [(1, 1)]
    assert shares[0]["low"] < shares[0]["share_rejected"] == 0.5 < shares[0]["high"]


def test_the_same_decisions_twice_move_nothing_twice(
    found: Path, decided, tmp_path: Path
) -> None:
    first = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    again = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    assert not again.is_new
    assert again.entry == first.entry
    copied = tmp_path / "copied"
    shutil.copytree(found, copied)
    twice = fit(BOOK, [found, copied], decided(*BOTH), tmp_path / "other")
    assert twice.path.read_bytes() == first.path.read_bytes()


def test_a_decision_taken_back_takes_back_what_it_moved(
    found: Path, decided, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    fit(BOOK, [found], decided(*BOTH), kept)
    back = [decision(row["account"], "rejected", at="2026-04-01T00:00:00Z") for row in BOTH]
    third = fit(BOOK, [found], decided(*BOTH, *back), kept)
    assert third.entry.version == 2
    assert third.path.read_bytes() == (kept / "v0000.yaml").read_bytes()


def test_every_version_is_kept_and_made_anew_byte_for_byte(
    found: Path, decided, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    fit(BOOK, [found], decided(BOTH[0]), kept)
    fit(BOOK, [found], decided(*BOTH), kept)
    assert [path.name for path in sorted(kept.glob("v*.yaml"))] == [
        "v0000.yaml",
        "v0001.yaml",
        "v0002.yaml",
    ]
    opened = open_kept(kept)
    assert opened is not None
    assert [entry.version for entry in replay(opened)] == [0, 1, 2]


@pytest.mark.parametrize("name", ["v0001.yaml", "ledger.jsonl"])
def test_one_changed_rate_in_what_is_kept_is_found(
    name: str, found: Path, decided, tmp_path: Path, undertow
) -> None:
    kept = tmp_path / "kept"
    fitted = fit(BOOK, [found], decided(*BOTH), kept)
    new = repr(fitted.entry.steps["address"].likely)
    text = (kept / name).read_text("utf-8")
    assert new in text
    (kept / name).write_text(text.replace(new, "0.5", 1), "utf-8")
    ran = undertow("playbook", "fit", BOOK, "--keep", kept, "--replay")
    assert ran.code == 2
    assert "fit-replay-differs" in ran.err


def test_a_line_taken_out_of_the_ledger_is_found(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    kept = tmp_path / "kept"
    fit(BOOK, [found], decided(BOTH[0]), kept)
    fit(BOOK, [found], decided(*BOTH), kept)
    lines = (kept / "ledger.jsonl").read_text("utf-8").splitlines()
    (kept / "ledger.jsonl").write_text("\n".join([lines[0], lines[2]]), "utf-8")
    ran = undertow("playbook", "fit", BOOK, "--keep", kept, "--replay")
    assert "fit-ledger-invalid" in ran.err


def test_a_ledger_names_no_account(found: Path, decided, tmp_path: Path) -> None:
    fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    for path in (tmp_path / "kept").iterdir():
        if not path.name.endswith((".jsonl.source.yaml",)):
            assert "rec-a" not in path.read_text("utf-8")


def test_an_account_with_many_targets_counts_for_no_more_than_its_share() -> None:
    loud = Counted("confirmed", None, "address", {"address": ((True, 0.1, 500),)})
    quiet = Counted("confirmed", None, "address", {"address": ((False, 0.1, 5),)})
    rows = seen([loud, quiet], "address", per_account=PER_ACCOUNT, per_campaign=20)
    assert sum(n for taken, _, n in rows if taken) == PER_ACCOUNT
    assert sum(n for taken, _, n in rows if not taken) == 5


def test_the_accounts_of_one_campaign_count_together_for_no_more_than_theirs() -> None:
    one = Counted("confirmed", "g", "address", {"address": ((True, 0.1, 10),)})
    rows = seen([one] * 7, "address", per_account=10, per_campaign=20)
    assert sum(n for *_, n in rows) == pytest.approx(20)


def test_the_effect_is_what_detection_with_the_new_rates_gives(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    events = found.parent / "village.parquet"
    again = tmp_path / "again"
    ran = undertow("detect", events, "--out", again, "-p", fitted.path, "--no-campaigns")
    assert ran.code == 0
    plain = tmp_path / "plain"
    assert undertow("detect", events, "--out", plain, "-p", BOOK, "--no-campaigns").code == 0
    from undertow.export.folder import open_folder
    from undertow.learning.effect import moves

    told = moves(open_folder(plain), load(str(fitted.path)))
    after = {
        (row["account"], row["role"]): row["weight"]
        for row in pq.read_table(again / "accounts.parquet").to_pylist()
    }
    capped = {
        row["account"]
        for row in pq.read_table(plain / "evidence.parquet").to_pylist()
        if row["source"] == "cap"
    }
    compared = [one for one in told if one.account not in capped]
    assert len(compared) > 5
    for one in compared:
        assert after[one.account, one.role] == pytest.approx(one.new_weight, abs=1e-6)
    raised = {one.account: one.bits for one in told if one.role == "recruiter"}
    assert raised["p:rec-a"] > 0


def test_a_kept_version_finds_and_spares_the_examples(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    assert undertow("playbook", "test", fitted.path).code == 0


def test_the_command_shows_rates_shares_and_moves(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    line = ["playbook", "fit", BOOK, "--from", found, "--decisions", decided(*BOTH)]
    ran = undertow(*line, "--keep", tmp_path / "kept")
    assert ran.code == 0
    assert "version 1" in ran.out
    assert "address" in ran.out
    assert "shown, not learned from" in ran.out
    assert "that move" in ran.out
    ran = undertow(*line, "--keep", tmp_path / "other", "--format", "json")
    rows = json.loads(ran.out)
    assert {row["about"] for row in rows} == {"step", "rejected", "move"}
    replayed = undertow("playbook", "fit", BOOK, "--keep", tmp_path / "kept", "--replay")
    assert replayed.code == 0
    assert "v0001.yaml" in replayed.out


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((decision("p:nobody"),), "fit-nothing"),
        ((decision("p:rec-a", role="facilitator"),), "fit-nothing"),
        ((decision("p:rec-a", playbook="another"),), "fit-nothing"),
    ],
)
def test_decisions_about_nobody_here_write_nothing(
    rows, code: str, found: Path, decided, tmp_path: Path, undertow
) -> None:
    kept = tmp_path / "kept"
    line = ["playbook", "fit", BOOK, "--from", found, "--decisions", decided(*rows)]
    ran = undertow(*line, "--keep", kept)
    assert ran.code == 2
    assert code in ran.err
    assert not kept.exists()


def test_versions_of_one_text_are_not_mixed_with_those_of_another(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    kept = tmp_path / "kept"
    fitted = fit(BOOK, [found], decided(BOTH[0]), kept)
    # A kept version stands for the text that it began as.
    assert fit(str(fitted.path), [found], decided(*BOTH), kept).entry.version == 2
    mine = tmp_path / "mine"
    shutil.copytree(kept, mine, ignore=shutil.ignore_patterns("ledger.jsonl", "v0001*"))
    book = mine / "v0000.yaml"
    book.write_text(book.read_text("utf-8").replace("within: 42d", "within: 41d"), "utf-8")
    line = ["playbook", "fit", book, "--from", found, "--decisions", decided(*BOTH)]
    assert "fit-other-playbook" in undertow(*line, "--keep", kept).err


def test_another_key_is_refused_because_accounts_could_count_twice(
    found: Path, decided, tmp_path: Path, undertow, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(tmp_path / "other.key"))
    line = ["playbook", "fit", BOOK, "--from", found, "--decisions", decided(*BOTH)]
    assert "fit-other-key" in undertow(*line, "--keep", tmp_path / "kept").err


def test_simulated_folders_are_marked_and_never_mixed_with_real_ones(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    planted = tmp_path / "planted"
    shutil.copytree(found, planted)
    run = json.loads((planted / "run.json").read_text("utf-8")) | {"simulated": {"seed": 1}}
    (planted / "run.json").write_text(json.dumps(run), "utf-8")
    line = ["playbook", "fit", BOOK, "--decisions", decided(*BOTH), "--from", planted]
    assert "fit-mixed" in undertow(*line, "--from", found, "--keep", tmp_path / "kept").err
    ran = undertow(*line, "--keep", tmp_path / "kept")
    assert "SIMULATED" in ran.out
    line[-1] = found
    assert "fit-mixed" in undertow(*line, "--keep", tmp_path / "kept").err


def test_without_inputs_or_versions_the_command_says_what_is_missing(
    tmp_path: Path, undertow
) -> None:
    assert "fit-inputs" in undertow("playbook", "fit", BOOK, "--keep", tmp_path).err
    line = ["playbook", "fit", BOOK, "--keep", tmp_path, "--replay"]
    assert "fit-ledger-missing" in undertow(*line).err


def test_detection_counts_decisions_on_its_page_and_weighs_nothing_by_them(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    events = found.parent / "village.parquet"
    line = ["detect", events, "--out", tmp_path / "out", "-p", BOOK]
    assert undertow(*line, "--decisions", decided(*BOTH)).code == 0
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert run["reviewers"] == {"confirmed": 2, "rejected": 0, "unclear": 0}
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "your reviewers found 2 of 2 that they looked at" in page
    one, other = (
        pq.read_table(folder / "accounts.parquet") for folder in (found, tmp_path / "out")
    )
    assert one["weight"].equals(other["weight"])


def test_steps_of_another_process_are_refused(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    other = tmp_path / "found"
    shutil.copytree(found, other)
    run = json.loads((other / "run.json").read_text("utf-8"))
    run["playbooks"][0]["steps"] = run["playbooks"][0]["steps"][:-1]
    (other / "run.json").write_text(json.dumps(run), "utf-8")
    line = ["playbook", "fit", BOOK, "--from", other, "--decisions", decided(*BOTH)]
    assert "fit-other-steps" in undertow(*line, "--keep", tmp_path / "kept").err


def test_a_version_that_is_gone_is_one_clear_error(
    found: Path, decided, tmp_path: Path, undertow
) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    fitted.path.unlink()
    line = ["playbook", "fit", BOOK, "--keep", tmp_path / "kept", "--replay"]
    assert "fit-version-missing" in undertow(*line).err


def test_counted_rows_survive_the_ledger_to_the_last_bit(
    found: Path, decided, tmp_path: Path
) -> None:
    fitted = fit(BOOK, [found], decided(*BOTH), tmp_path / "kept")
    opened = open_kept(tmp_path / "kept")
    assert opened is not None
    assert opened.entries[-1] == fitted.entry
    assert replace(opened, entries=opened.entries[:1]).counted == {}

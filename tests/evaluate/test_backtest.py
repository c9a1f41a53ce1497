"""Back-tests: what a playbook would find is counted, nothing is kept, nobody is named."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from undertow.cli.main import app
from undertow.evaluate.backtest import OTHER, Asked, backtest
from undertow.export.folder import open_folder
from undertow.pipeline import detect
from undertow.playbooks.parse import load
from undertow.request import Request

GROUND = "a simulated world"


@pytest.fixture
def told(desk: Any) -> dict[str, Any]:
    return backtest(Asked(load("extremist-recruitment"), (), (desk.events,), GROUND))


def test_what_is_counted_is_what_detect_finds(
    desk: Any, told: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "found"
    book = load("extremist-recruitment")
    detect(Request((desk.events,), out, (book,), ground=GROUND, nulls=False))
    results = open_folder(out)
    assert told["accounts"] == len(set(results.accounts["account"].to_pylist()))
    assert told["events"] == results.run.events
    assert sum(week["funnels"] for week in told["weeks"]) == results.funnels.num_rows


def test_an_answer_names_no_account_no_target_and_holds_no_text(told: dict[str, Any]) -> None:
    said = json.dumps(told, ensure_ascii=False)
    assert told["simulated"]
    assert not re.search(r"sim:\w", said)
    assert not re.search(r"\bt:\w", said)
    assert all(one["code"].startswith("b:") for one in told["samples"])


def test_samples_stand_under_other_codes_in_every_answer(
    desk: Any, told: dict[str, Any]
) -> None:
    again = backtest(Asked(load("extremist-recruitment"), (), (desk.events,), GROUND))
    assert {one["code"] for one in told["samples"]}.isdisjoint(
        one["code"] for one in again["samples"]
    )
    told["samples"] = again["samples"] = []
    assert told == again


def test_slices_add_up_and_small_ones_stand_together(told: dict[str, Any]) -> None:
    for rows in told["slices"].values():
        assert sum(one["accounts"] for one in rows) == told["accounts"]
        assert all(one["accounts"] >= 5 for one in rows if one["value"] != OTHER)


def test_hours_follow_from_accounts_above_even_odds(desk: Any, told: dict[str, Any]) -> None:
    slow = backtest(
        Asked(load("extremist-recruitment"), (), (desk.events,), GROUND, minutes=60.0)
    )
    assert slow["hours"] == pytest.approx(slow["raised"])
    assert told["hours"] == pytest.approx(round(told["raised"] * 0.2, 1))


def test_a_playbook_overlaps_wholly_with_itself_under_another_name(
    desk: Any, tmp_path: Path
) -> None:
    from undertow.playbooks.parse import parse, read_text

    other = parse(
        read_text("extremist-recruitment")
        .replace("playbook: extremist-", "playbook: other-")
        .encode()
    )
    told = backtest(Asked(load("extremist-recruitment"), (other,), (desk.events,), GROUND))
    assert told["overlap"] == [
        {
            "playbook": "other-recruitment",
            "both": told["accounts"],
            "only_this": 0,
            "only_that": 0,
        }
    ]


def test_nothing_is_left_behind(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    backtest(Asked(load("extremist-recruitment"), (), (desk.events,), GROUND))
    assert not list(place.iterdir())


def test_the_command_takes_a_draft_that_stands_apart_from_its_examples(
    desk: Any, tmp_path: Path
) -> None:
    from undertow.playbooks.parse import read_text

    draft = tmp_path / "draft.yaml"
    draft.write_text(read_text("extremist-recruitment"))
    asked = ["backtest", str(draft), str(desk.events), "--ground", GROUND]
    done = CliRunner().invoke(app, [*asked, "--format", "json", "--no-progress"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["playbook"] == "extremist-recruitment"
    text = CliRunner().invoke(app, [*asked, "--format", "text", "--no-progress"])
    assert "raised" in text.stdout


def test_decisions_are_counted_among_the_accounts_listed_and_nobody_is_named(
    desk: Any, tmp_path: Path
) -> None:
    base = ["backtest", "extremist-recruitment", str(desk.events), "--ground", GROUND]
    base += ["--no-progress", "--format"]
    named = CliRunner().invoke(app, [*base, "json", "--accounts"])
    accounts = [one["account"] for one in json.loads(named.stdout)["listed"]]
    first, second, third = accounts[:3]
    rows = [
        (first, "recruiter", "confirmed", "2026-01-02"),
        (second, "recruiter", "rejected", "2026-01-02"),
        (second, "facilitator", "confirmed", "2026-01-03"),
        (third, "recruiter", "unclear", "2026-01-02"),
        ("sim:nobody", "recruiter", "confirmed", "2026-01-02"),
    ]
    file = tmp_path / "decided.jsonl"
    keys = ("account", "role", "decision", "at")
    file.write_text(
        "".join(
            json.dumps(
                dict(zip(keys, row, strict=True))
                | {"at": f"{row[3]}T00:00:00Z", "by": "p:1", "playbook": "any"}
            )
            + "\n"
            for row in rows
        )
    )
    said = CliRunner().invoke(app, [*base, "json", "--decisions", str(file)])
    assert said.exit_code == 0
    assert not re.search(r"sim:\w", said.stdout)
    told = json.loads(said.stdout)["labelled"]
    listed = told["listed"]
    assert (listed["confirmed"], listed["rejected"], listed["unclear"]) == (2, 0, 1)
    assert listed["undecided"] == len(set(accounts)) - 3
    assert (told["confirmed"], told["found"]) == (3, 2)
    assert listed["share"] is None
    text = CliRunner().invoke(app, [*base, "text", "--decisions", str(file)]).stdout
    assert "2 of 3" in text

"""The workbench: faults with their places, the chain as it is written, drafts, and back-tests in a process of their own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from undertow.cases import playbook_states as states
from undertow.events.table import TYPES
from undertow.playbooks.grammar import SIGNALS
from undertow.playbooks.parse import read_text
from undertow.review import trials
from undertow.review.language import language
from undertow.review.screens import workbench
from undertow.review.screens.vocabulary import vocabulary
from undertow.review.settings import Settings

Cases = Callable[..., Any]
TEXT = read_text("extremist-recruitment")
OPEN = Settings(per_second=1000, burst=10_000)


def test_a_text_without_fault_is_drawn_step_by_step() -> None:
    checked = workbench.check(language("en"), TEXT)
    assert not checked.faults
    assert [one.name for one in checked.boxes] == [
        *("approach", "follow_back", "first_message", "address", "sustained", "handoff")
    ]
    address = checked.boxes[3]
    assert address.private is True
    assert "recruiter to target" in address.asks
    assert "within 4 weeks" in address.asks
    assert "20 times on 4 days" in checked.boxes[4].asks


def test_every_fault_of_a_text_has_its_line_and_column() -> None:
    broken = TEXT.replace("within: 28d", "within: 28x", 1).replace(
        "to: target", "to: tarjet", 1
    )
    checked = workbench.check(language("en"), broken)
    assert len(checked.faults) >= 2
    assert all(one.line and one.column for one in checked.faults)
    lines = broken.splitlines()
    assert any("28x" in lines[(one.line or 1) - 1] for one in checked.faults)


def test_a_fault_is_shown_with_its_code_its_line_and_a_way_there(on_cases: Cases) -> None:
    broken = TEXT.replace("within: 28d", "within: 28x", 1)
    page = on_cases().caller("ada").post("/workbench/check", data={"text": broken}).text
    line = next(i for i, one in enumerate(broken.splitlines(), 1) if "28x" in one)
    assert f'data-goto="{line}:' in page
    assert "<code" in page
    assert re.search(r"within: 28x[^<]*\n +\^</pre>", page)


def test_the_editor_offers_what_the_parser_reads_and_nothing_else(on_cases: Cases) -> None:
    words = vocabulary()
    assert words["keys"]["top"][:2] == ["playbook", "grammar"]
    assert {"type", "has", "within", "likely"} <= set(words["keys"]["steps"])
    assert words["values"]["has"] == sorted(SIGNALS)
    assert words["values"]["type"] == sorted(TYPES)
    page = on_cases().caller("ada").get("/workbench").text
    assert "&#34;values&#34;" in page
    assert "write.js" in page
    assert "write.js" not in on_cases().caller("cleo").get("/workbench").text


@pytest.mark.parametrize(
    "text", ["", "a: [", "!!python/object:os.system {}", "playbook: x\n" * 3, "\x00", "- 1"]
)
def test_a_text_that_is_no_playbook_is_one_clear_fault_and_no_crash(text: str) -> None:
    assert workbench.check(language("en"), text).faults


def test_a_hostile_text_comes_back_as_text(on_cases: Cases) -> None:
    hostile = "playbook: <img src=x onerror=alert(1)>\n"
    page = on_cases().caller("ada").post("/workbench/check", data={"text": hostile})
    assert page.status_code == 200
    assert "<img" not in page.text


def test_an_analyst_keeps_a_draft_and_two_approvers_let_it_go_live(on_cases: Cases) -> None:
    served = on_cases()
    changed = TEXT.replace("within: 28d", "within: 21d", 1)
    kept = served.caller("ada").post("/workbench/draft", data={"text": changed})
    assert kept.status_code == 303
    version = states.versions(served.store)[0]
    assert version.state == "draft"
    page = served.caller("ben").get(kept.headers["location"]).text
    assert "within: 21d" in page
    assert f"/playbook/{version.playbook}/promote" in page
    assert '<span class="new">+' in page
    assert "promote" not in served.caller("ada").get(kept.headers["location"]).text


def test_without_events_of_the_operator_there_is_no_back_test(on_cases: Cases) -> None:
    served = on_cases()
    page = served.caller("ada").get("/workbench").text
    assert re.search(r'formaction="/workbench/backtest" disabled', page)
    refused = served.caller("ada").post("/workbench/backtest", data={"text": TEXT})
    assert refused.status_code in (409, 422)
    assert "backtest-no-events" in refused.text


def waited(trial: trials.Trial) -> trials.Trial:
    for _ in range(600):
        if trial.state != "running":
            return trial
        time.sleep(0.1)
    raise AssertionError("the back-test does not end")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, int], None]:
    """Replace the child by a script that says something and ends."""

    def build(body: str, code: int = 0) -> None:
        script = tmp_path / "child"
        script.write_text(f"#!/bin/sh\n{body}\nexit {code}\n")
        script.chmod(0o700)
        monkeypatch.setattr(trials.sys, "executable", str(script))

    return build


def test_a_back_test_runs_apart_and_its_answer_is_kept(
    quick: Callable[..., None], tmp_path: Path
) -> None:
    quick("echo '{\"accounts\": 3}'")
    desk = trials.Trials()
    trial = waited(desk.start(TEXT, "mine", {"other": TEXT}, tmp_path, 0))
    assert trial.state == "done"
    assert trial.told == {"accounts": 3}
    assert desk.get(trial.job) is trial
    assert desk.get("nothing") is None


def test_events_that_were_named_from_here_are_found_from_there(
    quick: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick('echo "{\\"events\\": \\"$5\\"}"')
    monkeypatch.chdir(tmp_path)
    trial = waited(trials.Trials().start(TEXT, "mine", {}, Path("events.parquet"), 0))
    assert trial.told == {"events": str(tmp_path / "events.parquet")}


def test_one_back_test_runs_at_a_time(quick: Callable[..., None], tmp_path: Path) -> None:
    quick("sleep 5")
    desk = trials.Trials()
    desk.start(TEXT, "mine", {}, tmp_path, 0)
    with pytest.raises(trials.UndertowError) as fault:
        desk.start(TEXT, "mine", {}, tmp_path, 0)
    assert fault.value.code == "backtest-running"


@pytest.mark.parametrize(
    ("body", "code"), [("echo no events >&2", 2), ("echo not json", 0), ("kill -9 $$", 0)]
)
def test_a_child_that_fails_fails_the_back_test_and_nothing_else(
    quick: Callable[..., None], tmp_path: Path, body: str, code: int
) -> None:
    quick(body, code)
    trial = waited(trials.Trials().start(TEXT, "mine", {}, tmp_path, 0))
    assert trial.state == "failed"
    assert trial.told is None


def test_a_child_gets_no_secret_of_the_desk(
    quick: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERTOW_MASTER_KEY_FILE", "secret")
    monkeypatch.setenv("UNDERTOW_LOG_KEY", "secret")
    quick('echo "{\\"seen\\": \\"$UNDERTOW_MASTER_KEY_FILE$UNDERTOW_LOG_KEY\\"}"')
    trial = waited(trials.Trials().start(TEXT, "mine", {}, tmp_path, 0))
    assert trial.told == {"seen": ""}


@pytest.mark.slow
def test_the_real_back_test_answers_on_the_page(on_cases: Cases, desk: Any) -> None:
    served = on_cases(Settings(per_second=1000, burst=10_000, events=str(desk.events)))
    caller = served.caller("ada")
    began = caller.post("/workbench/backtest", data={"text": TEXT})
    assert began.status_code == 303
    job = re.search(r"job=(\w+)", began.headers["location"])
    assert job is not None
    for _ in range(900):
        page = caller.get(f"/workbench/backtest/{job[1]}").text
        if 'role="status"' in page and "hx-trigger" not in page:
            break
        time.sleep(0.2)
    assert "hours of review" in page, page
    assert "Held against past decisions" in page
    assert "too few to say" in page
    assert not re.search(r"sim:\w", page)


def test_what_two_approvers_let_go_live_is_written_out_for_detect(
    desk: Any, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from undertow.cases.people import add_person
    from undertow.cli.main import app
    from undertow.playbooks.parse import load

    text = TEXT.replace("within: 28d", "within: 21d", 1)
    kept = states.draft(desk.store, desk.ada, text, desk.now)
    fay = add_person(desk.store, "fay", "approver", "four plain words here", now=desk.now)
    out = tmp_path / "live"
    asked = ["playbook", "live", str(desk.store.folder), "--out", str(out)]
    states.promote(desk.store, desk.ben, kept.playbook, kept.version, desk.now)
    states.promote(desk.store, desk.ben, kept.playbook, kept.version, desk.now)
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert not list(out.iterdir())
    states.promote(desk.store, fay, kept.playbook, kept.version, desk.now)
    assert CliRunner().invoke(app, asked).exit_code == 0
    written = out / "extremist-recruitment.yaml"
    assert written.read_text("utf-8") == text
    from undertow.playbooks.parse import parse

    assert parse(written.read_bytes()).name == load("extremist-recruitment").name

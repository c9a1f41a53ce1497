"""`detect --personas`: a funnel that goes on elsewhere, what is shown of it, and what stays hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from two import CANARY, DAY, GIVER, HOUR, LEAD, START, ordinary, row, story, target

from undertow.events.pseudonyms import Pseudonyms

Run = Callable[..., Path]


@pytest.fixture
def found(undertow: Callable, events: Callable, tmp_path: Path) -> Run:
    """Run `detect` over rows, with personas found before or without."""

    def run(rows: list[dict], *more: object, personas: bool = True) -> Path:
        file, out = events(rows), tmp_path / "found"
        if personas:
            ran = undertow("personas", file, "--out", tmp_path / "p.yaml")
            assert ran.code == 0, ran.err
            more = ("--personas", tmp_path / "p.yaml", *more)
        ran = undertow("detect", file, "--out", out, "-p", "extremist-recruitment", *more)
        assert ran.code == 0, ran.err
        return out

    return run


def furthest(folder: Path) -> dict[str, str]:
    rows = pq.read_table(folder / "funnels.parquet").to_pylist()
    return {row["target"]: row["step"] for row in rows if row["recruiter"] == GIVER}


def of(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return rows


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            yield path.name, str(pq.read_table(path).to_pylist())


def test_a_funnel_that_goes_on_elsewhere_is_sustained_only_with_personas(found: Run) -> None:
    rows = ordinary() + story()
    here = [Pseudonyms.default().of(target(n)[0]) for n in (0, 1, 2, 4, 5)]
    without = furthest(found(rows, personas=False))
    assert {without[one] for one in here} == {"address"}
    given = furthest(found(rows))
    assert {given[one] for one in here} == {"sustained"}
    assert given[Pseudonyms.default().of(target(3)[0])] == "address", "it followed nowhere"


def test_the_evidence_cites_the_event_that_happened(found: Run) -> None:
    folder = found(ordinary() + story())
    steps = [
        step
        for one in of(folder, "funnels")
        if one["recruiter"] == GIVER and one["step"] == "sustained"
        for step in one["steps"]
        if step["step"] == "sustained"
    ]
    assert steps
    assert all(step["event"].startswith((LEAD, "telegram:t:")) for step in steps)
    rows = [
        r for r in of(folder, "evidence") if r["step"] == "sustained" and r["source"] == "taken"
    ]
    assert {row["event"] for row in rows if row["account"] == GIVER} == {
        s["event"] for s in steps
    }


def test_conduct_seen_through_a_persona_is_a_source_of_its_platform(found: Run) -> None:
    def told(folder: Path) -> set[str]:
        return {
            word
            for one in of(folder, "accounts")
            if one["account"] == GIVER and one["role"] == "recruiter"
            for word in one["sources"]
        }

    rows = ordinary() + story()
    assert "conduct:telegram" not in told(found(rows, personas=False))
    assert "conduct:telegram" in told(found(rows))


def test_no_account_of_a_target_is_named_anywhere(found: Run) -> None:
    folder = found(ordinary() + story())
    for name, text in everything(folder):
        assert CANARY not in text, name
    sealed = [row for row in of(folder, "personas") if row["target"]]
    assert len(sealed) == 5
    assert all(row["a"].startswith("t:") and row["b"].startswith("t:") for row in sealed)


def test_a_target_s_account_that_a_person_wrote_natively_is_sealed_as_well(
    undertow: Callable, events: Callable, tmp_path: Path
) -> None:
    hand = tmp_path / "hand.yaml"
    here, there = target(0)
    hand.write_text(
        f"undertow_personas: 1\nties:\n- accounts: ['{here}', '{there}']\n"
        f"- accounts: ['{GIVER}', '{LEAD}']\n  because: 'seen in the report'\n",
        "utf-8",
    )
    file, out = events(ordinary() + story()), tmp_path / "found"
    assert undertow("detect", file, "--out", out, "--personas", hand).code == 0
    assert furthest(out)[Pseudonyms.default().of(here)] == "sustained"
    for name, text in everything(out):
        assert CANARY not in text, name
    assert (
        "a person says so: seen in the report" in undertow("explain", GIVER, "--from", out).out
    )


def test_talk_that_is_missing_speaks_only_where_both_ends_are_known(
    undertow: Callable, events: Callable, tmp_path: Path
) -> None:
    rows = ordinary() + story(follow=())
    here, there = target(0)
    rows += [
        row(START + 3 * DAY, there, "telegram:person2"),
        row(START + 4 * DAY, LEAD, "telegram:person3"),
    ]
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        f"undertow_personas: 1\nties:\n- accounts: ['{here}', '{there}']\n"
        f"- accounts: ['{GIVER}', '{LEAD}']\n",
        "utf-8",
    )
    file, out = events(rows), tmp_path / "found"
    assert undertow("detect", file, "--out", out, "--personas", hand).code == 0
    said = {
        r["target"]: (r["source"], r["bits"])
        for r in of(out, "evidence")
        if r["account"] == GIVER and r["step"] == "sustained"
    }
    known = said.pop(Pseudonyms.default().of(here))
    assert known[0] == "not taken"
    assert known[1] < 0
    assert {source for source, _ in said.values()} <= {"unknown", "open"}


def test_explain_and_report_say_who_is_held_to_be_one_actor_and_why(
    found: Run, undertow: Callable
) -> None:
    folder = found(ordinary() + story())
    said = undertow("explain", GIVER, "--from", folder).out
    page = (folder / "report.html").read_text("utf-8")
    for text in (said, page):
        assert f"held to be one actor with {LEAD}" in text
        assert "because an address that one hands over names the other" in text
        assert "is held to be one actor with t:" in text
    (tie,) = [one for one in of(folder, "personas") if not one["target"]]
    assert sum(one["bits"] for one in tie["evidence"]) == pytest.approx(tie["bits"], abs=0.01)


def test_a_run_without_personas_takes_an_older_run_s_file_away(found: Run) -> None:
    rows = ordinary() + story()
    assert (found(rows) / "personas.parquet").is_file()
    assert not (found(rows, personas=False) / "personas.parquet").exists()


def test_accounts_that_are_not_here_are_counted(
    undertow: Callable, events: Callable, tmp_path: Path
) -> None:
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        f"undertow_personas: 1\nties:\n- accounts: ['{GIVER}', 'mail:nobody']\n", "utf-8"
    )
    out = tmp_path / "found"
    assert (
        undertow("detect", events(ordinary() + story()), "--out", out, "--personas", hand).code
        == 0
    )
    coverage = json.loads((out / "run.json").read_text("utf-8"))["coverage"]
    assert any(
        "accounts of the file that are not in these events: 1" in line for line in coverage
    )


@pytest.mark.parametrize(
    ("option", "code"), [("--state", "state-personas"), ("--memory", "memory-personas")]
)
def test_a_mode_that_cannot_honour_personas_refuses(
    undertow: Callable, events: Callable, tmp_path: Path, option: str, code: str
) -> None:
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        f"undertow_personas: 1\nties:\n- accounts: ['{GIVER}', '{LEAD}']\n", "utf-8"
    )
    value = {"--state": tmp_path / "state", "--memory": "1KiB"}[option]
    ran = undertow(
        "detect", events(story()), "--out", tmp_path / "o", "--personas", hand, option, value
    )
    assert ran.code == 2
    assert code in ran.err


def test_when_talk_goes_dark_the_case_says_what_is_left(found: Run, undertow: Callable) -> None:
    twin = "chat:zed-giver"
    rows = ordinary() + story(follow=())
    rows += [
        row(
            START + (60 + n) * DAY, twin, f"chat:{CANARY}-z{n}", "find me on telegram: @bobby77"
        )
        for n in range(3)
    ]
    late = f"chat:{CANARY}-late"
    rows.append(row(START + 8 * DAY + 7 * 9 * DAY + HOUR, GIVER, late))
    folder = found(rows, personas=False)
    said = undertow("explain", GIVER, "--from", folder).out
    assert f"no address seen yet: {Pseudonyms.default().of(late)}" in said
    assert "written to next after an address" in said
    assert f"the same address is handed over by {twin}" in said
    quiet = [
        r for r in of(folder, "evidence") if r["step"] == "quiet" and r["account"] == GIVER
    ]
    assert len({r["target"] for r in quiet}) == len(quiet) > 3
    assert f"{len(quiet)} targets: hardly a word here" in said
    assert CANARY not in said


def test_one_gatekeeper_of_several_recruiters_is_named_on_their_cases(
    found: Run, undertow: Callable
) -> None:
    rows, gate = ordinary(), "chat:gate"
    spoken = [one for one in ordinary(seed=9) if one["platform"] == "chat"]
    rows += [row(one["published"], one["actor"], one["target"], kind="reply") for one in spoken]
    for n in range(12):
        at, here = START + (5 + 6 * n) * DAY, f"chat:{CANARY}-g{n}"
        giver = ("chat:rec-a", "chat:rec-b")[n % 2]
        rows += [
            *(row(at - k * HOUR, here, f"chat:person{n + k}") for k in range(1, 4)),
            row(at, here, gate, kind="mention"),
            row(at + HOUR, gate, here, kind="follow"),
            row(at + 5 * HOUR, giver, here),
            row(at + 9 * HOUR, giver, here, "find me on telegram: @lamp_one"),
        ]
    folder = found(rows, personas=False)
    said = undertow("explain", "chat:rec-a", "--from", folder).out
    assert "its targets came by way of chat:gate, and so did those of chat:rec-b" in said
    page = (folder / "report.html").read_text("utf-8")
    assert "What is left when a talk goes dark" in page

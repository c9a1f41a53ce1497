"""`undertow playbook`: what it prints, where, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undertow.cli.main import main
from undertow.playbooks.catalog import names, shipped_file

FAULTS = Path(__file__).parent / "faults"
Screen = pytest.CaptureFixture[str]


def test_list_names_every_shipped_playbook(capsys: Screen) -> None:
    assert main(["playbook", "list", "--format", "json"]) == 0

    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == names()


def test_show_prints_the_file_as_it_is(capsys: Screen) -> None:
    assert main(["playbook", "show", "group-recruitment"]) == 0

    assert capsys.readouterr().out == shipped_file("group-recruitment").read_text("utf-8")


def test_schema_prints_json(capsys: Screen) -> None:
    assert main(["playbook", "schema"]) == 0

    assert "steps" in json.loads(capsys.readouterr().out)["properties"]


def test_check_says_what_a_faultless_playbook_holds(capsys: Screen) -> None:
    assert main(["playbook", "check", "group-recruitment"]) == 0

    said = "group-recruitment: 4 steps, roles recruiter, target, second, group, no fault\n"
    assert capsys.readouterr().out == said


def test_check_prints_the_faults_of_every_file_and_leaves_with_2(
    capsys: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FAULTS)

    assert main(["playbook", "check", "tag.yaml", "group-recruitment", "bad-key.yaml"]) == 2

    printed = capsys.readouterr()
    drawn = [Path(f"{name}.txt").read_text("utf-8") for name in ("tag", "bad-key")]
    assert printed.err == "".join(drawn)
    assert printed.out.startswith("group-recruitment:")


def test_test_passes_where_all_examples_are_as_written(capsys: Screen) -> None:
    assert main(["playbook", "test", "group-recruitment", "--format", "json"]) == 0

    rows = json.loads(capsys.readouterr().out)
    assert [row["matches"] > 0 for row in rows] == [True, True, False, False, False]


def test_test_leaves_with_2_where_an_example_is_not_as_written(
    capsys: Screen, tmp_path: Path
) -> None:
    for file in shipped_file("group-recruitment").parent.iterdir():
        text = file.read_text("utf-8")
        (tmp_path / file.name).write_text(text.replace("spares: [", "spares: [joined.jsonl, "))

    assert main(["playbook", "test", str(tmp_path / "playbook.yaml")]) == 2

    assert "playbook-example-failed" in capsys.readouterr().err

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from undertow.cli.main import main
from undertow.evaluate import grid
from undertow.evaluate.grid import Asked
from undertow.evaluate.tables import HONEST


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluated") / "out"
    options = ["--worlds", "plain", "--seeds", "1", "--small", "--jobs", "1", "--no-learned"]
    assert main(["evaluate", *options, "--out", str(out), "--quiet", "--format", "json"]) == 0
    return out


def test_all_three_files_say_that_positives_are_simulated(folder: Path) -> None:
    table = pq.read_table(folder / "evaluation.parquet")
    assert table.schema.metadata[b"undertow.evaluation"].decode() == HONEST
    assert json.loads((folder / "evaluation.json").read_text())["note"] == HONEST
    assert HONEST in (folder / "evaluation.html").read_text().replace("Positives", "positives")


def test_the_detector_stands_beside_every_simple_baseline(folder: Path) -> None:
    rows = pq.read_table(folder / "evaluation.parquet").to_pylist()
    plain = {
        row["method"]: row["value"]
        for row in rows
        if row["world"] == grid.PLAIN and row["measure"] == "average precision"
    }
    assert {
        "undertow",
        "out-degree",
        "join of the steps",
        "keywords and contact patterns",
    } <= set(plain)
    assert all(0 <= value <= 1 for value in plain.values())
    assert plain["undertow"] > plain["new contacts a day"]


def test_an_interval_holds_its_value(folder: Path) -> None:
    rows = pq.read_table(folder / "evaluation.parquet").to_pylist()
    ranked = [r for r in rows if r["low"] is not None and r["measure"] == "average precision"]
    assert ranked
    assert np.mean([r["low"] <= r["value"] <= r["high"] for r in ranked]) > 0.8


def test_what_others_may_read_names_no_evasion(folder: Path) -> None:
    text = (folder / "evaluation.md").read_text()
    assert HONEST in text.replace("Positives", "positives")
    assert "average precision; plain" in text
    assert "evasion:" not in text


def test_the_page_needs_nothing_from_elsewhere(folder: Path) -> None:
    page = (folder / "evaluation.html").read_text()
    assert "<svg" in page
    assert not re.search(r"(src|href)=|url\(|<script", page)


def test_chance_is_measured_everywhere_and_first_alerts_on_plain_worlds_alone(
    folder: Path,
) -> None:
    rows = pq.read_table(folder / "evaluation.parquet").to_pylist()
    by_chance = {
        row["world"]
        for row in rows
        if row["measure"] == "false discoveries against chance at 0.1"
    }
    assert by_chance == {"plain", "talk stays visible", "all look-alikes complete the chain"}
    early = {
        row["world"] for row in rows if row["measure"] == "targets reached before hand-off"
    }
    assert early == {"plain"}


def test_seeds_for_development_for_the_end_and_for_learning_never_meet() -> None:
    asked = Asked(("plain",), ("collegemsg",), seeds=1_000)
    development = {cell.settings.seed for cell in grid.cells(asked)}
    final = {
        cell.settings.seed
        for cell in grid.cells(Asked(("plain",), ("collegemsg",), seeds=1_000, final=True))
    }
    learned = {settings.seed for settings in grid.training(asked)}
    assert not development & final
    assert not (development | final) & learned


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--first-seed", "7001"], "--final goes with"),
        (["--first-seed", "6999", "--seeds", "3"], "from 1 to 7000"),
        (["--first-seed", "5", "--final"], "from 7001 to 9000"),
        (["--first-seed", "8990", "--final", "--silent", "20"], "from 7001 to 9000"),
    ],
)
def test_seeds_that_are_kept_for_another_end_are_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    assert main(["evaluate", *options, "--out", str(tmp_path / "out"), "--quiet"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "evaluate-seeds" in said
    assert says in said
    assert not (tmp_path / "out").exists()


def test_seeds_begin_where_they_are_asked_to() -> None:
    asked = Asked(("plain",), ("collegemsg",), seeds=2, final=True, first=7_301)
    assert {cell.settings.seed for cell in grid.cells(asked)} == {7_301, 7_302}


def test_a_background_that_is_not_here_is_named_and_a_fault_if_none_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-b", "ubuntu-irc", "--out", str(tmp_path / "out")]
    assert main(["evaluate", *options]) == 2
    said = capsys.readouterr().err
    assert "ubuntu-irc" in said
    assert "background-missing" in said

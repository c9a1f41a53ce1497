"""The command line of `detect`: machine formats, option faults, exit codes, folders in the way."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from town import source, town, write_parquet

COLUMNS = ["account", "role", "playbook", "weight", "targets", "campaign", "sources"]
CHANCE = ["probability", "p_value", "q_value", "agrees", "chance"]


def test_json_is_the_whole_ranking(undertow: Callable, tmp_path: Path, town_file: Path) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--format", "json")
    rows = json.loads(ran.out)
    assert rows == pq.read_table(tmp_path / "f" / "accounts.parquet").to_pylist()
    assert len(rows) > 10


def test_csv_is_the_whole_ranking(undertow: Callable, tmp_path: Path, town_file: Path) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    accounts = pq.read_table(tmp_path / "f" / "accounts.parquet").to_pylist()
    assert list(rows[0]) == COLUMNS + CHANCE
    assert [row["account"] for row in rows] == [row["account"] for row in accounts]
    assert [float(row["weight"]) for row in rows] == [row["weight"] for row in accounts]
    assert [json.loads(row["sources"]) for row in rows] == [row["sources"] for row in accounts]


def test_text_shows_the_first_ten_and_says_of_how_many(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f")
    accounts = pq.read_table(tmp_path / "f" / "accounts.parquet").to_pylist()
    many = len({row["account"] for row in accounts})
    assert ran.out.startswith(f"first 10 of {many} accounts")
    for row in accounts[:10]:
        assert row["account"] in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 120


@pytest.mark.parametrize("name", ["=1+1", "@sum", "-2", "+3", "a\tb", "\x1b[2Jx", "x\u202ey"])
def test_account_names_cannot_act_in_a_sheet_or_a_terminal(
    undertow: Callable, tmp_path: Path, name: str
) -> None:
    rows = [
        row | {end: name if row[end] == "p:rec-1" else row[end] for end in ("actor", "target")}
        for row in town()
    ]
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    asked = ("detect", file, "--out", tmp_path / "f", "--no-nulls")
    shown = undertow(*asked, "--format", "csv").out
    names = [row["account"] for row in csv.DictReader(io.StringIO(shown))]
    written = f"'{name}" if name[0] in "=+-@" else name
    assert written in names
    text = undertow(*asked).out
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_faulty_playbook_tells_all_its_faults_at_once(
    undertow: Callable, tmp_path: Path, town_file: Path, root: Path
) -> None:
    file = root / "tests/playbooks/faults/many-at-once.yaml"
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--playbook", file)
    assert ran.code == 2
    assert ran.err.count("  --> ") >= 6
    assert ran.err.count("mend: ") >= 6
    assert "faults" in ran.err.splitlines()[-1]
    assert str(root) not in ran.err
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--region", "XX"], "region-unknown"),
        (["--region", ""], "region-unknown"),
        (["--until", "2026-02-01"], "option-time"),
        (["--until", "2026-02-01T00:00:00"], "option-time"),
        (["--until", "soon"], "option-time"),
        (["--playbook", "no-such-playbook"], "playbook-unknown"),
        (["--timezone", "Mars/Base"], "timezone-unknown"),
        (["--timezone", "../../etc/passwd"], "timezone-unknown"),
    ],
)
def test_a_faulty_option_is_named_and_nothing_is_written(
    undertow: Callable, tmp_path: Path, town_file: Path, args: list[str], code: str
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", *args)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert "mend: " in ran.err
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("prior", ["0", "1", "-3", "nan", "many"])
def test_a_prior_outside_its_range_is_refused(
    undertow: Callable, tmp_path: Path, town_file: Path, prior: str
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--prior", prior)
    assert ran.code == 2
    assert not (tmp_path / "f").exists()


def test_a_region_reads_national_numbers(undertow: Callable, tmp_path: Path) -> None:
    rows = [
        row | ({"content": "0151 23456789"} if "telegram" in (row["content"] or "") else {})
        for row in town()
    ]
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    ranked = undertow(
        "detect", file, "--out", tmp_path / "f", "--region", "de", "--format", "json"
    )
    assert "p:rec-1" in {row["account"] for row in json.loads(ranked.out)}


def test_several_playbooks_are_written_into_one_folder(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    both = ["-p", "extremist-recruitment", "-p", "group-recruitment", "-p", "group-recruitment"]
    ran = undertow("detect", town_file, "--out", tmp_path / "f", *both)
    assert ran.code == 0, ran.err
    said = json.loads((tmp_path / "f" / "run.json").read_bytes())
    assert [one["name"] for one in said["playbooks"]] == both[1:4:2]
    assert "group" in pq.read_schema(tmp_path / "f" / "funnels.parquet").names


def test_a_missing_file_and_an_empty_folder_are_faults_of_the_user(
    undertow: Callable, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nothing.parquet", tmp_path / "empty"):
        ran = undertow("detect", path, "--out", tmp_path / "f")
        assert ran.code == 2
        assert "[file-missing]" in ran.err


def test_a_file_in_the_place_of_the_folder_is_one_clear_error(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    (tmp_path / "f").write_text("mine")
    ran = undertow("detect", town_file, "--out", tmp_path / "f")
    assert ran.code == 2
    assert "[out-unwritable]" in ran.err
    assert (tmp_path / "f").read_text() == "mine"


def test_data_without_any_funnel_still_gives_a_page(undertow: Callable, tmp_path: Path) -> None:
    rows = [row for row in town() if row["type"] != "message"]
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    ran = undertow("detect", file, "--out", tmp_path / "f")
    assert ran.code == 0, ran.err
    assert (tmp_path / "f" / "report.html").is_file()
    assert pq.read_table(tmp_path / "f" / "accounts.parquet").num_rows == 0
    ran = undertow("detect", file, "--out", tmp_path / "f", "--format", "json")
    assert json.loads(ran.out) == []


def test_no_temporary_file_stays_behind(found: Path) -> None:
    assert sorted(path.name for path in found.iterdir()) == [
        "accounts.parquet",
        "campaigns.parquet",
        "evidence.parquet",
        "funnels.parquet",
        "report.html",
        "run.json",
    ]

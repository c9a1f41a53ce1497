"""Made-up events have the shape they should, peers agree with us, and a run says what it measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from undertow.errors import Place
from undertow.events.source import METADATA_KEY, sources_from_json
from undertow.events.table import SCHEMA

ROOT = Path(__file__).parent.parent.parent
BENCH = ROOT / "bench"
FEW = 5000
MANY = 20_000
PYTHONS = (sys.executable, *os.environ.get("UNDERTOW_PEERS", "").split())
"""Interpreters that may have peers: name more in the environment, parted by blanks."""


def run(script: str, *options: object, python: str = sys.executable) -> str:
    command = [python, str(BENCH / script), *map(str, options)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def told(said: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def table(folder: Path) -> pa.Table:
    path = folder / "table.parquet"
    run("generate.py", "--n", FEW, "--out", path)
    return pq.read_table(path)


@pytest.fixture(scope="module")
def structural(folder: Path) -> Path:
    path = folder / "structural.parquet"
    run("generate.py", "--n", MANY, "--form", "structural", "--out", path)
    return path


@pytest.fixture(scope="module")
def dense(folder: Path, structural: Path) -> Path:
    """Give events folded onto sixty accounts, so that chains of a pair overlap."""
    path = folder / "dense.parquet"
    given = pq.read_table(structural)
    actor, target = given["actor"].to_numpy() % 60, given["target"].to_numpy()
    target = np.where(target < 0, -1, target % 60)
    target = np.where(target == actor, (target + 1) % 60, target)
    message = pc.equal(given["type"].cast(pa.string()), "message").to_numpy()
    address = given["address"].to_numpy() | (message & (np.arange(MANY) % 7 == 0))
    for name, column in (("actor", actor), ("target", target), ("address", address)):
        place = given.schema.get_field_index(name)
        given = given.set_column(place, name, pa.array(column))
    pq.write_table(given, path, row_group_size=MANY // 4)
    return path


def peer(library: str) -> str:
    """Find an interpreter that has a library, or skip."""
    ask = f"from importlib.metadata import version; version({library!r})"
    for python in PYTHONS:
        if not subprocess.run((python, "-c", ask), capture_output=True, check=False).returncode:
            return python
    pytest.skip(f"{library} is not installed in any interpreter that UNDERTOW_PEERS names")


@cache
def ours(events: Path, playbook: str, job: str = "structural") -> dict[str, Any]:
    path = BENCH / "playbooks" / f"{playbook}.yaml"
    return told(run("jobs.py", job, events, "--warm", events, "--playbook", path))


def same(events: Path, python: str, script: str, *options: object) -> None:
    """Hold a peer's answers to ours, with the rare step and without."""
    for playbook, asked in (("p1", ()), ("p1-common", ("--common",))):
        theirs = told(
            run(f"peers/{script}", "--events", events, *options, *asked, python=python)
        )
        mine = ours(events, playbook)
        assert theirs["matches"] > 30
        assert (theirs["matches"], theirs["answer"]) == (mine["matches"], mine["answer"])


def test_made_events_are_an_event_table_with_a_declared_source(table: pa.Table) -> None:
    assert table.schema.remove_metadata() == SCHEMA
    assert table.num_rows == FEW
    assert pc.count_distinct(table["id"]).as_py() == FEW
    [source] = sources_from_json(table.schema.metadata[METADATA_KEY], Place("made"))
    assert source.content
    assert source.ground


def test_structural_events_are_the_same_events_without_text(
    table: pa.Table, tmp_path: Path
) -> None:
    run("generate.py", "--n", FEW, "--form", "structural", "--out", tmp_path / "s.parquet")
    bare = pq.read_table(tmp_path / "s.parquet")
    assert bare["published"].equals(table["published"].cast(pa.int64()))
    assert bare["type"].cast(pa.string()).equals(table["type"])
    assert pc.equal(bare["target"], -1).equals(pc.is_null(table["target"]))
    assert bare["address"].equals(pc.is_valid(table["content"]))
    named = pc.binary_join_element_wise("p:", bare["actor"].cast(pa.string()), "")
    assert named.equals(table["actor"])


def test_made_events_follow_one_another_in_the_kinds_of_a_platform(structural: Path) -> None:
    events = pq.read_table(structural)
    assert (np.diff(events["published"].to_numpy()) > 0).all()
    counts = {c["values"]: c["counts"] for c in pc.value_counts(events["type"]).to_pylist()}
    said = counts["mention"] + counts["reply"]
    rest = sum(counts[kind] for kind in ("post", "like", "join")) + said
    for count, percent in ((counts["post"], 30), (counts["like"], 20), (said, 25)):
        assert count / rest == pytest.approx(percent / 76, abs=0.005)


def test_the_same_seed_makes_the_same_events(table: pa.Table, tmp_path: Path) -> None:
    run("generate.py", "--n", FEW, "--out", tmp_path / "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet").equals(table)


def test_lines_are_read_as_the_same_events_as_the_table(
    table: pa.Table, tmp_path: Path
) -> None:
    lines = tmp_path / "lines.jsonl"
    run("generate.py", "--n", FEW, "--form", "lines", "--text", "--out", lines)
    rows = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == table["id"].to_pylist()
    assert [row["actor"] for row in rows] == table["actor"].to_pylist()
    spoken = {"post", "mention", "reply", "message"}
    assert all(("content" in row) == (row["type"] in spoken) for row in rows)
    assert lines.with_name("lines.jsonl.source.yaml").is_file()


def test_bare_events_become_an_event_table(tmp_path: Path) -> None:
    bare = {
        "ts": pa.array([1, 2, 3], pa.int64()),
        "kind": pa.array(["post", "follow", "dm"]).dictionary_encode(),
        "actor": pa.array([70, 80, 80], pa.int64()),
        "target": pa.array([-1, 70, 70], pa.int64()),
        "channel": pa.array(["a", "a", "dm"]).dictionary_encode(),
        "has_contact": pa.array([False, False, True]),
    }
    pq.write_table(pa.table(bare), tmp_path / "bare.parquet")
    pairs = {"recruiter": [80], "target": [70], "label": ["match"]}
    pq.write_table(pa.table(pairs), tmp_path / "bare.truth.parquet")
    out = tmp_path / "e.parquet"
    run("generate.py", "--from-bench", tmp_path / "bare.parquet", "--out", out)
    rows = pq.read_table(out).to_pylist()
    assert [row["type"] for row in rows] == ["post", "follow", "message"]
    assert [row["target"] for row in rows] == [None, "p:70", "p:70"]
    assert [row["visibility"] for row in rows] == ["public", "public", "direct"]
    assert [row["content"] is None for row in rows] == [True, True, False]
    [truth] = pq.read_table(tmp_path / "e.truth.parquet").to_pylist()
    assert truth == {"recruiter": "p:80", "target": "p:70", "label": "funnel"}


def test_every_planted_funnel_is_found_and_no_near_miss(
    structural: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer"
    script = ("peers/plain_python.py", "--events", structural, "--answer", answer)
    run(*script)
    found = {tuple(map(int, row.split(",")[:2])) for row in answer.read_text().splitlines()}
    truth = pq.read_table(structural.with_suffix(".truth.parquet")).to_pylist()
    assert len(truth) == 60
    for row in truth:
        pair = (row["recruiter"], row["target"])
        assert (pair in found) == (row["label"] == "funnel"), row["label"]


def test_duckdb_agrees_with_us_on_dense_events(dense: Path) -> None:
    same(dense, peer("duckdb"), "duckdb_sql.py", "--variant", "pre")
    same(dense, peer("duckdb"), "duckdb_sql.py", "--variant", "full")


def test_plain_python_agrees_with_us_on_dense_events(dense: Path) -> None:
    same(dense, sys.executable, "plain_python.py")


def test_polars_agrees_with_us_on_dense_events(dense: Path) -> None:
    for variant in ("pre", "full"):
        same(dense, peer("polars"), "polars_frames.py", "--variant", variant)


@pytest.mark.slow
def test_flink_agrees_with_us_on_dense_events(dense: Path) -> None:
    python = peer("apache-flink")
    if not shutil.which("java"):
        pytest.skip("Flink needs Java, which is not installed")
    csv = dense.with_suffix(".csv")
    run("peers/flink_match.py", "--events", dense, "--csv", csv, "--write")
    same(dense, python, "flink_match.py", "--csv", csv)


@pytest.mark.parametrize("job", ["order", "live"])
def test_time_order_agrees_with_pairs_on_dense_events(dense: Path, job: str) -> None:
    for playbook in ("p1", "p1-common"):
        assert ours(dense, playbook, job)["answer"] == ours(dense, playbook)["answer"]


def benched(
    folder: Path, tmp_path: Path, *groups: str
) -> tuple[list[dict[str, Any]], str, str]:
    """Run groups of the benchmark once; gives its figures, its page, and what it said."""
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- figures -->\nAfter.\n", "utf-8")
    figures = tmp_path / "figures.json"
    options = ("--n", MANY, "--rounds", 1, "--no-warm-up", "--data", folder, "--only", *groups)
    said = run("run.py", *options, "--json", figures, "--page", page)
    rows: list[dict[str, Any]] = json.loads(figures.read_text("utf-8"))
    return rows, page.read_text("utf-8"), said


def test_a_run_tells_time_memory_and_what_was_found(folder: Path, tmp_path: Path) -> None:
    rows, page, said = benched(folder, tmp_path, "structural", "--case", "p1, early", "p1, in")
    assert {row["case"]: row["matches"] for row in rows} == {
        "structural events: p1, early filter": 30,
        "structural events: p1, in time order": 30,
    }
    for row in rows:
        keys = ("case", "n", "seconds", "floor_seconds", "ratio", "peak_mib", "matches")
        assert tuple(row) == keys
        assert row["n"] == MANY
        assert row["ratio"] == pytest.approx(row["seconds"] / row["floor_seconds"])
        assert row["peak_mib"] > 50
    assert "| p1, early filter | 20,000 |" in said
    assert said.strip() in page
    assert page.startswith("Before.\n<!-- figures -->\n\n<!-- figures 20000 -->")
    assert page.endswith("<!-- end of figures 20000 -->\nAfter.\n")


def test_a_case_of_each_group_measures_or_says_why_not(folder: Path, tmp_path: Path) -> None:
    groups = ("peers", "table", "live", "growth")
    named = ("plain Python", "Polars, early", "few events", "1,000", "step by step", "8 steps")
    rows, page, _ = benched(folder, tmp_path, *groups, "--case", *named)
    cases = {row["case"] for row in rows}
    assert {"peers: plain Python", "growth with steps: 8 steps"} <= cases
    assert "event table, whole command: few events" in cases
    assert "live, one core: Arrow batches of 1,000" in cases
    assert not any("early filter" in case for case in cases if "Polars" not in case)
    (steps,) = [row for row in rows if row["case"].startswith("live, one core: step by step")]
    assert 0 < steps["p50_ns"] <= steps["p99_ns"]
    assert steps["longest_step_ms"] > 0
    assert "bytes per live pair" in page
    polars = "peers: Polars, early filter" in cases
    assert polars or "polars is not installed" in page


def test_a_case_that_no_group_has_is_said(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- figures -->\n", "utf-8")
    options = ("--n", str(MANY), "--data", str(folder), "--page", str(page))
    command = (sys.executable, str(BENCH / "run.py"), *options, "--only", "structural")
    ran = subprocess.run(
        (*command, "--case", "nothing like it"), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--case: no case of these groups" in ran.stderr


def test_a_later_run_replaces_the_section_for_as_many_events(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- figures -->\n", "utf-8")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import table\n"
        "for n, said in ((5, 'old'), (7, 'other'), (5, 'new')):\n"
        "    text = table.BEGIN.format(n=n) + said + table.END.format(n=n)\n"
        "    table.document(Path(sys.argv[2]), n, text)\n"
    )
    subprocess.run((sys.executable, "-c", code, str(BENCH), str(page)), check=True)
    written = page.read_text("utf-8")
    assert [said in written for said in ("old", "other", "new")] == [False, True, True]


def test_answers_that_differ_are_named() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from rounds import *\n"
        "one, two = (Case('g', name, 5, answers='p1') for name in 'ab')\n"
        "runs = {key(c): [Measured(1, 1, {'answer': c.name})] for c in (one, two)}\n"
        "print(differing([one, two], runs))\n"
    )
    ran = subprocess.run(
        (sys.executable, "-c", code, str(BENCH)), capture_output=True, text=True, check=True
    )
    assert "g: a; against g: b" in ran.stdout


def test_a_page_that_cannot_take_the_figures_is_named_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    (tmp_path / "bare.md").write_text("No mark.\n", "utf-8")
    said = {}
    for name in ("missing.md", "bare.md"):
        command = (sys.executable, str(BENCH / "run.py"), "--data", str(tmp_path / "data"))
        ran = subprocess.run(
            (*command, "--page", str(tmp_path / name)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 2
        assert "Traceback" not in ran.stderr
        said[name] = ran.stderr.strip().splitlines()[-1]
    assert said["missing.md"].endswith(
        "--page: cannot read the page missing.md: No such file or directory"
    )
    assert said["bare.md"].endswith(
        "bare.md has no mark `<!-- figures -->` to put figures behind"
    )
    assert not (tmp_path / "data").exists()

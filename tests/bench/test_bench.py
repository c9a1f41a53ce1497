"""The benchmark runs on few events, finds what was planted, and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from undertow.errors import Place
from undertow.events.source import METADATA_KEY, sources_from_json
from undertow.events.table import SCHEMA

ROOT = Path(__file__).parent.parent.parent
FEW = 5000


def run(script: str, *options: object) -> str:
    command = [sys.executable, str(ROOT / "bench" / script), *map(str, options)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    run("generate.py", "--n", FEW, "--out", folder / f"made-{FEW}.parquet")
    return folder


@pytest.fixture(scope="module")
def events(data: Path) -> pa.Table:
    return pq.read_table(data / f"made-{FEW}.parquet")


def test_made_events_are_an_event_table_with_a_declared_source(events: pa.Table) -> None:
    assert events.schema.remove_metadata() == SCHEMA
    assert events.num_rows == FEW
    assert pc.count_distinct(events["id"]).as_py() == FEW
    [source] = sources_from_json(events.schema.metadata[METADATA_KEY], Place("made"))
    assert source.content
    assert source.ground


def test_made_events_lie_in_order_and_have_the_kinds_of_a_platform(events: pa.Table) -> None:
    at = events["published"].cast(pa.int64()).to_numpy()
    assert (at[1:] >= at[:-1]).all()
    counts = {c["values"]: c["counts"] for c in pc.value_counts(events["type"]).to_pylist()}
    # Each of the 60 planted pairs adds one mention, one follow, and messages besides.
    counts["follow"] -= 60
    counts["mention"] -= 60
    counts["said"] = counts["mention"] + counts["reply"]
    shares = {"post": 30, "like": 20, "follow": 10, "join": 1, "said": 25}
    rest = sum(counts[kind] for kind in shares)
    for kind, percent in shares.items():
        assert counts[kind] / rest == pytest.approx(percent / 86, abs=0.002), kind


def test_only_events_that_hand_over_an_address_hold_text(events: pa.Table) -> None:
    said = events.filter(pc.is_valid(events["content"]))
    assert 0 < said.num_rows < FEW / 20
    assert pc.all(pc.match_substring(said["content"], "@example.org")).as_py()


def test_the_same_seed_makes_the_same_events(events: pa.Table, tmp_path: Path) -> None:
    run("generate.py", "--n", FEW, "--out", tmp_path / "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet").equals(events)


def test_with_text_every_spoken_event_holds_some(tmp_path: Path) -> None:
    run("generate.py", "--n", FEW, "--text", "--out", tmp_path / "said.parquet")
    made = pq.read_table(tmp_path / "said.parquet")
    spoken = pc.is_in(made["type"], pa.array(["post", "mention", "reply", "message"]))
    assert pc.is_valid(made["content"]).equals(spoken)


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
    run(
        "generate.py",
        "--from-bench",
        tmp_path / "bare.parquet",
        "--out",
        tmp_path / "e.parquet",
    )
    rows = pq.read_table(tmp_path / "e.parquet").to_pylist()
    assert [row["type"] for row in rows] == ["post", "follow", "message"]
    assert [row["target"] for row in rows] == [None, "p:70", "p:70"]
    assert [row["visibility"] for row in rows] == ["public", "public", "direct"]
    assert [row["content"] is None for row in rows] == [True, True, False]
    [truth] = pq.read_table(tmp_path / "e.truth.parquet").to_pylist()
    assert truth == {"recruiter": "p:80", "target": "p:70", "label": "funnel"}


def test_a_run_tells_time_memory_and_what_was_found(data: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    options = ("--n", FEW, "--repeat", 1, "--warm", "--data", data, "--json", figures)
    said = run("run.py", *options)
    told: dict[str, Any] = json.loads(figures.read_text("utf-8"))
    cases = {row["case"]: row for row in told["rows"]}
    whole = cases["detect"]
    assert set(whole) == {
        *("case", "n", "seconds", "floor_seconds", "ratio", "peak_mib", "matches")
    }
    assert whole["n"] == FEW
    assert whole["ratio"] == pytest.approx(whole["seconds"] / whole["floor_seconds"])
    assert whole["peak_mib"] > 50
    assert whole["matches"] >= 30
    assert told["stages"]["planted"]["pairs"]["funnel"] == {"planted": 30, "listed": 30}
    assert "| detect | 5,000 |" in said

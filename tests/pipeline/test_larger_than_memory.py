"""Inputs larger than memory: rows stand in files, are matched part by part, and nothing changes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from town import source, town, write_lines, write_parquet

from undertow.events.load import load
from undertow.events.log import EventLog
from undertow.events.read import open_events
from undertow.events.spill import spilled
from undertow.playbooks import catalog

Tables = dict[str, pa.Table]


def columns(log: EventLog) -> dict[str, object]:
    names = {field.name for field in fields(EventLog)} - {"marks"}
    plain = {name: getattr(log, name) for name in names} | log.marks
    return {
        name: one.to_pylist() if isinstance(one, pa.Array | pa.ChunkedArray) else one
        for name, one in plain.items()
    }


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_log_in_files_is_the_log_in_memory(
    tmp_path: Path, shuffled: bool, twice: bool
) -> None:
    rows = town() * (2 if twice else 1)
    if shuffled:
        random.Random(1).shuffle(rows)
    paths = [
        write_parquet(tmp_path / "a.parquet", rows[::2], [source()]),
        write_lines(tmp_path / "b.jsonl", rows[1::2], [source()]),
    ]
    (tmp_path / "rows").mkdir()
    until = sorted(row["published"] for row in rows)[len(rows) // 2]
    for given in ({}, {"until": until}):
        folder = tmp_path / "rows" / str(len(given))
        folder.mkdir()
        in_memory = columns(load(open_events(paths), **given))
        in_files = columns(load(open_events(paths), **given, folder=folder))
        assert len(in_memory["at"]) > 100
        for name, one in in_memory.items():
            np.testing.assert_array_equal(one, in_files[name], name)


def test_rows_go_to_files_only_where_memory_does_not_suffice(
    town_file: Path, tmp_path: Path
) -> None:
    files = open_events([town_file])
    with spilled(files, 1 << 40) as folder:
        assert folder is None
    with spilled(files, 1) as folder:
        assert folder is not None
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("playbook", catalog.names())
def test_little_memory_gives_the_same_answer_for_every_shipped_playbook(
    undertow: Callable, tables: Callable, town_file: Path, tmp_path: Path, playbook: str
) -> None:
    found = []
    for memory in ("1TiB", "200kB"):
        out = tmp_path / memory
        ran = undertow(
            "detect",
            town_file,
            "--out",
            out,
            "-p",
            playbook,
            "--memory",
            memory,
            "--no-campaigns",
        )
        assert ran.code == 0, ran.err
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
        run.pop("made")
        found.append((tables(out), run))
    (one, about), (two, same) = found
    assert about == same
    assert one["evidence"].num_rows > 0 or playbook == "group-recruitment"
    for name, table in one.items():
        assert table.equals(two[name]), name


def test_a_size_that_is_none_is_refused(
    undertow: Callable, town_file: Path, tmp_path: Path
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "o", "--memory", "much")
    assert ran.code == 2
    assert "option-size" in ran.err


def test_little_memory_says_that_ties_were_not_looked_for(
    undertow: Callable, town_file: Path, tmp_path: Path
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "o", "--memory", "200kB")
    assert ran.code == 0, ran.err
    run = json.loads((tmp_path / "o" / "run.json").read_text(encoding="utf-8"))
    assert any("were not looked for" in line for line in run["coverage"])
    assert not (tmp_path / "o" / "campaigns.parquet").exists()


def test_reports_alone_with_little_memory_are_refused(
    undertow: Callable, town_file: Path, tmp_path: Path
) -> None:
    ran = undertow(
        "detect", town_file, "--out", tmp_path / "o", "--memory", "200kB", "--from-reports"
    )
    assert ran.code == 2
    assert "memory-campaigns" in ran.err

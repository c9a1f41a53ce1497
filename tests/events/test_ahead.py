"""What is decoded ahead of time: the same batches, and no word of faults."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.events import parquet
from undertow.events.load import load
from undertow.events.parquet import Ahead, decoded, stretches
from undertow.events.read import open_events
from undertow.events.table import SCHEMA
from undertow.playbooks.parse import load as load_playbook
from undertow.playbooks.wanted import looks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parquet, "STRETCH", 200)
    for name, rows in (("a", 1_000), ("b", 500)):
        table = pa.table(
            {
                "id": [f"{name}{row:05}" for row in range(rows)],
                "type": ["post", "like"] * (rows // 2),
                "published": pa.array(range(rows), SCHEMA.field("published").type),
                "actor": [f"p:{row % 37}" for row in range(rows)],
            }
        )
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=100)
    return tmp_path


def told(path: Path, ahead: Ahead) -> tuple[list[str], list[str]]:
    """Give the ids that decoding gives, and those that come with what was decoded ahead."""
    metadata = pq.read_metadata(path)
    plain: list[str] = []
    found: list[str] = []
    for groups, _ in stretches(metadata):
        there = ids(decoded(path, metadata, groups))
        taken = ahead.taken(path, groups[0])
        plain += there
        found += there if taken is None else ids(taken)
    return plain, found


def ids(batches: Iterable[pa.RecordBatch]) -> list[str]:
    return [name for batch in batches for name in batch["id"].to_pylist()]


@pytest.mark.parametrize("most", [1, 3_000, 1 << 20])
def test_what_was_decoded_ahead_and_what_is_left_are_all_rows_in_their_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 60)
    with Ahead([folder], most) as ahead:
        ahead._thread.join()
        for name in ("a", "b"):
            plain, found = told(folder / f"{name}.parquet", ahead)
            assert plain == found
            assert len(plain) == (1_000 if name == "a" else 500)


@pytest.mark.parametrize("most", [1, 1 << 20])
def test_a_log_is_the_same_whether_its_files_were_decoded_ahead(
    folder: Path, most: int
) -> None:
    plain = load(open_events([folder]))
    with Ahead([folder], most) as ahead:
        ahead._thread.join()
        other = load(open_events([folder]), ahead=ahead)
        assert ahead.taken(folder / "a.parquet", 0) is None
    assert plain.id.to_pylist() == other.id.to_pylist()
    assert plain.actor.tolist() == other.actor.tolist()
    assert plain.accounts.equals(other.accounts)


def test_a_broken_file_is_left_to_whoever_reads_it(folder: Path) -> None:
    whole = (folder / "a.parquet").read_bytes()
    (folder / "a.parquet").write_bytes(whole[:4_000] + bytes(2_000) + whole[6_000:])
    with Ahead([folder]) as ahead:
        ahead._thread.join()
        with pytest.raises(UndertowError) as fault:
            load(open_events([folder]), ahead=ahead)
    assert fault.value.code == "file-unreadable"


def test_a_file_with_a_column_twice_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    ids = pa.array(["1"])
    pq.write_table(pa.table([ids, ids], names=["id", "id"]), tmp_path / "a.parquet")
    with Ahead([tmp_path]) as ahead:
        ahead._thread.join()
        assert ahead.taken(tmp_path / "a.parquet", 0) is None


def test_a_path_that_is_not_there_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    with Ahead([tmp_path / "none.parquet", tmp_path / "none.jsonl"]) as ahead:
        ahead._thread.join()
        assert ahead.taken(tmp_path / "none.parquet", 0) is None


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.parquet")
    with Ahead([tmp_path / "a.parquet", tmp_path / "with\0null", tmp_path]) as ahead:
        ahead._thread.join(30)
        assert not ahead._thread.is_alive()


@pytest.mark.parametrize("until", [None, 700])
def test_marks_are_the_same_when_most_texts_are_let_go_of_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: int | None
) -> None:
    dice = np.random.default_rng(3)
    texts = [None, "a river", "write to me@example.org", "t.me/somebody", "five five five"]
    table = pa.table(
        {
            "id": [f"{row:05}" for row in range(1_000)],
            "type": dice.choice(["message", "post", "reply"], 1_000).tolist(),
            "published": pa.array(range(1_000), SCHEMA.field("published").type),
            "actor": [f"p:{row % 37}" for row in range(1_000)],
            "target": [f"p:{row % 31}" if row % 3 else None for row in range(1_000)],
            "content": [texts[k] for k in dice.integers(0, len(texts), 1_000)],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    monkeypatch.setattr(parquet, "STRETCH", 200)
    look = looks([load_playbook("extremist-recruitment")], None)
    end = None if until is None else datetime(1970, 1, 1, 0, 0, 0, until, UTC)
    kept = load(open_events([tmp_path], ground="made up"), looks=look, until=end)
    spared = load(
        open_events([tmp_path], ground="made up"), looks=look, until=end, needs=look.needs
    )
    assert list(kept.marks) == list(spared.marks)
    assert len(kept) == (until or 1_000)
    assert kept.marks["address"].any()
    assert not kept.marks["address"].all()
    for name, mark in kept.marks.items():
        assert mark.tolist() == spared.marks[name].tolist()

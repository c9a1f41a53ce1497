"""The same matches as `detect`, whatever the order in which events come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from crowd import crowd, last_alerts, mixed, write

Run = Callable[..., Any]
BOOKS = ("extremist-recruitment", "group-recruitment")
BOTH = [option for book in BOOKS for option in ("-p", book)]
SHIPPED = sorted(
    (Path(__file__).parents[2] / "src/undertow/playbooks/shipped").glob("*/*.jsonl")
)
BLIND = """
- {platform: p0, types: [message, mention, reply, join, leave], class: direct, ground: consent}
- {platform: p1, content: false, class: direct, ground: consent, from: 2026-01-02T00:00:00Z}
"""


def funnels(folder: Path) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    rows = pq.read_table(folder / "funnels.parquet").to_pylist()
    return {
        (row["playbook"], row["recruiter"], row["target"], row.get("group") or ""): [
            {**step, "at": step["at"].isoformat().replace("+00:00", "Z")}
            for step in row["steps"]
        ]
        for row in rows
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_examples_of_playbooks_give_the_funnels_of_detect(
    path: Path, tmp_path: Path, undertow: Run
) -> None:
    book = path.parent.name
    watched = undertow("watch", path, "--once", "-p", book, "-q", "--ground", "an example")
    assert watched.code == 0
    found = undertow(
        "detect", path, "-p", book, "--out", tmp_path / "out", "--ground", "an example"
    )
    if found.code == 0:
        alerts = last_alerts(watched.out)
        assert {key: one["steps"] for key, one in alerts.items()} == funnels(tmp_path / "out")
    else:
        assert "one-pocket" in found.err


@pytest.mark.parametrize("seed", range(6))
def test_a_mixed_up_stream_gives_the_funnels_of_detect(
    seed: int, tmp_path: Path, undertow: Run
) -> None:
    rows = crowd(seed)
    ordered = write(tmp_path / "ordered.jsonl", rows)
    stream = write(tmp_path / "stream.jsonl", mixed(rows, seed, timedelta(hours=3)))
    options: list[Any] = [*BOTH, "-q", "--ground", "consent"]
    declared: list[Any] = []
    if seed % 2:
        (tmp_path / "ordered.jsonl.source.yaml").write_text(BLIND)
        declared = ["--sources", tmp_path / "ordered.jsonl.source.yaml"]
    found = undertow("detect", ordered, *options, "--out", tmp_path / "out")
    assert found.code == 0, found.err
    watched = undertow("watch", stream, "--once", *options, *declared, "--lateness", "3h")
    assert watched.code == 0, watched.err
    expected = funnels(tmp_path / "out")
    assert {key: one["steps"] for key, one in last_alerts(watched.out).items()} == expected
    assert {key[0] for key in expected} == set(BOOKS)

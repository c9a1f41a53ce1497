"""Days are counted for a case store, and only then: `run.json` is otherwise the same from every engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undertow.pipeline import detect
from undertow.playbooks.parse import load
from undertow.request import Request


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_counts_days_where_it_is_asked_to(
    town_file: Path, tmp_path: Path, asked: bool
) -> None:
    book = load("extremist-recruitment")
    detect(Request((town_file,), tmp_path / "out", (book,), nulls=False, days=asked))
    told = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert ("days" in told) is asked
    if asked:
        counted = sum(sum(one["events"]) for one in told["days"]["channels"])
        assert 0 < counted <= told["events"]

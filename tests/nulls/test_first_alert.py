"""`first_alert` is what `detect --until` says midnight by midnight, and never hindsight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from logs import log_of
from village import START

from undertow.nulls.early import prefix

LATEST = 24
"""Days of the village that are asked one by one; its team is done by then."""


def firsts(folder: Path) -> dict[str, object]:
    rows = pq.read_table(folder / "accounts.parquet").to_pylist()
    return {row["account"]: row["first_alert"] for row in rows}


@pytest.mark.slow
def test_the_first_alert_is_the_first_midnight_on_which_detect_until_raises_the_account(
    undertow: Callable, village_file: Path, tmp_path: Path
) -> None:
    until = START + timedelta(days=LATEST)
    cut = ("--until", until.isoformat())
    undertow("detect", village_file, "--out", tmp_path / "all", "--first-alert", *cut)
    wanted: dict[str, object] = {}
    for day in range(1, LATEST):
        midnight = START + timedelta(days=day)
        out = tmp_path / str(day)
        undertow("detect", village_file, "--out", out, "--until", midnight.isoformat())
        accounts = pq.read_table(out / "accounts.parquet")
        if "q_value" not in accounts.column_names:
            continue
        for row in accounts.to_pylist():
            if row["q_value"] <= 0.1:
                wanted.setdefault(row["account"], midnight)
    found = {name: at for name, at in firsts(tmp_path / "all").items() if at is not None}
    assert found == wanted
    assert {"p:rec-0", "p:rec-3"} <= set(found)


def test_without_being_asked_the_column_is_left_out_and_it_is_said(found: Path) -> None:
    assert "first_alert" not in pq.read_table(found / "accounts.parquet").column_names
    assert "first_alert was not computed" in (found / "run.json").read_text("utf-8")


def test_a_prefix_holds_its_own_accounts_and_nothing_of_later_rows() -> None:
    log = log_of(2, accounts=30, rows=60)
    part, code = prefix(log, 20)
    ends = np.concatenate([log.actor[:20], log.target[:20]])
    assert code.tolist() == np.unique(ends[ends >= 0]).tolist()
    assert np.array_equal(code[part.actor], log.actor[:20])
    there = part.target >= 0
    assert np.array_equal(code[part.target[there]], log.target[:20][there])
    assert len(part.accounts) == len(code) < 30
    assert part.end == log.at[19]
    assert all(len(column) == 20 for column in part.marks.values())

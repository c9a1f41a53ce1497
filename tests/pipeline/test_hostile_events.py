"""Hostile files before `detect`: an exit code, one clear text, nothing of the data in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hostile import CASES, GOOD, SECRETS, SIDECARS, Case


def clean(shown: str, folder: Path) -> None:
    """Hold what every message keeps: no traceback, no absolute path, nothing of the data."""
    assert "Traceback" not in shown
    assert "internal" not in shown
    assert str(folder) not in shown
    assert str(folder.parent) not in shown
    for secret in SECRETS:
        assert secret not in shown


def named(case: Case) -> object:
    return pytest.param(case, id=f"{case.suffix[1:]} {case.name}")


@pytest.mark.parametrize("case", [named(case) for case in CASES])
def test_a_hostile_file_is_refused_or_its_rows_set_aside(
    undertow: Callable, tmp_path: Path, case: Case
) -> None:
    file, out = tmp_path / f"events{case.suffix}", tmp_path / "found"
    file.write_bytes(case.data)
    ran = undertow("detect", file, "--out", out)
    assert ran.code == case.code, ran.err
    clean(ran.err, tmp_path)
    if case.code == 2:
        assert f"--> {file.name}" in ran.err or "[events-none]" in ran.err
        assert "mend: " in ran.err
        assert not out.exists()
        return
    assert (out / "report.html").is_file()
    rejects = out / "rejects.parquet"
    assert rejects.exists() == (case.code == 3)
    if case.code == 3:
        rows = pq.read_table(rejects).to_pylist()
        clean(str(rows), tmp_path)
        assert [(row["file"], row["line"]) for row in rows] == [
            (file.name, 3 if case.suffix == ".csv" else 2)
        ]
        assert case.reject is not None
        assert case.reject in rows[0]["reason"]
        assert "warning: 1 row was set aside; see rejects.parquet" in ran.err


@pytest.mark.parametrize("name", SIDECARS)
def test_a_hostile_declaration_of_sources_is_one_clear_error(
    undertow: Callable, tmp_path: Path, name: str
) -> None:
    (tmp_path / "events.jsonl").write_bytes(GOOD)
    (tmp_path / "events.jsonl.source.yaml").write_bytes(SIDECARS[name])
    ran = undertow("detect", tmp_path / "events.jsonl", "--out", tmp_path / "found")
    assert ran.code == 2, ran.err
    assert "[source-invalid]" in ran.err
    assert "--> events.jsonl.source.yaml" in ran.err
    clean(ran.err, tmp_path)


def test_rows_set_aside_of_several_files_are_counted_together(
    undertow: Callable, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(GOOD + b"{\n" * 3)
    ran = undertow("detect", tmp_path, "--out", tmp_path / "found")
    assert ran.code == 3
    assert "6 rows were set aside" in ran.err
    rows = pq.read_table(tmp_path / "found" / "rejects.parquet").to_pylist()
    assert sorted((row["file"], row["line"]) for row in rows) == [
        (f"{name}.jsonl", n) for name in "ab" for n in (2, 3, 4)
    ]


def test_a_later_clean_run_takes_the_old_rejects_away(
    undertow: Callable, tmp_path: Path
) -> None:
    file, out = tmp_path / "e.jsonl", tmp_path / "found"
    file.write_bytes(GOOD + b"{\n")
    assert undertow("detect", file, "--out", out).code == 3
    file.write_bytes(GOOD)
    assert undertow("detect", file, "--out", out).code == 0
    assert not (out / "rejects.parquet").exists()

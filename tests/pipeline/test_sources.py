"""What the data could not show weighs nothing, and is said; a simulated world stays marked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from town import SEEN, source, town, write_parquet

SIMULATED = b"undertow.simulated"


@pytest.fixture
def run(undertow: Callable, tmp_path: Path) -> Callable:
    """Run `detect` over rows; give the folder and `run.json`."""

    def go(rows: list, *sources: object, **more: object) -> tuple[Path, dict]:
        file = write_parquet(tmp_path / "e.parquet", rows, sources, **more)
        ran = undertow("detect", file, "--out", tmp_path / "found", "--ground", "a test")
        assert ran.code == 0, ran.err
        return tmp_path / "found", json.loads((tmp_path / "found" / "run.json").read_bytes())

    return go


def steps_of(said: dict) -> dict[str, dict]:
    return {step["name"]: step for step in said["playbooks"][0]["steps"]}


def test_follows_that_were_not_visible_are_unknown_and_weigh_nothing(run: Callable) -> None:
    seen = tuple(word for word in SEEN if word != "follow")
    rows = [row for row in town() if row["type"] != "follow"]
    out, said = run(rows, source(types=seen))
    assert steps_of(said)["follow_back"]["unknown_for"] == ["p"]
    assert steps_of(said)["address"]["unknown_for"] == []
    assert any("`follow_back` could not be seen" in line for line in said["coverage"])
    evidence = pq.read_table(out / "evidence.parquet").to_pylist()
    rows = [r for r in evidence if r["step"] == "follow_back" and r["role"] == "recruiter"]
    assert rows
    assert {(r["source"], r["bits"], r["u"], r["m"]) for r in rows} == {
        ("unknown", 0.0, None, None)
    }
    assert "follow back" in (out / "report.html").read_text("utf-8")


def test_the_same_absence_speaks_against_where_follows_were_visible(run: Callable) -> None:
    rows = [row for row in town() if row["type"] != "follow"]
    out, said = run(rows, source())
    assert steps_of(said)["follow_back"]["unknown_for"] == []
    evidence = pq.read_table(out / "evidence.parquet").to_pylist()
    mine = [r for r in evidence if r["step"] == "follow_back" and r["role"] == "recruiter"]
    assert {r["source"] for r in mine} <= {"not taken", "open"}
    assert "not taken" in {r["source"] for r in mine}


def test_without_text_the_address_is_unknown_and_the_step_before_it_lists(
    run: Callable,
) -> None:
    out, said = run([row | {"content": None} for row in town()], source(content=False))
    assert steps_of(said)["address"]["unknown_for"] == ["p"]
    assert any("`address` could not be seen" in line for line in said["coverage"])
    funnels = pq.read_table(out / "funnels.parquet").to_pylist()
    assert "first_message" in {row["step"] for row in funnels}
    taken = {step["step"] for row in funnels for step in row["steps"]}
    assert "address" not in taken
    evidence = pq.read_table(out / "evidence.parquet").to_pylist()
    assert {r["source"] for r in evidence if r["step"] == "address"} <= {"unknown"}


def test_nothing_declared_is_warned_of_and_said_on_the_page(
    undertow: Callable, tmp_path: Path
) -> None:
    file = write_parquet(tmp_path / "e.parquet", town())
    ran = undertow("--quiet", "detect", file, "--out", tmp_path / "f", "--ground", "a test")
    assert ran.code == 0
    assert "warning: e.parquet: no sources declared" in ran.err
    said = json.loads((tmp_path / "f" / "run.json").read_bytes())
    assert any("no sources were declared" in line for line in said["coverage"])
    assert any("no sources declared" in line for line in said["warnings"])


def test_coarse_times_are_said(run: Callable) -> None:
    _, said = run(town(), source(precision="min"))
    assert any("no finer than a minute" in line for line in said["coverage"])


def test_a_simulated_world_is_marked_in_every_output(
    undertow: Callable, run: Callable, tmp_path: Path
) -> None:
    made = {"seed": 7, "background": "the invented town"}
    rows = [
        row
        | {name: row[name].replace("p:", "sim:") for name in ("actor", "target") if row[name]}
        for row in town()
    ]
    out, said = run(rows, source(), simulated=made)
    assert said["simulated"] == made
    for path in out.glob("*.parquet"):
        assert json.loads(pq.read_schema(path).metadata[SIMULATED]) == made
    assert "SIMULATED" in (out / "report.html").read_text("utf-8").upper()
    account = pq.read_table(out / "accounts.parquet")["account"][0].as_py()
    ran = undertow("explain", account, "--from", out)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("SIMULATED")


def test_real_results_carry_no_such_mark(found: Path) -> None:
    assert json.loads((found / "run.json").read_bytes())["simulated"] is None
    for path in found.glob("*.parquet"):
        assert SIMULATED not in pq.read_schema(path).metadata


def test_simulated_and_real_events_do_not_mix(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    other = write_parquet(tmp_path / "s.parquet", town(2), [source()], simulated={"seed": 1})
    ran = undertow("detect", town_file, other, "--out", tmp_path / "f")
    assert ran.code == 2
    assert "[events-mixed]" in ran.err
    assert not (tmp_path / "f").exists()


def test_a_damaged_mark_still_marks(undertow: Callable, tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "e.parquet", town(), [source()])
    table = pq.read_table(file)
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, SIMULATED: b"\x00{"}), file
    )
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "found" / "run.json").read_bytes())["simulated"] is not None

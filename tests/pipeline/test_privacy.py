"""Targets stay under pseudonyms in everything that leaves, unless a reason is written down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from town import CANARY, START, WRITERS, funnel, source, town, write_parquet

from undertow.events.pseudonyms import Pseudonyms

REASON = "a helpline asked to reach them, ticket 12"
NATIVE = b"undertow.native_targets"
PSEUDONYM = re.compile(r"t:[a-z2-7]{16}")


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Give every written file as bytes, and Parquet files also unpacked with their metadata."""
    for path in sorted(folder.rglob("*")):
        yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield path.name, str(table.to_pylist()) + str(table.schema.metadata)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("shape", ["text", "json", "csv"])
def test_no_target_is_named_in_any_file_or_on_the_screen(
    undertow: Callable, tmp_path: Path, kind: str, shape: str
) -> None:
    out = tmp_path / "found"
    file = WRITERS[kind](tmp_path / f"e.{kind}", town(), [source()])
    chance = () if shape == "text" else ("--no-nulls",)
    ran = undertow("detect", file, "--out", out, "--format", shape, *chance)
    assert ran.code == 0, ran.err
    assert CANARY not in ran.out + ran.err
    for name, text in everything(out):
        assert CANARY not in text, name


def test_funnels_evidence_and_page_show_the_same_pseudonyms(found: Path) -> None:
    funnels = pq.read_table(found / "funnels.parquet").to_pylist()
    evidence = pq.read_table(found / "evidence.parquet").to_pylist()
    shown = {row["target"] for row in funnels}
    assert all(PSEUDONYM.fullmatch(target) for target in shown)
    assert shown <= {row["target"] for row in evidence}
    page = (found / "report.html").read_text("utf-8")
    assert set(PSEUDONYM.findall(page)) & shown
    actors = {
        step["actor"] for row in funnels for step in row["steps"] if step["step"] == "approach"
    }
    assert actors <= shown


def test_event_ids_keep_their_shape_around_the_pseudonym(found: Path) -> None:
    funnels = pq.read_table(found / "funnels.parquet").to_pylist()
    mine = [row for row in funnels if row["recruiter"] == "p:rec-1"]
    assert len(mine) == 3
    for row in mine:
        for step in row["steps"]:
            assert re.fullmatch(
                rf"(p:(rec-1|keeper|{row['target']})>p:(rec-1|{row['target']})#\d+)",
                step["event"],
            )


@pytest.mark.parametrize(
    "name",
    ["{one}>{two}#1", "{two}", "dm/{bare}/7", "dm_{bare}_7", "DM:{two}:{two}"],
)
def test_a_target_is_not_named_by_event_ids_of_other_shapes(
    undertow: Callable, tmp_path: Path, name: str
) -> None:
    rows = [row for row in town() if CANARY not in row["id"]]
    rows += _renamed(name)
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    ran = undertow("detect", file, "--out", tmp_path / "found", "--no-nulls")
    assert ran.code == 0, ran.err
    _unnamed(tmp_path / "found")


def test_a_target_is_not_named_by_an_event_id_that_is_its_native_id(
    undertow: Callable, tmp_path: Path
) -> None:
    rows = [row for row in town() if CANARY not in row["id"]] + _renamed("{bare}")
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    assert undertow("detect", file, "--out", tmp_path / "found", "--no-nulls").code == 0
    _unnamed(tmp_path / "found")


@pytest.mark.parametrize("name", ["dm{bare}x7", "{bare}7"])
def test_a_target_is_not_named_by_an_event_id_without_separators(
    undertow: Callable, tmp_path: Path, name: str
) -> None:
    rows = [row for row in town() if CANARY not in row["id"]] + _renamed(name)
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    assert undertow("detect", file, "--out", tmp_path / "found", "--no-nulls").code == 0
    _unnamed(tmp_path / "found")


def _renamed(name: str) -> list[dict[str, object]]:
    """Make one funnel in which the event with the address has an id of the shape given."""
    rows = funnel("p:rec-7", f"p:{CANARY}-77", START + timedelta(days=20))
    for row in rows:
        if "telegram" in (row["content"] or ""):
            row["id"] = name.format(one="p:rec-7", two=f"p:{CANARY}-77", bare=f"{CANARY}-77")
    return rows


def _unnamed(folder: Path) -> None:
    named = pq.read_table(folder / "funnels.parquet").to_pylist()
    assert "p:rec-7" in {row["recruiter"] for row in named}
    for name, text in everything(folder):
        assert CANARY not in text, name


def test_a_reason_names_targets_and_is_written_into_every_file(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    out = tmp_path / "found"
    ran = undertow("detect", town_file, "--out", out, "--native-targets", REASON)
    assert ran.code == 0, ran.err
    funnels = pq.read_table(out / "funnels.parquet")
    assert f"p:{CANARY}-1" in funnels["target"].to_pylist()
    assert f"p:{CANARY}-1" in pq.read_table(out / "evidence.parquet")["target"].to_pylist()
    said = json.loads((out / "run.json").read_bytes())["native_targets"]
    assert said["reason"] == REASON
    assert said["at"].endswith("+00:00")
    for path in out.glob("*.parquet"):
        assert json.loads(pq.read_schema(path).metadata[NATIVE])["reason"] == REASON
    assert "ticket 12" in (out / "report.html").read_text("utf-8")


def test_a_reason_changes_names_and_nothing_else(
    undertow: Callable, tmp_path: Path, town_file: Path, found: Path, tables: Callable
) -> None:
    out = tmp_path / "found"
    assert undertow("detect", town_file, "--out", out, "--native-targets", REASON).code == 0
    sealed, named = tables(found), tables(out)
    assert sealed["accounts"].equals(named["accounts"])
    assert sorted(sealed["funnels"]["weight"].to_pylist()) == sorted(
        named["funnels"]["weight"].to_pylist()
    )


@pytest.mark.parametrize("reason", ["", "why not", "   x      "])
def test_too_short_a_reason_is_refused_before_anything_is_read(
    undertow: Callable, tmp_path: Path, town_file: Path, reason: str
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--native-targets", reason)
    assert ran.code == 2
    assert "[reason-missing]" in ran.err
    assert not (tmp_path / "f").exists()


def test_explain_refuses_a_target_under_either_name(undertow: Callable, found: Path) -> None:
    target = pq.read_table(found / "funnels.parquet")["target"][0].as_py()
    for name in (target, f"p:{CANARY}-1"):
        ran = undertow("explain", name, "--from", found)
        assert ran.code == 2
        assert ran.out == ""
        assert name not in ran.err


def test_a_row_that_names_an_account_does_not_show_its_pseudonym_as_a_target(
    undertow: Callable, tmp_path: Path
) -> None:
    """Who was drawn in and later draws in others is named as one and sealed as the other."""
    both = "p:both-1"
    rows = [
        *town(),
        *funnel("p:rec-0", both, START + timedelta(days=15)),
        *funnel(both, "p:later-1", START + timedelta(days=45)),
    ]
    file, out = write_parquet(tmp_path / "e.parquet", rows, [source()]), tmp_path / "found"
    assert undertow("detect", file, "--out", out).code == 0
    sealed = Pseudonyms.default().of(both)
    funnels = pq.read_table(out / "funnels.parquet").to_pylist()
    assert sealed in {row["target"] for row in funnels}
    assert both in {row["recruiter"] for row in funnels}
    evidence = pq.read_table(out / "evidence.parquet").to_pylist()
    steps = [step for row in funnels for step in row["steps"]]
    named = [s["event"] for s in steps if s["actor"] == both]
    named += [row["event"] for row in evidence if row["account"] == both and row["event"]]
    assert named
    assert not [event for event in named if sealed in event]


def test_a_later_run_with_pseudonyms_leaves_no_native_name_behind(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    out = tmp_path / "found"
    assert undertow("detect", town_file, "--out", out, "--native-targets", REASON).code == 0
    assert undertow("detect", town_file, "--out", out).code == 0
    for name, text in everything(out):
        assert CANARY not in text, name
        assert REASON not in text, name


def test_no_message_text_leaves_for_any_file(found: Path) -> None:
    for name, text in everything(found):
        assert "telegram: @" not in text, name
        assert "lamp_" not in text, name


def test_a_file_name_does_not_show_its_folder(found: Path, town_file: Path) -> None:
    for name, text in everything(found):
        assert str(town_file.parent) not in text, name
        assert str(found) not in text, name


def test_another_key_gives_other_pseudonyms_and_the_same_key_the_same(
    undertow: Callable,
    tmp_path: Path,
    town_file: Path,
    found: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(tmp_path / "other.key"))
    made = []
    for name in ("a", "b"):
        assert undertow("detect", town_file, "--out", tmp_path / name, "--no-nulls").code == 0
        made.append(
            set(pq.read_table(tmp_path / name / "funnels.parquet")["target"].to_pylist())
        )
    assert made[0] == made[1]
    assert not made[0] & set(pq.read_table(found / "funnels.parquet")["target"].to_pylist())

"""What `detect` refuses to read: direct messages without a ground, and one person's pocket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from town import GROUND, START, WRITERS, event, source, town, write_parquet

GROUNDS = b"undertow.grounds"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def messages(party: int, others: int, **more: object) -> list[dict[str, object]]:
    """Make direct messages: some that one account is party to, some among others."""
    at = START
    rows = [
        event(
            "message",
            at,
            *(("p:one", f"p:{n % 9}") if n % 2 else (f"p:{n % 9}", "p:one")),
            f"a{n}",
        )
        for n in range(party)
    ]
    rows += [
        event("message", at, f"p:{n % 9}", f"p:{(n + 1) % 9}", f"b{n}") for n in range(others)
    ]
    return [row | {"published": at + timedelta(hours=n)} | more for n, row in enumerate(rows)]


@pytest.mark.parametrize("kind", WRITERS)
def test_direct_messages_without_a_ground_are_not_read_and_nothing_is_written(
    undertow: Callable, tmp_path: Path, kind: str
) -> None:
    file = WRITERS[kind](tmp_path / f"e.{kind}", town(), [source(ground=None)])
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 2
    assert "[ground-missing]" in ran.err
    assert "--ground TEXT" in ran.err
    assert ran.out == ""
    assert not (tmp_path / "found").exists()


def test_an_empty_ground_is_none(undertow: Callable, tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "e.parquet", town(), [source(ground=None)])
    ran = undertow("detect", file, "--out", tmp_path / "found", "--ground", "  ")
    assert ran.code == 2
    assert "[ground-missing]" in ran.err


def test_one_file_without_a_ground_among_several_is_enough_to_refuse(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    bare = write_parquet(tmp_path / "b.parquet", messages(1, 2, platform="q"))
    ran = undertow("detect", town_file, bare, "--out", tmp_path / "found")
    assert ran.code == 2
    assert "--> b.parquet" in ran.err
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize("refused", [messages(60, 40), messages(2, 5)])
def test_a_refusal_leaves_earlier_results_as_they_were(
    undertow: Callable, tmp_path: Path, town_file: Path, refused: list[dict[str, object]]
) -> None:
    out = tmp_path / "found"
    assert undertow("detect", town_file, "--out", out).code == 0
    before = contents(out)
    ground = ["--ground", GROUND] if len(refused) == 100 else []
    file = write_parquet(tmp_path / "e.parquet", refused)
    assert undertow("detect", file, "--out", out, *ground).code == 2
    assert contents(out) == before


def test_one_pocket_is_refused_and_nothing_is_written(
    undertow: Callable, tmp_path: Path
) -> None:
    file = write_parquet(tmp_path / "e.parquet", messages(51, 50), [source()])
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 2
    assert "[events-one-pocket]" in ran.err
    assert "p:one" not in ran.err
    assert not (tmp_path / "found").exists()


def test_a_party_to_exactly_half_is_no_pocket(undertow: Callable, tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "e.parquet", messages(50, 50), [source()])
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 0, ran.err


def test_a_pocket_is_seen_through_files_repeats_and_platforms_that_say_nothing(
    undertow: Callable, tmp_path: Path
) -> None:
    rows = messages(52, 50, visibility=None, platform=None)
    one = write_parquet(tmp_path / "a.parquet", rows[:60])
    two = write_parquet(tmp_path / "b.parquet", rows[40:] + rows[60:] + rows[60:])
    ran = undertow("detect", one, two, "--out", tmp_path / "found", "--ground", GROUND)
    assert ran.code == 2
    assert "[events-one-pocket]" in ran.err


def test_what_until_leaves_out_is_not_counted_for_the_pocket(
    undertow: Callable, tmp_path: Path
) -> None:
    file = write_parquet(tmp_path / "e.parquet", messages(40, 60), [source()])
    until = (START + timedelta(hours=50)).isoformat()
    ran = undertow("detect", file, "--out", tmp_path / "found", "--until", until)
    assert "[events-one-pocket]" in ran.err


@pytest.mark.parametrize("visibility", ["group", "public"])
def test_messages_to_groups_and_the_public_need_no_ground(
    undertow: Callable, tmp_path: Path, visibility: str
) -> None:
    file = write_parquet(tmp_path / "e.parquet", messages(80, 10, visibility=visibility))
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 0, ran.err
    assert "read under" not in ran.err


@pytest.mark.parametrize("kind", ["group", "public"])
def test_a_source_of_a_wider_class_needs_no_ground_where_rows_say_nothing(
    undertow: Callable, tmp_path: Path, kind: str
) -> None:
    declared = [source(kind=kind, ground=None)]
    file = write_parquet(tmp_path / "e.parquet", messages(80, 10, visibility=None), declared)
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 0, ran.err


def test_a_row_that_says_direct_needs_a_ground_whatever_its_source_says(
    undertow: Callable, tmp_path: Path
) -> None:
    declared = [source(kind="group", ground=None)]
    file = write_parquet(tmp_path / "e.parquet", messages(2, 50), declared)
    ran = undertow("detect", file, "--out", tmp_path / "found")
    assert ran.code == 2
    assert "[ground-missing]" in ran.err


def test_the_ground_stands_on_every_output(undertow: Callable, tmp_path: Path) -> None:
    out, ground = tmp_path / "found", "consent <b>of</b> all & everyone"
    file = write_parquet(tmp_path / "e.parquet", town(), [source(ground=None)])
    ran = undertow("--quiet", "detect", file, "--out", out, "--ground", ground)
    assert ran.code == 0
    ran = undertow("detect", file, "--out", out, "--ground", ground)
    assert f"direct messages read under: {ground}" in ran.err
    assert json.loads((out / "run.json").read_bytes())["ground"] == [ground]
    for path in out.glob("*.parquet"):
        assert json.loads(pq.read_schema(path).metadata[GROUNDS]) == [ground]
    page = (out / "report.html").read_text("utf-8")
    assert "consent &lt;b&gt;of&lt;/b&gt; all &amp; everyone" in page
    assert ground not in page


def test_a_declared_ground_and_one_given_are_both_shown(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--ground", "a second reason")
    assert f"read under: a second reason; {GROUND}" in ran.err

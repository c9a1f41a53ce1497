"""p, q and what agrees, from the command line to the tables, the screen and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

CHANCE = {"probability", "p_value", "q_value", "agrees", "chance"}


def rows_of(folder: Path) -> list[dict]:
    return pq.read_table(folder / "accounts.parquet").to_pylist()


def test_four_who_share_address_and_script_beat_every_null_world(found: Path) -> None:
    best = {}
    for row in rows_of(found):
        best.setdefault(row["account"], row)
    for name in ("p:rec-0", "p:rec-1", "p:rec-2", "p:rec-3"):
        assert best[name]["q_value"] <= 0.1
        assert best[name]["p_value"] <= 0.05
        assert "two kinds of ties to one account" in best[name]["agrees"]
        assert {one["kind"] for one in best[name]["chance"]} == {
            "times",
            "links",
            "recipients",
            "addresses",
            "arrow",
        }


def test_whoever_nothing_agrees_with_is_not_held_against_chance(found: Path) -> None:
    alone = [row for row in rows_of(found) if not row["agrees"]]
    assert len(alone) > 10
    assert {(row["p_value"], row["q_value"]) for row in alone} == {(1.0, 1.0)}


def test_p_is_the_largest_share_over_the_kinds(found: Path) -> None:
    raised = [row for row in rows_of(found) if row["agrees"] and row["weight"] > 0]
    assert raised
    for row in raised:
        assert row["p_value"] == max(
            (1 + one["as_high"]) / (1 + one["of"]) for one in row["chance"]
        )


def test_among_rows_that_something_agrees_with_a_heavier_one_has_no_larger_q(
    found: Path,
) -> None:
    q = [row["q_value"] for row in rows_of(found) if row["agrees"] and row["weight"] > 0]
    assert q == sorted(q)


def test_the_sentence_stands_on_the_screen_in_the_record_and_on_the_page(
    undertow: Callable, village_file: Path, tmp_path: Path
) -> None:
    ran = undertow("--quiet", "detect", village_file, "--out", tmp_path / "o")
    said = json.loads((tmp_path / "o" / "run.json").read_text("utf-8"))["chance"]["sentence"]
    assert "would arise by chance" in said
    assert "honest work of the same shape is not counted" in said
    assert said in ran.err
    page = (tmp_path / "o" / "report.html").read_text("utf-8")
    assert said in page
    assert "Cannot tell: nothing but its own conduct speaks." in page
    assert "recipients drawn anew 0 of" in page


def test_an_explanation_says_how_an_account_stands_against_chance(
    undertow: Callable, found: Path
) -> None:
    ran = undertow("explain", "p:rec-0", "--from", found)
    assert "q = " in ran.out
    assert "Beside its own conduct agrees: two kinds of ties to one account" in ran.out


def test_without_null_worlds_the_columns_are_left_out(
    undertow: Callable, village_file: Path, tmp_path: Path
) -> None:
    undertow("detect", village_file, "--out", tmp_path / "o", "--no-nulls")
    assert not CHANCE & set(rows_of(tmp_path / "o")[0])
    page = (tmp_path / "o" / "report.html").read_text("utf-8")
    assert "Chance was not estimated in this run" in page


def test_where_ties_are_not_looked_for_the_columns_are_left_out_and_it_is_said(
    undertow: Callable, village_file: Path, tmp_path: Path
) -> None:
    for option in (("--memory", "200kB"), ("--state", tmp_path / "kept"), ("--no-campaigns",)):
        out = tmp_path / option[0].strip("-")
        assert undertow("detect", village_file, "--out", out, *option).code == 0
        assert not CHANCE & set(rows_of(out)[0])
        told = json.loads((out / "run.json").read_text("utf-8"))["coverage"]
        assert any(
            line.startswith("p, q and the probability were not computed") for line in told
        )


def test_two_runs_say_the_same(undertow: Callable, village_file: Path, tmp_path: Path) -> None:
    undertow("detect", village_file, "--out", tmp_path / "one")
    undertow("detect", village_file, "--out", tmp_path / "two")
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two")

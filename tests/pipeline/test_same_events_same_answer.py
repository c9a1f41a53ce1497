"""The answer depends on the events, not on how they lie: order, files, formats, repeats."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from town import START, WRITERS, source, town, write_lines, write_parquet

from undertow.cli.main import main

Tables = dict[str, pa.Table]


def equal(one: Tables, two: Tables) -> None:
    for name, table in one.items():
        assert table.num_rows > 0
        assert table.equals(two[name]), name


@pytest.fixture(scope="module")
def usual(town_file: Path, _key_file: Path, tables: Callable, tmp_path_factory: Any) -> Tables:
    """Give what `detect` makes of the town, without what chance makes of it."""
    out = tmp_path_factory.mktemp("usual") / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", str(_key_file))
        assert main(["detect", str(town_file), "--no-nulls", "--out", str(out)]) == 0
    answer: Tables = tables(out)
    return answer


@pytest.fixture
def answer(undertow: Callable, tables: Callable, tmp_path: Path) -> Callable[..., Tables]:
    """Run `detect` over paths and give its three tables, without what chance makes of the events."""

    def run(*args: object) -> Tables:
        out = tmp_path / f"found-{random.Random().random()}"
        ran = undertow("detect", *args, "--no-nulls", "--out", out)
        assert ran.code == 0, ran.err
        return tables(out)

    return run


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_same_answer(
    answer: Callable, usual: Tables, tmp_path: Path, kind: str
) -> None:
    file = WRITERS[kind](tmp_path / f"e.{kind}", town(), [source()])
    equal(usual, answer(file))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_permuted_rows_give_the_same_answer(
    answer: Callable, usual: Tables, tmp_path: Path, seed: int
) -> None:
    rows = town()
    random.Random(seed).shuffle(rows)
    equal(usual, answer(write_parquet(tmp_path / "e.parquet", rows, [source()])))


def test_split_files_of_mixed_formats_in_a_folder_give_the_same_answer(
    answer: Callable, usual: Tables, tmp_path: Path
) -> None:
    rows, folder = town(), tmp_path / "events"
    random.Random(5).shuffle(rows)
    folder.mkdir()
    for n in range(6):
        kind = list(WRITERS)[n % 3]
        WRITERS[kind](folder / f"part{n}.{kind}", rows[n::6], [source()])
    equal(usual, answer(folder))
    names = sorted(path for path in folder.iterdir() if not path.name.endswith(".yaml"))
    equal(usual, answer(*reversed(names)))


def test_doubled_rows_give_the_same_answer(
    answer: Callable, usual: Tables, tmp_path: Path
) -> None:
    rows = town()
    once = write_parquet(tmp_path / "a.parquet", rows, [source()])
    twice = write_parquet(tmp_path / "b.parquet", rows + rows[::-1], [source()])
    equal(usual, answer(twice))
    equal(usual, answer(once, once, write_lines(tmp_path / "c.jsonl", rows, [source()])))


def test_times_written_in_other_zones_give_the_same_answer(
    answer: Callable, usual: Tables, tmp_path: Path
) -> None:
    zone = datetime.fromisoformat("2026-01-01T00:00:00+05:45").tzinfo
    moved = [row | {"published": row["published"].astimezone(zone)} for row in town()]
    equal(usual, answer(write_lines(tmp_path / "e.jsonl", moved, [source()])))


def test_extra_columns_change_nothing(answer: Callable, usual: Tables, tmp_path: Path) -> None:
    rows = town()
    file = write_parquet(tmp_path / "e.parquet", rows, [source()])
    table = pq.read_table(file)
    table = table.append_column("mood", pa.array([{"a": [1]}] * len(rows)))
    pq.write_table(table, file)
    equal(usual, answer(file))


def test_a_second_run_gives_the_same_bytes_of_every_table(
    undertow: Callable, tmp_path: Path, town_file: Path, found: Path
) -> None:
    assert undertow("detect", town_file, "--out", tmp_path / "found").code == 0
    for name in ("accounts", "funnels", "evidence"):
        file = f"{name}.parquet"
        assert (tmp_path / "found" / file).read_bytes() == (found / file).read_bytes()


@pytest.mark.parametrize("days", [25, 33.5, 61])
def test_until_equals_cutting_the_file_by_hand(
    answer: Callable, tmp_path: Path, town_file: Path, days: float
) -> None:
    until = START + timedelta(days=days)
    kept = [row for row in town() if row["published"] < until]
    cut = write_parquet(tmp_path / "cut.parquet", kept, [source()])
    whole = answer(town_file, "--until", until.isoformat())
    equal(whole, answer(cut, "--until", until.isoformat()))


def test_an_event_at_the_moment_of_until_is_left_out(
    undertow: Callable, answer: Callable, tmp_path: Path, town_file: Path
) -> None:
    moment = town()[400]["published"]
    kept = [row for row in town() if row["published"] < moment]
    cut = write_parquet(tmp_path / "cut.parquet", kept, [source()])
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--until", moment.isoformat())
    assert f"{len(kept):,} events read" in ran.err
    equal(
        answer(town_file, "--until", moment.isoformat()),
        answer(cut, "--until", moment.isoformat()),
    )


def test_until_before_all_events_is_one_clear_error(
    undertow: Callable, tmp_path: Path, town_file: Path
) -> None:
    ran = undertow("detect", town_file, "--out", tmp_path / "f", "--until", "2001-01-01T00:00Z")
    assert ran.code == 2
    assert "[events-none]" in ran.err
    assert not (tmp_path / "f").exists()

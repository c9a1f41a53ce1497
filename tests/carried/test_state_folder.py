"""The state folder: a run over today's file, what is refused, and what a killed run leaves."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from town import CANARY, FILLER, Event, source, town, write_parquet

from undertow.carried import files
from undertow.carried.files import Files
from undertow.errors import UndertowError

TABLES = ("accounts", "funnels", "evidence")


class Killed(BaseException):
    """What ends a run in the middle."""


class Dying:
    """Stands in for what puts files onto the disk, and ends the run at one of them."""

    def __init__(self, left: int) -> None:
        self.left, self.sync = left, files._sync

    def __call__(self, path: Path) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        self.sync(path)


@pytest.fixture
def days(tmp_path: Path) -> list[Path]:
    """The town in four files; the third holds rows of the second again, and late ones."""
    rows = town()
    parts = [
        rows[:300],
        rows[300:500],
        rows[450:520] + rows[540:640],
        rows[520:540] + rows[640:],
    ]
    return [
        write_parquet(tmp_path / f"day{k}.parquet", part, [source()])
        for k, part in enumerate(parts)
    ]


@pytest.fixture
def run(undertow: Callable, tmp_path: Path) -> Callable:
    """Run `detect` over files with the state folder."""

    def one(*args: object, out: str = "daily") -> object:
        return undertow("detect", *args, "--state", tmp_path / "state", "--out", tmp_path / out)

    return one


def rows_of(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / f"{name}.parquet").replace_schema_metadata()


def test_daily_files_end_in_the_tables_of_one_run_over_all(
    undertow: Callable, run: Callable, days: list[Path], tmp_path: Path
) -> None:
    for k, day in enumerate(days):
        assert run(day).code == 0
        whole = undertow(
            "detect", *days[: k + 1], "--no-campaigns", "--out", tmp_path / "whole"
        )
        assert whole.code == 0
        for name in TABLES:
            assert rows_of(tmp_path / "daily", name).equals(rows_of(tmp_path / "whole", name))


def test_the_same_file_twice_changes_nothing(
    run: Callable, days: list[Path], tmp_path: Path
) -> None:
    run(days[0])
    run(days[1], out="once")
    assert run(days[1], out="twice").code == 0
    for name in TABLES:
        assert rows_of(tmp_path / "once", name).equals(rows_of(tmp_path / "twice", name))


def test_a_run_that_is_killed_before_the_end_leaves_the_state_as_it_was(
    run: Callable, days: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(days[0])
    manifest, killed = tmp_path / "state" / files.MANIFEST, 0
    before = manifest.read_bytes()
    while manifest.read_bytes() == before:
        with monkeypatch.context() as patch, suppress(Killed):
            patch.setattr(files, "_sync", Dying(killed))
            run(days[1])
        killed += 1
    # At every table, and between the manifest's move and its coming to rest.
    assert killed > 8
    assert run(days[1]).code == 0
    assert run(days[0], days[1], out="again").code == 0
    for name in TABLES:
        assert rows_of(tmp_path / "daily", name).equals(rows_of(tmp_path / "again", name))
    state = Files(tmp_path / "state")
    named = {held.file for held in state.manifest.tables.values()}
    state.close()
    assert {path.name for path in (tmp_path / "state").glob("*.arrow")} == named


@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "manifest"])
def test_a_damaged_state_is_one_clear_error(
    run: Callable, days: list[Path], tmp_path: Path, how: str
) -> None:
    run(days[0])
    one = next((tmp_path / "state").glob("events-*.arrow"))
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "flipped":
        one.write_bytes(bytes(content))
    elif how == "cut":
        os.truncate(one, len(content) // 2)
    elif how == "gone":
        one.unlink()
    else:
        os.truncate(tmp_path / "state" / files.MANIFEST, 40)
    ran = run(days[1])
    assert ran.code == 2
    assert "[state-damaged]" in ran.err
    assert "Traceback" not in ran.err


def test_a_state_of_another_format_is_refused(
    run: Callable, days: list[Path], tmp_path: Path
) -> None:
    run(days[0])
    manifest = tmp_path / "state" / files.MANIFEST
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))
    assert "[state-other-version]" in run(days[1]).err


def test_other_playbooks_or_another_region_are_refused(run: Callable, days: list[Path]) -> None:
    run(days[0])
    assert "[state-other-request]" in run(days[1], "--playbook", "group-recruitment").err
    assert "[state-other-request]" in run(days[1], "--region", "DE").err
    assert run(days[1]).code == 0


def test_a_state_in_use_is_refused(run: Callable, days: list[Path], tmp_path: Path) -> None:
    held = Files(tmp_path / "state")
    ran = run(days[0])
    assert ran.code == 2
    assert "[state-busy]" in ran.err
    held.close()
    assert run(days[0]).code == 0


def test_a_folder_of_other_things_is_left_alone(
    run: Callable, days: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "letter.txt").write_text("dear")
    assert "[state-not-a-state]" in run(days[0]).err
    assert (tmp_path / "state" / "letter.txt").read_text() == "dear"


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UndertowError, match="cannot be written"):
        Files(tmp_path / "file" / "state")


def test_until_and_folders_that_serve_twice_are_refused(
    undertow: Callable, run: Callable, days: list[Path], tmp_path: Path
) -> None:
    assert "[state-until]" in run(days[0], "--until", "2026-02-01T00:00Z").err
    both = undertow("detect", days[0], "--out", tmp_path / "x", "--state", tmp_path / "x")
    assert "[state-among-others]" in both.err


def test_simulated_and_real_days_do_not_mix(
    run: Callable, days: list[Path], tmp_path: Path
) -> None:
    run(days[0])
    simulated = write_parquet(
        tmp_path / "s.parquet", town()[300:], [source()], simulated={"seed": 1}
    )
    assert "[events-mixed]" in run(simulated).err


def test_no_text_is_kept_and_only_the_owner_may_read(
    run: Callable, days: list[Path], tmp_path: Path
) -> None:
    for day in days:
        run(day)
    state = tmp_path / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    held = list(state.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in held)
    content = b"".join(path.read_bytes() for path in held)
    # Ids are there, so the texts would be found if they were.
    assert CANARY.encode() in content
    assert not any(text.encode() in content for text in (*FILLER, "you find me on", "mail me"))


def test_a_later_day_without_a_ground_is_refused_and_not_kept(
    undertow: Callable, run: Callable, days: list[Path], tmp_path: Path
) -> None:
    run(days[0])
    bare: list[Event] = town()[300:500]
    refused = run(write_parquet(tmp_path / "bare.parquet", bare, [source(ground=None)]))
    assert "[ground-missing]" in refused.err
    assert run(*days[1:]).code == 0
    assert undertow("detect", *days, "--no-campaigns", "--out", tmp_path / "whole").code == 0
    for name in TABLES:
        assert rows_of(tmp_path / "daily", name).equals(rows_of(tmp_path / "whole", name))

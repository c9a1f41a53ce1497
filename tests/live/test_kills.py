"""A run that dies at any point is taken up again with nothing lost and nothing doubled."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    path = Path(__file__).parents[2] / "bench/kills.py"
    spec = importlib.util.spec_from_file_location("bench_kills", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_kills"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_blocks(kills: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of some ten lines, and no waiting for the disk: kills of a process lose nothing there."""
    monkeypatch.setattr(kills, "BLOCK", 1 << 12)
    monkeypatch.setattr(kills.reading, "BLOCK", 1 << 12)


@pytest.mark.usefixtures("small_blocks")
def test_twenty_kills_at_random_points_leave_the_alerts_of_a_clean_run(
    kills: ModuleType, tmp_path: Path
) -> None:
    path = kills.events(tmp_path / "events.jsonl", 2_500)
    tally = kills.campaign(path, tmp_path, 20)
    assert tally.kills >= 20
    assert (tally.differ, tally.failures) == (0, [])
    assert len((tmp_path / "clean/alerts.jsonl").read_text().splitlines()) > 20


class Crash(BaseException):
    """Stands for the end of the process."""


class Fuse:
    """Lets a number of calls through and then crashes for good, before or after the call itself."""

    def __init__(self, left: int) -> None:
        self.left = left

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def fused(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Crash
            return call(*args, **kwargs)

        return fused


@pytest.mark.usefixtures("small_blocks")
def test_a_crash_at_every_write_and_rename_leaves_the_alerts_of_a_clean_run(
    kills: ModuleType, tmp_path: Path
) -> None:
    path = kills.events(tmp_path / "events.jsonl", 150)
    kills.run(path, tmp_path / "clean", 3_600.0)
    expected = kills.written(tmp_path / "clean")
    folder = tmp_path / "crashed"
    crashes = left = 0
    while True:
        fuse = Fuse(left)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", fuse.around(os.fsync))
            patch.setattr(Path, "rename", fuse.around(Path.rename))
            patch.setattr(Path, "mkdir", fuse.around(Path.mkdir))
            settings = kills.Settings(
                playbooks=kills.load_playbooks(kills.BOOKS),
                ground="invented",
                lateness=kills.HOUR,
                state=folder / "state",
                alerts=folder / "alerts.jsonl",
                rejects=folder / "rejects.jsonl",
                every=0.0,
            )
            source = kills.reading.Followed(path, once=True)
            watch = None
            try:
                watch = kills.Watch(
                    settings, source, kills.make_compiled(settings), lambda _: None
                )
                watch.run(lambda: False, lambda _: None)
            except Crash:
                crashes += 1
                # Each run gets a little further than the one before: a crash at every call there is.
                left += 2
            else:
                break
            finally:
                if watch is not None:
                    watch.close()
    assert crashes > 20
    assert kills.written(folder) == expected

"""What is compiled ahead, on nothing, is what matching needs: nothing is compiled twice."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import pytest

from undertow import compiled, kept
from undertow.matches import kernel_run
from undertow.matches.match import find
from worlds import log_of, random_events, random_playbook


def test_what_is_compiled_on_nothing_is_of_the_types_that_matching_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = []
    real: Any = kernel_run.run

    def seen(*given: object) -> None:
        called.append(given)
        real(*given)

    monkeypatch.setattr(kernel_run, "run", seen)
    dice = random.Random(5)
    for _ in range(5):
        log = log_of(random_events(dice, 5, 60))
        find(log, random_playbook(dice), threads=1)
    program, moves, rows, lists, _, span, room = (
        numba.typeof(one) for one in kernel_run.nothing_to_run()
    )
    assert len(called) >= 5
    for given in called:
        kinds = [numba.typeof(one) for one in given]
        assert kinds[:4] == [program, moves, rows, lists]
        assert kinds[8:10] == [span, room]


def test_another_process_is_asked_only_where_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Process:
        def __init__(self, command: tuple[str, ...], **_: object) -> None:
            asked.append(command)

        def wait(self) -> int:
            return 0

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(kept, "kept_in", lambda _: tmp_path)
    monkeypatch.setattr(compiled.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", Process)
    with compiled.meanwhile(
        "undertow.matches.kernel", "compile_answer", "undertow.matches.kernel_run"
    ) as wait:
        wait()
    assert [command[0] for command in asked] == [sys.executable]
    (tmp_path / "kernel.answer-1.py311.nbi").touch()
    with compiled.meanwhile(
        "undertow.matches.kernel", "compile_answer", "undertow.matches.kernel_run"
    ) as wait:
        wait()
    assert len(asked) == 1

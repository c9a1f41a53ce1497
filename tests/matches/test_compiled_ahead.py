"""What is compiled ahead, on nothing, is what matching needs: nothing is compiled twice."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from undertow import compiled
from undertow.matches import kernel, kernel_run
from undertow.matches.match import find
from worlds import log_of, random_events, random_playbook


def test_what_was_compiled_on_nothing_is_what_matching_calls() -> None:
    kernel.compile_answer()
    kernel_run.compile_parts()
    functions = (kernel.answer, kernel_run.own_events, kernel_run.with_sides)
    # Other engines call the same functions, each in its own way; only what matching adds counts.
    before = [len(function.signatures) for function in functions]
    assert min(before) >= 1
    dice = random.Random(5)
    for _ in range(5):
        log = log_of(random_events(dice, 5, 60))
        find(log, random_playbook(dice), threads=1)
    assert [len(function.signatures) for function in functions] == before


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

    monkeypatch.setattr(compiled, "kept_in", lambda _: tmp_path)
    monkeypatch.setattr(compiled.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", Process)
    with compiled.meanwhile("undertow.matches.kernel", "compile_answer") as wait:
        wait()
    assert [command[0] for command in asked] == [sys.executable]
    (tmp_path / "kernel.answer-1.py311.nbi").touch()
    with compiled.meanwhile("undertow.matches.kernel", "compile_answer") as wait:
        wait()
    assert len(asked) == 1

"""Back-tests that the desk starts: a child process each, one at a time, on events that the operator named.

The web process opens no events. The child is `undertow backtest` with the text of the playbook in a file of
its own; what it prints is JSON without texts. It names the accounts that it lists, for the store's decisions to be
held against; these names are dropped as soon as they are counted. Answers live in memory and end with the desk.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

import msgspec

from undertow.errors import UndertowError

KEPT: Final = 20
"""Answers kept, the newest."""
FAULT: Final = 800
"""Characters kept of what a child said when it failed."""
LONGEST: Final = 1800
"""Seconds after which a back-test is given up."""

Label = Callable[[list[dict[str, Any]]], dict[str, Any]]
"""Counts what was decided about the accounts of a back-test."""


@dataclass
class Trial:
    """One back-test. `state`: `running`, `done` or `failed`; `fault`: its last words then."""

    job: str
    playbook: str
    started: int
    state: str = "running"
    told: dict[str, Any] | None = None
    fault: str = ""


class Trials:
    """The back-tests of one desk."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trials: OrderedDict[str, Trial] = OrderedDict()

    def get(self, job: str) -> Trial | None:
        """Find a back-test; None if there is none, or none any more."""
        with self._lock:
            return self._trials.get(job)

    def start(  # all that a back-test is made of
        self,
        text: str,
        name: str,
        beside: dict[str, str],
        events: Path,
        now: int,
        label: Label | None = None,
    ) -> Trial:
        """Start a back-test.

        Args:
            text: of the playbook, checked.
            name: of the playbook.
            beside: texts to compare with, by name.
            events: file or folder that the operator named.
            now: microseconds.
            label: counts what was decided about the accounts listed; None for nobody to ask.

        Raises:
            UndertowError: `backtest-running` while another one runs.
        """
        with self._lock:
            if any(one.state == "running" for one in self._trials.values()):
                raise UndertowError(
                    "another back-test is running",
                    code="backtest-running",
                    mend="wait until it is done: one at a time leaves the desk quick",
                )
            trial = Trial(secrets.token_hex(8), name, now)
            self._trials[trial.job] = trial
            while len(self._trials) > KEPT:
                self._trials.popitem(last=False)
        Thread(target=_run, args=(trial, text, beside, events, label), daemon=True).start()
        return trial


def _run(
    trial: Trial, text: str, beside: dict[str, str], events: Path, label: Label | None
) -> None:
    """Run the child; whatever happens, the trial ends, or no other could begin."""
    try:
        said = _ran(trial, text, beside, events)
        if said is not None:
            _keep(trial, said, label)
    finally:
        if trial.state == "running":
            trial.fault, trial.state = "it could not be run on this machine", "failed"


def _keep(trial: Trial, said: bytes, label: Label | None) -> None:
    """Keep what the child said, without the names of accounts."""
    try:
        told = msgspec.json.decode(said, type=dict[str, Any])
    except msgspec.DecodeError:
        trial.fault, trial.state = "its answer could not be read", "failed"
        return
    listed = told.pop("listed", [])
    if label is not None:
        try:
            told["labelled"] = label(listed)
        except UndertowError as fault:
            trial.fault, trial.state = fault.what, "failed"
            return
    trial.told, trial.state = told, "done"


def _ran(trial: Trial, text: str, beside: dict[str, str], events: Path) -> bytes | None:
    """Run the child to its end; None where it failed, which the trial then says."""
    with tempfile.TemporaryDirectory(prefix="undertow-trial-") as place:
        folder = Path(place)
        mine = folder / "playbook.yaml"
        mine.write_text(text, "utf-8")
        command = [
            sys.executable,
            "-m",
            "undertow.cli.main",
            "backtest",
            str(mine),
            str(events.resolve()),
        ]
        for i, other in enumerate(beside.values()):
            file = folder / f"beside-{i}.yaml"
            file.write_text(other, "utf-8")
            command += ["--beside", str(file)]
        command += ["--accounts", "--format", "json", "--no-progress"]
        try:
            done = subprocess.run(  # noqa: S603  # our own command, no shell; the path is the operator's
                command,
                capture_output=True,
                timeout=LONGEST,
                check=False,
                cwd=folder,
                env=_environment(),
            )
        except subprocess.TimeoutExpired:
            trial.fault, trial.state = "it took longer than half an hour", "failed"
            return None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        trial.fault, trial.state = said[:FAULT], "failed"
        return None
    return done.stdout


def _environment() -> dict[str, str]:
    """Give the child what it needs to run, and nothing that is secret here."""
    kept = (
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NUMBA_CACHE_DIR"),
        *("XDG_CACHE_HOME", "XDG_DATA_HOME", "UNDERTOW_KEY_FILE"),
    )
    return {name: os.environ[name] for name in kept if name in os.environ}

"""The way in and the way out: help, versions, completion, exit codes and what faults show."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from undertow import __version__
from undertow.cli import registry, screen
from undertow.errors import PARTLY_REFUSED, Place, UndertowError

MODULE = [sys.executable, "-m", "undertow.cli.main"]
HEAVY = [
    *("pyarrow", "numpy", "numba", "duckdb", "sqlalchemy", "jinja2"),
    *("phonenumbers", "yaml", "rich", "sklearn", "psycopg"),
]
SECRET = "meet me at noon"


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put a made-up act in the place of the command `doctor`."""

    def put(act: Callable[[], object]) -> None:
        def doctor() -> None:
            act()

        from undertow.cli import doctor as module

        monkeypatch.setattr(module, "doctor", doctor)

    return put


def fails(fault: BaseException) -> Callable[[], object]:
    def act() -> None:
        raise fault

    return act


def test_help_lists_every_command_with_its_words(undertow: Callable) -> None:
    ran = undertow("--help")
    assert ran.code == 0
    for entry in registry.COMMANDS:
        assert f"  {entry.name:<8}  {entry.help}\n" in ran.out


def test_help_starts_fast() -> None:
    """Figures stand in docs/concepts/limits.md; this bound only catches a heavy import."""
    best = 9.0
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([*MODULE, "--help"], check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    assert best < 1.0


def test_no_command_module_imports_a_heavy_library() -> None:
    names = [f"undertow.cli.{entry.module}" for entry in registry.COMMANDS]
    look = f"import sys, {', '.join(names)}; print(*[m for m in {HEAVY} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", look], check=True, capture_output=True, text=True
    )
    assert said.stdout.split() == []


@pytest.mark.parametrize("name", [entry.name for entry in registry.COMMANDS])
def test_every_command_has_help_of_its_own(undertow: Callable, name: str) -> None:
    ran = undertow(name, "--help")
    assert ran.code == 0
    assert f"Usage: undertow {name}" in ran.out


def test_the_version_is_the_package_s(undertow: Callable) -> None:
    assert undertow("--version").out == f"undertow {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_the_shell_that_is_named(shell: str) -> None:
    said = subprocess.run(
        [*MODULE, "--show-completion", shell], check=True, capture_output=True, text=True
    )
    assert f"_UNDERTOW_COMPLETE=complete_{shell}" in said.stdout


def test_completion_offers_commands_by_their_first_letters() -> None:
    asked = {
        "_UNDERTOW_COMPLETE": "complete_bash",
        "COMP_WORDS": "undertow d",
        "COMP_CWORD": "1",
    }
    said = subprocess.run(
        MODULE, env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert said.stdout.split() == ["demo", "detect", "deliver", "doctor"]


def test_a_misspelt_command_is_the_user_s_fault_and_names_the_nearest(
    undertow: Callable,
) -> None:
    ran = undertow("detct")
    assert ran.code == 2
    assert "Did you mean 'detect'?" in ran.err


def test_an_unknown_option_is_the_user_s_fault(undertow: Callable) -> None:
    assert undertow("doctor", "--colour").code == 2


def test_a_fault_of_the_user_shows_what_where_and_mend(
    undertow: Callable, acting: Callable
) -> None:
    fault = UndertowError(
        "no events", code="events-none", mend="add some", place=Place("a.csv", 3)
    )
    acting(fails(fault))
    ran = undertow("doctor")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "no events [events-none]\n  --> a.csv:3\nmend: add some\n"


def test_input_partly_refused_has_a_code_of_its_own(
    undertow: Callable, acting: Callable
) -> None:
    acting(fails(UndertowError("1 row", code="rows-refused", exit_code=PARTLY_REFUSED)))
    assert undertow("doctor").code == 3


def test_our_fault_shows_its_line_and_never_its_text(
    undertow: Callable, acting: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERTOW_TRACE", raising=False)
    acting(fails(KeyError(SECRET)))
    ran = undertow("doctor")
    assert ran.code == 1
    assert ran.err.startswith("this is our fault: KeyError at undertow.")
    assert "[internal]" in ran.err
    assert SECRET not in ran.err
    assert "Traceback" not in ran.err


def test_whoever_asks_for_the_trace_gets_it(
    undertow: Callable, acting: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERTOW_TRACE", "1")
    acting(fails(KeyError("a")))
    assert "Traceback" in undertow("doctor").err


def test_an_interrupt_ends_with_one_line(undertow: Callable, acting: Callable) -> None:
    acting(fails(KeyboardInterrupt()))
    ran = undertow("doctor")
    assert (ran.code, ran.err) == (130, "interrupted\n")


def test_a_full_disk_is_told_without_an_absolute_path(
    undertow: Callable, acting: Callable, tmp_path: Path
) -> None:
    acting(
        fails(OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "out.parquet")))
    )
    ran = undertow("doctor")
    assert ran.code == 2
    assert "at `out.parquet`: no space left on device [system-refused]" in ran.err
    assert str(tmp_path) not in ran.err


def test_a_reader_that_has_gone_ends_the_run_quietly() -> None:
    gone, ours = os.pipe()
    os.close(gone)
    ran = subprocess.run(
        [*MODULE, "doctor", "--format", "json"],
        stdout=ours,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(ours)
    assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.parametrize("where", [("-q", "doctor"), ("doctor", "--quiet")])
def test_quiet_may_stand_anywhere_and_spares_warnings(
    undertow: Callable, acting: Callable, where: tuple[str, ...]
) -> None:
    def act() -> None:
        screen.note("by the way")
        screen.warn("beware")

    acting(act)
    assert undertow(*where).err == "warning: beware\n"

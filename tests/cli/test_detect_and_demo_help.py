"""What `detect --help` and `demo --help` promise: every option, an example, and lines that fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

OPTIONS = {
    "detect": [
        *("--out", "--playbook", "--until", "--ground", "--timezone", "--region"),
        *("--prior", "--native-targets", "--format"),
    ],
    "demo": ["--out", "--seed", "--background"],
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help_names_every_option_and_an_example(undertow: Callable, command: str) -> None:
    ran = undertow(command, "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert f"Example: undertow {command} " in " ".join(ran.out.split())
    for option in OPTIONS[command]:
        assert f"{option} " in ran.out, option


@pytest.mark.parametrize("command", OPTIONS)
def test_help_fits_a_narrow_terminal(
    undertow: Callable, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = undertow(command, "--help")
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_detect_says_that_targets_are_hidden_and_that_a_person_decides(
    undertow: Callable,
) -> None:
    said = " ".join(undertow("detect", "--help").out.split())
    assert "Targets appear under pseudonyms" in said
    assert "a person reads the report" in said


@pytest.mark.parametrize("command", OPTIONS)
def test_an_unknown_option_is_the_users_fault(undertow: Callable, command: str) -> None:
    ran = undertow(command, "--no-such-option")
    assert ran.code == 2
    assert "--no-such-option" in ran.err
    assert "Traceback" not in ran.err

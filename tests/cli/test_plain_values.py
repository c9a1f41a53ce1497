"""Values of options that stand as they are: the same as typer makes of them, without its checks."""

from __future__ import annotations

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from undertow.cli.plain_values import spare

NOTHING = "import sys; from undertow.cli.main import main; main({args!r}); print('pydantic' in sys.modules)"


class Word(StrEnum):
    """A choice."""

    ONE = "one"
    TWO = "two"


def command(kept: list[dict[str, Any]]) -> typer.core.TyperCommand:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)

    @app.command()
    def work(
        files: Annotated[list[Path], typer.Argument()],
        out: Annotated[Path, typer.Option()],
        there: Annotated[Path | None, typer.Option(exists=True)] = None,
        text: Annotated[str | None, typer.Option()] = None,
        many: Annotated[list[str] | None, typer.Option()] = None,
        share: Annotated[float, typer.Option(min=0.0, max=1.0)] = 0.5,
        number: Annotated[int | None, typer.Option(min=1)] = None,
        word: Annotated[Word, typer.Option()] = Word.ONE,
        yes: Annotated[bool, typer.Option("--yes/--no")] = True,
    ) -> None:
        kept.append(locals())

    return typer.main.get_command(app)


def ran(args: list[str], *, spared: bool) -> tuple[int, list[dict[str, Any]]]:
    kept: list[dict[str, Any]] = []
    made = command(kept)
    if spared:
        spare(made)
    with pytest.raises(SystemExit) as left:
        made.main(args=args, prog_name="work")
    for one in kept:
        one.pop("kept", None)
    return int(left.value.code or 0), kept


GIVEN = (
    ["a", "b", "--out", "c"],
    ["a", "--out", "c", "--text", "", "--many", "x", "--many", "y"],
    ["a", "--out", "c", "--share", "0.25", "--number", "3", "--word", "two", "--no"],
    ["a", "--out", "c", "--share", "2"],
    ["a", "--out", "c", "--number", "0"],
    ["a", "--out", "c", "--number", "x"],
    ["a", "--out", "c", "--word", "three"],
    ["a", "--out", "c", "--there", "no such file"],
    ["a", "--out", "c", "--there", os.curdir],
    ["a"],
    ["--out", "c"],
    [],
)


@pytest.mark.parametrize("args", GIVEN, ids=" ".join)
def test_plain_values_are_those_of_typer(args: list[str]) -> None:
    assert ran(args, spared=True) == ran(args, spared=False)


def test_what_may_not_be_read_is_refused_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "held"
    held.write_text("x", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    args = [str(held), "--out", "c"]
    assert ran(args, spared=True) == ran(args, spared=False)
    assert ran(args, spared=True)[0] == 2


def test_a_command_with_plain_options_asks_for_no_checks(tmp_path: Path) -> None:
    args = ["detect", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    program = NOTHING.format(args=args)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"

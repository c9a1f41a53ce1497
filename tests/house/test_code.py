"""What no linter holds: lengths, names, hidden imports, docstrings, reasons for exceptions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCE = sorted((ROOT / "src").rglob("*.py"))
EVERY = [
    path
    for folder in ("src", "tests", "bench", "docs")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "data" not in path.relative_to(ROOT).parts
]
FILE_LINES, FUNCTION_LINES = 400, 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "internals"}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_compiled(path: Path) -> bool:
    """Whether a file holds compiled code, where a call or an object costs."""
    compiled = (
        "*/matches/kernel*.py",
        "*/events/kernel*.py",
        "*/engines/*kernel*.py",
    )
    return any(path.match(pattern) for pattern in compiled)


@pytest.mark.parametrize("path", EVERY, ids=shown)
def test_a_file_is_short_enough_to_read_at_one_sitting(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= FILE_LINES, f"{shown(path)} has {lines} lines: cut it along a noun"


@pytest.mark.parametrize("path", EVERY, ids=shown)
def test_a_function_s_body_fits_on_a_screen(path: Path) -> None:
    if is_compiled(path):
        return
    long = [
        f"{node.name}:{node.lineno}"
        for node in functions(path)
        if (node.end_lineno or 0) - node.body[0].lineno + 1 > FUNCTION_LINES
    ]
    assert not long, f"{shown(path)}: {long}"


@pytest.mark.parametrize("path", SOURCE, ids=shown)
def test_no_import_is_hidden_from_the_reader_of_layers(path: Path) -> None:
    assert "TYPE_CHECKING" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", SOURCE, ids=shown)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert len(text.split()) > 3, f"{shown(path)} needs a docstring of more than three words"


def test_no_module_is_named_for_what_it_is_not() -> None:
    vague = [shown(path) for path in SOURCE if VAGUE & {path.stem, *path.parent.parts}]
    assert not vague


@pytest.mark.parametrize("path", EVERY, ids=shown)
def test_a_suppression_names_its_rule_and_its_reason(path: Path) -> None:
    asks = re.compile(r"#\s*(ruff: )?" + "noqa|#\\s*type: " + "ignore")
    says = re.compile(r"(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|ignore\[[a-z, -]+\])\s+[-#]+ +[`\w]")
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    bare = [number for number, line in lines if asks.search(line) and not says.search(line)]
    assert not bare, f"{shown(path)}: lines {bare}"

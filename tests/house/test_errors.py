"""Every error code stands in the documentation, and every documented code in the source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

SECTION = re.compile(r"^### ([a-z0-9-]+)$", re.MULTILINE)
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def codes_in(path: Path) -> set[str]:
    """Collect what is given as `code=` in calls, and as a default of a parameter `code`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            given += [word.value for word in node.keywords if word.arg == "code"]
        elif isinstance(node, ast.arguments):
            named = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            given += [default for arg, default in named if arg.arg == "code"]
        for value in given:
            texts = ast.walk(value) if value is not None else ()
            found |= {
                text.value
                for text in texts
                if isinstance(text, ast.Constant) and isinstance(text.value, str)
            }
    return {code for code in found if CODE.fullmatch(code)}


def test_every_error_code_has_a_section(root: Path) -> None:
    used = {code for path in (root / "src").rglob("*.py") for code in codes_in(path)}
    page = (root / "docs/reference/errors.md").read_text("utf-8")
    missing = sorted(used - set(SECTION.findall(page)))
    assert not missing, f"explain in docs/reference/errors.d/, then `make docs`: {missing}"


def test_every_explained_code_can_be_met(root: Path) -> None:
    source = "\n".join(path.read_text("utf-8") for path in (root / "src").rglob("*.py"))
    page = (root / "docs/reference/errors.md").read_text("utf-8")
    unused = [code for code in SECTION.findall(page) if f'"{code}"' not in source]
    assert not unused, f"no source raises these any more: {unused}"

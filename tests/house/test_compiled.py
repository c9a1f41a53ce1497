"""Kept machine code is made anew when any source that it was made from changes."""

from __future__ import annotations

import ast
from pathlib import Path

from undertow.kept import BUILT_ON

SOURCES = Path(__file__).parent.parent.parent / "src" / "undertow"
MAKERS = {
    "outer",
    "inner",
    "inlined",
    "uncounted",
    "uncounted_inner",
    "uncounted_outer",
    "written",
}
"""What a module takes from `undertow.compiled` if it holds compiled functions."""


def taken(path: Path) -> dict[str, set[str]]:
    """List the names that a module imports, by the module that has them."""
    found: dict[str, set[str]] = {}
    for one in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(one, ast.ImportFrom) and one.module:
            found.setdefault(one.module, set()).update(name.name for name in one.names)
    return found


def test_packages_whose_compiled_code_others_call_are_named() -> None:
    modules = {
        "undertow." + ".".join(path.relative_to(SOURCES).with_suffix("").parts): taken(path)
        for path in SOURCES.rglob("*.py")
    }
    compiled = {
        name for name, used in modules.items() if used.get("undertow.compiled", set()) & MAKERS
    }
    assert "undertow.events.kernel_bytes" in compiled
    called: dict[str, set[str]] = {}
    for name in compiled:
        package = name.split(".")[1]
        others = {one.split(".")[1] for one in modules[name].keys() & compiled} - {
            package,
            "compiled",
        }
        if others:
            called.setdefault(package, set()).update(others)
    assert {name: set(others) for name, others in BUILT_ON.items()} == called

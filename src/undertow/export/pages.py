"""How every page is made from a template: escaped whatever the template is called, and strict about names."""

from __future__ import annotations

import os
from collections.abc import Callable

import jinja2

from undertow.kept import root


def environment(
    load: Callable[[str], str | None], kept: str | None = None
) -> jinja2.Environment:
    """Make an environment in which everything is escaped and an unknown name is a fault.

    Args:
        load: gives a template's text by its name, None where there is none.
        kept: folder, beside compiled code, for compiled templates; None to keep none.
    """
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        bytecode_cache=None if kept is None else _kept(kept),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _kept(name: str) -> jinja2.BytecodeCache | None:
    """Keep compiled pages beside compiled code: making them anew takes a fifth of a second."""
    folder = root() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return jinja2.FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None

"""Every sentence that the desk can say, found in its code and templates as a translator would find it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from babel.messages.extract import extract
from jinja2.ext import extract_from_ast

import undertow.review

ROOT = Path(undertow.review.__file__).parent
KEYWORDS: dict[str, Any] = {
    "say": None,
    "marked": None,
    "_": None,
    "many": (1, 2),
    "n_": (1, 2),
}
Sentence = str | tuple[str, str]


@cache
def sentences() -> dict[Sentence, str]:
    """Give every sentence, one with its plural as a pair, with the name of the file that says it."""
    found: dict[Sentence, str] = {}
    for file in sorted(ROOT.rglob("*.py")):
        with file.open("rb") as opened:
            for _, said, *_rest in extract("python", opened, keywords=KEYWORDS):
                if said:
                    one: Sentence = said if isinstance(said, str) else (said[0], said[1])
                    found.setdefault(one, file.name)
    read = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"]
    )
    for file in sorted(ROOT.rglob("*.j2")):
        for _, function, said in extract_from_ast(
            read.parse(file.read_text("utf-8")), ("_", "n_")
        ):
            parts = said if isinstance(said, tuple) else (said,)
            if function == "n_" and parts[0] and parts[1]:
                found.setdefault((parts[0], parts[1]), file.name)
            elif function == "_" and parts[0]:
                found.setdefault(parts[0], file.name)
    return found

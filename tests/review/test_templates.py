"""Templates: nothing runs, nothing is let through unescaped, and each one escapes what it is given."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from payloads import PAYLOADS

FOLDER = resources.files("undertow.review") / "templates"
TEMPLATES = sorted(one.name for one in FOLDER.iterdir() if one.name.endswith(".j2"))
BANNED = {
    "the filter that switches escaping off": r"\|\s*safe\b",
    "a word that escaping trusts": r"\bMarkup\b",
    "a block without escaping": r"autoescape",
    "a handler in the page": r"<[^>{]*\son[a-z]+\s*=",
    "a handler of htmx": r"hx-on",
    "code in a value": r"js:",
    "a style in the page": r"\sstyle\s*=|<style",
    "a script in the page": r"<script(?![^>]*\bsrc=)",
    "an address that runs": r"javascript:",
    "another host": r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//",
    "a value without quotes": r"\s[\w-]+=\{\{",
}


def test_there_are_templates_and_at_least_150_payloads() -> None:
    assert len(TEMPLATES) > 10
    assert len(PAYLOADS) == len(set(PAYLOADS)) >= 150


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_nothing_that_runs_and_trusts_nothing(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    found = [what for what, pattern in BANNED.items() if re.search(pattern, text)]
    assert not found


def test_no_code_of_the_desk_makes_markup_that_escaping_trusts() -> None:
    root = resources.files("undertow.review")
    waiting, faults = [root], []
    while waiting:
        for one in waiting.pop().iterdir():
            if one.is_dir():
                waiting.append(one)
            elif one.name.endswith(".py"):
                text = one.read_text("utf-8")
                if re.search(r"\bMarkup\(|autoescape\s*=\s*False|select_autoescape", text):
                    faults.append(one.name)
    assert not faults

"""Rates written into a playbook's text, and nothing else moved."""

from __future__ import annotations

import pytest

from undertow.playbooks.catalog import names
from undertow.playbooks.parse import load, parse, read_text
from undertow.playbooks.restate import with_likely

SOURCE = 'learned: "so" \u00e9 \\ {x}'


@pytest.mark.parametrize("name", names())
def test_every_step_of_every_shipped_playbook_can_be_given_another_rate(name: str) -> None:
    text, book = read_text(name), load(name)
    rates = {step.name: (0.123, SOURCE) for step in book.steps}
    made = parse(with_likely(text, rates).encode())
    assert [(step.likely, step.likely_source) for step in made.steps] == [
        (0.123, SOURCE) for _ in book.steps
    ]


def test_what_is_not_about_the_rate_stays_to_the_letter() -> None:
    text = read_text("extremist-recruitment")
    made = with_likely(text, {"follow_back": (0.25, "x")})
    was, now = text.splitlines(), made.splitlines()
    assert len(was) == len(now)
    assert [n for n, (a, b) in enumerate(zip(was, now, strict=True)) if a != b] == [
        next(n for n, line in enumerate(was) if "follow_back" in line) + 6
    ]


@pytest.mark.parametrize(
    "step",
    [
        "  go: {type: message, from: a, to: target}",
        "  go: {likely: 0.5, type: message, from: a, to: target}  # why",
        "  go:\n    likely: 0.5   # why\n    type: message\n    from: a\n    to: target",
        "  go:\n    type: message\n    from: a\n    to: target\n    likely:\n      rate: 0.5\n      source: >-\n        one\n        two",
        "  'go':\n    type: [message]\n    from: a\n    to: target",
    ],
)
def test_a_rate_finds_its_place_in_any_form_of_step(step: str) -> None:
    text = (
        "playbook: p\ngrammar: 1\nroles: {a: {}, target: {}}\nkey: [a, target]\nlisted_from: go\n"
        f"steps:\n{step}\nreason: x\n"
    )
    parse(text.encode())
    made = with_likely(text, {"go": (0.25, SOURCE)})
    assert parse(made.encode()).steps[0].likely == 0.25
    assert ("# why" in made) == ("# why" in step)


def test_a_rate_for_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have"):
        with_likely(read_text("extremist-recruitment"), {"none": (0.5, "x")})

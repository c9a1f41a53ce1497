"""Each shipped playbook finds its examples and spares the look-alikes, through the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.pipeline import match_examples
from undertow.playbooks.catalog import names
from undertow.playbooks.parse import load

BOOKS = [load(name) for name in names()]
FINDS = [(book, name) for book in BOOKS for name in book.examples.finds]
SPARES = [(book, name) for book in BOOKS for name in book.examples.spares]


@pytest.mark.parametrize(("book", "name"), FINDS, ids=lambda part: getattr(part, "name", part))
def test_an_example_is_found(book, name) -> None:
    assert match_examples(Path(book.folder) / name, book)


@pytest.mark.parametrize(("book", "name"), SPARES, ids=lambda part: getattr(part, "name", part))
def test_a_look_alike_is_spared(book, name) -> None:
    assert match_examples(Path(book.folder) / name, book) == []


def test_the_report_is_followed_to_its_last_step() -> None:
    book = load("extremist-recruitment")

    assert "handoff" in match_examples(Path(book.folder) / "defector-report.jsonl", book)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
def test_every_example_file_beside_a_playbook_is_run(book) -> None:
    beside = {file.name for file in Path(book.folder).glob("*.jsonl")}

    assert beside == {*book.examples.finds, *book.examples.spares}

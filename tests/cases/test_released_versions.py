"""Stores that released versions wrote open here, with everything that was in them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from undertow.cases import schema
from undertow.cases.month import report
from undertow.cases.people import person_named, sign_in
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal
from undertow.cases.saved import saved
from undertow.cases.store import open_store

NOW = 1_780_400_000_000_000
RELEASED = sorted((Path(__file__).parent / "populated").glob("*.zip"))


def test_the_newest_version_of_the_tables_has_a_store_to_be_tried_on() -> None:
    assert [path.stem for path in RELEASED] == sorted(schema.versions())


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_store_of_a_released_version_opens_with_all_that_was_in_it(path, tmp_path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    store = open_store(tmp_path / "cases")
    with store.reading() as connection:
        assert schema.stands_at(connection) == schema.head()
    ada = person_named(store, "ada")
    assert ada is not None
    assert sign_in(store, "ada", "four plain words") == ada
    counts = queue(store, ada, View(), NOW).counts
    assert (counts["all"], counts["closed"]) == (10, 2)
    month = report(store, "2026-06")
    assert (month.decided, month.confirmed, month.rejected, month.texts) == (2, 1, 1, 2)
    assert [row.allowed for row in queue(store, ada, View(), NOW).rows].count(True) == 1
    assert [one.filters for one in saved(store, ada)] == [{"view": "mine"}]
    closed = queue(store, ada, View(which="closed"), NOW).rows[0]
    view = case_view(store, ada, closed.code, NOW)
    assert all(act.reason for act in view.acts if act.kind == "propose")
    text = reveal(store, ada, view.passages[0].code, "to decide", NOW + 10**12)
    assert text.startswith("and ")
    store.close()

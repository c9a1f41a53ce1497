"""What tests of decisions share: an empty case store on SQLite and on PostgreSQL, people, and a case made by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made import Desk

from undertow.cases.store import Store, make_store

SQLITE, POSTGRESQL = "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a folder."""
    store = make_store(tmp_path / "cases", simulated=False)
    yield store
    store.close()


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, once in a folder and once in a database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    url = request.getfixturevalue("postgres_schema")
    store = make_store(url, simulated=False, folder=tmp_path / "cases")
    yield store
    store.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk with people and one new case, on both databases."""
    return Desk(store)


@pytest.fixture
def lone(sqlite: Store) -> Desk:
    """The same on SQLite alone, where the database makes no difference."""
    return Desk(sqlite)

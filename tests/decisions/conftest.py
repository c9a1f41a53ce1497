"""What tests of decisions share: an empty case store with its guards, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from undertow.cases.store import Store, make_store

SQLITE, POSTGRESQL = "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    store = make_store(tmp_path / "cases", simulated=False)
    yield store
    store.close()


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with its tables and guards."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    url = request.getfixturevalue("postgres_schema")
    store = make_store(url, simulated=False, folder=tmp_path / "cases")
    yield store
    store.close()

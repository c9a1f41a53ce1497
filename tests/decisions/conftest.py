"""What tests of decisions share: an empty case store on SQLite and on PostgreSQL, people, and a case made by hand."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

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
    make: Callable[[], tuple[str, Callable[[], None]]] = request.getfixturevalue("schema")
    url, drop = make()
    (tmp_path / "cases").mkdir()
    store = make_store(url, simulated=False, folder=tmp_path / "cases")
    yield store
    store.close()
    drop()


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> Callable[[], tuple[str, Callable[[], None]]]:
    """Make an empty schema of the running server; give its URL and what drops it."""
    url = request.getfixturevalue("postgres_url")

    def make() -> tuple[str, Callable[[], None]]:
        name = f"s{uuid.uuid4().hex[:12]}"
        server = create_engine(url, isolation_level="AUTOCOMMIT")

        def run(words: str) -> None:
            with server.connect() as connection:
                connection.execute(text(words))

        def drop() -> None:
            run(f"DROP SCHEMA {name} CASCADE")
            server.dispose()

        run(f"CREATE SCHEMA {name}")
        return f"{url}&options=-csearch_path%3D{name}", drop

    return make


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk with people and one new case, on both databases."""
    return Desk(store)


@pytest.fixture
def lone(sqlite: Store) -> Desk:
    """The same on SQLite alone, where the database makes no difference."""
    return Desk(sqlite)

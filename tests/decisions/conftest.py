"""What tests of decisions share: an empty case store with its guards, on SQLite and on PostgreSQL."""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from undertow.cases import guards
from undertow.cases.store import Store, connect
from undertow.cases.tables import metadata

_BESIDE = Path(__file__).parent.parent / "importers/conftest.py"
_SPEC = importlib.util.spec_from_file_location("importers_conftest", _BESIDE)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
postgres_url = _MODULE.postgres_url

SQLITE, POSTGRESQL = "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)


def built(engine, folder: Path) -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(engine, folder)
    with store.writing() as connection:
        metadata.create_all(connection)
        guards.guard(connection)
    return store


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "cases"
    store = built(connect(f"sqlite:///{folder / 'cases.sqlite'}", folder), folder)
    yield store
    store.engine.dispose()


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with its tables and guards."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    make: Callable[[], tuple[str, Callable[[], None]]] = request.getfixturevalue("schema")
    url, drop = make()
    store = built(connect(url, tmp_path / "cases"), tmp_path / "cases")
    yield store
    store.engine.dispose()
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

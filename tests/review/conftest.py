"""What tests of the desk share: a store with four people, the application over it, and callers who are signed in."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from callers import PASSWORD, ROLES, START, Served, Time

from undertow.cases import people
from undertow.cases.store import Store, make_store, open_store
from undertow.review.app import make_app
from undertow.review.logs import logger_for
from undertow.review.settings import Settings


@pytest.fixture(autouse=True)
def _quick(quick_passwords: None) -> None:
    """Hash passwords cheaply: what they cost is Argon2's to test."""


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory, quick_passwords: None) -> Path:
    """Make a store without people and one with four, once."""
    folder = tmp_path_factory.mktemp("empty")
    for name, staff in (("nobody", {}), ("staffed", ROLES)):
        store = make_store(folder / name / "cases", simulated=True)
        for who, role in staff.items():
            people.add_person(store, who, role, PASSWORD, now=START)
        store.close()
    return folder


@pytest.fixture
def serve(_empty: Path, tmp_path: Path) -> Iterator[Serve]:
    """Make a desk over an empty store with four people: ada, ben, cleo and dora."""
    made: list[Store] = []

    def build(
        settings: Settings | None = None, *, staffed: bool = True, more: Any = ()
    ) -> Served:
        folder = tmp_path / f"store{len(made)}"
        shutil.copytree(_empty / ("staffed" if staffed else "nobody"), folder)
        store = open_store(folder / "cases")
        made.append(store)
        time, log = Time(), io.StringIO()
        app = make_app(
            store,
            settings or Settings(per_second=1000, burst=10_000),
            clock_=time,
            logger=logger_for(log),
            more=more,
        )
        known = {one.person.name: one.person for one in people.people(store)}
        return Served(app, store, time, log, known)

    yield build
    for store in made:
        store.close()


@pytest.fixture
def served(serve: Serve) -> Served:
    """A desk with four people and no cases."""
    return serve()


@pytest.fixture
def on_cases(desk: Any) -> Callable[..., Served]:
    """Make a desk over the small store of simulated cases; its people are ada, ben, cleo, dora and eve."""

    def build(settings: Settings | None = None) -> Served:
        time, log = Time(desk.now), io.StringIO()
        app = make_app(
            desk.store,
            settings or Settings(per_second=1000, burst=10_000),
            clock_=time,
            logger=logger_for(log),
        )
        names = (*ROLES, "eve")
        return Served(app, desk.store, time, log, {name: getattr(desk, name) for name in names})

    return build

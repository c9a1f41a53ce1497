"""What tests of decisions share: an empty case store on SQLite and on PostgreSQL, people, and a case made by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made import Desk

from undertow.cases.store import Store


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk with people and one new case, on both databases."""
    return Desk(store)


@pytest.fixture
def lone(sqlite: Store) -> Desk:
    """The same on SQLite alone, where the database makes no difference."""
    return Desk(sqlite)

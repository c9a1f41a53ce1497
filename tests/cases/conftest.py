"""What tests of cases share: empty stores on both databases, and folders of a small world taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import small_world
from small_world import World

from undertow.cases.citing import EventTexts
from undertow.cases.intake import Intake, open_cases
from undertow.cases.store import Store
from undertow.export.folder import open_folder


@pytest.fixture
def is_simulated() -> bool:
    """These stores hold simulated cases."""
    return True


Take = Callable[..., Intake]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Write a world and take it in: `take(store, World(...), now=..., texts=True)`."""
    count = iter(range(1000))

    def run(store: Store, world: World, *, now: int, texts: bool = True) -> Intake:
        folder = tmp_path / f"found{next(count)}"
        events = small_world.write_world(folder, world)
        source = EventTexts((events,), "a test") if texts else None
        return open_cases(store, open_folder(folder), source, now=now)

    return run

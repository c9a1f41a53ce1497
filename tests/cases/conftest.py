"""What tests of cases share: empty stores on both databases, and folders of a small world taken in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
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


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Events of a made-up village that are not marked as simulated, with three hundred talks without an address."""
    found = small_world.write_world(tmp_path / "unused", World(simulated=False, prefix="x"))
    table = pq.read_table(found)
    first = table.slice(0, 1).to_pylist()[0]
    talks = [
        first
        | {"id": f"p{n}", "actor": f"x:p{n // 5}", "target": f"x:q{n}"}
        | {"published": first["published"] + timedelta(hours=n), "content": f"and {n}"}
        for n in range(300)
    ]
    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist(talks, table.schema)]), found)
    return found

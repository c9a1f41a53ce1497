"""A village with a team at work, detected once, and decisions on it."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from told import BOOK

from undertow.cli.main import main
from undertow.events.write import write_events


def _village() -> ModuleType:
    path = Path(__file__).parents[1] / "campaigns" / "village.py"
    spec = importlib.util.spec_from_file_location("village", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.setdefault("village", module)
    return module


@pytest.fixture(scope="session")
def found(_key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `detect` makes of the village; read only."""
    village = _village()
    folder = tmp_path_factory.mktemp("village")
    rows = [*village.chatter(), *village.team(8)]
    given = village.table(rows)
    write_events(
        folder / "village.parquet",
        given.to_batches(),
        schema=given.schema,
        sources=[village.SOURCE],
    )
    out = folder / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", os.fspath(_key_file))
        line = ["detect", str(folder / "village.parquet"), "--out", str(out), "-p", BOOK]
        assert main(line) == 0
    return out


@pytest.fixture
def decided(tmp_path: Path) -> Callable[..., Path]:
    """Write decisions to a file."""

    def write(*rows: dict[str, str], name: str = "decided.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    return write

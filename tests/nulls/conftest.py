"""Small logs of integers for null worlds, and the village of the campaigns' tests as a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "campaigns"))

from village import SOURCE, chatter, table, team

from undertow.cli.main import main
from undertow.events.write import write_events


@pytest.fixture(scope="session")
def village_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village with a team of four."""
    rows = table(chatter(people=120) + team())
    path = tmp_path_factory.mktemp("village") / "village.parquet"
    write_events(path, rows.to_batches(), schema=rows.schema, sources=[SOURCE])
    return path


@pytest.fixture(scope="session")
def found(
    village_file: Path, _key_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder that `detect` makes of the village; read only."""
    out = tmp_path_factory.mktemp("found") / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", os.fspath(_key_file))
        assert main(["detect", str(village_file), "--out", str(out)]) == 0
    return out

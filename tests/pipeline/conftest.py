"""What the tests of the whole way share: the town as a file, and one run over it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from town import source, town, write_parquet

from undertow.cli.main import main

TABLES = ("accounts", "funnels", "evidence")


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town as Parquet with its sources; read only."""
    return write_parquet(tmp_path_factory.mktemp("town") / "town.parquet", town(), [source()])


@pytest.fixture(scope="session")
def found(town_file: Path, _key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `detect` makes of the town; read only."""
    out = tmp_path_factory.mktemp("found") / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", os.fspath(_key_file))
        assert main(["detect", str(town_file), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def tables() -> Callable[[Path], dict[str, pa.Table]]:
    """Read the three tables of a results folder, without their metadata."""

    def read(folder: Path) -> dict[str, pa.Table]:
        return {
            name: pq.read_table(folder / f"{name}.parquet").replace_schema_metadata()
            for name in TABLES
        }

    return read

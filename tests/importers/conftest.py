"""What importer tests share: the fixtures' folder, and one import read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from undertow.importers.rows import Reader
from undertow.importers.writing import write_import


@pytest.fixture
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def take(tmp_path: Path) -> Callable[[Reader], SimpleNamespace]:
    """Run a reader; give its outcome and its rows in the order written."""

    def run(reader: Reader) -> SimpleNamespace:
        outcome = write_import(reader, tmp_path / "out.parquet")
        return SimpleNamespace(
            outcome=outcome, rows=pq.read_table(outcome.out).to_pylist() if outcome.out else []
        )

    return run

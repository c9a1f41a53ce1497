"""Two invented platforms as a file, and the commands run over them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from two import SOURCES, table

from undertow.events.write import write_events


@pytest.fixture
def events(tmp_path: Path) -> Callable[[list[dict]], Path]:
    """Write rows of both platforms as one file."""

    def write(rows: list[dict]) -> Path:
        path = tmp_path / "both.parquet"
        given = table(rows)
        write_events(path, given.to_batches(), schema=given.schema, sources=SOURCES)
        return path

    return write


@pytest.fixture
def joined(
    undertow: Callable, events: Callable, tmp_path: Path
) -> Callable[..., list[dict[str, Any]]]:
    """Run `undertow personas` over rows; give the entries of the file."""

    def run(rows: list[dict], *more: object) -> list[dict[str, Any]]:
        out = tmp_path / "personas.yaml"
        ran = undertow("personas", events(rows), "--out", out, *more)
        assert ran.code == 0, ran.err
        found: list[dict[str, Any]] = yaml.safe_load(out.read_text("utf-8"))["ties"]
        return found

    return run

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from undertow.cli.main import main
from undertow.events.source import METADATA_KEY, SIMULATED_KEY


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path_factory.mktemp("world")
    source = request.config.rootpath / "examples/collegemsg/collegemsg.parquet"
    out, truth = folder / "world.parquet", folder / "truth.parquet"
    assert main(["simulate", str(source), "--out", str(out), "--truth", str(truth)]) == 0
    return folder


def test_the_file_is_marked_as_simulated_and_carries_its_source(made: Path) -> None:
    meta = pq.read_schema(made / "world.parquet").metadata
    assert b"college" in meta[SIMULATED_KEY]
    assert b'"sim"' in meta[METADATA_KEY]
    assert pq.read_table(made / "truth.parquet").num_rows > 0


def test_a_simulated_world_is_no_background(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["simulate", str(made / "world.parquet"), "--out", str(made / "again.parquet")]
    assert main(again) == 2
    assert "world-background-simulated" in capsys.readouterr().err


def test_nothing_of_the_background_is_written_over(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = str(made / "world.parquet")
    assert main(["simulate", world, "--out", world]) == 2
    assert "world-out-clash" in capsys.readouterr().err

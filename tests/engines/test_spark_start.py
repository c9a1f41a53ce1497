"""What is missing for Spark is one clear error, with its mend."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from town import source, town, write_parquet

from undertow.engines import spark
from undertow.engines.spark_blocks import Block, numbers, pack, received, sent
from undertow.errors import UndertowError

Run = Callable[..., Any]


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "a.parquet", town()[:50], [source()])


def test_without_pyspark_it_says_how_to_get_it(
    undertow: Run, events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: None)
    ran = undertow("detect", events, "--out", tmp_path / "o", "--engine", "spark")
    assert ran.code == 2
    assert "spark-missing" in ran.err
    assert "make spark" in ran.err


def test_without_java_it_says_which_package_holds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UndertowError, match="spark-java") as fault:
        spark.hold_java()
    assert "openjdk-17-jre-headless" in str(fault.value)


def test_a_java_home_without_java_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UndertowError, match="spark-java"):
        spark.hold_java()


def test_a_master_that_does_not_answer_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UndertowError, match="does not answer"):
        spark.hold_master(f"spark://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "master", ["spark://", "spark://nowhere", "http://127.0.0.1:1", "here"]
)
def test_what_is_no_master_is_refused(master: str) -> None:
    with pytest.raises(UndertowError, match="spark-master"):
        spark.hold_master(master)


def test_one_of_several_masters_is_enough() -> None:
    with socket.socket() as open_port:
        open_port.bind(("127.0.0.1", 0))
        open_port.listen()
        port = open_port.getsockname()[1]
        spark.hold_master(f"spark://127.0.0.1:1,127.0.0.1:{port}")


def test_a_master_without_workers_is_waited_for_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spark, "PATIENCE", 0.0)
    monkeypatch.setattr(spark, "_executors", lambda running: 0)
    with pytest.raises(UndertowError, match="spark-workers"):
        spark.hold_workers(SimpleNamespace(), "spark://127.0.0.1:7077")


@pytest.mark.parametrize(
    "options",
    [["--known", "list.txt"], ["--personas", "p.yaml"], ["--from-reports"], ["--state", "s"]],
)
def test_what_spark_does_not_carry_is_refused(
    options: list[str], undertow: Run, events: Path, tmp_path: Path
) -> None:
    ran = undertow("detect", events, "--out", tmp_path / "o", "--engine", "spark", *options)
    assert ran.code == 2
    assert "spark-options" in ran.err


@pytest.mark.parametrize("given", ["spark.executor.cores", "executor.cores=2"])
def test_a_setting_that_is_none_is_refused(
    given: str, undertow: Run, events: Path, tmp_path: Path
) -> None:
    ran = undertow("detect", events, "--out", tmp_path / "o", "--spark-conf", given)
    assert ran.code == 2
    assert "option-setting" in ran.err


def test_more_rows_or_less_memory_make_more_parts() -> None:
    def many(rows: int, memory: int) -> int:
        return spark.Spark(None, cores=2, memory=memory, share=2).many(rows)

    assert many(10, 1 << 30) == 2
    assert many(10_000_000, 1 << 40) == 20
    assert many(10_000_000, 1 << 30) > 25


def test_blocks_come_through_as_they_went_in() -> None:
    arrays = {
        "words": pa.array(["a", None, "ü"]),
        "numbers": np.arange(5),
        "flags": np.array([True, False]),
        "nothing": np.empty(0, np.int8),
    }
    given = [Block(3, "log", 7, pack(arrays)), Block(4, "log", 8, pack(arrays))]
    came = list(received(sent(given)))
    assert [(b.part, b.kind, b.at) for b in came] == [(3, "log", 7), (4, "log", 8)]
    for block in came:
        told = block.arrays()
        assert told["words"].to_pylist() == ["a", None, "ü"]
        assert numbers(told["numbers"]).tolist() == [0, 1, 2, 3, 4]
        assert numbers(told["flags"]).tolist() == [True, False]
        assert len(told["nothing"]) == 0

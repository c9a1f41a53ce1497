"""What is told of a cluster's shuffles and memory is what Spark has written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spark_cluster import HEAP, PYTHON, read_log


def task(who: str, shuffled: int, heap: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerTaskEnd",
        "Task Info": {"Executor ID": who},
        "Task Executor Metrics": {HEAP: heap},
        "Task Metrics": {
            "Disk Bytes Spilled": 3,
            "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
        },
    }


def test_shuffled_bytes_are_summed_and_memory_is_the_highest_of_each_executor(
    tmp_path: Path,
) -> None:
    stage = {
        "Event": "SparkListenerStageExecutorMetrics",
        "Executor ID": "0",
        "Executor Metrics": {HEAP: 4, PYTHON: 9},
    }
    lost = {"Event": "SparkListenerTaskEnd", "Task Info": {"Executor ID": "1"}}
    events = [task("0", 10, 7), task("1", 5, 2), task("0", 1, 6), stage, lost]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, events)), "utf-8")

    told = read_log(tmp_path)

    assert (told.shuffled, told.spilled) == (16, 9)
    assert (told.peaks["0"][HEAP], told.peaks["1"][HEAP]) == (7, 2)
    assert told.peaks["0"][PYTHON] == 9

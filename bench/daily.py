"""What one day costs: alone, in one run over all days, and with `--state` after the days before.

    python bench/daily.py --n 6100000 --days 61 --folder /tmp/daily

Each run is a process of its own, timed from its start to its end; the days are equal stretches of time.
The last day is run several times from a copy of the state, and the median is told.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).parent
CALL = "import sys; from undertow.cli.main import run; sys.argv[0] = 'undertow'; run()"


def cut(whole: Path, days: int, folder: Path) -> tuple[Path, Path]:
    """Cut a file in the order of time into all days but the last, and the last."""
    table = pq.read_table(whole)
    at = table["published"].cast(pa.int64()).to_numpy()
    edge = np.quantile(at, 1 - 1 / days)
    paths = folder / "before.parquet", folder / "today.parquet"
    for path, chosen in zip(paths, (at < edge, at >= edge), strict=True):
        part = table.filter(pa.array(chosen))
        part = part.take(pc.sort_indices(part["published"]))
        pq.write_table(part, path, row_group_size=1 << 16)
    return paths


def timed(*given: object) -> float:
    """Run `undertow detect`: seconds."""
    call = [sys.executable, "-c", CALL, "detect", *map(str, given), "--ground", "a measurement"]
    begin = time.perf_counter()
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=6_100_000, help="events of all days")
    parser.add_argument("--days", type=int, default=61)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, required=True, help="made anew, removed at the end"
    )
    asked = parser.parse_args()
    folder: Path = asked.folder
    folder.mkdir()
    make = [sys.executable, str(HERE / "generate.py"), "--n", str(asked.n), "--text"]
    subprocess.run([*make, "--out", str(folder / "all.parquet")], check=True)
    before, today = cut(folder / "all.parquet", asked.days, folder)
    state, copy, out = folder / "state", folder / "copy", folder / "out"
    timed(today, "--out", out)
    first = timed(before, "--out", out, "--state", state)
    runs: dict[str, list[float]] = {"alone": [], "all": [], "carried": []}
    for _ in range(asked.rounds):
        shutil.copytree(state, copy)
        runs["alone"].append(timed(today, "--out", out))
        runs["all"].append(timed(before, today, "--out", out))
        runs["carried"].append(timed(today, "--out", out, "--state", copy))
        shutil.rmtree(copy)
    size = sum(path.stat().st_size for path in state.iterdir()) / 2**20
    told = {
        "events": asked.n,
        "today": pq.read_metadata(today).num_rows,
        "state_mib": round(size),
    }
    medians = {name: round(statistics.median(some), 2) for name, some in runs.items()}
    sys.stdout.write(json.dumps({**told, "before": round(first, 2), **medians}) + "\n")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()

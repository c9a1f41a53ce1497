"""Search worlds for tells: short queries that would find the recruiters without the process.

    python bench/tells.py BACKGROUND.parquet [SEED...]

Prints the average precision of each query for the recruiters of campaigns, worst first.
"""

from __future__ import annotations

import sys

import numpy as np
import pyarrow.parquet as pq

from undertow.evaluate.tells import HIGHEST, probed
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import make_world


def main() -> None:
    background = pq.read_table(sys.argv[1])
    seeds = [int(seed) for seed in sys.argv[2:]] or [1, 2, 3]
    found = [probed(make_world(background, Settings(seed=seed))) for seed in seeds]
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    print(f"average precision, mean of seeds {seeds}; a tell is above {HIGHEST}")
    for name, value in sorted(means.items(), key=lambda entry: -entry[1]):
        print(f"{name:44} {value:6.3f}{'  <- tell' if value > HIGHEST else ''}")


if __name__ == "__main__":
    main()

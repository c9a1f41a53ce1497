"""Realised against nominal shares of chance, on small worlds whose truth is known, and how p-values lie in silence.

    python bench/discoveries.py --data DIR --worlds 35

Prints one line per background and kind of world: alerts, realised share of accounts that nobody planted among those
with q at or below each level (mean over worlds, 0 where nothing is raised), alerts per 10,000 account-days, and the
largest excess of the share of p-values at or below x over x. `--final` takes the seeds kept for the end; `--kind plain` leaves the other kinds out. A small world takes about six
seconds.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from undertow.evaluate import backgrounds, grid, run
from undertow.evaluate.verdicts import LEVELS, verdicts

KINDS = {
    "plain": (grid.PLAIN,),
    "silence": (grid.SILENCE,),
    "twins": tuple(grid.TWINS),
}


def jobs(asked: grid.Asked, files: dict[str, Path]) -> list[run.Job]:
    kinds = [kind for group in asked.groups for kind in KINDS[group]]
    return [
        run.Job(replace(cell, first_alert=False), files[cell.background])
        for cell in grid.cells(asked)
        if cell.world in kinds
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=35, help="of each kind and background")
    parser.add_argument("--background", action="append")
    parser.add_argument("--final", action="store_true")
    parser.add_argument(
        "--whole", action="store_true", help="whole backgrounds, not small ones"
    )
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="all by default")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    names = given.background or list(backgrounds.BY_NAME)
    found = {name: backgrounds.find(name, given.data) for name in names}
    files = {name: file for name, file in found.items() if file is not None}
    asked = grid.Asked(
        tuple(given.kind or KINDS),
        tuple(files),
        seeds=given.worlds,
        final=given.final,
        small=not given.whole,
        rivals=False,
    )
    lines: dict[tuple[str, str], list[dict[str, float]]] = {}
    for trial in run.trials(jobs(asked, files), given.jobs):
        key = (trial.cell.background, trial.cell.world)
        found = verdicts(trial)
        lines.setdefault(key, []).append(found)
        shares = [
            f"{level:g}: {found.get(f'false discoveries against chance at {level:g}', 0.0):.2f}"
            for level in LEVELS
        ]
        print(*key, trial.cell.settings.seed, "alerts", found["alerts"], *shares, flush=True)
    wanted = [
        "alerts",
        *(f"false discoveries against chance at {level:g}" for level in LEVELS),
        "alerts per 10,000 account-days",
        "excess of small p-values",
        "guilty twins alerted",
        "honest twins alerted",
        "guilty twins above honest ones",
    ]
    for (background, world), some in sorted(lines.items()):
        print(f"{background}, {world}: {len(some)} worlds")
        for name in wanted:
            values = [one[name] for one in some if name in one]
            if values:
                print(f"    {name}: {np.mean(values):.3f}")


if __name__ == "__main__":
    main()

"""Realised against nominal shares of chance, on small worlds whose truth is known, and how p-values lie in silence.

    python bench/discoveries.py --data DIR --worlds 34 [--kind plain] [--final --first-seed 7101] [--json FILE]

One line per world as it is done, then per kind of world, for each background and for all together:

- at each level, the accounts with q at or below it, those of them that nobody planted, the mean over worlds of their
  share (0 where nothing is raised: this is the rate that the level names) with a 95 % interval by bootstrap over
  worlds, and the share of all sums with Wilson's interval. *held* where the mean is at most the level plus 0.03;
- alerts per 10,000 account-days with an interval by bootstrap over worlds; in silence *held* where at most 1;
- in silence, the share of p-values of listed accounts at or below some x, which shall not exceed x;
- of twins, how many of each half were alerted, in how many worlds, and how far the guilty half stands above.

`--final` takes the seeds kept for the end, `--first-seed` begins at a later one: a seed is read once. `--kind` names
the kinds that are wanted. A small world takes about six seconds of processor time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from undertow.cases.month import wilson
from undertow.errors import UndertowError
from undertow.evaluate import backgrounds, grid, run
from undertow.evaluate.trial import Trial
from undertow.evaluate.verdicts import LEVELS, verdicts

KINDS: Final = {
    "plain": (grid.PLAIN,),
    "silence": (grid.SILENCE,),
    "twins": tuple(grid.TWINS),
}
ALL: Final = "all backgrounds"
SPARE: Final = 0.03
"""What a realised share may exceed its level by."""
MOST_ALERTS: Final = 1.0
"""Most alerts per 10,000 account-days where nothing is planted."""
SMALL_P: Final = (0.001, 0.01, 0.05, 0.1, 0.2, 0.5)
DRAWS: Final = 2_000
ABOVE: Final = (
    "guilty twins above honest ones",
    "guilty groups of twins above honest ones",
    "guilty groups of twins above honest ones, who is backed first",
)


@dataclass(frozen=True)
class One:
    """What one world gave.

    Attributes:
        background, world, seed: which it was.
        account_days: accounts times days.
        alerts: accounts with q at most 0.1.
        raised, false: by level, accounts with q at or below it, and those that nobody planted.
        p: p-values of listed accounts; empty where something is planted.
        twins: measures of twins, by name; empty where there are none.
    """

    background: str
    world: str
    seed: int
    account_days: float
    alerts: int
    raised: tuple[int, ...]
    false: tuple[int, ...]
    p: tuple[float, ...]
    twins: dict[str, float]


def one_of(trial: Trial) -> One:
    """Take from a trial what is asked here."""
    found = verdicts(trial)
    raised = [round(found.get(f"discoveries at {level:g}", 0)) for level in LEVELS]
    shares = [
        found.get(f"false discoveries against chance at {level:g}", 0) for level in LEVELS
    ]
    p = trial.detected.p
    silent = p is not None and not trial.cast.campaigns
    return One(
        background=trial.cell.background,
        world=trial.cell.world,
        seed=trial.cell.settings.seed,
        account_days=trial.cast.accounts * trial.days,
        alerts=round(found["alerts"]),
        raised=tuple(raised),
        false=tuple(round(share * many) for share, many in zip(shares, raised, strict=True)),
        p=tuple(p[np.isfinite(p)].tolist()) if silent else (),
        twins={
            name: value for name, value in found.items() if "twins" in name and ":" not in name
        },
    )


def drawn(
    worlds: Sequence[One], measure: Callable[[Sequence[One]], float]
) -> tuple[float, float]:
    """Give the interval of 95 % of a measure, by bootstrap over worlds."""
    rng = np.random.default_rng(1)
    each = [
        measure([worlds[i] for i in rng.integers(0, len(worlds), len(worlds))])
        for _ in range(DRAWS)
    ]
    low, high = np.nanquantile(each, [0.025, 0.975])
    return float(low), float(high)


def by_level(worlds: Sequence[One], place: int) -> dict[str, object]:
    """Say what was realised at a level."""

    def mean(some: Sequence[One]) -> float:
        return float(np.mean([one.false[place] / max(one.raised[place], 1) for one in some]))

    raised, false = (sum(column[place] for column in of) for of in columns(worlds))
    realised = mean(worlds)
    return {
        "level": LEVELS[place],
        "discoveries": raised,
        "false": false,
        "worlds with any": sum(one.raised[place] > 0 for one in worlds),
        "share": false / raised if raised else None,
        "share, Wilson": wilson(false, raised),
        "mean share per world": realised,
        "mean share, bootstrap": drawn(worlds, mean),
        "held": realised <= LEVELS[place] + SPARE,
    }


def columns(worlds: Sequence[One]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Give raised and false of all worlds."""
    return [one.raised for one in worlds], [one.false for one in worlds]


def load(worlds: Sequence[One]) -> dict[str, object]:
    """Say how many alerts there are per 10,000 account-days."""

    def rate(some: Sequence[One]) -> float:
        days = sum(one.account_days for one in some)
        return 10_000 * sum(one.alerts for one in some) / days

    return {
        "alerts": sum(one.alerts for one in worlds),
        "account-days": sum(one.account_days for one in worlds),
        "per 10,000": rate(worlds),
        "bootstrap": drawn(worlds, rate),
        "held": rate(worlds) <= MOST_ALERTS,
    }


def p_values(worlds: Sequence[One]) -> list[dict[str, object]]:
    """Say what share of the p-values of listed accounts lies at or below some x."""
    every = np.array([p for one in worlds for p in one.p])
    found = []
    for x in SMALL_P:
        low = int((every <= x).sum())
        share = low / max(len(every), 1)
        found.append(
            {
                "x": x,
                "share": share,
                "Wilson": wilson(low, len(every)),
                "of": len(every),
                "held": share <= x,
            }
        )
    return found


def twins(worlds: Sequence[One]) -> dict[str, object]:
    """Say what became of the two halves of twins."""
    halves: dict[str, dict[str, object]] = {}
    for half in ("guilty", "honest"):
        halves[half] = {
            "accounts": round(sum(one.twins[f"{half} twins"] for one in worlds)),
            "alerted": round(sum(one.twins[f"{half} twins alerted"] for one in worlds)),
            "worlds with any": sum(one.twins[f"{half} twins alerted"] > 0 for one in worlds),
        }
        groups = f"{half} groups of twins"
        halves[groups] = {
            "groups": round(sum(one.twins[groups] for one in worlds)),
            "backed": round(sum(one.twins[f"{groups} backed"] for one in worlds)),
        }
    for name in ABOVE:

        def mean(some: Sequence[One], name: str = name) -> float:
            return float(np.mean([one.twins[name] for one in some if name in one.twins]))

        halves[name] = {"mean": mean(worlds), "bootstrap": drawn(worlds, mean)}
    return halves


def summed(worlds: Sequence[One]) -> dict[str, object]:
    """Sum up the worlds of one kind."""
    found: dict[str, object] = {"worlds": len(worlds), "load": load(worlds)}
    if worlds[0].world == grid.PLAIN:
        found["levels"] = [by_level(worlds, place) for place in range(len(LEVELS))]
    if any(one.p for one in worlds):
        found["p-values"] = p_values(worlds)
    if any(one.twins for one in worlds):
        found["twins"] = twins(worlds)
    return found


def told(found: dict[str, object]) -> list[str]:
    """Write a summary in lines."""
    lines = []
    for row in found.get("levels", []):
        low, high = row["mean share, bootstrap"]
        share = "none raised"
        if row["share"] is not None:
            share = "{:.3f} ({:.3f} to {:.3f}) of all".format(
                row["share"], *row["share, Wilson"]
            )
        lines.append(
            f"at {row['level']:g}: {row['false']} of {row['discoveries']} unplanted, in {row['worlds with any']} "
            f"worlds; {share}; mean per world {row['mean share per world']:.3f} ({low:.3f} to {high:.3f}), "
            f"{held(row)}"
        )
    row = found["load"]
    low, high = row["bootstrap"]
    lines.append(
        f"{row['alerts']} alerts in {row['account-days']:,.0f} account-days: {row['per 10,000']:.3f} per 10,000 "
        f"({low:.3f} to {high:.3f})" + (f", {held(row)}" if "p-values" in found else "")
    )
    for row in found.get("p-values", []):
        low, high = row["Wilson"]
        lines.append(
            f"p at or below {row['x']:g}: {row['share']:.4f} ({low:.4f} to {high:.4f}) of {row['of']:,}, {held(row)}"
        )
    for name, row in found.get("twins", {}).items():
        if "alerted" in row:
            lines.append(
                f"{name} twins: {row['alerted']} of {row['accounts']} accounts alerted, in "
                f"{row['worlds with any']} worlds"
            )
        elif "backed" in row:
            lines.append(f"{name}: {row['backed']} of {row['groups']} backed")
        else:
            low, high = row["bootstrap"]
            lines.append(f"{name}: {row['mean']:.3f} ({low:.3f} to {high:.3f})")
    return lines


def held(row: dict[str, object]) -> str:
    """Say whether a bound held."""
    return "held" if row["held"] else "NOT HELD"


def summaries(worlds: Sequence[One]) -> dict[str, dict[str, dict[str, object]]]:
    """Sum up by kind of world, then by background and over all."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for kind in dict.fromkeys(one.world for one in worlds):
        mine = [one for one in worlds if one.world == kind]
        names = sorted({one.background for one in mine})
        found[kind] = {
            name: summed([one for one in mine if one.background == name]) for name in names
        }
        if len(names) > 1:
            found[kind][ALL] = summed(mine)
    return found


def jobs(asked: grid.Asked, files: dict[str, Path]) -> list[run.Job]:
    """List the worlds, kind after kind."""
    cells = grid.cells(asked)
    return [
        run.Job(replace(cell, first_alert=False), files[cell.background])
        for group in asked.groups
        for kind in KINDS[group]
        for cell in cells
        if cell.world == kind
    ]


def asked_for() -> tuple[grid.Asked, dict[str, Path], argparse.Namespace]:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=35, help="of each kind and background")
    parser.add_argument("--background", action="append")
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--first-seed", type=int, help="a later seed to begin with")
    parser.add_argument(
        "--whole", action="store_true", help="whole backgrounds, not small ones"
    )
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="all by default")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file that every world and all sums go to")
    given = parser.parse_args()
    names = given.background or list(backgrounds.BY_NAME)
    found = {name: backgrounds.find(name, given.data) for name in names}
    files = {name: file for name, file in found.items() if file is not None}
    asked = grid.Asked(
        tuple(given.kind or KINDS),
        tuple(files),
        seeds=given.worlds,
        final=given.final,
        first=given.first_seed,
        small=not given.whole,
        rivals=False,
    )
    try:
        grid.cells(asked)
    except UndertowError as fault:
        parser.error(f"{fault.what}: {fault.mend}")
    return asked, files, given


def keep(file: Path | None, found: dict[str, object]) -> None:
    """Write what is known so far, where a file is asked for."""
    if file is not None:
        file.write_text(json.dumps(found, indent=1), encoding="utf-8")


def main() -> None:
    """Measure all worlds; what is done so far is kept after each of them."""
    asked, files, given = asked_for()
    worlds: list[One] = []
    for trial in run.trials(jobs(asked, files), given.jobs):
        one = one_of(trial)
        worlds.append(one)
        counts = zip(one.false, one.raised, strict=True)
        print(
            f"{one.background}, {one.world}, seed {one.seed}: {one.alerts} alerts; unplanted",
            ", ".join(f"{false} of {raised}" for false, raised in counts),
            flush=True,
        )
        keep(given.json, {"worlds": [asdict(each) for each in worlds]})
    sums = summaries(worlds)
    keep(given.json, {"worlds": [asdict(each) for each in worlds], "sums": sums})
    for kind, by_background in sums.items():
        for background, found in by_background.items():
            print(f"{kind}, {background}: {found['worlds']} worlds")
            print("\n".join(f"    {line}" for line in told(found)))


if __name__ == "__main__":
    main()

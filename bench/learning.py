"""What learning from decisions does: rates fitted on some simulated worlds, ranking measured on others.

For each world of the first seeds a reviewer who is always right decides on the first rows of the queue; the decisions of all of
them move the playbook's rates. Worlds of the other seeds are ranked with the rates as shipped and as learned. Positives are
simulated; no public labelled recruitment data exists.

    python bench/learning.py [--learn 21 22 23 24] [--test 31 32 33 34 35 36] [--reviews 40] [--prevalence 0.004]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.evaluate.metrics import average_precision
from undertow.events.write import write_events
from undertow.learning.fit import Fitted, fit
from undertow.pipeline import detect
from undertow.playbooks.parse import load
from undertow.request import Request
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import make_world

BOOK = "extremist-recruitment"
BACKGROUND = Path(__file__).parent.parent / "examples/collegemsg/collegemsg.parquet"


def made(seed: int, prevalence: float, folder: Path) -> tuple[Path, set[str]]:
    """Write one world; gives its file and its recruiters."""
    world = make_world(pq.read_table(BACKGROUND), Settings(seed=seed, prevalence=prevalence))
    path = folder / f"world-{seed}.parquet"
    write_events(
        path,
        [world.events],
        schema=world.events.schema,
        sources=world.sources,
        simulated=world.made,
    )
    truth = world.truth
    guilty = truth.filter(
        pc.and_(pc.equal(truth["role"], "recruiter"), pc.is_valid(truth["campaign"]))
    )
    return path, set(guilty["account"].to_pylist())


def ranked(world: Path, book: str, out: Path) -> pa.Table:
    """Rank a world under a playbook."""
    request = Request((world,), out, (load(book),), ground="a simulated world")
    return detect(request).accounts


def precision(table: pa.Table, guilty: set[str]) -> float:
    """Give the average precision of recruiters; those that are not listed are missed."""
    best: dict[str, float] = {}
    for row in table.select(["account", "weight"]).to_pylist():
        best[row["account"]] = max(row["weight"], best.get(row["account"], -np.inf))
    names = sorted(best.keys() | guilty)
    score = np.array([best.get(name, -1e9) for name in names])
    return average_precision(score, np.array([name in guilty for name in names]))


def decided(table: pa.Table, guilty: set[str], reviews: int) -> list[dict[str, str]]:
    """Decide rightly on the first recruiters of a queue."""
    first = table.filter(pc.equal(table["role"], "recruiter")).slice(0, reviews)
    return [
        {
            "account": account,
            "role": "recruiter",
            "playbook": BOOK,
            "decision": "confirmed" if account in guilty else "rejected",
            "at": "2026-01-01T00:00:00Z",
            "by": "always-right",
        }
        for account in first["account"].to_pylist()
    ]


def learned(seeds: list[int], reviews: int, prevalence: float, folder: Path) -> Fitted:
    """Fit the rates on the worlds of some seeds, one after another."""
    fitted = None
    for seed in seeds:
        world, guilty = made(seed, prevalence, folder)
        out = folder / f"found-{seed}"
        decisions = folder / f"decided-{seed}.jsonl"
        lines = decided(ranked(world, BOOK, out), guilty, reviews)
        decisions.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        fitted = fit(BOOK, [out], decisions, folder / "kept")
        yes = sum(line["decision"] == "confirmed" for line in lines)
        print(f"world {seed}: {yes} of the first {len(lines)} confirmed, {len(guilty)} planted")
    if fitted is None:
        raise SystemExit("give at least one seed to learn from")
    return fitted


def main() -> None:
    """Fit, rank the other worlds both ways, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=int, nargs="+", default=[21, 22, 23, 24])
    parser.add_argument("--test", type=int, nargs="+", default=[31, 32, 33, 34, 35, 36])
    parser.add_argument("--reviews", type=int, default=40)
    parser.add_argument("--prevalence", type=float, default=0.004)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fitted = learned(given.learn, given.reviews, given.prevalence, folder)
        for step, said in fitted.entry.steps.items():
            taken = f"{said.taken:.1f} of {said.seen:.1f}, {said.accounts} accounts"
            print(f"{step:14} {said.prior.mean:.3f} -> {said.likely:.3f}  ({taken})")
        pairs = []
        for seed in given.test:
            world, guilty = made(seed, given.prevalence, folder)
            pair = [
                precision(ranked(world, book, folder / "out"), guilty)
                for book in (BOOK, str(fitted.path))
            ]
            pairs.append(pair)
            print(
                f"world {seed}: average precision {pair[0]:.3f} shipped, {pair[1]:.3f} learned"
            )
        shipped, new = np.array(pairs).mean(axis=0)
        print(f"mean of {len(pairs)}: {shipped:.3f} shipped, {new:.3f} learned")


if __name__ == "__main__":
    main()

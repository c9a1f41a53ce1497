"""Precision and recall of persona joins on simulated worlds of two platforms, with intervals by world.

    python bench/persona_joins.py --seeds 101 102 103

Prints one line per setting. Precision counts ties that join two accounts of one person: leads join who hands an
address over, targets who was given it. Recall counts recruiters, all of whom have an account there; other people
whose friend went on with them there; and targets of recruiters who went on. `by chance` counts ties after the addresses were dealt out anew.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from two_platforms import SOURCES, Setting, World, make, permuted

from undertow.campaigns.handing import listed_pairs
from undertow.campaigns.persona import Finder, Found
from undertow.events.log import EventLog, collect
from undertow.events.table import TYPES
from undertow.matches.match import find
from undertow.playbooks import parse
from undertow.playbooks.wanted import looks
from undertow.signals.handed import Handed

SETTINGS = {
    "plain, 30 % go on": Setting(),
    "plain, all go on": Setting(goes_on=1.0),
    "plain, nobody goes on": Setting(goes_on=0.0),
    "two in three disguised, 30 % go on": Setting(disguised=0.67),
    "numbers for names, 30 % go on": Setting(named=False),
    "numbers for names, 70 % go on": Setting(named=False, goes_on=0.7),
}


@dataclass
class Score:
    """Counts of one world: (true, all) of each."""

    precision_leads: tuple[int, int]
    precision_targets: tuple[int, int]
    recall_recruiters: tuple[int, int]
    recall_others: tuple[int, int]
    recall_targets: tuple[int, int]
    chance: int


def ties_of(world: World) -> tuple[EventLog, list[Found]]:
    """Find the ties of one world."""
    book, handed = parse.load("extremist-recruitment"), Handed()
    base, message = looks([book], None), TYPES.index("message")

    def marks(batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        content = batch.column("content")
        types = np.array(
            [TYPES.index(word) for word in batch.column("type").to_pylist()], np.int8
        )
        found = base(content, types)
        found["handed"] = handed.look(content, found["address"] & (types == message))
        return found

    log = collect(world.table().to_batches(), marks=marks)
    pairs = listed_pairs([find(log, book, tuple(SOURCES))])
    return log, Finder(log, pairs, handed.values(), lambda _: "").ties()


def score(world: World, seed: int) -> Score:
    """Compare what is found with what is true."""
    log, found = ties_of(world)
    names = log.accounts.to_pylist()
    pairs = {(names[tie.a], names[tie.b]): tie.sealed for tie in found}
    right = {pair for pair in pairs if world.same(*pair)}
    leads = {giver: there for giver, there in world.leads.items() if there in names}
    went_on = {giver for giver in leads if world.went_on.get(giver)}
    joined = {a for a, b in right if leads.get(a) == b}
    targets = {t for t in world.targets if world.followed.get(t) in names}
    sealed = [pair for pair, target in pairs.items() if target]
    plain = [pair for pair, target in pairs.items() if not target]
    _, by_chance = ties_of(
        permuted(world, seed, lambda text: "@" in text or "me/" in text or "t.me" in text)
    )
    return Score(
        (len(right.intersection(plain)), len(plain)),
        (len(right.intersection(sealed)), len(sealed)),
        (len(joined & world.recruiters), len(world.recruiters)),
        (len(joined & went_on - world.recruiters), len(went_on - world.recruiters)),
        (len({a for a, _ in right.intersection(sealed)} & targets), len(targets)),
        sum(not tie.sealed for tie in by_chance),
    )


def interval(counts: Sequence[tuple[int, int]], rounds: int = 2000) -> str:
    """Give a share over all worlds with its 95 % interval, by bootstrap over worlds."""
    dice = random.Random(1)
    total = sum(n for _, n in counts)
    if not total:
        return "none"
    drawn = []
    for _ in range(rounds):
        some = dice.choices(counts, k=len(counts))
        drawn.append(sum(k for k, _ in some) / max(sum(n for _, n in some), 1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{sum(k for k, _ in counts) / total:.2f} ({low:.2f} to {high:.2f}) of {total}"


def main() -> None:
    """Measure all settings."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    ask.add_argument("--people", type=int, default=400)
    given = ask.parse_args()
    columns: list[tuple[str, Callable[[Score], tuple[int, int]]]] = [
        ("precision of leads", lambda s: s.precision_leads),
        ("precision of targets", lambda s: s.precision_targets),
        ("recruiters joined", lambda s: s.recall_recruiters),
        ("others joined, where somebody went on", lambda s: s.recall_others),
        ("targets of recruiters who went on, joined", lambda s: s.recall_targets),
    ]
    print(
        "| setting |", " | ".join(name for name, _ in columns), "| leads by chance, per world |"
    )
    print("| --- |" + " --- |" * (len(columns) + 1))
    for name, setting in SETTINGS.items():
        worlds = [make(replace(setting, people=given.people), seed) for seed in given.seeds]
        scores = [score(world, seed) for world, seed in zip(worlds, given.seeds, strict=True)]
        cells = [interval([get(one) for one in scores]) for _, get in columns]
        chance = float(np.mean([one.chance for one in scores]))
        print(f"| {name} | {' | '.join(cells)} | {chance:.1f} |", flush=True)


if __name__ == "__main__":
    main()

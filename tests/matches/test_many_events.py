"""Many events are listed by compiled code, few by NumPy: both list the same."""

from __future__ import annotations

import random

import numpy as np
import pytest

from undertow.matches import listing, select
from undertow.matches.grouping import group, number_pairs
from undertow.matches.match import Matches, find
from worlds import log_of, random_events, random_playbook, random_sources


def found(seed: int, *, whole: bool) -> Matches:
    dice = random.Random(seed)
    playbook = random_playbook(dice)
    log = log_of(random_events(dice, dice.randint(2, 6), dice.choice([12, 60, 120])))
    return find(log, playbook, random_sources(dice), whole=whole, threads=1)


@pytest.mark.parametrize("whole", [False, True])
def test_compiled_lists_give_the_same_matches(
    monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    seeds = range(70_000, 70_050)
    few = [found(seed, whole=whole) for seed in seeds]
    for module in (listing, select):
        monkeypatch.setattr(module, "MANY", 0)
    keys = 0
    for seed, one in zip(seeds, few, strict=True):
        many = found(seed, whole=whole)
        keys += len(many)
        for name in ("keys", "furthest", "rows", "states"):
            assert (getattr(one, name) == getattr(many, name)).all(), f"{name}, seed {seed}"
        for name in ("row", "mask", "warm"):
            assert (getattr(one.selected, name) == getattr(many.selected, name)).all()
    assert keys > 60, "the cases must hold keys, or they prove nothing"


def test_groups_and_pairs_are_those_that_sorting_finds() -> None:
    rng = np.random.default_rng(3)
    for size in (0, 1, 7, 400):
        one, other = rng.integers(0, 9, (2, size)).astype(np.int32)
        start, rows = group(one, 9)
        assert (rows == np.argsort(one, kind="stable")).all()
        assert (np.diff(start) == np.bincount(one, minlength=9)).all()
        pairs = number_pairs(one, other, 9)
        told = np.stack([pairs.one, pairs.other], axis=1)
        assert (told[pairs.number] == np.stack([one, other], axis=1)).all()
        assert len(np.unique(told, axis=0)) == len(told)
        assert (np.sort(pairs.one) == pairs.one).all()
        for place, first in enumerate(pairs.first.tolist()):
            assert pairs.number[:first].tolist().count(place) == 0
            assert pairs.number[first] == place
        bare = number_pairs(one, other, 9, numbered=False)
        assert (bare.first == pairs.first).all()
        assert not len(bare.number)

"""The oracle, one machine and the live stream give one answer for worlds over the whole grammar."""

from __future__ import annotations

from pathlib import Path

import pytest
from differential import differing, local, looks, run, tables
from differential_worlds import draw

from undertow.matches.parts import owning_end

WORLDS = 30
BLOCKS = 3


@pytest.mark.parametrize("block", range(BLOCKS))
def test_three_engines_give_one_answer(block: int) -> None:
    size = WORLDS // BLOCKS
    found = run(range(block * size, block * size + size), ("oracle", "local", "stream"), None)
    assert {name: one.differ for name, one in found.items()} == {name: [] for name in found}
    assert found["oracle"].keys == found["stream"].keys > 100
    assert found["local"].evidence > 100


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    world = draw(5, tmp_path)
    log, weighed = local(world, looks(world.playbooks, None))
    found = tables(log, weighed[0])
    assert differing(found, tables(log, weighed[0])) == []
    key, numbers = next(iter(found["accounts"].items()))
    off = {**found["accounts"], key: (numbers[0] + 1e-8,)}
    assert differing(found, {**found, "accounts": off}) == ["accounts"]
    fewer = dict(list(found["evidence"].items())[1:])
    assert differing(found, {**found, "evidence": fewer}) == ["evidence"]


def test_worlds_hold_playbooks_that_are_matched_by_part_and_whole(tmp_path: Path) -> None:
    ends = {owning_end(book) for seed in range(20) for book in draw(seed, tmp_path).playbooks}
    assert ends == {0, 1, None}

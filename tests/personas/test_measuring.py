"""The worlds on which joins are measured, and that measuring them says something."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from persona_joins import SETTINGS, interval, score
from two_platforms import Setting, make


def test_equal_seeds_give_equal_worlds_and_others_do_not() -> None:
    small = Setting(people=120, friends=8, strangers=8, referrals=4, recruiters=2, staff=3)
    assert make(small, 4).rows == make(small, 4).rows
    assert make(small, 4).rows != make(small, 5).rows


def test_joins_are_right_where_people_go_on_and_rare_where_addresses_are_dealt_anew() -> None:
    told = [score(make(SETTINGS["plain, all go on"], seed), seed) for seed in (1, 2)]
    right = sum(one.precision_leads[0] for one in told)
    every = sum(one.precision_leads[1] for one in told)
    assert right >= 0.9 * every > 20
    assert sum(one.recall_recruiters[0] for one in told) >= 12
    assert sum(one.chance for one in told) < 0.15 * right


def test_where_nobody_goes_on_nearly_nobody_is_joined() -> None:
    told = score(make(SETTINGS["plain, nobody goes on"], 1), 1)
    assert told.precision_leads[1] <= 2


@pytest.mark.parametrize(
    ("counts", "shown"), [([(1, 2), (3, 4)], "0.67 (0.50 to 0.75) of 6"), ([(0, 0)], "none")]
)
def test_a_share_is_told_with_its_interval(counts: list[tuple[int, int]], shown: str) -> None:
    assert interval(counts) == shown

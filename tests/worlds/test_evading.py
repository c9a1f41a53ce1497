"""A world with an evasion is the plain world of its seed, but for what the evasion changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from undertow.evaluate import backgrounds
from undertow.worlds.evasions import EVASIONS
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

SMALL = Settings(seed=4, prevalence=0.01, volume=0.03, lookalike_volume=0.3, lookalikes=3)
Evading = Callable[[str], World]
SAME_TIMES = ("slow x3", "split roles", "disguised address", "other channel", "split over 2")
GROWN = ("role change", "poisoning", "framing")
"""What these add is of campaigns and innocents that the plain world does not hold."""
BRING = ("hand-off to a group", "block and unblock", "framing")
"""In these ordinary accounts have rows of the new kind as well."""


@pytest.fixture(scope="module")
def short() -> pa.Table:
    file = backgrounds.find("collegemsg", None)
    assert file is not None
    return backgrounds.smaller(backgrounds.load("collegemsg", file), 15_000)


@pytest.fixture(scope="module")
def plain(short: pa.Table) -> World:
    return make_world(short, SMALL)


@pytest.fixture(scope="module")
def evading(short: pa.Table) -> Evading:
    """Make the world of each evasion once."""
    return cache(lambda evasion: make_world(short, replace(SMALL, evasion=evasion)))


@pytest.fixture(scope="module")
def others(plain: World) -> Counter[tuple[object, ...]]:
    """Count the rows of the plain world that are of no campaign."""
    return _rows(plain, campaigns=False)


def _rows(world: World, *, campaigns: bool) -> Counter[tuple[object, ...]]:
    """Count rows by everything but ids and rooms: those of campaigns, or all others."""
    mine = pc.equal(world.origin, "campaign")
    events = world.events.filter(mine if campaigns else pc.invert(mine))
    columns = ("type", "published", "actor", "target", "content", "lang")
    return Counter(zip(*(events[name].to_pylist() for name in columns), strict=True))


def _targets(world: World) -> Counter[tuple[object, ...]]:
    truth = world.truth.filter(pc.is_valid(world.truth["campaign"]))
    truth = truth.filter(pc.equal(truth["role"], "target"))
    columns = ("campaign", "account", "first_contact")
    return Counter(zip(*(truth[name].to_pylist() for name in columns), strict=True))


@pytest.mark.parametrize("evasion", [name for name in EVASIONS if name not in GROWN])
def test_whom_campaigns_work_on_and_when_stays_under_every_evasion(
    evading: Evading, plain: World, others: Counter[tuple[object, ...]], evasion: str
) -> None:
    world = evading(evasion)
    assert _targets(world) == _targets(plain)
    here = _rows(world, campaigns=False)
    assert not others - here
    assert bool(here - others) == (evasion in BRING)


@pytest.mark.parametrize("evasion", GROWN)
def test_what_grows_out_of_campaigns_comes_beside_them(
    evading: Evading, plain: World, evasion: str
) -> None:
    world = evading(evasion)
    assert not _targets(plain) - _targets(world)
    assert not _rows(plain, campaigns=False) - _rows(world, campaigns=False)


@pytest.mark.parametrize("evasion", SAME_TIMES)
def test_an_evasion_changes_rows_of_campaigns(
    evading: Evading, plain: World, evasion: str
) -> None:
    world = evading(evasion)
    assert _rows(world, campaigns=True) != _rows(plain, campaigns=True)


def test_slow_campaigns_take_three_times_as_long_to_each_address(
    evading: Evading, plain: World
) -> None:
    def waits(world: World) -> dict[tuple[object, ...], int]:
        truth = world.truth.filter(pc.is_valid(world.truth["campaign"]))
        truth = truth.filter(pc.is_valid(truth["address"]))
        wait = pc.subtract(
            truth["address"].cast(pa.int64()), truth["first_contact"].cast(pa.int64())
        )
        who = zip(truth["account"].to_pylist(), truth["recruiter"].to_pylist(), strict=True)
        return dict(zip(who, wait.to_pylist(), strict=True))

    slow, usual = waits(evading("slow x3")), waits(plain)
    both = [pair for pair in slow if usual.get(pair, 0) > 3_600_000_000]
    assert len(both) > 5
    assert np.allclose([slow[one] / usual[one] for one in both], 3.0, atol=0.1)


def test_divided_targets_are_given_to_accounts_that_work_for_nobody_else(
    evading: Evading, plain: World
) -> None:
    world = evading("split over 2")

    def parts(of: World) -> list[object]:
        names: list[object] = of.truth.filter(pc.not_equal(of.truth["role"], "target"))[
            "account"
        ].to_pylist()
        return names

    here, there = parts(world), parts(plain)
    assert set(there) < set(here)
    added = set(here) - set(there)
    assert all(here.count(one) == 1 for one in added)


def test_twins_are_the_same_with_an_evasion_of_conduct_that_they_do_not_have(
    short: pa.Table,
) -> None:
    twins = replace(SMALL, twins="none")
    one, other = make_world(short, twins), make_world(short, replace(twins, evasion="slow x3"))
    assert one.events.equals(other.events)

"""What `bench/discoveries.py` sums up over worlds whose outcome is known."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from undertow.evaluate import backgrounds, baselines, grid
from undertow.evaluate.cast import cast_of
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import make_world

SCRIPT = Path(__file__).parents[2] / "bench" / "discoveries.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("discoveries", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["discoveries"] = module
    spec.loader.exec_module(module)
    return module


def one(bench: ModuleType, **given: Any) -> Any:
    plain: dict[str, Any] = {
        "background": "somewhere",
        "world": grid.PLAIN,
        "seed": 1,
        "account_days": 10_000.0,
        "alerts": 0,
        "raised": (0, 0, 0),
        "false": (0, 0, 0),
        "p": (),
        "twins": {},
    }
    return bench.One(**(plain | given))


def test_a_share_is_the_mean_over_worlds_and_a_world_with_nothing_raised_counts_as_none(
    bench: ModuleType,
) -> None:
    worlds = [one(bench, raised=(0, 4, 4), false=(0, 1, 2)), *[one(bench)] * 3]
    at = bench.summed(worlds)["levels"]
    assert [row["mean share per world"] for row in at] == [0.0, 1 / 16, 2 / 16]
    assert [row["share"] for row in at] == [None, 1 / 4, 2 / 4]
    assert at[1]["share, Wilson"] == pytest.approx((0.0456, 0.6994), abs=1e-3)
    assert all(row["held"] for row in at)


def test_a_share_above_its_level_and_the_spare_is_not_held(bench: ModuleType) -> None:
    right = [one(bench, raised=(1, 1, 1), false=(0, 0, 0))]
    wrong = [one(bench, raised=(1, 1, 1), false=(1, 1, 1))]
    held = [row["held"] for row in bench.summed(wrong * 10 + right * 90)["levels"]]
    assert held == [False, True, True]
    held = [row["held"] for row in bench.summed(wrong * 24 + right * 76)["levels"]]
    assert held == [False, False, False]


def test_p_values_in_silence_are_held_where_no_more_are_small_than_uniform_ones(
    bench: ModuleType,
) -> None:
    uniform = one(bench, world=grid.SILENCE, p=tuple(np.arange(1, 1_001) / 1_000))
    found = bench.summed([uniform])
    assert all(row["held"] for row in found["p-values"])
    small = one(bench, world=grid.SILENCE, p=(0.005, *[1.0] * 99))
    rows = bench.summed([small])["p-values"]
    assert [row["held"] for row in rows if row["x"] in (0.001, 0.01)] == [True, True]
    smaller = one(bench, world=grid.SILENCE, p=(0.005, 0.005, *[1.0] * 98))
    rows = bench.summed([smaller])["p-values"]
    assert [row["held"] for row in rows if row["x"] == 0.01] == [False]


def test_alerts_are_counted_per_ten_thousand_account_days(bench: ModuleType) -> None:
    worlds = [one(bench, world=grid.SILENCE, alerts=many, p=(1.0,)) for many in (0, 1, 3)]
    found = bench.summed(worlds)
    assert found["load"]["per 10,000"] == pytest.approx(4 / 3)
    assert not found["load"]["held"]
    assert any("NOT HELD" in line for line in bench.told(found))


def test_a_later_seed_is_asked_for_and_never_one_of_the_other_kind(bench: ModuleType) -> None:
    asked = grid.Asked(("plain",), ("collegemsg",), seeds=3, first=7_101, final=True)
    assert {cell.settings.seed for cell in grid.cells(asked)} == {7_101, 7_102, 7_103}
    for wrong in (["--final", "--first-seed", "5"], ["--first-seed", "7101"]):
        ran = subprocess.run(
            [sys.executable, SCRIPT, "--data", ".", *wrong],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 2
        assert "--final" in ran.stderr


def test_honest_groups_stand_in_the_cast_with_their_roles() -> None:
    file = backgrounds.find("collegemsg", None)
    assert file is not None
    short = backgrounds.smaller(backgrounds.load("collegemsg", file), 15_000)
    world = make_world(short, Settings(seed=2, prevalence=0.01, twins="none"))
    cast = cast_of(world.truth, baselines.everybody(world))
    assert len(cast.teams) >= 2
    assert {row for team in cast.teams for row in team} == set(cast.honest)
    assert all("recruiter" in team.values() for team in cast.teams)
    guilty = {row for campaign in cast.campaigns for row in campaign.roles}
    assert not guilty & set(cast.honest)


def test_scores_are_held_against_each_other_pair_by_pair() -> None:
    from undertow.evaluate.verdicts import _above

    assert _above(np.array([3.0, 1.0]), np.array([2.0, 1.0])) == pytest.approx(5 / 8)
    assert _above(np.array([-np.inf]), np.array([-np.inf])) == 0.5
    assert np.isnan(_above(np.array([]), np.array([1.0])))


def test_a_backed_group_of_twins_stands_above_heavier_ones_that_nothing_agrees_with() -> None:
    from types import SimpleNamespace as Plain

    from undertow.evaluate.verdicts import _twins

    # Two guilty accounts in groups of their own, the first of them listed; one honest team, the heaviest of all.
    members = np.array([True, True, False])
    trial = Plain(
        detected=Plain(
            queue=np.array([5.0, 1.0, 9.0]),
            p=np.array([0.01, 1.0, np.nan]),
            q=np.array([0.4, 1.0, 1.0]),
        ),
        cast=Plain(
            campaigns=[Plain(members=np.array([0])), Plain(members=np.array([1]))],
            teams=[{2: "recruiter"}],
            members=members,
            recruiters=members,
            honest={2: "twin sponsor"},
        ),
    )
    found = _twins(trial)
    assert found["guilty groups of twins above honest ones"] == 0
    assert found["guilty groups of twins above honest ones, who is backed first"] == 0.5
    assert found["guilty groups of twins backed"] == 1
    assert found["honest groups of twins backed"] == 0
    assert found["guilty twins alerted"] == 0

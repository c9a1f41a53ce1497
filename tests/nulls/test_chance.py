"""p and q from scores of null worlds, counted by hand and on scores without any signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from logs import log_of

from undertow.nulls.chance import against, null_of
from undertow.nulls.probability import MOST, MOST_ALONE, probability
from undertow.nulls.score import Scores
from undertow.nulls.show import Chance, sentence, with_chance
from undertow.nulls.support import Support


def world(*best: float, decile: int = 4) -> Scores:
    size = len(best)
    return Scores(np.array(best, float), np.full(size, decile), np.ones(size, bool))


def held(score: list[float], data: Scores, *nulls):
    given = np.array(score, float)
    return against(given, np.full(len(given), 4), data, nulls)


def test_p_counts_null_accounts_of_the_same_activity_and_adds_one() -> None:
    busy = world(9, 9, 9, 9, decile=7)
    found = held(
        [5.0], world(5, 0), null_of("times", [world(6, 5, 1, 0), world(0, 0, 0, 7), busy])
    )
    assert found.as_high.tolist() == [[3]]
    assert found.of.tolist() == [[8]]
    assert found.p.tolist() == [4 / 9]


def test_a_last_bit_that_another_order_of_adding_costs_is_no_lower_score() -> None:
    """The table's weight of the least account was a hair below its score, and its q was 1."""
    data = world(5, 5, 0, 0)
    no, yes = np.zeros(4, bool), np.array([True, True, False, False])
    nulls = [null_of("times", [world(0, 0, 0, 0)] * 20)]
    chance = Chance(data, Support(yes, no, no, no, no, no), nulls)
    names = pa.array(["a", "b", "c", "d"])
    ranked = pa.table({"account": names, "weight": [5.0, np.nextafter(5.0, 0), 1.0, 1.0]})
    log = replace(log_of(1, accounts=4), accounts=names)
    found = with_chance(ranked, log, chance, 2e-5)
    assert found["q_value"].to_pylist() == pytest.approx([20 / 3 / 20 / 2] * 2 + [1.0, 1.0])


def test_the_largest_p_over_the_kinds_counts() -> None:
    easy, hard = null_of("times", [world(0, 0, 0, 0)]), null_of("links", [world(9, 9, 0, 0)])
    found = held([5.0], world(5, 0), easy, hard)
    assert found.p.tolist() == [3 / 5]
    assert found.as_high.tolist() == [[0], [2]]


def test_q_is_chance_per_world_with_some_added_over_what_is_raised() -> None:
    null = null_of("times", [world(3, 0, 0), world(8, 0, 0), world(0, 0, 0)])
    # Added over three worlds: one. At 10: 1/3 of 1; at 5: 2/3 of 2; at 2: 3/3 of 3; a higher score has no larger q.
    found = held([10, 5, 2], world(10, 5, 2, 0), null)
    assert found.q.tolist() == pytest.approx([1 / 3] * 3)
    found = held([10, 5, 2], world(10, 5, 5, 5, 2), null)
    assert found.q.tolist() == pytest.approx([1 / 6, 1 / 6, 0.2])


@pytest.mark.parametrize("worlds", [5, 16, 20])
def test_three_accounts_that_stand_out_together_are_no_alert_and_four_are(worlds: int) -> None:
    null = null_of("times", [world(0, 0, 0, 0, 0)] * worlds)
    assert min(held([9] * 3, world(9, 9, 9, 0, 0), null).q) > 0.1
    assert max(held([9] * 4, world(9, 9, 9, 9, 0), null).q) <= 0.1


def test_an_account_that_only_its_own_conduct_speaks_for_has_p_and_q_of_one() -> None:
    found = held([0.0], world(10, 0), null_of("times", [world(0, 0)] * 9))
    assert (found.p.tolist(), found.q.tolist()) == ([1.0], [1.0])


def test_q_never_rises_with_the_score() -> None:
    rng = np.random.default_rng(4)
    best = rng.exponential(3, 300) * (rng.random(300) < 0.3)
    nulls = [
        null_of(kind, [world(*(rng.exponential(3, 300) * (rng.random(300) < 0.3)))] * 3)
        for kind in ("times", "links")
    ]
    found = held(best.tolist(), world(*best), *nulls)
    order = np.argsort(best)
    assert np.all(np.diff(found.q[order]) <= 1e-12)


def test_where_data_and_null_worlds_are_alike_false_alarms_stay_below_what_was_asked() -> None:
    rng = np.random.default_rng(1)

    def draw() -> Scores:
        return world(*(rng.exponential(3, 200) * (rng.random(200) < 0.05)))

    alarms = {0.05: 0, 0.1: 0, 0.2: 0}
    small = []
    for _ in range(300):
        data = draw()
        found = against(
            data.best,
            data.decile,
            data,
            [null_of("times", [draw() for _ in range(20)])],
        )
        for level in alarms:
            alarms[level] += bool((found.q <= level).any())
        small.append(np.mean(found.p <= 0.02))
    for level, many in alarms.items():
        assert many / 300 <= level + 0.03
    assert alarms[0.2] > 0
    assert np.mean(small) <= 0.022


def test_probability_is_bounded_and_rises_with_the_weight() -> None:
    weight = np.array([-5.0, 0.0, 12.0, 60.0, 60.0])
    backed = np.array([True, True, True, True, False])
    given = probability(weight, backed, 2e-5)
    assert np.all(np.diff(given[:4]) > 0)
    assert given[1] == pytest.approx(2e-5)
    assert (given[3], given[4]) == (MOST, MOST_ALONE)


def test_the_sentence_says_what_is_by_chance_and_what_cannot_be_told() -> None:
    said = sentence(40, 6, 34, 0.11)
    assert said.startswith("about 0.1 of these 40 would arise by chance")
    assert "honest work of the same shape is not counted" in said
    assert "of the other 34 the events cannot tell" in said
    assert "reviewers" not in said
    assert sentence(40, 6, 34, 0.11, (3, 9)).endswith("your reviewers found 3 of 9")
    assert "by chance" not in sentence(40, 0, 40, 0.0)
    assert "cannot tell" in sentence(40, 0, 40, 0.0)

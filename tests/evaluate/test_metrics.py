from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from undertow.evaluate import metrics


def test_average_precision_agrees_with_a_library_where_nothing_ties() -> None:
    rng = np.random.default_rng(1)
    score, positive = rng.random(500), rng.random(500) < 0.1
    expected = average_precision_score(positive, score)
    assert metrics.average_precision(score, positive) == pytest.approx(expected)


def test_ties_share_what_their_group_earns_in_any_order() -> None:
    score = np.array([1.0, 1.0, 0.0, -np.inf])
    one = metrics.average_precision(score, np.array([True, False, False, False]))
    other = metrics.average_precision(score, np.array([False, True, False, False]))
    assert one == other == 0.5


def test_a_positive_that_is_not_listed_costs() -> None:
    score = np.array([2.0, -np.inf, -np.inf, -np.inf])
    assert metrics.average_precision(score, np.array([True, True, False, False])) == 0.75


def test_an_entry_set_aside_is_neither_right_nor_wrong() -> None:
    ranking = metrics.Ranking(np.array([3.0, 2.0, 1.0]))
    positive = np.array([False, True, False])
    assert ranking.average_precision(positive) == 0.5
    assert ranking.average_precision(positive, np.array([True, False, False])) == 1.0


def test_without_positives_there_is_no_average_precision() -> None:
    assert np.isnan(metrics.average_precision(np.ones(3), np.zeros(3)))


def test_the_first_entries_are_the_best_listed_ones() -> None:
    score = np.array([-np.inf, 5.0, 1.0, 3.0])
    assert metrics.first(score, 10, np.random.default_rng(0)).tolist() == [1, 3, 2]


def test_calibration_is_nought_for_odds_that_come_true_and_large_for_wrong_ones() -> None:
    rng = np.random.default_rng(2)
    stated = rng.random(60_000)
    true = rng.random(60_000) < stated
    right, wrong = metrics.calibration(stated, true), metrics.calibration(1 - stated, true)
    assert right["ece"] < 0.02
    assert wrong["ece"] > 0.4
    assert right["brier"] == pytest.approx(brier_score_loss(true, stated))


def test_false_discoveries_count_only_what_is_alerted_and_untrue() -> None:
    q = np.array([0.01, 0.04, 0.2, np.nan])
    assert metrics.false_share(q, 0.05, np.array([True, False, False, False])) == (2, 1)


def test_uniform_p_values_have_no_excess_and_small_ones_do() -> None:
    even = np.arange(1, 1001) / 1000
    assert metrics.uniformity(even) == pytest.approx(0)
    assert metrics.uniformity(even**3) > 0.3


def test_grouping_is_held_against_pairs_that_share_a_campaign() -> None:
    true = {"a": "1", "b": "1", "c": "2", "d": "2"}
    assert metrics.pairwise_f1(true, true)[2] == 1
    merged = dict.fromkeys(true, "x")
    precision, recall, _ = metrics.pairwise_f1(merged, true)
    assert (precision, recall) == (pytest.approx(2 / 6), 1)
    assert metrics.pairwise_f1({"x": "9", "y": "9", **true}, true)[2] == 1

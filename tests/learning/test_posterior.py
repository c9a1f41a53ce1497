from __future__ import annotations

import random

import pytest

from undertow.learning.posterior import Beta, believed, moved

PRIOR = believed(0.1, 20.0)


def test_without_anything_seen_a_belief_stays() -> None:
    assert moved(PRIOR, []) is PRIOR


def test_where_chance_never_does_it_the_answer_is_the_textbook_s() -> None:
    seen = [(True, 1e-9, 6.0), (False, 1e-9, 14.0)]
    assert moved(PRIOR, seen).mean == pytest.approx((2 + 6) / (20 + 20), abs=1e-6)


def test_what_most_do_by_chance_teaches_less_than_what_hardly_anybody_does() -> None:
    rare, usual = (moved(PRIOR, [(True, u, 10.0)]).mean for u in (0.01, 0.9))
    assert 0.1 < usual < 0.15 < rare


def test_a_rate_is_found_again_from_data_made_with_it() -> None:
    rng = random.Random(3)
    likely, seen = 0.35, []
    for _ in range(20_000):
        u = rng.choice([0.05, 0.2, 0.4])
        seen.append((rng.random() < likely + (1 - likely) * u, u, 1.0))
    assert moved(PRIOR, seen).mean == pytest.approx(likely, abs=0.012)


def test_the_order_of_rows_changes_nothing_to_the_last_bit() -> None:
    rng = random.Random(4)
    seen = [(rng.random() < 0.4, rng.random(), rng.random()) for _ in range(500)]
    there, back = moved(PRIOR, seen), moved(PRIOR, seen[::-1])
    assert there == back


def test_the_middle_of_a_belief_lies_within_its_range() -> None:
    low, high = Beta(3.0, 17.0).range()
    assert low < 0.15 < high
    # 5 % and 95 % of Beta(1, 1).
    assert Beta(1.0, 1.0).range() == pytest.approx((0.05, 0.95), abs=1e-3)

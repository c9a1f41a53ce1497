from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undertow.export import charts, wording
from undertow.export.explain import explain
from undertow.export.folder import Funnel, PlaybookFacts, StepFacts, Taken


@given(st.lists(st.floats(0, 1000), max_size=30).map(sorted))
def test_marks_stay_in_order_inside_and_apart(places):
    moved = charts.spread(places, low=0, high=1000, least=96)
    assert all(-1e-6 <= one <= 1000 + 1e-6 for one in moved)
    least = min(96, 1000 / max(1, len(places) - 1))
    assert all(b - a >= least - 1e-6 for a, b in pairwise(moved))


@given(st.lists(st.floats(-50, 50), max_size=12))
def test_rounded_rows_add_up_to_the_rounded_total(values):
    total = math.fsum(values)
    shown = wording.summed(values, total)
    assert math.isclose(sum(shown), round(total * 10) / 10, abs_tol=1e-6)
    assert all(abs(a - b) <= 0.1 + 1e-9 for a, b in zip(values, shown, strict=True))


def test_a_timeline_marks_where_talk_goes_private(maker):
    facts = PlaybookFacts(
        "p",
        steps=(
            StepFacts("approach", types=("mention",)),
            StepFacts("talk", types=("message",)),
        ),
    )
    steps = (
        Taken("approach", maker.BEGIN, "e1", "t:x"),
        Taken("talk", maker.BEGIN + timedelta(days=3, hours=4), "e2", "forum:a"),
    )
    drawn = charts.timeline(Funnel("forum:a", "t:x", "p", "talk", 3.0, steps), facts)
    first, second = drawn.marks
    assert drawn.border is not None
    assert first.x < drawn.border < second.x
    assert second.gap == "3 d 4 h"
    assert [what for _, what, _ in drawn.lanes] == ["recruiter", "target"]


def test_steps_at_one_moment_are_drawn_beside_each_other(maker):
    steps = tuple(Taken(name, maker.BEGIN, "e", "forum:a") for name in ("one", "two", "three"))
    drawn = charts.timeline(
        Funnel("forum:a", "t:x", "p", "three", 3.0, steps), PlaybookFacts("p")
    )
    places = [mark.x for mark in drawn.marks]
    assert places == sorted(set(places))
    assert drawn.marks[1].gap == "at once"


def test_waterfall_bars_begin_where_the_one_before_ends(simulated):
    finding = explain(simulated, "sim:recruiter-1").findings[0]
    drawn = charts.waterfall(finding, 2e-5)
    *bars, total = drawn.bars
    assert all(a.end == b.start for a, b in pairwise(bars))
    assert math.isclose(bars[-1].end, total.end)
    assert total.start == drawn.zero
    assert all(0 <= bar.left <= bar.left + bar.width <= 100 for bar in drawn.bars)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.012, "1.2 %"), (0.35, "35 %"), (0.00034, "0.034 %"), (1.0, "100 %"), (0.0, "0 %")],
)
def test_rates_have_two_significant_digits(rate, text):
    assert wording.percent(rate) == text


@pytest.mark.parametrize(
    ("bits", "text"),
    [(0.0, "about even"), (5.7, "52 to 1"), (-1.0, "1 to 2.0"), (25, "over 1,000 to 1")],
)
def test_odds_stop_at_a_thousand(bits, text):
    assert wording.odds(bits) == text


def test_the_prior_is_in_bits():
    assert wording.bits(wording.prior_bits(2e-5)) == "\N{MINUS SIGN}15.6"


def test_each_step_of_a_short_playbook_has_its_own_shape():
    assert len({charts.shape(place) for place in range(8)}) == 8

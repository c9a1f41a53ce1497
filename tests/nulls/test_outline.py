"""What is told of a null world before it is made is what the whole world says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import log_of

from undertow.nulls.outline import Outline
from undertow.nulls.support import may_be_backed
from undertow.nulls.surrogates import KINDS, Original
from undertow.scores.rates import activity

seeds = st.integers(0, 10_000)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(seed=seeds, rows=st.sampled_from((0, 30, 300, 900)))
def test_an_outline_tells_how_active_everybody_is_and_whether_anybody_may_be_backed(
    kind: str, seed: int, rows: int
) -> None:
    log = log_of(seed, accounts=40, rows=rows)
    original = Original.of(log, activity(log))
    outline = Outline.of(original)
    for again in range(2):
        told, null = outline.told(kind, again), original.surrogate(kind, again)
        busy = activity(null)
        assert np.array_equal(told.contacts, busy.contacts)
        assert np.array_equal(told.decile, busy.decile)
        assert told.may_be_backed == may_be_backed(null)


def test_outlines_tell_both_of_worlds_that_back_somebody_and_of_worlds_that_do_not() -> None:
    log = log_of(5, accounts=40, rows=900)
    outline = Outline.of(Original.of(log, activity(log)))
    told = {outline.told(kind, again).may_be_backed for kind in KINDS for again in range(4)}
    few = log_of(5, accounts=40, rows=30)
    outline = Outline.of(Original.of(few, activity(few)))
    told |= {outline.told(kind, again).may_be_backed for kind in KINDS for again in range(4)}
    assert told == {False, True}

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.signals import tempo
from undertow.units import HOUR

rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(-1, 3),
        st.integers(0, 2),
        st.booleans(),
        st.integers(0, 9 * HOUR),
    ),
    max_size=40,
)


def columns(drawn):
    table = np.array([row[:3] for row in drawn], np.int64).reshape(-1, 3)
    talk = np.array([row[3] for row in drawn], bool)
    at = np.cumsum(np.array([row[4] for row in drawn], np.int64))
    return table[:, 0], table[:, 1], table[:, 2], talk, at


def shown(found):
    values, known = found
    return [
        value if is_known else None
        for value, is_known in zip(values.tolist(), known.tolist(), strict=True)
    ]


@given(rows)
def test_first_is_the_earliest_of_its_type_in_its_direction(drawn):
    actor, target, kind, _, _ = columns(drawn)
    seen = set()
    expected = []
    for key in zip(actor.tolist(), target.tolist(), kind.tolist(), strict=True):
        expected.append(None if key[1] == -1 else key not in seen)
        seen.add(key)

    assert shown(tempo.first(actor, target, kind)) == expected


@given(rows)
def test_answered_means_that_the_other_writes_back_later(drawn):
    actor, target, _, talk, _ = columns(drawn)
    expected = []
    for n, (one, other, is_talk) in enumerate(zip(actor, target, talk, strict=True)):
        if not is_talk or other == -1:
            expected.append(None)
        else:
            later = range(n + 1, len(drawn))
            expected.append(
                any(talk[m] and actor[m] == other and target[m] == one for m in later)
                and one != other
            )

    assert shown(tempo.answered(actor, target, talk)) == expected


@given(rows)
@settings(max_examples=200)
def test_a_pause_of_more_than_six_hours_begins_a_new_talk(drawn):
    actor, target, _, talk, at = columns(drawn)
    last = {}
    expected = []
    for one, other, is_talk, when in zip(actor, target, talk, at, strict=True):
        if not is_talk or other == -1:
            expected.append(None)
            continue
        pair = frozenset((one, other))
        number, before = last.get(pair, (0, when))
        number += when - before > tempo.PAUSE
        last[pair] = (number, when)
        expected.append(number)

    assert shown(tempo.session(actor, target, talk, at)) == expected


def test_a_pause_of_exactly_six_hours_does_not_part_a_talk():
    at = np.array([0, tempo.PAUSE, 2 * tempo.PAUSE + 1])
    ones, zeros = np.ones(3, np.int64), np.zeros(3, np.int64)

    assert tempo.session(ones, zeros, np.ones(3, bool), at)[0].tolist() == [0, 0, 1]

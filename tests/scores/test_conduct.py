"""What an account's own conduct says in the end: who spoke first, and no more than rarity supports."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from test_weigh import BOOK, say, total, town, weighed

from undertow.scores.evidence import step_code
from undertow.scores.opening import with_opening
from undertow.scores.rarity import GIVEN, STEP_MOST, held_back, share_as_strong


def opens(log, found, account):
    rows = with_opening(log, found).evidence
    code = log.accounts.to_pylist().index(account)
    mine = (rows.account == code) & (rows.step == step_code("opens"))
    return rows.source[mine], rows.bits[mine]


def test_who_writes_first_is_told_from_who_is_written_to() -> None:
    events = town()
    for k in range(20, 24):
        events += [
            say(160 + k, f"h{k}a", f"p{k:02}", "help"),
            say(161 + k, f"h{k}b", "help", f"p{k:02}", has=frozenset({"address"})),
        ]
    log, found = weighed(events)
    source, bits = opens(log, found, "rec")
    assert source.tolist() == ["taken"] * 5
    assert (bits > 0).all()
    source, bits = opens(log, found, "help")
    assert source.tolist() == ["not taken"] * 4
    assert (bits < 0).all()


def test_opening_is_asked_of_listed_matches_alone_and_cites_the_first_event_between_the_two() -> (
    None
):
    log, found = weighed(town())
    rows = with_opening(log, found).evidence
    mine = rows.step == step_code("opens")
    assert mine.sum() == found.listed.sum()
    cited = {log.id[int(row)].as_py() for row in rows.row[mine]}
    assert cited == {f"r{k}a" for k in range(5)}


def test_a_playbook_that_begins_with_the_target_has_no_opening() -> None:
    turned = replace(BOOK, steps=(replace(BOOK.steps[1], source="target", sink="recruiter"), *BOOK.steps[2:]))  # fmt: skip
    log, found = weighed(town(), turned)
    assert len(with_opening(log, found).evidence) == len(found.evidence)


def test_a_step_of_many_targets_says_no_more_than_how_rare_as_much_of_it_is() -> None:
    log, found = weighed(town())
    before = total(log, found, "rec")
    held = held_back(found)
    assert total(log, held, "rec") < before
    rows = held.evidence
    taken_back = rows.source == "rarity"
    assert (rows.bits[taken_back] < 0).all()
    assert (rows.m[taken_back] == GIVEN).all()
    code = log.accounts.to_pylist().index("rec")
    for step in np.unique(rows.step[rows.step >= 0]):
        mine = (rows.account == code) & (rows.step == step) & (rows.role == "recruiter")
        assert rows.bits[mine].sum() <= STEP_MOST + 1e-9


def test_what_speaks_against_an_account_is_never_held_back() -> None:
    _, found = weighed(town())
    held = held_back(found).evidence
    back = held.source == "rarity"
    for account, step in zip(held.account[back], held.step[back], strict=True):
        rows = (held.account == account) & (held.step == step) & ~back
        assert held.bits[rows].sum() > 0


@given(st.lists(st.floats(0.1, 50), max_size=60), st.integers(0, 200))
def test_the_stronger_a_trait_the_smaller_the_share_that_shows_as_much(
    strength: list[float], others: int
) -> None:
    values = np.array(strength)
    share = share_as_strong(values, len(values) + others)
    assert ((share > 0) & (share < 1)).all()
    order = np.argsort(values)
    assert (np.diff(share[order]) <= 1e-12).all()
    equal = np.diff(values[order]) == 0
    assert np.diff(share[order])[equal] == pytest.approx(0)

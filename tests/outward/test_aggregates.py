"""Aggregates: no group of fewer than five accounts can be singled out, also not by subtraction."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.outward.aggregates import (
    DIMENSIONS,
    Block,
    Decided,
    K,
    as_csv,
    as_values,
    blocks,
)

MONTHS = [f"2026-{month:02}" for month in range(1, 7)]
PLAYBOOKS = ["extremist-recruitment", "job-offer", "romance"]
OUTCOMES = ["limit", "no_action", "support_only", "suspend", "cannot_tell"]
PLATFORMS = ["forum", "chat", "letters"]
NOW = "2026-07"


def population(seed: int, size: int, accounts: int) -> list[Decided]:
    """Draw decided cases, some values common and some rare."""
    draw = random.Random(seed)

    def skewed(values: list[str]) -> str:
        return draw.choices(values, [3.0**-place for place in range(len(values))])[0]

    return [
        Decided(
            f"a:{draw.randrange(accounts)}",
            draw.choice(MONTHS),
            skewed(PLAYBOOKS),
            skewed(OUTCOMES),
            skewed(PLATFORMS),
        )
        for _ in range(size)
    ]


def members(cases: list[Decided], made: list[Block]) -> dict[Block, list[Decided]]:
    """Find the cases of each block anew, from what the blocks say of themselves."""
    held: dict[Block, list[Decided]] = {one: [] for one in made}
    for case in cases:
        left = [one for one in made if one.since <= case.month <= one.until]
        for name in DIMENSIONS:
            own = [one for one in left if getattr(one, name) == getattr(case, name)]
            left = own or [one for one in left if getattr(one, name) in ("other", "all")]
        for one in left:
            held[one].append(case)
    return held


def inside(made: list[Block], asked: dict[str, Any]) -> set[Block]:
    """Answer a question as a reader of the table can: the blocks that lie wholly inside it."""
    months = asked.get("months", ("0", "9"))
    return {
        one
        for one in made
        if months[0] <= one.since
        and one.until <= months[1]
        and all(
            asked.get(name, getattr(one, name)) == getattr(one, name) for name in DIMENSIONS
        )
    }


def question(draw: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if draw.random() < 0.5:
        asked["months"] = tuple(sorted(draw.choices(MONTHS, k=2)))
    for name, values in zip(DIMENSIONS, (PLAYBOOKS, OUTCOMES, PLATFORMS), strict=True):
        if draw.random() < 0.5:
            asked[name] = draw.choice(values)
    return asked


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 160), st.integers(1, 60), st.integers(2, 8))
def test_every_block_has_k_accounts_and_each_case_is_in_one_block_or_waits(
    seed: int, size: int, accounts: int, k: int
) -> None:
    cases = population(seed, size, accounts)
    made = blocks(cases, NOW, k)
    assert all(one.accounts >= k and one.cases >= one.accounts for one in made)
    waiting = len(cases) - sum(one.cases for one in made)
    assert waiting >= 0
    last = max((one.until for one in made), default="")
    assert waiting == sum(one.month > last for one in cases)
    assert len({one.account for one in cases if one.month > last}) < k or not waiting


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 160), st.integers(5, 60))
def test_the_blocks_hold_the_cases_that_they_say(seed: int, size: int, accounts: int) -> None:
    cases = population(seed, size, accounts)
    for block, held in members(cases, blocks(cases, NOW)).items():
        assert len(held) == block.cases


def test_no_pair_of_a_thousand_questions_singles_out_fewer_than_k_accounts() -> None:
    draw = random.Random(7)
    told_apart = 0
    for seed in range(20):
        cases = population(seed, 150, 90)
        made = blocks(cases, NOW)
        held = members(cases, made)
        for _ in range(50):
            first, second = (inside(made, question(draw)) for _ in range(2))
            for apart in (
                *(first - second, second - first, first & second, first ^ second),
                *(set(made) - first, set(made) - second, set(made) - (first | second)),
            ):
                accounts = {case.account for one in apart for case in held[one]}
                assert not accounts or len(accounts) >= K
                told_apart += bool(accounts)
    assert told_apart > 1000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 160), st.integers(5, 60))
def test_what_was_given_is_never_cut_anew_when_months_go_by(
    seed: int, size: int, accounts: int
) -> None:
    cases = population(seed, size, accounts)
    before: list[Block] = []
    for month in [*MONTHS, NOW]:
        made = blocks(cases, month)
        assert made[: len(before)] == before
        before = made


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 160), st.integers(5, 60), st.data())
def test_cases_that_are_purged_change_nothing_that_was_given(
    seed: int, size: int, accounts: int, data: st.DataObject
) -> None:
    cases = population(seed, size, accounts)
    before = blocks(cases, "2026-05")
    kept = data.draw(st.lists(st.sampled_from(cases), unique_by=id))
    after = blocks(kept, NOW, given=before)
    assert after[: len(before)] == before
    last = max((one.until for one in before), default="")
    assert all(one.since > last for one in after[len(before) :])


def test_the_month_that_is_not_over_is_left_out() -> None:
    cases = [Decided(f"a:{i}", "2026-03", "p", "limit", "forum") for i in range(9)]
    assert blocks(cases, "2026-03") == []
    assert [one.cases for one in blocks(cases, "2026-04")] == [9]


def test_a_rare_value_takes_the_smallest_other_with_it_so_that_it_cannot_be_worked_out() -> (
    None
):
    cases = [
        Decided(f"a:{outcome}{i}", "2026-03", "p", outcome, "forum")
        for outcome, many in (("limit", 20), ("no_action", 6), ("suspend", 1))
        for i in range(many)
    ]
    made = blocks(cases, "2026-04")
    assert [(one.outcome, one.cases) for one in made] == [("limit", 20), ("other", 7)]
    assert not inside(made, {"outcome": "suspend"})
    assert not inside(made, {"outcome": "no_action"})


def test_one_account_with_many_cases_is_still_one() -> None:
    cases = [Decided("a:1", "2026-03", f"p{i}", "limit", "forum") for i in range(30)]
    assert blocks(cases, "2026-04") == []


def test_a_k_of_one_would_hide_nobody_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        blocks([], NOW, 1)


def test_the_table_and_the_values_hold_no_exact_number_of_accounts_and_say_simulated() -> None:
    cases = [Decided(f"a:{i}", "2026-03", "p", "limit", "forum") for i in range(9)]
    made = blocks(cases, "2026-04")
    text = as_csv(made, is_simulated=True).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["at_least_accounts"] == "5"
    assert row["SIMULATED"] == "SIMULATED"
    values = as_values(made, is_simulated=True)
    assert values["data"] == "SIMULATED"
    assert "accounts" not in values["blocks"][0]  # type: ignore[index]  # a list of rows

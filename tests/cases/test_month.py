"""A month in numbers, counted from what people did."""

from __future__ import annotations

import pytest

from undertow.cases import claims
from undertow.cases.decide import (
    appeal,
    approve,
    disagree,
    help_target,
    judge_blind,
    propose,
    settle,
    settle_appeal,
)
from undertow.cases.month import report, wilson
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal, reveal_identity
from undertow.errors import UndertowError
from undertow.units import DAY, HOUR, MINUTE

LONG = "because of the dates and the addresses"


def shown(desk) -> list[str]:
    return [row.code for row in queue(desk.store, desk.cleo, View(), desk.now).rows]


def seen(desk, who, case: str, now: int):
    view = case_view(desk.store, who, case, now)
    if view.blind:
        judge_blind(desk.store, who, case, "likely", now)
        view = case_view(desk.store, who, case, now)
    return view.hash, view.row.revision


def work(desk, case: str, outcome: str, now: int) -> str:
    claims.claim(desk.store, desk.ada, case, now)
    told = seen(desk, desk.ada, case, now)
    clause = "deception" if outcome == "suspend" else None
    return propose(desk.store, desk.ada, case, outcome, LONG, clause, *told, now + 6 * MINUTE)


def test_a_month_counts_what_was_decided_how_surely_and_at_what_cost(desk) -> None:
    first, second, third, fourth, fifth, *_ = shown(desk)
    now = desk.now
    for case in (first, second):
        act = work(desk, case, "suspend", now)
        told = seen(desk, desk.ben, case, now)
        approve(desk.store, desk.ben, act, *told, now + 7 * MINUTE, proved_at=now)
    work(desk, third, "no_action", now)
    work(desk, fourth, "cannot_tell", now)
    act = work(desk, fifth, "suspend", now)
    told = seen(desk, desk.ben, fifth, now)
    disagree(desk.store, desk.ben, act, LONG, *told, now + 7 * MINUTE)
    assert settle(desk.store, now + DAY).closed == 4
    appeal(desk.store, desk.ada, first, LONG, now + DAY)
    appealed = case_view(desk.store, desk.eve, first, now + DAY).acts[-1].code
    settle_appeal(desk.store, desk.eve, appealed, False, LONG, now + DAY + HOUR)
    view = case_view(desk.store, desk.ada, second, now)
    help_target(desk.store, desk.ada, second, view.targets[0].code, "offered", "", now)
    help_target(desk.store, desk.ada, second, view.targets[1].code, "given", "", now)
    reveal(desk.store, desk.ada, view.passages[0].code, "to decide", now)
    reveal_identity(desk.store, desk.ada, view.targets[0].code, "to help", now)
    month = report(desk.store, "2026-06")
    assert (month.opened, month.decided, month.waiting) == (12, 4, 8)
    assert (month.confirmed, month.rejected, month.unclear) == (2, 1, 1)
    assert month.share == pytest.approx(2 / 3)
    assert (month.low, month.high) == pytest.approx(wilson(2, 3))
    assert (month.proposed, month.disagreed, month.taken_back) == (3, 1, 0)
    assert (month.appeals, month.overturned) == (1, 1)
    assert (month.offered, month.given, month.declined) == (1, 1, 0)
    assert (month.texts, month.identities, month.readers) == (1, 1, 1)
    assert month.age_days == pytest.approx(1.0, abs=0.01)
    # Five cases of six minutes each, and what followed within half an hour.
    assert 0.5 <= month.hours <= 1.0
    assert report(desk.store, "2026-05").decided == 0
    assert report(desk.store, "2026-05").share is None


def test_judgements_before_the_score_are_held_against_the_decision(desk) -> None:
    blind = [
        row.code for row in queue(desk.store, desk.ada, View(), desk.now).rows if row.blind
    ]
    assert blind
    work(desk, blind[0], "no_action", desk.now)
    settle(desk.store, desk.now + DAY)
    month = report(desk.store, "2026-06")
    assert (month.judged, month.agreed) == (1, 0)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, None, None), (8, 10, 0.4902, 0.9433), (0, 5, 0.0, 0.4345), (5, 5, 0.5655, 1.0)],
)
def test_an_interval_is_wilson_s(hits, of, low, high) -> None:
    # Values of the published formula, computed apart.
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4) if of else (None, None)


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-00", "last", ""])
def test_what_is_no_month_says_so(desk, month) -> None:
    with pytest.raises(UndertowError) as fault:
        report(desk.store, month)
    assert fault.value.code == "month-unknown"

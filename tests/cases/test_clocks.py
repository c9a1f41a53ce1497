"""Clocks: how they stand as time goes on, and that what ran out is written down once."""

from __future__ import annotations

import pytest

from undertow.cases.clocks import ORDER, level, mark_overdue, set_clock
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view
from undertow.errors import UndertowError
from undertow.units import DAY, MINUTE

LONG = "a removal order of today"


def first(desk) -> str:
    return queue(desk.store, desk.ada, View(), desk.now).rows[0].code


@pytest.mark.parametrize(
    ("minutes", "stands"),
    [
        (0, "running"),
        (29, "running"),
        (30, "warning"),
        (49, "warning"),
        (50, "red"),
        (59, "red"),
        (60, "overdue"),
        (90, "overdue"),
    ],
)
def test_an_order_of_an_hour_warns_turns_red_and_runs_out(minutes: int, stands: str) -> None:
    assert level(ORDER, minutes * MINUTE) == stands
    assert level(None, minutes * MINUTE) == "none"


def test_a_case_with_a_clock_stands_in_its_view_until_the_clock_is_stopped(desk) -> None:
    case = first(desk)
    set_clock(desk.store, desk.ada, case, desk.now + ORDER, LONG, desk.now)
    (row,) = queue(desk.store, desk.ada, View(which="clocks"), desk.now).rows
    assert (row.code, row.due) == (case, desk.now + ORDER)
    assert case_view(desk.store, desk.ben, case, desk.now).acts[-1].reason == LONG
    set_clock(desk.store, desk.ben, case, None, LONG, desk.now + 1)
    assert queue(desk.store, desk.ada, View(which="clocks"), desk.now).rows == ()


def test_a_clock_that_ran_out_is_written_down_once(desk) -> None:
    case = first(desk)
    set_clock(desk.store, desk.ada, case, desk.now + ORDER, LONG, desk.now)
    assert mark_overdue(desk.store, desk.now + ORDER - 1) == 0
    assert mark_overdue(desk.store, desk.now + ORDER) == 1
    assert mark_overdue(desk.store, desk.now + 2 * ORDER) == 0
    assert [a.kind for a in case_view(desk.store, desk.ada, case, desk.now).acts][
        -1
    ] == "overdue"
    set_clock(desk.store, desk.ada, case, desk.now + 5 * ORDER, LONG, desk.now + 3 * ORDER)
    assert mark_overdue(desk.store, desk.now + 5 * ORDER) == 1


@pytest.mark.parametrize(
    ("who", "due", "reason", "code"),
    [
        ("cleo", ORDER, LONG, "role-refused"),
        ("ada", ORDER, "short", "clock-reason"),
        ("ada", 0, LONG, "clock-due"),
        ("ada", 91 * DAY, LONG, "clock-due"),
    ],
)
def test_a_clock_that_cannot_be_set_says_why(desk, who, due, reason, code) -> None:
    with pytest.raises(UndertowError) as fault:
        set_clock(desk.store, getattr(desk, who), first(desk), desk.now + due, reason, desk.now)
    assert fault.value.code == code

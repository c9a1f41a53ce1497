"""Traces of supervised operators, and the helpline that leaves the same ones."""

from __future__ import annotations

import random

import numpy as np

from undertow.signals.operators import (
    EACH_LEAST,
    SLOW_LEAST,
    asks_before_answering,
    works_in_shifts,
)
from undertow.units import DAY, HOUR, MINUTE

Message = tuple[int, int, int]
"""µs, actor, target."""


def columns(messages: list[Message]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ordered = sorted(messages)
    return tuple(np.array(column, np.int64) for column in zip(*ordered, strict=True))


def shifts(messages: list[Message]) -> int:
    at, actor, _ = columns(messages)
    return int(works_in_shifts(at, actor, 50)[0])


def slow(messages: list[Message]) -> int:
    chosen = np.zeros(50, bool)
    chosen[0] = True
    return int(asks_before_answering(*columns(messages), chosen)[0])


def working(days: dict[int, int], *, seed: int = 1, hours: int = 6) -> list[Message]:
    """Let account 0 write eight messages on some days, from an hour on."""
    rng = random.Random(seed)
    return [
        (day * DAY + begin * HOUR + int(rng.random() * hours * HOUR), 0, 1 + n)
        for day, begin in days.items()
        for n in range(8)
    ]


def test_who_works_by_day_and_by_night_in_turns_works_in_shifts() -> None:
    assert shifts(working({day: 8 if day % 2 else 20 for day in range(12)})) == 6


def test_a_night_that_passes_midnight_is_one_part_of_the_day() -> None:
    assert shifts(working({day: 9 if day % 2 else 22 for day in range(12)})) == 6


def test_one_person_with_long_days_does_not_work_in_shifts() -> None:
    assert shifts(working(dict.fromkeys(range(30), 9), hours=12)) == 0


def test_one_who_writes_at_any_hour_does_not_work_in_shifts() -> None:
    rng = random.Random(2)
    assert shifts(working({day: rng.randrange(24) for day in range(40)})) == 0


def test_a_late_night_or_two_are_no_shift() -> None:
    nights = EACH_LEAST - 1
    assert shifts(working({day: 20 if day < nights else 8 for day in range(20)})) == 0


def test_stretches_with_hardly_a_message_tell_nothing() -> None:
    few = working({day: 8 if day % 2 else 20 for day in range(12)})
    assert shifts([one for n, one in enumerate(few) if n % 8 < 2]) == 0


def talk(late: int, *, busy: bool = True, quick: int = 10) -> list[Message]:
    """Let account 0 answer quickly as a rule, and now and then after two hours, busy with others meanwhile."""
    out: list[Message] = []
    for n in range(quick):
        at = n * DAY
        out += [(at, 1 + n, 0), (at + 3 * MINUTE, 0, 1 + n)]
    for n in range(late):
        at = n * DAY + 5 * HOUR
        out += [(at, 20 + n, 0), (at + 2 * HOUR, 0, 20 + n)]
        if busy:
            out += [(at + (20 + k) * MINUTE, 0, 40 + k) for k in range(4)]
    return out


def test_late_answers_amid_other_talk_are_counted() -> None:
    assert slow(talk(4)) == 4


def test_late_answers_of_one_who_is_away_are_not() -> None:
    assert slow(talk(4, busy=False)) == 0


def test_a_few_late_answers_are_no_habit() -> None:
    assert slow(talk(SLOW_LEAST - 1)) == 0


def test_one_who_is_always_slow_does_not_ask() -> None:
    assert slow(talk(8, quick=2)) == 0


def test_several_messages_that_wait_together_have_one_answer() -> None:
    given = talk(4)
    more = [(at + MINUTE, actor, 0) for at, actor, target in given if target == 0]
    assert slow([*given, *more]) == 4


def test_without_messages_there_is_nothing_to_tell() -> None:
    none = np.empty(0, np.int64)
    assert works_in_shifts(none, none, 3).tolist() == [0, 0, 0]
    assert asks_before_answering(none, none, none, np.ones(3, bool)).tolist() == [0, 0, 0]


def test_a_helpline_in_shifts_that_asks_a_colleague_leaves_the_same_traces() -> None:
    """Why neither weighs anything: one helper answers by day, one by night, and hard questions wait for a third."""
    rng = random.Random(7)
    out: list[Message] = []
    for day in range(20):
        begin = day * DAY + (9 if day % 2 else 21) * HOUR
        for n in range(6):
            at = begin + n * 50 * MINUTE
            caller = 1 + rng.randrange(19)
            out += [(at, caller, 0), (at + 5 * MINUTE, 0, caller)]
        hard = begin + 30 * MINUTE
        out += [(hard, 20 + day, 0), (hard + 4 * HOUR, 0, 20 + day)]
    assert shifts(out) >= EACH_LEAST
    assert slow(out) >= SLOW_LEAST

"""Days carried from run to run give what one run over all days gives."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from undertow.carried.declared import Declared
from undertow.carried.state import State
from undertow.events.log import EventLog
from undertow.events.source import Source
from undertow.matches.match import find
from undertow.playbooks.grammar import Playbook
from undertow.scores import table
from undertow.scores.rates import activity
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed, weigh
from undertow.testing.oracle import Event
from undertow.units import DAY, HOUR, moment
from worlds import START, log_of, random_events, random_playbook, random_sources

Tables = tuple[pa.Table, pa.Table, pa.Table]


def tables(log: EventLog, weighed: Weighed) -> Tables:
    shown = Shown(log, lambda names: names)
    accounts, funnels, evidence = table.tables(log, weighed, shown)
    accounts = accounts.sort_by([(name, "ascending") for name in ("account", "role")])
    return accounts, funnels, evidence


def whole(events: list[Event], book: Playbook, sources: tuple[Source, ...]) -> Tables:
    log = log_of(events)
    log.marks.pop("answered")
    return tables(log, weigh(log, find(log, book, sources), activity(log)))


def daily(
    folder: Path, days: list[list[Event]], book: Playbook, sources: list[tuple[Source, ...]]
) -> list[Tables]:
    answers = []
    for events, declared in zip(days, sources, strict=True):
        with State(folder, (book,), None) as state:
            log, _ = state.add(log_of(events), Declared(declared, [], None))
            (weighed,) = state.weighed()
            answers.append(tables(log, weighed))
            state.commit()
    return answers


def same(one: Tables, two: Tables) -> None:
    for left, right in zip(one, two, strict=True):
        assert left.num_rows == right.num_rows
        for name in left.column_names:
            if left.schema.field(name).type == pa.float64():
                a, b = (np.array(t[name].to_pylist(), float) for t in (left, right))
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
            else:
                assert left[name].to_pylist() == right[name].to_pylist(), name


def listed_early(book: Playbook, dice: random.Random) -> Playbook:
    """List from a random required step, so that there is something to weigh."""
    required = [step.name for step in book.steps if not step.optional]
    return replace(book, listed_from=dice.choice(required))


def cut(events: list[Event], dice: random.Random, many: int) -> list[list[Event]]:
    """Cut events in the order of time; each day is shuffled."""
    ordered = sorted(events, key=lambda e: (e.at, e.id))
    ends = sorted(dice.randrange(1, len(ordered)) for _ in range(many - 1))
    days = [ordered[a:b] for a, b in zip([0, *ends], [*ends, len(ordered)], strict=True)]
    days = [day for day in days if day]
    for day in days:
        dice.shuffle(day)
    return days


@pytest.mark.parametrize("seed", range(150))
def test_days_equal_one_run(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    book = listed_early(random_playbook(dice), dice)
    events = random_events(dice, dice.choice([3, 5, 8]), dice.choice([20, 60, 90]))
    sources = random_sources(dice)
    days = cut(events, dice, dice.randint(2, 6))
    answers = daily(tmp_path / "state", days, book, [sources] * len(days))
    for k, answer in enumerate(answers):
        so_far = [event for day in days[: k + 1] for event in day]
        same(whole(so_far, book, sources), answer)


@pytest.mark.parametrize("seed", range(150, 210))
def test_late_rows_repeats_and_overlapping_days_equal_one_run(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    book = listed_early(random_playbook(dice), dice)
    events = random_events(dice, dice.choice([3, 5]), dice.choice([20, 60]))
    sources = random_sources(dice)
    days = cut(events, dice, dice.randint(2, 5))
    # Some rows come a day late, some come again, some again with another time or another type.
    for day, later in itertools.pairwise(days):
        late = [event for event in day if dice.random() < 0.2]
        for event in late[: len(day) - 1]:
            day.remove(event)
        later.extend(late + [event for event in day if dice.random() < 0.2])
        later.extend(
            replace(event, at=event.at + dice.choice([-3, 0, 3]) * HOUR)
            for event in day
            if dice.random() < 0.1
        )
        some = [event for event in day if event.target and dice.random() < 0.1]
        later.extend(replace(event, type="mention") for event in some)
    answers = daily(tmp_path / "state", days, book, [sources] * len(days))
    so_far = [event for day in days for event in day]
    same(whole(so_far, book, sources), answers[-1])


@pytest.mark.parametrize("seed", range(210, 230))
def test_declarations_that_change_from_day_to_day_equal_one_run(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    book = listed_early(random_playbook(dice), dice)
    events = random_events(dice, 4, 60)
    days = cut(events, dice, 3)
    sources = [random_sources(dice) for _ in days]
    answers = daily(tmp_path / "state", days, book, sources)
    united = tuple(dict.fromkeys(source for one in sources for source in one))
    same(whole([event for day in days for event in day], book, united), answers[-1])


@pytest.mark.parametrize("seed", range(230, 270))
def test_a_platform_that_comes_later_equals_one_run(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    book = listed_early(random_playbook(dice), dice)
    first, *later = cut(random_events(dice, 4, 60), dice, 3)
    days = [[replace(event, platform="q") for event in first], *later]
    declared = [Source(name, (), moment(START - k * 5 * DAY)) for k, name in enumerate("qp")]
    sources = tuple(declared[: dice.choice([1, 2, 2])])
    answers = daily(tmp_path / "state", days, book, [sources] * len(days))
    same(whole([event for day in days for event in day], book, sources), answers[-1])

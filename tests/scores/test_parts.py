"""A log cut into parts gives what the whole log gives, for any playbook."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from undertow.events.log import EventLog
from undertow.events.spill import DiskLog
from undertow.matches.match import find
from undertow.matches.parts import divide, owning_end
from undertow.scores import table
from undertow.scores.about import about
from undertow.scores.parts import weigh_in_parts
from undertow.scores.rates import activity
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed, weigh
from worlds import log_of, random_events, random_playbook, random_sources


def on_disk(log: EventLog, folder: Path) -> DiskLog:
    return DiskLog(
        **{field.name: getattr(log, field.name) for field in fields(EventLog)}, folder=folder
    )


def tables(log: EventLog, weighed: Weighed, size: int = table.SLICE) -> list[pa.Table]:
    # Names in another order than their codes, and two that look the same.
    shown = Shown(log, lambda names: pc.utf8_slice_codeunits(pc.utf8_reverse(names), 0, 1))
    ranked, funnels, evidence = table.tables(log, weighed, shown, size)
    return [ranked.sort_by([(n, "ascending") for n in ("account", "role")]), funnels, evidence]


@pytest.mark.parametrize("seed", range(40))
def test_parts_give_what_the_whole_gives(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    log = log_of(random_events(dice, dice.choice([4, 8, 12]), dice.choice([40, 120])))
    sources = random_sources(dice)
    books = []
    for _ in range(2):
        book = random_playbook(dice)
        required = [step.name for step in book.steps if not step.optional]
        books.append(replace(book, listed_from=dice.choice(required)))
    busy = activity(log)
    whole = [weigh(log, find(log, book, sources), busy) for book in books]
    division = divide(on_disk(log, tmp_path), dice.choice([1, 200_000, 400_000]))
    cut = weigh_in_parts(division, books, sources)
    for one, two in zip(whole, cut, strict=True):
        assert about(one, log) == about(two, log)
        for left, right in zip(tables(log, one), tables(log, two), strict=True):
            assert left.equals(right)


def test_worlds_hold_playbooks_of_each_kind() -> None:
    dice = random.Random(3)
    ends = {owning_end(random_playbook(dice)) for _ in range(40)}
    assert ends == {0, 1, None}

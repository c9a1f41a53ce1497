"""Weights and tables made in slices are those made at once, and stand in the order that is promised."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from undertow.events.log import EventLog
from undertow.events.spill import DiskLog
from undertow.matches.match import find
from undertow.scores import table, weigh
from undertow.scores.conduct import conduct
from undertow.scores.evidence import Words
from undertow.scores.rates import activity
from undertow.scores.shown import Shown
from worlds import log_of, random_events, random_playbook, random_sources


def world(seed: int) -> tuple[EventLog, weigh.Weighed]:
    dice = random.Random(seed)
    log = log_of(random_events(dice, dice.choice([4, 8, 12]), dice.choice([80, 240])))
    book = random_playbook(dice)
    required = [step.name for step in book.steps if not step.optional]
    book = replace(book, listed_from=dice.choice(required))
    found = find(log, book, random_sources(dice))
    (weighed,) = conduct(log, [weigh.weigh(log, found, activity(log))])
    return log, weighed


def tables(log: EventLog, weighed: weigh.Weighed, size: int) -> tuple[pa.Table, ...]:
    # Shown names stand in another order than codes, and some look the same.
    return table.tables(log, weighed, Shown(log, reversed_initials), size)


def reversed_initials(names: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(pc.utf8_reverse(names), 0, 1)


@pytest.mark.parametrize("seed", range(30))
def test_tables_in_slices_are_tables_made_at_once(seed: int, tmp_path: Path) -> None:
    log, weighed = world(seed)
    columns = {field.name: getattr(log, field.name) for field in fields(EventLog)}
    whole = tables(log, weighed, 1 << 20)
    for size in (1, 2, 7):
        (tmp_path / str(size)).mkdir()
        in_files = DiskLog(**columns, folder=tmp_path / str(size))
        for where in (log, in_files):
            for one, two in zip(whole, tables(where, weighed, size), strict=True):
                assert one.equals(two)
        in_files.rest()


def test_some_tables_have_rows_in_several_slices() -> None:
    many = [min(t.num_rows for t in tables(*world(seed), 9)[1:]) for seed in range(30)]
    assert sum(rows > 7 for rows in many) > 3


@pytest.mark.parametrize("seed", range(30))
def test_tables_stand_in_the_order_of_names_and_sums_add_up(seed: int) -> None:
    log, weighed = world(seed)
    ranked, funnels, evidence = tables(log, weighed, 3)
    orders = (
        (funnels, ["weight", "recruiter", "target"]),
        (evidence, ["account", "role", "bits", "target", "step", "event"]),
    )
    for one, names in orders:
        keys = [(n, "descending" if n in ("weight", "bits") else "ascending") for n in names]
        assert one.take(pc.sort_indices(one, keys)).equals(one)
    for row in ranked.to_pylist():
        mine = pc.and_(
            pc.equal(evidence["account"], row["account"]),
            pc.equal(evidence["role"], row["role"]),
        )
        # One by one, as a reader would.
        assert row["weight"] == sum(evidence["bits"].filter(mine).to_pylist(), 0.0)


@pytest.mark.parametrize("seed", range(30))
def test_keys_weighed_a_few_at_a_time_weigh_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one = world(seed)
    monkeypatch.setattr(weigh, "BITE", 3)
    _, two = world(seed)
    np.testing.assert_array_equal(one.weight, two.weight)
    for column in fields(one.evidence):
        left, right = (np.asarray(getattr(w.evidence, column.name)) for w in (one, two))
        np.testing.assert_array_equal(left, right, column.name)


def test_words_are_what_an_array_of_text_is() -> None:
    dice = random.Random(1)
    texts = [np.array(dice.choices(("b", "a", "long word"), k=n)) for n in (5, 0, 9)]
    words, plain = Words.joined([Words.of(one) for one in texts]), np.concatenate(texts[::2])
    assert np.asarray(words).tolist() == plain.tolist() == pa.array(words).to_pylist()
    assert (words == "a").tolist() == (plain == "a").tolist()
    assert words.among(("a", "b", "none")).tolist() == np.isin(plain, ("a", "b")).tolist()
    some = np.flatnonzero(plain != "b")
    distinct, number = np.unique(plain[some], return_inverse=True)
    assert words[some].numbered()[0] == distinct.tolist()
    assert words[some].numbered()[1].tolist() == number.tolist()
    assert [words[n] for n in range(len(words))] == plain.tolist()

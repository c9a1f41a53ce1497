"""What each kind of null world keeps, and what it breaks (science reference, C4)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import log_of, multiset

from undertow.events.log import type_code
from undertow.nulls import surrogates
from undertow.nulls.surrogates import KINDS, Original
from undertow.scores.rates import activity
from undertow.units import DAY

seeds = st.integers(0, 10_000)


def made(seed: int, kind: str, again: int = 1, **asked):
    log = log_of(seed, **asked)
    original = Original.of(log, activity(log))
    return log, original.surrogate(kind, again), original.block


def between(log):
    return np.flatnonzero((log.target >= 0) & (log.target != log.actor))


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(KINDS))
def test_every_null_world_stands_in_order_of_time_with_as_many_rows_of_each_type(
    seed, kind
) -> None:
    log, null, _ = made(seed, kind)
    assert len(null) == len(log)
    assert np.all(np.diff(null.at) >= 0)
    assert multiset(null.type) == multiset(log.type)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_shuffled_times_keep_who_did_what_to_whom_and_the_moments_of_each_type(seed) -> None:
    log, null, _ = made(seed, "times")
    what = ("type", "actor", "target", "platform")
    assert multiset(*(getattr(null, n) for n in what)) == multiset(
        *(getattr(log, n) for n in what)
    )
    assert multiset(null.type, null.at) == multiset(log.type, log.at)
    marks = [np.stack([o.marks["address"], o.marks["handed"] >= 0]) for o in (null, log)]
    assert multiset(null.actor, null.target, *marks[0]) == multiset(
        log.actor, log.target, *marks[1]
    )


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_exchanged_links_keep_each_talk_as_it_went_and_who_knows_whom(seed) -> None:
    log, null, _ = made(seed, "links")

    def talks(one):
        rows = between(one)
        found: dict[tuple[int, int], list] = {}
        for row in rows.tolist():
            a, b = int(one.actor[row]), int(one.target[row])
            first = found.setdefault((min(a, b), max(a, b)), [(a, 0, 0, 0, 0)])[0][0]
            found[min(a, b), max(a, b)].append(
                (
                    a == first,
                    int(one.at[row]),
                    int(one.type[row]),
                    bool(one.marks["address"][row]),
                    bool(one.marks["script"][row] >= 0),
                )
            )
        return found

    before, after = talks(log), talks(null)
    assert set(before) == set(after)
    assert sorted(talk[1:] for talk in before.values()) == sorted(
        talk[1:] for talk in after.values()
    )
    # Who began stays who begins.
    assert {k: v[0][0] for k, v in before.items()} == {k: v[0][0] for k, v in after.items()}


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_rewired_recipients_keep_when_each_account_acts_and_the_block_it_addresses(
    seed,
) -> None:
    log, null, block = made(seed, "recipients")
    assert np.array_equal(null.at, log.at)
    assert np.array_equal(null.actor, log.actor)
    assert np.array_equal(null.target < 0, log.target < 0)
    rows = between(log)
    assert np.array_equal(block[null.target[rows]], block[log.target[rows]])
    assert np.all(null.target[rows] != null.actor[rows])


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_permuted_addresses_keep_how_many_are_handed_over_on_each_day(seed) -> None:
    log, null, _ = made(seed, "addresses")
    for name in ("at", "type", "actor", "target", "platform"):
        assert np.array_equal(getattr(null, name), getattr(log, name))
    for kept in ("address", "handed"):
        was, now = log.marks[kept], null.marks[kept]
        shown = (was >= 0, now >= 0) if kept == "handed" else (was, now)
        days = [np.bincount(log.at[mark] // DAY, minlength=6).tolist() for mark in shown]
        assert days[0] == days[1]
    gives = null.marks["address"]
    assert np.all(null.type[gives] == type_code("message"))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_reversed_arrow_keeps_everything_but_before_and_after(seed) -> None:
    log, null, _ = made(seed, "arrow")
    back = null.at[::-1]
    assert np.array_equal(log.start + log.end - back, log.at)
    for name in ("type", "actor", "target", "platform"):
        assert np.array_equal(getattr(null, name)[::-1], getattr(log, name))
    assert np.array_equal(null.marks["address"][::-1], log.marks["address"])


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(("times", "recipients", "arrow")))
def test_who_gives_one_address_to_several_gives_one_to_as_many_in_a_null_world(
    seed, kind
) -> None:
    log, null, _ = made(seed, kind)

    def habits(one):
        rows = np.flatnonzero(one.marks["handed"] >= 0)
        return {
            a: sorted(
                np.unique(one.marks["handed"][rows[one.actor[rows] == a]], return_counts=True)[
                    1
                ].tolist()
            )
            for a in range(len(one.accounts))
        }

    assert habits(null) == habits(log)


def test_who_shares_an_address_is_drawn_anew_and_as_many_share_as_before() -> None:
    log = log_of(3, accounts=40, rows=600)
    log.marks["handed"][:] = np.where(
        log.marks["handed"] >= 0, np.where(log.actor < 4, 0, log.actor), -1
    )
    busy = replace(activity(log), decile=np.zeros(40, np.int64))
    original = Original.of(log, busy)
    share = len(np.unique(log.actor[log.marks["handed"] == 0]))
    drawn = set()
    for seed in range(20):
        null = original.surrogate("times", seed)
        who = np.unique(null.actor[null.marks["handed"] == 0])
        assert len(who) == share
        drawn.add(tuple(who.tolist()))
    assert len(drawn) > 15


def test_an_address_on_a_list_is_marked_wherever_it_is_handed_over() -> None:
    log, null, _ = made(5, "addresses", rows=300)
    assert np.array_equal(null.marks["listed"], null.marks["handed"] == 3)
    assert log.marks["listed"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_null_worlds_and_other_seeds_other_ones(kind) -> None:
    _, one, _ = made(7, kind)
    _, same, _ = made(7, kind)
    _, other, _ = made(7, kind, again=2)
    columns = ("actor", "target", "at")
    assert all(np.array_equal(getattr(one, n), getattr(same, n)) for n in columns)
    assert all(np.array_equal(one.marks[n], same.marks[n]) for n in one.marks)
    everything = [
        [getattr(o, n).tolist() for n in columns] + [o.marks["handed"].tolist()]
        for o in (one, other)
    ]
    assert everything[0] != everything[1]


@pytest.mark.parametrize("kind", KINDS)
def test_other_names_for_the_accounts_give_the_same_null_world(kind) -> None:
    log = log_of(11)
    new = np.random.default_rng(0).permutation(12)
    back = np.argsort(new)
    actor = new[log.actor].astype(np.int32)
    target = np.where(log.target < 0, -1, new[log.target]).astype(np.int32)
    renamed = replace(log, actor=actor, target=target, accounts=pa.array([str(n) for n in new]))
    pair = [Original.of(one, activity(one)).surrogate(kind, 4) for one in (log, renamed)]
    assert np.array_equal(pair[0].actor, back[pair[1].actor])
    ends = np.where(pair[1].target < 0, -1, back[pair[1].target])
    assert np.array_equal(pair[0].target, ends)
    shared = [np.unique(o.marks["handed"], return_inverse=True)[1] for o in pair]
    assert len(np.unique(np.stack(shared), axis=1).T) == len(np.unique(shared[0]))


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from((3, 40, 200)))
def test_places_of_many_groups_are_permuted_alike_by_counting_and_by_sorting(
    seed, groups
) -> None:
    group = np.random.default_rng(seed).integers(0, groups, 400)
    told = []
    # Numbers as large as that, or below nothing, are sorted and not counted.
    for offset in (0, 10_000, -1):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(surrogates, "FEW_GROUPS", 1)
            rng = np.random.default_rng(seed)
            told.append(surrogates._shuffled_within(group + offset, rng))
    assert all(np.array_equal(told[0], one) for one in told[1:])
    assert np.array_equal(group[told[0]], group)
    assert sorted(told[0].tolist()) == list(range(400))

"""The log: total order, repeats, codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.events import order
from undertow.events.log import collect
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.table import SCHEMA

DAY = datetime(2026, 1, 1, tzinfo=UTC)
names = st.sampled_from(["a", "b", "é", "Z", "zz", "\U0001f600", "\ufb01"])
rows = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "é", "z", "\uffff"]),
        st.integers(0, 3),
        names,
        st.none() | names,
    ),
    max_size=30,
)


def batch(given_rows: list[tuple[str, int, str, str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {
                "id": i,
                "type": "post",
                "published": DAY + timedelta(hours=h),
                "actor": a,
                "target": t,
            }
            for i, h, a, t in given_rows
        ],
        schema=SCHEMA,
    )


@given(rows, st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_is_time_id_target_in_bytes_and_each_id_and_target_stands_once(
    given_rows: list[tuple[str, int, str, str | None]], dice: object
) -> None:
    shuffled = list(given_rows)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    log = collect([batch(shuffled[:7]), batch(shuffled[7:])])
    seen = [
        (
            int(log.at[k]),
            log.id[k].as_py(),
            None if log.target[k] < 0 else log.accounts[log.target[k]].as_py(),
        )
        for k in range(len(log))
    ]

    def order(row: tuple[int, str, str | None]) -> tuple[int, bytes, bool, bytes]:
        return row[0], row[1].encode(), row[2] is not None, (row[2] or "").encode()

    first: dict[tuple[str, str | None], tuple[int, str, str | None]] = {}
    micros = [
        (int((DAY + timedelta(hours=h)).timestamp() * 1e6), i, t) for i, h, _, t in given_rows
    ]
    for row in sorted(micros, key=order):
        first.setdefault((row[1], row[2]), row)
    assert seen == list(first.values())
    assert log.repeats == len(given_rows) - len(first)
    assert [name.encode() for name in log.accounts.to_pylist()] == sorted(
        {n.encode() for _, _, a, t in given_rows for n in (a, t) if n is not None}
    )


def test_events_at_and_after_until_are_left_out() -> None:
    log = collect(
        [batch([("1", 0, "a", "b"), ("2", 1, "a", "b")])], until=DAY + timedelta(hours=1)
    )
    assert log.id.to_pylist() == ["1"]


def test_pseudonyms_are_stable_keyed_and_keep_nulls() -> None:
    one, other = Pseudonyms(b"k" * 32), Pseudonyms(b"q" * 32)
    shown = one.of_array(pa.array(["p:a", None, "p:a", "p:b"])).to_pylist()
    assert shown[0] == shown[2] == one.of("p:a")
    assert shown[1] is None
    assert len({*shown, other.of("p:a")}) == 4
    assert all(len(name) == 18 and name.startswith("t:") for name in shown if name)


def test_few_rows_are_told_apart_without_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = np.array([7, 7, 8, 0xFFFFFFFF, 0xFFFFFFFF], np.uint32)
    assert not order._any_twice(prints, np.array([1, 2, 1, -1, 0], np.int32))
    assert order._any_twice(prints, np.array([1, 2, 1, -1, -1], np.int32))
    assert not order._any_twice(prints[:0], np.empty(0, np.int32))
    monkeypatch.setattr(order.kernel, "repeated", None)  # would fail if it were called
    with order.ThreadPoolExecutor(1) as pool:
        texts = order.addresses(pa.chunked_array([pa.array(["a", "b", "c"])]))
        found = order._repeats(
            pool,
            prints[:3],
            np.array([1, 2, 1], np.int32),
            np.empty(0, np.int64),
            texts,
        )()
    assert not found.any()


@given(
    st.lists(
        st.text("01é", max_size=12) | st.sampled_from(["e:12345678901", "e:12345678902"]),
        max_size=8,
    ),
    st.integers(0, 8),
    st.booleans(),
)
def test_only_ids_that_ascend_by_size_and_then_by_bytes_are_held_to_be_without_repeats(
    ids: list[str], cut: int, ordered: bool
) -> None:
    def place(text: str) -> tuple[int, bytes]:
        return len(text.encode()), text.encode()

    given_ids = sorted(set(ids), key=place) if ordered else ids
    column = pa.array(["left out", *given_ids], pa.string())[1:]
    texts = order.addresses(pa.chunked_array([column[:cut], column[cut:]]))
    pairs = pairwise(given_ids)
    assert order.kernel.ascending(texts) == all(place(a) < place(b) for a, b in pairs)


@given(st.lists(st.lists(st.text(max_size=11), max_size=5), min_size=1, max_size=4), st.data())
def test_rows_of_a_column_in_pieces_are_the_same_in_compiled_code(
    pieces: list[list[str]], data: st.DataObject
) -> None:
    column = pa.chunked_array([pa.array(["left out", *one], pa.string())[1:] for one in pieces])
    size = len(column)
    some = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=9)) if size else []
    rows = np.array(some, np.int64)
    if size:
        expected = column.take(pa.array(rows)).to_pylist()
        assert order._found(column, rows).to_pylist() == expected
        copied = order._copied(order.addresses(column), rows)
        copied.validate(full=True)
        assert copied.to_pylist() == expected
    assert order.taken(column, rows).to_pylist() == [column[row].as_py() for row in some]

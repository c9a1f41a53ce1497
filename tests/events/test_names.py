"""Names become numbers: the same for all threads, and in the end in the order of bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.events import names as events_names
from undertow.events.names import Names, ranked

words = st.text(st.sampled_from("ab\x00é\uffff\U0001f600"), max_size=20)


@given(st.lists(st.lists(st.none() | words, max_size=40), max_size=4))
@settings(max_examples=100, deadline=None)
def test_each_name_has_one_code_and_none_has_two(columns: list[list[str | None]]) -> None:
    names = Names()
    told: dict[str, int] = {}
    for column in columns:
        codes = names.codes(pa.array(column, pa.string())).tolist()
        for word, code in zip(column, codes, strict=True):
            assert code == (told.setdefault(word, len(told)) if word else -1)
    assert len(names) == len(told)
    assert names.texts().to_pylist() == list(told)


def test_threads_that_bring_names_at_once_agree_on_their_codes() -> None:
    dice = np.random.default_rng(7)
    texts = np.array([f"p:{number * 7919}" for number in range(60_000)])
    columns = [pa.array(dice.choice(texts, 30_000).tolist(), pa.string()) for _ in range(24)]
    names = Names()
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(names.codes, columns))
    held = names.texts().to_pylist()
    assert len(held) == len(set(held)) == len(names)
    for column, of in zip(columns, codes, strict=True):
        assert [held[code] for code in of.tolist()] == column.to_pylist()


@given(st.lists(words.map("p:{}".format), unique=True, max_size=60), st.booleans())
@settings(max_examples=200, deadline=None)
def test_names_are_ranked_by_their_bytes(column: list[str], large: bool) -> None:
    few, events_names.FEW_NAMES = events_names.FEW_NAMES, 0
    try:
        texts, ranks = ranked(pa.array(column, pa.large_string() if large else pa.string()))
    finally:
        events_names.FEW_NAMES = few
    assert texts.to_pylist() == sorted(column, key=str.encode)
    assert ranks[-1] == -1
    assert [texts[int(rank)].as_py() for rank in ranks[:-1]] == column

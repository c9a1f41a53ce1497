"""The sieve never lets go of a text that a pattern matches."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undertow.events.table import TYPES
from undertow.signals import derive, marks, sieve
from undertow.signals.links import PROVIDERS
from undertow.signals.spoken import ENDINGS

HINTS = derive.shipped(wide=False)
WORDS = (
    *HINTS.inside,
    *HINTS.whole,
    *PROVIDERS,
    *ENDINGS.split("|"),
    "o",
    "oo",
    "ooo",
    "river",
)
GAPS = (" ", "  ", "   ", ", ", ",", "\n", "'", "!", "", "", " ", ".", "-", "•", "\t")
SIGNS = (*tuple("abcxyzoWH0123456789@.:/+#()[]{}<>*_|~-,;!?'\"=&%$^\n "), "é", "٣", "\x7f")


def kept(texts: list[str]) -> list[bool]:
    content = pa.array(["before", *texts], pa.string())[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "MANY", 0)
        return sieve.may_match(content, np.arange(len(texts))).tolist()


def let_go_of(texts: list[str]) -> list[str]:
    """Give the texts that match a pattern and are not kept; those that are not plain must be kept as well."""
    content = pa.array(texts, pa.string())
    plain = derive._plain(content)
    matched = pc.match_substring_regex(pc.ascii_lower(content), HINTS.either).to_pylist()
    return [
        text
        for text, one, hit, keep in zip(
            texts, plain.tolist(), matched, kept(texts), strict=True
        )
        if (hit or not one or not text.isascii()) and not keep
    ]


def test_texts_of_the_words_and_signs_that_patterns_ask_for_are_kept() -> None:
    dice = random.Random(11)
    texts = []
    for _ in range(20_000):
        pieces = dice.choice(
            (WORDS, SIGNS, WORDS + SIGNS, ENDINGS.split("|") + list(PROVIDERS))
        )
        text = "".join(
            dice.choice(pieces) + dice.choice(GAPS) for _ in range(dice.randint(0, 9))
        )
        texts.append(dice.choice((str, str.upper, str.title))(text))
    content = pa.array(texts, pa.string())
    matched = pc.match_substring_regex(pc.ascii_lower(content), HINTS.either)
    assert pc.sum(matched).as_py() > 3_000
    assert let_go_of(texts) == []


@given(st.lists(st.text(st.sampled_from(SIGNS), max_size=40), max_size=20))
def test_texts_of_any_signs_are_kept_where_a_pattern_matches(texts: list[str]) -> None:
    assert let_go_of(texts) == []


def test_each_word_alone_is_kept_wherever_it_is_matched() -> None:
    texts = [
        f"{before}{word}{behind}"
        for word in WORDS
        for before in ("", "a ", "river", "river ")
        for behind in ("", " b", "river", " river", ", com")
    ]
    assert let_go_of(texts) == []


def test_texts_without_any_of_it_are_let_go_of() -> None:
    assert not any(kept(["the river runs slowly under the bridge", "", "Good morning!"]))


def test_marks_are_the_same_with_and_without_the_sieve(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(12)
    words = [
        *WORDS,
        "river",
        "morning",
        "@lena_99",
        "me at example dot org",
        "https://a.org",
        "x",
    ]
    texts = [
        None if dice.random() < 0.1 else " ".join(dice.choices(words, k=dice.randint(0, 7)))
        for _ in range(2_000)
    ]
    content = pa.array(texts, pa.string())
    types = np.array([dice.randrange(len(TYPES)) for _ in texts], np.int8)
    wanted = {"address": ("message", "reply"), "link": ("post",)}
    few = marks.text_marks(content, types, wanted=wanted)
    monkeypatch.setattr(sieve, "MANY", 0)
    many = marks.text_marks(content, types, wanted=wanted)
    assert few["address"].any()
    for name, mark in few.items():
        assert (mark == many[name]).all()

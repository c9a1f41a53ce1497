# ruff: noqa: RUF001  # disguises are made of look-alikes

from __future__ import annotations

import json
import random
import re
import time
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from undertow.signals import derive, disguise, links, phone, spoken
from undertow.signals.address import Finder, find_addresses, standard
from undertow.signals.cues import LANGUAGES, Language, numbers
from undertow.signals.disguise import fold, rewrite
from undertow.signals.kinds import KINDS, Kind, Link

GIVEN = json.loads(Path(__file__).with_name("lines.json").read_text(encoding="utf-8"))
LINES, SPARED = GIVEN["lines"], GIVEN["spared"]

PIECES = [
    *["@", ".", "[at]", "(dot)", "at", "dot", "punkt", "arroba", "نقطة", "telegram", "snap'im", "واتس", "wa", "insta", "signal", "+", "00", "0170", "1234567", "555", "0143"],
    *["john", "gmail", "com", "example.org", "t.me/name_9", "zero", "six", "null", "beş", "خمسة", "double", "a", "b", "c", "٠٥", "о", "і", "ｆ", "\u200b", "\u202e", "🔥", ":", "#", "-", "_"],
    " ", " ", " ", "\n", "\x00",
]  # fmt: skip
texts = (
    st.text(max_size=60)
    | st.lists(st.sampled_from(PIECES), max_size=16).map("".join)
    | (st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
)


@pytest.mark.parametrize(("text", "kind", "value"), LINES)
def test_a_line_hands_over_its_address(text, kind, value):
    assert [(found.kind, found.value) for found in find_addresses(text)] == [(kind, value)]


@pytest.mark.parametrize(("text", "kind", "value"), LINES[::7])
def test_filler_around_a_line_changes_nothing(text, kind, value):
    found = find_addresses(f"the garden is green\n{text}\nsee the lamp")

    assert [(one.kind, one.value) for one in found] == [(kind, value)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("هذا سناب الخاص بي: {}", "snapchat"),
        ("هذا skype الخاص بي: {}", "skype"),
        ("حساب kik الخاص بي {}", "kik"),
        ("سناب بتاعي {}", "snapchat"),
        ("انستا ديالي: {}", "instagram"),
    ],
)
def test_arabic_may_say_whose_a_name_is_behind_the_service(text: str, kind: str) -> None:
    found = find_addresses(text.format("tifasa_5"))
    assert [(one.kind, one.value) for one in found] == [(kind, "tifasa_5")]


def test_capitals_of_an_id_are_one_whatever_follows_them() -> None:
    (found,) = find_addresses("mi threema es YVHLMMAS tiempo")
    assert (found.kind, found.value) == ("threema", "YVHLMMAS")
    assert not find_addresses("MI THREEMA ES DEMASIADO LENTO")


@pytest.mark.parametrize("text", SPARED)
def test_an_everyday_line_holds_no_address(text):
    assert [one for one in find_addresses(text) if one.kind != "url"] == []


@given(texts)
@settings(max_examples=150)
@example("İ@ı.ß")
def test_spans_lie_in_the_text_and_never_overlap(text):
    end = 0
    for found in find_addresses(text):
        assert end <= found.start < found.end <= len(text)
        assert text[found.start : found.end] == found.text
        end = found.end


@given(
    st.lists(
        st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u202a\u202e\u00ad"),
        min_size=15,
        max_size=15,
    )
)
def test_letters_without_width_inside_a_mail_address_change_nothing(hidden):
    text = "".join(a + b for a, b in zip("anna@example.org", [*hidden, ""], strict=True))

    assert [found.value for found in find_addresses(text)] == ["anna@example.org"]


@given(texts)
@settings(max_examples=250)
def test_the_quick_look_never_discards_an_address(text):
    if find_addresses(text):
        assert derive.may_hold(pa.array([text], pa.string())).to_pylist() == [True]


def test_the_quick_look_keeps_every_line():
    lines = pa.array([text for text, _, _ in LINES])

    assert [
        text
        for text, keep in zip(
            lines.to_pylist(), derive.may_hold(lines).to_pylist(), strict=True
        )
        if not keep
    ] == []


def test_a_column_keeps_nulls_and_order():
    column = pa.chunked_array(
        [pa.array([None, "the lamp"]), pa.array(["snap: name_99, tg: @other_9", ""])]
    )

    found = derive.address_column(column)

    assert found.type == derive.ADDRESSES
    assert [row and [a["value"] for a in row] for row in found.to_pylist()] == [
        None,
        [],
        ["name_99", "other_9"],
        [],
    ]


def test_an_empty_column_gives_an_empty_column():
    assert derive.address_column(pa.array([], pa.string())).to_pylist() == []


def test_a_region_turns_national_numbers_into_international_ones():
    assert [a.value for a in find_addresses("call 0170 1234567", region="DE")] == [
        "+491701234567"
    ]
    assert [a.value for a in find_addresses("call 0170 1234567")] == ["01701234567"]


def test_several_addresses_are_told_apart():
    found = find_addresses("insta: quiet.river, snap: quietriver7 or anna@example.org")

    assert [(a.kind, a.value) for a in found] == [
        ("instagram", "quiet.river"), ("snapchat", "quietriver7"), ("email", "anna@example.org"),
    ]  # fmt: skip


def test_a_made_up_service_needs_one_entry():
    quill = Kind(
        "quill",
        names="quill",
        handle=r"[a-z][a-z0-9_]{2,20}",
        links=(Link(r"quill\.test/(?P<v>\w{3,20})"),),
    )
    finder = Finder((*KINDS, quill))

    found = [*finder.find("my quill is river_9"), *finder.find("see quill.test/River_9")]

    assert [(a.kind, a.value) for a in found] == [("quill", "river_9")] * 2


def test_a_made_up_language_needs_one_entry():
    invented = Language(
        "qaa", at="zwib", dot="plonk", services={"telegram": "telegrumm"}, call="dringle"
    )
    finder = Finder(languages=(*LANGUAGES, invented))

    assert [a.value for a in finder.find("anna_k zwib example plonk org")] == [
        "anna_k@example.org"
    ]
    assert [a.kind for a in finder.find("telegrumm: river_9")] == ["telegram"]
    assert [a.value for a in finder.find("dringle 5551234")] == ["5551234"]


def test_words_of_languages_are_folded_like_texts():
    assert unicodedata.is_normalized("NFC", find_addresses("numaram 0532 123 45 67")[0].text)


SOON = 10
"""Seconds of processor time. What takes a step for each pair of letters takes minutes; a busy machine does not."""
NASTY = ["a", "a ", "a.", "1", "1 ", "1.", "+1 ", "@", "a@", "a@a.", " at ", "zero ", "telegram ", "snap: ", "t.me/", "(at)",
         "0" * 9 + " ", "x_", "https://", "www.", "live:", "[.]", "a-", "سناب ", "о", "🔥a", "e.mail ", "double ", "wa +1 "]  # fmt: skip


@pytest.mark.parametrize("unit", NASTY)
def test_a_long_nasty_text_ends_soon(unit):
    text = (unit * (50_000 // len(unit) + 1))[:50_000]
    begun = time.process_time()

    find_addresses(text)

    assert time.process_time() - begun < SOON


ON_SHORT_SLICES = {"_before", "_mine", "_add", "_suffix_mine", "_MONEY_BEFORE"}


def patterns():
    """Give every pattern that meets whole texts, by name."""
    finder = standard()
    owners = (
        finder.services,
        finder.links,
        finder.emails,
        finder.numbers,
        finder.handles,
        finder.spoken,
    )
    for owner in (*owners, disguise, links, phone, spoken):
        for name, value in vars(owner).items():
            several = value if isinstance(value, tuple) else (value,)
            for at, one in enumerate(several):
                pattern = one[0] if isinstance(one, tuple) else one
                if isinstance(pattern, re.Pattern) and name not in ON_SHORT_SLICES:
                    yield pytest.param(pattern, id=f"{name}-{at}")


@pytest.mark.parametrize("pattern", list(patterns()))
def test_a_pattern_passes_a_megabyte_of_nasty_text_soon(pattern):
    for unit in ("a.", "1 ", "zero "):
        text = unit * (1_000_000 // len(unit))
        begun = time.process_time()
        for _ in pattern.finditer(text):
            pass
        assert time.process_time() - begun < SOON, unit


def test_no_dictated_number_is_passed_over_by_the_quick_look() -> None:
    spoken = standard().spoken
    dice = random.Random(4)
    words = [*numbers(LANGUAGES), "7", "12", "+", "x", "plus", "double"]
    written = 0
    for _ in range(3000):
        join = dice.choice([" ", ", ", "-", "_", ".", " | ", "/", "\n"])
        text = join.join(dice.choice(words) for _ in range(dice.randint(3, 12)))
        text = dice.choice([text, text.upper(), f"call {text} today"])
        view = fold(text)
        plain = rewrite(view, spoken.dictated, spoken._digits)
        if plain is not view:
            written += 1
            assert spoken._may_dictate(view.text), text
    assert written > 300

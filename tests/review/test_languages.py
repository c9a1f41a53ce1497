"""Languages: every sentence is said in all of them, with the same placeholders and the right plurals."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import resources
from typing import Literal

import pytest
from babel.dates import format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from tests.review.sentences import Sentence, sentences

from undertow.review.language import LANGUAGES, MINUTE, Shown, language

OTHERS = [code for code in LANGUAGES if code != "en"]
FIELD = re.compile(r"\{(\w+)\}")
AT = 1_780_000_000_000_000
UNNAMED = {"ar": {0, 1, 2}}
"""Forms whose word is the number itself, so that the digits may be left out: none, one and two in Arabic."""


def catalog(code: str) -> Catalog:
    file = resources.files("undertow.review") / "locale" / f"{code}.po"
    with file.open("rb") as opened:
        return read_po(opened, locale=code)


def forms(catalog_: Catalog, said: Sentence) -> list[str]:
    message = catalog_.get(said[0] if isinstance(said, tuple) else said)
    if message is None:
        return []
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_there_are_sentences_to_translate() -> None:
    assert len(sentences()) > 500


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_said_in_every_language(code: str) -> None:
    held = catalog(code)
    missing = [
        f"{where}: {said}"
        for said, where in sentences().items()
        if not forms(held, said) or not all(forms(held, said))
    ]
    assert not missing


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalog_holds_no_sentence_that_nobody_says(code: str) -> None:
    said = {one if isinstance(one, str) else one[0] for one in sentences()}
    left = [
        message.id
        for message in catalog(code)
        if message.id
        and (message.id if isinstance(message.id, str) else message.id[0]) not in said
    ]
    assert not left


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_placeholders_of_its_sentence(code: str) -> None:
    held = catalog(code)
    faults = []
    for said in sentences():
        wanted = set(FIELD.findall(said if isinstance(said, str) else said[1]))
        for place, form in enumerate(forms(held, said)):
            has = set(FIELD.findall(form))
            free = (
                {"n"} if isinstance(said, tuple) and place in UNNAMED.get(code, ()) else set()
            )
            if has | free != wanted | free or form.count("{") != form.count("}"):
                faults.append((said, form))
    assert not faults


@pytest.mark.parametrize("code", OTHERS)
def test_a_plural_has_as_many_forms_as_its_language(code: str) -> None:
    held = catalog(code)
    wrong = [
        said
        for said in sentences()
        if isinstance(said, tuple) and len(forms(held, said)) != held.num_plurals
    ]
    assert not wrong


def test_arabic_counts_in_six_ways() -> None:
    say = language("ar").many
    told = [say("{n} target", "{n} targets", n) for n in (0, 1, 2, 5, 11, 100)]
    assert len(set(told)) == 6
    assert "11" in told[4]
    assert language("ar").direction == "rtl"


def test_a_value_is_isolated_where_lines_are_read_from_the_right() -> None:
    said = language("ar").say("with {name}", name="ada")
    assert "\N{FIRST STRONG ISOLATE}ada\N{POP DIRECTIONAL ISOLATE}" in said
    assert language("de").say("with {name}", name="ada") == "bei ada"


def test_a_value_from_data_cannot_turn_the_sentence_around_it() -> None:
    said = language("en").say("with {name}", name="a\N{RIGHT-TO-LEFT OVERRIDE}b")
    assert said == "with a⟨U+202E⟩b"


def test_a_sentence_in_a_sentence_is_not_spelled_out_twice() -> None:
    arabic = language("ar")
    inner = arabic.say("with {name}", name="ada")
    assert isinstance(inner, Shown)
    assert "U+2068" not in arabic.say("{says}.", says=inner)


@pytest.mark.parametrize(
    ("code", "number", "percent", "bits"),
    [
        ("en", "12,345", "4.6\N{NO-BREAK SPACE}%", "+9.3"),
        ("de", "12.345", "4,6\N{NO-BREAK SPACE}%", "+9,3"),
        ("fr", "12\N{NARROW NO-BREAK SPACE}345", "4,6\N{NO-BREAK SPACE}%", "+9,3"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    code: str, number: str, percent: str, bits: str
) -> None:
    one = language(code)
    assert one.number(12_345) == number
    assert one.percent(0.046) == percent
    assert one.bits(9.3) == bits


def test_signs_and_digits_keep_their_order_in_arabic() -> None:
    one = language("ar")
    assert one.bits(-2.5).startswith("\N{LEFT-TO-RIGHT ISOLATE}\N{MINUS SIGN}2")
    assert one.number(12_345).isascii()


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_times_are_said_in_every_language(code: str) -> None:
    one = language(code)
    assert "2026-05-28 20:26" in one.minute(AT)
    assert one.day(AT)
    assert one.lasting(90 * MINUTE)
    assert one.brief(3 * 24 * 60 * MINUTE)


def test_a_language_that_the_desk_does_not_speak_is_english() -> None:
    assert language("xx").code == "en"


def test_a_rate_without_digits_stays_whole() -> None:
    one = language("en")
    assert one.percent(1.0) == "100\N{NO-BREAK SPACE}%"
    assert one.rates((0.01, 0.01)) == "1.0\N{NO-BREAK SPACE}%"
    assert one.rates((0.01, 0.25)) == "1.0\N{EN DASH}25\N{NO-BREAK SPACE}%"


@given(
    micros=st.integers(-(10**16), 10**16) | st.integers(-(10**8), 10**8),
    code=st.sampled_from(sorted(LANGUAGES)),
    form=st.sampled_from(("long", "narrow")),
)
def test_a_length_of_time_is_written_as_babel_writes_it(
    micros: int, code: str, form: Literal["long", "narrow"]
) -> None:
    tongue = language(code)
    said = format_timedelta(
        timedelta(microseconds=abs(micros)), threshold=1.6, format=form, locale=tongue.locale
    )
    assert (tongue.lasting(micros) if form == "long" else tongue.brief(micros)) == said

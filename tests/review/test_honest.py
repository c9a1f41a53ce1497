# ruff: noqa: RUF001  # letters that pass for others are what is tested
"""Texts from data are shown as they are: nothing hides, nothing turns, nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undertow.review.honest import MARKS, pieces

HIDDEN = [
    *(chr(code) for code in range(0x202A, 0x202F)),
    *(chr(code) for code in range(0x2066, 0x206A)),
    *("\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\x00", "\x1b", "\x85"),
    *("\U000e0041", "\u2028", "\u2029", "\ue000"),
]


def kinds(text: str) -> list[str]:
    return [one.kind for one in pieces(text)]


@given(st.text(max_size=200))
def test_a_copy_of_what_is_shown_is_the_original(text: str) -> None:
    assert "".join(one.text for one in pieces(text)) == text


@pytest.mark.parametrize("char", HIDDEN, ids=lambda char: f"U+{ord(char):04X}")
def test_a_character_that_hides_or_turns_becomes_a_chip_of_its_own(char: str) -> None:
    found = pieces(f"ab{char}cd")
    assert [one.kind for one in found] == ["text", "hidden", "text"]
    assert found[1].label == f"U+{ord(char):04X}"
    assert found[1].text == char


@given(st.text(max_size=60), st.sampled_from(HIDDEN), st.text(max_size=60))
def test_no_plain_stretch_holds_a_character_that_hides(
    before: str, char: str, after: str
) -> None:
    plain = [one.text for one in pieces(before + char + after) if one.kind != "hidden"]
    assert not any(one in text for text in plain for one in HIDDEN)


def test_the_same_hidden_character_many_times_is_one_chip_that_counts() -> None:
    found = pieces("a" + "\u200b" * 40 + "b")
    assert [one.label for one in found if one.kind == "hidden"] == ["U+200B ×40"]


def test_marks_piled_on_a_letter_are_clipped_and_counted() -> None:
    found = pieces("z" + "\u0301" * 30 + "a")
    piled = [one for one in found if one.kind == "piled"]
    assert len(piled) == 1
    assert piled[0].label == f"+{30 - MARKS}"


@pytest.mark.parametrize(
    "text",
    [
        "Straße über Größe",
        "مرحبا بكم في السوق",
        "كَتَبَ الوَلَدُ",
        "שָׁלוֹם לכולם",
        "Привет, как дела",
        "Γειά σου",
        "नमस्ते दुनिया",
        "می\u200cخواهم",
        "👩\u200d👩\u200d👧 family",
        "tab\tand\nline",
        "https://example.org/a?b=c",
    ],
)
def test_honest_writing_of_any_script_has_no_chip(text: str) -> None:
    assert kinds(text) == ["text"]


def test_a_joiner_between_latin_letters_only_hides() -> None:
    assert kinds("pass\u200dword") == ["text", "hidden", "text"]


@pytest.mark.parametrize("word", ["pаypal", "Αpple", "gооgle", "аdmin"])
def test_a_word_of_letters_that_pass_for_others_is_marked(word: str) -> None:
    found = pieces(f"see {word} now")
    mixed = [one for one in found if one.kind == "mixed"]
    assert [one.text for one in mixed] == [word]
    assert " + " in mixed[0].label


def test_words_of_two_scripts_side_by_side_are_not_mixed() -> None:
    assert kinds("meet Анна at noon") == ["text"]

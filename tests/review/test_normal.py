"""The normalised form of a text: what hides is named, what stands for something else is folded, look-alikes are marked."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from undertow.review import honest
from undertow.review.normal import is_same, pieces


def told(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in pieces(text)]


def test_plain_text_of_any_alphabet_stays_as_it_is() -> None:
    for text in (
        "a word, and two",
        "\u0441\u043b\u043e\u0432\u043e",
        "كلمة عربية",
        "日本語 text",
        "a\u0301 is not é"[4:],
    ):
        assert is_same(pieces(text))
        assert "".join(one.text for one in pieces(text)) == text


def test_letters_of_another_alphabet_are_marked_by_their_name() -> None:
    found = [
        one
        for one in pieces("\u0440\u0430ypal and \u0441\u043b\u043e\u0432\u043e")
        if one.kind == "alike"
    ]
    assert [(one.text, one.looks) for one in found] == [("\u0440", "p"), ("\u0430", "a")]
    assert found[0].was == "CYRILLIC SMALL LETTER ER"
    (latin,) = [
        one for one in pieces("\u043f\u0061\u0440\u043e\u043b\u044c") if one.kind == "alike"
    ]
    assert (latin.was, latin.looks) == ("LATIN SMALL LETTER A", "\u0430")


def test_what_cannot_be_seen_is_named_and_what_stands_for_other_signs_is_folded() -> None:
    assert told("te\u200bxt \uff54\uff45\uff58\uff54 ad\u202emin \x07") == [
        ("text", "te"),
        ("named", "ZERO WIDTH SPACE"),
        ("text", "xt"),
        ("text", " "),
        ("folded", "text"),
        ("text", " "),
        ("text", "ad"),
        ("named", "RIGHT-TO-LEFT OVERRIDE"),
        ("text", "min"),
        ("text", " "),
        ("named", "U+0007"),
    ]


@given(
    st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text("\u0430a\u0440p\u200b \ufb01\uff21\u202e", max_size=20)
)
def test_nothing_is_left_out_and_words_are_folded_as_unicode_says(text: str) -> None:
    made = pieces(text)
    written = "".join(
        one.was if one.kind == "folded" else one.text for one in made if one.kind != "named"
    )
    kept = [char for place, char in enumerate(text) if not honest.is_hidden(text, place)]
    assert written == "".join(kept)
    for one in made:
        if one.kind == "folded":
            assert one.text == unicodedata.normalize("NFKC", one.was)
    hidden = [one.text for one in made if one.kind == "named"]
    assert len(hidden) == len(text) - len(kept)

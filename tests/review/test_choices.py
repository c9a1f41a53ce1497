"""A person's own choices: read from a form, kept whole, harmless where they are broken."""

from __future__ import annotations

import pytest

from undertow.review.choices import KEYS, Choices, from_form, read, spoken, written


def test_what_is_kept_is_what_was_chosen() -> None:
    chosen = Choices(language="ar", theme="dark", roomy=True, keys={"claim": "g"})
    assert read(written(chosen)) == chosen


@pytest.mark.parametrize("kept", [b"", b"{", b'{"theme": "pink"}', b'{"keys": 4}', b"null"])
def test_what_cannot_be_read_is_a_choice_not_made(kept: bytes) -> None:
    assert read(kept) == Choices()


def test_a_form_remaps_a_key_and_leaves_the_others() -> None:
    chosen = from_form({"language": "fr", "theme": "light", "key-claim": "g", "roomy": "on"})
    assert chosen == Choices(language="fr", theme="light", roomy=True, keys={"claim": "g"})
    assert chosen.keymap["g"] == "claim"
    assert chosen.keymap["j"] == "next"
    assert "c" not in chosen.keymap


def test_a_key_given_to_two_things_stays_with_the_first() -> None:
    chosen = from_form({"key-next": "x", "key-claim": "x"})
    assert chosen.keymap["x"] == "next"
    assert sorted(chosen.keymap.values()).count("next") == 1


@pytest.mark.parametrize(
    "form",
    [
        {"language": "tlh", "theme": "pink"},
        {"key-claim": "too long"},
        {"key-claim": ""},
        {"unknown": "1"},
    ],
)
def test_a_form_that_asks_for_what_there_is_not_changes_nothing(form: dict[str, str]) -> None:
    assert from_form(form) == Choices()


def test_keys_that_are_off_do_nothing() -> None:
    assert Choices(keys_off=True).keymap == {}


def test_every_key_is_there_once_at_first() -> None:
    assert len(Choices().keymap) == len(KEYS)


@pytest.mark.parametrize(
    ("accepts", "code"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("ru,ar;q=0.5", "ar"),
        ("tlh", "en"),
        (",".join(["xx"] * 500) + ",fr", "en"),
    ],
)
def test_a_browser_s_languages_are_heard_in_order(accepts: str, code: str) -> None:
    assert spoken(Choices(), accepts) == code
    assert spoken(Choices(language="fr"), accepts) == "fr"

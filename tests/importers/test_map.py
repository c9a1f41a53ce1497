from __future__ import annotations

import pytest

from undertow.errors import Faults, UndertowError
from undertow.importers.guess import guess_map
from undertow.importers.mapping import check_map
from undertow.importers.words import NAMES

COLUMNS = ("sender", "recipient", "time", "body")


def test_all_faults_are_told_at_once_with_place_mend_and_nearest_name():
    text = """\
plaform: chat
type: message
columns:
  actor: sendr
  published: {column: time, format: unix-second, timezone: Europe/Berln}
  contents: body
  target: {value: x}
values: {type: {dm: mesage}}
class: open
shows: [folow]
"""
    with pytest.raises(Faults) as raised:
        check_map(text, COLUMNS, "map.yaml")
    found = [(f.code, f.place.line, f.mend) for f in raised.value.faults]
    assert [(code, line) for code, line, _ in found] == [
        ("map-unknown-key", 1),
        ("map-missing-key", 1),
        ("map-unknown-column", 2),
        ("map-unknown-column", 4),
        ("map-unknown-format", 5),
        ("map-unknown-zone", 5),
        ("map-unknown-field", 6),
        ("map-wrong-type", 7),
        ("map-unknown-value", 8),
        ("map-unknown-value", 9),
        ("map-unknown-value", 10),
    ]
    mends = [mend for _, _, mend in found]
    assert mends[0] == "did you mean `platform`?"
    assert mends[2] == "write `type: {value: message}` if all rows are of this type"
    assert mends[3] == "did you mean `sender`?"
    assert mends[4] == "did you mean `unix-seconds`?"
    assert "4 |   actor: sendr\n  |          ^" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "5", "platform: [", "a: b: c", "[" * 100_000, "{" * 5_000, "\0", "x: &a [*a]"],
)
def test_what_is_no_map_is_a_clear_error(text):
    with pytest.raises(UndertowError) as fault:
        check_map(text, COLUMNS, "map.yaml")
    assert fault.value.exit_code == 2


def test_a_key_given_twice_is_a_fault():
    text = "platform: a\nplatform: b\ntype: {value: message}\ncolumns: {actor: sender, published: time}\n"
    with pytest.raises(Faults) as raised:
        check_map(text, COLUMNS, "map.yaml")
    assert raised.value.faults[0].code == "map-key-twice"


def fields(columns, *records):
    guess = guess_map(columns, records, "My Chat.1")
    return check_map(guess.text, columns, "guess"), guess


def test_a_foreign_table_is_guessed():
    guessed, guess = fields(COLUMNS, ("1", "2", "1082040961", "hello there"))
    assert {name: one.column for name, one in guessed.fields.items() if one.column} == {
        "actor": "sender",
        "target": "recipient",
        "published": "time",
        "content": "body",
    }
    assert guessed.fields["published"].form == "unix-seconds"
    assert guessed.platform == "my-chat-1"
    assert any("taken as `message`" in line for line in guess.unsure)


@pytest.mark.parametrize(
    "header",
    [
        ("Absender", "Empfänger", "Zeit", "Nachricht"),
        ("expéditeur", "destinataire", "date", "texte"),
        ("remitente", "destinatario", "fecha", "mensaje"),
        ("gönderen", "alıcı", "tarih", "mesaj"),  # noqa: RUF001  # Turkish has an i without a dot
        ("المرسل", "المستلم", "التاريخ", "الرسالة"),
        ("From User", "to_user", "created_at", "Message-Text"),
        ("отправитель", "получатель", "дата", "сообщение"),
        ("col_a", "col_b", "col_c", "col_d"),
    ],
)
def test_headers_of_many_languages_are_known(header):
    record = ("anna", "bo", "2024-01-15T10:30:00Z", "what a fine long day it was")
    guessed, guess = fields(header, record)
    found = [
        guessed.fields[name].column for name in ("actor", "target", "published", "content")
    ]
    assert tuple(found) == header
    assert (header[0] == "col_a") == any("values alone" in line for line in guess.unsure)


@pytest.mark.parametrize(
    ("value", "form", "doubt"),
    [
        ("1082040961", "unix-seconds", None),
        ("1082040961123", "unix-milliseconds", None),
        ("1082040961123456", "unix-microseconds", None),
        ("2024-01-15 10:30", "iso", "no time zone"),
        ("15.01.2024 10:30", "%d.%m.%Y %H:%M", "no time zone"),
        ("05/01/2024 10:30", "%d/%m/%Y %H:%M", "may be swapped"),
        ("25/01/2024 10:30", "%d/%m/%Y %H:%M", "no time zone"),
    ],
)
def test_times_are_known_by_their_values(value, form, doubt):
    guessed, guess = fields(("from", "to", "when", "text"), ("a", "b", value, "x y"))
    assert guessed.fields["published"].form == form
    assert doubt is None or any(doubt in line for line in guess.unsure)


def test_words_for_types_are_proposed():
    columns = ("from", "to", "time", "kind")
    guessed, guess = fields(
        columns, *(("a", "b", "1082040961", kind) for kind in ("dm", "fr", "like", "zork"))
    )
    assert guessed.values == {"type": {"dm": "message", "fr": "follow"}}
    assert any("some values of the type are unknown" in line for line in guess.unsure)


def test_no_word_stands_for_two_columns():
    words = [word for names in NAMES.values() for word in names]
    assert len(set(words)) == len(words)
    assert all(word == word.lower() for word in words)

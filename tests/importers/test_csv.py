from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.events.source import METADATA_KEY
from undertow.importers import delimited, writing
from undertow.importers.delimited import CsvReader, open_table
from undertow.importers.mapping import check_map

MAP = """\
platform: chat
type: {value: message}
columns:
  actor: sender
  target: recipient
  published: {column: time, format: unix-seconds}
  content: body
"""
HEAD = "sender,recipient,time,body\n"


@pytest.fixture
def csv(tmp_path):
    def make(text, *, map_text=MAP, delimiter=None, **kwargs):
        path = tmp_path / "chat.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        table = open_table(path, delimiter)
        event_map = check_map(map_text, table.columns, "map.yaml")
        return CsvReader(table, event_map, **{"ground": "test", **kwargs})

    return make


def test_a_foreign_table_becomes_events(take, csv):
    found = take(csv(HEAD + '1,2,1082040961,"hi, ""you""\nthere"\n2,chat:1,1082040999,\n'))
    first, second = found.rows
    assert (first["actor"], first["target"]) == ("chat:1", "chat:2")
    assert second["target"] == "chat:1"
    assert first["content"] == 'hi, "you"\nthere'
    assert second["content"] is None
    assert first["published"].isoformat() == "2004-04-15T14:56:01+00:00"
    (source,) = found.outcome.sources
    assert (source.types, source.precision, source.kind) == (("message",), "s", "direct")
    assert METADATA_KEY in pq.read_schema(found.outcome.out).metadata


def test_issued_ids_sort_as_the_rows_do_and_name_nobody(take, csv):
    text = HEAD + "".join(f"alice,bob,{1082040961},x\n" for _ in range(12))
    ids = [row["id"] for row in take(csv(text)).rows]
    assert ids == sorted(ids)
    assert len(set(ids)) == 12
    assert ids == [row["id"] for row in take(csv(text)).rows]
    assert "alice" not in ids[0]
    assert ids[0] != take(csv(text + "a,b,1082040961,x\n")).rows[0]["id"]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(take, csv, sign):
    text = (HEAD + '1,2,1082040961,"a;b|c\t,"\n1,3,1082040961,x\n').replace(",", sign)
    assert take(csv(text)).outcome.events == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_known_encodings_are_read(take, csv, encoding):
    text = HEAD + "ä,ö,1082040961,é مرحبا\n"
    assert take(csv(text.encode(encoding))).rows[0]["content"] == "é مرحبا"


def test_text_that_is_not_utf8_is_refused_with_its_place(take, csv):
    text = (HEAD + "a,b,1082040961,x\n").encode() + "a,b,1082040961,é".encode("latin-1")
    with pytest.raises(UndertowError, match="byte 59 of the file") as fault:
        take(csv(text))
    assert fault.value.code == "csv-not-utf8"
    assert fault.value.place.line == 3


def test_faulty_rows_are_set_aside_with_their_line(take, csv):
    found = take(
        csv(
            HEAD
            + '1,2,1082040961,"two\nlines"\n'
            + "1,2\n"
            + "1,2,1082040961,x,y\n"
            + "1,2,never,x\n"
            + ",2,1082040961,x\n"
            + '1,2,1082040961,"a"b\n'
            + "1,2,99999999999999,x\n"
            + "1,2,1082040961,last\n"
        )
    )
    assert [row["content"] for row in found.rows] == ["two\nlines", "last"]
    rejects = pq.read_table(found.outcome.rejects).to_pylist()
    assert [
        (one["line"], one["reason"]) for one in sorted(rejects, key=lambda r: r["line"])
    ] == [
        (4, "fewer fields than the header"),
        (5, "more fields than the header"),
        (6, "`published`: time not readable"),
        (7, "no `actor`"),
        (8, "a quote in the wrong place"),
        (9, "`published`: time before 1970 or after 2200"),
    ]
    assert found.outcome.exit_code == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "csv-empty"),
        ("\n", "csv-empty"),
        ("1,2,1082040961,hello\n", "csv-header-missing"),
        ("a,a,b,c\n", "csv-column-twice"),
        (HEAD + '1,2,1082040961,"open\n1,2,3,4\n', "csv-quote-unclosed"),
    ],
)
def test_a_faulty_file_is_one_clear_error(take, csv, text, code):
    with pytest.raises(UndertowError) as fault:
        take(csv(text))
    assert fault.value.code == code


def test_a_field_beyond_the_limit_is_refused(take, csv, monkeypatch):
    monkeypatch.setattr(delimited, "LONGEST_FIELD", 1000)
    with pytest.raises(UndertowError) as fault:
        take(csv(HEAD + f"1,2,1082040961,{'x' * 2000}\n"))
    assert fault.value.code == "csv-quote-unclosed"


def test_nul_and_half_pairs_are_cleaned_and_counted(take, csv):
    found = take(csv(HEAD + "1,2,1082040961,a\0b\n"))
    assert found.rows[0]["content"] == "ab"
    assert found.outcome.gaps == {"U+0000 taken out of a text": 1}


def test_times_need_a_zone(take, csv):
    iso = MAP.replace("unix-seconds", "iso")
    text = HEAD + "1,2,2024-01-15 10:30:00,x\n"
    with pytest.raises(UndertowError, match="without a zone"):
        take(csv(text, map_text=iso))
    (row,) = take(csv(text, map_text=iso, timezone="Europe/Berlin")).rows
    assert row["published"].hour == 9
    pattern = MAP.replace("unix-seconds", "'%d.%m.%Y %H:%M', timezone: UTC")
    found = take(csv(HEAD + "1,2,15.01.2024 10:30,x\n", map_text=pattern))
    assert found.rows[0]["published"].hour == 10
    assert found.outcome.sources[0].precision == "min"


def test_values_are_translated_and_cells_split(take, csv):
    text = "who,whom,when,what\na,b;c,1082040961,dm\na,b,1082040961,fr\na,b,1082040961,zz\n"
    map_text = """\
platform: p
type: what
columns: {actor: who, target: {column: whom, split: ";"}, published: {column: when, format: unix-seconds}}
values: {type: {dm: message, fr: follow}}
ground: research
"""
    found = take(csv(text, map_text=map_text, ground=None))
    assert [(r["type"], r["target"]) for r in found.rows] == [
        ("message", "p:b"),
        ("message", "p:c"),
        ("follow", "p:b"),
    ]
    assert len({r["id"] for r in found.rows}) == 2
    assert list(found.outcome.rejected) == ["unknown `type`: name it under `values` in the map"]
    assert found.outcome.sources[0].ground == "research"


def test_a_public_table_needs_no_ground(take, csv):
    found = take(
        csv(HEAD + "1,2,1082040961,x\n", map_text=MAP + "class: public\n", ground=None)
    )
    assert found.rows[0]["visibility"] == "public"


def test_a_failed_import_leaves_the_older_output_alone(take, csv, tmp_path):
    out = tmp_path / "out.parquet"
    take(csv(HEAD + "1,2,1082040961,x\n"))
    before = out.read_bytes()
    with pytest.raises(UndertowError):
        take(csv((HEAD + "1,2,1082040961,x\n").encode() + b"\xff\n"))
    assert out.read_bytes() == before
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_batches_of_any_size_give_the_same(take, csv, monkeypatch):
    text = HEAD + "".join(f"{n % 9},{n},{1082040961 + n},x\n" for n in range(1, 200))
    whole = take(csv(text)).rows
    monkeypatch.setattr(writing, "BATCH", 7)
    assert take(csv(text)).rows == whole


def test_a_list_of_rejects_from_an_earlier_run_goes_away(take, csv, tmp_path):
    take(csv(HEAD + "1,2,1082040961,x\n1,2\n"))
    assert (tmp_path / "out.rejects.parquet").exists()
    take(csv(HEAD + "1,2,1082040961,x\n"))
    assert not (tmp_path / "out.rejects.parquet").exists()

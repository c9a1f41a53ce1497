"""Lines become events; what is faulty is set aside with its number and bothers nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from undertow.events.table import TYPES
from undertow.live.columns import ADDRESS, DIRECT, FLAGS, LINK, PLATFORM, TARGET, TYPE
from undertow.live.lines import STRETCH, Block, LineReader, Read
from undertow.playbooks import parse

AT = "2026-01-01T00:00:00Z"
BOOKS = (parse.load("extremist-recruitment"),)


def line(**given: Any) -> str:
    row = {"id": "e", "type": "message", "published": AT, "actor": "p:a", **given}
    return json.dumps({name: value for name, value in row.items() if value != "gone"})


def read(*lines: str | bytes, **options: Any) -> Read:
    data = b"".join((one.encode() if isinstance(one, str) else one) + b"\n" for one in lines)
    return LineReader((), BOOKS, **options).read(Block(data, 1, "a stream"))


FAULTS = {
    "not JSON": '{"id": ',
    "not an event: object missing required field `actor`": line(actor="gone"),
    "not an event: expected `str`, got `int` - at `$.id`": line(id=5),
    "not UTF-8": b'{"id": "\xff"}',
    "`type` holds an unknown word": line(type="shout"),
    "`visibility` holds an unknown word": line(visibility="secret"),
    "`published` is not an ISO 8601 time": line(published="yesterday"),
    "`published` has no time zone (give --timezone)": line(published="2026-01-01T00:00:00"),
    "`actor` is missing": line(actor=""),
    "a time lies outside the years 1 to 9999": line(published="10000-01-01T00:00:00Z"),
    "`observed` is not an ISO 8601 time": line(observed="then"),
}


@pytest.mark.parametrize(("reason", "faulty"), FAULTS.items(), ids=list(FAULTS))
def test_a_faulty_line_is_set_aside_with_its_number_and_the_reason(
    reason: str, faulty: str | bytes
) -> None:
    got = read(line(id="one"), faulty, "", line(id="two"))
    if reason.startswith("a time"):
        assert [number for number, _ in got.rejects] == [2]
    else:
        assert got.rejects == [(2, reason)]
    assert got.events.ids.to_pylist() == ["one", "two"]
    assert got.lines == 3


def test_extra_fields_are_passed_over() -> None:
    got = read(line(mood="fine", nested={"a": [1]}))
    assert (got.rejects, len(got.events)) == ([], 1)


def test_a_line_number_is_right_in_every_stretch_of_a_large_block() -> None:
    rows = [line(id=f"e{n}") for n in range(3 * STRETCH // 80)]
    rows[7] = rows[-3] = "faulty"
    got = read(*rows)
    assert [number for number, _ in got.rejects] == [8, len(rows) - 2]
    assert len(got.events) == len(rows) - 2


def test_two_values_on_one_line_are_no_event() -> None:
    got = read(line(id="one") + line(id="two"), "", line(id="three"))
    assert got.rejects == [(1, "not JSON")]
    assert got.events.ids.to_pylist() == ["three"]


def test_names_become_codes_and_null_stays_null() -> None:
    got = read(line(target="p:b"), line(actor="p:b", id="f"), line(target="p:a", id="g"))
    assert got.events.columns[TARGET].tolist() == [1, -1, 0]
    assert [TYPES[code] for code in got.events.columns[TYPE]] == ["message"] * 3
    assert got.events.columns[PLATFORM].tolist() == [-1, -1, -1]


def test_addresses_are_found_only_where_a_playbook_looks_for_them() -> None:
    text = "write to lamp@example.org or see https://example.org/lamp"
    got = read(line(content=text, target="p:b"), line(content=text, type="post", id="f"))
    assert got.events.columns[FLAGS].tolist() == [ADDRESS | LINK | DIRECT, 0]


def test_an_event_of_the_future_is_set_aside_where_that_is_asked() -> None:
    later = line(published="2999-01-01T00:00:00Z")
    assert not read(later).rejects
    got = read(line(), later, ahead=1_000_000)
    assert got.rejects == [(2, "`published` lies in the future")]
    assert len(got.events) == 1


def test_nothing_of_a_line_stands_in_its_reason() -> None:
    secret = "canary"
    got = read(
        line(type=secret), line(published=secret), '{"id": "' + secret, line(id=[secret])
    )
    assert len(got.rejects) == 4
    assert secret not in repr(got.rejects)

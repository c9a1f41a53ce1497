"""The case bundle: whole, marked, self-contained, without a script and without a target's name."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import dossier, maker, poisoned, record, simulated, with_passage

from undertow.cases import dossier as d
from undertow.outward import bundle, page, plain

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "<svg onload=alert(1)>",
    "</style><style>*{background:url(//x)}</style>",
    "javascript:alert(1)",
    "a\u202eb\u0000",
)


class Seen(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def unpacked(body: bytes) -> dict[str, bytes]:
    packed = zipfile.ZipFile(io.BytesIO(body))
    return {name: packed.read(name) for name in packed.namelist()}


def test_the_manifest_names_every_file_with_its_hash_and_length() -> None:
    files = unpacked(bundle.build(record(), maker()))
    told = json.loads(files.pop(bundle.MANIFEST))
    assert {one["name"] for one in told["files"]} == set(files)
    for one in told["files"]:
        assert one["sha256"] == hashlib.sha256(files[one["name"]]).hexdigest()
        assert one["bytes"] == len(files[one["name"]])


def test_the_manifest_says_who_made_it_when_and_what_was_left_out() -> None:
    told = json.loads(unpacked(bundle.build(record(), maker()))[bundle.MANIFEST])
    assert told["exporter"] == "r:ada"
    assert told["made_at"] == "2026-03-02T00:00:00Z"
    assert told["filters"]["targets_as"] == "codes"
    assert told["filters"]["passages"] == "none"


def test_equal_input_gives_equal_bytes() -> None:
    assert bundle.build(record(), maker()) == bundle.build(record(), maker())


def test_every_file_of_a_simulated_case_says_so() -> None:
    for name, body in unpacked(bundle.build(simulated(), maker())).items():
        assert b"SIMULATED" in body, name
    assert bundle.file_name(simulated(), "zip").startswith("SIMULATED-")


def test_no_file_of_a_real_case_says_simulated() -> None:
    for name, body in unpacked(bundle.build(record(), maker())).items():
        assert b"SIMULATED" not in body, name


def test_the_page_has_no_script_loads_nothing_and_forbids_both() -> None:
    text = page.render(record(), maker()).decode()
    seen = Seen(text)
    assert not {"script", "img", "iframe", "link", "object", "form", "base"} & set(seen.tags)
    loads = {"src", "style", "action", "xlink:href"}
    assert not [name for name, _ in seen.attributes if name in loads or name.startswith("on")]
    assert all(
        value.startswith("#") for name, value in seen.attributes if name == "href" and value
    )
    policy = next(value for name, value in seen.attributes if value and "default-src" in value)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_text_in_any_field_stays_text(payload: str) -> None:
    clean, dirty = (
        Seen(page.render(poisoned(text), maker()).decode()) for text in ("x", payload)
    )
    assert set(dirty.tags) == set(clean.tags)
    assert {name for name, _ in dirty.attributes} == {name for name, _ in clean.attributes}
    assert "49" not in dirty.texts


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_text_in_any_field_leaves_json_and_tables_whole(payload: str) -> None:
    files = unpacked(bundle.build(poisoned(payload), maker()))
    assert json.loads(files["case.json"])["case"]["case"] == payload
    assert not [name for name in files if "/" in name or ".." in name]


@given(st.text(max_size=80))
def test_a_file_s_name_holds_nothing_that_a_shell_or_a_header_could_trip_over(
    code: str,
) -> None:
    name = bundle.file_name(record(case=code), "zip")
    assert re.fullmatch(r"case-[A-Za-z0-9._-]{1,60}\.zip", name)
    assert ".." not in name or "/" not in name


def test_events_stand_by_their_place_so_that_no_id_of_an_importer_s_leaves() -> None:
    body = b"".join(unpacked(bundle.build(record(), maker())).values())
    assert b"native-event" not in body
    assert plain.events(record())["native-event-0-0"] == "e1"


def test_a_passage_stands_in_the_bundle_only_if_it_was_opened_and_then_the_page_says_why() -> (
    None
):
    without = unpacked(bundle.build(record(), maker()))
    assert "passages.csv" not in without
    asked = maker(text_reason="the court of appeal asked for it")
    files = unpacked(bundle.build(with_passage("neutral filler text"), asked))
    for name in ("case.html", "case.json", "passages.csv"):
        assert b"neutral filler text" in files[name]
    for name in ("case.html", "case.json", "manifest.json"):
        assert b"the court of appeal asked for it" in files[name]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["address", "first_message", "handoff"]), st.floats(-9, 9)),
        max_size=6,
    ),
    st.floats(-50, 50),
)
def test_any_evidence_makes_a_page_and_a_bundle(
    lines: list[tuple[str, float]], weight: float
) -> None:
    made = dossier(
        lines=tuple(d.EvidenceLine(step, "taken", 1, 2, bits) for step, bits in lines),
        weight=weight,
        funnels=(),
    )
    assert len(unpacked(bundle.build(record(dossier=made), maker()))) == 8

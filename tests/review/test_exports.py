"""Exports over HTTP: a page that says what leaves and opens nothing, and a file that the log has first."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.review.payloads import PAYLOADS

from undertow.cases import ledger
from undertow.cases.tables import cases, exposures, leaves

WHY = "the body that asked acts on it"


@pytest.fixture
def case(desk: Any) -> str:
    """A case that nobody need judge first."""
    with desk.store.writing() as connection:
        connection.execute(update(cases).values(blind=False))
        ledger.record(connection, desk.store, "test", {})
        return str(connection.execute(select(cases.c.case).limit(1)).scalar_one())


def tags(text: str) -> set[tuple[str, tuple[str, ...]]]:
    """Name the elements of a page with the names of their attributes."""
    found: set[tuple[str, tuple[str, ...]]] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.add((tag, tuple(name for name, _ in attrs)))

    Reader().feed(text)
    return found


def count(desk: Any, table: Any) -> int:
    with desk.store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.mark.parametrize("name", ["ada", "ben", "cleo"])
def test_the_page_says_what_leaves_and_opens_nothing(
    on_cases: Callable[..., Any], desk: Any, case: str, name: str
) -> None:
    caller = on_cases().caller(name)
    before = count(desk, exposures), count(desk, leaves)
    page = caller.get(f"/case/{case}/export")
    assert page.status_code == 200
    assert "SIMULATED" in page.text
    assert ('name="text_reason"' in page.text) == (name != "cleo")
    assert 'name="native_reason"' not in page.text
    assert (count(desk, exposures), count(desk, leaves)) == before


def test_the_page_has_a_twin_in_json(on_cases: Callable[..., Any], case: str) -> None:
    told = (
        on_cases().caller("ada", Accept="application/json").get(f"/case/{case}/export").json()
    )
    assert told["forms"] == ["bundle", "html", "json", "csv"]
    assert told["later"] == ["stix", "misp", "statement"]
    assert told["targets"] == 3


def test_whoever_is_to_judge_first_is_told_so_and_gets_no_file(
    on_cases: Callable[..., Any], desk: Any, case: str
) -> None:
    with desk.store.writing() as connection:
        connection.execute(update(cases).values(blind=True))
        ledger.record(connection, desk.store, "test", {})
    caller = on_cases().caller("ada")
    assert "Not yet." in caller.get(f"/case/{case}/export").text
    asked = caller.post(f"/case/{case}/export", data={"kind": "json"})
    assert asked.status_code == 422
    assert "export-blind" in asked.text


def test_the_file_comes_as_a_download_with_its_hash(
    on_cases: Callable[..., Any], case: str
) -> None:
    made = on_cases().caller("ada").post(f"/case/{case}/export", data={"kind": "bundle"})
    assert made.status_code == 200
    assert made.headers["content-disposition"].startswith(
        'attachment; filename="SIMULATED-case-'
    )
    assert made.headers["undertow-sha-256"] == hashlib.sha256(made.content).hexdigest()
    assert "no-store" in made.headers["cache-control"]
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(made.content)).namelist()


def test_texts_are_counted_as_read_by_whoever_asked(
    on_cases: Callable[..., Any], desk: Any, case: str
) -> None:
    asked = {"kind": "json", "text_reason": WHY}
    made = on_cases().caller("ada").post(f"/case/{case}/export", data=asked)
    assert made.status_code == 200
    assert count(desk, exposures) == len(made.json()["passages"]) > 0


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("cleo", {"kind": "json", "text_reason": WHY}, 403),
        ("dora", {"kind": "json"}, 403),
        ("ada", {"kind": "stix"}, 422),
        ("ada", {"kind": "json", "text_reason": "short"}, 422),
        ("ada", {"kind": "exe"}, 422),
        ("ada", {"kind": "statement", "until": "soon"}, 422),
    ],
)
def test_what_may_not_leave_is_refused(
    on_cases: Callable[..., Any], desk: Any, case: str, name: str, data: dict, status: int
) -> None:
    before = count(desk, exposures)
    assert on_cases().caller(name).post(f"/case/{case}/export", data=data).status_code == status
    assert count(desk, exposures) == before


def test_an_export_asks_for_a_fresh_proof(on_cases: Callable[..., Any], case: str) -> None:
    served = on_cases()
    caller = served.caller("ada")
    served.time.pass_(minutes=served.app.state.settings.proof_minutes + 1)
    asked = caller.post(f"/case/{case}/export", data={"kind": "json"})
    assert asked.status_code in (303, 401, 403)
    assert "attachment" not in asked.headers.get("content-disposition", "")


@pytest.mark.parametrize("payload", PAYLOADS[:40])
def test_a_hostile_reason_stays_text_in_the_file(
    on_cases: Callable[..., Any], case: str, payload: str
) -> None:
    asked = {"kind": "html", "text_reason": f"the reason is {payload}"}
    made = on_cases().caller("ada").post(f"/case/{case}/export", data=asked)
    assert made.status_code == 200
    clean = {"kind": "html", "text_reason": "the reason is plain"}
    other = on_cases().caller("ben").post(f"/case/{case}/export", data=clean)
    assert tags(made.text) == tags(other.text)

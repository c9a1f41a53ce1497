"""Logs: one line of JSON an event, and nothing in it that was given to us."""

from __future__ import annotations

import io
import json
import logging

import pytest

from undertow.review.logs import HIDDEN, KEYS, Handed, logger_for, place_of

CANARY = "canary-7f3a: she wrote at the harbour\r\n\x1b[31mforged"


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("key", sorted(KEYS - {"event", "level", "at"}))
def test_no_field_carries_a_text_that_is_not_ours(key: str) -> None:
    out = io.StringIO()
    logger_for(out).info("request", **{key: CANARY})
    (line,) = lines(out)
    assert line[key] == HIDDEN
    assert "canary" not in out.getvalue()


def test_an_unknown_field_is_dropped_and_an_event_in_foreign_words_is_hidden() -> None:
    out = io.StringIO()
    logger_for(out).info(CANARY, text=CANARY, url="/enter?token=secret")
    (line,) = lines(out)
    assert set(line) == {"event", "level", "at"}
    assert line["event"] == HIDDEN


def test_times_are_utc_and_numbers_stay_numbers() -> None:
    out = io.StringIO()
    logger_for(out).info("request", status=200, milliseconds=1.5)
    (line,) = lines(out)
    assert str(line["at"]).endswith("Z")
    assert (line["status"], line["milliseconds"]) == (200, 1.5)


def test_what_a_library_logs_is_named_and_not_quoted() -> None:
    out = io.StringIO()
    library = logging.getLogger("a.library")
    library.addHandler(Handed(logger_for(out)))
    library.propagate = False
    try:
        int(CANARY)
    except ValueError as fault:
        library.exception("met %s", CANARY)
        place = place_of(fault)
    (line,) = lines(out)
    assert line["fault"] == "ValueError"
    assert line["task"] == "a.library"
    assert "canary" not in out.getvalue()
    assert ":" in place
    assert "canary" not in place


def test_requests_leave_no_name_query_or_form_in_the_log(served) -> None:
    client = served.caller()
    client.post("/sign-in", data={"name": CANARY, "password": CANARY})
    client.get("/enter", params={"token": "canary-token"})
    client.get("/canary-path")
    client.get("/static/none", headers={"User-Agent": "canary-agent", "Cookie": "canary=1"})
    dora = served.caller("dora")
    dora.post("/people", data={"name": "canary-name", "role": "analyst"})
    dora.post("/people", data={"name": "x", "role": "canary-role"})
    assert "canary" not in served.log.getvalue()
    assert all(line["id"] for line in lines(served.log))


def test_a_fault_of_ours_shows_an_id_and_logs_kind_and_place_under_it(serve) -> None:
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/me/broken", name="me")
    def broken() -> None:
        raise RuntimeError(CANARY)

    served = serve(more=[router])
    said = served.caller("ada").get("/me/broken")
    assert said.status_code == 500
    assert "canary" not in said.text
    assert "Traceback" not in said.text
    line = lines(served.log)[-1]
    assert str(line["id"]) in said.text
    assert line["fault"] == "RuntimeError"
    assert "canary" not in served.log.getvalue()

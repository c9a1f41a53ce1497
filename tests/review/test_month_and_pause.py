"""A month in numbers names nobody; a pause gives back what one holds and nothing of anybody else."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from tests.review.test_acts import an_open_case, row_of
from tests.review.test_group import proposed
from tests.review.test_spans import open_campaign

from undertow.cases import claims
from undertow.cases.month import Month, report
from undertow.cases.tables import acts
from undertow.review.language import moment
from undertow.review.screens.month import PARTS


def this_month(served: Any) -> str:
    return f"{moment(served.time.now):%Y-%m}"


def test_every_number_of_a_month_but_its_shares_stands_on_the_page() -> None:
    shown = {name for _, rows in PARTS for name, _ in rows}
    apart = {"month", "share", "low", "high", "age_days"}
    assert shown | apart == {one.name for one in msgspec.inspect.type_info(Month).fields}
    assert not shown & apart


@pytest.mark.parametrize("name", ["ada", "ben", "cleo", "dora"])
def test_a_month_is_for_everybody_and_names_nobody(on_cases: Any, name: str) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    many = len(proposed(served, campaign))
    page = served.caller(name).get("/month").text
    assert f'restrictive proposals</dt><dd class="num">{many}<' in page
    assert "too few to say" in page
    main = page[page.index("<main") : page.index("</main>")]
    assert not any(who in main for who in (">ada", ">ben", "p:"))
    told = served.caller(name).get("/month.json").json()
    assert told["proposed"] == report(served.store, this_month(served)).proposed == many


def test_another_month_is_a_link_away_and_no_month_is_refused(on_cases: Any) -> None:
    served = on_cases()
    ada = served.caller("ada")
    page = ada.get("/month?month=2026-01").text
    assert 'href="/month?month=2025-12"' in page
    assert 'href="/month?month=2026-02"' in page
    latest = ada.get("/month").text
    assert (
        len(re.findall(r'href="/month\?month=', latest)) == 1
    )  # what has not come has no numbers
    for path in ("/month?month=soon", "/month.json?month=2026-13"):
        assert ada.get(path, headers={"Accept": "application/json"}).status_code == 422


def test_a_pause_gives_back_one_s_own_cases_each_by_an_act(on_cases: Any) -> None:
    served = on_cases()
    mine = [an_open_case(served).case, an_open_case(served).case]
    hers = an_open_case(served, "eve").case
    ada = served.caller("ada")
    said = ada.post("/pause")
    assert (said.status_code, said.headers["location"]) == (303, "/pause")
    assert [row_of(served, one).holder for one in mine] == [None, None]
    assert row_of(served, hers).holder == served.people["eve"].reviewer
    with served.store.reading() as connection:
        asked = select(acts.c.case).where(acts.c.kind == "release")
        assert sorted(connection.execute(asked).scalars()) == sorted(mine)
    page = ada.get("/pause").text
    assert "/case/" not in page[page.index("<main") :]


def test_a_pause_without_cases_changes_nothing(on_cases: Any) -> None:
    served = on_cases()
    row = an_open_case(served)
    served.time.pass_(minutes=31)
    assert claims.expire(served.store, served.time.now) == 1
    assert served.caller("ada").post("/pause").status_code == 303
    assert row_of(served, row.case).state == "new"


def test_every_screen_has_a_way_to_its_twin(on_cases: Any) -> None:
    served = on_cases()
    ada = served.caller("ada")
    campaign = open_campaign(served)
    case = an_open_case(served).case
    for path in (
        "/queue",
        f"/case/{case}",
        f"/campaign/{campaign}",
        "/workbench",
        "/health",
        "/month",
    ):
        page = ada.get(path).text
        twin = page.split('<p class="small"><a href="')[-1].split('"')[0].replace("&amp;", "&")
        assert ".json" in twin, path
        answer = ada.get(twin)
        assert answer.status_code == 200, twin
        assert answer.headers["content-type"].startswith("application/json")

"""What the data is made of now and a month before: shares, and those that moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from undertow.cases.health import MONTH, health
from undertow.cases.tables import cases
from undertow.review.language import language
from undertow.review.screens import mix

EN = language("en")


def days(**types: list[int]) -> dict[str, Any]:
    return {"types": [{"type": name, "events": events} for name, events in types.items()]}


def test_the_newest_month_is_held_against_the_one_before_it() -> None:
    told = days(message=[7] * 5 + [1] * 30 + [3] * 30, follow=[9] * 5 + [1] * 30 + [1] * 30)
    first, second = mix.of_types(EN, told)
    assert (first.says, first.now, first.before) == ("message", 90, 30)
    assert (first.width, first.width_before) == (75.0, 50.0)
    assert first.moved
    assert (second.now, second.before, second.moved) == (30, 30, True)


def test_a_share_that_hardly_moved_is_not_marked_and_an_empty_month_has_no_share() -> None:
    same = mix.of_types(EN, days(a=[1] * 60, b=[2] * 60))
    assert not any(one.moved for one in same)
    short = mix.of_types(EN, days(a=[1] * 20))
    assert [(one.now, one.share_before, one.moved) for one in short] == [(20, None, False)]
    assert mix.of_types(EN, None) == []
    assert mix.of_types(EN, {"first": 1}) == []


@pytest.mark.parametrize("name", ["ada", "dora"])
def test_the_page_shows_languages_of_cases_and_a_twin_has_them(
    on_cases: Callable[..., Any], name: str
) -> None:
    served = on_cases()
    now = served.time.now
    with served.store.writing() as connection:
        connection.execute(update(cases).values(opened_at=now - 1, lang="de"))
    page = served.caller(name).get("/health").text
    assert "Languages of cases opened" in page
    assert "German" in page
    (row,) = served.caller(name).get("/health.json").json()["languages"]
    assert row[0] == "de"
    assert (row[1] > 0, row[2]) == (True, 0)
    later = health(served.store, now + MONTH).languages
    assert [(lang, new) for lang, new, _ in later] == [("de", 0)]

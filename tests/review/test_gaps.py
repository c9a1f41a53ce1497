"""Gaps of data health: empty days of a busy channel are told, those of a quiet one and of no source are not."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from undertow.cases.tables import runs
from undertow.review.drawing.gaps import BUSY, DAYS, Gaps, gaps
from undertow.review.language import language
from undertow.review.screens.health import micros
from undertow.units import DAY


def told(*channels: tuple[str | None, str, list[int]], first: int = 20_000) -> dict[str, Any]:
    rows = [{"platform": p, "class": k, "events": e} for p, k, e in channels]
    return {"first": first, "channels": rows}


def laid(*channels: Any, sources: Any = (), code: str = "en", first: int = 20_000) -> Gaps:
    found = gaps(language(code), told(*channels, first=first), sources, micros)
    assert found is not None
    return found


def test_empty_and_thin_days_of_a_busy_channel_are_listed_newest_first() -> None:
    found = laid(("chat", "direct", [100, 0, 0, 100, 5, 100, 0]))
    assert [(one.look, one.since // DAY - 20_000, one.days) for one in found.gaps] == [
        ("none", 6, 1),
        ("few", 4, 1),
        ("none", 1, 2),
    ]
    channel = found.channels[0]
    assert (channel.usual, channel.empty) == (100, 3)
    assert channel.last == 20_005 * DAY


def test_an_empty_day_of_a_quiet_channel_is_drawn_but_is_no_gap() -> None:
    found = laid(("chat", "direct", [BUSY - 1, 0, BUSY - 1]))
    assert found.channels[0].quiet
    assert found.channels[0].empty == 1
    assert found.gaps == ()


def test_days_outside_every_declared_source_are_no_gap() -> None:
    source = {
        "platform": "chat",
        "class": "direct",
        "from": "2024-10-06T00:00:00+00:00",
        "until": "2024-10-08T00:00:00+00:00",
    }
    found = laid(("chat", "direct", [0, 50, 0, 50, 0]), sources=[source], first=20_001)
    looks = [one.look for one in found.channels[0].runs]
    assert looks == ["out", "some", "none", "some", "out"]
    assert [one.days for one in found.gaps] == [1]


def test_a_declared_platform_that_never_had_an_event_is_one_long_gap() -> None:
    source = {"platform": "forum", "class": "public", "from": None, "until": None}
    found = laid(("chat", "direct", [50, 50, 50]), sources=[source])
    silent = next(one for one in found.channels if one.platform == "forum")
    assert (silent.usual, silent.empty, silent.last) == (0, 3, None)
    assert [(one.platform, one.days) for one in found.gaps] == [("forum", 3)]


@pytest.mark.parametrize("code", ["en", "ar"])
def test_a_strip_is_full_and_its_newest_day_stands_where_reading_ends(code: str) -> None:
    events = [50, 0, 50, 50, 0, 0, 50] * 60
    channel = laid(("chat", "direct", events), code=code).channels[0]
    assert sum(one.width for one in channel.runs) == pytest.approx(100)
    assert channel.empty == sum(not one for one in events[-DAYS:])
    newest = channel.runs[-1]
    assert newest.look == "some"
    assert newest.x == pytest.approx(0 if code == "ar" else 100 - newest.width)


def test_a_run_that_counted_no_days_has_no_strip() -> None:
    assert gaps(language("en"), None, (), micros) is None
    assert gaps(language("en"), {"first": None, "channels": []}, (), micros) is None


def with_days(served: Any, days: dict[str, Any] | None) -> None:
    """Let the newest run have counted these days."""
    with served.store.writing() as connection:
        row = connection.execute(select(runs).order_by(runs.c.at.desc()).limit(1)).one()
        summary = msgspec.json.decode(row.summary) | {"days": days}
        connection.execute(
            update(runs)
            .where(runs.c.run == row.run)
            .values(summary=msgspec.json.encode(summary, order="sorted"))
        )


def test_data_health_draws_the_gaps_lists_them_and_says_the_newest_on_top(
    on_cases: Any,
) -> None:
    served = on_cases()
    days = told(("<b>", "direct", [100] * 20 + [0, 0] + [100] * 5)) | {"left_out": 7}
    with_days(served, days)
    page = served.caller("ada").get("/health").text
    assert "7 channels with fewer events are not drawn" in page
    assert "lately 2 days without any event" in page
    assert page.count('<rect class="none"') >= 1
    table = page[page.index(" as a table") :]
    assert re.search(r"<td class=\"r num\">2</td><td>no event</td>", table)
    assert "<b>&" not in page
    assert "&lt;b&gt;" in page


def test_without_days_data_health_says_nothing_of_them(on_cases: Any) -> None:
    served = on_cases()
    with_days(served, None)
    page = served.caller("ada").get("/health").text
    assert 'id="gaps"' not in page

"""A span of time: cut into units that a slider can take, and followed by table, drawing and cited evidence."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review.test_drawing import BOOK, FUNNEL, RUN, dossier
from tests.review.test_screens import choose, open_row

from undertow.cases.dossier import FunnelCard
from undertow.cases.reading import case_view
from undertow.review.drawing import spans, strip
from undertow.review.language import language
from undertow.units import DAY, HOUR, WEEK

EN = language("en")
TIMES = st.lists(st.integers(0, 3_000 * DAY), min_size=1, max_size=20)
STEPS = st.none() | st.integers(0, 100_000)


@settings(deadline=None)
@given(TIMES, STEPS, STEPS)
def test_a_span_lies_on_its_slider_and_the_whole_one_holds_every_moment(
    times: list[int], since: int | None, until: int | None
) -> None:
    found, whole = spans.span(EN, times, since, until), spans.span(EN, times, None, None)
    assert found is not None
    assert whole is not None
    assert found.first <= found.since <= found.until <= found.last
    assert len(found.labels) == found.last - found.first + 1
    assert whole.is_whole
    assert all(whole.holds(one) for one in times)
    inside = [one for one in times if found.holds(one)]
    assert inside == [one for one in times if found.since <= one // found.unit <= found.until]


@pytest.mark.parametrize(
    ("length", "unit"), [(3 * DAY, HOUR), (4 * DAY, DAY), (300 * DAY, DAY), (900 * DAY, WEEK)]
)
def test_a_slider_has_as_many_steps_as_a_hand_can_find(length: int, unit: int) -> None:
    found = spans.span(EN, [20_000 * DAY, 20_000 * DAY + length], None, None)
    assert found is not None
    assert found.unit == unit
    assert len(found.labels) <= spans.MOST


def test_no_moment_gives_no_span() -> None:
    assert spans.span(EN, [], None, None) is None


def test_ends_the_wrong_way_round_are_turned() -> None:
    found = spans.span(EN, [10 * DAY, 30 * DAY], 25, 12)
    assert found is not None
    assert (found.since, found.until) == (12, 25)


def drawn(code: str = "en", since: int | None = None, until: int | None = None) -> strip.Strip:
    told = msgspec.structs.replace(dossier(), funnels=(FUNNEL,))
    found = strip.strip(language(code), told, since, until)
    assert found is not None
    return found


def test_events_outside_the_span_are_counted_but_not_shown() -> None:
    whole, part = drawn(), drawn(since=20)
    assert whole.inside == 3
    assert [one.inside for one in part.events] == [False, True, True]
    assert part.cited == {"approach": (0, 1), "first_message": (1, 1), "handoff": (1, 1)}
    assert part.width < whole.width


def test_a_strip_read_from_the_right_is_the_mirror_of_the_other() -> None:
    left, right = drawn("en", 20), drawn("ar", 20)
    assert left.from_x + right.from_x + right.width == pytest.approx(strip.WIDTH)
    assert left.left + right.left == pytest.approx(strip.WIDTH)


def test_a_case_without_events_has_no_strip() -> None:
    assert strip.strip(EN, dossier(), None, None) is None


def test_more_events_than_a_page_holds_are_counted() -> None:
    steps = FUNNEL.steps * (strip.MOST // 3 + 1)
    told = msgspec.structs.replace(
        dossier(), funnels=(FunnelCard(FUNNEL.target, "handoff", 1.0, steps),)
    )
    found = strip.strip(EN, told, None, None)
    assert found is not None
    assert len(found.events) == strip.MOST
    assert found.left_out == len(steps) - strip.MOST
    assert told.playbook == BOOK
    assert told.run == RUN


def shown_rows(page: str) -> list[str]:
    """List the rows of the table of all events that are not hidden."""
    table = page[page.index('id="span"') : page.index("</section>", page.index('id="span"'))]
    return re.findall(r'<tr data-at="(\d+)" data-kind="\w+">', table)


def test_without_script_the_form_shows_the_events_of_the_span_alone(on_cases: Any) -> None:
    served = on_cases()
    row = open_row(served)
    ada = served.caller("ada")
    whole = ada.get(f"/case/{row.code}").text
    units = [int(one) for one in shown_rows(whole)]
    funnels = case_view(served.store, served.people["ada"], row.code, served.time.now)
    assert len(units) == sum(len(one.steps) for one in funnels.dossier.funnels)
    until = sorted(units)[len(units) // 2]
    part = ada.get(f"/case/{row.code}?since={units[0]}&until={until}").text
    shown = [int(one) for one in shown_rows(part)]
    assert shown == [one for one in units if one <= until]
    assert f"events in this span: {len(shown)} of {len(units)}" in part
    assert re.search(r"cited events in this span: \d+ of \d+", part)


def test_a_span_that_is_no_number_is_refused_and_a_far_one_is_drawn_in(on_cases: Any) -> None:
    served = on_cases()
    row = open_row(served)
    ada = served.caller("ada")
    assert ada.get(f"/case/{row.code}?since=soon").status_code == 422
    assert ada.get(f"/case/{row.code}?since=9999999&until=0").status_code == 200


def test_a_case_to_be_judged_first_has_its_events_without_weights(on_cases: Any) -> None:
    served = on_cases()
    row = open_row(served, blind=True)
    page = served.caller("ada").get(f"/case/{row.code}").text
    assert shown_rows(page)
    assert "cited events in this span:" not in page[: page.index('data-says="cited')]
    assert 'class="cites' not in page


def test_a_campaign_is_drawn_as_of_a_day_and_listed_by_date(on_cases: Any) -> None:
    served = on_cases()
    with_ties = open_campaign(served)
    choose(served, "ada", language="de")
    ada = served.caller("ada")
    whole = ada.get(f"/campaign/{with_ties}").text
    assert 'class="node out"' not in whole
    first = re.search(r'name="until" min="(\d+)" max="(\d+)"', whole)
    assert first is not None
    early = ada.get(f"/campaign/{with_ties}?until={first[1]}").text
    counts = [page.count("<tr data-at=") - page.count(" hidden><th") for page in (early, whole)]
    assert 0 < counts[0] < counts[1]
    assert early.count('class="person out"') > 0
    assert "Menschen waren erreicht" in early


def open_campaign(served: Any) -> str:
    """Find a campaign none of whose cases is to be judged first: its ties are shown."""
    from undertow.cases.queue import View, queue

    rows = queue(served.store, served.people["ada"], View(), served.time.now).rows
    blind = {one.campaign for one in rows if one.blind}
    return next(str(one.campaign) for one in rows if one.campaign not in blind)

"""The path of one person through a campaign: in the order of time, only where ties are shown, by the person's code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from undertow.cases.queue import View, queue
from undertow.cases.reading import campaign_view
from undertow.review.screens.paths import path

Cases = Callable[..., Any]


def shared(served: Any) -> tuple[str, str]:
    """Find a campaign whose ties ada sees, and the person with most of its funnels."""
    now, who = served.time.now, served.people["ada"]
    rows = queue(served.store, who, View(), now).rows
    for campaign in sorted({one.campaign for one in rows if one.campaign}):
        found = campaign_view(served.store, who, campaign, now)
        if any(dossier.campaign for _, dossier in found):
            people = Counter(one.target for _, dossier in found for one in dossier.funnels)
            return campaign, people.most_common(1)[0][0]
    raise AssertionError("no campaign shows its ties")


def test_a_path_holds_every_listed_step_of_the_person_in_order(on_cases: Cases) -> None:
    served = on_cases()
    campaign, target = shared(served)
    found = campaign_view(served.store, served.people["ada"], campaign, served.time.now)
    made = path(found, target, None)
    events = {
        (taken.event, taken.step)
        for _, dossier in found
        for one in dossier.funnels
        if one.target == target
        for taken in one.steps
    }
    assert len(made.steps) == len(events)
    assert [one.at for one in made.steps] == sorted(one.at for one in made.steps)
    assert target not in made.order
    assert sorted(made.order.values()) == list(range(1, len(made.order) + 1))
    half = made.steps[len(made.steps) // 2].at
    assert path(found, target, half).steps == tuple(one for one in made.steps if one.at < half)


def test_the_page_marks_the_path_and_says_it_in_a_table(on_cases: Cases) -> None:
    served = on_cases()
    campaign, target = shared(served)
    ada = served.caller("ada")
    plain = ada.get(f"/campaign/{campaign}").text
    assert target not in plain
    page = ada.get(f"/campaign/{campaign}", params={"target": target}).text
    assert page.count('class="passed"') >= 1
    table = page.partition('id="path"')[2].partition("</table>")[0]
    assert target[:8] in table
    assert len(re.findall("<tr><th scope=.row", table)) >= 2
    nobody = ada.get(f"/campaign/{campaign}", params={"target": "t:nobody"}).text
    assert 'class="passed"' not in nobody
    assert "knows this person" in nobody


def test_who_sees_no_ties_sees_no_path(on_cases: Cases) -> None:
    served = on_cases()
    campaign, target = shared(served)
    case = campaign_view(served.store, served.people["ada"], campaign, served.time.now)[0][0]
    with served.store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE cases SET blind = 1 WHERE \"case\" = '{case.code}'")
    page = served.caller("ada").get(f"/campaign/{campaign}", params={"target": target}).text
    assert 'class="passed"' not in page
    assert 'id="path"' not in page

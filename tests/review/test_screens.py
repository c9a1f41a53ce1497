"""The five screens: what each shows to whom, in which language, and what it never shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from undertow.cases import claims, decide
from undertow.cases.people import set_preferences
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view
from undertow.review.choices import Choices, written
from undertow.review.language import LANGUAGES
from undertow.review.policy import ROUTES

Cases = Callable[..., Any]
NATIVE = re.compile(r"sim:\w+")
PEOPLE = {"ada": "analyst", "ben": "approver", "cleo": "auditor", "dora": "admin"}


def rows(served: Any, name: str = "ada") -> list[Any]:
    return list(queue(served.store, served.people[name], View(), served.time.now).rows)


def choose(served: Any, name: str, **chosen: Any) -> None:
    kept = json.loads(written(Choices(**chosen)))
    set_preferences(served.store, served.people[name], kept)


def open_row(served: Any, name: str = "ada", *, blind: bool = False) -> Any:
    """Find a case that a person can claim; `blind` asks for one that is to be judged first."""
    return next(one for one in rows(served, name) if one.blind is blind and one.holder is None)


def screens(served: Any) -> list[str]:
    first = next(one for one in rows(served) if one.campaign)
    return [
        "/queue",
        "/queue?view=closed",
        f"/case/{first.code}",
        "/campaign",
        f"/campaign/{first.campaign}",
        f"/campaign/{first.campaign}/group",
        "/workbench",
        "/health",
        "/month",
        "/me",
    ]


@pytest.mark.parametrize("code", list(LANGUAGES))
@pytest.mark.parametrize("name", PEOPLE)
def test_every_screen_is_made_in_every_language_for_everyone_who_may_see_it(
    on_cases: Cases, code: str, name: str
) -> None:
    served = on_cases()
    choose(served, name, language=code)
    caller = served.caller(name)
    for place in screens(served):
        answer = caller.get(place)
        route = "me" if place == "/me" else place.strip("/").split("?")[0].split("/")[0]
        allowed = PEOPLE[name] in ROUTES[route].roles
        assert answer.status_code == (200 if allowed else 403), place
        direction = "rtl" if code == "ar" else "ltr"
        assert f'<html lang="{code}" dir="{direction}"' in answer.text
        assert 'class="simulated"' in answer.text
        assert NATIVE.search(answer.text) is None


def test_a_page_says_simulated_in_its_title_and_on_top(on_cases: Cases) -> None:
    page = on_cases().caller("ada").get("/queue").text
    assert "<title>SIMULATED" in page
    assert page.index("SIMULATED</b>") < page.index("<main")


def test_the_queue_counts_people_and_names_none(on_cases: Cases) -> None:
    served = on_cases()
    page = served.caller("ada").get("/queue").text
    assert "at risk" in page
    targets = {
        one.code
        for row in rows(served)
        for one in case_view(
            served.store, served.people["ada"], row.code, served.time.now
        ).targets
    }
    assert targets
    assert not any(code in page for code in targets)


def test_a_row_that_is_asked_for_is_previewed_without_any_text(on_cases: Cases) -> None:
    served = on_cases()
    row = open_row(served)
    page = served.caller("ada").get(f"/queue?at={row.code}").text
    preview = page[page.index('id="preview"') :]
    assert f"/case/{row.code}/claim" in preview
    assert "<blockquote" not in page


def test_a_case_to_be_judged_first_shows_no_number_anywhere(on_cases: Cases) -> None:
    served = on_cases()
    row = open_row(served, blind=True)
    claims.claim(served.store, served.people["ada"], row.code, served.time.now)
    page = served.caller("ada").get(f"/case/{row.code}").text
    assert f"/case/{row.code}/judge" in page
    assert f"/case/{row.code}/propose" not in page
    assert 'class="fall"' not in page
    assert "NaN" not in page
    assert "nan" not in re.findall(r">\s*([+\N{MINUS SIGN}]?nan)", page)


def test_after_the_judgement_evidence_and_form_are_there(on_cases: Cases) -> None:
    served = on_cases()
    row, ada, now = open_row(served, blind=True), served.people["ada"], served.time.now
    claims.claim(served.store, ada, row.code, now)
    decide.judge_blind(served.store, ada, row.code, "likely", now)
    page = served.caller("ada").get(f"/case/{row.code}").text
    assert 'class="fall"' in page
    assert f"/case/{row.code}/propose" in page


def test_what_is_proposed_is_bound_to_the_dossier_on_the_page(on_cases: Cases) -> None:
    served = on_cases()
    row, ada, now = open_row(served), served.people["ada"], served.time.now
    claims.claim(served.store, ada, row.code, now)
    page = served.caller("ada").get(f"/case/{row.code}").text
    view = case_view(served.store, ada, row.code, now)
    assert f'name="dossier" value="{view.hash}"' in page
    assert f'name="revision" value="{view.row.revision}"' in page
    assert 'name="proportionate"' in page


def proposed(served: Any) -> Any:
    row, ada, now = open_row(served), served.people["ada"], served.time.now
    claims.claim(served.store, ada, row.code, now)
    view = case_view(served.store, ada, row.code, now)
    decide.propose(
        served.store,
        ada,
        row.code,
        "limit",
        "seven of nine went on within days",
        "violent-groups",
        view.hash,
        view.row.revision,
        now,
    )
    return row


@pytest.mark.parametrize(
    ("name", "approves", "disagrees", "withdraws"),
    [
        ("ada", False, False, True),
        ("ben", True, True, False),
        ("eve", False, True, False),
        ("cleo", False, False, False),
    ],
)
def test_a_proposal_offers_each_person_what_they_may_do(
    on_cases: Cases, name: str, approves: bool, disagrees: bool, withdraws: bool
) -> None:
    served = on_cases()
    row = proposed(served)
    page = served.caller(name).get(f"/case/{row.code}").text
    offered = [f"/case/{row.code}/{act}" in page for act in ("approve", "disagree", "withdraw")]
    assert offered == [approves, disagrees, withdraws]


def test_an_auditor_reads_a_case_without_forms_and_without_reasons(on_cases: Cases) -> None:
    served = on_cases()
    row = proposed(served)
    page = served.caller("cleo").get(f"/case/{row.code}").text
    assert "/reveal" not in page
    assert "seven of nine" not in page
    assert 'action="/case/' not in page


def test_a_text_is_shown_only_after_a_reason_and_only_as_text(on_cases: Cases) -> None:
    served = on_cases()
    row = next(
        one
        for one in rows(served)
        if case_view(served.store, served.people["ada"], one.code, served.time.now).passages
    )
    view = case_view(served.store, served.people["ada"], row.code, served.time.now)
    caller = served.caller("ada")
    assert "<blockquote" not in caller.get(f"/case/{row.code}").text
    shown = caller.post(
        f"/case/{row.code}/reveal",
        data={"passage": view.passages[0].code, "why": "content"},
        headers={"HX-Request": "true"},
    )
    assert shown.status_code == 200
    assert '<blockquote class="text" dir="auto">' in shown.text
    assert "<a " not in shown.text[: shown.text.index("</blockquote>")]


def test_the_row_of_a_held_case_says_who_and_for_how_long(on_cases: Cases) -> None:
    served = on_cases()
    row = open_row(served)
    claims.claim(served.store, served.people["ben"], row.code, served.time.now)
    page = served.caller("ada").get("/queue").text
    assert re.search(r"with ben · 30", page)


def test_the_same_campaign_is_drawn_the_same_way_twice(on_cases: Cases) -> None:
    served = on_cases()
    place = next(one for one in screens(served) if one.startswith("/campaign/"))
    drawn = [
        re.findall(
            r"<svg class=\"graph.*?</svg>", served.caller(name).get(place).text, re.DOTALL
        )
        for name in ("cleo", "cleo")
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0]


def test_a_campaign_shows_people_as_dots_without_names(on_cases: Cases) -> None:
    served = on_cases()
    place = next(one for one in screens(served) if one.startswith("/campaign/"))
    page = served.caller("cleo").get(place).text
    assert 'class="person"' in page
    assert re.search(r"\bt:[a-z2-7]{4}", page) is None


def test_health_names_a_command_for_what_is_amiss(on_cases: Cases) -> None:
    page = on_cases().caller("dora").get("/health").text
    assert "undertow audit checkpoint" in page
    assert "set aside" in page


def test_choices_change_looks_and_keys(on_cases: Cases) -> None:
    served = on_cases()
    choose(served, "ada", theme="dark", roomy=True, keys={"claim": "g"})
    page = served.caller("ada").get("/queue").text
    assert 'data-theme="dark"' in page
    assert " data-roomy" in page
    assert "&#34;g&#34;: &#34;claim&#34;" in page
    choose(served, "ada", keys_off=True)
    assert 'data-keys="{}"' in served.caller("ada").get("/queue").text


def test_a_view_of_the_queue_is_kept_found_again_by_its_link_and_removed(
    on_cases: Cases,
) -> None:
    served = on_cases()
    ada, ben = served.caller("ada"), served.caller("ben")
    form = {"name": "<i>Arabic</i>", "view": "all", "lang": "ar", "sort": "oldest"}
    said = ada.post("/queue/saved", data=form)
    link = "/queue?view=all&lang=ar&sort=oldest"
    assert (said.status_code, said.headers["location"]) == (303, link)
    page = ada.get(link).text
    assert f'href="{link.replace("&", "&amp;")}" aria-current=page' in page
    assert "&lt;i&gt;Arabic&lt;/i&gt;" in page
    assert "Arabic" not in ben.get("/queue").text.split("filters")[0]
    (kept,) = ada.get("/queue/saved.json").json()
    assert kept["filters"] == {"view": "all", "lang": "ar", "sort": "oldest"}
    assert ben.post("/queue/saved/remove", data={"code": kept["code"]}).status_code == 404
    assert ada.post("/queue/saved/remove", data={"code": kept["code"]}).status_code == 303
    assert ada.get("/queue/saved.json").json() == []
    assert ada.post("/queue/saved", data={"name": " "}).status_code == 422

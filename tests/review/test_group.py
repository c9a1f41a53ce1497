"""Cases of one campaign decided side by side: each by itself in store and log, none that nobody looked at."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import select
from tests.review.test_acts import REASON, clause_of, count, row_of
from tests.review.test_spans import open_campaign

from undertow.cases import claims
from undertow.cases.decide import settle
from undertow.cases.tables import acts, cases, leaves, measures

JSON = {"Accept": "application/json"}


def log(served: Any) -> list[Any]:
    """Read the leaves about cases, without those about sessions and intakes."""
    with served.store.reading() as connection:
        bodies = connection.execute(select(leaves.c.body).order_by(leaves.c.place)).scalars()
        read = [json.loads(one) for one in bodies]
    return [one for one in read if one["kind"] in ("claim", "propose", "approve", "disagree")]


def ticks(page: str, way: str) -> list[str]:
    """List what the boxes of one form would send."""
    return re.findall(rf'name="case" value="([^"]*)" form="to-{way}"', page)


def group(served: Any, name: str, campaign: str) -> str:
    answer = served.caller(name).get(f"/campaign/{campaign}/group")
    assert answer.status_code == 200
    return str(answer.text)


def send(served: Any, name: str, campaign: str, way: str, **form: Any) -> Any:
    """Send a form as its page has it: with the tick of whoever weighed a milder outcome."""
    caller, form = served.caller(name), {"proportionate": "yes", **form}
    return caller.post(f"/campaign/{campaign}/group/{way}", data=form, headers=JSON)


def codes(served: Any, campaign: str) -> list[str]:
    with served.store.reading() as connection:
        asked = select(cases.c.case).where(cases.c.campaign == campaign)
        return list(connection.execute(asked.order_by(cases.c.case)).scalars())


def claimed(served: Any, campaign: str) -> list[str]:
    """Let ada claim every case of a campaign at once; gives what she may then propose on."""
    sent = ticks(group(served, "ada", campaign), "claim")
    said = send(served, "ada", campaign, "claim", case=sent)
    assert [one["done"] for one in said.json()["cases"]] == [True] * len(sent)
    return ticks(group(served, "ada", campaign), "propose")


def proposed(served: Any, campaign: str, outcome: str = "suspend") -> list[str]:
    form = {"outcome": outcome, "reason": REASON, "clause": clause_of(served)}
    said = send(served, "ada", campaign, "propose", case=claimed(served, campaign), **form)
    assert all(one["done"] for one in said.json()["cases"])
    return ticks(group(served, "ben", campaign), "approve")


def test_one_reason_on_several_cases_is_an_act_a_hash_and_a_leaf_of_each(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    known = codes(served, campaign)
    assert len(known) > 2
    assert len(proposed(served, campaign)) == len(known)
    with served.store.reading() as connection:
        made = connection.execute(select(acts).where(acts.c.kind == "propose")).all()
    assert sorted(one.case for one in made) == known
    assert len({one.dossier for one in made}) == len(known)
    assert {one.dossier for one in made} == {row_of(served, one).dossier for one in known}
    told = [(one["kind"], one["facts"].get("case")) for one in log(served)]
    assert sorted(told) == sorted(
        [(kind, one) for one in known for kind in ("claim", "propose")]
    )


def test_the_second_person_approves_those_that_they_ticked_and_no_other(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = proposed(served, campaign)
    said = send(served, "ben", campaign, "approve", case=sent[:2])
    assert said.status_code == 200
    chosen = {one.split(" ")[0] for one in sent[:2]}
    with served.store.reading() as connection:
        made = connection.execute(select(measures)).all()
    assert {one.case for one in made} == chosen
    assert all(one.proposed_by != one.approved_by for one in made)
    assert all(one.dossier == row_of(served, one.case).dossier for one in made)
    states = {row_of(served, one.split(" ")[0]).state for one in sent[2:]}
    assert states == {"proposed"}


def test_nobody_approves_what_they_proposed_and_an_analyst_approves_nothing(
    on_cases: Any,
) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = proposed(served, campaign)
    assert ticks(group(served, "ada", campaign), "approve") == []
    assert ticks(group(served, "eve", campaign), "approve") == []
    assert send(served, "ada", campaign, "approve", case=sent).status_code == 403
    assert send(served, "eve", campaign, "approve", case=sent).status_code == 403
    assert count(served, measures) == 0


def test_what_came_of_it_is_told_by_the_names_that_the_group_showed(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    mine, other = codes(served, campaign)[0], "k:ffffffffffffffff"
    page = served.caller("ada").post(
        f"/campaign/{campaign}/group/claim", data={"case": [mine, other]}
    )
    assert f'title="{row_of(served, mine).account}"' in page.text
    assert f'title="{other}"' in page.text


def test_nothing_is_ticked_beforehand(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    page = group(served, "ada", campaign)
    assert ticks(page, "claim")
    assert " checked" not in page


def test_a_case_of_another_campaign_is_left_as_it_was(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    other = next(one for one in codes_of_all(served) if one not in codes(served, campaign))
    mine = codes(served, campaign)[0]
    said = send(served, "ada", campaign, "claim", case=[other, mine])
    told = {one["case"]: (one["done"], one["code"]) for one in said.json()["cases"]}
    assert told == {other: (False, "group-foreign"), mine: (True, "")}
    assert row_of(served, other).holder is None


def codes_of_all(served: Any) -> list[str]:
    with served.store.reading() as connection:
        return list(connection.execute(select(cases.c.case)).scalars())


def test_an_approval_ticked_beside_another_case_does_nothing(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    first, second, *_ = [one.split(" ") for one in proposed(served, campaign)]
    crossed = " ".join([first[0], second[1], first[2], first[3]])
    said = send(served, "ben", campaign, "approve", case=[crossed])
    assert said.json()["cases"] == [{"case": first[0], "done": False, "code": "act-unknown"}]
    assert count(served, measures) == 0


def test_one_that_changed_or_is_held_is_refused_and_the_others_are_decided(
    on_cases: Any,
) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = claimed(served, campaign)
    stale = sent[0].split(" ")
    stale[1] = "0" * 64
    taken = sent[1].split(" ")[0]
    claims.release(served.store, served.people["ada"], taken, served.time.now)
    claims.claim(served.store, served.people["eve"], taken, served.time.now)
    form = {"outcome": "no_action", "reason": REASON, "clause": "none"}
    sent[0] = " ".join(stale)
    told = send(served, "ada", campaign, "propose", case=sent, **form).json()["cases"]
    assert [one["code"] for one in told[:2]] == ["dossier-stale", "case-not-yours"]
    assert all(one["done"] for one in told[2:])


def test_a_case_to_be_judged_first_cannot_be_ticked_and_shows_no_score(on_cases: Any) -> None:
    served = on_cases()
    with served.store.reading() as connection:
        blind = connection.execute(
            select(cases.c.case, cases.c.campaign).where(cases.c.blind.is_(True)).limit(1)
        ).one()
    claims.claim(served.store, served.people["ada"], blind.case, served.time.now)
    page = group(served, "ada", blind.campaign)
    part = page[page.index(f'data-row="{blind.case}"') :]
    part = part[: part.index("</li>\n<li") if "</li>\n<li" in part else len(part)]
    assert "Judge it on its own page first" in part
    assert not any(one.startswith(blind.case) for one in ticks(page, "propose"))
    row = row_of(served, blind.case)
    form = {"outcome": "suspend", "reason": REASON, "clause": clause_of(served)}
    sent = f"{row.case} {row.dossier} {row.revision}"
    said = send(served, "ada", blind.campaign, "propose", case=[sent], **form)
    assert said.json()["cases"][0]["code"] == "blind-first"


def test_none_too_many_or_a_made_up_tick_is_refused_as_a_whole(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    one = codes(served, campaign)[0]
    form = {"outcome": "no_action", "reason": REASON, "clause": "none"}
    for sent in (
        [f"k:{n}" for n in range(21)],
        [f"{one} h"],
        [f"{one} h x"],
        [f"{one} h ²"],
        [f"{one} a 1", f"{one} b 1"],
    ):
        said = send(served, "ada", campaign, "propose", case=sent, **form)
        assert (said.status_code, said.json()["code"]) == (422, "group-choice"), sent
    assert send(served, "ada", campaign, "claim").status_code == 422
    assert row_of(served, one).holder is None


def test_where_the_log_takes_nothing_the_rest_is_not_tried(on_cases: Any) -> None:
    from sqlalchemy import text

    served = on_cases()
    campaign = open_campaign(served)
    sent = ticks(group(served, "ada", campaign), "claim")
    ada = served.caller("ada")
    with served.store.writing() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON leaves BEGIN "
                "SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    place = f"/campaign/{campaign}/group/claim"
    said = ada.post(place, data={"case": sent}, headers=JSON)
    assert said.status_code == 503
    assert [one["code"] for one in said.json()["cases"]] == ["audit-unwritable"]
    page = ada.post(place, data={"case": sent})
    assert page.status_code == 503
    assert "not tried" in page.text
    assert all(row_of(served, one).holder is None for one in sent)


def test_an_auditor_sees_the_group_without_reasons_and_can_tick_nothing(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    proposed(served, campaign)
    page = group(served, "cleo", campaign)
    assert 'name="case"' not in page
    assert REASON not in page


def test_what_came_of_it_is_told_on_a_page(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = ticks(group(served, "ada", campaign), "claim")
    page = served.caller("ada").post(f"/campaign/{campaign}/group/claim", data={"case": sent})
    assert page.status_code == 200
    assert f"Done for {len(sent)} cases" in page.text


def test_a_proof_that_is_asked_for_comes_back_to_the_group(on_cases: Any) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = proposed(served, campaign)
    ben = served.caller("ben")
    served.time.pass_(minutes=11)
    said = ben.post(
        f"/campaign/{campaign}/group/approve", data={"case": sent, "proportionate": "yes"}
    )
    assert said.status_code == 303
    assert said.headers["location"].startswith("/prove?next=%2Fcampaign%2F")
    assert said.headers["location"].endswith("%2Fgroup")


def test_a_measure_in_force_is_seen_in_the_group_and_holds_up_that_case_alone(
    on_cases: Any,
) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    one = proposed(served, campaign)[0]
    assert send(served, "ben", campaign, "approve", case=[one]).json()["cases"][0]["done"]
    served.time.pass_(minutes=11)
    settle(served.store, served.time.now)
    case = one.split(" ")[0]
    eve = served.caller("eve")
    assert eve.post(f"/case/{case}/reopen", data={"reason": REASON}).is_redirect
    other = next(code for code in codes(served, campaign) if code != case)
    act = newest(served, "propose", other)
    assert served.caller("ada").post(f"/case/{other}/withdraw", data={"act": act}).is_redirect
    assert served.caller("ada").post(f"/case/{other}/release").is_redirect
    assert eve.post(f"/case/{other}/claim").is_redirect
    page = group(served, "eve", campaign)
    assert len(re.findall(r'data-in-force="m:', page)) == 1
    assert "/lift" not in page  # that is done on the case's own page
    form = {"outcome": "no_action", "reason": REASON, "clause": "none"}
    said = send(served, "eve", campaign, "propose", case=sorted(ticks(page, "propose")), **form)
    told = {one["case"]: (one["done"], one["code"]) for one in said.json()["cases"]}
    assert told == {case: (False, "measure-in-force"), other: (True, "")}


def newest(served: Any, kind: str, case: str) -> str:
    with served.store.reading() as connection:
        asked = select(acts.c.act).where(acts.c.kind == kind, acts.c.case == case)
        return str(connection.execute(asked.order_by(acts.c.at.desc())).scalars().first())

"""What acts on an account waits until a person says that a milder outcome would not do."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review.test_acts import (
    REASON,
    an_open_case,
    clause_of,
    count,
    form_of,
    newest,
    row_of,
)
from tests.review.test_group import claimed, codes, group, send, ticks
from tests.review.test_spans import open_campaign

from undertow.cases.tables import acts


@pytest.mark.parametrize("weighed", [{}, {"proportionate": ""}])
def test_what_acts_on_an_account_is_refused_unless_a_milder_outcome_was_weighed(
    on_cases: Any, weighed: dict[str, str]
) -> None:
    served = on_cases()
    row = an_open_case(served)
    ada, ben = (served.caller(name, Accept="application/json") for name in ("ada", "ben"))
    form = form_of(row, clause="deception")
    unweighed = {key: form[key] for key in form if key != "proportionate"} | weighed
    before = count(served, acts)
    said = ada.post(f"/case/{row.case}/propose", data=unweighed)
    assert (said.status_code, said.json()["code"]) == (422, "not-weighed")
    assert count(served, acts) == before
    assert ada.post(f"/case/{row.case}/propose", data=form).status_code == 200
    row, act = row_of(served, row.case), newest(served, "propose")
    bound = {"dossier": row.dossier, "revision": row.revision, "act": act, **weighed}
    said = ben.post(f"/case/{row.case}/approve", data=bound)
    assert (said.status_code, said.json()["code"]) == (422, "not-weighed")
    assert row_of(served, row.case).state == "proposed"


def test_what_leaves_the_account_alone_needs_no_weighing(on_cases: Any) -> None:
    served = on_cases()
    row = an_open_case(served)
    form = form_of(row, outcome="no_action", clause="none", proportionate="")
    ada = served.caller("ada", Accept="application/json")
    assert ada.post(f"/case/{row.case}/propose", data=form).status_code == 200


def test_several_are_refused_together_unless_a_milder_outcome_was_weighed(
    on_cases: Any,
) -> None:
    served = on_cases()
    campaign = open_campaign(served)
    sent = claimed(served, campaign)
    form = {"outcome": "suspend", "reason": REASON, "clause": clause_of(served)}
    said = send(served, "ada", campaign, "propose", case=sent, proportionate="", **form)
    assert (said.status_code, said.json()["code"]) == (422, "not-weighed")
    send(served, "ada", campaign, "propose", case=sent, **form)
    ticked = ticks(group(served, "ben", campaign), "approve")
    said = send(served, "ben", campaign, "approve", case=ticked, proportionate="")
    assert (said.status_code, said.json()["code"]) == (422, "not-weighed")
    assert {row_of(served, one).state for one in codes(served, campaign)} == {"proposed"}

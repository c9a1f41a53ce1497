"""Data health and the list of campaigns: numbers alone, and what they count."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from sqlalchemy import update

from undertow.cases import claims
from undertow.cases.campaigns import campaigns
from undertow.cases.health import SOON, health
from undertow.cases.queue import View, queue
from undertow.cases.reading import campaign_view
from undertow.cases.tables import cases
from undertow.errors import UndertowError


def rows(desk: Any) -> list[Any]:
    return list(queue(desk.store, desk.ada, View(), desk.now).rows)


def test_health_counts_cases_by_state_and_the_oldest_that_waits(desk: Any) -> None:
    claims.claim(desk.store, desk.ada, rows(desk)[0].code, desk.now)
    found = health(desk.store, desk.now)
    assert found.states["claimed"] == 1
    assert found.waiting == len(rows(desk))
    assert found.oldest == min(one.opened_at for one in rows(desk))
    assert found.keys_private is True
    assert found.disk_free > 0


def test_health_tells_what_is_overdue_and_what_is_deleted_soon(desk: Any) -> None:
    code = rows(desk)[0].code
    with desk.store.writing() as connection:
        connection.execute(
            update(cases)
            .where(cases.c.case == code)
            .values(due_at=desk.now - 1, keep_until=desk.now + SOON - 1)
        )
    found = health(desk.store, desk.now)
    assert (found.overdue, found.ending) == (1, 1)


def test_health_holds_no_code_of_a_case_an_account_or_a_person(desk: Any) -> None:
    said = json.dumps(dataclasses.asdict(health(desk.store, desk.now)), default=str)
    codes = {one.code for one in rows(desk)} | {one.account for one in rows(desk)}
    assert not any(code in said for code in codes)
    assert not any(
        getattr(desk, name).reviewer in said for name in ("ada", "ben", "cleo", "dora")
    )


def test_a_key_file_that_others_can_read_is_told(desk: Any) -> None:
    path = desk.store.vault.keys.path
    path.chmod(0o644)
    assert health(desk.store, desk.now).keys_private is False


def test_campaigns_count_cases_and_people_once(desk: Any) -> None:
    found = campaigns(desk.store, desk.ada)
    assert found
    for one in found:
        seen = campaign_view(desk.store, desk.ada, one.campaign, desk.now)
        people = {funnel.target for _, dossier in seen for funnel in dossier.funnels}
        assert one.cases == len(seen)
        assert one.open == sum(row.state != "closed" for row, _ in seen)
        assert one.targets == len(people)


def test_campaigns_are_not_for_an_admin(desk: Any) -> None:
    with pytest.raises(UndertowError) as fault:
        campaigns(desk.store, desk.dora)
    assert fault.value.code == "role-refused"

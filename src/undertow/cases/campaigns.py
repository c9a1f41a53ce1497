"""Campaigns that have cases: how many accounts and people, how many cases are open, how heavy the heaviest is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import case, func, select

from undertow.cases.people import READS, Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import case_targets, cases

MOST: Final = 200
"""Campaigns listed: more than anybody looks at in a day, and a page that still opens at once."""


@dataclass(frozen=True)
class CampaignRow:
    """A campaign in a list.

    Attributes:
        campaign: its code.
        cases, open: how many cases it has, and how many of them wait for somebody.
        targets: people whom these cases are about helping, each once.
        opened_at, updated_at: of its oldest and its newest case, microseconds.
    """

    campaign: str
    cases: int
    open: int
    targets: int
    opened_at: int
    updated_at: int


def campaigns(store: Store, who: Person) -> tuple[CampaignRow, ...]:
    """List the `MOST` campaigns with most open cases, these first; `role-refused` for an admin.

    No weight is among it: some of the cases may have to be judged without.
    """
    hold_role(who, *READS)
    waits = func.sum(case((cases.c.state != "closed", 1), else_=0))
    asked = (
        select(
            cases.c.campaign,
            func.count(),
            waits,
            func.min(cases.c.opened_at),
            func.max(cases.c.updated_at),
        )
        .where(cases.c.campaign.is_not(None))
        .group_by(cases.c.campaign)
        .order_by(waits.desc(), func.count().desc(), cases.c.campaign)
        .limit(MOST)
    )
    with store.reading() as connection:
        found = connection.execute(asked).all()
        people = (
            select(cases.c.campaign, func.count(case_targets.c.target.distinct()))
            .join(case_targets, case_targets.c.case == cases.c.case)
            .where(cases.c.campaign.in_([row[0] for row in found]))
            .group_by(cases.c.campaign)
        )
        reached = {name: int(many) for name, many in connection.execute(people)}
    return tuple(
        CampaignRow(name, int(many), int(open_), reached.get(name, 0), first, last)
        for name, many, open_, first, last in found
    )

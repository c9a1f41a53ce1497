"""A month in numbers: what was decided, how sure that was, who was helped, and what it cost the people here.

Counts of records that retention still holds; no person of the desk is ranked or named.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, func, select

from undertow.cases.claims import LEASE
from undertow.cases.policy import RESTRICTIVE
from undertow.cases.queue import JUDGED
from undertow.cases.store import Store
from undertow.cases.tables import acts, allowed, cases, exposures, reviewers
from undertow.errors import UndertowError
from undertow.units import DAY, HOUR, microseconds

MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
CONFIRMED: Final = RESTRICTIVE
"""Outcomes that say the claim of a case holds."""
REJECTED: Final = ("no_action", "support_only")
"""Outcomes that say it does not hold against the account."""
CLOCK: Final = ("opened", "updated", "reopened", "merged")
"""Kinds of acts that an intake writes."""
Z: Final = 1.959964
"""Quantile of the normal distribution for an interval of 95 %."""


@dataclass(frozen=True)
class Month:
    """A month at the desk, UTC.

    Attributes:
        opened, reopened, waiting: cases opened and reopened in it, and open at its end or now.
        decided: cases whose decision took effect; `confirmed`, `rejected`, `unclear` of these.
        share, low, high: confirmed of confirmed and rejected, with the Wilson interval of 95 %; None without any.
        age_days: median days from opening to the decision's effect; None without any.
        proposed, disagreed: restrictive proposals and approvals refused by a second person.
        taken_back: decisions undone in time. appeals, overturned: settled, and lifted by that.
        judged, agreed: judgements before the score was shown, and those that the decision agreed with.
        offered, given, declined: entries about help for people.
        hours: estimate: time from each act of a holder to their next one on the case, where that is half an hour at most.
        texts, identities, readers: looks, and how many people took them.
        allowed: entries of the allow-list made.
    """

    month: str
    opened: int
    reopened: int
    waiting: int
    decided: int
    confirmed: int
    rejected: int
    unclear: int
    share: float | None
    low: float | None
    high: float | None
    age_days: float | None
    proposed: int
    disagreed: int
    taken_back: int
    appeals: int
    overturned: int
    judged: int
    agreed: int
    offered: int
    given: int
    declined: int
    hours: float
    texts: int
    identities: int
    readers: int
    allowed: int
    people: int


def report(store: Store, month: str) -> Month:
    """Count a month.

    Args:
        store: the store.
        month: such as `2026-11`.

    Raises:
        UndertowError: `month-unknown` if it is no month.
    """
    first, last = _span(month)
    with store.reading() as connection:
        done = _acts(connection, first, last)
        span = acts.c.at >= first, acts.c.at < last
        kinds = Counter(row.kind for row in done)
        outcomes = Counter(row.outcome for row in done if row.kind == "settle")
        confirmed = sum(outcomes[one] for one in CONFIRMED)
        rejected = sum(outcomes[one] for one in REJECTED)
        decided = sum(outcomes.values())
        low, high = wilson(confirmed, confirmed + rejected)
        texts, identities, readers = _looks(connection, first, last)
        judged, agreed = _blind(connection, done)
        helped = Counter(row.outcome for row in done if row.kind == "help")
        settled = Counter(row.outcome for row in done if row.kind == "settle_appeal")
        sure = confirmed + rejected
        return Month(
            month=month,
            opened=_many(connection, acts.c.kind == "opened", *span),
            reopened=_many(connection, acts.c.kind == "reopened", *span) + kinds["reopen"],
            waiting=_many(connection, cases.c.state != "closed"),
            decided=decided,
            confirmed=confirmed,
            rejected=rejected,
            unclear=decided - sure,
            share=confirmed / sure if sure else None,
            low=low,
            high=high,
            age_days=_age(connection, done),
            proposed=sum(row.kind == "propose" and row.outcome in CONFIRMED for row in done),
            disagreed=kinds["disagree"],
            taken_back=kinds["undo"],
            appeals=kinds["settle_appeal"],
            overturned=settled["overturned"],
            judged=judged,
            agreed=agreed,
            offered=helped["offered"],
            given=helped["given"],
            declined=helped["declined"],
            hours=_hours(done),
            texts=texts,
            identities=identities,
            readers=readers,
            allowed=_many(connection, allowed.c.made_at >= first, allowed.c.made_at < last),
            people=_many(connection, reviewers.c.disabled_at.is_(None)),
        )


def wilson(hits: int, of: int) -> tuple[float | None, float | None]:
    """Give the interval of 95 % of a share (Wilson, 1927); None for both without any."""
    if not of:
        return None, None
    share, z = hits / of, Z**2 / of
    middle = (share + z / 2) / (1 + z)
    half = Z * math.sqrt(share * (1 - share) / of + z / of / 4) / (1 + z)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _span(month: str) -> tuple[int, int]:
    found = MONTH.fullmatch(month)
    if found is None or int(found[1]) < 1970:
        raise UndertowError(
            "this is no month", code="month-unknown", mend="write it as 2026-11"
        )
    year, number = int(found[1]), int(found[2])
    ends = (year + 1, 1) if number == 12 else (year, number + 1)
    first, last = (datetime(*one, 1, tzinfo=UTC) for one in ((year, number), ends))
    return microseconds(first), microseconds(last)


def _acts(connection: Connection, first: int, last: int) -> list[Any]:
    """List what was done, but for what intakes did: that is most of it, and is counted alone."""
    asked = select(acts).where(acts.c.at >= first, acts.c.at < last, acts.c.kind.not_in(CLOCK))
    return list(connection.execute(asked.order_by(acts.c.case, acts.c.at, acts.c.revision)))


def _many(connection: Connection, *which: Any) -> int:  # noqa: ANN401  # clauses of SQLAlchemy
    return int(connection.execute(select(func.count()).where(*which)).scalar_one())


def _age(connection: Connection, done: list[Any]) -> float | None:
    at = {row.case: row.at for row in done if row.kind == "settle"}
    if not at:
        return None
    asked = select(cases.c.case, cases.c.opened_at).where(cases.c.case.in_(list(at)))
    ages = [(at[case] - opened) / DAY for case, opened in connection.execute(asked)]
    return float(median(ages)) if ages else None


def _hours(done: list[Any]) -> float:
    """Add up the time between acts of one person on one case, as far as they follow each other closely."""
    last: dict[tuple[str, str], int] = {}
    total = 0
    for row in done:
        if row.reviewer is None:
            continue
        key = row.case, row.reviewer
        if row.kind != "claim" and key in last and row.at - last[key] <= LEASE:
            total += row.at - last[key]
        last[key] = row.at
    return total / HOUR


def _looks(connection: Connection, first: int, last: int) -> tuple[int, int, int]:
    span = exposures.c.at >= first, exposures.c.at < last
    asked = select(exposures.c.what, func.count()).where(*span).group_by(exposures.c.what)
    by = {what: int(many) for what, many in connection.execute(asked)}
    people = select(func.count(exposures.c.reviewer.distinct())).where(*span)
    readers = connection.execute(people).scalar_one()
    return by.get("text", 0), by.get("identity", 0), int(readers)


def _blind(connection: Connection, done: list[Any]) -> tuple[int, int]:
    """Count first judgements on cases decided in the month, and those that the decision agreed with."""
    came_to = {row.case: row.outcome for row in done if row.kind == "settle"}
    asked = select(acts.c.case, acts.c.outcome).where(
        acts.c.kind == JUDGED[0], acts.c.case.in_(list(came_to))
    )
    judged = [(case, outcome) for case, outcome in connection.execute(asked)]
    told = {"likely": CONFIRMED, "unlikely": REJECTED}
    agreed = sum(
        came_to[case] in told.get(outcome, ("cannot_tell", "refer")) for case, outcome in judged
    )
    return len(judged), agreed

"""The queue: which case next, why this one, and how many a day.

Order: cases on a clock first where asked, then `priority` (harm x urgency x confidence, `cases.rule`), accounts of
the allow-list last. Pages go on from the last row seen, so that nothing is shown twice while cases come and go.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from undertow.cases import order, tallies
from undertow.cases.people import READS, Person, hold_role
from undertow.cases.rule import DAILY
from undertow.cases.store import Store
from undertow.cases.tables import acts, allowed, subjects
from undertow.errors import UndertowError
from undertow.units import DAY

Which = Literal["mine", "second", "clocks", "all", "closed"]
VIEWS: Final = ("mine", "second", "clocks", "all", "closed")
OPEN: Final = ("new", "reopened", "claimed", "proposed", "approved", "rejected", "appealed")
"""States in which somebody is to do something, those that nobody holds first."""
JUDGED: Final = ("judge_blind", "propose", "approve", "disagree")
"""Acts after which a person has said what they think of a case, so that its score may be shown."""
DECIDING: Final = ("propose", "approve", "disagree", "settle_appeal", "lift")
"""Acts that are a review, counted against the day's budget."""
MOST: Final = 200
"""Rows of a page at most."""

_DONE: Final = select(func.count()).where(
    acts.c.kind.in_(DECIDING), acts.c.at >= bindparam("since")
)
_LISTED: Final = select(allowed.c.account).where(
    allowed.c.account.in_(bindparam("accounts", expanding=True)),
    allowed.c.until > bindparam("now"),
)
_ERASED: Final = select(subjects.c.code).where(
    subjects.c.code.in_(bindparam("accounts", expanding=True)),
    subjects.c.erased_at.is_not(None),
)
_JUDGED: Final = select(acts.c.case).where(
    acts.c.case.in_(bindparam("codes", expanding=True)),
    acts.c.reviewer == bindparam("who"),
    acts.c.kind.in_(JUDGED),
)
"""Asked for every page; made once, as those of `cases.order`."""


@dataclass(frozen=True)
class View:
    """What part of the queue is asked for.

    Attributes:
        which: `mine` (held by the person), `second` (proposed by somebody else), `clocks` (due at a time), `all`
            that are open, `closed`.
        playbook, platform, lang: show only these; None for all.
        search: begins a case's code or an account's code; None for all. Nothing else can be searched for.
        after: `Page.next` of the page before.
        size: rows at most.
        sort: `oldest` for what was opened first, in the views that are ordered by rank; empty for their own order.
    """

    which: Which = "all"
    playbook: str | None = None
    platform: str | None = None
    lang: str | None = None
    search: str | None = None
    after: str | None = None
    size: int = 40
    sort: str = ""


@dataclass(frozen=True)
class Row:
    """One case in the queue, without texts and identities.

    Attributes:
        code: of the case. account: its code.
        stage, stage_place: the furthest step and its place in the playbook, from 1; 0 for none.
        weight, probability, q: None while the person is to judge without them (`blind`), and where not known.
        targets: how many people it is about.
        age: microseconds since it was opened.
        lang: BCP 47 of most of its passages.
        holder: code of the person who holds it; lease, due: microseconds.
        allowed: the account stands on the allow-list.
        erased: the account was erased: nothing of it can be read.
        held: it is kept longer than others for a reason.
    """

    code: str
    account: str
    playbook: str
    role: str
    platform: str
    stage: str | None
    stage_place: int
    weight: float | None
    probability: float | None
    q: float | None
    targets: int
    age: int
    lang: str | None
    state: str
    revision: int
    holder: str | None
    lease: int | None
    due: int | None
    allowed: bool
    campaign: str | None
    blind: bool
    erased: bool
    held: bool
    opened_at: int
    updated_at: int
    keep_until: int
    merged_into: str | None


@dataclass(frozen=True)
class Page:
    """A page of the queue.

    Attributes:
        next: pass it as `View.after` for the page after this one; None at the end.
        counts: cases by view.
        budget: reviews that the team does in a day, as set.
        done: reviews of everybody since midnight UTC.
    """

    rows: tuple[Row, ...]
    next: str | None
    counts: dict[str, int]
    budget: int
    done: int


def queue(store: Store, who: Person, view: View, now: int) -> Page:
    """Give a page of the queue as a person may see it.

    Raises:
        UndertowError: `role-refused` for an admin; `view-unknown` for a view or a page that does not exist.
    """
    hold_role(who, *READS)
    if view.which not in VIEWS or view.sort not in order.SORTS:
        raise _unknown()
    size = min(max(view.size, 1), MOST)
    with store.reading() as connection:
        rows, last = _rows(connection, who, view, now, size)
        counts = _counts(connection, who)
        done = connection.execute(_DONE, {"since": now - now % DAY}).scalar_one()
        shown = shown_rows(connection, rows, who, now)
    budget = int(store.setting("daily_reviews") or DAILY)
    return Page(tuple(shown), last, counts, budget, done)


def midnight(now: int) -> datetime:
    """Give the midnight UTC at which the day's budget began."""
    return datetime.fromtimestamp((now - now % DAY) // 1_000_000, UTC)


def shown_rows(connection: Connection, rows: Iterable[Any], who: Person, now: int) -> list[Row]:
    """Turn rows of `cases` into what a person may see of them."""
    rows = list(rows)
    if not rows:
        return []
    judged = judged_by(connection, who, [row.case for row in rows])
    accounts = [row.account for row in rows]
    listed = set(connection.execute(_LISTED, {"accounts": accounts, "now": now}).scalars())
    erased = set(connection.execute(_ERASED, {"accounts": accounts}).scalars())
    return [
        _shown(
            row, now, is_blind(row, who, judged), row.account in listed, row.account in erased
        )
        for row in rows
    ]


def is_blind(row: Any, who: Person, judged: set[str]) -> bool:  # noqa: ANN401  # a row of SQLAlchemy
    """Say whether a person is to judge a case before they see its score."""
    return bool(row.blind) and who.works and row.case not in judged and row.state != "closed"


def _shown(row: Any, now: int, blind: bool, is_allowed: bool, is_erased: bool) -> Row:  # noqa: ANN401  # a row of SQLAlchemy
    return Row(
        code=row.case,
        account=row.account,
        playbook=row.playbook,
        role=row.role,
        platform=row.platform,
        stage=row.stage,
        stage_place=row.stage_place,
        weight=None if blind else row.weight,
        probability=None if blind else row.probability,
        q=None if blind else row.q_value,
        targets=row.targets,
        age=now - row.opened_at,
        lang=row.lang,
        state=row.state,
        revision=row.revision,
        holder=row.holder,
        lease=row.lease_until,
        due=row.due_at,
        allowed=is_allowed,
        campaign=row.campaign,
        blind=blind,
        erased=is_erased,
        held=row.sealed_hold is not None,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        keep_until=row.keep_until,
        merged_into=row.merged_into,
    )


def judged_by(connection: Connection, who: Person, codes: list[str]) -> set[str]:
    """List those of some cases that a person has said something about."""
    given = {"codes": codes, "who": who.reviewer}
    return set(connection.execute(_JUDGED, given).scalars())


def _rows(
    connection: Connection, who: Person, view: View, now: int, size: int
) -> tuple[list[Any], str | None]:
    """Read a page, those not on the allow-list first, and where the next one begins."""
    phase, after = (0, None) if view.after is None else _read(view.after)
    dialect = connection.dialect.name
    wanted = _wanted(view, dialect)
    named = tuple(name for name in wanted if name != "search_end")
    given = {"now": now, "who": who.reviewer, **wanted}
    rows: list[Any] = []
    marks: list[tuple[int, Any]] = []
    while phase < 2 and len(rows) <= size:
        form = order.Asked(view.which, named, view.sort, phase == 1, after is not None, dialect)
        mark = {} if after is None else {"first": after[0], "code": after[1]}
        found = _ordered(
            connection, view, form, {**given, **mark, "many": size + 1 - len(rows)}
        )
        rows += found
        marks += [(phase, row) for row in found]
        phase, after = phase + 1, None
    if len(rows) <= size:
        return rows, None
    at, last = marks[size - 1]
    return rows[:size], _written(at, order.order(view.which, view.sort).key(last))


def _ordered(
    connection: Connection, view: View, form: order.Asked, given: dict[str, Any]
) -> list[Any]:
    """Read the rows of a page of one part of the allow-list."""
    asked = order.page(form)
    if view.which != "all":
        return list(connection.execute(asked, given).all())
    states = tallies.by_state(connection)
    found = [
        row
        for state in OPEN
        if state in states
        for row in connection.execute(asked, {**given, "state": state}).all()
    ]
    by = order.order(view.which, view.sort)
    return sorted(found, key=by.key, reverse=not by.is_rising)[: given["many"]]


def _wanted(view: View, dialect: str) -> dict[str, str]:
    """Give what a view is narrowed to, by the names of `order.WANTED`, and the beginning of a code."""
    wanted = {name: getattr(view, name) for name in order.WANTED if getattr(view, name)}
    if view.search:
        found = view.search.strip().lower()
        if dialect == "sqlite":
            return {**wanted, "search": found, "search_end": f"{found}~"}
        wanted["search"] = found.translate(order.ESCAPED)
    return wanted


def _counts(connection: Connection, who: Person) -> dict[str, int]:
    by_state = tallies.by_state(connection)
    counts = {
        name: connection.execute(order.count(name), {"who": who.reviewer}).scalar_one()
        for name in order.COUNTED
    }
    closed = by_state.pop("closed", 0)
    return counts | {"all": sum(by_state.values()), "closed": closed}


def filters(store: Store, who: Person) -> dict[str, list[str]]:
    """List the playbooks, platforms and languages that cases have, for the filters of the queue."""
    hold_role(who, *READS)
    with store.reading() as connection:
        return {
            name: sorted(connection.execute(order.values(name)).scalars())
            for name in order.WANTED
        }


def _written(phase: int, key: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([phase, *key])).decode().rstrip("=")


def _read(after: str) -> tuple[int, list[Any]]:
    try:
        held = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        phase, first, code = msgspec.json.decode(held, type=tuple[int, float | int, str])
        # Whoever writes a mark by hand gets no endless page and no number that a database cannot hold.
        if phase not in (0, 1) or not abs(first) < 2**63:
            raise _unknown()
    except (ValueError, msgspec.DecodeError):
        raise _unknown() from None
    return phase, [first, code]


def _unknown() -> UndertowError:
    return UndertowError(
        "there is no such view of the queue",
        code="view-unknown",
        mend="use one of " + ", ".join(VIEWS) + ", and go on only from a page that was shown",
    )

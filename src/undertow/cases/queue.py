"""The queue: which case next, why this one, and how many a day.

Order: cases on a clock first where asked, then `priority` (harm x urgency x confidence, `cases.rule`), accounts of
the allow-list last. Pages go on from the last row seen, so that nothing is shown twice while cases come and go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    true,
    tuple_,
)

from undertow.cases.people import READS, Person, hold_role
from undertow.cases.rule import DAILY
from undertow.cases.store import Store
from undertow.cases.tables import acts, allowed, cases, subjects
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
    """

    which: Which = "all"
    playbook: str | None = None
    platform: str | None = None
    lang: str | None = None
    search: str | None = None
    after: str | None = None
    size: int = 40


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
    if view.which not in VIEWS:
        raise _unknown()
    size = min(max(view.size, 1), MOST)
    with store.reading() as connection:
        rows, last = _rows(connection, who, view, now, size)
        counts = _counts(connection, who)
        done = connection.execute(
            select(func.count()).where(acts.c.at >= now - now % DAY, acts.c.kind.in_(DECIDING))
        ).scalar_one()
        shown = shown_rows(connection, rows, who, now)
    budget = int(store.setting("daily_reviews") or DAILY)
    return Page(tuple(shown), last, counts, budget, done)


def midnight(now: int) -> datetime:
    """Give the midnight UTC at which the day's budget began."""
    return datetime.fromtimestamp((now - now % DAY) // 1_000_000, UTC)


def shown_rows(connection: Connection, rows: Iterable[Any], who: Person, now: int) -> list[Row]:
    """Turn rows of `cases` into what a person may see of them."""
    rows = list(rows)
    judged = set(_judged(connection, who, [row.case for row in rows]))
    some = allowed.c.account.in_([row.account for row in rows])
    asked = select(allowed.c.account).where(some, allowed.c.until > now)
    listed = set(connection.execute(asked).scalars())
    gone = select(subjects.c.code).where(
        subjects.c.code.in_([row.account for row in rows]), subjects.c.erased_at.is_not(None)
    )
    erased = set(connection.execute(gone).scalars())
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
    return set(_judged(connection, who, codes))


def _judged(connection: Connection, who: Person, codes: list[str]) -> Iterable[str]:
    asked = select(acts.c.case).where(
        acts.c.case.in_(codes), acts.c.reviewer == who.reviewer, acts.c.kind.in_(JUDGED)
    )
    return connection.execute(asked).scalars()


def _rows(
    connection: Connection, who: Person, view: View, now: int, size: int
) -> tuple[list[Any], str | None]:
    """Read a page, those not on the allow-list first, and where the next one begins."""
    phase, after = (0, None) if view.after is None else _read(view.after)
    on_list = select(allowed.c.account).where(
        allowed.c.account == cases.c.account, allowed.c.until > now
    )
    listed = select(allowed.c.account).where(allowed.c.until > now)
    rows: list[Any] = []
    marks: list[tuple[int, Any]] = []
    while phase < 2 and len(rows) <= size:
        # The few of the list are looked up one by one; all others are only not among them.
        clause = cases.c.account.in_(listed) if phase else ~on_list.exists()
        found = _ordered(connection, who, view, clause, after, size + 1 - len(rows))
        rows += found
        marks += [(phase, row) for row in found]
        phase, after = phase + 1, None
    if len(rows) <= size:
        return rows, None
    at, last = marks[size - 1]
    return rows[:size], _written(at, _order(view.which).key(last))


@dataclass(frozen=True)
class _Order:
    """How a view is ordered: columns, largest or smallest first, and the key of a row."""

    columns: tuple[ColumnElement[Any], ...]
    is_rising: bool
    key: Callable[[Any], list[Any]]


def _order(which: str) -> _Order:
    if which == "clocks":
        return _Order((cases.c.due_at, cases.c.case), True, lambda row: [row.due_at, row.case])
    if which == "closed":
        columns = cases.c.updated_at, cases.c.case
        return _Order(columns, False, lambda row: [row.updated_at, row.case])
    return _Order((cases.c.priority, cases.c.case), False, lambda row: [row.priority, row.case])


def _ordered(
    connection: Connection,
    who: Person,
    view: View,
    clause: ColumnElement[bool],
    after: list[Any] | None,
    many: int,
) -> list[Any]:
    order = _order(view.which)
    asked = select(cases).where(clause, *_filters(view, connection.dialect.name))
    columns = order.columns
    if after is not None:
        marked = tuple_(*columns)
        value = tuple_(*after)
        asked = asked.where(marked > value if order.is_rising else marked < value)
    asked = asked.order_by(*(c.asc() if order.is_rising else c.desc() for c in columns)).limit(
        many
    )
    if view.which != "all":
        return list(connection.execute(asked.where(_which(view.which, who))).all())
    # One look per state, each along the index: a database sorts all of them otherwise.
    found = [
        row
        for state in OPEN
        for row in connection.execute(asked.where(cases.c.state == state)).all()
    ]
    return sorted(found, key=order.key, reverse=not order.is_rising)[:many]


def _which(which: str, who: Person) -> ColumnElement[bool]:
    if which == "mine":
        return cases.c.holder == who.reviewer
    if which == "second":
        return and_(cases.c.state == "proposed", _proposed_by_other(who))
    if which == "clocks":
        return and_(cases.c.due_at.is_not(None), cases.c.state != "closed")
    return cases.c.state == "closed"


def _proposed_by_other(who: Person) -> ColumnElement[bool]:
    """Say whose last proposal is not the person's own."""
    last = (
        select(acts.c.reviewer)
        .where(acts.c.case == cases.c.case, acts.c.kind == "propose")
        .order_by(acts.c.at.desc(), acts.c.act.desc())
        .limit(1)
        .scalar_subquery()
    )
    return last != who.reviewer


def _filters(view: View, dialect: str) -> list[ColumnElement[bool]]:
    wanted = [
        column == value
        for column, value in (
            (cases.c.playbook, view.playbook),
            (cases.c.platform, view.platform),
            (cases.c.lang, view.lang),
        )
        if value
    ]
    if view.search:
        found = view.search.strip().lower()
        columns = cases.c.case, cases.c.account
        wanted.append(or_(*(_begins(column, found, dialect) for column in columns)))
    return wanted or [true()]


def _begins(column: ColumnElement[str], text: str, dialect: str) -> ColumnElement[bool]:
    """Say whether a code begins with a text; SQLite finds it by its index only as a stretch of the order."""
    if dialect == "sqlite":
        return and_(column >= text, column < f"{text}~")
    return column.startswith(text, autoescape=True)


def _counts(connection: Connection, who: Person) -> dict[str, int]:
    asked: Select[Any] = select(cases.c.state, func.count()).group_by(cases.c.state)
    by_state = {state: int(many) for state, many in connection.execute(asked)}
    counts = {
        which: connection.execute(select(func.count()).where(_which(which, who))).scalar_one()
        for which in ("mine", "second", "clocks")
    }
    closed = by_state.pop("closed", 0)
    return counts | {"all": sum(by_state.values()), "closed": closed}


def filters(store: Store, who: Person) -> dict[str, list[str]]:
    """List the playbooks, platforms and languages that cases have, for the filters of the queue."""
    hold_role(who, *READS)
    with store.reading() as connection:
        names = ("playbook", "platform", "lang")
        return {name: list(_values(connection, cases.c[name])) for name in names}


def _values(connection: Connection, column: ColumnElement[str]) -> Iterator[str]:
    """Give the values of a column in order, each by one look into its index: they are few, and rows many."""
    least = select(func.min(column))
    value = connection.execute(least).scalar()
    while value is not None:
        yield value
        value = connection.execute(least.where(column > value)).scalar()


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

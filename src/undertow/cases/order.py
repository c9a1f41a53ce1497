"""In which order a view of the queue is read: statements that are made once and asked again and again.

Making one of SQLAlchemy's statements takes three times as long as running it does, and a page asks twenty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from undertow.cases.tables import acts, allowed, cases

WANTED: Final = {
    "playbook": cases.c.playbook,
    "platform": cases.c.platform,
    "lang": cases.c.lang,
}
"""What a page may be narrowed to, by the name of its parameter."""
SORTS: Final = ("", "oldest")
"""Ways to order a view: as it is, or what was opened first."""
BY_RANK: Final = ("all", "mine", "second")
"""Views in an order of rank, which another may replace; `clocks` and `closed` are about times of their own."""
ESCAPED: Final = str.maketrans({"/": "//", "%": "/%", "_": "/_"})
"""What stands for itself in `search` on PostgreSQL."""
COUNTED: Final = ("mine", "second", "clocks")
"""Views that are counted by asking; the others stand in the tallies."""


@dataclass(frozen=True)
class Order:
    """How a view is ordered: columns, largest or smallest first, and the key of a row."""

    columns: tuple[ColumnElement[Any], ...]
    is_rising: bool
    key: Callable[[Any], list[Any]]


def order(which: str, sort: str = "") -> Order:
    """Give the order of a view; `sort` `oldest` replaces the rank where a view is ordered by it."""
    if sort == "oldest" and which in BY_RANK:
        columns = cases.c.opened_at, cases.c.case
        return Order(columns, True, lambda row: [row.opened_at, row.case])
    if which == "clocks":
        return Order((cases.c.due_at, cases.c.case), True, lambda row: [row.due_at, row.case])
    if which == "closed":
        columns = cases.c.updated_at, cases.c.case
        return Order(columns, False, lambda row: [row.updated_at, row.case])
    return Order((cases.c.priority, cases.c.case), False, lambda row: [row.priority, row.case])


@dataclass(frozen=True)
class Asked:
    """What decides the form of a statement; values come as its parameters.

    Attributes:
        which: the view.
        wanted: names of `WANTED` that it is narrowed to, and `search` for the beginning of a code.
        sort: how it is ordered, as `order`.
        is_listed: only accounts of the allow-list, else only all others.
        goes_on: after the row `first`, `code`.
        dialect: `sqlite` or `postgresql`.
    """

    which: str
    wanted: tuple[str, ...]
    sort: str
    is_listed: bool
    goes_on: bool
    dialect: str


@cache
def page(asked: Asked) -> Select[Any]:
    """Make the statement of a page.

    Its parameters: `many`, `now`, the names in `wanted`, `first` and `code` where it goes on, `state` in the view
    `all`, `who` in `mine` and `second`.
    """
    by = order(asked.which, asked.sort)
    made = select(cases).where(_on_list(asked), *(_wanted(one, asked) for one in asked.wanted))
    if asked.goes_on:
        marked, value = tuple_(*by.columns), tuple_(bindparam("first"), bindparam("code"))
        made = made.where(marked > value if by.is_rising else marked < value)
    # One look per state, each along the index: a database sorts all of them otherwise.
    of_all = asked.which == "all"
    made = made.where(cases.c.state == bindparam("state") if of_all else which(asked.which))
    columns = (c.asc() if by.is_rising else c.desc() for c in by.columns)
    return made.order_by(*columns).limit(bindparam("many"))


@cache
def count(name: str) -> Select[Any]:
    """Make the statement that counts a view of `COUNTED`; parameter `who`."""
    return select(func.count()).where(which(name))


def which(name: str) -> ColumnElement[bool]:
    """Say which cases a view holds; parameter `who`."""
    if name == "mine":
        return cases.c.holder == bindparam("who")
    if name == "second":
        return and_(cases.c.state == "proposed", _proposed_by_other())
    if name == "clocks":
        return and_(cases.c.due_at.is_not(None), cases.c.state != "closed")
    return cases.c.state == "closed"


@cache
def values(name: str) -> Select[Any]:
    """Make the statement that lists the values of a column of `WANTED`, each by one look into its index.

    They are few, and rows many.
    """
    column = WANTED[name]
    found = select(func.min(column).label("value")).cte("found", recursive=True)
    after = select(func.min(column)).where(column > found.c.value).scalar_subquery()
    found = found.union_all(select(after).where(found.c.value.is_not(None)))
    return select(found.c.value).where(found.c.value.is_not(None))


def _on_list(asked: Asked) -> ColumnElement[bool]:
    """Hold to the allow-list: its few are looked up one by one; all others are only not among them."""
    lasts = allowed.c.until > bindparam("now")
    if asked.is_listed:
        return cases.c.account.in_(select(allowed.c.account).where(lasts))
    mine = select(allowed.c.account).where(allowed.c.account == cases.c.account, lasts)
    return ~mine.exists()


def _wanted(name: str, asked: Asked) -> ColumnElement[bool]:
    if name != "search":
        return WANTED[name] == bindparam(name)
    return or_(*(_begins(column, asked.dialect) for column in (cases.c.case, cases.c.account)))


def _begins(column: ColumnElement[str], dialect: str) -> ColumnElement[bool]:
    """Say whether a code begins with a text; SQLite finds it by its index only as a stretch of the order."""
    if dialect == "sqlite":
        return and_(column >= bindparam("search"), column < bindparam("search_end"))
    return column.startswith(bindparam("search"), escape="/")


def _proposed_by_other() -> ColumnElement[bool]:
    """Say whose last proposal is not the person's own."""
    last = (
        select(acts.c.reviewer)
        .where(acts.c.case == cases.c.case, acts.c.kind == "propose")
        .order_by(acts.c.at.desc(), acts.c.act.desc())
        .limit(1)
        .scalar_subquery()
    )
    return last != bindparam("who")

"""Views of the queue that a person keeps for themselves: a name, what the queue is narrowed to, and its order.

What somebody writes into a field is theirs and may name anybody: name and filters are sealed together. A
kept view changes no case and nobody else's screen, so it stands in no log, as one's own choices do not.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select

from undertow.cases.people import READS, Person, hold_role
from undertow.cases.store import Store
from undertow.cases.tables import views
from undertow.cases.vault import STAFF, context
from undertow.errors import UndertowError

MOST: Final = 20
"""Views that one person keeps: more than anybody chooses among at a glance (ours)."""
LONGEST: Final = 60
"""Characters of a name."""
FILTERS: Final = ("view", "playbook", "platform", "lang", "find", "sort")
"""What a view is made of, as the link of the queue names it."""
FIELD: Final = 200
"""Characters of one filter."""
_MINE: Final = (
    select(views.c.view, views.c.sealed_view)
    .where(views.c.reviewer == bindparam("who"))
    .order_by(views.c.made_at, views.c.view)
)


@dataclass(frozen=True)
class Saved:
    """A view that somebody kept: its code, its name, and the filters that are set, by their name in the link."""

    code: str
    name: str
    filters: dict[str, str]


def saved(store: Store, who: Person) -> list[Saved]:
    """List a person's own views, oldest first; `role-refused` for an admin."""
    hold_role(who, *READS)
    with store.reading() as connection:
        rows = connection.execute(_MINE, {"who": who.reviewer}).all()
    sealed = [(context("views", row.view, "sealed_view"), row.sealed_view) for row in rows]
    opened = store.vault.open_all(STAFF, sealed) if rows else []
    found = [msgspec.json.decode(one, type=tuple[str, dict[str, str]]) for one in opened]
    return [Saved(row.view, *one) for row, one in zip(rows, found, strict=True)]


def save(store: Store, who: Person, name: str, filters: Mapping[str, str], now: int) -> Saved:
    """Keep a view.

    Args:
        store: the store.
        who: whose it is; nobody else sees it.
        name: one line of at most `LONGEST` characters.
        filters: by the names in `FILTERS`; what is empty is left out.
        now: microseconds.

    Raises:
        UndertowError: `saved-view-name`, `saved-view-filter`, `saved-view-many`, `role-refused` for an admin.
    """
    hold_role(who, *READS)
    called = " ".join(name.split())
    if not called or len(called) > LONGEST or not called.isprintable():
        raise UndertowError(
            "a view needs a name of one line",
            code="saved-view-name",
            mend=f"give one of at most {LONGEST} characters",
        )
    kept = {one: filters[one] for one in FILTERS if filters.get(one)}
    if filters.keys() - set(FILTERS) or any(len(one) > FIELD for one in kept.values()):
        raise UndertowError(
            "the queue has no such filter",
            code="saved-view-filter",
            mend="choose on the page of the queue, then keep what it shows",
        )
    made = Saved(f"v:{secrets.token_hex(8)}", called, kept)
    sealed = store.vault.seal(
        STAFF,
        context("views", made.code, "sealed_view"),
        msgspec.json.encode((called, kept)).decode(),
    )
    with store.writing() as connection:
        mine = select(func.count()).where(views.c.reviewer == who.reviewer)
        if connection.execute(mine).scalar_one() >= MOST:
            raise UndertowError(
                f"{MOST} views are kept already",
                code="saved-view-many",
                mend="remove one that you do not use",
            )
        row = {"view": made.code, "reviewer": who.reviewer, "made_at": now}
        connection.execute(insert(views).values(**row, sealed_view=sealed))
    return made


def remove(store: Store, who: Person, code: str) -> None:
    """Remove one of a person's own views; `saved-view-unknown` for another's, or none."""
    hold_role(who, *READS)
    mine = views.c.view == code, views.c.reviewer == who.reviewer
    with store.writing() as connection:
        if not connection.execute(delete(views).where(*mine)).rowcount:
            raise UndertowError(
                "you keep no such view", code="saved-view-unknown", mend="see the queue"
            )

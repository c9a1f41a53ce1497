"""How much a person has read: counted from the record of their looks, and told to nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from undertow.cases.people import Person
from undertow.cases.store import Store
from undertow.cases.tables import exposures
from undertow.units import DAY, MINUTE

MOST: Final = 50
"""Texts that one person may open within `WITHIN` before they prove again who they are (T25)."""
WITHIN: Final = 10 * MINUTE
_COUNTED: Final = select(func.count()).where(
    exposures.c.reviewer == bindparam("who"),
    exposures.c.at >= bindparam("since"),
    exposures.c.what == bindparam("kind"),
)

_TEXT: Final = exposures.c.what == "text"
_TODAY: Final = exposures.c.at >= bindparam("midnight")
_LOOKS: Final = select(
    func.count().filter(_TEXT, _TODAY),
    func.count().filter(_TEXT, exposures.c.at >= bindparam("lately")),
    func.count().filter(exposures.c.what == "identity", _TODAY),
).where(exposures.c.reviewer == bindparam("who"), exposures.c.at >= bindparam("since"))


@dataclass(frozen=True)
class Exposure:
    """How much a person has read: texts today (UTC), within ten minutes, identities today, and the limit."""

    today: int
    lately: int
    identities: int
    limit: int


def exposure_of(store: Store, who: Person, now: int) -> Exposure:
    """Say how much a person has read; nobody else is told."""
    midnight, lately = now - now % DAY, now - WITHIN
    given = {"who": who.reviewer, "midnight": midnight, "lately": lately}
    with store.reading() as connection:
        asked = connection.execute(_LOOKS, {**given, "since": min(midnight, lately)})
        today, within, identities = asked.one()
    return Exposure(int(today), int(within), int(identities), MOST)


def counted(connection: Connection, who: Person, what: str, since: int) -> int:
    """Count a person's looks at a `text` or an `identity` since a moment."""
    given = {"who": who.reviewer, "kind": what, "since": since}
    return int(connection.execute(_COUNTED, given).scalar_one())

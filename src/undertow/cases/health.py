"""Whether today's picture can be trusted: what the last runs read, and how store, keys and log stand.

Numbers alone: no case, no account, no name. Everybody at the desk may see it, administrators too.
"""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from undertow.cases import checkpoints, tallies
from undertow.cases.reading import run_summaries
from undertow.cases.store import Store
from undertow.cases.tables import cases, outbox, subjects
from undertow.units import DAY

RUNS: Final = 12
"""Runs told of, the newest."""
MONTH: Final = 30 * DAY
"""What is told of languages, and compared with as long before."""
SOON: Final = 7 * DAY
"""How long before it is due a deletion is told of."""


@dataclass(frozen=True)
class Health:
    """The state of a desk.

    Attributes:
        runs: what the last runs said, newest first (`reading.run_summaries`).
        states: cases by state.
        oldest: when the oldest case that waits was opened, microseconds; None where none waits.
        overdue: cases whose clock has run out.
        holds: cases kept longer for a reason. ending: cases that are deleted within `SOON`.
        erased: accounts and people whose keys were destroyed.
        unsent: decisions that have not reached the operator's system, and whether one failed.
        languages: cases opened in the last `MONTH` and in the one before, by the language of most of their texts, most
            first; None where it is not known.
        log: leaves, signed, copied out.
        keys_private: nobody but the owner can read the key file; None where its rights cannot be read.
        disk_free, disk_size: bytes of the disk that holds the store's folder.
    """

    runs: tuple[dict[str, Any], ...]
    states: dict[str, int]
    oldest: int | None
    overdue: int
    holds: int
    ending: int
    erased: int
    unsent: int
    failing: int
    languages: tuple[tuple[str | None, int, int], ...]
    log: checkpoints.State
    keys_private: bool | None
    disk_free: int
    disk_size: int

    @property
    def waiting(self) -> int:
        """Cases that wait for somebody."""
        return sum(many for state, many in self.states.items() if state != "closed")


def health(store: Store, now: int) -> Health:
    """Look at everything once.

    Args:
        store: the store.
        now: microseconds.
    """
    is_open = cases.c.state != "closed"
    is_held = cases.c.sealed_hold.is_not(None)
    # One pass over the cases for all four: PostgreSQL reads the table for each otherwise.
    of_cases = select(
        func.count().filter(is_open, cases.c.due_at < now).label("overdue"),
        func.count().filter(is_held).label("holds"),
        func.count().filter(~is_held, cases.c.keep_until < now + SOON).label("ending"),
        func.min(cases.c.opened_at).filter(is_open).label("oldest"),
    )
    counts = {
        "erased": select(func.count()).where(subjects.c.erased_at.is_not(None)),
        "unsent": select(func.count()).where(outbox.c.sent_at.is_(None)),
        "failing": select(func.count()).where(
            outbox.c.sent_at.is_(None), outbox.c.last_fault.is_not(None)
        ),
    }
    with store.reading() as connection:
        states = tallies.by_state(connection)
        found = connection.execute(of_cases).one()
        languages = _languages(connection, now)
        counted = {
            name: int(connection.execute(asked).scalar_one()) for name, asked in counts.items()
        }
    disk = shutil.disk_usage(store.folder)
    return Health(
        runs=tuple(run_summaries(store, RUNS)),
        states=states,
        oldest=found.oldest,
        overdue=int(found.overdue),
        holds=int(found.holds),
        ending=int(found.ending),
        languages=languages,
        log=checkpoints.state(store),
        keys_private=_keys_private(store),
        disk_free=disk.free,
        disk_size=disk.total,
        **counted,
    )


def _languages(connection: Connection, now: int) -> tuple[tuple[str | None, int, int], ...]:
    """Count cases by language, opened in the last month and in the one before."""
    lately = cases.c.opened_at > now - MONTH
    asked = (
        select(cases.c.lang, func.count().filter(lately), func.count().filter(~lately))
        .where(cases.c.opened_at > now - 2 * MONTH)
        .group_by(cases.c.lang)
    )
    rows = [(lang, int(new), int(old)) for lang, new, old in connection.execute(asked)]
    return tuple(sorted(rows, key=lambda row: (-row[1], -row[2], row[0] or "")))


def _keys_private(store: Store) -> bool | None:
    try:
        mode = store.vault.keys.path.stat().st_mode
    except OSError:
        return None
    return not mode & (stat.S_IRWXG | stat.S_IRWXO)

"""Passages: the texts of cited events, each sealed in a row of its own, near-duplicates grouped.

A passage is sealed under the keys of its author, of the target and of the case's account together: whoever
of them is erased takes it along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, insert, select

from undertow.cases.citing import Cited
from undertow.cases.dossier import Dossier
from undertow.cases.store import Store
from undertow.cases.tables import passages
from undertow.cases.vault import context
from undertow.export.folder import Funnel
from undertow.signals.script import script_column

_MANY: Final = 500
"""Codes asked for at once: SQLite takes some thousands of values in a statement."""


@dataclass(frozen=True)
class Held:
    """A passage that this run cites."""

    passage: str
    case: str
    account: str
    author: str
    target: str
    at: int
    text: str


def subjects_of(account: str, author: str, target: str) -> tuple[str, ...]:
    """Name whose keys seal a passage: each of them once."""
    return tuple(dict.fromkeys((account, author, target)))


class Passages:
    """Collects the passages of one run and keeps the new ones."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self._store, self._db = store, connection
        self._held: dict[str, Held] = {}
        self._gone = store.vault.keys.tombstones()

    def known(
        self,
        case: str,
        account: str,
        funnels: Iterable[Funnel],
        cited: Mapping[tuple[str, str], Cited],
    ) -> dict[tuple[str, str], str]:
        """Give the passages of a case by event and target: those kept before, and those with a text now."""
        asked = select(passages.c.passage).where(passages.c.case == case)
        before = set(self._db.execute(asked).scalars())
        found = {}
        for funnel in funnels:
            for step in funnel.steps:
                key = step.event, funnel.target
                passage = self._code(case, *key)
                held = cited.get(key)
                now = held is not None and bool(held.text)
                if passage in before or (
                    now and not self._gone.keys() & {account, step.actor, funnel.target}
                ):
                    found[key] = passage
        return found

    def add(self, case: str, dossier: Dossier, cited: Mapping[tuple[str, str], Cited]) -> None:
        """Take the texts that a dossier cites."""
        for funnel in dossier.funnels:
            for step in funnel.steps:
                one = cited.get((step.event, funnel.target))
                if step.passage is None or one is None or not one.text:
                    continue
                ends = (dossier.account, step.actor, funnel.target)
                self._held[step.passage] = Held(step.passage, case, *ends, step.at, one.text)

    def keep(self) -> None:
        """Seal and keep the passages that are new."""
        before = self._before()
        same = self._alike(before)
        gone = self._gone.keys()
        fresh = [
            one
            for one in self._held.values()
            if one.passage not in before and not gone & {one.account, one.author, one.target}
        ]
        sealed = self._store.vault.seal_all(
            (
                subjects_of(one.account, one.author, one.target),
                context("passages", one.passage, "sealed_text"),
                one.text,
            )
            for one in fresh
        )
        rows = [
            {
                "passage": one.passage,
                "case": one.case,
                "author": one.author,
                "target": one.target,
                "at": one.at,
                "same_as": same.get(one.passage),
                "sealed_text": text,
            }
            for one, text in zip(fresh, sealed, strict=True)
        ]
        if rows:
            self._db.execute(insert(passages), rows)

    def _before(self) -> dict[str, str | None]:
        """Give those of the passages that were kept before, with what they are the same as."""
        names = list(self._held)
        found: dict[str, str | None] = {}
        for first in range(0, len(names), _MANY):
            some = passages.c.passage.in_(names[first : first + _MANY])
            asked = select(passages.c.passage, passages.c.same_as).where(some)
            found |= dict(self._db.execute(asked).all())
        return found

    def _alike(self, before: Mapping[str, str | None]) -> dict[str, str]:
        """Find for each near-duplicate the one that stands for it: the oldest that was kept first."""
        order = sorted(
            self._held.values(),
            key=lambda one: (one.passage not in before, one.at, one.passage),
        )
        scripts = script_column(pa.array([one.text for one in order], pa.string())).to_pylist()
        first: dict[int, str] = {}
        same = {}
        for one, script in zip(order, scripts, strict=True):
            if script is None:
                continue
            if script in first:
                same[one.passage] = first[script]
            else:
                first[script] = before.get(one.passage) or one.passage
        return same

    def _code(self, case: str, event: str, target: str) -> str:
        return self._store.vault.code("x", f"{case} {event} {target}")

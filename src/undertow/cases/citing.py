"""Texts of the events that funnels cite, and the native ids of their targets, read from the events once more.

Only the cited events are kept in memory. An event is known by its moment, its actor and its target
under their pseudonyms, and its id; an id that `detect` wrote with a pseudonym in it is known by the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.cases.coding import TARGET
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.read import open_events
from undertow.export.folder import Funnel
from undertow.units import microseconds

Key = tuple[str, str]
"""An event's shown id and the funnel's target."""


@dataclass(frozen=True)
class Cited:
    """One cited event.

    Attributes:
        text: its content; None where none is held.
        lang: BCP 47, None if unknown.
        platform: where it happened, None if unknown.
    """

    text: str | None
    lang: str | None
    platform: str | None


@dataclass
class Texts:
    """What was found of the cited events.

    Attributes:
        cited: by the event's shown id and the target as the folder shows it.
        natives: native ids of targets, by what the folder shows of them.
    """

    cited: dict[Key, Cited] = field(default_factory=dict)
    natives: dict[str, str] = field(default_factory=dict)


class TextSource(Protocol):
    """Where texts come from."""

    def of(self, funnels: Iterable[Funnel]) -> Texts:
        """Find the texts that some funnels cite."""


class NoTexts:
    """For a folder whose events are not at hand: cases have no passages and targets no native ids."""

    def of(self, funnels: Iterable[Funnel]) -> Texts:
        """Find nothing."""
        del funnels
        return Texts()


@dataclass(frozen=True)
class EventTexts:
    """The events files that `detect` read.

    Attributes:
        paths: files or folders.
        ground, timezone: as `detect` was given them.
        advance: called with the rows of each batch read.
    """

    paths: tuple[Path, ...]
    ground: str | None = None
    timezone: str | None = None
    advance: Callable[[int], None] = lambda _: None

    def of(self, funnels: Iterable[Funnel]) -> Texts:
        """Read the events and keep those that some funnels cite; faults as `open_events`."""
        wanted: dict[int, set[tuple[str, str, str]]] = {}
        for funnel in funnels:
            for step in funnel.steps:
                at = microseconds(step.at)
                wanted.setdefault(at, set()).add((step.event, step.actor, funnel.target))
        found = Texts()
        if not wanted:
            return found
        pseudonyms = Pseudonyms.default()
        times = pa.array(sorted(wanted), pa.int64())
        files = open_events(self.paths, ground=self.ground, timezone=self.timezone)
        for batch in files.batches():
            for row in _at(batch, times):
                _take(row, wanted[row["published"]], pseudonyms, found)
            self.advance(batch.num_rows)
        return found


def _at(batch: pa.RecordBatch, times: pa.Array) -> Iterator[dict[str, Any]]:
    at = batch.column("published").cast(pa.int64())
    chosen = pc.is_in(at, value_set=times).to_numpy(zero_copy_only=False)
    rows = pa.array(np.flatnonzero(chosen))
    names = ("id", "actor", "target", "content", "lang", "platform")
    columns = {name: batch.column(name).take(rows) for name in names}
    table = pa.table({**columns, "published": at.take(rows)})
    yield from table.to_pylist()


def _take(
    row: dict[str, Any],
    wanted: set[tuple[str, str, str]],
    pseudonyms: Pseudonyms,
    found: Texts,
) -> None:
    """Take an event for those of the cited ones that it is."""
    ends = {}
    for name in ("actor", "target"):
        if row[name] is not None:
            ends[row[name]] = row[name]
            ends[pseudonyms.of(row[name])] = row[name]
    for event, actor, target in wanted:
        if actor not in ends or ends[actor] != row["actor"]:
            continue
        if event != row["id"] and not TARGET.search(event):
            continue
        exact = event == row["id"]
        if target in ends:
            found.natives.setdefault(target, ends[target])
        elif not exact:
            continue
        if exact or (event, target) not in found.cited:
            found.cited[event, target] = Cited(row["content"], row["lang"], row["platform"])

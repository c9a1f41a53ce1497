"""The compiled engine as the watch uses it: events in, listed matches that are new or changed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from undertow.engines.stream import Stream
from undertow.engines.stream_columns import columns
from undertow.engines.stream_rules import LONGEST
from undertow.events.source import Source
from undertow.live.columns import (
    ACTOR,
    AT,
    CONTEXT,
    FLAGS,
    MARKED,
    PLATFORM,
    TARGET,
    TYPE,
    VISIBILITY,
    Array,
    Events,
)
from undertow.live.listing import Listing
from undertow.live.personas import Personas
from undertow.playbooks.grammar import Playbook

Key = tuple[int, int, int, int]
"""Number of the playbook, codes of the two key accounts and of the group, -1 for none."""


@dataclass(frozen=True)
class Change:
    """The listed match of one key is new, became another, or is taken back.

    Attributes:
        playbook: its number among those watched.
        key: codes of the two key accounts and of the group, -1 for none.
        step: number of the furthest step, -1 where the match is taken back.
        taken: for each step the number of the event that takes it, -1 where it is not taken.
        revision: 0 at first, then 1, 2 and so on.
    """

    playbook: int
    key: tuple[int, int, int]
    step: int
    taken: tuple[int, ...]
    revision: int


class Engine(Protocol):
    """What the watch asks of an engine."""

    @property
    def pairs(self) -> int:
        """Pairs of accounts that it remembers."""

    @property
    def size(self) -> int:
        """Bytes in use."""

    @property
    def reach(self) -> int:
        """How long before the last event those lie that a change can cite, microseconds."""

    def feed(self, events: Events, first: int) -> list[Change]:
        """Take further events in total order, numbered from `first` on."""

    def state(self) -> dict[str, Array]:
        """Give all that it remembers."""

    def restore(self, state: dict[str, Array]) -> None:
        """Take up what it remembered."""


class Compiled:
    """`engines.stream.Stream` with the lists of what was already alerted.

    Args:
        playbooks: checked playbooks.
        declared: what could be seen.
        platforms: names of the declared platforms in the order of their codes.
        start: moment of the first event, microseconds.
        platform_of: gives the platform's code of an event by its number.
        personas: accounts held to be one actor, None for none.

    Raises:
        UndertowError: `stream-playbook` for a playbook that only `detect` knows.
    """

    def __init__(
        self,
        playbooks: Sequence[Playbook],
        declared: tuple[Source, ...],
        platforms: Sequence[str],
        start: int,
        platform_of: Callable[[int], int],
        personas: Personas | None = None,
    ) -> None:
        self._platform_of, self._personas = platform_of, personas
        self._books, self._declared, self._platforms = playbooks, declared, platforms
        self._stream = Stream(
            playbooks,
            declared,
            platforms=platforms,
            start=start,
            personas=personas is not None,
        )
        self._listing = [Listing(book, declared, platforms, start) for book in playbooks]
        self._alerted: dict[Key, int] = {}

    @property
    def pairs(self) -> int:
        """Pairs of accounts that it remembers."""
        return self._stream.counts()["pairs"]

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._stream.bytes_in_use

    @property
    def reach(self) -> int:
        """How long before the last event those lie that a change can cite, microseconds."""
        return max(int(one.rules.words[LONGEST]) for one in self._stream.passes)

    def feed(self, events: Events, first: int) -> list[Change]:
        """Take further events in total order, numbered from `first` on."""
        given, ref = events.columns, np.arange(first, first + len(events))
        if self._personas is not None:
            given, row = self._personas.widened(given, len(self._platforms))
            ref = ref[row]
        changes = self._stream.feed(
            columns(
                given[AT],
                given[TYPE],
                given[ACTOR],
                given[TARGET],
                ref=ref,
                marks=given[FLAGS] & MARKED,
                visibility=given[VISIBILITY],
                platform=given[PLATFORM],
                context=given[CONTEXT],
            )
        )
        if not len(changes):
            return []
        found = zip(
            changes.playbook.tolist(),
            changes.keys.tolist(),
            changes.furthest.tolist(),
            changes.refs.tolist(),
            changes.at.tolist(),
            strict=True,
        )
        told = [self._told(*one) for one in found]
        return [change for change in told if change is not None]

    def _told(
        self,
        book: int,
        pair: list[int],
        step: int,
        refs: list[int],
        at: list[int],
    ) -> Change | None:
        """Make what is told of a change, None where there is nothing to tell."""
        if self._personas is not None and self._personas.one_actor(pair[0], pair[1]):
            return None
        key = (book, *pair)
        alerted = self._alerted.get((book, pair[0], pair[1], pair[2]))
        steps = len(self._books[book].steps)
        listed = step >= 0 and (
            step >= self._listing[book].step
            or self._listing[book].holds(step, at[step], self._platform_of(refs[step]))
        )
        if not listed and alerted is None:
            return None
        revision = 0 if alerted is None else alerted + 1
        self._alerted[key] = revision  # type: ignore[index]  # a pair and its group are three
        return Change(
            book,
            (pair[0], pair[1], pair[2]),
            step if listed else -1,
            tuple(refs[:steps]) if listed else (-1,) * steps,
            revision,
        )

    def state(self) -> dict[str, Array]:
        """Give all that it remembers."""
        rows = [[*key, revision] for key, revision in self._alerted.items()]
        alerted = np.array(rows, np.int64).reshape(-1, 5)
        return {
            "alerted": alerted,
            **{f"stream.{n}": a for n, a in self._stream.state().items()},
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take up what it remembered."""
        self._alerted = {
            (book, a, b, group): revision
            for book, a, b, group, revision in state["alerted"].tolist()
        }
        own: dict[str, Any] = {
            name.removeprefix("stream."): array
            for name, array in state.items()
            if name.startswith("stream.")
        }
        self._stream = Stream.restore(
            self._books,
            self._declared,
            own,
            platforms=self._platforms,
            personas=self._personas is not None,
        )

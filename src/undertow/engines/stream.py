"""The live engine: events one after another in total order, and after each the same answers as a whole run.

Enters: batches of integer columns. Leaves: changes, that is keys whose best answer is new or better.
What can no longer matter is forgotten, so the state is as large as what is still open.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from undertow.engines.stream_ahead import compile_ahead
from undertow.engines.stream_columns import NO_EVENTS
from undertow.engines.stream_compile import APART, compile_passes
from undertow.engines.stream_kernel import count_live, feed, settle
from undertow.engines.stream_kernel_gather import Room
from undertow.engines.stream_kernel_keys import ASK, FULL, LARGER, OK
from undertow.engines.stream_kernel_pass import Columns
from undertow.engines.stream_kernel_store import (
    ANSWERED,
    CHANGED,
    DONE,
    DROPPED,
    EVENTS,
    FURTHEST,
    GATHERED,
    NOW,
    PENDING,
    REVISION,
    ROW_A,
    ROW_B,
    ROW_BOOK,
    ROW_GROUP,
    SWEEPS,
    TAKEN,
    TAKEN_IN,
    TODO_BOOK,
    Store,
)
from undertow.engines.stream_kernel_tables import (
    DEPTH,
    ENTRIES,
    GROUPS,
    LIVE,
    SEGMENT,
    SEGMENTS,
    USED,
    lay_anew,
)
from undertow.engines.stream_room import (
    KINDS,
    ROOM_AT_FIRST,
    fill,
    fill_variants,
    in_use,
    maps_of,
    new_room,
    new_store,
    part_of,
    pools_of,
    too_large,
)
from undertow.engines.stream_rules import PART, PARTS, VARIANTS, Pass
from undertow.engines.stream_settle import best_of
from undertow.errors import UndertowError
from undertow.events.source import Source
from undertow.events.table import TYPES
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook

MEMORY: Final = 4 << 30
"""Bytes that the state may come to use where nothing else is said."""
MEASURED_EVERY: Final = 10_000
"""Events after which memory is measured again."""


@dataclass(frozen=True)
class Changes:
    """Keys whose answer changed, (k); a key that changed often in one batch stands here once.

    Attributes:
        playbook: int64, place of the playbook among those of the stream.
        keys: int64, (k, 3): the two key accounts and the group, -1 for none.
        furthest: int64, the furthest step; -1: the answer is taken back, since more of the key's events
            came to light than was known.
        refs: int64, (k, s): `ref` of the event that took each step, -1 where it was not taken.
        at: int64, (k, s): when, microseconds; 0 where it was not taken.
        revision: int64, from 1: how often the key's answer has changed.
    """

    playbook: Array
    keys: Array
    furthest: Array
    refs: Array
    at: Array
    revision: Array

    def __len__(self) -> int:
        return len(self.furthest)


def joined(parts: Sequence[Changes]) -> Changes:
    """Put changes one behind another."""
    if len(parts) == 1:
        return parts[0]
    return Changes(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in Changes.__dataclass_fields__
        )
    )


class Stream:
    """Several playbooks matched together over events that come in total order."""

    def __init__(
        self,
        playbooks: Sequence[Playbook],
        sources: tuple[Source, ...] = (),
        *,
        platforms: Sequence[str] = (),
        start: int | None = None,
        memory: int = MEMORY,
        forget: bool = True,
        part: tuple[int, int] = (0, 1),
        personas: bool = False,
    ) -> None:
        """Begin with nothing seen.

        Args:
            playbooks: checked playbooks.
            sources: what could be seen; platforms without a declaration count as visible throughout.
            platforms: names of platforms in the order of their codes, at least those of the sources.
            start: moment of the first event, microseconds; the first that is fed where None.
            memory: bytes that the state may come to use.
            forget: let go of events that can no longer matter.
            part: take in the pairs of this part only, of so many, a power of two; where not all passes look
                at pairs alone, there is one.
            personas: events of the platform behind the last of `platforms` happened between other accounts
                of the pair's actors; only steps across personas may use them.

        Raises:
            UndertowError: if a playbook is of the few that only `detect` knows.
        """
        self.playbooks = tuple(playbooks)
        self._apart = len(platforms) if personas else None
        self.sources = (*sources, APART) if personas else sources
        self.platforms = [*platforms, APART.platform] if personas else list(platforms)
        self.memory, self.forget, self.part = memory, forget, part
        self.start = start
        self.passes: list[Pass] = []
        self.stores: list[Store] = []
        self._rooms: list[Room] = []
        self._floors: list[Array] = []
        self._most = max(len(book.steps) for book in playbooks)
        self._unmeasured = 0
        self._compile(0 if start is None else start)

    def _compile(self, start: int) -> None:
        self.passes = compile_passes(
            self.playbooks,
            self.sources,
            self.platforms,
            start,
            forget=self.forget,
            apart=self._apart,
        )
        for one in self.passes:
            one.rules.words[[PART, PARTS]] = self.part[0], self.part[1] - 1
        self.stores = [new_store(one, self.memory) for one in self.passes]
        self._rooms = [new_room(one, ROOM_AT_FIRST) for one in self.passes]
        self._floors = [
            np.array([book.floor for book in one.compiled], np.int64) for one in self.passes
        ]
        self._nothing = self._read(self.passes[0], self.stores[0], np.empty(0, np.int64))
        one = self.passes[0]
        compile_ahead(NO_EVENTS, one.rules, one.programs, self.stores[0])
        feed(
            0,
            0,
            NO_EVENTS,
            one.rules,
            one.programs,
            self._floors[0],
            self.stores[0],
            self._rooms[0],
        )
        # Called by its one signature: finding out the types of so many arrays costs more than a batch.
        compiled: Any = feed
        self._step = compiled.dispatcher.get_overload(compiled.dispatcher.signatures[0])

    def feed(self, batch: Columns) -> Changes:
        """Take in events.

        Args:
            batch: from `columns`; it goes on where the last batch ended.

        Returns:
            What changed.

        Raises:
            UndertowError: if the state needs more memory than it may use; the stream is then of no more
                use.
        """
        n = len(batch.at)
        if self.start is None and n:
            self.start = int(batch.at[0])
            self._compile(self.start)
        for k in range(len(self.passes)):
            self._feed_pass(k, batch, n)
        self._unmeasured += n
        if self._unmeasured >= MEASURED_EVERY:
            self._unmeasured = 0
            if self.bytes_in_use > self.memory:
                raise too_large(self.memory)
        return self._drain()

    def _feed_pass(self, k: int, batch: Columns, n: int) -> None:
        one, store = self.passes[k], self.stores[k]
        i, why = 0, LARGER
        while why != OK:
            i, why = self._step(
                i, n, batch, one.rules, one.programs, self._floors[k], store, self._rooms[k]
            )
            if why == FULL:
                raise too_large(self.memory)
            if why == LARGER:
                size = self._rooms[k].sorted.shape[1]
                self._rooms[k] = new_room(one, 2 * size)
            elif why == ASK:
                self._settle(k)

    def _settle(self, k: int) -> None:
        """Answer the key in the scratch, whose best chain has one account in two roles."""
        one, store, room = self.passes[k], self.stores[k], self._rooms[k]
        book = int(store.todo[store.counts[DONE], TODO_BOOK])
        furthest = best_of(
            one.compiled[book].program, room.scratch, int(store.counts[GATHERED]), store.counts
        )
        settle(one.programs, store, self._floors[k], room, furthest)

    def _drain(self) -> Changes:
        if not any(store.counts[CHANGED] for store in self.stores):
            return self._nothing
        parts = []
        for one, store in zip(self.passes, self.stores, strict=True):
            many = int(store.counts[CHANGED])
            rows = store.changed[:many]
            parts.append(self._read(one, store, rows))
            store.answers.rows[rows, PENDING] = 0
            store.counts[CHANGED] = 0
        return joined(parts)

    def _read(self, one: Pass, store: Store, rows: Array) -> Changes:
        answers = store.answers.rows
        found = answers[rows]
        most = (answers.shape[1] - TAKEN) // 2
        refs = np.full((len(rows), self._most), -1, np.int64)
        at = np.zeros((len(rows), self._most), np.int64)
        refs[:, :most] = found[:, TAKEN : TAKEN + most]
        at[:, :most] = found[:, TAKEN + most :]
        return Changes(
            playbook=np.array(one.books, np.int64)[found[:, ROW_BOOK]],
            keys=found[:, [ROW_A, ROW_B, ROW_GROUP]],
            furthest=found[:, FURTHEST],
            refs=refs,
            at=at,
            revision=found[:, REVISION],
        )

    def answers(self) -> Changes:
        """Give the best answers of all keys, as they stand."""
        parts = []
        for one, store in zip(self.passes, self.stores, strict=True):
            rows = np.arange(store.answers.head[USED])
            rows = rows[store.answers.rows[rows, FURTHEST] >= 0]
            parts.append(self._read(one, store, rows))
        return joined(parts)

    @property
    def bytes_in_use(self) -> int:
        """Bytes of state that are in use, free slots and rows in between included."""
        words = 0
        for store in self.stores:
            for table in maps_of(store):
                segments = int(table.head[SEGMENTS])
                words += segments * (SEGMENT * table.slots.shape[1] + GROUPS + 2)
                words += 1 << int(table.head[DEPTH])
            words += sum(int(one.head[USED]) * one.rows.shape[1] for one in pools_of(store))
        return 8 * int(words)

    @property
    def live_pairs(self) -> int:
        """Pairs of accounts that an event may still carry on; looks at all that are kept."""
        return sum(
            int(count_live(one.rules, store, store.counts[NOW]))
            for one, store in zip(self.passes, self.stores, strict=True)
        )

    def counts(self) -> dict[str, int]:
        """Count what metrics show; nothing here takes time."""
        stores = self.stores
        return {
            "events": int(stores[0].counts[TAKEN_IN]),
            "looked_at": sum(int(store.counts[EVENTS]) for store in stores),
            "answered": sum(int(store.counts[ANSWERED]) for store in stores),
            "forgotten": sum(int(store.counts[DROPPED]) for store in stores),
            "sweeps": sum(int(store.counts[SWEEPS]) for store in stores),
            "pairs": sum(int(store.pairs.head[ENTRIES]) for store in stores),
            "kept_events": sum(
                int(store.pairs.head[ENTRIES] + store.nodes.head[LIVE]) for store in stores
            ),
            "kept_beside": sum(int(store.items.head[LIVE]) for store in stores),
            "answers": sum(int(store.answers.head[LIVE]) for store in stores),
            "bytes": self.bytes_in_use,
        }

    def state(self) -> dict[str, Array]:
        """Give all that must be kept to go on later: arrays by name, only the parts in use.

        The arrays are views: write them out before feeding on.
        """
        kept = {
            "stream": np.array([self._fingerprint(), -1 if self.start is None else self.start])
        }
        for k, store in enumerate(self.stores):
            kept |= {f"{k}.{name}": part for name, part in in_use(store).items()}
            rules = self.passes[k].rules
            kept[f"{k}.{KINDS}"] = rules.variants[: rules.words[VARIANTS]]
        return kept

    @classmethod
    def restore(
        cls,
        playbooks: Sequence[Playbook],
        sources: tuple[Source, ...],
        state: Mapping[str, Array],
        *,
        platforms: Sequence[str] = (),
        memory: int = MEMORY,
        forget: bool = True,
        personas: bool = False,
    ) -> Stream:
        """Go on from a state, as if the stream had never stopped.

        Args:
            playbooks: as the stream had that gave the state.
            sources: likewise.
            state: from `state`.
            platforms: likewise as it had.
            memory: bytes that the state may come to use.
            forget: likewise as it had.
            personas: likewise as it had.

        Raises:
            UndertowError: if the state is of other playbooks or sources, or needs more memory.
        """
        start = int(state["stream"][1])
        made = cls(
            playbooks,
            sources,
            platforms=platforms,
            start=None if start < 0 else start,
            memory=memory,
            forget=forget,
            personas=personas,
        )
        if int(state["stream"][0]) != made._fingerprint():
            raise UndertowError(
                "the saved state belongs to other playbooks or sources",
                code="stream-state",
                mend="go on with the playbooks and sources it was made with, or begin anew",
            )
        for k, store in enumerate(made.stores):
            for name, given in state.items():
                owner, _, part = name.partition(".")
                if owner == str(k) and part == KINDS:
                    fill_variants(made.passes[k].rules, given, memory)
                elif owner == str(k):
                    fill(part_of(store, part), given, memory)
            for table in maps_of(store):
                lay_anew(table, store.spare)
        return made

    def _fingerprint(self) -> int:
        told = (self.playbooks, self.sources, self.platforms, self.forget, TYPES)
        return zlib.crc32(repr(told).encode())

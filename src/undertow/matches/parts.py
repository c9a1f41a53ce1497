"""A log that is larger than memory, cut by accounts: each part is matched alone, by the same kernel.

A part holds every event that touches one of its accounts, and all joins and leaves. So it holds all that
a key needs whose free roles act upon one of its two accounts: the key belongs to that account's part.
Playbooks whose free roles act upon both accounts, or that the oracle answers, are matched whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from undertow.events.log import NOBODY, EventLog
from undertow.events.order import MARK
from undertow.events.source import Source
from undertow.events.spill import DiskLog
from undertow.events.table import TYPES
from undertow.matches.grouping import group
from undertow.matches.match import Matches, search_for
from undertow.matches.plan import Plan, compile_plan, sight
from undertow.matches.program import SIDE_A, SIDE_B, Array, compile_program
from undertow.matches.select import Selected
from undertow.playbooks.grammar import Playbook

MOVES: Final = ("join", "leave")
CHUNK: Final = 1 << 22
"""Rows dealt to parts at a time."""
ROW: Final = ("at", "type", "actor", "target", "context", "visibility", "platform")
EACH: Final = 300
"""Bytes of memory that a row of a part asks for while it is matched."""
SHARE: Final = 0.25
"""Share of the memory given that one part may use."""
FEWEST, MOST = 2, 4096


@dataclass(frozen=True)
class Part:
    """Some events of a larger log.

    Attributes:
        log: these events, with the codes of the larger log.
        rows: int64, (n): where they stand in it, ascending.
        mine: bool, (accounts): the accounts whose events are all here.
    """

    log: EventLog
    rows: Array
    mine: Array

    def whole_rows(self, rows: Array) -> Array:
        """Turn rows of the part, -1 for none, into rows of the larger log."""
        if not len(self.rows):
            return rows
        whole: Array = np.where(rows >= 0, self.rows[rows], NOBODY)
        return whole


@dataclass(frozen=True)
class Division:
    """A log cut into parts.

    Attributes:
        log: the log.
        many: number of parts.
        owner: uint16, (accounts): the part of each account.
    """

    log: DiskLog
    many: int
    owner: Array

    def parts(self) -> Iterator[Part]:
        """Give one part after another."""
        moves = np.fromfile(self._path("moves"), self._record())
        for number in range(self.many):
            own = np.fromfile(self._path(str(number)), self._record())
            records = np.concatenate([own, moves])
            records = records[np.argsort(records["row"], kind="stable")]
            rows = records["row"].astype(np.int64)
            yield Part(self._log_of(records), rows, self.owner == number)

    def deal(self) -> None:
        """Write each row into the files of the parts that hold it."""
        log = self.log
        is_move = np.isin(np.arange(len(TYPES)), [TYPES.index(word) for word in MOVES])
        for low in range(0, len(log), CHUNK):
            rows = np.arange(low, min(low + CHUNK, len(log)))
            records = self._records(rows)
            moves = is_move[records["type"]]
            self._write("moves", records[moves])
            # Each row stands under the parts of its actor and its target, the parts' files in its order.
            parts = np.full((len(rows), 2), self.many, np.int32)
            parts[:, 0] = self.owner[records["actor"]]
            addressed = records["target"] != NOBODY
            parts[addressed, 1] = self.owner[records["target"][addressed]]
            parts[parts[:, 0] == parts[:, 1], 1] = self.many
            parts[moves] = self.many
            dealt = group(parts.ravel(), self.many + 1)
            for number in range(self.many):
                mine = dealt.rows[dealt.start[number] : dealt.start[number + 1]] >> 1
                self._write(str(number), records[mine])
            log.rest()

    def _path(self, name: str) -> Path:
        return self.log.folder / f"part {name}"

    def _write(self, name: str, records: Array) -> None:
        with self._path(name).open("ab") as file:
            records.tofile(file)

    def _record(self) -> np.dtype[Any]:
        log = self.log
        columns = {
            "row": np.dtype(np.uint32),
            **{name: getattr(log, name).dtype for name in ROW},
        }
        marks = [(MARK + name, np.dtype(np.bool_)) for name in log.marks]
        return np.dtype([*columns.items(), *marks])

    def _records(self, rows: Array) -> Array:
        """Bring rows that follow each other together, each as one record."""
        stretch = slice(int(rows[0]), int(rows[-1]) + 1)
        records = np.empty(len(rows), self._record())
        records["row"] = rows
        for name in ROW:
            records[name] = getattr(self.log, name)[stretch]
        for name, mark in self.log.marks.items():
            records[MARK + name] = mark[stretch]
        return records

    def _log_of(self, records: Array) -> EventLog:
        """Give a log of some records, without their ids."""
        log = self.log
        columns: dict[str, Any] = {n: np.ascontiguousarray(records[n]) for n in ROW}
        return EventLog(
            id=pa.chunked_array([], pa.string()),
            **columns,
            marks={name: np.ascontiguousarray(records[MARK + name]) for name in log.marks},
            accounts=log.accounts,
            contexts=log.contexts,
            platforms=log.platforms,
        )


def divide(log: DiskLog, memory: int) -> Division:
    """Cut a log into parts.

    Args:
        log: the events.
        memory: bytes that the run may use.
    """
    many = max(FEWEST, int(-(-2 * len(log) * EACH // max(1, SHARE * memory))))
    many = min(MOST, many, max(1, len(log.accounts)))
    # Codes follow the names, which say nothing of how busy an account is.
    owner = (np.arange(len(log.accounts)) % many).astype(np.uint16)
    division = Division(log, many, owner)
    division.deal()
    return division


def owning_end(playbook: Playbook) -> int | None:
    """Say which key account's events are all that a key needs: 0 or 1; None where it is not one alone."""
    plan = compile_plan(playbook)
    if not plan.fast or _meets_in_rooms(plan):
        return None
    # Which ends steps touch does not depend on what sources could show.
    head = compile_program(plan, sight(plan, (), [], 0)).head
    if head[SIDE_A] and head[SIDE_B]:
        return None
    return 0 if head[SIDE_A] else 1


def _meets_in_rooms(plan: Plan) -> bool:
    """Say whether other events than joins and leaves name the groups that make keys."""
    moves = np.isin(np.arange(len(TYPES)), [TYPES.index(word) for word in MOVES])
    return plan.has_group and bool(plan.types[plan.room][:, ~moves].any())


def find_in_part(
    part: Part, playbook: Playbook, sources: tuple[Source, ...], end: int, whole: DiskLog
) -> tuple[Matches, Selected]:
    """Match the keys that belong to a part.

    Args:
        part: the part.
        playbook: one that `owning_end` knows.
        sources: what could be seen.
        end: which key account a key belongs to.
        whole: the larger log.

    Returns:
        The matches, their rows those of the larger log; and what was selected, as rows of the part.
    """
    span = (whole.start, whole.end)
    found = find_owned(part.log, part.mine, playbook, sources, end, span)
    rows = part.whole_rows(found.rows)
    kept = Matches(
        found.playbook, found.keys, found.furthest, rows, found.states, nothing_selected()
    )
    return kept, found.selected


def find_owned(
    log: EventLog,
    mine: Array,
    playbook: Playbook,
    sources: tuple[Source, ...],
    end: int,
    span: tuple[int, int],
    threads: int | None = None,
) -> Matches:
    """Match the keys one account of which is among some.

    Args:
        log: all events that touch these accounts, and all joins and leaves.
        mine: bool, (accounts): these accounts.
        playbook: the playbook.
        sources: what could be seen.
        end: which key account must be among them: 0 or 1.
        span: first and last moment of the data, of which the log may be a part.
        threads: as for `match.find`.
    """
    search = search_for(log, playbook, sources, span[1], threads, start=span[0])
    keys = search.keys()
    keys = keys[mine[keys[:, end]]]
    return search.matches(keys, search.answer(keys, whole=False))


def nothing_selected() -> Selected:
    """Give no events: those selected in a part are not kept."""
    empty = np.empty(0, np.int64)
    return Selected(empty, empty, empty)


def joined(found: Sequence[Matches]) -> Matches:
    """Put the matches of all parts together, ordered by key."""
    keys = np.concatenate([one.keys for one in found])
    order = np.lexsort(keys.T[::-1])
    return Matches(
        found[0].playbook,
        keys[order],
        np.concatenate([one.furthest for one in found])[order],
        np.concatenate([one.rows for one in found])[order],
        np.concatenate([one.states for one in found])[order],
        nothing_selected(),
    )

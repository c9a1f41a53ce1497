"""One part of the events on an executor: blocks put together to a log in total order, and what it counts.

The log is that of `undertow.events.log`, made by the same functions: names as codes in the order of their
bytes, rows sorted, repeats left out. It holds every event that touches one of the part's own accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.engines.spark_blocks import Array, Arrays, Block, numbers, pack, received
from undertow.engines.spark_read import IS_MOVE, ROWS, part_of, prints
from undertow.events.coding import KINDS, NOBODY, Coded, Coder
from undertow.events.log import EventLog
from undertow.events.order import gather
from undertow.matches.grouping import number_pairs

LOG: Final = "log"
FACTS: Final = "facts"
TAG: Final = "tag"
"""Mark that numbers the rows of all files: the same row has the same tag in every part."""
STRETCH: Final = 1 << 17
"""Rows of a log that stand in one block."""
COLUMNS: Final = ("type", "at", "actor", "target", "context", "visibility", "platform")
MARK: Final = "mark "


@dataclass(frozen=True)
class Deal:
    """How accounts are dealt to parts.

    Attributes:
        many: number of parts.
        key: int64, (3), of the hash.
        dropped: int64, ascending: tags of repeats that not every part can see to be such.
    """

    many: int
    key: Array
    dropped: Array = field(default_factory=lambda: np.empty(0, np.int64))

    def owned(self, names: pa.Array, part: int) -> Array:
        """Say which accounts are a part's own: bool, (n)."""
        mine: Array = part_of(names, self.key, self.many) == part
        return mine


@dataclass(frozen=True)
class Held:
    """A part as a step meets it.

    Attributes:
        number: which part.
        log: its events.
        mine: bool, (accounts): its own accounts.
        blocks: those of which the log was made.
        others: further blocks of the part.
    """

    number: int
    log: EventLog
    mine: Array
    blocks: list[Block]
    others: list[Block]


class _Gathered:
    """Dealt blocks of one part on their way into a log."""

    def __init__(self, key: Array) -> None:
        self._key = key
        self._coder = Coder()
        self._parts: list[Coded] = []

    def add(self, told: Arrays) -> None:
        """Take the rows of one block."""
        columns = {name: numbers(told[name]) for name in COLUMNS}
        names = np.append(self._coder.accounts.codes(told["names"]), np.int32(NOBODY))
        rooms = np.append(self._coder.contexts.codes(told["rooms"]), np.int32(NOBODY))
        words = np.append(self._coder.platform_codes(told["words"].to_pylist()), NOBODY)
        columns["actor"], columns["target"] = names[columns["actor"]], names[columns["target"]]
        columns["context"] = rooms[columns["context"]]
        columns["platform"] = words[columns["platform"]].astype(np.int32)
        columns["print"] = prints(told["id"], self._key)
        marks = {
            n.removeprefix(MARK): numbers(one) for n, one in told.items() if n.startswith(MARK)
        }
        marks[TAG] = numbers(told[TAG])
        assert set(columns) == set(KINDS)  # noqa: S101  # else rows would lose a column in silence
        self._parts.append(Coded(len(told["id"]), told["id"], columns, marks))

    def log(self) -> tuple[EventLog, pa.Table | None]:
        """Put all rows in order; beside the log the rows left out as repeats, None where there are none."""
        given = [
            (part.id, part.columns["target"], part.columns["actor"], part.columns["type"], tag)
            for part in self._parts
            for tag in [part.marks[TAG]]
        ]
        log = EventLog(**gather(self._parts, self._coder))
        if not log.repeats:
            return log, None
        ranks = self._coder.accounts.ranked()[1]
        tags = np.concatenate([tag for *_, tag in given])
        left = np.flatnonzero(~np.isin(tags, log.marks[TAG]))
        target, actor = (ranks[np.concatenate([one[k] for one in given])[left]] for k in (1, 2))
        return log, pa.table(
            {
                "id": pa.chunked_array([one[0] for one in given]).take(pa.array(left)),
                "target": target,
                "actor": actor,
                "move": IS_MOVE[np.concatenate([one[3] for one in given])[left]],
                "tag": tags[left],
            }
        )


def settle(deal: Deal, batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    """Make one log of all blocks dealt to a part; give it and what it counts; other blocks pass through."""
    for part, blocks in groupby(received(batches), attrgetter("part")):
        gathered = _Gathered(deal.key)
        any_rows = False
        for block in blocks:
            if block.kind == ROWS:
                gathered.add(block.arrays())
                any_rows = True
            else:
                yield block
        if any_rows:
            log, repeats = gathered.log()
            del gathered
            yield from _settled(deal, part, log, repeats)


def _settled(deal: Deal, part: int, log: EventLog, repeats: pa.Table | None) -> Iterator[Block]:
    mine = deal.owned(log.accounts, part)
    decides = _decides(deal, part, mine, log.target, log.id)
    foreign, again = np.empty(0, np.int64), 0
    if repeats is not None:
        decided = _decides(deal, part, mine, repeats["target"].to_numpy(), repeats["id"])
        again = int(decided.sum())
        foreign = _foreign(log, repeats.filter(pa.array(decided)))
    at = log.at[decides]
    direct = log.marks["direct"] & (log.actor != log.target) & decides
    counted = {
        "events": np.array([len(at), again, int(direct.sum())]),
        "span": np.array([at[0], at[-1]] if len(at) else [], np.int64),
        "foreign": foreign,
    }
    # Guests go home: they were here to be told from repeats.
    stay = (
        mine[log.actor]
        | IS_MOVE[log.type]
        | ((log.target != NOBODY) & np.append(mine, False)[log.target])
    )
    log = _some(log, np.flatnonzero(~stay), np.flatnonzero(stay))
    yield Block(part, FACTS, 0, pack({**counted, **_about(log, mine)}))
    yield from _blocks(part, log)


def _decides(deal: Deal, part: int, mine: Array, target: Array, ids: pa.ChunkedArray) -> Array:
    """Say for which rows a part sees all others of the same id and target: bool, (n)."""
    decides: Array = np.append(mine, False)[target]
    posts = np.flatnonzero(target == NOBODY)
    if len(posts):
        of = ids.take(pa.array(posts)).combine_chunks()
        decides[posts] = deal.owned(of, part)
    return decides


def _foreign(log: EventLog, repeats: pa.Table) -> Array:
    """List repeats that another part meets without the row that they repeat: their tags, int64."""
    rows = np.flatnonzero(pc.is_in(log.id, value_set=repeats["id"].combine_chunks()).to_numpy())
    first = pa.table(
        {
            "id": log.ids(rows),
            "target": log.target[rows],
            "first actor": log.actor[rows],
            "first move": IS_MOVE[log.type[rows]],
        }
    )
    both = repeats.join(first, ["id", "target"])
    same = both["actor"].to_numpy() == both["first actor"].to_numpy()
    moves, moved = both["first move"].to_numpy(), both["move"].to_numpy()
    tags: Array = both["tag"].to_numpy()[~(same & (moves | ~moved))]
    return tags


def _some(log: EventLog, left: Array, rows: Array) -> EventLog:
    """Give the log of some rows, `left` being those that it leaves out."""
    if not len(left):
        return log
    columns: dict[str, Any] = {name: getattr(log, name)[rows] for name in COLUMNS}
    return EventLog(
        id=log.ids(rows),
        **columns,
        marks={name: mark[rows] for name, mark in log.marks.items()},
        accounts=log.accounts,
        contexts=log.contexts,
        platforms=log.platforms,
    )


def _about(log: EventLog, mine: Array) -> dict[str, pa.Array | Array]:
    """Count what is known of a part's own accounts; the arrays have one value for each of them.

    `contacts`: distinct accounts that each addressed; `party`: direct messages that it is party to;
    `where`, `which`: on which platforms (`words`) accounts were addressed, each pair once.
    """
    size, own = len(log.accounts), np.flatnonzero(mine)
    place = np.full(size + 1, NOBODY)
    place[own] = np.arange(len(own))
    spoken = np.flatnonzero((log.target != NOBODY) & (log.target != log.actor))
    pairs = number_pairs(log.actor[spoken], log.target[spoken], size)
    rows = np.flatnonzero(log.marks["direct"] & (log.target != log.actor))
    party = np.bincount(log.actor[rows], minlength=size + 1)
    party += np.bincount(log.target[rows] % (size + 1), minlength=size + 1)
    named = np.flatnonzero((place[log.target] >= 0) & (log.platform != NOBODY))
    met = number_pairs(log.target[named], log.platform[named], size + len(log.platforms))
    return {
        "names": log.accounts.take(pa.array(own)),
        "contacts": np.bincount(pairs.one, minlength=size)[own],
        "party": party[own],
        "where": place[met.one],
        "which": met.other,
        "words": log.platforms,
    }


def recount(deal: Deal, batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    """Count anew, now that repeats are known that a part cannot see to be such."""
    for held in parts(deal, batches):
        yield Block(held.number, FACTS, 1, pack(_about(held.log, held.mine)))


def _blocks(part: int, log: EventLog) -> Iterator[Block]:
    """Write a log down, a stretch at a time, names with the first."""
    for low in range(0, max(1, len(log)), STRETCH):
        stretch = slice(low, low + STRETCH)
        ids = log.id.slice(low, STRETCH).combine_chunks()
        told: dict[str, pa.Array | Array] = {
            "id": ids,
            **{name: getattr(log, name)[stretch] for name in COLUMNS},
            **{MARK + name: mark[stretch] for name, mark in log.marks.items()},
        }
        if not low:
            told |= {"names": log.accounts, "rooms": log.contexts, "words": log.platforms}
        yield Block(part, LOG, low, pack(told))


def parts(deal: Deal, batches: Iterable[pa.RecordBatch]) -> Iterator[Held]:
    """Give the parts that stand in one partition, one after another."""
    for part, given in groupby(received(batches), attrgetter("part")):
        blocks: list[Block] = []
        others: list[Block] = []
        for block in given:
            (blocks if block.kind == LOG else others).append(block)
        if blocks:
            log = _read_back(deal, blocks)
            yield Held(part, log, deal.owned(log.accounts, part), blocks, others)


def _read_back(deal: Deal, blocks: list[Block]) -> EventLog:
    told = [block.arrays() for block in blocks]

    def column(name: str) -> Array:
        return np.concatenate([numbers(one[name]) for one in told])

    marks = [name for name in told[0] if name.startswith(MARK)]
    columns: dict[str, Any] = {name: column(name) for name in COLUMNS}
    log = EventLog(
        id=pa.chunked_array([one["id"] for one in told], pa.string()),
        **columns,
        marks={name.removeprefix(MARK): column(name) for name in marks},
        accounts=told[0]["names"],
        contexts=told[0]["rooms"],
        platforms=told[0]["words"],
    )
    dropped = np.isin(log.marks[TAG], deal.dropped) if len(deal.dropped) else None
    if dropped is None or not dropped.any():
        return log
    return _some(log, np.flatnonzero(dropped), np.flatnonzero(~dropped))

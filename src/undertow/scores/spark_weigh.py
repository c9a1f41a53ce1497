"""Weighing what executors answered: rates are summed over parts, and the rest goes the way of one machine.

Only keys of accounts with a listed match come back, with the events that they cite. Together these make a
small log of cited events, over which `weigh` and the tables work as over any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.engines.spark import Frame, Spark
from undertow.engines.spark_blocks import Array, Arrays, Block, numbers
from undertow.engines.spark_part import FACTS, Deal, recount
from undertow.engines.spark_read import NEWS, Reading
from undertow.events.coding import NOBODY
from undertow.events.log import EventLog
from undertow.events.order import addresses, total_order
from undertow.matches.grouping import Pairs
from undertow.matches.match import Matches
from undertow.matches.parts import nothing_selected
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, in_order
from undertow.scores.rates import DECILES, Activity, deciles, platforms_of, rates_of
from undertow.scores.spark_answers import (
    CITED,
    CLOSED,
    KEYS,
    MET,
    TALLY,
    Asked,
    Census,
    Circles,
    Closed,
    Wanted,
    cite_part,
    closed_part,
    known_only,
    match_part,
)
from undertow.scores.weigh import Background, Weighed, weigh

Known = Callable[[Array, Array, Array], Array]
NO_ROWS: Final = np.empty(0, np.int64)
NO_PAIRS: Final = Pairs(*(np.empty(0, np.int32) for _ in range(4)))


@dataclass(frozen=True)
class FarActivity(Activity):
    """How busy each account is; who addressed whom stays with the executors."""

    ask: Known

    def known_only(self, account: Array, target: Array, circle: Array) -> Array:
        """As `Activity.known_only`."""
        return self.ask(account, target, circle)


@dataclass(frozen=True)
class Counted:
    """What the whole input adds up to.

    Attributes:
        census: accounts by number, deciles, platforms, span.
        contacts: int64, (accounts).
        events, repeats, direct: rows, rows left out, direct messages.
        party: direct messages that the busiest account is party to.
        addressed: each account with each platform on which it was addressed, as a log of such rows.
    """

    census: Census
    contacts: Array
    events: int
    repeats: int
    direct: int
    party: int
    addressed: EventLog

    @classmethod
    def nothing(cls) -> Counted:
        """Give what an input without rows adds up to."""
        nobody = pa.array([], pa.string())
        census = Census(nobody, np.empty(0, np.uint16), DECILES, nobody, (0, 0))
        return cls(census, NO_ROWS, 0, 0, 0, 0, _addressed(census, NO_ROWS, NO_ROWS))


def count(facts: Sequence[Arrays], about: Sequence[Arrays], platforms: pa.Array) -> Counted:
    """Put together what parts have counted.

    Args:
        facts: what each part tells of its rows.
        about: what each part tells of its own accounts.
        platforms: all platforms, in the order of their bytes.
    """
    names = pa.chunked_array([one["names"] for one in about], pa.string())
    if names.nbytes >= 1 << 31:
        names = names.cast(pa.large_string())
    order = pc.sort_indices(names).to_numpy()
    names = names.take(pa.array(order)).combine_chunks()
    contacts = _joined(about, "contacts")[order]
    first = np.cumsum([0, *(len(one["names"]) for one in about)])
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    where = [
        number[low + numbers(one["where"])] for low, one in zip(first, about, strict=False)
    ]
    which = [
        pc.index_in(one["words"], value_set=platforms).to_numpy(zero_copy_only=False)[
            numbers(one["which"])
        ]
        for one in about
    ]
    spans = _joined(facts, "span")
    span = (int(spans.min()), int(spans.max())) if len(spans) else (0, 0)
    busy = Activity(contacts, deciles(contacts), NO_PAIRS, platform=platforms_of(names))
    census = Census(names, busy.cell.astype(np.uint16), busy.cells, platforms, span)
    events, repeats, direct = np.sum([numbers(one["events"]) for one in facts], axis=0).tolist()
    return Counted(
        census,
        contacts,
        events,
        repeats,
        direct,
        int(_joined(about, "party").max(initial=0)),
        _addressed(census, np.concatenate(where), np.concatenate(which)),
    )


def _joined(told: Sequence[Arrays], name: str) -> Array:
    return np.concatenate([NO_ROWS, *(numbers(one[name]) for one in told)])


def _addressed(census: Census, target: Array, platform: Array) -> EventLog:
    nothing = np.zeros(len(target), np.int8)
    return EventLog(
        id=pa.chunked_array([], pa.string()),
        type=nothing,
        at=nothing,
        actor=nothing,
        target=target,
        context=nothing,
        visibility=nothing,
        platform=platform.astype(np.int64),
        marks={},
        accounts=census.names,
        contexts=pa.array([], pa.string()),
        platforms=census.platforms,
    )


class FarParts:
    """One way of dealing the input to parts, and some playbooks matched over it.

    Args:
        spark: who carries.
        reading: what is read.
        rows: about how many rows there are.
    """

    def __init__(self, spark: Spark, reading: Reading, rows: int) -> None:
        self._spark = spark
        self._deal = Deal(reading.many, reading.key)
        self._parts = spark.parts(reading, rows)
        self._frames: list[Frame] = [self._parts]
        self._asked: Any = None
        self._census: Any = None

    def facts(self) -> tuple[list[Arrays], list[Arrays], list[Block]]:
        """Read all, and give what each part tells of its rows and of its accounts, and the news of tasks."""
        blocks = self._parts.collect(FACTS, NEWS)
        facts = [block.arrays() for block in blocks if block.kind == FACTS]
        news = [block for block in blocks if block.kind == NEWS]
        foreign = np.unique(_joined(facts, "foreign"))
        if not len(foreign):
            return facts, facts, news
        self._deal = Deal(self._deal.many, self._deal.key, foreign)
        again = self._parts.carry(partial(recount, self._deal)).collect(FACTS)
        return facts, [block.arrays() for block in again], news

    def match(
        self,
        playbooks: Sequence[Playbook],
        ends: Sequence[int],
        sources: tuple[Any, ...],
        census: Any,  # noqa: ANN401  # Spark's broadcast
    ) -> tuple[list[_Sum], list[Block]]:
        """Match playbooks; give for each what its parts add up to, and the blocks that come back."""
        asked = Asked(self._deal, tuple(playbooks), tuple(ends), sources)
        self._asked, self._census = asked, census
        answers = self._parts.carry(partial(match_part, asked, census)).kept()
        self._frames.append(answers)
        sums = [
            _Sum(playbook, len(census.value.cell), census.value.cells) for playbook in playbooks
        ]
        for block in answers.collect(TALLY):
            sums[block.at].add(block.arrays())
        wanted = self._spark.share_out([one.wanted() for one in sums])
        return sums, answers.carry(partial(cite_part, asked, census, wanted)).collect(
            KEYS, MET, CITED
        )

    def closed(self, answer: Closed, account: Array, target: Array, circle: Array) -> Array:
        """Ask all parts which targets met nobody but an account and its circle: bool, (k)."""
        closed = np.ones(len(target), bool)
        if not len(target):
            return closed
        circles = self._spark.share_out(Circles(account, target, circle))
        step = partial(closed_part, self._asked, self._census, circles, answer)
        for block in self._parts.carry(step).collect(CLOSED):
            told = block.arrays()
            closed[numbers(told["where"])] = numbers(told["closed"])
        return closed

    def drop(self) -> None:
        """Let executors forget."""
        for frame in self._frames:
            frame.drop()


class _Sum:
    """What one playbook's parts add up to."""

    def __init__(self, playbook: Playbook, accounts: int, cells: int) -> None:
        steps = len(playbook.steps)
        self.playbook = playbook
        self.many = self.slow = 0
        self._reached, self._at_risk = np.zeros((2, steps, cells))
        self._unknown = np.zeros((steps, accounts), bool)
        self._named: dict[str, list[Array]] = {"ranked": [], "listed": []}

    def add(self, told: Arrays) -> None:
        """Add what one part tells."""
        many, slow = told.pop("many").to_pylist()
        self.many += many
        self.slow += slow
        self._reached += numbers(told.pop("reached")).reshape(len(self._reached), -1)
        self._at_risk += numbers(told.pop("at_risk")).reshape(len(self._reached), -1)
        for name, given in told.items():
            if name.startswith("unknown "):
                self._unknown[int(name.split()[1]), numbers(given)] = True
            else:
                self._named.setdefault(name, []).append(numbers(given))

    def wanted(self) -> Wanted:
        """Say what of the answers shall come back."""
        named = {
            name: np.unique(np.concatenate([NO_ROWS, *some]))
            for name, some in self._named.items()
        }
        holders = {name.split(" ", 1)[1]: one for name, one in named.items() if " " in name}
        return Wanted(named["ranked"], holders, named["listed"])

    def background(self, kept: int) -> Background:
        """Say what is known of the keys that did not come back."""
        rates = rates_of(self._reached, self._at_risk)
        return Background(rates, self.many - kept, self._unknown)


@dataclass(frozen=True)
class Cited:
    """The events that come back, as a log, and where each of them stands in it."""

    log: EventLog
    tags: Array

    def rows(self, tags: Array) -> Array:
        """Turn tags, -1 for none, into rows of the log."""
        order = np.argsort(self.tags)
        if not len(order):
            return np.full(tags.shape, NOBODY)
        place = np.minimum(np.searchsorted(self.tags, tags, sorter=order), len(order) - 1)
        rows: Array = np.where(tags >= 0, order[place], NOBODY)
        return rows


def cited_log(census: Census, blocks: Sequence[Block]) -> Cited:
    """Make a log of the events that parts have cited, and of the rooms of keys."""
    told = [block.arrays() for block in blocks if block.kind == CITED]
    tags, first = np.unique(_joined(told, "tag"), return_index=True)

    def column(name: str) -> Array:
        return _joined(told, name)[first]

    ids = pa.chunked_array([one["id"] for one in told], pa.string()).take(pa.array(first))
    named = pa.chunked_array([one["context"] for one in told], pa.string())
    of_keys = [block.arrays()["room"] for block in blocks if block.kind == KEYS]
    rooms = pc.unique(pa.chunked_array([*named.chunks, *of_keys], pa.string())).drop_null()
    rooms = rooms.take(pc.sort_indices(rooms))
    columns: dict[str, Any] = {
        "at": column("at"),
        "target": column("target"),
        "type": column("type").astype(np.int8),
        "actor": column("actor"),
        "visibility": column("visibility").astype(np.int8),
        "platform": column("platform"),
        "context": room_codes(named.take(pa.array(first)), rooms),
        "tag": tags,
    }
    order = total_order(columns, ids, addresses(ids))
    if order is not None:
        ids = ids.take(pa.array(order))
        columns = {name: one[order] for name, one in columns.items()}
    tags = columns.pop("tag")
    names = {
        "accounts": census.names,
        "contexts": rooms,
        "platforms": census.platforms,
    }
    return Cited(EventLog(id=ids, **columns, marks={}, **names), tags)


def room_codes(names: pa.ChunkedArray, rooms: pa.Array) -> Array:
    """Number rooms, -1 for null: int64, (n)."""
    codes: Array = pc.index_in(names, value_set=rooms).fill_null(NOBODY).to_numpy()
    return codes.astype(np.int64)


def weigh_far(
    far: FarParts, sums: Sequence[_Sum], blocks: Sequence[Block], counted: Counted, cited: Cited
) -> list[Weighed]:
    """Weigh what came back of each playbook, against the rates of all parts."""
    cell, cells = counted.census.cell.astype(np.int64), counted.census.cells
    busy = FarActivity(
        counted.contacts,
        cell % DECILES,
        NO_PAIRS,
        partial(far.closed, known_only),
        platform=cell // DECILES if cells > DECILES else None,
    )
    weighed = []
    for place, one in enumerate(sums):
        mine = [block for block in blocks if block.kind != CITED and block.at == place]
        keys = [block.arrays() for block in mine if block.kind == KEYS]
        met = [block.arrays() for block in mine if block.kind == MET]
        matches = _matches(one, keys, cited)
        background = one.background(len(matches))
        found = weigh(cited.log, matches, busy, _meetings(one.playbook, met, cited), background)
        weighed.append(replace(found, end=counted.census.span[1]))
    return weighed


def _matches(of: _Sum, told: Sequence[Arrays], cited: Cited) -> Matches:
    """Put the keys that came back together, ordered as if they had never been apart."""
    steps = len(of.playbook.steps)
    names = pa.chunked_array([one["room"] for one in told], pa.string())
    rooms = room_codes(names, cited.log.contexts)
    keys = np.stack([_joined(told, "a"), _joined(told, "b"), rooms], axis=1)
    order = np.lexsort(keys.T[::-1])
    return Matches(
        of.playbook,
        keys[order],
        _joined(told, "furthest")[order],
        cited.rows(_joined(told, "rows").reshape(-1, steps))[order],
        _joined(told, "states").reshape(-1, steps)[order].astype(np.int8),
        nothing_selected(),
        of.slow,
    )


def _meetings(playbook: Playbook, told: Sequence[Arrays], cited: Cited) -> dict[str, Meetings]:
    """Put the meetings of the holders of free roles together."""
    met = {}
    for role in playbook.free:
        some = [one for one in told if f"account {role}" in one]
        if not some:
            continue
        others: Mapping[str, Array] = {
            name: _joined(some, f"{name} {role}") for name in ("account", "other", "row")
        }
        left = np.sum([numbers(one[f"others {role}"]) for one in some], axis=0)
        row = cited.rows(others["row"])
        met[role] = in_order(Meetings(others["account"], others["other"], row, left))
    return met

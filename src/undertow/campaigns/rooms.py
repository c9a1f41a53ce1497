"""Series of rooms: people are let in, room after room, and some of them are dropped on the way (design, R5).

A series is found from who entered which room when, and by whose hand. Two rooms follow one another if the same
accounts pass them in one order far more often than chance: the null takes the rooms that each account entered and puts
them in any order. An order that the calendar forces counts for nothing: only who entered the earlier room while the
later one was open, and the later while the earlier one still was, could have come the other way.

Structure cannot tell an honest series (a course that one joins at any time, tiers of support, onboarding) from another.
So it weighs nothing, and of those let in there are counts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from undertow.campaigns.served import spread
from undertow.events.log import NOBODY, EventLog, type_code
from undertow.matches.program import Array

ENTERS: Final = ("join", "accept")
"""What one does to enter a room. `add` lets another in at once, and so does the `accept` of somebody's request."""
SAME_ORDER: Final = 0.9
"""Share of those who pass both rooms of a series that pass them in its order; ours."""
PASS_LEAST: Final = 5
"""Accounts that must have passed two rooms in their order; ours: fewer could be named by a count."""
LET_IN: Final = 0.5
"""Share of entries to the later room by somebody else's hand from which a room has a door."""
MOST_ROOMS: Final = 30
"""Rooms from which an account passes through all of them anyhow: staff, or a program. Ours; bounds the pairs."""
GATE_LEAST: Final = 3
"""Accounts that one must have let in to be named as a gatekeeper."""


@dataclass(frozen=True)
class Entries:
    """Who first entered which room when, and by whose hand, once per account and room, (e), by account and time.

    Attributes:
        account, room: int64, codes.
        at: int64, µs.
        by: int64, who let the account in (`add`, `accept` of a request, or the last `invite` before), -1 for nobody.
        removed: bool: somebody else removed it later.
    """

    account: Array
    room: Array
    at: Array
    by: Array
    removed: Array

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class Series:
    """Rooms in their order.

    Attributes:
        rooms: int64, codes, (r), at least two.
        bits: float64, (r): that each follows the one before, against any order; 0 for the first.
        entered, passed, removed, let_in: int64, (r): accounts that entered; of them, that entered the next;
            that were removed by somebody; that somebody let in.
        gatekeepers: by room, account codes and how many each let in, most first.
    """

    rooms: Array
    bits: Array
    entered: Array
    passed: Array
    removed: Array
    let_in: Array
    gatekeepers: tuple[tuple[tuple[int, int], ...], ...]


def entries(log: EventLog) -> Entries:
    """Gather first entries from joins, accepted invitations and requests, and additions."""
    rooms = max(len(log.contexts), 1)
    types = [type_code(word) for word in (*ENTERS, "add")]
    rows = np.flatnonzero(np.isin(log.type, types) & (log.context != NOBODY))
    added = _lets_in(log, rows)
    account = np.where(added, log.target[rows], log.actor[rows]).astype(np.int64)
    key = account * rooms + log.context[rows]
    # The log stands in time order, so the first of each key is the earliest.
    key, first = np.unique(key, return_index=True)
    row = rows[first]
    by = np.where(added[first] & (log.actor[row] != log.target[row]), log.actor[row], NOBODY)
    by = np.where(by == NOBODY, _invited_by(log, key, row, rooms), by)
    gone = log.rows_of("remove")
    gone = gone[(log.context[gone] != NOBODY) & (log.target[gone] != NOBODY)]
    gone = gone[log.actor[gone] != log.target[gone]]
    removed = np.isin(key, log.target[gone].astype(np.int64) * rooms + log.context[gone])
    order = np.lexsort((row, key // rooms))
    return Entries(
        (key // rooms)[order],
        (key % rooms)[order],
        log.at[row][order],
        by[order].astype(np.int64),
        removed[order],
    )


def _lets_in(log: EventLog, rows: Array) -> Array:
    """Say of rows whether the actor lets the target in, rather than entering: bool, (n).

    Who accepts somebody that had invited them enters; who accepts anybody else lets them in.
    """
    invites = log.rows_of("invite")
    accepts = log.type[rows] == type_code("accept")
    aimed = log.target[rows] != NOBODY
    asked = rows[accepts & aimed]
    who = np.stack(
        [
            np.concatenate([log.target[invites], log.actor[asked]]),
            np.concatenate([log.context[invites], log.context[asked]]),
            np.concatenate([log.actor[invites], log.target[asked]]),
        ]
    )
    code = np.unique(who, axis=1, return_inverse=True)[1].reshape(-1)
    out = aimed & (log.type[rows] == type_code("add"))
    out[accepts & aimed] = ~np.isin(code[len(invites) :], code[: len(invites)])
    return np.asarray(out)


def _invited_by(log: EventLog, key: Array, row: Array, rooms: int) -> Array:
    """Find who last invited each account to each room before it entered: int64, (k), -1 for nobody."""
    invites = log.rows_of("invite")
    invites = invites[(log.context[invites] != NOBODY) & (log.target[invites] != NOBODY)]
    invites = invites[log.actor[invites] != log.target[invites]]
    asked = log.target[invites].astype(np.int64) * rooms + log.context[invites]
    order = np.lexsort((invites, asked))
    place = np.full(len(key), NOBODY)
    # The last invitation of the key that stands before the entry.
    invites, asked = invites[order], asked[order]
    end = np.searchsorted(asked, key, "right")
    begin = np.searchsorted(asked, key, "left")
    for n in np.flatnonzero(end > begin).tolist():
        before = int(np.searchsorted(invites[begin[n] : end[n]], row[n]))
        if before:
            place[n] = log.actor[invites[begin[n] + before - 1]]
    return place


@dataclass(frozen=True)
class _Orders:
    """Pairs of rooms, (p), with how many passed them in each order, of those who could have passed either way."""

    one: Array
    other: Array
    forth: Array
    back: Array


def series(given: Entries) -> list[Series]:
    """Find the series in some entries, those with most bits first."""
    doors = _doors(given)
    if not doors.any():
        return []
    orders = _orders(given)
    tried = max(len(orders.one), 1)
    bits = (
        orders.forth * np.log2(2 * SAME_ORDER)
        + orders.back * np.log2(2 * (1 - SAME_ORDER))
        - np.log2(2 * tried)
    )
    kept = np.flatnonzero((bits > 0) & (orders.forth >= PASS_LEAST) & doors[orders.other])
    steps = {
        (int(a), int(b)): float(value)
        for a, b, value in zip(orders.one[kept], orders.other[kept], bits[kept], strict=True)
    }
    found = []
    while chain := _longest(steps):
        found.append(_described(given, chain, steps))
        inside = set(chain)
        steps = {pair: value for pair, value in steps.items() if not inside & set(pair)}
    return sorted(found, key=lambda one: (-float(one.bits.sum()), one.rooms.tolist()))


def _orders(given: Entries) -> _Orders:
    """Count in which order accounts passed each two rooms, where the calendar left them the choice."""
    size = int(given.room.max(initial=0)) + 1
    opened, closed = np.full(size, np.iinfo(np.int64).max), np.zeros(size, np.int64)
    np.minimum.at(opened, given.room, given.at)
    np.maximum.at(closed, given.room, given.at)
    many = np.bincount(given.account, minlength=1)[given.account] if len(given) else given.at
    chosen = np.flatnonzero((many > 1) & (many <= MOST_ROOMS))
    ends = np.searchsorted(given.account[chosen], given.account[chosen], "right")
    first, second = spread(np.arange(len(chosen)) + 1, ends)
    first, second = chosen[first], chosen[second]
    # Nobody else opened the room for it, and the other room took people in after it came.
    free = (opened[given.room[second]] < given.at[first]) & (
        closed[given.room[first]] > given.at[second]
    )
    one, other = given.room[first[free]], given.room[second[free]]
    pair, forth = np.unique(one * size + other, return_counts=True)
    back = np.zeros(len(pair), np.int64)
    turned = (pair % size) * size + pair // size
    place = np.minimum(np.searchsorted(pair, turned), max(len(pair) - 1, 0))
    if len(pair):
        back = np.where(pair[place] == turned, forth[place], 0)
    return _Orders(pair // size, pair % size, forth, back)


def _doors(given: Entries) -> Array:
    """Say of each room whether most who entered it were let in: bool, (rooms)."""
    size = int(given.room.max(initial=0)) + 1
    entered = np.bincount(given.room, minlength=size)
    let_in = np.bincount(given.room[given.by != NOBODY], minlength=size)
    return np.asarray((entered > 0) & (let_in >= LET_IN * entered))


def _longest(steps: dict[tuple[int, int], float]) -> list[int]:
    """Find the chain of rooms with most bits; empty where there is none.

    Steps are taken strongest first, and those that would close a ring are left out.
    """
    after: dict[int, dict[int, float]] = {}
    for (a, b), value in sorted(steps.items(), key=lambda item: (-item[1], item[0])):
        if not _reaches(after, b, a):
            after.setdefault(a, {})[b] = value
    best: dict[int, tuple[float, int | None]] = {}
    for room in _last_first(after):
        options: list[tuple[float, int | None]] = [(0.0, None)]
        options += [
            (value + best[following][0], following)
            for following, value in sorted(after.get(room, {}).items())
        ]
        best[room] = max(options, key=lambda option: option[0])
    begin = max(sorted(after), key=lambda room: best[room][0], default=None)
    chain: list[int] = []
    while begin is not None:
        chain.append(begin)
        begin = best[begin][1]
    return chain


def _last_first(after: dict[int, dict[int, float]]) -> list[int]:
    """Order rooms so that each stands behind all that follow it; there are no rings."""
    waiting = sorted(after)
    done: dict[int, None] = {}
    while waiting:
        room = waiting[-1]
        more = [following for following in sorted(after.get(room, {})) if following not in done]
        if more:
            waiting += more
        else:
            done.setdefault(room)
            waiting.pop()
    return list(done)


def _reaches(after: dict[int, dict[int, float]], start: int, goal: int) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        room = waiting.pop()
        if room == goal:
            return True
        for following in after.get(room, {}):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _described(given: Entries, chain: list[int], steps: dict[tuple[int, int], float]) -> Series:
    inside = [np.flatnonzero(given.room == room) for room in chain]
    counts = np.zeros((4, len(chain)), np.int64)
    gates = []
    for n, rows in enumerate(inside):
        counts[0, n] = len(rows)
        if n + 1 < len(chain):
            nxt = inside[n + 1]
            came = dict(zip(given.account[nxt].tolist(), given.at[nxt].tolist(), strict=True))
            counts[1, n] = sum(
                came.get(account, -1) > at
                for account, at in zip(
                    given.account[rows].tolist(), given.at[rows].tolist(), strict=True
                )
            )
        counts[2, n] = int(given.removed[rows].sum())
        by = given.by[rows][given.by[rows] != NOBODY]
        counts[3, n] = len(by)
        who, many = np.unique(by, return_counts=True)
        ordered = np.lexsort((who, -many))
        gates.append(
            tuple(
                (int(who[k]), int(many[k])) for k in ordered.tolist() if many[k] >= GATE_LEAST
            )
        )
    bits = [0.0, *(steps[pair] for pair in pairwise(chain))]
    entered, passed, removed, let_in = counts
    return Series(
        np.array(chain), np.array(bits), entered, passed, removed, let_in, tuple(gates)
    )

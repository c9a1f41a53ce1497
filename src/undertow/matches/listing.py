"""Which keys there are, and the events that each of them needs, listed for the kernel.

Only pairs with an event for a required step between the two make keys; what other pairs do is left out
before anything is grouped. Events of other accounts are listed for the keys that ask for them alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches import kernel_list
from undertow.matches.grouping import group, number_pairs
from undertow.matches.kernel_rules import APART, ELSEWHERE, Lists, Rows
from undertow.matches.plan import Plan
from undertow.matches.program import (
    BOTH_WAYS,
    KEY_ROLES,
    SIDE_A,
    SIDE_B,
    SINK,
    SOURCE,
    Array,
    Program,
)
from undertow.matches.select import MANY, Moves, Selected
from undertow.matches.spreading import spread


@dataclass(frozen=True)
class Between:
    """Selected events between two accounts.

    Attributes:
        position: int64, (q): positions in `Selected`, ascending.
        number: int32, (q): the pair of each.
        forward: bool, (q): whether the account with the lesser code acts.
        low, high: int32, (p): the pairs' accounts.
    """

    position: Array
    number: Array
    forward: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Listed:
    """Events as the kernel reads them, and where those of each pair and account stand.

    Attributes:
        row: int64, (r): row of the log of each event.
        rows: the events, in total order; without sides pair by pair.
        lists: positions in `rows` by pair, renumbered, and by account.
        pair: int32, (p): the new number of each pair, -1 for pairs left out.
    """

    row: Array
    rows: Rows
    lists: Lists
    pair: Array

    def most(self, keys: Array) -> int:
        """Bound the events that one of the keys, (k, 4), may gather."""
        if not len(keys):
            return 1
        own, side = self.lists.pair_start, self.lists.side_start
        a, b, number = keys[:, 0], keys[:, 1], self.pair[keys[:, 3]]
        many = own[number + 1] - own[number]
        if len(self.lists.side_rows):
            many += side[a + 1] - side[a] + side[b + 1] - side[b]
        return int(many.max()) + 1

    def of_key(self, key: Array) -> Array:
        """Give the places in `rows` that a key, (4), from `keys_of`, may gather, some of them twice."""
        own, sides = self.lists.pair_start, self.lists.side_start
        pair, a, b = self.pair[key[3]], key[0], key[1]
        return np.concatenate(
            [
                self.lists.pair_rows[own[pair] : own[pair + 1]],
                self.lists.side_rows[sides[a] : sides[a + 1]],
                self.lists.side_rows[sides[b] : sides[b + 1]],
            ]
        )


def between(log: EventLog, selected: Selected, anchors: int = -1) -> Between:
    """Number the pairs of accounts that selected events join.

    Args:
        log: the events.
        selected: those that may take a step.
        anchors: steps, as bits: pairs without an event for one of them may be left out.
    """
    if len(selected) < MANY:
        position, low, high, forward = _joining(log, selected)
    else:
        position, low, high, forward = _joining_many(log, selected, anchors)
    pairs = number_pairs(low, high, len(log.accounts))
    return Between(position, pairs.number, forward, pairs.one, pairs.other)


def _joining(log: EventLog, selected: Selected) -> tuple[Array, Array, Array, Array]:
    """List the selected events that join two accounts: positions, lesser and greater, whether the lesser acts."""
    actor, target = log.actor[selected.row], log.target[selected.row]
    position = np.flatnonzero((target != NOBODY) & (actor != target))
    actor, target = actor[position], target[position]
    return position, np.minimum(actor, target), np.maximum(actor, target), actor < target


def _joining_many(
    log: EventLog, selected: Selected, anchors: int
) -> tuple[Array, Array, Array, Array]:
    """As `_joining`, in compiled code."""
    kinds: tuple[type[np.generic], ...] = (np.int64, np.int32, np.int32, np.bool_)
    position, low, high, forward = (np.empty(len(selected), kind) for kind in kinds)
    columns = selected.row, selected.mask, log.actor, log.target
    near = np.zeros(1 << max(10, (len(selected) // 2).bit_length()), np.uint8)
    many = kernel_list.joining(columns, anchors, near, position, low, high, forward)
    return position[:many], low[:many], high[:many], forward[:many]


def keys_of(log: EventLog, plan: Plan, selected: Selected, met: Between, moved: Moves) -> Array:
    """List the ordered pairs with an event for a required step between the two, with their groups.

    Returns:
        int64, (k, 4): key account, key account, group (-1: none), number of the pair; in the order of
        the first three.
    """
    # (pairs, 2): whether the account with the lesser code stands first in a key, or the other.
    found = np.zeros((len(met.low), 2), bool)
    mask = selected.mask[met.position]
    for s in np.flatnonzero(plan.anchor).tolist():
        chosen = np.flatnonzero(mask & np.int64(1 << s))
        number, forward = met.number[chosen], met.forward[chosen]
        if plan.between[s] or plan.source[s] == 0:
            found[number, np.where(forward, 0, 1)] = True
        if plan.between[s] or plan.source[s] == 1:
            found[number, np.where(forward, 1, 0)] = True
    pair, swapped = np.nonzero(found)
    low, high = met.low[pair], met.high[pair]
    pairs = np.stack(
        [np.where(swapped, high, low), np.where(swapped, low, high), pair], axis=1
    ).astype(np.int64)
    pairs = pairs[np.argsort(pairs[:, 0] * len(log.accounts) + pairs[:, 1])]
    if not plan.has_group:
        nobody = np.full(len(pairs), NOBODY)
        return np.stack([pairs[:, 0], pairs[:, 1], nobody, pairs[:, 2]], axis=1)
    return _with_groups(log, plan, selected, moved, pairs)


def _with_groups(
    log: EventLog, plan: Plan, selected: Selected, moved: Moves, pairs: Array
) -> Array:
    """Complete pairs by the groups that either account joined, left, or met in a step with a room."""
    room_bits = int(sum(1 << int(s) for s in np.flatnonzero(plan.room)))
    rows = selected.row[(selected.mask & room_bits) != 0]
    rows = rows[log.context[rows] != NOBODY]
    seen = [
        np.stack([moved.account, moved.group], axis=1),
        np.stack([log.actor[rows], log.context[rows]], axis=1),
        np.stack([log.target[rows], log.context[rows]], axis=1),
    ]
    of_account = _distinct(np.concatenate(seen).astype(np.int64))
    account, room = of_account[:, 0], of_account[:, 1]
    keys = [np.empty((0, 4), np.int64)]
    for end in _grouped_ends(plan):
        low = np.searchsorted(account, pairs[:, end], "left")
        many = np.searchsorted(account, pairs[:, end], "right") - low
        which = np.repeat(np.arange(len(pairs)), many)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
        chosen = room[np.repeat(low, many) + offset]
        keys.append(
            np.stack([pairs[which, 0], pairs[which, 1], chosen, pairs[which, 2]], axis=1)
        )
    # Of one end's groups each stands once, in order, and pairs stand in order.
    return keys[-1] if len(keys) == 2 else _distinct(np.concatenate(keys))


def _grouped_ends(plan: Plan) -> tuple[int, ...]:
    """Say whose groups can make a key: where every anchor asks one end to be a member, that end's."""
    anchors = np.flatnonzero(plan.anchor).tolist()
    asked = {(s, role) for s, role, member in plan.conditions.tolist() if member}
    one = [end for end in (0, 1) if all((s, end) in asked for s in anchors)]
    return (one[0],) if one else (0, 1)


def _distinct(rows: Array) -> Array:
    """Sort rows and leave repeats out; `np.unique` by rows is many times slower."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort(rows.T[::-1])]
    fresh = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))
    kept: Array = rows[fresh]
    return kept


def list_events(
    log: EventLog,
    program: Program,
    selected: Selected,
    met: Between,
    keys: Array,
    joined: Array,
    *,
    sides: bool,
) -> Listed:
    """List the events that some keys need.

    Args:
        log: the events.
        program: the compiled playbook.
        selected: the events that may take a step.
        met: those of them between two accounts.
        keys: int64, (k, 4), from `keys_of`.
        joined: bool, (accounts): who ever joined or left a group.
        sides: list events of other accounts too, for steps that touch one key account alone.
    """
    kept_pair = np.zeros(len(met.low), bool)
    kept_pair[keys[:, 3]] = True
    pair = np.where(kept_pair, np.cumsum(kept_pair) - 1, -1).astype(np.int32)
    position, number = _own(met, pair)
    accounts = len(log.accounts)
    by_pair = group(number, int(kept_pair.sum()))
    touched, wants = np.empty(0, np.int64), Wants.of(program, joined)
    if sides:
        touched = _touched(log, program, selected, keys, wants)
        listed = np.zeros(len(selected), bool)
        listed[position] = listed[touched] = True
        every, place = np.flatnonzero(listed), np.cumsum(listed) - 1
        pair_rows, touched = place[position[by_pair.rows]], place[touched]
    else:
        # Nothing crosses pairs, so their events stand together in memory.
        every, pair_rows = position[by_pair.rows], np.arange(len(position))
    row, *told = _brought(log, selected, every)
    rows = Rows(*told)
    _set_apart(rows.platform, selected, every, sides=sides)
    side_start, side_rows = np.zeros(accounts + 1, np.int64), np.empty(0, np.int64)
    if sides:
        side_start, side_rows = _by_account(rows, touched, accounts, wants)
    lists = Lists(by_pair.start, pair_rows.astype(np.int64), side_start, side_rows)
    return Listed(row, rows, lists, pair)


def _own(met: Between, pair: Array) -> tuple[Array, Array]:
    """Give the events of the pairs that are kept: positions in `Selected`, and the pairs' new numbers."""
    if len(met.number) < MANY:
        own = np.flatnonzero(pair[met.number] >= 0)
        return met.position[own], pair[met.number[own]]
    position, number = np.empty(len(met.number), np.int64), np.empty(len(met.number), np.int32)
    many = kernel_list.kept_events(met.number, met.position, pair, position, number)
    return position[:many], number[:many]


def _brought(log: EventLog, selected: Selected, every: Array) -> tuple[Array, ...]:
    """Bring rows of the log to listed events, and what `Rows` tells of them, in its order: int64."""
    columns = log.at, log.actor, log.target, log.context, log.platform
    if len(every) < MANY:
        row = selected.row[every]
        told = (
            *(column[row] for column in columns),
            selected.mask[every],
            selected.warm[every],
        )
        return row, *(column.astype(np.int64) for column in told)
    brought = tuple(np.empty(len(every), np.int64) for _ in range(len(columns) + 3))
    chosen = selected.row, selected.mask, selected.warm

    def work(part: slice) -> None:
        some = tuple(column[part] for column in brought)
        kernel_list.bring(chosen, columns, every[part], some)

    spread(work, len(every), least=MANY)
    return brought


def _set_apart(platform: Array, selected: Selected, every: Array, *, sides: bool) -> None:
    """Have rows that stand for another event say so in place of a platform, and where that is listed."""
    if selected.event is None:
        return
    added = np.flatnonzero(platform == ELSEWHERE)
    platform[added] = APART
    if sides and len(added):
        # Rows of one event follow each other, the event itself first.
        itself = np.searchsorted(selected.event, selected.event[every[added]])
        place = np.minimum(np.searchsorted(every, itself), len(every) - 1)
        there = every[place] == itself
        platform[added[there]] = ELSEWHERE - place[there]


@dataclass(frozen=True)
class Wants:
    """What side steps ask of the two ends of an event, whatever the key.

    Attributes:
        by_end: steps whose key account acts, and those where it is addressed: as bits.
        member: steps whose actor, and those whose addressed account, must have joined a group.
        joined: bool, (accounts): who ever joined or left one.
    """

    by_end: tuple[int, int]
    member: tuple[int, int]
    joined: Array

    @classmethod
    def of(cls, program: Program, joined: Array) -> Wants:
        """Read it off a program."""
        steps, sides = program.steps, int(program.head[SIDE_A] | program.head[SIDE_B])
        many = [s for s in range(len(steps)) if sides >> s & 1]
        asked = {
            (s, role) for s, role, member in program.conditions.tolist() if member and role > 1
        }
        ends = (SOURCE, SINK)
        keyed = [
            sum(1 << s for s in many if steps[s, BOTH_WAYS] or 0 <= steps[s, end] < KEY_ROLES)
            for end in ends
        ]
        # Either way round nobody can say beforehand who must be a member.
        member = [
            sum(
                1 << s
                for s in many
                if not steps[s, BOTH_WAYS] and (s, int(steps[s, end])) in asked
            )
            for end in ends
        ]
        return cls((keyed[0], keyed[1]), (member[0], member[1]), joined)

    def bits(self, actor: Array, target: Array, mask: Array) -> Array:
        """Give the steps that each event may take still: int64, (n)."""
        acts = np.append(self.joined, False)[actor]
        addressed = np.append(self.joined, False)[target]
        bits: Array = np.where(acts, mask, mask & ~np.int64(self.member[0]))
        return np.where(addressed, bits, bits & ~np.int64(self.member[1]))


def _touched(
    log: EventLog, program: Program, selected: Selected, keys: Array, wants: Wants
) -> Array:
    """Find the selected events for side steps that touch a key account: positions, ascending."""
    need = np.zeros(len(log.accounts) + 1, bool)
    for end, bits in ((0, program.head[SIDE_A]), (1, program.head[SIDE_B])):
        if bits:
            need[keys[:, end]] = True
    if len(selected) >= MANY:
        found = np.empty(len(selected), np.int64)
        columns = selected.row, selected.mask, log.actor, log.target
        asked = wants.by_end, wants.member, need, wants.joined
        return found[: kernel_list.touching(columns, asked, found)]
    actor, target = log.actor[selected.row], log.target[selected.row]
    mask = wants.bits(actor, target, selected.mask)
    # The last place stands for `NOBODY`.
    acts, addressed = (((mask & bits) != 0) for bits in wants.by_end)
    return np.flatnonzero((acts & need[actor]) | (addressed & need[target]))


def _by_account(
    rows: Rows, position: Array, accounts: int, wants: Wants
) -> tuple[Array, Array]:
    """List positions under the accounts for whose steps they were listed, ascending."""
    if len(position) >= MANY:
        start, listed = np.zeros(accounts + 1, np.int64), np.empty(2 * len(position), np.int64)
        columns = rows.actor, rows.target, rows.mask
        asked = wants.by_end, wants.member, wants.joined
        room = np.empty(accounts, np.int64)
        kernel_list.by_account(columns, asked, position, start, room, listed)
        return start, listed[: start[-1]]
    actor, target = rows.actor[position], rows.target[position]
    mask = wants.bits(actor, target, rows.mask[position])
    acts, addressed = (((mask & bits) != 0) for bits in wants.by_end)
    addressed &= ~acts | (target != actor)
    who = np.stack([np.where(acts, actor, NOBODY), np.where(addressed, target, NOBODY)], axis=1)
    where = np.repeat(position, 2)[who.ravel() != NOBODY]
    by_account = group(who[who != NOBODY], accounts)
    return by_account.start, where[by_account.rows]

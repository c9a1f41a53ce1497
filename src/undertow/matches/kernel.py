"""The kernel: every key of one playbook, one after another, over integer columns.

For each key it gathers the events that concern it, walks them once in total order, and keeps for each
step the events at which a chain may end, with the numbers of optional steps such a chain may hold (one
bit each). The reported chain is then read backwards. It knows no file, no screen and no engine.

Free roles that may not be the same account are compared on the reported chain only: the best of all
chains is the best of the allowed ones if it is itself allowed; where it is not, the key is handed back
(`REFUSED`) and `conflicts` settles it. `docs/decisions/0004-matching.md` gives the argument.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from undertow.matches.kernel_rules import (
    AGES,
    FOREVER,
    KEY_ROLES,
    Array,
    Key,
    Lists,
    MoveColumns,
    PlanColumns,
    Rows,
    SightColumns,
    Work,
    bound_apart,
    fits,
    gap_fits,
    gathered_from,
    seen_throughout,
    unseen,
)
from undertow.matches.kernel_states import judge

NOTHING: Final = -1
REFUSED: Final = -2


class Table(NamedTuple):
    """Where chains of one key may end.

    Attributes:
        ends: (s, size): bit c set where a chain with c optional steps may end in s at the event.
        last: (s, size): the latest event up to this one where any chain may end in s, -1: none.
        begin: (s, size): the event from which a counted step's events are enough.
        any: (s): all bits of `ends` together.
    """

    ends: Array
    last: Array
    begin: Array
    any: Array


@njit(cache=True, nogil=True)
def look_at_pair(
    plan: PlanColumns,
    sight: SightColumns,
    moves: MoveColumns,
    rows: Rows,
    lists: Lists,
    key: Key,
    span: tuple[int, int],
    work: Work,
) -> int:
    """Learn from the events between the two: platforms, what is unknown, what is seen throughout.

    Returns:
        Steps between the two that some event takes, as bits.
    """
    work.present[0] = 0
    work.unknown[0] = 0
    takes = 0
    for k in range(lists.pair_start[key.pair], lists.pair_start[key.pair + 1]):
        x = lists.pair_rows[k]
        forward = rows.actor[x] == key.a
        for s in range(len(plan.source)):
            source, sink = plan.source[s], plan.sink[s]
            if not (0 <= source < KEY_ROLES and 0 <= sink < KEY_ROLES):
                continue
            if (rows.warm[x] >> s) & 1 and (plan.both_ways[s] or forward == (source == 0)):
                work.unknown[0] |= 1 << s
            if (rows.mask[x] >> s) & 1 and fits(plan, moves, rows, int(x), s, key) != -2:
                takes |= 1 << s
                note_platform(work, rows.platform[x])
    work.seen[0] = 0
    for s in range(len(plan.source)):
        if seen_throughout(sight, work, s, span):
            work.seen[0] |= 1 << s
    return takes


@njit(cache=True, nogil=True)
def gather(
    plan: PlanColumns,
    moves: MoveColumns,
    rows: Rows,
    lists: Lists,
    key: Key,
    based: bool,
    work: Work,
) -> int:
    """Collect a key's events in total order, with the steps each may take; returns how many.

    Where the key is `based`, its chain holds an event of the pair, and what lies too far from those
    is left out.
    """
    n = 0
    for k in range(lists.pair_start[key.pair], lists.pair_start[key.pair + 1]):
        work.picked[n] = lists.pair_rows[k]
        n += 1
    pairs = n
    first, last = rows.at[work.picked[0]], rows.at[work.picked[pairs - 1]]
    lead, trail = (plan.lead, plan.trail) if based else (AGES, AGES)
    for end in range(KEY_ROLES):
        if plan.side_bits[end] == 0:
            continue
        mine, partner = (key.a, key.b) if end == 0 else (key.b, key.a)
        k = from_time(
            rows, lists, lists.side_start[mine], lists.side_start[mine + 1], first - lead
        )
        while k < lists.side_start[mine + 1] and rows.at[lists.side_rows[k]] <= last + trail:
            x = lists.side_rows[k]
            k += 1
            if rows.actor[x] == partner or rows.target[x] == partner:
                continue
            bits = rows.mask[x] & plan.side_bits[end]
            if based and rows.at[x] > last:
                bits &= plan.after_base
            if based and rows.at[x] < first:
                bits &= ~plan.after_base
            if bits:
                work.picked[n] = x
                n += 1
    if n > pairs:
        work.picked[:n] = np.sort(work.picked[:n])
    kept = 0
    for k in range(n):
        x = work.picked[k]
        bits, other = 0, -1
        for s in range(len(plan.source)):
            if not (rows.mask[x] >> s) & 1:
                continue
            free = fits(plan, moves, rows, int(x), s, key)
            if free == -2:
                continue
            bits |= 1 << s
            if free >= 0:
                other = free
        if bits:
            work.picked[kept] = x
            work.at[kept] = rows.at[x]
            work.mask[kept] = bits
            work.other[kept] = other
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def from_time(rows: Rows, lists: Lists, low: int, high: int, at: int) -> int:
    """Find the first place in a slice of `side_rows` whose event is not before `at`."""
    while low < high:
        middle = (low + high) // 2
        if rows.at[lists.side_rows[middle]] < at:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def note_platform(work: Work, platform: int) -> None:
    """Add a platform to those of the key, once."""
    for q in range(work.present[0]):
        if work.present[q + 1] == platform:
            return
    work.present[work.present[0] + 1] = platform
    work.present[0] += 1


@njit(cache=True, nogil=True)
def may_start(plan: PlanColumns, sight: SightColumns, work: Work, j: int, at: int) -> bool:
    """Say whether a chain may begin with step `j` at a time: all before it optional or unseen."""
    for k in range(j):
        if not plan.optional[k] and not unseen(sight, work, k, -FOREVER, at):
            return False
    return True


@njit(cache=True, nogil=True)
def link_by_other(n: int, plan: PlanColumns, work: Work) -> None:
    """Link each event to the one before it with the same account in its free role, -1: none."""
    for x in range(n):
        work.before[x] = -1
    if plan.free.max() < 0:
        return
    order = np.argsort(work.other[:n], kind="mergesort")
    for k in range(1, n):
        if work.other[order[k]] >= 0 and work.other[order[k]] == work.other[order[k - 1]]:
            work.before[order[k]] = order[k - 1]


@njit(cache=True, nogil=True)
def reach(n: int, plan: PlanColumns, sight: SightColumns, work: Work, table: Table) -> None:
    """Fill the table: at each event, for each step it may take, how chains may end there."""
    steps = len(plan.within)
    for s in range(steps):
        table.any[s] = 0
    link_by_other(n, plan, work)
    for x in range(n):
        at = work.at[x]
        for j in range(steps):
            table.ends[j, x] = 0
            table.last[j, x] = table.last[j, x - 1] if x else -1
            if not (work.mask[x] >> j) & 1:
                continue
            begin = x
            if plan.counts[j] > 1 or plan.days[j] > 1:
                begin = gathered_from(work, x, j, plan)
                if begin < 0:
                    continue
            table.begin[j, x] = begin
            shift = 1 if plan.optional[j] else 0
            bits = 1 << shift if may_start(plan, sight, work, j, at) else 0
            until = begin if plan.same[j] else begin - 1
            for i in range(j):
                if plan.between[i, j] & work.seen[0]:
                    continue
                most = table.any[i] << shift
                # Steps of one free role must be taken by one account: only its own events are visited.
                bound = plan.free[j] >= 0 and plan.free[i] == plan.free[j]
                if bound:
                    y = x
                    while y > until:
                        y = work.before[y]
                else:
                    y = table.last[i, until] if until >= 0 else -1
                while y >= 0 and (bits & most) != most:
                    gap = at - work.at[y]
                    if gap > plan.widest[i, j]:
                        break
                    if table.ends[i, y] and gap_fits(plan, sight, work, i, j, work.at[y], gap):
                        bits |= table.ends[i, y] << shift
                    y = work.before[y] if bound else (table.last[i, y - 1] if y else -1)
            if bits:
                table.ends[j, x] = bits
                table.last[j, x] = x
                table.any[j] |= bits


@njit(cache=True, nogil=True)
def read_back(
    plan: PlanColumns, sight: SightColumns, work: Work, table: Table, taken: Array
) -> int:
    """Choose what is reported: furthest, most optional, earliest, then the latest predecessors.

    Returns:
        The furthest step, or -1; `taken` (s) holds each step's event, -1 where it was not taken.
    """
    steps = len(plan.within)
    for s in range(steps):
        taken[s] = -1
    j = steps - 1
    while j >= 0 and table.any[j] == 0:
        j -= 1
    if j < 0:
        return NOTHING
    furthest = j
    c = 0
    while (table.any[j] >> (c + 1)) != 0:
        c += 1
    x = 0
    while not (table.ends[j, x] >> c) & 1:
        x += 1
    while True:
        taken[j] = x
        rest = c - (1 if plan.optional[j] else 0)
        until = table.begin[j, x] if plan.same[j] else table.begin[j, x] - 1
        best, step = -1, -1
        for i in range(j):
            if plan.between[i, j] & work.seen[0]:
                continue
            y = table.last[i, until] if until >= 0 else -1
            # `>=`: where two steps may use one event, the later step is reported.
            while y >= best and y >= 0:
                gap = work.at[x] - work.at[y]
                if gap > plan.widest[i, j]:
                    break
                if (
                    rest >= 0
                    and (table.ends[i, y] >> rest) & 1
                    and not bound_apart(plan, work, i, j, y, x)
                    and gap_fits(plan, sight, work, i, j, work.at[y], gap)
                ):
                    best, step = y, i
                    break
                y = table.last[i, y - 1] if y else -1
        if best < 0:
            return furthest
        j, x, c = step, best, rest


@njit(cache=True, nogil=True)
def differ(plan: PlanColumns, work: Work, taken: Array) -> bool:
    """Say whether different free roles in the reported chain hold different accounts, where they must."""
    for i in range(len(taken)):
        for j in range(i + 1, len(taken)):
            if taken[i] < 0 or taken[j] < 0:
                continue
            r, q = plan.free[i], plan.free[j]
            if r < 0 or q < 0 or r == q or plan.may_be[r, q]:
                continue
            if work.other[taken[i]] == work.other[taken[j]]:
                return False
    return True


@njit(cache=True, nogil=True)
def run(
    plan: PlanColumns,
    sight: SightColumns,
    moves: MoveColumns,
    rows: Rows,
    lists: Lists,
    keys: Array,
    span: tuple[int, int],
    size: int,
) -> tuple[Array, Array, Array]:
    """Match all keys.

    Args:
        plan: columns of the compiled playbook.
        sight: what the sources could show.
        moves: joins and leaves.
        rows: the selected events, in total order.
        lists: their positions by pair and by account.
        keys: int64, (k, 4): the two accounts, the group (-1: none), the pair's number.
        span: first and last moment of the data, microseconds.
        size: most events that any key may gather.

    Returns:
        furthest step (k), -1: nothing, -2: the best chain binds one account to two free roles; events
        (k, s), positions in `rows`, -1: not taken; states (k, s) int8.
    """
    total, steps = len(keys), len(plan.within)
    furthest = np.full(total, NOTHING, np.int64)
    events = np.full((total, steps), -1, np.int64)
    states = np.zeros((total, steps), np.int8)
    work = Work(
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(len(sight.declared) + 1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
    )
    table = Table(
        np.zeros((steps, size), np.int64),
        np.zeros((steps, size), np.int64),
        np.zeros((steps, size), np.int64),
        np.zeros(steps, np.int64),
    )
    taken = np.empty(steps, np.int64)
    for k in range(total):
        key = Key(keys[k, 0], keys[k, 1], keys[k, 2], keys[k, 3])
        takes = look_at_pair(plan, sight, moves, rows, lists, key, span, work)
        if takes & plan.anchors == 0:
            continue
        based = plan.base >= 0 and bool((takes & work.seen[0]) >> plan.base & 1)
        n = gather(plan, moves, rows, lists, key, based, work)
        reach(n, plan, sight, work, table)
        best = read_back(plan, sight, work, table, taken)
        if best < 0:
            continue
        furthest[k] = best if differ(plan, work, taken) else REFUSED
        latest = work.at[table.last[best, n - 1]]
        judge(plan, sight, work, taken, latest, span, states[k])
        for s in range(steps):
            if taken[s] >= 0:
                events[k, s] = work.picked[taken[s]]
    return furthest, events, states

"""What the live engine keeps of pairs: short lists of events, each linked from the newest back.

A pair's newest event stands in its slot itself, so a pair with one event, as most are, costs a slot and
nothing else.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import inlined, uncounted_inner
from undertow.engines.stream_kernel_tables import (
    COUNT,
    ENTRIES,
    LIMIT,
    SEGMENT,
    WORD,
    Map,
    Pool,
    enter,
    full_groups,
    give,
    look,
    mixed,
    segment_of,
    split,
    strike,
    take,
    tidy,
)
from undertow.engines.stream_rules import BACK as BACK_BITS
from undertow.engines.stream_rules import BITS, LINGER, REACH, STARTERS, TRIMS, Rules
from undertow.engines.stream_rules import TOWARD as TOWARD_BITS
from undertow.events.kernel_bytes import fetch
from undertow.matches.program import Array

# A link word: the next row plus 1 in 32 bits, then flags, then the variant of the event.
NEXT_ROW: Final = (1 << 32) - 1
BY_LOW: Final = 1 << 32
"""The actor is the lower account of the pair; in an account's list: the account is the actor."""
WAITING: Final = 1 << 33
"""In a slot: the pair stands in the waiting lists of its accounts."""
IN_USE: Final = 1 << 34
VARIANT: Final = 35

# Columns of a pair's slot, `WORD` being the link of its newest event; the last two in wide passes only.
OPENS: Final = 3
HEAD_AT: Final = 4
HEAD_REF: Final = 5
HEAD_ORDER: Final = 6
HEAD_CONTEXT: Final = 7
NARROW_SLOT: Final = 6
WIDE_SLOT: Final = 8

# Columns of a row of a list; `ORDER` and those behind it in wide passes only.
LINK: Final = 0
AT: Final = 1
REF: Final = 2
ORDER: Final = 3
CONTEXT: Final = 4
OTHER: Final = 5
NARROW_ROW: Final = 3
PAIR_ROW: Final = 5
ITEM: Final = 6

# Second half of an account's keys; a group of 0 and more stands for the joins and leaves there.
SIDES: Final = -1
WAITS: Final = -2
GROUPS_OF: Final = -3

# Columns of an account's slot: `WORD` is 1 plus the first row, times 2, plus 1; then pushes so far.
PUSHES: Final = 3
ACCOUNT_SLOT: Final = 4
WAY_SLOT: Final = 3
INDEX_SLOT: Final = 3

# Columns of an answer; `TAKEN` and those behind it hold references, then times.
ROW_BOOK: Final = 0
ROW_A: Final = 1
ROW_B: Final = 2
ROW_GROUP: Final = 3
FURTHEST: Final = 4
OPTIONALS: Final = 5
REVISION: Final = 6
ROW_NEXT: Final = 7
PENDING: Final = 8
TAKEN: Final = 9

# Columns of a key that waits to be answered.
TODO_BOOK: Final = 0
TODO_A: Final = 1
TODO_B: Final = 2
TODO_GROUP: Final = 3
FORCED: Final = 4
TODO: Final = 5

# Places in `Store.counts`.
EVENTS: Final = 0
TAKEN_IN: Final = 1
NOW: Final = 2
TODOS: Final = 3
DONE: Final = 4
CHANGED: Final = 5
STAMP: Final = 6
ANSWERED: Final = 7
DROPPED: Final = 8
SWEEPS: Final = 9
GATHERED: Final = 10
SIGHTS_MET: Final = 11
COUNTS: Final = 12


class Store(NamedTuple):
    """Everything that the engine remembers.

    Attributes:
        pairs: slots of the unordered pairs with live events.
        nodes: their events but the newest.
        accounts: lists of an account: side events, partners that wait, groups, joins and leaves.
        items: rows of those lists.
        ways: directions in which `first` has been taken, with what is unknown.
        heads: first answer of a pair.
        answers: the best answer of every key.
        changed: rows of `answers` that changed since they were last handed out.
        todo: keys to be answered.
        spare: room for one segment.
        counts: see the places above.
    """

    pairs: Map
    nodes: Pool
    accounts: Map
    items: Pool
    ways: Map
    heads: Map
    answers: Pool
    changed: Array
    todo: Array
    spare: Array
    counts: Array


@inlined
def turned(bits: int, rules: Rules, toward: bool) -> int:
    """Give the steps between the two that an event may take for a key, by its direction."""
    return int(bits & (rules.words[TOWARD_BITS] if toward else rules.words[BACK_BITS]))


@uncounted_inner
def cut(nodes: Pool, link: int) -> int:
    """Give back the rows of a list from a link on; gives their number."""
    row = (link & NEXT_ROW) - 1
    n = 0
    while row >= 0:
        following = (nodes.rows[row, LINK] & NEXT_ROW) - 1
        give(nodes, row)
        row = following
        n += 1
    return n


@uncounted_inner
def keep_live(store: Store, rules: Rules, s: int, now: int) -> bool:
    """Say whether a pair can still go on; the events that cannot matter any more are let go."""
    slots, nodes = store.pairs.slots, store.nodes
    link = slots[s, WORD]
    live = slots[s, HEAD_AT] + rules.variants[link >> VARIANT, LINGER] >= now
    before = -1
    row = (link & NEXT_ROW) - 1
    while row >= 0:
        link = nodes.rows[row, LINK]
        following = (link & NEXT_ROW) - 1
        variant = link >> VARIANT
        if nodes.rows[row, AT] + rules.variants[variant, REACH] < now:
            if before < 0:
                slots[s, WORD] += following - row
            else:
                nodes.rows[before, LINK] += following - row
            give(nodes, row)
            store.counts[DROPPED] += 1
        else:
            live = live or nodes.rows[row, AT] + rules.variants[variant, LINGER] >= now
            before = row
        row = following
    if not live:
        store.counts[DROPPED] += cut(nodes, slots[s, WORD]) + 1
    return bool(live)


@uncounted_inner
def expire(store: Store, rules: Rules, segment: int, now: int) -> int:
    """Let go of the pairs of a segment that cannot go on; gives how many stay.

    Whoever is behind them in the segment can no longer be found: it must be tidied or split.
    """
    slots, variants, nodes = store.pairs.slots, rules.variants, store.nodes.rows
    trims = rules.words[TRIMS] != 0
    begin, size = np.int64(nodes.ctypes.data), nodes.shape[1] * 8
    for s in range(segment * SEGMENT, (segment + 1) * SEGMENT):
        link = slots[s, WORD]
        row = (link & NEXT_ROW) - 1
        if row >= 0 and (
            not trims or slots[s, HEAD_AT] + variants[link >> VARIANT, LINGER] < now
        ):
            fetch(int(begin + row * size))
    kept, alone, gone = 0, 0, 0
    for s in range(segment * SEGMENT, (segment + 1) * SEGMENT):
        link = slots[s, WORD]
        if link == 0:
            continue
        # Most pairs have a single event. Behind a live one others may lie that are too old: going through
        # them all here would cost more than the rest, and `meet` does so now and then.
        single = link & NEXT_ROW == 0
        live = slots[s, HEAD_AT] + variants[link >> VARIANT, LINGER] >= now
        if not (single or (live and trims)):
            live = keep_live(store, rules, s, now)
        kept += live
        if not live:
            slots[s, WORD] = 0
            strike(store.pairs.tags, s)
            gone += 1
            alone += single
    store.pairs.head[ENTRIES] -= gone
    store.pairs.segments[segment, COUNT] -= gone
    store.counts[DROPPED] += alone
    store.counts[SWEEPS] += 1
    return kept


@uncounted_inner
def claim_pair(store: Store, rules: Rules, lo: int, hi: int, now: int) -> int:
    """Find the slot of a pair or make one, whose link the caller must fill at once."""
    pairs = store.pairs
    h = mixed(lo, hi)
    s = look(pairs, lo, hi, h)
    while s < 0:
        segment = segment_of(pairs, h)
        if pairs.segments[segment, COUNT] < LIMIT:
            s = -1 - s
            enter(pairs, s, lo, hi, h)
            break
        full = full_groups(pairs, segment)
        if expire(store, rules, segment, now) > LIMIT - LIMIT // 8:
            split(pairs, h, store.spare)
        else:
            tidy(pairs, segment, full)
        s = look(pairs, lo, hi, h)
    return s


@inlined
def push_pair(
    store: Store, rules: Rules, s: int, link: int, at: int, ref: int, context: int
) -> None:
    """Make an event the newest of a pair; `link` has no next row yet."""
    slots, nodes = store.pairs.slots, store.nodes
    old = slots[s, WORD]
    if old:
        row = take(nodes)
        nodes.rows[row, LINK] = old & ~WAITING
        nodes.rows[row, AT] = slots[s, HEAD_AT]
        nodes.rows[row, REF] = slots[s, HEAD_REF]
        if slots.shape[1] == WIDE_SLOT:
            nodes.rows[row, ORDER] = slots[s, HEAD_ORDER]
            nodes.rows[row, CONTEXT] = slots[s, HEAD_CONTEXT]
        link |= (row + 1) | (old & WAITING)
    slots[s, WORD] = link | IN_USE
    slots[s, HEAD_AT] = at
    slots[s, HEAD_REF] = ref
    if slots.shape[1] == WIDE_SLOT:
        slots[s, HEAD_ORDER] = store.counts[TAKEN_IN]
        slots[s, HEAD_CONTEXT] = context


@inlined
def supersede(store: Store, rules: Rules, s: int, link: int, at: int, ref: int) -> bool:
    """Let an event take the place of an earlier one that it makes useless, if there is one.

    Both can only begin a chain, for the same keys; of those with nothing but beginnings between them
    only the latest counts. Behind an event that may have carried the earlier one on, both do.

    Returns:
        Whether the event stands in the slot; else the earlier one is gone, and the event must be pushed.
    """
    slots, nodes = store.pairs.slots, store.nodes
    if alike(rules, slots[s, WORD], link):
        slots[s, WORD] = (slots[s, WORD] & (NEXT_ROW | WAITING)) | link | IN_USE
        slots[s, HEAD_AT] = at
        slots[s, HEAD_REF] = ref
        if slots.shape[1] == WIDE_SLOT:
            slots[s, HEAD_ORDER] = store.counts[TAKEN_IN]
        return True
    if not only_begins(rules, slots[s, WORD]):
        return False
    before = -1
    row = (slots[s, WORD] & NEXT_ROW) - 1
    while row >= 0 and only_begins(rules, nodes.rows[row, LINK]):
        following = (nodes.rows[row, LINK] & NEXT_ROW) - 1
        if alike(rules, nodes.rows[row, LINK], link):
            if before < 0:
                slots[s, WORD] += following - row
            else:
                nodes.rows[before, LINK] += following - row
            give(nodes, row)
            return False
        before = row
        row = following
    return False


@inlined
def only_begins(rules: Rules, link: int) -> bool:
    """Say whether an event of a pair can do nothing but begin a chain."""
    bits = rules.variants[link >> VARIANT, BITS]
    own = turned(bits, rules, True) | turned(bits, rules, False)
    return bool((own & ~rules.words[STARTERS]) == 0)


@inlined
def alike(rules: Rules, one: int, other: int) -> bool:
    """Say whether two events of a pair may take the same steps, for both of its keys."""
    if one >> VARIANT != other >> VARIANT:
        return False
    if (one ^ other) & BY_LOW == 0:
        return True
    bits = rules.variants[one >> VARIANT, BITS]
    return turned(bits, rules, True) == turned(bits, rules, False)

"""The kept events of one key of the live engine, gathered into total order for the shared kernel."""

from __future__ import annotations

from typing import Final, NamedTuple

from undertow.compiled import uncounted_inner
from undertow.engines.stream_kernel_lists import first_item, is_member
from undertow.engines.stream_kernel_store import (
    AT,
    BY_LOW,
    CONTEXT,
    HEAD_AT,
    HEAD_CONTEXT,
    HEAD_ORDER,
    HEAD_REF,
    LINK,
    NEXT_ROW,
    ORDER,
    OTHER,
    REF,
    SIDES,
    VARIANT,
    WIDE_SLOT,
    Store,
    turned,
)
from undertow.engines.stream_kernel_tables import WORD, find
from undertow.engines.stream_rules import (
    BITS,
    NUMBER_OF_FIRST,
    OFFSET,
    PAIRED_BACK,
    PAIRED_TOWARD,
    SIDE_ACTOR,
    SIDE_TARGET,
    SIDED,
    SIGHT,
    SIMPLE,
    SIZE,
    Rules,
)
from undertow.matches.kernel_rules import AT as EVENT_AT
from undertow.matches.kernel_rules import (
    MASK,
    PICKED,
    PRESENT,
    SEEN,
    TAKES,
    UNKNOWN,
    Key,
    Scratch,
    end_fits,
)
from undertow.matches.kernel_rules import OTHER as EVENT_OTHER
from undertow.matches.program import (
    AFTER_BASE,
    ANCHORS,
    BASE,
    BOTH_WAYS,
    KEY_ROLES,
    LEAD,
    ROOM,
    SINK,
    SOURCE,
    Array,
    Program,
)

TOO_MANY: Final = -3
"""More events than the scratch holds."""
MANY: Final = 64

# Rows of `Room.sorted`.
AS_REF: Final = 0
AS_AT: Final = 1
AS_BITS: Final = 2
AS_OTHER: Final = 3
AS_ORDER: Final = 4
AS_ROWS: Final = 5


class Room(NamedTuple):
    """Room for one key at a time, and for what is known of the next events.

    Attributes:
        scratch: the kernel's.
        sorted: int64, (AS_ROWS, n): gathered events before they are merged.
        ahead: int64, (AHEAD_ROWS, AHEAD): events looked at ahead, see `stream_kernel_pass.look_over`.
    """

    scratch: Scratch
    sorted: Array
    ahead: Array


class Event(NamedTuple):
    """One event, as the steps look at it."""

    at: int
    actor: int
    target: int
    context: int


@uncounted_inner
def one_program(programs: Program, book: int) -> Program:
    """Give the program of one playbook."""
    return Program(
        programs.steps[book],
        programs.gaps[book],
        programs.conditions[book],
        programs.roles[book],
        programs.bounds[book],
        programs.head[book],
    )


@uncounted_inner
def suits(program: Program, store: Store, event: Event, s: int, key: Key) -> int:
    """Say whether the accounts and the room of an event suit a step of a key.

    Returns:
        -2 if not; else the account of the step's free role, -1 if it has none.
    """
    source, sink = program.steps[s, SOURCE], program.steps[s, SINK]
    actor, target = event.actor, event.target
    found = end_fits(program.roles, source, actor, key) and end_fits(
        program.roles, sink, target, key
    )
    if not found and program.steps[s, BOTH_WAYS]:
        actor, target = target, actor
        found = end_fits(program.roles, source, actor, key) and end_fits(
            program.roles, sink, target, key
        )
    if not found or (program.steps[s, ROOM] and event.context != key.group):
        return -2
    for c in range(program.conditions.shape[0]):
        if program.conditions[c, 0] == s:
            role = program.conditions[c, 1]
            who = key.a if role == 0 else key.b
            if role >= KEY_ROLES:
                who = actor if source == role else target
            member = is_member(store, who, key.group, event.at)
            if member != (program.conditions[c, 2] == 1):
                return -2
    if source >= KEY_ROLES:
        return int(actor)
    return int(target) if sink >= KEY_ROLES else -1


@uncounted_inner
def put_event(
    program: Program,
    store: Store,
    event: Event,
    key: Key,
    bits: int,
    paired: int,
    sight: int,
    room: Room,
    n: int,
) -> int:
    """Add an event that may take some of `bits` to those gathered; gives their new number."""
    found, own, other = 0, 0, -1
    s = 0
    while bits >> s:
        if (bits >> s) & 1:
            free = suits(program, store, event, s, key)
            if free != -2:
                found |= 1 << s
                own |= paired & (1 << s)
                other = free if free >= 0 else other
        s += 1
    if own:
        note_sight(room, own, sight)
    if not found:
        return n
    room.sorted[AS_AT, n] = event.at
    room.sorted[AS_BITS, n] = found
    room.sorted[AS_OTHER, n] = other
    return n + 1


@uncounted_inner
def note_sight(room: Room, own: int, sight: int) -> None:
    """Note the steps between the two that an event takes, and where it was seen."""
    known = room.scratch.known
    known[TAKES] |= own
    for k in range(known[PRESENT]):
        if known[PRESENT + 1 + k] == sight:
            return
    known[PRESENT + 1 + known[PRESENT]] = sight
    known[PRESENT] += 1


@uncounted_inner
def pair_events(
    rules: Rules, program: Program, store: Store, book: int, key: Key, room: Room
) -> int:
    """Gather the events between the two, newest first; gives their number or `TOO_MANY`."""
    slots, nodes = store.pairs.slots, store.nodes.rows
    s = find(store.pairs, min(key.a, key.b), max(key.a, key.b))
    if s < 0:
        return 0
    size = room.sorted.shape[1]
    offset, steps = rules.books[book, OFFSET], (1 << rules.books[book, SIZE]) - 1
    wide = slots.shape[1] == WIDE_SLOT
    link, at, ref = slots[s, WORD], slots[s, HEAD_AT], slots[s, HEAD_REF]
    order = slots[s, HEAD_ORDER] if wide else 0
    context = slots[s, HEAD_CONTEXT] if wide else -1
    n = 0
    while True:
        if n == size:
            return TOO_MANY
        toward = ((link & BY_LOW) != 0) == (key.a < key.b)
        variant = link >> VARIANT
        bits = (turned(rules.variants[variant, BITS], rules, toward) >> offset) & steps
        if bits:
            paired = rules.words[PAIRED_TOWARD] if toward else rules.words[PAIRED_BACK]
            paired = (paired >> offset) & steps
            room.sorted[AS_REF, n] = ref
            room.sorted[AS_ORDER, n] = order
            if rules.books[book, SIMPLE]:
                room.sorted[AS_AT, n] = at
                room.sorted[AS_BITS, n] = bits
                room.sorted[AS_OTHER, n] = -1
                note_sight(room, bits, rules.variants[variant, SIGHT])
                n += 1
            else:
                actor = key.a if toward else key.b
                event = Event(at, actor, key.b if toward else key.a, context)
                sight = rules.variants[variant, SIGHT]
                n = put_event(program, store, event, key, bits, paired, sight, room, n)
        row = (link & NEXT_ROW) - 1
        if row < 0:
            return n
        link, at, ref = nodes[row, LINK], nodes[row, AT], nodes[row, REF]
        if wide:
            order, context = nodes[row, ORDER], nodes[row, CONTEXT]


@uncounted_inner
def side_events(
    rules: Rules,
    program: Program,
    store: Store,
    book: int,
    key: Key,
    end: int,
    since: int,
    first: int,
    room: Room,
    n: int,
) -> int:
    """Gather the events of one key account with others, newest first, from a moment on.

    Args:
        rules, program, store, book, key: as everywhere here.
        end: 0 for the first key account, 1 for the second.
        since: events before this moment are too old to matter.
        first: the pair's first event where a chain must hold one, else the distant past: what comes
            before it can take no step behind the base.
        room: written.
        n: events gathered so far.
    """
    mine, partner = (key.a, key.b) if end == 0 else (key.b, key.a)
    rows = store.items.rows
    size = room.sorted.shape[1]
    offset = rules.books[book, OFFSET]
    wanted = program.head[end]
    row = first_item(store, mine, SIDES)
    while row >= 0 and rows[row, AT] >= since:
        if n == size:
            return TOO_MANY
        link = rows[row, LINK]
        other = rows[row, OTHER]
        by_me = (link & BY_LOW) != 0
        ends = rules.words[SIDE_ACTOR] if by_me else rules.words[SIDE_TARGET]
        if other == mine:
            ends |= rules.words[SIDE_TARGET]
        bits = ((rules.variants[link >> VARIANT, BITS] & ends) >> offset) & wanted
        if rows[row, AT] < first:
            bits &= ~program.head[AFTER_BASE]
        if bits and other != partner:
            event = Event(
                rows[row, AT],
                mine if by_me else other,
                other if by_me else mine,
                rows[row, CONTEXT],
            )
            room.sorted[AS_REF, n] = rows[row, REF]
            room.sorted[AS_ORDER, n] = rows[row, ORDER]
            n = put_event(program, store, event, key, bits, 0, 0, room, n)
        row = (link & NEXT_ROW) - 1
    return n


@uncounted_inner
def merge(room: Room, pair: int, a: int, b: int) -> int:
    """Bring three lists, each newest first, into total order; gives the number of events.

    Args:
        room: its sorted rows hold the lists one behind another.
        pair, a, b: where each of them ends.
    """
    events, given = room.scratch.events, room.sorted
    x, y, z = pair - 1, a - 1, b - 1
    n = 0
    while x >= 0 or y >= pair or z >= a:
        k, order = -1, 0
        if x >= 0:
            k, order = x, given[AS_ORDER, x]
        if y >= pair and (k < 0 or given[AS_ORDER, y] < order):
            k, order = y, given[AS_ORDER, y]
        if z >= a and (k < 0 or given[AS_ORDER, z] < order):
            k = z
        if k == x:
            x -= 1
        elif k == y:
            y -= 1
        else:
            z -= 1
        events[PICKED, n] = given[AS_REF, k]
        events[EVENT_AT, n] = given[AS_AT, k]
        events[MASK, n] = given[AS_BITS, k]
        events[EVENT_OTHER, n] = given[AS_OTHER, k]
        n += 1
    return n


@uncounted_inner
def learn(
    rules: Rules, program: Program, store: Store, book: int, key: Key, room: Room
) -> None:
    """Learn what is unknown of a key and what its platforms always show."""
    known = room.scratch.known
    offset = rules.books[book, OFFSET]
    known[UNKNOWN] = known[SEEN] = 0
    toward = find(store.ways, key.a, key.b)
    back = find(store.ways, key.b, key.a)
    for s in range(rules.books[book, SIZE]):
        number = rules.steps[offset + s, NUMBER_OF_FIRST]
        source, sink = program.steps[s, SOURCE], program.steps[s, SINK]
        if number < 0 or not (0 <= source < KEY_ROLES and 0 <= sink < KEY_ROLES):
            continue
        either = program.steps[s, BOTH_WAYS]
        unknown = False
        if toward >= 0 and (either or source == 0):
            unknown = (store.ways.slots[toward, WORD] >> (WARM + number)) & 1 != 0
        if back >= 0 and (either or source == 1):
            unknown = unknown or (store.ways.slots[back, WORD] >> (WARM + number)) & 1 != 0
        if unknown:
            known[UNKNOWN] |= 1 << s
    for k in range(known[PRESENT]):
        known[SEEN] |= rules.seen[book, known[PRESENT + 1 + k]]
    known[SEEN] &= ~known[UNKNOWN]


WARM: Final = 32
"""Bits of a direction's word from which on its steps of unknown `first` stand."""


@uncounted_inner
def gather(
    rules: Rules, program: Program, store: Store, book: int, key: Key, whole: bool, room: Room
) -> int:
    """Gather a key's events in total order; with `whole` also those that are too old to matter.

    Returns:
        Their number, 0 if no event makes the key, or `TOO_MANY`.
    """
    known = room.scratch.known
    known[TAKES] = known[PRESENT] = 0
    pair = pair_events(rules, program, store, book, key, room)
    if pair <= 0 or known[TAKES] & program.head[ANCHORS] == 0:
        return min(pair, 0)
    learn(rules, program, store, book, key, room)
    a = b = pair
    if rules.books[book, SIDED]:
        since = first = -(1 << 62)
        base = program.head[BASE]
        if not whole and base >= 0 and (known[TAKES] & known[SEEN]) >> base & 1:
            first = room.sorted[AS_AT, pair - 1]
            since = first - program.head[LEAD]
        if program.head[0]:
            a = side_events(rules, program, store, book, key, 0, since, first, room, pair)
        b = a
        if a >= 0 and program.head[1]:
            b = side_events(rules, program, store, book, key, 1, since, first, room, a)
        if a < 0 or b < 0:
            return TOO_MANY
    return merge(room, pair, a, b)

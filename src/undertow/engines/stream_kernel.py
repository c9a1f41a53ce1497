"""The live engine's step: one event after another is taken in, and the keys that it may carry on are answered."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from undertow.compiled import uncounted, uncounted_inner
from undertow.engines.stream_keys import (
    TOO_MANY,
    WARM,
    Event,
    Room,
    answer_key,
    keep_answer,
    one_program,
    suits,
)
from undertow.engines.stream_rules import (
    AFTER,
    ALL_NEXT,
    BACK,
    BEFORE,
    BEGIN,
    BITS,
    ENDS,
    FIRSTS,
    FROM,
    GROUP_OF_FIRST,
    GROUPED,
    GROUPS,
    LINGER,
    LISTED_BITS,
    LOOSE,
    LOOSE_BOOK,
    MARKS,
    MOST,
    MOVE,
    NEXT,
    NUMBER_OF_FIRST,
    OFFSET,
    PAIRED_BACK,
    PAIRED_TOWARD,
    ROOM_ENDS,
    ROOMS,
    SAME_BITS,
    SIDE_ACTOR,
    SIDE_TARGET,
    SIGHT,
    SIGHTS,
    SIGHTS_SEEN,
    SIZE,
    START,
    STARTERS,
    TOWARD,
    WAITED,
    WIDE,
    WIDEST_ALL,
    Rules,
)
from undertow.engines.stream_store import (
    ANSWERED,
    AT,
    BY_LOW,
    CONTEXT,
    DONE,
    EVENTS,
    FURTHEST,
    GATHERED,
    GROUPS_OF,
    HEAD_AT,
    HEAD_REF,
    IN_USE,
    LINK,
    NEXT_ROW,
    NOW,
    OPENS,
    OPTIONALS,
    ORDER,
    OTHER,
    REF,
    SIDES,
    SIGHTS_MET,
    TAKEN_IN,
    TODO_BOOK,
    TODOS,
    VARIANT,
    WAITING,
    WAITS,
    Store,
    add_group,
    add_move,
    answer_row,
    claim_pair,
    first_item,
    prune_items,
    push_item,
    push_pair,
    put_todo,
    supersede,
    turned,
)
from undertow.engines.stream_tables import (
    COUNT,
    DEPTH,
    ENTRIES,
    HI,
    LIMIT,
    LO,
    PLACE,
    SEGMENT,
    SEGMENTS,
    WHOLE,
    WORD,
    Map,
    claim,
    find,
    give,
    mixed,
    spent,
    tight,
)
from undertow.matches.kernel import NOTHING, REFUSED
from undertow.matches.kernel_rules import Key
from undertow.matches.program import (
    KEY_ROLES,
    Array,
    Program,
)

# Why `feed` came back.
OK: Final = 0
FULL: Final = 1
"""Memory is used up."""
LARGER: Final = 2
"""A key has more events than the scratch holds."""
ASK: Final = 3
"""A key in the scratch must be settled; then feeding may go on."""


class Columns(NamedTuple):
    """A batch of events in total order; optional columns have length 0 where they say nothing.

    Attributes:
        at: int64, microseconds, ascending.
        kind: int32, place in `kinds`.
        kinds: int64, type code by kind.
        actor, target: int64, target -1 for none.
        ref: int64, at least 0; or of length 0: the row's number, counted from `TAKEN_IN`.
        marks: uint8, bits of the signals in their order.
        visibility: int8, -1 for none.
        platform: int32, -1 for none.
        context: int64, -1 for none.
    """

    at: Array
    kind: Array
    kinds: Array
    actor: Array
    target: Array
    ref: Array
    marks: Array
    visibility: Array
    platform: Array
    context: Array


@uncounted_inner
def first_bits(
    rules: Rules, store: Store, c: int, actor: int, target: int, at: int, sight: int
) -> int:
    """Say which of a class's steps with `first` hold for an event, and note that its direction is taken.

    Returns:
        The variant, or less: -1 less the variant where the pair's knowledge changed.
    """
    groups = rules.classes[c, GROUPS]
    variant = rules.classes[c, FROM]
    s = claim(store.ways, actor, target, store.spare)
    word = store.ways.slots[s, WORD]
    new = groups & ~(word >> 1)
    if new == 0:
        return variant
    word |= (new << 1) | 1
    warm = False
    steps = len(rules.steps)
    for g in range(steps):
        group = rules.steps[g, GROUP_OF_FIRST]
        if group >= 0 and (new >> group) & 1 and at < rules.known[sight, g]:
            word |= 1 << (WARM + rules.steps[g, NUMBER_OF_FIRST])
            warm = True
    store.ways.slots[s, WORD] = word
    for k in range(rules.classes.shape[1] - FIRSTS):
        g = rules.classes[c, FIRSTS + k]
        if g < 0:
            break
        if (new >> rules.steps[g, GROUP_OF_FIRST]) & 1 and at >= rules.known[sight, g]:
            variant += 1 << k
    return -1 - variant if warm else variant


@uncounted_inner
def with_same(rules: Rules, bits: int, found: int) -> int:
    """Add the steps that may use the event of a step before them to those that an event can take."""
    rest = bits & rules.words[SAME_BITS] & ~found
    g = 0
    while rest >> g:
        if (rest >> g) & 1 and rules.steps[g, BEFORE] & found:
            found |= 1 << g
        g += 1
    return found


@uncounted_inner
def in_reach(
    rules: Rules, store: Store, s: int, at: int, low: int, high: int
) -> tuple[int, int]:
    """Narrow steps down to those with an event of the pair near enough before them.

    Args:
        rules: tables.
        store: what is kept.
        s: the pair's slot.
        at: now.
        low, high: steps asked about for the key of the lower and of the higher account first.
    """
    nodes = store.nodes
    link, moment = store.pairs.slots[s, WORD], store.pairs.slots[s, HEAD_AT]
    found_low, found_high = 0, 0
    longest = rules.words[WIDEST_ALL]
    while at - moment <= longest:
        bits = rules.variants[link >> VARIANT, BITS]
        toward = (link & BY_LOW) != 0
        for side in range(2):
            left = (low & ~found_low) if side == 0 else (high & ~found_high)
            if left == 0:
                continue
            mine = turned(bits, rules, toward if side == 0 else not toward)
            i = 0
            while mine >> i:
                near = rules.steps[i, NEXT] & left if (mine >> i) & 1 else 0
                j = i + 1
                while near >> j:
                    if (near >> j) & 1 and at - moment <= rules.wide[i, j]:
                        if side == 0:
                            found_low |= 1 << j
                        else:
                            found_high |= 1 << j
                    j += 1
                i += 1
        if found_low == low and found_high == high:
            break
        row = (link & NEXT_ROW) - 1
        if row < 0:
            break
        link, moment = nodes.rows[row, LINK], nodes.rows[row, AT]
    return found_low, found_high


@uncounted_inner
def can_improve(
    rules: Rules, store: Store, a: int, b: int, group: int, bits: int, book: int
) -> bool:
    """Say whether a chain that ends in one of some steps of a playbook beats the key's answer so far."""
    row = answer_row(store, book, a, b, group)
    if row < 0 or rules.books[book, LOOSE_BOOK]:
        return True
    furthest = rules.books[book, OFFSET] + store.answers.rows[row, FURTHEST]
    if bits >> (furthest + 1):
        return True
    return bool(
        (bits >> furthest) & 1
        and store.answers.rows[row, OPTIONALS] < rules.steps[furthest, MOST]
    )


@uncounted_inner
def ask_for(
    rules: Rules,
    programs: Program,
    store: Store,
    book: int,
    a: int,
    b: int,
    bits: int,
    event: Event,
    forced: bool,
) -> None:
    """Have the keys of an ordered pair answered that an event may carry on by taking one of `bits`."""
    if not rules.books[book, GROUPED]:
        if forced or can_improve(rules, store, a, b, -1, bits, book):
            put_todo(store, book, a, b, -1, forced)
        return
    program = one_program(programs, book)
    loose = rules.books[book, LOOSE_BOOK] != 0
    for end in range(KEY_ROLES):
        if not (rules.books[book, ROOM_ENDS] >> end) & 1:
            continue
        row = first_item(store, a if end == 0 else b, GROUPS_OF)
        while row >= 0:
            group = store.items.rows[row, OTHER]
            row = (store.items.rows[row, LINK] & NEXT_ROW) - 1
            if (
                end == 1
                and rules.books[book, ROOM_ENDS] & 1
                and find(store.accounts, a, group) >= 0
            ):
                continue
            wanted = forced or loose
            if not wanted and can_improve(rules, store, a, b, group, bits, book):
                key = Key(a, b, group, 0)
                rest = bits >> rules.books[book, OFFSET]
                s = 0
                while rest >> s and not wanted:
                    if (rest >> s) & 1:
                        wanted = suits(program, store, event, s, key) != -2
                    s += 1
            if wanted:
                put_todo(store, book, a, b, group, forced)


@uncounted_inner
def register(store: Store, s: int, lo: int, hi: int) -> None:
    """Put a pair into the waiting lists of its two accounts, once."""
    if store.pairs.slots[s, WORD] & WAITING:
        return
    store.pairs.slots[s, WORD] |= WAITING
    row = push_item(store, lo, WAITS)
    store.items.rows[row, OTHER] = hi
    row = push_item(store, hi, WAITS)
    store.items.rows[row, OTHER] = lo


@uncounted_inner
def newly_seen(
    rules: Rules, store: Store, s: int, bits: int, sight: int, low_first: bool
) -> int:
    """Mark the playbooks whose key learns by an event that it was also seen on another platform.

    Args:
        rules, store: as everywhere here.
        s: the pair's slot.
        bits: steps between the two that the event may take for the key.
        sight: platform class of the event.
        low_first: whether the lower account is the key's first.

    Returns:
        All steps of those playbooks, as bits.
    """
    found = 0
    for book in range(len(rules.books)):
        own = ((1 << rules.books[book, SIZE]) - 1) << rules.books[book, OFFSET]
        if bits & own == 0:
            continue
        link = store.pairs.slots[s, WORD]
        # Whether an event of a group's key counts depends on who was a member: every event is news.
        known = False
        while not rules.books[book, GROUPED]:
            toward = ((link & BY_LOW) != 0) == low_first
            mine = rules.variants[link >> VARIANT, BITS] & own
            mine &= rules.words[PAIRED_TOWARD] if toward else rules.words[PAIRED_BACK]
            if mine and rules.variants[link >> VARIANT, SIGHT] == sight:
                known = True
            row = (link & NEXT_ROW) - 1
            if known or row < 0:
                break
            link = store.nodes.rows[row, LINK]
        found |= 0 if known else own
    return found


@uncounted_inner
def meet(
    rules: Rules,
    programs: Program,
    store: Store,
    event: Event,
    ref: int,
    variant: int,
    forced: bool,
) -> None:
    """Take in an event between two accounts."""
    actor, target, at = event.actor, event.target, event.at
    by_low = actor < target
    lo, hi = (actor, target) if by_low else (target, actor)
    bits = rules.variants[variant, BITS]
    low, high = turned(bits, rules, by_low), turned(bits, rules, not by_low)
    loose = rules.words[LOOSE] & (low | high)
    if (low | high) == 0 and not forced:
        return
    s = find(store.pairs, lo, hi)
    sure = rules.words[START] | rules.words[LOOSE]
    may = sure | (store.pairs.slots[s, OPENS] if s >= 0 else 0)
    can_low, can_high = with_same(rules, low, low & may), with_same(rules, high, high & may)
    if s >= 0 and (can_low | can_high) & ~sure:
        near_low, near_high = in_reach(
            rules, store, s, at, low & may & ~sure, high & may & ~sure
        )
        can_low = with_same(rules, low, (low & sure) | near_low)
        can_high = with_same(rules, high, (high & sure) | near_high)
    can = can_low | can_high
    if can == 0 and not (forced and s >= 0):
        return
    news_low, news_high = (-1, -1) if forced else (loose, loose)
    if can:
        sight = rules.variants[variant, SIGHT]
        met = store.counts[SIGHTS_MET]
        if s >= 0 and met & (met - 1):
            toward, back = rules.words[PAIRED_TOWARD], rules.words[PAIRED_BACK]
            own = bits & (toward if by_low else back)
            news_low |= newly_seen(rules, store, s, own, sight, True)
            own = bits & (back if by_low else toward)
            news_high |= newly_seen(rules, store, s, own, sight, False)
        if s < 0:
            s = claim_pair(store, rules, lo, hi, at)
        if can & ~rules.words[STARTERS] == 0:
            variant = rules.variants[variant, BEGIN]
            bits = rules.variants[variant, BITS]
            low, high = turned(bits, rules, by_low), turned(bits, rules, not by_low)
        link = (variant << VARIANT) | (BY_LOW if by_low else 0)
        placed = False
        if (low | high) & ~rules.words[STARTERS] == 0 and store.pairs.slots[s, WORD]:
            placed = supersede(store, rules, s, link, at, ref)
        if not placed:
            push_pair(store, rules, s, link, at, ref, event.context)
        opens = 0
        g = 0
        while can >> g:
            if (can >> g) & 1:
                opens |= rules.steps[g, NEXT]
            g += 1
        store.pairs.slots[s, OPENS] |= opens
        if can & rules.words[WAITED]:
            register(store, s, lo, hi)
    if can & rules.words[LISTED_BITS] or news_low | news_high:
        for book in range(len(rules.books)):
            own = ((1 << rules.books[book, SIZE]) - 1) << rules.books[book, OFFSET]
            reached = can_low & rules.words[LISTED_BITS] & own
            if reached or news_low & own:
                news = news_low & own != 0
                ask_for(rules, programs, store, book, lo, hi, reached, event, news)
            reached = can_high & rules.words[LISTED_BITS] & own
            if reached or news_high & own:
                news = news_high & own != 0
                ask_for(rules, programs, store, book, hi, lo, reached, event, news)


@uncounted_inner
def ask_waiting(
    rules: Rules, programs: Program, store: Store, account: int, bits: int, event: Event
) -> None:
    """Have the waiting keys of an account answered that a side event may carry on."""
    before = -1
    row = first_item(store, account, WAITS)
    rows = store.items.rows
    while row >= 0:
        partner = rows[row, OTHER]
        following = (rows[row, LINK] & NEXT_ROW) - 1
        if find(store.pairs, min(account, partner), max(account, partner)) < 0:
            # The pair has expired: it waits no more.
            if before < 0:
                s = find(store.accounts, account, WAITS)
                store.accounts.slots[s, WORD] = ((following + 1) << 1) | 1
            else:
                rows[before, LINK] += following - row
            give(store.items, row)
        else:
            before = row
            for book in range(len(rules.books)):
                offset = rules.books[book, OFFSET]
                for end in range(KEY_ROLES):
                    reached = 0
                    for s in range(rules.books[book, SIZE]):
                        if (bits >> (offset + s)) & 1 and (
                            rules.steps[offset + s, ENDS] >> end
                        ) & 1:
                            reached |= 1 << (offset + s)
                    if reached:
                        a, b = (account, partner) if end == 0 else (partner, account)
                        loose = rules.books[book, LOOSE_BOOK] != 0
                        ask_for(rules, programs, store, book, a, b, reached, event, loose)
        row = following


@uncounted_inner
def beside(
    rules: Rules,
    programs: Program,
    store: Store,
    event: Event,
    ref: int,
    variant: int,
    end: int,
) -> None:
    """Take in an event for the list of one of its accounts: the actor's (0) or the target's (1)."""
    account, other = (event.actor, event.target) if end == 0 else (event.target, event.actor)
    ends = rules.words[SIDE_ACTOR] if end == 0 else rules.words[SIDE_TARGET]
    if event.actor == event.target:
        ends |= rules.words[SIDE_TARGET]
    bits = rules.variants[variant, BITS] & ends
    if bits == 0:
        return
    waited = first_item(store, account, WAITS) >= 0
    if bits & ~rules.words[AFTER] == 0 and not waited:
        return
    row = push_item(store, account, SIDES)
    rows = store.items.rows
    rows[row, LINK] |= (variant << VARIANT) | (BY_LOW if end == 0 else 0)
    rows[row, AT] = event.at
    rows[row, REF] = ref
    rows[row, ORDER] = store.counts[TAKEN_IN]
    rows[row, CONTEXT] = event.context
    rows[row, OTHER] = other
    prune_items(store, rules, account, event.at)
    listed = bits & rules.words[LISTED_BITS]
    if waited and listed:
        ask_waiting(rules, programs, store, account, listed, event)


@uncounted_inner
def enter_group(rules: Rules, store: Store, account: int, group: int) -> None:
    """Note that an account has to do with a group, which may make keys of the pairs it stands in."""
    if not add_group(store, account, group) or rules.words[LOOSE] == 0:
        return
    row = first_item(store, account, WAITS)
    while row >= 0:
        partner = store.items.rows[row, OTHER]
        for book in range(len(rules.books)):
            if rules.books[book, GROUPED] and rules.books[book, LOOSE_BOOK]:
                put_todo(store, book, account, partner, group, True)
                put_todo(store, book, partner, account, group, True)
        row = (store.items.rows[row, LINK] & NEXT_ROW) - 1


@uncounted_inner
def move_about(rules: Rules, store: Store, event: Event, c: int, variant: int) -> None:
    """Take in what an event says of groups: joins and leaves, and rooms in which a step is taken."""
    bits = rules.variants[variant, BITS]
    move = rules.classes[c, MOVE]
    if move:
        enter_group(rules, store, event.actor, event.context)
        add_move(store, event.actor, event.context, event.at, move == 1)
    if bits & rules.words[ROOMS]:
        enter_group(rules, store, event.actor, event.context)
        if event.target >= 0:
            enter_group(rules, store, event.target, event.context)


@uncounted_inner
def work_off(rules: Rules, programs: Program, store: Store, floor: Array, room: Room) -> int:
    """Answer the keys that wait; gives why it stopped."""
    counts = store.counts
    if counts[TODOS] > len(store.todo):
        return FULL
    while counts[DONE] < counts[TODOS]:
        todo = store.todo[counts[DONE]]
        n = answer_key(rules, programs, store, floor, todo, room)
        if n == TOO_MANY:
            return LARGER
        if n == REFUSED:
            return ASK
        counts[DONE] += 1
        counts[ANSWERED] += 1
    counts[DONE] = counts[TODOS] = 0
    return OK


@uncounted_inner
def nearly_full(store: Store) -> bool:
    """Say whether too little memory is left to begin another event."""
    return bool(
        tight(store.pairs)
        or spent(store.nodes)
        or spent(store.items)
        or spent(store.answers)
        or tight(store.accounts)
        or tight(store.ways)
        or tight(store.index)
    )


@uncounted_inner
def take_in(
    rules: Rules, programs: Program, store: Store, c: int, event: Event, ref: int, sight: int
) -> None:
    """Take in an event of class `c`, whatever it may mean."""
    variant = rules.classes[c, FROM]
    forced = False
    if rules.classes[c, GROUPS]:
        variant = first_bits(rules, store, c, event.actor, event.target, event.at, sight)
        if variant < 0:
            variant = -1 - variant
            forced = True
    wide = rules.words[WIDE] != 0
    two = event.target >= 0 and event.target != event.actor
    if wide and event.context >= 0:
        move_about(rules, store, event, c, variant)
    if two:
        meet(rules, programs, store, event, ref, variant, forced)
    if wide:
        beside(rules, programs, store, event, ref, variant, 0)
        if two:
            beside(rules, programs, store, event, ref, variant, 1)


@uncounted_inner
def class_of(columns: Columns, rules: Rules, k: int) -> tuple[int, int]:
    """Class one event of a batch, also by its platform."""
    others = len(rules.platforms) - 1
    code = columns.kinds[columns.kind[k]] * MARKS
    if len(columns.marks):
        code += columns.marks[k]
    visibility = columns.visibility[k] if len(columns.visibility) else -1
    platform = columns.platform[k] if len(columns.platform) else -1
    sight = rules.platforms[platform if 0 <= platform < others else others]
    place = (code * SIGHTS + visibility % SIGHTS) * rules.words[SIGHTS_SEEN] + sight
    return rules.lut[place], sight


@uncounted_inner
def pass_over(
    i: int,
    n: int,
    columns: Columns,
    rules: Rules,
    pairs: Map,
    counts: Array,
) -> int:
    """Take in the events that only begin chains, and pass over those that can carry none on.

    Returns:
        The first event that needs more than this, or `n`.
    """
    # Arrays are named once: taking them out of their tuples in the loop would cost more than the loop.
    ats, kind, kinds, actors, targets = (
        columns.at,
        columns.kind,
        columns.kinds,
        columns.actor,
        columns.target,
    )
    refs, marks, visibility, platforms = (
        columns.ref,
        columns.marks,
        columns.visibility,
        columns.platform,
    )
    lut, variants, classes, sight_of = rules.lut, rules.variants, rules.classes, rules.platforms
    slots, directory, segments, head = pairs.slots, pairs.directory, pairs.segments, pairs.head
    words = rules.words
    marked, sighted = len(marks) > 0, len(visibility) > 0
    placed, named = len(platforms) > 0, len(refs) > 0
    others, sights = len(sight_of) - 1, words[SIGHTS_SEEN]
    wide = words[WIDE] != 0
    toward, back = words[TOWARD], words[BACK]
    sure = words[START] | words[LOOSE]
    # What only begins a chain, and is neither listed nor waited for, needs no more than its slot.
    begins = words[STARTERS] & ~(words[LISTED_BITS] | words[WAITED])
    shift = WHOLE - np.uint64(head[DEPTH])
    before, looked = counts[TAKEN_IN] - i, 0
    sight = sight_of[others]
    met = counts[SIGHTS_MET]
    k = i
    while k < n:
        code = kinds[kind[k]] * MARKS
        if marked:
            code += np.int64(marks[k])
        code = (code * SIGHTS + ((visibility[k] % SIGHTS) if sighted else SIGHTS - 1)) * sights
        if placed:
            platform = platforms[k]
            sight = sight_of[platform if 0 <= platform < others else others]
        c = lut[code + sight]
        if c == 0:
            k += 1
            continue
        if wide or classes[c, GROUPS]:
            break
        looked += 1
        variant = classes[c, FROM]
        bits = variants[variant, BITS] & (toward | back)
        actor, target = actors[k], targets[k]
        if bits == 0 or target < 0 or target == actor:
            k += 1
            continue
        by_low = actor < target
        lo = actor if by_low else target
        hi = target if by_low else actor
        h = mixed(lo, hi)
        segment = directory[np.int64(h >> shift)]
        place = np.int64(h & PLACE)
        s = segment * SEGMENT + place
        while slots[s, WORD] != 0 and (slots[s, LO] != lo or slots[s, HI] != hi):
            place = (place + 1) & (SEGMENT - 1)
            s = segment * SEGMENT + place
        old = slots[s, WORD]
        can = bits & (sure | (slots[s, OPENS] if old else 0))
        if can == 0:
            k += 1
            continue
        way = BY_LOW if by_low else 0
        if can & ~begins != 0:
            looked -= 1
            break
        if bits != can:
            variant = variants[variant, BEGIN]
            bits = variants[variant, BITS] & (toward | back)
            if bits != can:
                looked -= 1
                break
        if old:
            turns = (old & BY_LOW) != way and (bits & toward) != (bits & back)
            if old >> VARIANT != variant or turns:
                looked -= 1
                break
            slots[s, WORD] = (old & ~BY_LOW) | way
        else:
            if segments[segment, COUNT] >= LIMIT:
                looked -= 1
                break
            slots[s, LO] = lo
            slots[s, HI] = hi
            slots[s, WORD] = (variant << VARIANT) | IN_USE | way
            slots[s, OPENS] = variants[variant, ALL_NEXT]
            segments[segment, COUNT] += 1
            head[ENTRIES] += 1
            met |= 1 << sight
        slots[s, HEAD_AT] = ats[k]
        slots[s, HEAD_REF] = refs[k] if named else before + k
        k += 1
    counts[TAKEN_IN] += k - i
    counts[EVENTS] += looked
    counts[SIGHTS_MET] = met
    return k


@uncounted
def feed(
    i: int,
    n: int,
    columns: Columns,
    rules: Rules,
    programs: Program,
    floor: Array,
    store: Store,
    room: Room,
) -> tuple[int, int]:
    """Take in events.

    Args:
        i, n: from which row to which; what an earlier call left to be answered is answered first.
        columns: the batch.
        rules, programs: of the pass.
        floor: int64, (p): the earliest step that may be listed.
        store: what is kept.
        room: scratch.

    Returns:
        The row to go on with, and why it came back.
    """
    counts = store.counts
    if counts[TODOS]:
        why = work_off(rules, programs, store, floor, room)
        if why != OK:
            return i, why
    while True:
        i = pass_over(i, n, columns, rules, store.pairs, counts)
        if i == n:
            break
        if nearly_full(store):
            return i, FULL
        c, sight = class_of(columns, rules, i)
        ref = columns.ref[i] if len(columns.ref) else counts[TAKEN_IN]
        context = columns.context[i] if len(columns.context) else -1
        event = Event(columns.at[i], columns.actor[i], columns.target[i], context)
        counts[TAKEN_IN] += 1
        counts[EVENTS] += 1
        counts[SIGHTS_MET] |= 1 << sight
        i += 1
        take_in(rules, programs, store, c, event, ref, sight)
        if counts[TODOS]:
            why = work_off(rules, programs, store, floor, room)
            if why != OK:
                return i, why
    if n > 0:
        counts[NOW] = columns.at[n - 1]
    return i, OK


@uncounted
def settle(programs: Program, store: Store, floor: Array, room: Room, furthest: int) -> None:
    """Keep the answer of the key that `feed` asked about, which stands in the scratch's `taken`."""
    counts = store.counts
    todo = store.todo[counts[DONE]]
    book = todo[TODO_BOOK]
    listed = furthest if furthest >= floor[book] else NOTHING
    keep_answer(one_program(programs, book), store, todo, listed, room, counts[GATHERED])
    counts[DONE] += 1
    counts[ANSWERED] += 1


@uncounted
def count_live(rules: Rules, store: Store, now: int) -> int:
    """Count the pairs that an event may still carry on."""
    slots, nodes = store.pairs.slots, store.nodes.rows
    live = 0
    for s in range(store.pairs.head[SEGMENTS] * SEGMENT):
        link, at = slots[s, WORD], slots[s, HEAD_AT]
        while link:
            if at + rules.variants[link >> VARIANT, LINGER] >= now:
                live += 1
                break
            row = (link & NEXT_ROW) - 1
            if row < 0:
                break
            link, at = nodes[row, LINK], nodes[row, AT]
    return live

"""Taking in an event between two accounts: what it may carry on, what is kept, which keys are asked anew."""

from __future__ import annotations

from typing import Final

from undertow.compiled import inlined, uncounted_inner
from undertow.engines.stream_kernel_bits import lowest
from undertow.engines.stream_kernel_gather import WARM, Event, one_program, suits
from undertow.engines.stream_kernel_lists import answer_row, first_item, push_item, put_todo
from undertow.engines.stream_kernel_narrow import narrowed
from undertow.engines.stream_kernel_store import (
    AT,
    BY_LOW,
    FURTHEST,
    GROUPS_OF,
    HEAD_AT,
    LINK,
    NEXT_ROW,
    OPENS,
    OPTIONALS,
    OTHER,
    SIGHTS_MET,
    TAKEN_IN,
    VARIANT,
    WAITING,
    WAITS,
    Store,
    claim_pair,
    keep_live,
    push_pair,
    supersede,
    turned,
)
from undertow.engines.stream_kernel_tables import WORD, claim, find
from undertow.engines.stream_rules import (
    BEFORE,
    BEGIN,
    BITS,
    FIRSTS,
    FROM,
    GROUP_OF_FIRST,
    GROUPED,
    GROUPS,
    LEAST,
    LISTED_BITS,
    LOOSE,
    LOOSE_BOOK,
    MOST,
    NEXT,
    NUMBER_OF_FIRST,
    OFFSET,
    PAIRED_BACK,
    PAIRED_TOWARD,
    ROOM_ENDS,
    SAME_BITS,
    SIGHT,
    SIZE,
    START,
    STARTERS,
    TRIMS,
    WAITED,
    WIDEST_ALL,
    Rules,
)
from undertow.matches.kernel_rules import Key
from undertow.matches.program import KEY_ROLES, Program

TRIMMED_EVERY: Final = 7
"""Of events that lengthen a list one in eight also lets go of what is too old in it; as bits of its number."""


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
        return int(variant)
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
    return int(-1 - variant) if warm else int(variant)


@inlined
def with_same(rules: Rules, bits: int, found: int) -> int:
    """Add the steps that may use the event of a step before them to those that an event can take."""
    rest = bits & rules.words[SAME_BITS] & ~found
    while rest:
        g = lowest(rest)
        rest &= rest - 1
        if rules.steps[g, BEFORE] & found:
            found |= 1 << g
    return found


@inlined
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
            while mine:
                i = lowest(mine)
                mine &= mine - 1
                near = rules.steps[i, NEXT] & left
                while near:
                    j = lowest(near)
                    near &= near - 1
                    if at - moment <= rules.wide[i, j]:
                        if side == 0:
                            found_low |= 1 << j
                        else:
                            found_high |= 1 << j
        if found_low == low and found_high == high:
            break
        row = (link & NEXT_ROW) - 1
        if row < 0:
            break
        link, moment = nodes.rows[row, LINK], nodes.rows[row, AT]
    return found_low, found_high


@uncounted_inner
def with_enough(rules: Rules, store: Store, s: int, bits: int, low_first: bool) -> int:
    """Leave out the counted steps for which a pair has too few events.

    Args:
        rules, store: as everywhere here.
        s: the pair's slot.
        bits: steps in which a chain may end now.
        low_first: whether the lower account is the key's first.
    """
    rest = bits
    while rest:
        g = lowest(rest)
        rest &= rest - 1
        missing = rules.steps[g, LEAST]
        link = store.pairs.slots[s, WORD] if missing > 1 else 0
        while link:
            toward = ((link & BY_LOW) != 0) == low_first
            missing -= turned(rules.variants[link >> VARIANT, BITS], rules, toward) >> g & 1
            row = (link & NEXT_ROW) - 1
            link = store.nodes.rows[row, LINK] if row >= 0 and missing > 0 else 0
        if missing > 0 and rules.steps[g, LEAST] > 1:
            bits &= ~(1 << g)
    return bits


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
        else:
            variant = narrowed(rules, variant, can)
        link = (variant << VARIANT) | (BY_LOW if by_low else 0)
        placed = False
        if (low | high) & ~rules.words[STARTERS] == 0 and store.pairs.slots[s, WORD]:
            placed = supersede(store, rules, s, link, at, ref)
        if not placed:
            push_pair(store, rules, s, link, at, ref, event.context)
            if rules.words[TRIMS] and store.counts[TAKEN_IN] & TRIMMED_EVERY == 0:
                keep_live(store, rules, s, at)
        opens, rest = 0, can
        while rest:
            opens |= rules.steps[lowest(rest), NEXT]
            rest &= rest - 1
        store.pairs.slots[s, OPENS] |= opens
        if can & rules.words[WAITED]:
            register(store, s, lo, hi)
    if can & rules.words[LISTED_BITS] or news_low | news_high:
        for book in range(len(rules.books)):
            own = ((1 << rules.books[book, SIZE]) - 1) << rules.books[book, OFFSET]
            reached = can_low & rules.words[LISTED_BITS] & own
            reached = with_enough(rules, store, s, reached, True)
            if reached or news_low & own:
                news = news_low & own != 0
                ask_for(rules, programs, store, book, lo, hi, reached, event, news)
            reached = can_high & rules.words[LISTED_BITS] & own
            reached = with_enough(rules, store, s, reached, False)
            if reached or news_high & own:
                news = news_high & own != 0
                ask_for(rules, programs, store, book, hi, lo, reached, event, news)

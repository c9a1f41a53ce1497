"""Taking in events beside a pair: those of free roles, and what says who is in which group."""

from __future__ import annotations

from undertow.compiled import uncounted_inner
from undertow.engines.stream_kernel_gather import Event
from undertow.engines.stream_kernel_lists import (
    add_group,
    add_move,
    first_item,
    prune_items,
    push_item,
    put_todo,
)
from undertow.engines.stream_kernel_meet import ask_for
from undertow.engines.stream_kernel_store import (
    AT,
    BY_LOW,
    CONTEXT,
    LINK,
    NEXT_ROW,
    ORDER,
    OTHER,
    REF,
    SIDES,
    TAKEN_IN,
    VARIANT,
    WAITS,
    Store,
)
from undertow.engines.stream_kernel_tables import WORD, find, give
from undertow.engines.stream_rules import (
    AFTER,
    BITS,
    ENDS,
    GROUPED,
    LISTED_BITS,
    LOOSE,
    LOOSE_BOOK,
    MOVE,
    OFFSET,
    ROOMS,
    SIDE_ACTOR,
    SIDE_TARGET,
    SIZE,
    Rules,
)
from undertow.matches.program import KEY_ROLES, Program


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

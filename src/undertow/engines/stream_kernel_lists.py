"""Lists of the live engine by account: side events, partners that wait, groups; and the answers given so far."""

from __future__ import annotations

from undertow.compiled import uncounted_inner
from undertow.engines.stream_kernel_store import (
    AT,
    DROPPED,
    FORCED,
    GROUPS_OF,
    LINK,
    NEXT_ROW,
    OTHER,
    PUSHES,
    ROW_A,
    ROW_BOOK,
    ROW_GROUP,
    ROW_NEXT,
    SIDES,
    TODO_A,
    TODO_B,
    TODO_BOOK,
    TODO_GROUP,
    TODOS,
    VARIANT,
    Store,
)
from undertow.engines.stream_kernel_tables import WORD, claim, find, give, take
from undertow.engines.stream_rules import REACH, Rules


@uncounted_inner
def first_item(store: Store, account: int, kind: int) -> int:
    """Find the newest row of an account's list, -1: none."""
    s = find(store.accounts, account, kind)
    return int(store.accounts.slots[s, WORD] >> 1) - 1 if s >= 0 else -1


@uncounted_inner
def push_item(store: Store, account: int, kind: int) -> int:
    """Make a new row the newest of an account's list; gives the row, with its next row linked."""
    s = claim(store.accounts, account, kind, store.spare)
    slots, items = store.accounts.slots, store.items
    row = take(items)
    items.rows[row, LINK] = slots[s, WORD] >> 1
    slots[s, WORD] = ((row + 1) << 1) | 1
    slots[s, PUSHES] += 1
    return row


@uncounted_inner
def prune_items(store: Store, rules: Rules, account: int, now: int) -> None:
    """Let go of an account's side events that cannot matter any more, once in 32 pushes."""
    s = find(store.accounts, account, SIDES)
    if s < 0 or store.accounts.slots[s, PUSHES] & 31:
        return
    items = store.items
    before = -1
    row = (store.accounts.slots[s, WORD] >> 1) - 1
    while row >= 0:
        link = items.rows[row, LINK]
        following = (link & NEXT_ROW) - 1
        if items.rows[row, AT] + rules.variants[link >> VARIANT, REACH] < now:
            if before < 0:
                store.accounts.slots[s, WORD] = ((following + 1) << 1) | 1
            else:
                items.rows[before, LINK] += following - row
            give(items, row)
            store.counts[DROPPED] += 1
        else:
            before = row
        row = following


@uncounted_inner
def add_group(store: Store, account: int, group: int) -> bool:
    """Note that an account has to do with a group; says whether that is new."""
    if find(store.accounts, account, group) >= 0:
        return False
    s = claim(store.accounts, account, group, store.spare)
    store.accounts.slots[s, WORD] = 1
    row = push_item(store, account, GROUPS_OF)
    store.items.rows[row, OTHER] = group
    return True


@uncounted_inner
def add_move(store: Store, account: int, group: int, at: int, joins: bool) -> None:
    """Note a join or a leave."""
    row = push_item(store, account, group)
    store.items.rows[row, AT] = at
    store.items.rows[row, OTHER] = 1 if joins else 0


@uncounted_inner
def is_member(store: Store, account: int, group: int, at: int) -> bool:
    """Look up the last join or leave before `at`; at equal times leave comes first."""
    rows = store.items.rows
    row = first_item(store, account, group)
    while row >= 0 and rows[row, AT] >= at:
        row = (rows[row, LINK] & NEXT_ROW) - 1
    last = rows[row, AT] if row >= 0 else 0
    while row >= 0 and rows[row, AT] == last:
        if rows[row, OTHER]:
            return True
        row = (rows[row, LINK] & NEXT_ROW) - 1
    return False


@uncounted_inner
def answer_row(store: Store, book: int, a: int, b: int, group: int) -> int:
    """Find a key's answer, -1 if there is none."""
    s = find(store.heads, min(a, b), max(a, b))
    if s < 0:
        return -1
    rows = store.answers.rows
    row = store.heads.slots[s, WORD] - 1
    while row >= 0:
        if (
            rows[row, ROW_BOOK] == book
            and rows[row, ROW_A] == a
            and rows[row, ROW_GROUP] == group
        ):
            return int(row)
        row = rows[row, ROW_NEXT] - 1
    return -1


@uncounted_inner
def put_todo(store: Store, book: int, a: int, b: int, group: int, forced: bool) -> None:
    """Remember to answer a key; where the list is full, counting on tells so."""
    k = store.counts[TODOS]
    store.counts[TODOS] += 1
    if k < len(store.todo):
        store.todo[k, TODO_BOOK] = book
        store.todo[k, TODO_A] = a
        store.todo[k, TODO_B] = b
        store.todo[k, TODO_GROUP] = group
        store.todo[k, FORCED] = forced

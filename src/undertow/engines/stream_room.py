"""Room for what the live engine keeps: made, filled from a checkpoint, and counted."""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.engines.stream_kernel_gather import AS_ROWS, Room
from undertow.engines.stream_kernel_narrow import name_variants
from undertow.engines.stream_kernel_pass import AHEAD, AHEAD_ROWS
from undertow.engines.stream_kernel_store import (
    ACCOUNT_SLOT,
    COUNTS,
    INDEX_SLOT,
    ITEM,
    NARROW_ROW,
    NARROW_SLOT,
    PAIR_ROW,
    TAKEN,
    TODO,
    WAY_SLOT,
    WIDE_SLOT,
    Store,
)
from undertow.engines.stream_kernel_tables import (
    DEPTH,
    SEGMENT,
    SEGMENTS,
    USED,
    Map,
    Pool,
    new_map,
    new_pool,
)
from undertow.engines.stream_rules import NARROWS, VARIANTS, Pass, Rules
from undertow.errors import UndertowError
from undertow.matches.kernel import scratch
from undertow.matches.program import Array

ROOM_AT_FIRST: Final = 256
"""Events of one key that there is room for at first; more where a key needs it."""
MAPS: Final = ("pairs", "accounts", "ways", "heads")
POOLS: Final = ("nodes", "items", "answers")
KINDS: Final = "variants"
"""Name in a checkpoint of the variants of the rules."""


def part_of(store: Store, name: str) -> Array:
    """Look up an array of a store by its name in a checkpoint."""
    owner, _, part = name.partition(".")
    whole: Array = getattr(getattr(store, owner), part) if part else getattr(store, owner)
    return whole


def in_use(store: Store) -> dict[str, Array]:
    """Give the parts of a store that are in use, by their names in a checkpoint; views."""
    kept = {"counts": store.counts}
    for name in MAPS:
        table: Map = getattr(store, name)
        used = int(table.head[SEGMENTS])
        kept[f"{name}.head"] = table.head
        kept[f"{name}.slots"] = table.slots[: used * SEGMENT]
        kept[f"{name}.segments"] = table.segments[:used]
        kept[f"{name}.directory"] = table.directory[: 1 << int(table.head[DEPTH])]
    for name in POOLS:
        pool: Pool = getattr(store, name)
        kept[f"{name}.head"] = pool.head
        kept[f"{name}.rows"] = pool.rows[: pool.head[USED]]
    return kept


def fill(whole: Array, given: Array, memory: int) -> None:
    """Copy the part of an array that was in use.

    Raises:
        UndertowError: `stream-memory` if it is longer than may be.
    """
    if len(given) > len(whole):
        raise too_large(memory)
    whole[: len(given)] = given


def fill_variants(rules: Rules, given: Array, memory: int) -> None:
    """Take over the variants that events turned out to need.

    Raises:
        UndertowError: `stream-memory` if there are more than there is room for.
    """
    fill(rules.variants, given, memory)
    rules.words[VARIANTS] = len(given)
    if rules.words[NARROWS]:
        name_variants(rules.variants, len(given), rules.named)


def maps_of(store: Store) -> list[Map]:
    """List the tables of a store."""
    return [getattr(store, name) for name in MAPS]


def pools_of(store: Store) -> list[Pool]:
    """List the pools of a store."""
    return [getattr(store, name) for name in POOLS]


def too_large(memory: int) -> UndertowError:
    """Give the fault of a state that has outgrown its memory."""
    return UndertowError(
        f"what is still open needs more than {memory >> 20} MiB",
        code="stream-memory",
        mend="allow more memory, or shorten the playbooks' windows",
    )


def new_store(one: Pass, memory: int) -> Store:
    """Reserve room for all that a pass may keep; pages that stay untouched cost nothing.

    Args:
        one: the pass.
        memory: bytes that each table may come to use.
    """
    wide = any(not book.plain for book in one.compiled)
    steps = max(len(book.plan) for book in one.compiled)
    slot = WIDE_SLOT if wide else NARROW_SLOT
    beside = memory if wide else 0
    answers = new_pool(TAKEN + 2 * steps, memory)
    return Store(
        pairs=new_map(slot, memory),
        nodes=new_pool(PAIR_ROW if wide else NARROW_ROW, memory),
        accounts=new_map(ACCOUNT_SLOT, beside),
        items=new_pool(ITEM, beside),
        ways=new_map(WAY_SLOT, memory if one.rules.classes[:, 1].any() else 0),
        heads=new_map(INDEX_SLOT, memory),
        answers=answers,
        changed=np.empty(len(answers.rows), np.int64),
        todo=np.empty((1 << 20, TODO), np.int64),
        spare=np.empty((SEGMENT, WIDE_SLOT), np.int64),
        counts=np.zeros(COUNTS, np.int64),
    )


def new_room(one: Pass, size: int) -> Room:
    """Make scratch for keys of up to so many events."""
    sights = one.programs.bounds.shape[1]
    return Room(
        scratch(one.programs.steps.shape[1], sights, size),
        np.empty((AS_ROWS, size), np.int64),
        np.empty((AHEAD_ROWS, AHEAD), np.int64),
    )

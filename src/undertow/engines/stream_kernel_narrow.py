"""What an event of a pair is kept as: the steps it can take behind what came before it, not all of its kind."""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.compiled import inlined, uncounted_inner
from undertow.engines.stream_kernel_bits import lowest
from undertow.engines.stream_rules import (
    ALL_NEXT,
    BEGIN,
    BITS,
    LINGER,
    LINGERS,
    MOST_VARIANTS,
    NARROWS,
    NEXT,
    PLACES,
    REACH,
    REACHES,
    SIGHT,
    VARIANTS,
    Rules,
)
from undertow.matches.program import Array

M1: Final = np.uint64(0x9E3779B97F4A7C15)
DOWN: Final = np.uint64(64 - (PLACES.bit_length() - 1))


@inlined
def first_place(bits: int) -> int:
    """Give the place of `Rules.named` with which to begin looking for a set of steps."""
    return int(np.int64((np.uint64(bits) * M1) >> DOWN))


@uncounted_inner
def made_narrow(rules: Rules, bits: int) -> int:
    """Find the variant of a set of steps or make it; -1 where there is no room for another."""
    named, variants, words = rules.named, rules.variants, rules.words
    place = first_place(bits)
    while named[place]:
        row = named[place] - 1
        if variants[row, BITS] == bits:
            return int(row)
        place = (place + 1) & (PLACES - 1)
    row = words[VARIANTS]
    if row == len(variants):
        return -1
    linger, reach, behind, rest = 0, 0, 0, bits
    while rest:
        g = lowest(rest)
        rest &= rest - 1
        linger = max(linger, rules.steps[g, LINGERS])
        reach = max(reach, rules.steps[g, REACHES])
        behind |= rules.steps[g, NEXT]
    variants[row, BITS] = bits
    variants[row, LINGER] = linger
    variants[row, REACH] = reach
    variants[row, SIGHT] = 0
    variants[row, ALL_NEXT] = behind
    variants[row, BEGIN] = row
    named[place] = row + 1
    words[VARIANTS] += 1
    return int(row)


@inlined
def narrowed(rules: Rules, variant: int, can: int) -> int:
    """Give the variant of an event that can take only some steps; its own where that is not known.

    A step that no chain can have reached when the event came is out of its reach for ever: it then matters
    for a shorter time, and to fewer steps.
    """
    bits = rules.variants[variant, BITS] & can
    if bits == rules.variants[variant, BITS] or rules.words[NARROWS] == 0:
        return variant
    made = made_narrow(rules, bits)
    return variant if made < 0 else made


def name_variants(variants: Array, used: int, named: Array) -> None:
    """Enter variants into the table by which they are found.

    Args:
        variants: of `Rules`.
        used: how many there are.
        named: of `Rules`, written.
    """
    named[:] = 0
    for row in range(used):
        bits = int(variants[row, BITS])
        place = ((bits * int(M1)) & ((1 << 64) - 1)) >> int(DOWN)
        while named[place] and int(variants[named[place] - 1, BITS]) != bits:
            place = (place + 1) & (PLACES - 1)
        if not named[place]:
            named[place] = row + 1


def with_room(variants: Array) -> tuple[Array, Array]:
    """Give variants with room for more, and the table by which they are found.

    Args:
        variants: those that are known from the playbooks, all of one class of platforms.
    """
    room = np.zeros((max(MOST_VARIANTS, 2 * len(variants)), variants.shape[1]), np.int64)
    room[: len(variants)] = variants
    named = np.zeros(PLACES, np.int64)
    name_variants(room, len(variants), named)
    return room, named

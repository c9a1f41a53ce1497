"""Compiled work of `sieve`: one walk over the bytes of texts, which ends at the first sign of anything."""

from __future__ import annotations

from typing import Final

from undertow.compiled import uncounted
from undertow.events.kernel_bytes import Array, byte

EDGE: Final = 0
SIGN: Final = 30
ODD: Final = 31
"""Kind of bytes that a text of plain ASCII does not hold."""
WORD: Final = 1
HOUSE: Final = 2
ENDING: Final = 3
"""What a four stands for: a word, or one of two that must both be there."""
BOTH: Final = (1 << (HOUSE - 1)) | (1 << (ENDING - 1))
FOUND: Final = 8
SINGLES: Final = 3
"""Single letters in a row that may be a word with its letters apart."""
FOURS: Final = 0xFFFFF
BEGIN: Final = 0xFFFE0
"""An edge behind what no text holds."""


@uncounted
def sift(
    begins: Array, address: int, rows: Array, kinds: Array, fours: Array, kept: Array
) -> None:
    """Say which texts hold a sign, an odd byte, single letters in a row, or one of the marked fours.

    Args:
        begins: int32, (n + 1): offsets of the texts.
        address: what they count to.
        rows: int64, (r): which texts.
        kinds: uint8, (256), as from `sieve.kinds`.
        fours: uint8: two bits for each four kinds in a row.
        kept: bool, (r), written.
    """
    for i in range(len(rows)):
        at, end = address + begins[rows[i]], address + begins[rows[i] + 1]
        last, singles, seen = BEGIN, 0, 0
        # An edge stands before and behind each text.
        while at <= end and seen < FOUND:
            kind = EDGE
            if at < end:
                kind = int(kinds[byte(at)])
                if kind >= SIGN:
                    seen = FOUND
                    break
            if kind == EDGE and last & 31 != EDGE:
                singles = singles + 1 if (last >> 5) & 31 == EDGE else 0
                if singles >= SINGLES:
                    seen = FOUND
                    break
            last = ((last << 5) | kind) & FOURS
            sort = (fours[last >> 2] >> (2 * (last & 3))) & 3
            if sort:
                seen |= 1 << (sort - 1) if sort != WORD else FOUND
                seen = FOUND if seen == BOTH else seen
            at += 1
        kept[i] = seen >= FOUND

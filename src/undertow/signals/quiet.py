"""The signal `goes_quiet_after_address`: an address is handed over, and hardly a word follows here.

The usual case where the talk goes on elsewhere. Honest people who meet or telephone go quiet as well, so by itself it is
shown to the reviewer and weighs nothing; what it is worth beside talk that lasts is measured (`scores.afterwards`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from undertow.units import DAY

Array = npt.NDArray[Any]

WITHIN: Final = 14 * DAY
"""How long silence must last; ours, the clock of the report (design, R6)."""
FEW: Final = 2
"""Messages between the two that still count as quiet: a thank you and an answer."""


def goes_quiet_after_address(
    at: Array, actor: Array, target: Array, talk: Array, address: Array, end: int
) -> tuple[Array, Array]:
    """Say which addresses were the end of a talk.

    Args:
        at: int64, µs, ascending, (n).
        actor: int64, codes, (n).
        target: int64, codes, (n), -1 for none.
        talk: bool, (n): direct messages.
        address: bool, (n): rows that hand an address over.
        end: last moment of the data, µs.

    Returns:
        bool, (n), and whether it is known: bool, (n), false where no address was handed over or the data
        end before the silence could be told.
    """
    quiet, known = np.zeros(len(at), bool), np.zeros(len(at), bool)
    rows = np.flatnonzero(talk & (target >= 0))
    size = int(max(actor.max(initial=0), target.max(initial=0))) + 1
    low, high = np.minimum(actor[rows], target[rows]), np.maximum(actor[rows], target[rows])
    pair = low.astype(np.int64) * size + high
    order = np.argsort(pair, kind="stable")
    rows, pair = rows[order], pair[order]
    stop = np.searchsorted(pair, pair, "right")
    place = np.arange(len(rows))
    later = np.minimum(place + FEW + 1, np.maximum(len(rows) - 1, 0))
    goes_on = (place + FEW + 1 < stop) & (at[rows[later]] <= at[rows] + WITHIN)
    asked = address[rows]
    known[rows[asked]] = at[rows[asked]] + WITHIN <= end
    quiet[rows[asked]] = ~goes_on[asked]
    return quiet & known, known

"""Traces of operators who are supervised, or take turns at one account: from times alone, and never evidence.

Helplines work in shifts and ask a colleague before they answer; both look the same from outside.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from undertow.units import DAY, HOUR, MINUTE

Array = npt.NDArray[Any]

PAUSE: Final = 4 * HOUR
"""Silence that ends a stretch of work."""
STRETCH_LEAST: Final = 4
"""Messages from which the middle of a stretch is told."""
EACH_LEAST: Final = 3
"""Stretches that each of two parts of the day needs."""
SHIFT: Final = 6
"""Hours of a part of the day; two of them lie half a day apart."""
IN_SHIFTS: Final = 0.9
"""Share of the stretches that must lie in one of the two parts."""
QUICK: Final = 15 * MINUTE
SLOW: Final = HOUR
BUSY: Final = 3
"""Messages to others in between from which somebody was there and did not answer."""
SLOW_LEAST: Final = 3


def works_in_shifts(at: Array, actor: Array, size: int) -> Array:
    """Count the stretches of work in the rarer of two parts of the day: int64, (size), 0 for no shifts.

    A stretch ends with a silence of `PAUSE`; one of at least `STRETCH_LEAST` messages has a middle hour. Shifts are
    there if two parts of the day, half a day apart, each hold the middle of at least `EACH_LEAST` stretches, and
    together of nearly all.

    Args:
        at: int64, µs, (n).
        actor: int64, codes below `size`, (n).
        size: number of accounts.
    """
    order = np.lexsort((at, actor))
    at, actor = at[order], actor[order]
    begins = np.append(True, (np.diff(actor) != 0) | (np.diff(at) > PAUSE))[: len(at)]
    of = np.cumsum(begins) - 1
    many = np.bincount(of)
    angle = 2 * np.pi * (at % DAY) / DAY
    east = np.bincount(of, weights=np.cos(angle))
    north = np.bincount(of, weights=np.sin(angle))
    hour = np.floor(np.arctan2(north, east) / (2 * np.pi) * 24).astype(np.int64) % 24
    told = many >= STRETCH_LEAST
    who, hour = actor[begins][told], hour[told]
    every = np.bincount(who, minlength=size)
    counts = np.bincount(who * 24 + hour, minlength=size * 24).reshape(size, 24)
    rarer = np.zeros(size, np.int64)
    for begin in range(12):
        one = counts[:, [(begin + n) % 24 for n in range(SHIFT)]].sum(axis=1)
        other = counts[:, [(begin + 12 + n) % 24 for n in range(SHIFT)]].sum(axis=1)
        fits = (np.minimum(one, other) >= EACH_LEAST) & (one + other >= IN_SHIFTS * every)
        rarer = np.where(fits, np.maximum(rarer, np.minimum(one, other)), rarer)
    return rarer


def asks_before_answering(at: Array, actor: Array, target: Array, chosen: Array) -> Array:
    """Count answers that came late although the account wrote to others meanwhile: int64, (size), 0 for no such habit.

    An answer is the first message back after one or more that waited. Half of all answers of the account must be
    quick (`QUICK`), or it is only slow; at least `SLOW_LEAST` must be late (`SLOW`) with `BUSY` messages to others in
    between.

    Args:
        at: int64, µs, ascending, (n): direct messages.
        actor: int64, codes, (n).
        target: int64, codes, (n).
        chosen: bool, (size): accounts to ask about.
    """
    size = len(chosen)
    out, back = chosen[actor], chosen[target] & (actor != target)
    who = np.concatenate([actor[out], target[back]]).astype(np.int64)
    other = np.concatenate([target[out], actor[back]]).astype(np.int64)
    when = np.concatenate([at[out], at[back]])
    own = np.concatenate([np.ones(int(out.sum()), bool), np.zeros(int(back.sum()), bool)])
    order = np.lexsort((when, other, who))
    who, other, when, own = who[order], other[order], when[order], own[order]
    pair_begins = np.append(True, (np.diff(who) != 0) | (np.diff(other) != 0))[: len(who)]
    begins = pair_begins | np.append(True, own[1:] != own[:-1])[: len(own)]
    # The first row of each stretch in one direction; an answer is the first of its own after one that waited.
    first = np.flatnonzero(begins)
    answers = np.flatnonzero(own[first] & ~pair_begins[first])
    late = when[first[answers]] - when[first[answers - 1]]
    account = who[first[answers]]
    sent = np.sort(who[own] * _span(at) + _second(when[own], at))
    low = account * _span(at) + _second(when[first[answers - 1]], at)
    high = account * _span(at) + _second(when[first[answers]], at)
    meanwhile = np.searchsorted(sent, high, "left") - np.searchsorted(sent, low, "right")
    asked = (late >= SLOW) & (meanwhile >= BUSY)
    many = np.bincount(account, minlength=size)
    quick = np.bincount(account, weights=late <= QUICK, minlength=size)
    slow = np.bincount(account[asked], minlength=size)
    return np.asarray(np.where((slow >= SLOW_LEAST) & (2 * quick >= many), slow, 0))


def _second(when: Array, at: Array) -> Array:
    return (when - (at[0] if len(at) else 0)) // 1_000_000


def _span(at: Array) -> int:
    return int((at[-1] - at[0]) // 1_000_000) + 1 if len(at) else 1

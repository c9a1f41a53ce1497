"""Meetings: the public word, the follow and the follow back around a pair's first direct message.

One function for ordinary pairs, look-alikes and campaigns: only chances differ. Delays are broad
log-normals, drawn per meeting; no detector reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from undertow.units import HOUR
from undertow.worlds.background import Background
from undertow.worlds.rows import FOLLOW, MENTION, REPLY, Bools, Floats, Ints, Rows, joined, rows
from undertow.worlds.talks import Talks

TO_FOLLOW: Final = (5 * HOUR, 1.5)
TO_FOLLOW_BACK: Final = (8 * HOUR, 1.4)
TO_MESSAGE: Final = (19 * HOUR, 1.4)
"""Median (µs) and log deviation of each delay; ours, so broad that a window catches only a part."""
AFTERWARDS: Final = 0.25
"""Share of pairs that follow each other only after the first message; ours."""
FOLLOWED_FIRST: Final = 0.3
"""Share of mutual follows that the approached side begins; ours."""
WORD_ANSWERED: Final = 0.4


@dataclass(frozen=True)
class Meetings:
    """Pairs about to write to each other: columns of equal length, chances from 0 to 1.

    Attributes:
        first_at: time of the first direct message, µs.
        door: account that is approached, followed, and follows back.
        other: the other side.
        word: chance of a public word before.
        by_other: chance that the word is the other side's.
        follow: chance that the other side follows.
        back: chance that it is followed back.
        pace: factor on all delays.
    """

    first_at: Ints
    door: Ints
    other: Ints
    word: Floats
    by_other: Floats
    follow: Floats
    back: Floats
    pace: Floats


def delay(size: tuple[int, float], pace: Floats, rng: np.random.Generator) -> Ints:
    """Draw broad log-normal delays in µs, scaled by `pace`."""
    median, spread = size
    drawn = median * pace * np.exp(rng.normal(0.0, spread, len(pace)))
    return drawn.astype(np.int64)


def meet(
    meetings: Meetings,
    background: Background,
    talks: Talks,
    *,
    types: tuple[int, ...],
    origin: int,
    rng: np.random.Generator,
) -> tuple[Rows, Bools, Bools]:
    """Play meetings out.

    Args:
        meetings: the pairs, (n).
        background: whose times are kept to.
        talks: whose reply gaps are drawn.
        types: type codes that may be generated.
        origin: code of `habits.KINDS` for all rows.
        rng: chance.

    Returns:
        The rows (some may lie outside the background's time), and for each pair whether a public
        word and whether a follow back took place.
    """
    m, count = meetings, len(meetings.first_at)
    later = rng.random(count) < AFTERWARDS
    back_at = background.near(m.first_at - delay(TO_MESSAGE, m.pace, rng), rng, back=True)
    follow_at = background.near(back_at - delay(TO_FOLLOW_BACK, m.pace, rng), rng, back=True)
    word_at = background.near(follow_at - delay(TO_FOLLOW, m.pace, rng), rng, back=True)
    late_follow = background.near(m.first_at + delay(TO_MESSAGE, m.pace, rng), rng)
    late_back = background.near(late_follow + delay(TO_FOLLOW_BACK, m.pace, rng), rng)
    follow_at = np.where(later, late_follow, follow_at)
    back_at = np.where(later, late_back, back_at)
    swapped = rng.random(count) < FOLLOWED_FIRST
    follow_at, back_at = (
        np.where(swapped, back_at, follow_at),
        np.where(swapped, follow_at, back_at),
    )
    follows = rng.random(count) < m.follow
    backs = rng.random(count) < np.where(follows, m.back, m.back / 4)
    worded = rng.random(count) < m.word
    pieces = []
    if FOLLOW in types:
        pieces.append(_rows(follows, follow_at, m.other, m.door, FOLLOW, origin))
        pieces.append(_rows(backs, back_at, m.door, m.other, FOLLOW, origin))
    if MENTION in types or REPLY in types:
        from_other = rng.random(count) < m.by_other
        said = np.where(from_other, m.other, m.door)
        heard = np.where(from_other, m.door, m.other)
        kind = np.where(rng.random(count) < 0.72, MENTION, REPLY)
        kind = np.where(np.isin(kind, types), kind, types[0])
        pieces.append(_rows(worded, word_at, said, heard, kind, origin))
        again = worded & (rng.random(count) < WORD_ANSWERED)
        gap = np.minimum(talks.gaps(count, rng), np.maximum(m.first_at - word_at, 0))
        reply_at = background.rounded(word_at + np.maximum(gap, background.resolution))
        pieces.append(_rows(again, reply_at, heard, said, REPLY, origin))
    return joined(pieces), worded, backs


def _rows(
    chosen: Bools, at: Ints, actor: Ints, target: Ints, kind: Ints | int, origin: int
) -> Rows:
    kinds = np.broadcast_to(np.asarray(kind, dtype=np.int64), at.shape)
    return rows(at[chosen], actor[chosen], target[chosen], kinds[chosen], origin)

"""Events by day and channel: where a day is empty, nothing that is looked for could have been seen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from undertow.events.log import EventLog, type_code
from undertow.events.table import TYPES, VISIBILITIES
from undertow.units import DAY

MOST: Final = 400
"""Days told of, the newest: a year, and the month before it to compare with."""
MOST_CHANNELS: Final = 60
"""Channels told of, those with most events: a page of them; more are counted."""
CHANNELS: Final = ("public", "group", "direct")
"""Classes of what can be read, as sources declare them, narrowest last."""
_OF: Final = {"group": 1, "direct": 2}
_MESSAGE: Final = type_code("message")


def days_seen(log: EventLog) -> dict[str, Any]:
    """Count events by day and channel.

    Args:
        log: in total order; rows of one event with several targets count each.

    Returns:
        `first`: the first day counted, days since 1970 (UTC); None for an empty log. `channels`: one entry per
        platform and class that has an event on any of these days, with `platform` (None where events name none),
        `class` (of `CHANNELS`), and `events`, one count a day up to the last day of the log. `left_out`: channels
        beyond `MOST_CHANNELS`, those with fewest events. `types`: one entry per type that was seen, with `type` and
        `events` in the same way.
    """
    if not len(log):
        return {"first": None, "channels": [], "left_out": 0, "types": []}
    last = int(log.at[-1]) // DAY
    first = max(int(log.at[0]) // DAY, last - MOST + 1)
    ends = np.searchsorted(log.at, np.arange(first, last + 2, dtype=np.int64) * DAY)
    many = len(CHANNELS) * (len(log.platforms) + 1)
    whole = np.zeros(many, np.int64)
    types = np.zeros((last - first + 1, len(TYPES)), np.int64)
    by_day: list[tuple[np.ndarray, np.ndarray]] = []
    for day in range(last - first + 1):
        rows = slice(int(ends[day]), int(ends[day + 1]))
        channel = (log.platform[rows].astype(np.int64) + 1) * len(CHANNELS) + _class(log, rows)
        counted = np.bincount(channel, minlength=many)
        whole += counted
        types[day] = np.bincount(log.type[rows], minlength=len(TYPES))
        held = np.flatnonzero(counted)
        by_day.append((held, counted[held]))
    seen = np.flatnonzero(whole)
    kept = np.sort(seen[np.argsort(-whole[seen], kind="stable")][:MOST_CHANNELS])
    table = np.zeros((len(by_day), len(kept)), np.int64)
    for day, (held, counted) in enumerate(by_day):
        is_kept = np.isin(held, kept)
        table[day, np.searchsorted(kept, held[is_kept])] = counted[is_kept]
    names = [None, *log.platforms.to_pylist()]
    return {
        "first": first,
        "channels": [
            {
                "platform": names[column // len(CHANNELS)],
                "class": CHANNELS[column % len(CHANNELS)],
                "events": table[:, place].tolist(),
            }
            for place, column in enumerate(kept.tolist())
        ],
        "left_out": len(seen) - len(kept),
        "types": [
            {"type": TYPES[column], "events": types[:, column].tolist()}
            for column in np.flatnonzero(types.any(axis=0)).tolist()
        ],
    }


def _class(log: EventLog, rows: slice) -> np.ndarray:
    """Say of each row in which class it could be read: int64, index into `CHANNELS`.

    Where nobody said, a message in a room is a group's, another message is direct, and all else is public.
    """
    known = np.array([*(_OF.get(word, 0) for word in VISIBILITIES), 0], np.int64)
    found: np.ndarray = known[log.visibility[rows]]
    unsaid = (log.visibility[rows] < 0) & (log.type[rows] == _MESSAGE)
    found[unsaid] = np.where(log.context[rows][unsaid] < 0, 2, 1)
    return found

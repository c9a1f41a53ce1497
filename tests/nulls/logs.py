"""Random small logs: events of a few accounts over a few days, with addresses and scripts of their own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from undertow.events.log import EventLog, type_code
from undertow.units import DAY

WORDS = ("message", "mention", "follow", "like", "join")


def log_of(seed: int, *, accounts: int = 12, rows: int = 80, days: int = 5) -> EventLog:
    """Make a log; every third message hands over an address of its sender, now and then a shared one."""
    rng = np.random.default_rng(seed)
    type_ = np.array([type_code(word) for word in WORDS], np.int8)[rng.integers(0, 5, rows)]
    actor = rng.integers(0, accounts, rows).astype(np.int32)
    target = rng.integers(-1, accounts, rows).astype(np.int32)
    message = (type_ == type_code("message")) & (target >= 0)
    gives = message & (rng.random(rows) < 0.4)
    own = np.where(rng.random(rows) < 0.2, 0, actor.astype(np.int64))
    wordy = message & (rng.random(rows) < 0.4)
    handed = np.where(gives, own, -1)
    return EventLog(
        id=pa.chunked_array([pa.array([f"{n:04}" for n in range(rows)])]),
        type=type_,
        at=np.sort(rng.integers(0, days * DAY, rows)),
        actor=actor,
        target=target,
        context=np.full(rows, -1, np.int32),
        visibility=np.zeros(rows, np.int8),
        platform=rng.integers(0, 2, rows).astype(np.int32),
        marks={
            "address": gives,
            "link": np.zeros(rows, bool),
            "direct": message,
            "handed": handed,
            "script": np.where(wordy, (own + 1) % accounts, -1),
            "listed": handed == 3,
        },
        accounts=pa.array([f"p:{n:02}" for n in range(accounts)]),
        contexts=pa.array([], pa.string()),
        platforms=pa.array(["p", "q"]),
    )


def multiset(*columns: np.ndarray) -> list[tuple]:
    """Give rows of columns as a sorted list: equal lists, equal multisets."""
    return sorted(zip(*(column.tolist() for column in columns), strict=True))

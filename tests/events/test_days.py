"""Events by day and channel, held to a count by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.events import days
from undertow.events.days import CHANNELS, MOST, days_seen
from undertow.events.log import EventLog
from undertow.events.table import TYPES, VISIBILITIES
from undertow.export.folder import Days
from undertow.units import DAY, HOUR

PLATFORMS = ["chat", "forum"]
ROW = st.tuples(
    st.integers(0, 500 * 24),
    st.sampled_from(TYPES),
    st.sampled_from([None, *VISIBILITIES]),
    st.sampled_from([None, *PLATFORMS]),
    st.booleans(),
)


def log_of(rows: list[Any]) -> EventLog:
    rows = sorted(rows, key=lambda one: one[0])
    n = len(rows)
    nobody = np.full(n, -1, np.int32)
    return EventLog(
        id=pa.chunked_array([[str(i) for i in range(n)]], pa.string()),
        type=np.array([TYPES.index(one[1]) for one in rows], np.int8),
        at=np.array([one[0] * HOUR for one in rows], np.int64),
        actor=nobody,
        target=nobody,
        context=np.array([0 if one[4] else -1 for one in rows], np.int32),
        visibility=np.array(
            [-1 if one[2] is None else VISIBILITIES.index(one[2]) for one in rows], np.int8
        ),
        platform=np.array(
            [-1 if one[3] is None else PLATFORMS.index(one[3]) for one in rows], np.int32
        ),
        marks={},
        accounts=pa.array([], pa.string()),
        contexts=pa.array(["room"]),
        platforms=pa.array(PLATFORMS),
    )


def by_hand(rows: list[Any]) -> Counter[tuple[str | None, str, int]]:
    """Count one row at a time."""
    counted: Counter[tuple[str | None, str, int]] = Counter()
    for hour, type_, seen, platform, in_room in rows:
        if seen in ("group", "direct"):
            kind = seen
        elif seen is None and type_ == "message":
            kind = "group" if in_room else "direct"
        else:
            kind = "public"
        counted[platform, kind, hour // 24] += 1
    return counted


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=60))
def test_every_event_of_the_newest_days_is_counted_once(rows: list[Any]) -> None:
    told = days_seen(log_of(rows))
    last = max(one[0] for one in rows) // 24
    kept = {key: many for key, many in by_hand(rows).items() if key[2] > last - MOST}
    found = {
        (one["platform"], one["class"], told["first"] + day): many
        for one in told["channels"]
        for day, many in enumerate(one["events"])
        if many
    }
    assert found == kept
    types: Counter[tuple[str, int]] = Counter()
    for hour, type_, *_ in rows:
        if hour // 24 > last - MOST:
            types[type_, hour // 24] += 1
    assert types == {
        (one["type"], told["first"] + day): many
        for one in told["types"]
        for day, many in enumerate(one["events"])
        if many
    }
    assert all(one["class"] in CHANNELS for one in told["channels"])
    assert all(told["first"] + len(one["events"]) - 1 == last for one in told["channels"])


def test_of_many_channels_those_with_most_events_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(days, "MOST_CHANNELS", 2)
    rows = [
        *[(h, "post", None, "chat", False) for h in (0, 30, 60)],
        *[(h, "message", None, "chat", False) for h in (1, 31)],
        (2, "post", None, "forum", False),
    ]
    told = days_seen(log_of(rows))
    assert [(one["platform"], one["class"], one["events"]) for one in told["channels"]] == [
        ("chat", "public", [1, 1, 1]),
        ("chat", "direct", [1, 1, 0]),
    ]
    assert told["left_out"] == 1


def test_no_event_gives_no_day() -> None:
    assert days_seen(log_of([])) == {
        "first": None,
        "channels": [],
        "left_out": 0,
        "types": [],
    }


def test_what_is_counted_is_what_the_desk_reads() -> None:
    told = days_seen(
        log_of([(30, "message", None, "chat", False), (90, "post", None, None, False)])
    )
    read = msgspec.convert(told, Days)
    assert read.first == 1
    assert [(one.platform, one.kind, one.events) for one in read.channels] == [
        (None, "public", (0, 0, 1)),
        ("chat", "direct", (1, 0, 0)),
    ]
    assert DAY == 24 * HOUR

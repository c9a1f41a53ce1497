"""Batches of events in the form that the live engine reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from undertow.engines.stream_kernel_pass import Columns
from undertow.events.log import EventLog
from undertow.events.table import TYPES
from undertow.matches.program import Array
from undertow.playbooks.grammar import SIGNALS


def columns(  # noqa: PLR0913  # the columns of an event
    at: Array,
    kind: Array,
    actor: Array,
    target: Array,
    *,
    kinds: Array | None = None,
    ref: Array | None = None,
    marks: Array | None = None,
    visibility: Array | None = None,
    platform: Array | None = None,
    context: Array | None = None,
) -> Columns:
    """Bring a batch into the form that the engine reads; arrays of the right type are not copied.

    Args:
        at: microseconds, ascending; events of one moment in total order.
        kind: index into `TYPES`, or into `kinds`.
        actor: account, at least 0.
        target: account, -1 for none.
        kinds: index into `TYPES` for each kind, `len(TYPES)` for what is none of them.
        ref: a number of the event, at least 0, given back in changes; None: events are numbered from 0.
        marks: bits of the signals in the order of `SIGNALS`: 1 address, 2 link, 4 answered.
        visibility: index into `VISIBILITIES`, -1 for none.
        platform: index into the stream's platforms; any other number is one that nothing is declared of.
        context: room or thread, -1 for none.
    """

    def given(column: Array | None, kind: type) -> Array:
        return np.empty(0, kind) if column is None else np.ascontiguousarray(column, kind)

    return Columns(
        at=given(at, np.int64),
        kind=given(kind, np.int32),
        kinds=np.arange(len(TYPES) + 1) if kinds is None else given(kinds, np.int64),
        actor=given(actor, np.int64),
        target=given(target, np.int64),
        ref=given(ref, np.int64),
        marks=given(marks, np.uint8),
        visibility=given(visibility, np.int8),
        platform=given(platform, np.int32),
        context=given(context, np.int64),
        dealt=np.empty((0, 0), np.int64),
    )


NO_EVENTS: Final = columns(*(np.empty(0, np.int64) for _ in range(4)))


def columns_of(log: EventLog, part: slice, platforms: Sequence[str]) -> Columns:
    """Bring some rows of a log into the form that the engine reads.

    Args:
        log: the events.
        part: which rows.
        platforms: the stream's, every platform of the log among them.
    """
    code = np.array([platforms.index(name) for name in log.platforms.to_pylist()] + [-1])
    return columns(
        log.at[part],
        log.type[part],
        log.actor[part],
        log.target[part],
        marks=mark_bits({name: column[part] for name, column in log.marks.items()}),
        visibility=log.visibility[part],
        platform=code[log.platform[part]],
        context=log.context[part],
    )


def mark_bits(marks: Mapping[str, Array]) -> Array:
    """Pack boolean columns by signal name into the bits of `columns`."""
    parts = [
        marks[name].astype(np.uint8) << k for k, name in enumerate(SIGNALS) if name in marks
    ]
    bits: Array = np.bitwise_or.reduce(parts)
    return bits

"""Dealing events to several streams that share the pairs of accounts: each is classed and hashed once for all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undertow.compiled import uncounted_outer
from undertow.engines.stream_kernel_pass import (
    A_HASH,
    AHEAD,
    AHEAD_ROWS,
    DEALT,
    Columns,
    mark,
)
from undertow.engines.stream_kernel_tables import PART_FROM
from undertow.engines.stream_rules import Rules
from undertow.matches.program import Array


@uncounted_outer
def deal(columns: Columns, rules: Rules, ahead: Array, dealt: Array, many: Array) -> None:
    """Deal the events of a batch that mean anything.

    Args:
        columns: the batch.
        rules: of the one pass of all streams.
        ahead: int64, (AHEAD_ROWS, AHEAD), scratch.
        dealt: int64, (parts, n, DEALT), written: rows, classes and hashes by part.
        many: int64, (parts), written: how many to each.
    """
    n, last = len(columns.at), len(many) - 1
    many[:] = 0
    for i in range(0, n, AHEAD):
        for j in range(mark(i, min(i + AHEAD, n), columns, rules, ahead)):
            part = np.int64(np.uint64(ahead[A_HASH, j]) >> PART_FROM) & last
            for word in range(DEALT):
                dealt[part, many[part], word] = ahead[word, j]
            many[part] += 1


def dealt_to(batches: Iterator[Columns], rules: Rules, parts: int) -> Iterator[list[Columns]]:
    """Deal batch after batch.

    Args:
        batches: events in total order.
        rules: of the one pass of all streams.
        parts: how many streams there are, a power of two.

    Yields:
        Each batch as each of the streams is to be fed with it.
    """
    ahead, many = np.empty((AHEAD_ROWS, AHEAD), np.int64), np.zeros(parts, np.int64)
    for batch in batches:
        dealt = np.empty((parts, len(batch.at), DEALT), np.int64)
        deal(batch, rules, ahead, dealt, many)
        yield [batch._replace(dealt=dealt[k, : many[k]]) for k in range(parts)]

"""Blocks of accounts by their targets, as evidence that is shown."""

from __future__ import annotations

import numpy as np

from undertow.events.log import NOBODY, EventLog
from undertow.matches.program import Array
from undertow.scores.evidence import NO_ROW, Evidence, rows_of


def blocks_of(log: EventLog, role: str, account: Array, target: Array) -> Evidence:
    """Cite blocks of the account by its targets, and their undoing: shown, not weighed.

    No published rate of blocks given recruitment was found, so the rows carry no bits.

    Args:
        log: the events.
        role: of the account.
        account: codes, (k), of listed matches.
        target: codes, (k).
    """
    size = len(log.accounts) + 1
    listed = np.unique(target * size + account)
    rows = log.rows_of("block")
    key = log.actor[rows].astype(np.int64) * size + log.target[rows]
    blocks = rows[np.isin(key, listed) & (log.target[rows] != NOBODY)]
    undone = log.rows_of("undo")
    undone = undone[log.context[undone] != NOBODY]
    block_of = {log.id[int(row)].as_py(): int(row) for row in blocks}
    pairs = [
        (int(row), block_of[name])
        for row in undone.tolist()
        if (name := log.contexts[int(log.context[row])].as_py()) in block_of
        and log.actor[row] == log.actor[block_of[name]]
    ]
    row = np.array([*blocks.tolist(), *(undo for undo, _ in pairs)], np.int64)
    of = np.array([*blocks.tolist(), *(block for _, block in pairs)], np.int64)
    return rows_of(
        log.target[of],
        role,
        NO_ROW,
        ["block"] * len(blocks) + ["unblock"] * len(pairs),
        0.0,
        target=log.actor[of],
        row=row,
    )

"""The tables that detection hands on: accounts, funnels, evidence. One place defines their columns.

Targets leave this room as pseudonyms only, unless the operator gave a reason that is written down.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from undertow.events.log import NOBODY, EventLog
from undertow.matches.program import Array
from undertow.scores.shown import Shown
from undertow.scores.table_slices import (
    EVIDENCE,
    SLICE,
    evidence_slices,
    funnel_slices,
    funnels_schema,
    groups_of,
)
from undertow.scores.weigh import Weighed

ACCOUNTS: Final = pa.schema(
    [
        ("account", pa.string()),
        ("role", pa.string()),
        ("playbook", pa.string()),
        ("weight", pa.float64()),
        ("targets", pa.int64()),
    ]
)
"""Every account in a role other than the target's of a listed match, best first; weight in bits."""


def accounts(log: EventLog, weighed: Weighed, sums: dict[str, Array]) -> pa.Table:
    """List every account in a role other than the target's of a listed match; not ordered yet.

    Args:
        log: the events.
        weighed: one playbook.
        sums: what the evidence of each role adds up to: float64, (accounts), bits.
    """
    matches, playbook = weighed.matches, weighed.matches.playbook
    target = matches.keys[:, 1 - weighed.judged]
    holders = {playbook.key[weighed.judged]: matches.keys[:, weighed.judged], **weighed.bound}
    parts = [ACCOUNTS.empty_table()]
    for role, holder in holders.items():
        chosen = weighed.listed & (holder != NOBODY)
        pairs = np.unique(holder[chosen] * len(log.accounts) + target[chosen])
        account, many = np.unique(pairs // len(log.accounts), return_counts=True)
        weight = sums[role][account] if role in sums else np.zeros(len(account))
        parts.append(
            pa.table(
                {
                    "account": log.accounts.take(pa.array(account)),
                    "role": pa.array([role] * len(account), pa.string()),
                    "playbook": pa.array([playbook.name] * len(account), pa.string()),
                    "weight": weight,
                    "targets": many,
                },
                schema=ACCOUNTS,
            )
        )
    return pa.concat_tables(parts)


def tables(
    log: EventLog, weighed: Weighed, shown: Shown, size: int = SLICE
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Write out accounts, funnels and evidence of one playbook.

    Args:
        log: the events; the tables stand where it keeps what is long.
        weighed: one playbook.
        shown: names as they may be shown.
        size: rows made at once.
    """
    sums: dict[str, Array] = {}
    rows = log.keep(EVIDENCE, evidence_slices(log, weighed, shown, sums, size))
    schema = funnels_schema(groups_of(weighed.matches.playbook))
    found = log.keep(schema, funnel_slices(log, weighed, shown, size))
    return accounts(log, weighed, sums), found, rows


def best_rows(ranking: pa.Table) -> list[int]:
    """Give the place of each account's best row, in the order of the ranking: the queue lists each once."""
    first: dict[str, int] = {}
    for place, name in enumerate(ranking["account"].to_pylist()):
        first.setdefault(name, place)
    return list(first.values())


def ranked(listed: pa.Table) -> pa.Table:
    """Order accounts: best first, equals by their names."""
    order = [("weight", "descending"), ("account", "ascending"), ("role", "ascending")]
    return listed.sort_by(order)

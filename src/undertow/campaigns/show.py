"""Campaigns as they are written out: names in place of codes. Members are never targets of the campaign."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from undertow.campaigns.group import ROLES
from undertow.campaigns.rolechange import of_campaigns
from undertow.campaigns.sources import campaign_sources
from undertow.campaigns.table import CAMPAIGNS, KINDS
from undertow.campaigns.tie import Tied
from undertow.events.log import EventLog
from undertow.matches.program import Array


def names(found: Tied, log: EventLog) -> list[str]:
    """Name the groups after their first account in the order of names: the same from run to run.

    A name of its own, not a number: which number a group gets would depend on the other groups.
    """
    first = np.searchsorted(found.groups.group, np.arange(len(found.groups)))
    accounts = log.accounts.take(pa.array(found.groups.account[first])).to_pylist()
    return [f"c:{account}" for account in accounts]


def campaign_table(log: EventLog, found: Tied) -> pa.Table:
    """Write the groups, heaviest first: `CAMPAIGNS`."""
    member = found.groups
    shown = log.accounts.take(pa.array(member.account)).to_pylist()
    rows: list[dict[str, Any]] = [
        {
            "campaign": name,
            "accounts": [],
            "weight": weight,
            "ties": [],
            "sources": told,
            "role_changes": n,
        }
        for name, weight, told, n in zip(
            names(found, log),
            found.weight.tolist(),
            campaign_sources(log, found.weighed, found.groups),
            of_campaigns(found.pairs, found.groups, len(log.accounts)).tolist(),
            strict=True,
        )
    ]
    for group, account, role in zip(member.group, shown, member.role, strict=True):
        rows[group]["accounts"].append({"account": account, "role": ROLES[role]})
    of = _group_of(found, len(log.accounts))
    inside = np.flatnonzero((of[found.ties.a] >= 0) & (of[found.ties.a] == of[found.ties.b]))
    ties = found.ties.take(inside[np.argsort(-found.ties.bits[inside], kind="stable")])
    ends = [log.accounts.take(pa.array(end)).to_pylist() for end in (ties.a, ties.b)]
    for group, kind, a, b, bits in zip(
        of[ties.a], ties.kind, *ends, ties.bits.tolist(), strict=True
    ):
        rows[group]["ties"].append({"kind": KINDS[kind], "a": a, "b": b, "bits": bits})
    rows.sort(key=lambda row: (-row["weight"], row["campaign"]))
    return pa.Table.from_pylist(rows, CAMPAIGNS)


def with_campaign(accounts: pa.Table, log: EventLog, found: Tied) -> pa.Table:
    """Add the column `campaign` to the ranking: null for accounts in no group."""
    named = names(found, log)
    shown = log.accounts.take(pa.array(found.groups.account)).to_pylist()
    of = {
        account: named[group]
        for account, group in zip(shown, found.groups.group.tolist(), strict=True)
    }
    column = pa.array([of.get(one) for one in accounts["account"].to_pylist()], pa.string())
    return accounts.append_column("campaign", column)


def _group_of(found: Tied, size: int) -> Array:
    of = np.full(size, -1, np.int64)
    of[found.groups.account] = found.groups.group
    return of

"""The truth about a simulated world: who plays which part, how far each target went, and when."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from undertow.events.table import TIME
from undertow.worlds.funnels import LATEST, STEPS, Funnels

SCHEMA: Final = pa.schema(
    [
        pa.field("account", pa.string(), nullable=False),
        pa.field("campaign", pa.string()),
        pa.field("role", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("recruiter", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("seen", pa.list_(pa.string()), nullable=False),
        pa.field("first_contact", TIME, nullable=False),
        pa.field("address", TIME),
        pa.field("handoff", TIME),
    ]
)
"""One row per account, role and group; for targets one per recruiter as well.

`campaign` is null for honest groups; `kind` is `campaign`, or the name of a look-alike or a twin. For targets
`stage` is the furthest step that really happened and `seen` the steps that left a row.
"""


def truth_of(played: list[Funnels], names: pa.Array) -> pa.Table:
    """Write the truth of all groups.

    Args:
        played: campaigns and look-alikes, in the order in which they were made.
        names: the world's account names by code.
    """
    shown = names.to_pylist()
    lines: list[dict[str, object]] = []
    campaigns = others = 0
    for funnels in played:
        planted = funnels.group.guilty
        campaigns, others = campaigns + planted, others + (not planted)
        group = f"c{campaigns:04d}" if planted else f"h{others:04d}"
        same: dict[str, object] = {
            "campaign": group if planted else None,
            "kind": funnels.group.habit.kind,
            "group": group,
        }
        lines += [{**same, **line} for line in _lines(funnels, shown)]
    return pa.Table.from_pylist(lines, schema=SCHEMA)


def _lines(funnels: Funnels, shown: list[str]) -> list[dict[str, object]]:
    group = funnels.group
    met = funnels.met_at
    lines = []
    for worker in group.recruiters.tolist():
        mine = met[group.recruiter == worker]
        if len(mine):
            lines.append(_part(shown[worker], "recruiter", int(mine.min())))
    if group.contact >= 0:
        lines.append(_part(shown[group.contact], "gatekeeper", int(met.min())))
    if group.door >= 0:
        lines.append(_part(shown[group.door], "gatekeeper", int(met.min())))
    if group.helper >= 0:
        lines.append(_part(shown[group.helper], "facilitator", int(met.min())))
    for place, target in enumerate(group.target.tolist()):
        line = _part(shown[target], "target", int(met[place]))
        reached = np.flatnonzero(funnels.reached[place])
        line["stage"] = STEPS[int(reached[-1])] if len(reached) else None
        line["seen"] = [STEPS[i] for i in np.flatnonzero(funnels.seen[place]).tolist()]
        line["recruiter"] = shown[int(group.recruiter[place])]
        line["address"] = _time(int(funnels.address_at[place]))
        line["handoff"] = _time(int(funnels.handoff_at[place]))
        lines.append(line)
    return lines


def _part(account: str, role: str, first: int) -> dict[str, object]:
    return {"account": account, "role": role, "first_contact": first, "seen": []}


def _time(at: int) -> int | None:
    return None if at == LATEST else at

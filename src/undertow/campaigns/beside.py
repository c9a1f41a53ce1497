"""What stands beside the finished weights and adds nothing to them: series of rooms, traces of supervision, role change.

Kept apart from ties, so that null worlds do not ask it again and again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from undertow.campaigns.context import account_rows
from undertow.campaigns.rolechange import RoleChange, role_change
from undertow.campaigns.rooms import Series, entries, series
from undertow.campaigns.tie import Tied
from undertow.events.log import NOBODY, EventLog
from undertow.events.pseudonyms import Pseudonyms
from undertow.matches.program import Array
from undertow.scores.evidence import joined
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed
from undertow.signals.operators import asks_before_answering, works_in_shifts

ROOMS = pa.schema(
    [
        ("series", pa.string()),
        ("place", pa.int64()),
        ("room", pa.string()),
        ("bits", pa.float64()),
        ("entered", pa.int64()),
        ("passed", pa.int64()),
        ("dropped", pa.int64()),
        ("removed", pa.int64()),
        ("let_in", pa.int64()),
        (
            "gatekeepers",
            pa.list_(pa.struct([("account", pa.string()), ("let_in", pa.int64())])),
        ),
    ]
)


@dataclass(frozen=True)
class Beside:
    """What was found beside the weights.

    Attributes:
        tied: as given, with rows of no bits.
        series: of rooms, those with most bits first.
        changed: role change over all the data.
    """

    tied: Tied
    series: list[Series]
    changed: RoleChange


def beside(log: EventLog, found: Tied) -> Beside:
    """Look for series of rooms, role change, and traces of supervised operators."""
    size = len(log.accounts)
    rooms = series(entries(log))
    judged = [np.unique(one.matches.keys[one.listed, one.judged]) for one in found.weighed]
    traces = {
        **_operators(log, np.concatenate([np.empty(0, np.int64), *judged])),
        "rooms": _gatekeepers(rooms, size),
    }
    weighed = [
        _with_traces(one, who, traces) for one, who in zip(found.weighed, judged, strict=True)
    ]
    return Beside(replace(found, weighed=weighed), rooms, role_change(found.pairs, size))


def _with_traces(one: Weighed, accounts: Array, traces: dict[str, Array]) -> Weighed:
    parts = [one.evidence]
    for name, counts in traces.items():
        who = accounts[counts[accounts] > 0]
        parts.append(account_rows(one, who, name, counts[who]))
    return replace(one, evidence=joined(parts))


def _operators(log: EventLog, accounts: Array) -> dict[str, Array]:
    chosen = np.zeros(len(log.accounts) + 1, bool)
    chosen[accounts] = True
    rows = log.rows_of("message")
    rows = rows[
        (log.target[rows] != NOBODY) & (chosen[log.actor[rows]] | chosen[log.target[rows]])
    ]
    at = log.at[rows]
    actor, target = log.actor[rows].astype(np.int64), log.target[rows].astype(np.int64)
    own = chosen[actor]
    # Shifts are told hour by hour, so only of the accounts that are asked about.
    who, place = np.unique(actor[own], return_inverse=True)
    shifts = np.zeros(len(log.accounts), np.int64)
    shifts[who] = works_in_shifts(at[own], place, len(who))
    return {
        "shifts": shifts,
        "slow answers": asks_before_answering(at, actor, target, chosen[:-1]),
    }


def _gatekeepers(rooms: list[Series], size: int) -> Array:
    """Count for each account how many it let into the rooms of series: int64, (accounts)."""
    out = np.zeros(size, np.int64)
    for one in rooms:
        for named in one.gatekeepers:
            for account, many in named:
                out[account] += many
    return out


def room_table(log: EventLog, found: Beside, shown: Shown) -> pa.Table:
    """Write series of rooms: `ROOMS`, room by room; of those let in counts alone.

    A gatekeeper who is elsewhere only a target stands under its pseudonym. So does a room whose name holds the
    native id of somebody who entered it, whole.
    """
    given = entries(log)
    pairs = found.tied.pairs
    sealed = np.zeros(len(log.accounts) + 1, bool)
    sealed[pairs.target] = True
    sealed[pairs.account] = False
    rows = []
    for one in found.series:
        names = [
            _room_name(log, given.account[given.room == room], room, shown)
            for room in one.rooms.tolist()
        ]
        for n, room in enumerate(names):
            last = n + 1 == len(names)
            who = np.array([account for account, _ in one.gatekeepers[n]], np.int64)
            hidden = shown.targets(np.where(sealed[who], who, NOBODY)).to_pylist()
            plain = shown.accounts(who).to_pylist()
            rows.append(
                {
                    "series": f"s:{names[0]}",
                    "place": n + 1,
                    "room": room,
                    "bits": float(one.bits[n]),
                    "entered": int(one.entered[n]),
                    "passed": None if last else int(one.passed[n]),
                    "dropped": None if last else int(one.entered[n] - one.passed[n]),
                    "removed": int(one.removed[n]),
                    "let_in": int(one.let_in[n]),
                    "gatekeepers": [
                        {"account": seal or name, "let_in": many}
                        for seal, name, (_, many) in zip(
                            hidden, plain, one.gatekeepers[n], strict=True
                        )
                    ],
                }
            )
    return pa.Table.from_pylist(rows, ROOMS)


def _room_name(log: EventLog, entered: Array, room: int, shown: Shown) -> str:
    name = str(log.contexts[room].as_py())
    told = shown.rooms(np.full(len(entered), room), entered).to_pylist()
    return name if all(one == name for one in told) else Pseudonyms.default().of(f"room:{name}")

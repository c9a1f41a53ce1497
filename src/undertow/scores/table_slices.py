"""Funnels and evidence in slices, in the order of the tables: what is made at once is small, however long they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import TIME
from undertow.matches.grouping import group
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.evidence import EXTRA_STEPS, NO_ROW, OF_TARGETS, Evidence
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed

SLICE: Final = 1 << 16
"""Rows made at once: some 200 bytes each, as much again on the way."""
STEP: Final = pa.struct(
    [("step", pa.string()), ("at", TIME), ("event", pa.string()), ("actor", pa.string())]
)
ROLE: Final = pa.struct([("role", pa.string()), ("account", pa.string())])
"""Who holds a free role in a funnel."""
EVIDENCE: Final = pa.schema(
    [
        ("account", pa.string()),
        ("role", pa.string()),
        ("playbook", pa.string()),
        ("target", pa.string()),
        ("step", pa.string()),
        ("event", pa.string()),
        ("bits", pa.float64()),
        ("u", pa.float64()),
        ("m", pa.float64()),
        ("n", pa.int64()),
        ("source", pa.string()),
    ]
)
"""Rows that add up to the weights; `target` and `event` null where a row is about several."""


def funnels_schema(groups: tuple[str, ...]) -> pa.Schema:
    """Give the columns of `funnels.parquet`: one per group role of the key beside the fixed ones."""
    return pa.schema(
        [
            ("recruiter", pa.string()),
            ("target", pa.string()),
            *((group, pa.string()) for group in groups),
            ("playbook", pa.string()),
            ("step", pa.string()),
            ("weight", pa.float64()),
            ("steps", pa.list_(STEP)),
            ("roles", pa.list_(ROLE)),
        ]
    )


def groups_of(playbook: Playbook) -> tuple[str, ...]:
    """Name the group roles of a playbook's key."""
    return tuple(role for role in playbook.key if role in playbook.groups)


def funnel_slices(
    log: EventLog, weighed: Weighed, shown: Shown, size: int = SLICE
) -> Iterator[pa.Table]:
    """Write out the listed matches, heaviest first, equals by recruiter and target as shown.

    Args:
        log: the events.
        weighed: one playbook.
        shown: names as they may be shown.
        size: rows of a slice.
    """
    keys = weighed.matches.keys
    chosen = np.flatnonzero(weighed.listed)
    # Put in order by codes, which stand in the order of names: nothing wide is made of all rows.
    order = np.lexsort(
        (
            shown.ranks(keys[chosen, 1 - weighed.judged]),
            keys[chosen, weighed.judged].astype(np.int32),
            -weighed.weight[chosen],
        )
    )
    chosen = chosen[order]
    for low in range(0, len(chosen), size):
        yield _funnels(log, weighed, shown, chosen[low : low + size])
        log.rest()


def _funnels(log: EventLog, weighed: Weighed, shown: Shown, chosen: Array) -> pa.Table:
    matches = weighed.matches
    playbook = matches.playbook
    names = [step.name for step in playbook.steps]
    ends = matches.keys[chosen]
    columns = {
        "recruiter": shown.accounts(ends[:, weighed.judged]),
        "target": shown.targets(ends[:, 1 - weighed.judged]),
        "playbook": pa.repeat(playbook.name, len(chosen)),
        "step": pa.array(names, pa.string()).take(pa.array(matches.furthest[chosen])),
        "weight": pa.array(weighed.weight[chosen]),
        "steps": _steps(log, matches.rows[chosen], names, shown, ends[:, 1 - weighed.judged]),
        "roles": _held(weighed, chosen, shown),
    }
    for role in groups_of(playbook):
        columns[role] = shown.rooms(ends[:, 2], ends[:, 1 - weighed.judged])
    schema = funnels_schema(groups_of(playbook))
    return pa.table({n: columns[n] for n in schema.names}).cast(schema)


def evidence_slices(
    log: EventLog,
    weighed: Weighed,
    shown: Shown,
    sums: dict[str, Array],
    size: int = SLICE,
) -> Iterator[pa.Table]:
    """Write out the evidence, account by account, strongest rows first; an account stands in one slice.

    Args:
        log: the events.
        weighed: one playbook.
        shown: names as they may be shown.
        sums: takes for each role what the bits of each account add up to, float64, (accounts): one by one in the
            order of the table, so that a reader who adds the rows up gets the same.
        size: rows of a slice, more only where one account has more.
    """
    rows, many = weighed.evidence, len(log.accounts)
    start, place = group(rows.account, many)
    low = 0
    while low < many:
        high = max(low + 1, int(np.searchsorted(start, start[low] + size, "right")) - 1)
        if start[high] > start[low]:
            some = rows.taken(place[start[low] : start[high]])
            keys = _keys(weighed, shown, some)
            order = pc.sort_indices(
                keys,
                [(n, "descending" if n == "bits" else "ascending") for n in keys.column_names],
            ).to_numpy()
            some = some.taken(order)
            _add_up(some, low, high, many, sums)
            yield _evidence(log, weighed, keys.take(pa.array(order)), some)
            log.rest()
        low = high


def _keys(weighed: Weighed, shown: Shown, rows: Evidence) -> pa.Table:
    """Give what rows are put in order by: account codes stand in the order of names."""
    steps = [step.name for step in weighed.matches.playbook.steps]
    names = pa.array([*steps, *EXTRA_STEPS], pa.string())
    # Codes below -1 name what is no step of the playbook.
    about_none = (rows.step < NO_ROW) & ~np.isin(rows.step, OF_TARGETS)
    return pa.table(
        {
            "account": rows.account,
            "role": pa.array(rows.role, pa.string()),
            "bits": rows.bits,
            # A tie is about no target: it has one only for its event's id to be sealed.
            "target": shown.targets(np.where(about_none, NOBODY, rows.target)),
            "step": _taken(
                names, np.where(rows.step < NO_ROW, len(steps) - 2 - rows.step, rows.step)
            ),
            "event": shown.events(rows.row, rows.target),
        }
    )


def _add_up(rows: Evidence, low: int, high: int, many: int, sums: dict[str, Array]) -> None:
    for role in rows.role.numbered()[0]:
        mine = rows.role == role
        bits = np.bincount(
            rows.account[mine] - low, weights=rows.bits[mine], minlength=high - low
        )
        sums.setdefault(role, np.zeros(many))[low:high] = bits


def _evidence(log: EventLog, weighed: Weighed, found: pa.Table, rows: Evidence) -> pa.Table:
    return pa.table(
        {
            "account": log.accounts.take(pa.array(rows.account)),
            "role": found["role"],
            "playbook": pa.repeat(weighed.matches.playbook.name, len(rows)),
            "target": found["target"],
            "step": found["step"],
            "event": found["event"],
            "bits": found["bits"],
            "u": pa.array(rows.u, from_pandas=True),
            "m": pa.array(rows.m, from_pandas=True),
            "n": pa.array(rows.n, pa.int64()),
            "source": pa.array(rows.source, pa.string()),
        },
        schema=EVIDENCE,
    )


def _held(weighed: Weighed, chosen: Array, shown: Shown) -> pa.Array:
    """List who holds the free roles of each match."""
    roles = list(weighed.bound)
    holders = (
        np.stack([weighed.bound[role][chosen] for role in roles], axis=1)
        if roles
        else (np.empty((len(chosen), 0), np.int64))
    )
    k, r = np.nonzero(holders != NOBODY)
    values = pa.StructArray.from_arrays(
        [pa.array(roles, pa.string()).take(pa.array(r)), shown.accounts(holders[k, r])],
        fields=list(ROLE),
    )
    ends = np.append(0, np.cumsum((holders != NOBODY).sum(axis=1)))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


def _taken(names: pa.Array, codes: Array) -> pa.Array:
    return names.take(pa.array(codes, mask=codes < 0))


def _steps(
    log: EventLog, rows: Array, names: list[str], shown: Shown, target: Array
) -> pa.Array:
    k, s = np.nonzero(rows >= 0)
    row = rows[k, s]
    values = pa.StructArray.from_arrays(
        [
            pa.array(names, pa.string()).take(pa.array(s)),
            pa.array(log.at[row]).cast(TIME),
            shown.events(row, target[k]),
            shown.actors(log.actor[row], target[k]),
        ],
        fields=list(STEP),
    )
    ends = np.append(0, np.cumsum((rows >= 0).sum(axis=1)))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)

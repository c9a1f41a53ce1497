"""The tables that detection hands on: accounts, funnels, evidence. One place defines their columns.

Targets leave this room as pseudonyms only, unless the operator gave a reason that is written down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import TIME
from undertow.matches.program import Array
from undertow.scores.evidence import EXTRA_STEPS, NO_ROW, OF_TARGETS
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed

STEP: Final = pa.struct(
    [("step", pa.string()), ("at", TIME), ("event", pa.string()), ("actor", pa.string())]
)
ROLE: Final = pa.struct([("role", pa.string()), ("account", pa.string())])
"""Who holds a free role in a funnel."""
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


def funnels(log: EventLog, weighed: Weighed, shown: Shown) -> pa.Table:
    """Write out the listed matches, heaviest first."""
    matches = weighed.matches
    playbook = matches.playbook
    chosen = np.flatnonzero(weighed.listed)
    # Put in order by codes, which stand in the order of names: nothing wide is then made twice.
    order = pc.sort_indices(
        pa.table(
            {
                "weight": weighed.weight[chosen],
                "recruiter": matches.keys[chosen, weighed.judged],
                "target": shown.targets(matches.keys[chosen, 1 - weighed.judged]),
            }
        ),
        [("weight", "descending"), ("recruiter", "ascending"), ("target", "ascending")],
    )
    chosen = chosen[order.to_numpy()]
    names = [step.name for step in playbook.steps]
    ends = matches.keys[chosen]
    columns = {
        "recruiter": shown.accounts(ends[:, weighed.judged]),
        "target": shown.targets(ends[:, 1 - weighed.judged]),
        "playbook": pa.repeat(playbook.name, len(chosen)),
        "step": pa.array(names, pa.string()).take(pa.array(matches.furthest[chosen])),
        "weight": pa.array(weighed.weight[chosen]),
        "steps": _steps(log, matches.rows[chosen], names, shown, ends[:, 1 - weighed.judged]),
    }
    columns["roles"] = _held(weighed, chosen, shown)
    groups = tuple(role for role in playbook.key if role in playbook.groups)
    for group in groups:
        columns[group] = shown.rooms(ends[:, 2], ends[:, 1 - weighed.judged])
    schema = funnels_schema(groups)
    return pa.table({n: columns[n] for n in schema.names}).cast(schema)


def evidence(log: EventLog, weighed: Weighed, shown: Shown) -> pa.Table:
    """Write out the evidence, account by account, strongest rows first."""
    rows = weighed.evidence
    playbook = weighed.matches.playbook
    steps = [step.name for step in playbook.steps]
    names = pa.array([*steps, *EXTRA_STEPS], pa.string())
    # Codes below -1 name what is no step of the playbook.
    about_none = (rows.step < NO_ROW) & ~np.isin(rows.step, OF_TARGETS)
    step = _taken(names, np.where(rows.step < NO_ROW, len(steps) - 2 - rows.step, rows.step))
    # A tie is about no target: it has one only for its event's id to be sealed.
    target = shown.targets(np.where(about_none, NOBODY, rows.target))
    keys = pa.table(
        {
            # Codes stand in the order of names.
            "account": rows.account,
            "role": pa.array(rows.role, pa.string()),
            "bits": rows.bits,
            "target": target,
            "step": step,
            "event": shown.events(rows.row, rows.target),
        }
    )
    order = pc.sort_indices(
        keys, [(n, "descending" if n == "bits" else "ascending") for n in keys.column_names]
    )
    found = keys.take(order)
    del keys, step, target
    order = order.to_numpy()
    return pa.table(
        {
            "account": log.accounts.take(found["account"].combine_chunks()),
            "role": found["role"],
            "playbook": pa.repeat(playbook.name, len(rows)),
            "target": found["target"],
            "step": found["step"],
            "event": found["event"],
            "bits": found["bits"],
            "u": pa.array(rows.u[order], from_pandas=True),
            "m": pa.array(rows.m[order], from_pandas=True),
            "n": pa.array(rows.n[order]),
            "source": pa.array(rows.source[order], pa.string()),
        },
        schema=EVIDENCE,
    )


def accounts(log: EventLog, weighed: Weighed, evidence_table: pa.Table) -> pa.Table:
    """List every account in a role other than the target's of a listed match; not ordered yet."""
    matches, playbook = weighed.matches, weighed.matches.playbook
    target = matches.keys[:, 1 - weighed.judged]
    holders = {playbook.key[weighed.judged]: matches.keys[:, weighed.judged], **weighed.bound}
    parts = [ACCOUNTS.empty_table()]
    weight_of = _sums(evidence_table)
    for role, holder in holders.items():
        chosen = weighed.listed & (holder != NOBODY)
        pairs = np.unique(holder[chosen] * len(log.accounts) + target[chosen])
        account, many = np.unique(pairs // len(log.accounts), return_counts=True)
        names = log.accounts.take(pa.array(account))
        parts.append(
            pa.table(
                {
                    "account": names,
                    "role": pa.array([role] * len(account), pa.string()),
                    "playbook": pa.array([playbook.name] * len(account), pa.string()),
                    "weight": weight_of(names, role),
                    "targets": many,
                },
                schema=ACCOUNTS,
            )
        )
    return pa.concat_tables(parts)


def _sums(evidence_table: pa.Table) -> Callable[[pa.Array, str], Array]:
    """Add up the bits of each account in each role; returns what gives them by names and role: float64, (n).

    Summed one by one in the table's own order, so that a reader who adds the rows up gets the same.
    """
    account, role = (
        pa.concat_arrays(
            [pa.array([], pa.string()), *evidence_table[name].chunks]
        ).dictionary_encode()
        for name in ("account", "role")
    )
    roles = role.dictionary.to_pylist()
    # One more account, which has no rows.
    key = account.indices.to_numpy().astype(np.int64) * max(len(roles), 1)
    key += role.indices.to_numpy()
    many = (len(account.dictionary) + 1) * max(len(roles), 1)
    bits = np.bincount(key, weights=evidence_table["bits"].to_numpy(), minlength=many)

    def weight_of(names: pa.Array, wanted: str) -> Array:
        if wanted not in roles:
            return np.zeros(len(names))
        found = pc.index_in(names, value_set=account.dictionary)
        place = pc.fill_null(found, len(account.dictionary)).to_numpy().astype(np.int64)
        return np.asarray(bits[place * len(roles) + roles.index(wanted)], np.float64)

    return weight_of


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


def tables(
    log: EventLog, weighed: Weighed, shown: Shown
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Write out accounts, funnels and evidence of one playbook."""
    rows = evidence(log, weighed, shown)
    return accounts(log, weighed, rows), funnels(log, weighed, shown), rows


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

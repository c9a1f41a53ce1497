"""The tables that detection hands on: accounts, funnels, evidence. One place defines their columns.

Targets leave this room as pseudonyms only, unless the operator gave a reason that is written down.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import NOBODY, EventLog
from undertow.events.table import TIME
from undertow.matches.program import Array
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

LONG_NAME: Final = 5
"""Letters from which a native id inside an event id is taken to be that id wherever it stands."""

Names = Callable[[pa.Array], pa.Array]
"""Turns account names into the names shown for targets: pseudonyms, or native ids with a reason."""


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


def funnels(log: EventLog, weighed: Weighed, target_names: Names) -> pa.Table:
    """Write out the listed matches, heaviest first."""
    matches = weighed.matches
    playbook = matches.playbook
    chosen = np.flatnonzero(weighed.listed)
    names = [step.name for step in playbook.steps]
    ends = matches.keys[chosen]
    shown = _Shown(log, target_names, ends[:, 1 - weighed.judged])
    columns = {
        "recruiter": log.accounts.take(pa.array(ends[:, weighed.judged])),
        "target": shown.targets(ends[:, 1 - weighed.judged]),
        "playbook": pa.array([playbook.name] * len(chosen), pa.string()),
        "step": pa.array([names[j] for j in matches.furthest[chosen]], pa.string()),
        "weight": pa.array(weighed.weight[chosen]),
        "steps": _steps(log, matches.rows[chosen], names, shown, ends[:, 1 - weighed.judged]),
    }
    held = [
        [
            {"role": role, "account": shown.native[holder[k]]}
            for role, holder in weighed.bound.items()
            if holder[k] != NOBODY
        ]
        for k in chosen.tolist()
    ]
    columns["roles"] = pa.array(held, pa.list_(ROLE))
    groups = tuple(role for role in playbook.key if role in playbook.groups)
    for group in groups:
        columns[group] = shown.rooms(ends[:, 2], ends[:, 1 - weighed.judged])
    table = pa.table({n: columns[n] for n in funnels_schema(groups).names})
    order = pc.sort_indices(
        table, [("weight", "descending"), ("recruiter", "ascending"), ("target", "ascending")]
    )
    return table.cast(funnels_schema(groups)).take(order)


def evidence(log: EventLog, weighed: Weighed, target_names: Names) -> pa.Table:
    """Write out the evidence, account by account, strongest rows first."""
    rows = weighed.evidence
    playbook = weighed.matches.playbook
    names = pa.array([step.name for step in playbook.steps], pa.string())
    shown = _Shown(log, target_names, rows.target)
    step = _taken(names, rows.step)
    table = pa.table(
        {
            "account": log.accounts.take(pa.array(rows.account)),
            "role": pa.array(rows.role.tolist(), pa.string()),
            "playbook": pa.array([playbook.name] * len(rows), pa.string()),
            "target": shown.targets(rows.target),
            "step": step,
            "event": shown.events(rows.row, rows.target),
            "bits": pa.array(rows.bits),
            "u": pa.array(rows.u, from_pandas=True),
            "m": pa.array(rows.m, from_pandas=True),
            "n": pa.array(rows.n),
            "source": pa.array(rows.source.tolist(), pa.string()),
        },
        schema=EVIDENCE,
    )
    keys = ("account", "role", "bits", "target", "step", "event")
    order = [(key, "descending" if key == "bits" else "ascending") for key in keys]
    return table.take(pc.sort_indices(table, order))


def accounts(log: EventLog, weighed: Weighed, evidence_table: pa.Table) -> pa.Table:
    """List every account in a role other than the target's of a listed match; not ordered yet."""
    matches, playbook = weighed.matches, weighed.matches.playbook
    target = matches.keys[:, 1 - weighed.judged]
    holders = {playbook.key[weighed.judged]: matches.keys[:, weighed.judged], **weighed.bound}
    parts = []
    for role, holder in holders.items():
        chosen = weighed.listed & (holder != NOBODY)
        pairs = np.unique(np.stack([holder[chosen], target[chosen]], axis=1), axis=0)
        account, many = np.unique(pairs[:, 0], return_counts=True)
        parts.append(
            pa.table(
                {
                    "account": log.accounts.take(pa.array(account)),
                    "role": pa.array([role] * len(account), pa.string()),
                    "targets": pa.array(many),
                }
            )
        )
    counted = pa.concat_tables(parts)
    # Summed one by one in the table's own order, so that a reader who adds the rows up gets the same.
    weights = evidence_table.group_by(["account", "role"], use_threads=False).aggregate(
        [("bits", "sum")]
    )
    joined = counted.join(weights, ["account", "role"])
    return pa.table(
        {
            "account": joined["account"],
            "role": joined["role"],
            "playbook": pa.array([playbook.name] * joined.num_rows, pa.string()),
            "weight": pc.fill_null(joined["bits_sum"], 0.0),
            "targets": joined["targets"],
        },
        schema=ACCOUNTS,
    )


def _taken(names: pa.Array, codes: Array) -> pa.Array:
    return names.take(pa.array(codes, mask=codes < 0))


def _steps(
    log: EventLog, rows: Array, names: list[str], shown: _Shown, target: Array
) -> pa.Array:
    k, s = np.nonzero(rows >= 0)
    row = rows[k, s]
    values = pa.StructArray.from_arrays(
        [
            pa.array([names[one] for one in s], pa.string()),
            pa.array(log.at[row]).cast(TIME),
            shown.events(row, target[k]),
            shown.actors(log.actor[row], target[k]),
        ],
        fields=list(STEP),
    )
    ends = np.append(0, np.cumsum((rows >= 0).sum(axis=1)))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


class _Shown:
    """Names as they may be shown: targets under their pseudonyms, also inside event ids.

    Args:
        log: the events.
        target_names: turns names of targets into what is shown.
        targets: codes of all accounts that are targets here, -1 for none.
    """

    def __init__(self, log: EventLog, target_names: Names, targets: Array) -> None:
        self.log = log
        codes = np.unique(targets[targets >= 0])
        self.is_target = np.zeros(len(log.accounts) + 1, bool)
        self.is_target[codes] = True
        self.native: list[str] = log.accounts.to_pylist()
        self.shown = list(self.native)
        hidden = target_names(log.accounts.take(pa.array(codes)))
        for code, name in zip(codes.tolist(), hidden.to_pylist(), strict=True):
            self.shown[code] = name

    def targets(self, codes: Array) -> pa.Array:
        """Show target codes; -1 becomes null."""
        return pa.array(
            [self.shown[c] if c >= 0 else None for c in codes.tolist()], pa.string()
        )

    def actors(self, codes: Array, targets: Array) -> pa.Array:
        """Show actors: the funnel's own target by its pseudonym, another account by its name."""
        pairs = zip(codes.tolist(), targets.tolist(), strict=True)
        return pa.array(
            [self.shown[c] if c == t else self.native[c] for c, t in pairs], pa.string()
        )

    def rooms(self, codes: Array, targets: Array) -> pa.Array:
        """Show group names; the native id of the row's own target inside one is replaced."""
        names = self.log.contexts.to_pylist()
        pairs = zip(codes.tolist(), targets.tolist(), strict=True)
        return pa.array(
            [self._sealed(names[c], t) if c >= 0 else None for c, t in pairs], pa.string()
        )

    def events(self, rows: Array, targets: Array) -> pa.Array:
        """Show event ids; the native id of the row's own target inside one is replaced.

        Only of the row's own: of an account that is a target elsewhere and stands here by its name,
        the replaced id beside the name would give the pseudonym away.
        """
        ids = self.log.id.take(pa.array(np.maximum(rows, 0))).to_pylist()
        triples = zip(ids, rows.tolist(), targets.tolist(), strict=True)
        return pa.array(
            [self._sealed(i, t) if r >= 0 else None for i, r, t in triples], pa.string()
        )

    def _sealed(self, event: str, target: int) -> str:
        if target < 0 or self.native[target] == self.shown[target]:
            return event
        return _hidden(event, self.native[target].split(":", 1)[-1], self.shown[target])


def _hidden(text: str, name: str, by: str) -> str:
    """Replace a name in an event id: anywhere if it is long, else as a whole word or the whole id.

    A short name such as `7` stands in many numbers by chance: `x:7` is not what `00017` speaks of.
    """
    if not name or name not in text:
        return text
    if len(name) >= LONG_NAME:
        return text.replace(name, by)
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])", by, text)

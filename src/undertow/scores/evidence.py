"""Evidence as parallel columns: one row per reason, for or against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from undertow.matches.program import Array

SOURCES: Final = (
    "taken",
    "not taken",
    "open",
    "unknown",
    "block",
    "unblock",
    "cap",
    "share",
    "rarity",
    "tie",
    "known",
    "report",
)
NO_ROW: Final = -1
EXTRA_STEPS: Final = (
    "tie:address",
    "tie:script",
    "tie:handoff",
    "tie:gatekeeper",
    "tie:targets",
    "tie:sync",
    "known",
    "reports",
    "quiet",
    "once a target",
    "opens",
    "tie:group",
    "tie:known",
    "next target",
    "shifts",
    "slow answers",
    "rooms",
    "afterwards",
)
"""Names of what is no step of a playbook: step -2 is the first of them, -3 the next, and so on."""


def step_code(name: str) -> int:
    """Give the code of one of `EXTRA_STEPS`: -2 and below."""
    return -2 - EXTRA_STEPS.index(name)


OF_TARGETS: Final = (step_code("quiet"), step_code("next target"))
"""Codes of what is no step, weighs nothing, and is about one target each."""


@dataclass
class Evidence:
    """Rows of evidence as parallel columns, (e); codes are those of the log and the playbook.

    Attributes:
        account, target: account codes; target -1 for a row about several.
        role: role name.
        step: index of the step, -1 for none, below that one of `EXTRA_STEPS`.
        row: row of the log that is cited, -1 for none.
        bits, u, m: float64; `u` and `m` NaN where none applies.
        n: int64, keys that `u` rests on.
        source: one of `SOURCES`.
    """

    account: Array
    role: Array
    target: Array
    step: Array
    row: Array
    bits: Array
    u: Array
    m: Array
    n: Array
    source: Array

    def __len__(self) -> int:
        return len(self.account)


def rows_of(  # noqa: PLR0913  # a row has as many columns
    account: Array,
    role: str | Array,
    step: int,
    source: str | Array,
    bits: float | Array,
    *,
    target: int | Array = NO_ROW,
    row: int | Array = NO_ROW,
    u: float | Array = np.nan,
    m: float | Array = np.nan,
    n: int | Array = 0,
) -> Evidence:
    """Make one row for each account, (e); what is one value for all stands as that value.

    Without `target` and `row` a row is about several and cites nothing; without `u` and `m` no rate applies.
    """
    size = len(account)

    def column(value: Any, kind: str | None = None) -> Array:  # noqa: ANN401  # one value, or an array
        one = np.ndim(value) == 0
        return np.full(size, value, kind) if one else np.array(value, kind)

    return Evidence(
        account=column(account, "i8"),
        role=column(role),
        target=column(target, "i8"),
        step=column(step, "i8"),
        row=column(row, "i8"),
        bits=column(bits, "f8"),
        u=column(u, "f8"),
        m=column(m, "f8"),
        n=column(n, "i8"),
        source=column(source),
    )


def joined(parts: list[Evidence]) -> Evidence:
    """Put several stretches of evidence one after another."""

    def column(name: str, kind: str) -> Array:
        return np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])

    return Evidence(
        account=column("account", "i8"),
        role=column("role", "<U1"),
        target=column("target", "i8"),
        step=column("step", "i8"),
        row=column("row", "i8"),
        bits=column("bits", "f8"),
        u=column("u", "f8"),
        m=column("m", "f8"),
        n=column("n", "i8"),
        source=column("source", "<U1"),
    )

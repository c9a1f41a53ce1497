"""The tables of this room: ties between accounts, and campaigns as they are written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.matches.program import Array

KINDS: Final = (
    "address",
    "script",
    "handoff",
    "gatekeeper",
    "targets",
    "sync",
    "persona",
    "known",
)
"""Kinds of ties. `handoff`: the first account's targets went on to the second. `gatekeeper`: they came
from the second. The others have no direction."""
CAMPAIGNS: Final = pa.schema(
    [
        ("campaign", pa.string()),
        (
            "accounts",
            pa.list_(pa.struct([("account", pa.string()), ("role", pa.string())])),
        ),
        ("weight", pa.float64()),
        (
            "ties",
            pa.list_(
                pa.struct(
                    [
                        ("kind", pa.string()),
                        ("a", pa.string()),
                        ("b", pa.string()),
                        ("bits", pa.float64()),
                    ]
                )
            ),
        ),
        ("sources", pa.list_(pa.string())),
        ("role_changes", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Ties:
    """Ties between accounts, as parallel columns, (t); one row per kind, `a` and `b`.

    Attributes:
        kind: int8, index into `KINDS`.
        a, b: int64, account codes; `a` < `b` where the kind has no direction.
        bits: float64, for (above 0) or against being of one hand.
        times: int64, how often: addresses, targets or hours that both share.
        row_a, row_b: int64, a row of the log by each account that shows it, -1 for none.
    """

    kind: Array
    a: Array
    b: Array
    bits: Array
    times: Array
    row_a: Array
    row_b: Array

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: Array) -> Ties:
        """Give some of the ties."""
        return Ties(*(getattr(self, name)[rows] for name in FIELDS))


FIELDS: Final = ("kind", "a", "b", "bits", "times", "row_a", "row_b")
_TYPES: Final = ("i1", "i8", "i8", "f8", "i8", "i8", "i8")


def ties_of(kind: str, columns: dict[str, Array]) -> Ties:
    """Make ties of one kind; rows that are not given are -1."""
    size = len(columns["a"])
    nothing = np.full(size, -1, np.int64)
    return Ties(
        np.full(size, KINDS.index(kind), np.int8),
        columns["a"].astype(np.int64),
        columns["b"].astype(np.int64),
        columns["bits"].astype(np.float64),
        columns["times"].astype(np.int64),
        columns.get("row_a", nothing).astype(np.int64),
        columns.get("row_b", nothing).astype(np.int64),
    )


def joined(parts: list[Ties]) -> Ties:
    """Put ties one after another."""
    return Ties(
        *(
            np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
            for name, kind in zip(FIELDS, _TYPES, strict=True)
        )
    )

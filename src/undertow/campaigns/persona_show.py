"""Personas as they are written out: names and bits, with every account of a target's persona sealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from undertow.campaigns.persona_join import Held
from undertow.matches.program import Array
from undertow.scores.shown import Shown
from undertow.scores.weigh import Weighed

REASON: Final = pa.struct(
    [
        ("kind", pa.string()),
        ("bits", pa.float64()),
        ("seen", pa.int64()),
        ("of", pa.int64()),
        ("event", pa.string()),
    ]
)
PERSONAS: Final = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("target", pa.bool_()),
        ("bits", pa.float64()),
        ("because", pa.string()),
        ("evidence", pa.list_(REASON)),
    ]
)
"""Held ties between accounts of these events; `target`: both stand as pseudonyms, one of them is a target's.
`bits` is null where a person says so."""


def persona_table(held: Held, weighed: Sequence[Weighed], shown: Shown) -> pa.Table:
    """Write the ties that were held, heaviest first: `PERSONAS`."""
    hidden = _hidden(held, weighed)
    rows: list[dict[str, Any]] = []
    for one, other, tie in held.ties:
        codes = np.array([one, other])
        sealed = bool(hidden[codes].any())
        names = (shown.targets(codes) if sealed else shown.accounts(codes)).to_pylist()
        evidence = [
            {"seen": None, "of": None, "event": None} | msgspec.to_builtins(r)
            for r in tie.evidence
        ]
        rows.append(
            {
                "a": names[0],
                "b": names[1],
                "target": sealed,
                "bits": tie.bits,
                "because": tie.because,
                "evidence": evidence,
            }
        )
    rows.sort(key=lambda row: (-(row["bits"] or 0.0), row["a"], row["b"]))
    return pa.Table.from_pylist(rows, PERSONAS)


def absence(held: Held) -> str:
    """Say what the file holds and what of it these events do not know."""
    many = len(
        {int(code) for one, other, _ in held.ties for code in held.actors.of[[one, other]]}
    )
    who = "1 persona was" if many == 1 else f"{many} personas were"
    text = f"{who} held to be one actor: a wrong tie lends one account the talk of another"
    missing = f"; accounts of the file that are not in these events: {held.absent}"
    return text + (missing if held.absent else "")


def _hidden(held: Held, weighed: Sequence[Weighed]) -> Array:
    """Mark the accounts of personas that hold a target, or that the file names by a pseudonym."""
    of = held.actors.of
    target = held.sealed.copy()
    ranked = np.zeros(len(of), bool)
    for one in weighed:
        target[one.matches.keys[one.listed, 1 - one.judged]] = True
        ranked[one.evidence.account] = True
    target &= ~ranked | held.sealed
    hidden = np.zeros(len(of), bool)
    hidden[of[target]] = True
    whole: Array = hidden[of]
    return whole

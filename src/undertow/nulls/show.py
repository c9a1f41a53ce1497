"""What is said of chance: columns of `accounts.parquet`, and the sentence over the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.log import EventLog
from undertow.events.table import TIME
from undertow.matches.program import Array
from undertow.nulls.chance import ALERT, Against, Null, against
from undertow.nulls.probability import probability
from undertow.nulls.score import Scores
from undertow.nulls.support import Support
from undertow.scores.table import best_rows

QUEUE: Final = 40
"""Accounts of the queue that the sentence is about: what a team can review in a day."""
CHANCE: Final = pa.list_(
    pa.struct([("kind", pa.string()), ("as_high", pa.int64()), ("of", pa.int64())])
)
SAYS: Final = {
    "pair": "two kinds of ties to one account",
    "third": "an address or script in common, and people shared with one third account",
    "company": "a tie to an account that works with others in two ways",
    "crowd": "one address or script in common with several accounts",
    "hit": "a known list",
    "reported": "a report by a person, and a tie",
}
"""Words for the column `agrees`, by the fields of `Support`."""
ROUNDING: Final = 1e-6
"""Bits by which two sums of the same rows may differ."""


@dataclass(frozen=True)
class Chance:
    """What null worlds say of a run.

    Attributes:
        data: scores of the accounts of the data.
        backed: what agrees with each.
        nulls: the null worlds, by kind.
        first: int64, (accounts), µs, first midnight that raises each, -1 for never; None where not asked.
    """

    data: Scores
    backed: Support
    nulls: Sequence[Null]
    first: Array | None = None


def with_chance(ranked: pa.Table, log: EventLog, chance: Chance, prior: float) -> pa.Table:
    """Add `probability`, `p_value`, `q_value`, `agrees`, `chance`, and `first_alert` if it was asked for.

    Args:
        ranked: `accounts.parquet`, best first.
        log: for the names.
        chance: what null worlds say.
        prior: share of active accounts that recruit.
    """
    code = pc.index_in(ranked["account"], value_set=log.accounts).to_numpy().astype(np.int64)
    weight = ranked["weight"].to_numpy()
    backed = chance.backed.any[code]
    score = np.where(backed, np.maximum(weight, 0.0), 0.0)
    # The table adds the same rows up in another order: a last bit less would count as a score below all others.
    best = chance.data.best[code]
    score = np.where(np.abs(score - best) < ROUNDING, best, score)
    found = against(score, chance.data.decile[code], chance.data, chance.nulls)
    columns = {
        "probability": pa.array(probability(weight, backed, prior)),
        "p_value": pa.array(found.p),
        "q_value": pa.array(found.q),
        "agrees": _agrees(chance.backed, code),
        "chance": _chance(found, chance.nulls),
    }
    if chance.first is not None:
        at = chance.first[code]
        columns["first_alert"] = pa.array(at, mask=at < 0).cast(TIME)
    for name, column in columns.items():
        ranked = ranked.append_column(name, column)
    return ranked


def _agrees(backed: Support, code: Array) -> pa.Array:
    marks = np.stack([getattr(backed, name)[code] for name in SAYS], axis=1)
    words = pa.array(list(SAYS.values()), pa.string())
    ends = np.append(0, np.cumsum(marks.sum(axis=1)))
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), words.take(pa.array(np.nonzero(marks)[1]))
    )


def _chance(found: Against, nulls: Sequence[Null]) -> pa.Array:
    kinds, many = pa.array([null.kind for null in nulls]), found.of.shape[1]
    values = pa.StructArray.from_arrays(
        [
            kinds.take(pa.array(np.tile(np.arange(len(nulls)), many))),
            pa.array(found.as_high.T.ravel()),
            pa.array(found.of.T.ravel()),
        ],
        fields=list(CHANCE.value_type),
    )
    ends = np.arange(many + 1) * len(nulls)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


def queue_told(
    ranked: pa.Table, chance: Chance, found: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Say of the queue how many of its first would arise by chance, as `run.json` tells it.

    Args:
        ranked: the ranking, with the columns of `with_chance`.
        chance: what null worlds say.
        found: cases that reviewers confirmed, and cases they decided on; None for no decisions.
    """
    first = ranked.take(pa.array(best_rows(ranked)[:QUEUE], pa.int64()))
    agrees = pc.list_value_length(first["agrees"]).to_numpy() > 0
    weight = first["weight"].to_numpy()
    backed = agrees & (weight > 0)
    alone = int((~backed).sum())
    held = against(
        np.array([weight[backed].min()]) if backed.any() else np.zeros(1),
        np.zeros(1, np.int64),
        chance.data,
        chance.nulls,
    )
    by_chance = min(float(held.by_chance[0]), float(backed.sum())) if backed.any() else 0.0
    q = ranked["q_value"].to_numpy()
    return {
        "worlds": {null.kind: null.worlds for null in chance.nulls},
        "queue": len(first),
        "backed": int(backed.sum()),
        "by_chance": by_chance,
        "alerts": len(set(ranked["account"].filter(pa.array(q <= ALERT)).to_pylist())),
        "sentence": sentence(len(first), int(backed.sum()), alone, by_chance, found),
    }


def sentence(
    queue: int,
    backed: int,
    alone: int,
    by_chance: float,
    found: tuple[int, int] | None = None,
) -> str:
    """Write the sentence over the queue.

    Args:
        queue: accounts in it.
        backed: those of them that something beside their own conduct agrees with.
        alone: the others.
        by_chance: how many of the backed ones chance alone would give.
        found: cases that reviewers confirmed, and cases they decided on; None for no decisions.
    """
    parts = []
    if backed:
        parts.append(
            f"about {_about(by_chance)} of these {queue} would arise by chance, among the {backed} that "
            "something beside their own conduct agrees with; honest work of the same shape is not counted"
        )
    if alone:
        who = f"the other {alone}" if backed else f"these {alone}"
        parts.append(
            f"of {who} the events cannot tell: nothing but their own conduct speaks for them"
        )
    if found is not None and found[1]:
        parts.append(f"your reviewers found {found[0]:,} of {found[1]:,}")
    return "; ".join(parts)


def _about(count: float) -> str:
    return f"{count:.0f}" if count >= 9.5 else f"{max(count, 0.1):.1f}"

"""What new rates would do to a ranking: who moves, and by how many bits.

The rows of steps are weighed anew; limits on crowds, ties, lists and reports are left as they stand in the folder.
The next run of `detect` computes those too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.export.folder import Results
from undertow.learning.counts import SPEAKS
from undertow.learning.decisions import Case
from undertow.playbooks.grammar import Playbook
from undertow.scores.weigh import judged_end, likely, mixed


@dataclass(frozen=True)
class Move:
    """One row of the ranking, before and after.

    Attributes:
        place, new_place: from 1.
        weight, new_weight: bits.
    """

    account: str
    role: str
    playbook: str
    place: int
    new_place: int
    weight: float
    new_weight: float

    @property
    def bits(self) -> float:
        """By how much the weight moves."""
        return self.new_weight - self.weight

    def row(self) -> dict[str, Any]:
        """Give the move as plain values."""
        return {
            "account": self.account,
            "role": self.role,
            "place": self.place,
            "new_place": self.new_place,
            "weight": self.weight,
            "new_weight": self.new_weight,
            "bits": self.bits,
        }


def moves(folder: Results, playbook: Playbook) -> list[Move]:
    """Rank a folder anew under the rates of a playbook; who moves most stands first.

    Args:
        folder: what `detect` wrote.
        playbook: with its new rates.
    """
    change = _changes(folder, playbook)
    ranking = folder.ranking()
    cases: list[Case] = [(row["account"], row["role"], row["playbook"]) for row in ranking]
    weights = [float(row["weight"]) for row in ranking]
    new = [weight + change.get(case, 0.0) for weight, case in zip(weights, cases, strict=True)]
    order = sorted(range(len(cases)), key=lambda n: (-new[n], cases[n][0], cases[n][1]))
    place = {n: at for at, n in enumerate(order, start=1)}
    out = [
        Move(*case, n + 1, place[n], weights[n], new[n])
        for n, case in enumerate(cases)
        if place[n] != n + 1 or abs(new[n] - weights[n]) > 1e-9
    ]
    return sorted(out, key=lambda one: (-abs(one.bits), one.new_place))


def _changes(folder: Results, playbook: Playbook) -> Mapping[Case, float]:
    rows = folder.evidence
    rows = rows.filter(
        pc.and_(
            pc.equal(rows["playbook"], playbook.name),
            pc.is_in(rows["source"], value_set=pa.array(list(SPEAKS))),
        )
    )
    rows = rows.filter(pc.is_valid(rows["u"]))
    if not rows.num_rows:
        return {}
    judged = playbook.key[judged_end(playbook)]
    of_step = {step.name: likely(step) for step in playbook.steps}
    names, roles = rows["step"].to_pylist(), rows["role"].to_pylist()
    # What is likely of a free role is what is likely of `listed_from` (decision 0005).
    rate = np.array(
        [
            of_step[name] if role == judged else of_step[playbook.listed_from]
            for name, role in zip(names, roles, strict=True)
        ]
    )
    u, bits = rows["u"].to_numpy(), rows["bits"].to_numpy()
    taken = pc.equal(rows["source"], "taken").to_numpy()
    m = mixed(rate, u)
    new = np.where(taken, np.log2(m / u), np.log2((1 - m) / (1 - u)))
    out: dict[Case, float] = {}
    for account, role, by in zip(
        rows["account"].to_pylist(), roles, (new - bits).tolist(), strict=True
    ):
        case = (account, role, playbook.name)
        out[case] = out.get(case, 0.0) + by
    return out

"""What new rates would do to a ranking: who moves, and by how many bits.

The rows of steps are weighed anew, and so is what their rarity holds back; limits on crowds, ties, lists and reports
are left as they stand in the folder. The next run of `detect` computes those too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from undertow.export.folder import Results
from undertow.learning.counts import SPEAKS
from undertow.learning.decisions import Case
from undertow.matches.program import Array
from undertow.playbooks.grammar import Playbook
from undertow.scores.rarity import most_bits
from undertow.scores.share import difference, sums
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
    columns = ("account", "role", "playbook", "weight")
    ranking = folder.ranking().select(columns).to_pylist()
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
    """Say by how many bits each case of the playbook moves."""
    rows = folder.evidence
    rows = rows.filter(pc.equal(rows["playbook"], playbook.name))
    if not rows.num_rows:
        return {}
    step = np.array(rows["step"].to_pylist(), object)
    source = np.array(rows["source"].to_pylist())
    role, of_role = np.unique(rows["role"].to_pylist(), return_inverse=True)
    name, account = np.unique(rows["account"].to_pylist(), return_inverse=True)
    bits = rows["bits"].to_numpy()
    u = rows["u"].to_numpy()
    rate = _rates(playbook, step, role[of_role])
    spoken = np.isin(source, list(SPEAKS)) & np.isfinite(rate) & ~np.isnan(u)
    m = mixed(rate[spoken], u[spoken])
    taken = source[spoken] == "taken"
    new = bits.copy()
    new[spoken] = np.where(taken, np.log2(m / u[spoken]), np.log2((1 - m) / (1 - u[spoken])))
    # What rarity holds back is asked again, of the sums as they are now; so is what the account's own share says.
    step[source == "cap"] = playbook.listed_from
    case = account * len(role) + of_role
    listing = step == playbook.listed_from
    capped = np.flatnonzero(source == "cap")
    again = np.bincount(
        case[capped],
        weights=rows["n"].to_numpy()[capped] - 1,
        minlength=len(name) * len(role),
    )
    held = np.flatnonzero((source == "share") & listing)
    new[np.isin(source, ("rarity", "share"))] = 0.0
    mine = np.flatnonzero(spoken & listing & np.isin(case, case[held]))
    row = (case[mine], source[mine] == "taken")
    shares = _shares(playbook, row, u[mine], new[mine], again)
    counts = spoken | (source == "cap")
    many = np.bincount(np.unique(case) % len(role))
    moved = np.bincount(case, weights=new - bits, minlength=len(name) * len(role)) + shares
    for one in playbook.steps:
        here = counts & (step == one.name)
        total = np.bincount(case[here], weights=new[here], minlength=len(moved))
        moved += _held_back(total + shares * (one.name == playbook.listed_from), many)
    # Rows of steps that no playbook names keep what rarity held back of them.
    kept = (source == "rarity") & ~np.isin(step, [one.name for one in playbook.steps])
    moved += np.bincount(case[kept], weights=bits[kept], minlength=len(moved))
    return {
        (str(name[at // len(role)]), str(role[at % len(role)]), playbook.name): float(moved[at])
        for at in np.unique(case).tolist()
    }


def _shares(
    playbook: Playbook,
    rows: tuple[Array, Array],
    u: Array,
    bits: Array,
    again: Array,
) -> Array:
    """Say what the own share of each account adds to its rows of the listing step: (cases), bits.

    Args:
        playbook: with its new rates.
        rows: case of each row of that step, and whether it was taken; (r) each.
        u: float64, (r).
        bits: float64, (r), as they are now.
        again: float64, (cases), targets that a cap takes back.
    """
    out = np.zeros(len(again))
    case, of = np.unique(rows[0], return_inverse=True)
    if len(case):
        usual, whole, taken, contacts = sums(of, u, bits, rows[1])
        rate = likely(playbook.steps[playbook.step_index(playbook.listed_from)])
        out[case] = difference((taken, contacts, again[case]), usual, whole, rate)
    return out


def _rates(playbook: Playbook, step: Array, role: Array) -> Array:
    """Give the rate that weighs each row, NaN where none of the playbook's does.

    What is likely of a free role is what is likely of `listed_from` (decision 0005).
    """
    judged = playbook.key[judged_end(playbook)]
    out = np.full(len(step), np.nan)
    for one in playbook.steps:
        of_role = step == one.name
        out[of_role] = likely(playbook.steps[playbook.step_index(playbook.listed_from)])
        out[of_role & (role == judged)] = likely(one)
    return out


def _held_back(total: Array, many: Array) -> Array:
    """Say what rarity takes back of one step of each case: (cases), at most 0.

    Args:
        total: float64, (accounts * roles), bits of the step.
        many: int64, (roles), accounts in each role.
    """
    out = np.zeros(len(total))
    for r, accounts in enumerate(many.tolist()):
        here = np.flatnonzero((np.arange(len(total)) % len(many) == r) & (total > 0))
        out[here] = np.minimum(most_bits(total[here], accounts) - total[here], 0.0)
    return out

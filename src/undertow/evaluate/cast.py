"""Who plays which part in a world, as row numbers over its accounts: what rankings are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.worlds.habits import TWINS, WHOLE_CHAIN
from undertow.worlds.rows import Bools, Ints

CHAIN_KINDS: Final = {habit.kind for habit in (*WHOLE_CHAIN, *TWINS)}
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Campaign:
    """One planted campaign.

    Attributes:
        name: as in the truth table.
        roles: role of each of its accounts, by row number.
        met, address, handoff: per target, µs; `NEVER` where it did not happen.
        worker: per target the row number of the recruiter who met it.
    """

    name: str
    roles: dict[int, str]
    met: Ints
    address: Ints
    handoff: Ints
    worker: Ints

    @property
    def recruiters(self) -> Ints:
        """Row numbers of its recruiters."""
        return np.array([row for row, role in self.roles.items() if role == "recruiter"], int)

    @property
    def members(self) -> Ints:
        """Row numbers of all its accounts."""
        return np.array(list(self.roles), int)


@dataclass(frozen=True)
class Cast:
    """The parts of a world.

    Attributes:
        accounts: how many accounts there are.
        campaigns: all planted campaigns.
        honest: kind of each account of a look-alike, by row number.
        teams: role of each account of an honest group, by row number, a group each.
        completes: those of them whose work is the whole chain, and who took a target through it.
        targets: bool, (n), accounts that were worked on by a campaign.
    """

    accounts: int
    campaigns: tuple[Campaign, ...]
    honest: dict[int, str]
    teams: tuple[dict[int, str], ...]
    completes: frozenset[int]
    targets: Bools

    def mark(self, rows: list[Ints]) -> Bools:
        """Mark some rows among all accounts."""
        marked = np.zeros(self.accounts, dtype=bool)
        for some in rows:
            marked[some] = True
        return marked

    @property
    def recruiters(self) -> Bools:
        """Mark all recruiters of campaigns."""
        return self.mark([one.recruiters for one in self.campaigns])

    @property
    def members(self) -> Bools:
        """Mark all accounts of campaigns but their targets."""
        return self.mark([one.members for one in self.campaigns])

    @property
    def planted(self) -> Bools:
        """Mark everybody who was cast, in any part but a target's."""
        return self.members | self.mark([np.array(list(self.honest), int)])


def cast_of(truth: pa.Table, accounts: pa.Array) -> Cast:
    """Read a truth table.

    Args:
        truth: of `worlds.truth.SCHEMA`.
        accounts: names of all accounts, (n).
    """
    place = {name: row for row, name in enumerate(accounts.to_pylist())}
    rows = truth.append_column(
        "row", pa.array([place[a] for a in truth["account"].to_pylist()])
    )
    times = rows.select(["first_contact", "address", "handoff"])
    moments = [
        pc.fill_null(column.cast(pa.int64()), NEVER).to_pylist() for column in times.columns
    ]
    lines = [
        {**line, "met": met, "given": given, "handed": handed}
        for line, met, given, handed in zip(rows.to_pylist(), *moments, strict=True)
    ]
    groups: dict[str, list[dict[str, object]]] = {}
    for line in lines:
        groups.setdefault(str(line["group"]), []).append(line)
    campaigns, honest, teams, completes = [], {}, [], set()
    marked = np.zeros(len(place), dtype=bool)
    for name, parts in groups.items():
        roles = {int(str(p["row"])): str(p["role"]) for p in parts if p["role"] != "target"}
        worked = [p for p in parts if p["role"] == "target"]
        if parts[0]["campaign"] is not None:
            marked[[int(str(p["row"])) for p in worked]] = True
            moment = {
                key: np.array([p[key] for p in worked], dtype=np.int64)
                for key in ("met", "given", "handed")
            }
            worker = np.array([place[str(p["recruiter"])] for p in worked], dtype=np.int64)
            campaigns.append(
                Campaign(name, roles, moment["met"], moment["given"], moment["handed"], worker)
            )
            continue
        honest.update(dict.fromkeys(roles, str(parts[0]["kind"])))
        teams.append(roles)
        whole = str(parts[0]["kind"]) in CHAIN_KINDS
        if whole and any(p["stage"] in ("sustained", "handoff") for p in worked):
            completes |= set(roles)
    return Cast(
        len(place), tuple(campaigns), honest, tuple(teams), frozenset(completes), marked
    )

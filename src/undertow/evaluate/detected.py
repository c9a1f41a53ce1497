"""The detector on one world: its real pipeline, and what it wrote, as columns over all accounts.

Columns that the detector does not write (yet) are None, never filled.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.write import write_events
from undertow.pipeline import detect
from undertow.playbooks import parse
from undertow.request import Request
from undertow.worlds.rows import Floats, Ints
from undertow.worlds.simulate import World

PLAYBOOK = "extremist-recruitment"
RECRUITER = "recruiter"


@dataclass(frozen=True)
class Detected:
    """What `detect` says about the accounts of one world, (n) each.

    Attributes:
        queue: weight of an account's best row in any role, bits; minus infinity where not listed.
        recruiter: the same over its rows as a recruiter.
        probability, p, q: of the best row, NaN where none; None where there is no such column.
        first_alert: µs, -1 for never; None where there is no such column.
        campaign: name of each grouped account's campaign, by row; None where there is no such column.
        role: role of each listed account's best row, by row.
        without: `recruiter` with the evidence of one step, or of one source, left out.
        seconds: of the whole run.
        listed: rows of `accounts.parquet`.
    """

    queue: Floats
    recruiter: Floats
    probability: Floats | None
    p: Floats | None
    q: Floats | None
    first_alert: Ints | None
    campaign: dict[int, str] | None
    role: dict[int, str]
    without: dict[str, Floats]
    seconds: float
    listed: int


def run(world: World, accounts: pa.Array) -> Detected:
    """Run the real pipeline on a world and read its tables.

    Args:
        world: the world; its truth is not handed on.
        accounts: names of all accounts, (n).
    """
    with written(world.events, world) as (folder, request):
        began = time.perf_counter()
        result = detect(request)
        seconds = time.perf_counter() - began
        evidence = pq.read_table(folder / "out" / "evidence.parquet")
    return read(result.accounts, evidence, accounts, seconds)


@contextmanager
def written(events: pa.Table, world: World) -> Iterator[tuple[Path, Request]]:
    """Write events of a world into a passing folder and give the request that detects on them."""
    with tempfile.TemporaryDirectory(prefix="undertow-evaluate-") as name:
        folder = Path(name)
        path = folder / "world.parquet"
        write_events(
            path, [events], schema=events.schema, sources=world.sources, simulated=world.made
        )
        request = Request((path,), folder / "out", (parse.load(PLAYBOOK),))
        if world.known:
            listed = folder / "known.txt"
            lines = [f"account {account}\n" for account in world.known]
            listed.write_text("".join(lines), encoding="utf-8")
            request = replace(request, known=listed)
        yield folder, request


def read(listed: pa.Table, evidence: pa.Table, accounts: pa.Array, seconds: float) -> Detected:
    """Turn `accounts.parquet` and `evidence.parquet` into columns over all accounts."""
    rows = pc.index_in(listed["account"], value_set=accounts).to_numpy().astype(np.int64)
    weight = listed["weight"].to_numpy()
    works = pc.equal(listed["role"], RECRUITER).to_numpy()
    queue, recruiter = _lowest(len(accounts)), _lowest(len(accounts))
    np.maximum.at(queue, rows, weight)
    np.maximum.at(recruiter, rows[works], weight[works])
    order = np.lexsort((np.arange(len(rows)), -weight))
    best = order[np.unique(rows[order], return_index=True)[1]]

    def column(name: str) -> Floats | None:
        if name not in listed.column_names:
            return None
        values = np.full(len(accounts), np.nan)
        given = pc.fill_null(listed[name].cast(pa.float64()), np.nan).to_numpy()
        values[rows[best]] = given[best]
        return values

    roles = listed["role"].to_pylist()
    return Detected(
        queue=queue,
        recruiter=recruiter,
        probability=column("probability"),
        p=column("p_value"),
        q=column("q_value"),
        first_alert=_first_alerts(listed, rows, len(accounts)),
        campaign=_campaigns(listed, rows),
        role={int(rows[i]): roles[i] for i in best.tolist()},
        without=_ablated(listed, evidence, accounts, recruiter),
        seconds=seconds,
        listed=listed.num_rows,
    )


def _lowest(count: int) -> Floats:
    return np.full(count, -np.inf)


def _first_alerts(listed: pa.Table, rows: Ints, count: int) -> Ints | None:
    if "first_alert" not in listed.column_names:
        return None
    latest = np.iinfo(np.int64).max
    at = np.full(count, latest)
    given = pc.fill_null(listed["first_alert"].cast(pa.int64()), latest).to_numpy()
    np.minimum.at(at, rows, given)
    return np.where(at == latest, -1, at)


def _campaigns(listed: pa.Table, rows: Ints) -> dict[int, str] | None:
    if "campaign" not in listed.column_names:
        return None
    names = listed["campaign"].to_pylist()
    return {int(row): name for row, name in zip(rows, names, strict=True) if name is not None}


def _ablated(
    listed: pa.Table, evidence: pa.Table, accounts: pa.Array, whole: Floats
) -> dict[str, Floats]:
    """Take one kind of evidence away at a time: its bits are subtracted from the recruiter's weight."""
    mine = evidence.filter(pc.equal(evidence["role"], RECRUITER))
    if not mine.num_rows or not listed.num_rows:
        return {}
    kind = pc.coalesce(mine["step"], mine["source"]).to_numpy(zero_copy_only=False)
    rows = pc.index_in(mine["account"], value_set=accounts).to_numpy().astype(np.int64)
    bits = mine["bits"].to_numpy()
    found = {}
    for name in sorted(set(kind.tolist())):
        lost = np.bincount(rows[kind == name], weights=bits[kind == name], minlength=len(whole))
        if np.any(lost):
            found[f"without {name}"] = whole - lost
    return found

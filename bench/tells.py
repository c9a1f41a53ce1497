"""Search a world for tells: short queries that would find the recruiters without the process.

    python bench/tells.py BACKGROUND.parquet [SEED...]

Prints the average precision of each query for recruiters of campaigns against all other accounts
(`all`), against ordinary accounts alone (`ordinary`: look-alikes left out), and for look-alikes
against ordinary accounts (`honest`). A tell is a query whose `all` is far above the share of
recruiters among recruiters and look-alikes (`level`), the most that hiding among them allows.
"""

from __future__ import annotations

import sys

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

BASE = """
create table f as select actor as a, target as b, min(t) as t from e where type = 'follow' group by all;
create table m as select actor as a, target as b, t, n, address from e
  where type = 'message' and target is not null and visibility = 'direct';
create table p as select *, least(a, b) x, greatest(a, b) y,
  lag(a) over w as la, lag(t) over w as lt, row_number() over w as k, count(*) over (partition by least(a, b), greatest(a, b)) c
  from m window w as (partition by least(a, b), greatest(a, b) order by t, n);
create table fm as select a, b, min(t) as t, min(n) n from m group by all;
create table ad as select a, b, min(n) n from m where address group by all;
create table aft as select ad.a, ad.b, count(p.n) rest from ad left join p
  on p.x = least(ad.a, ad.b) and p.y = greatest(ad.a, ad.b) and p.n > ad.n group by all;
create table lead as select a, min(t) as t from m group by all;
"""
QUERIES = {
    "distinct direct targets": "select a, count(distinct b) from m group by all",
    "distinct direct targets it wrote to first": "select a, count(*) from p where k = 1 group by all",
    "messages with an address": "select a, count(*) from m where address group by all",
    "targets given an address": "select a, count(distinct b) from m where address group by all",
    "follows back": "select g.a, count(*) from f g join f h on g.a = h.b and g.b = h.a and h.t < g.t group by all",
    "is followed back": "select g.a, count(*) from f g join f h on g.a = h.b and g.b = h.a and h.t > g.t group by all",
    "share of follows that answer one": "select g.a, avg(case when h.t < g.t then 1.0 else 0 end) from f g left join f h on g.a = h.b and g.b = h.a group by all having count(*) > 2",
    "follows back, then writes": "select g.a, count(*) from f g join f h on g.a = h.b and g.b = h.a and h.t < g.t join fm on fm.a = g.a and fm.b = g.b and fm.t > g.t group by all",
    "quick median reply": "select a, -median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "slow median reply": "select a, median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "quick median reply received": "select la, -median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "slow median reply received": "select la, median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "talks visible after the address": "select a, count(*) from aft where rest >= 6 group by all",
    "talks dark after the address": "select a, count(*) from aft where rest <= 2 group by all",
    "share dark after the address": "select a, avg(case when rest <= 2 then 1.0 else 0 end) from aft group by all having count(*) > 1",
    "first message, answered, address": "select a, count(distinct b) from p join ad using (a, b) where p.n < ad.n and p.la = p.b group by all",
}


def average_precision(score: np.ndarray, positive: np.ndarray) -> float:
    """Average precision with ties shared: each positive gets its tie group's precision."""
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    found, seen = np.cumsum(positive)[ends], ends + 1
    gained = np.diff(np.concatenate([[0], found]))
    return float(np.sum(gained * found / seen) / max(positive.sum(), 1))


def tells(world: World) -> list[tuple[str, float, float, float]]:
    base = duckdb.connect()
    table = world.events.append_column("address", _addresses(world))
    base.register("events", table)
    base.execute(
        "create table e as select *, epoch(published) as t, cast(id as bigint) as n from events"
    )
    base.execute(BASE)
    accounts = base.execute("select distinct actor from e").fetchnumpy()["actor"]
    role = world.truth.filter(pc.equal(world.truth["role"], "recruiter"))
    mine = role.filter(pc.equal(role["kind"], "campaign"))["account"].to_pylist()
    theirs = role.filter(pc.not_equal(role["kind"], "campaign"))["account"].to_pylist()
    cast = np.isin(
        accounts,
        world.truth.filter(pc.not_equal(world.truth["role"], "target"))["account"].to_pylist(),
    )
    is_mine, is_theirs = np.isin(accounts, mine), np.isin(accounts, theirs)
    rows = []
    for name, query in QUERIES.items():
        scores = dict(base.execute(query).fetchall())
        score = np.array([float(scores.get(a, -np.inf)) for a in accounts])
        plain = ~cast
        rows.append(
            (
                name,
                average_precision(score, is_mine),
                average_precision(score[plain | is_mine], is_mine[plain | is_mine]),
                average_precision(score[plain | is_theirs], is_theirs[plain | is_theirs]),
            )
        )
    rows.append(
        ("level", len(mine) / max(len(mine) + len(theirs), 1), float("nan"), float("nan"))
    )
    return rows


def _addresses(world: World) -> pa.Array:
    """Say which rows hand over an address: filler has no digits, links have one known start."""
    text = world.events["content"]
    marked = pc.match_substring_regex(text, r"[0-9\x{FF10}-\x{FF19}@]")
    return pc.fill_null(pc.and_not(marked, pc.match_substring(text, "www.example")), False)


def main() -> None:
    background = pq.read_table(sys.argv[1])
    seeds = [int(seed) for seed in sys.argv[2:]] or [1, 2, 3]
    results = [tells(make_world(background, Settings(seed=seed))) for seed in seeds]
    print(f"{'query':44} {'all':>6} {'ordinary':>9} {'honest':>7}   seeds {seeds}")
    for rows in zip(*results, strict=True):
        mean = np.mean([row[1:] for row in rows], axis=0)
        print(f"{rows[0][0]:44} {mean[0]:6.3f} {mean[1]:9.3f} {mean[2]:7.3f}")


if __name__ == "__main__":
    main()

"""Search a world for tells: short queries that would find the recruiters without the process.

A figure of a detector is worth nothing in a world where five lines do as well. A tell is a query whose
average precision is far above what hiding among look-alikes allows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.evaluate import baselines
from undertow.evaluate.cast import cast_of
from undertow.evaluate.metrics import average_precision
from undertow.worlds.simulate import World

HIGHEST: Final = 0.3
"""Average precision from which a query alone is a tell (ours: half of what a detector must reach)."""

_SETUP: Final = """
create table p as select *, least(a, b) x, greatest(a, b) y,
  lag(a) over w as la, lag(t) over w as lt, row_number() over w as k
  from dm window w as (partition by least(a, b), greatest(a, b) order by t, n);
create table given as select a, b, min(n) n, min(t) t from dm where address group by all;
create table aft as select given.a, given.b, count(p.n) rest from given left join p
  on p.x = least(given.a, given.b) and p.y = greatest(given.a, given.b) and p.n > given.n group by all;
"""
QUERIES: Final = {
    "direct targets": "select a, count(distinct b) from dm group by all",
    "direct targets it wrote to first": "select a, count(*) from p where k = 1 group by all",
    "share of talks it began": "select a, avg((k = 1)::int) from p where k <= 2 group by all having count(*) > 2",
    "messages with an address": "select a, count(*) from dm where address group by all",
    "targets given an address": "select a, count(distinct b) from given group by all",
    "share of targets given an address": "select dm.a, count(distinct given.b) / count(distinct dm.b) from dm left join given using (a, b) group by all having count(distinct dm.b) > 2",
    "follows back": "select g.a, count(*) from fo g join fo h on g.a = h.b and g.b = h.a and h.t < g.t group by all",
    "is followed back": "select g.a, count(*) from fo g join fo h on g.a = h.b and g.b = h.a and h.t > g.t group by all",
    "share of follows that answer one": "select g.a, avg(case when h.t < g.t then 1.0 else 0 end) from fo g left join fo h on g.a = h.b and g.b = h.a group by all having count(*) > 2",
    "follows back, then writes": "select g.a, count(*) from fo g join fo h on g.a = h.b and g.b = h.a and h.t < g.t join fm on fm.a = g.a and fm.b = g.b and fm.t > g.t group by all",
    "quick median reply": "select a, -median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "slow median reply": "select a, median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "quick median reply received": "select la, -median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "slow median reply received": "select la, median(t - lt) from p where la is not null and la <> a group by all having count(*) > 4",
    "talks visible after the address": "select a, count(*) from aft where rest >= 6 group by all",
    "talks dark after the address": "select a, count(*) from aft where rest <= 2 group by all",
    "share dark after the address": "select a, avg(case when rest <= 2 then 1.0 else 0 end) from aft group by all having count(*) > 1",
    "answered, then address": "select a, count(distinct b) from p join given using (a, b) where p.n < given.n and p.la = p.b group by all",
    "time from first message to address": "select fm.a, -median(given.t - fm.t) from fm join given using (a, b) group by all having count(*) > 1",
    "length of first messages": "select a, avg(length(content)) from p join e using (n) where k = 1 group by all having count(*) > 1",
    "latest first contact": "select a, max(t) from fm group by all",
    "earliest address": "select a, -min(t) from given group by all",
    "targets with several who give an address": "select a, count(*) from given join (select b from given group by b having count(*) > 1) using (b) group by all",
}
"""Scores per account, larger first; each is a few lines over one or two kinds of event."""


def probed(world: World) -> dict[str, float]:
    """Give the average precision of every query for the recruiters of a world."""
    accounts = baselines.everybody(world)
    names = accounts.to_pylist()
    recruiters = cast_of(world.truth, accounts).recruiters
    base = baselines.open_world(world)
    base.execute(_SETUP)
    found = {}
    for name, query in QUERIES.items():
        given = dict(base.execute(query).fetchall())
        score = np.array([float(given.get(account, -np.inf)) for account in names])
        found[name] = average_precision(score, recruiters)
    base.close()
    return found

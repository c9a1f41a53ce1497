"""A ceiling: a learner that is told what a detector must find out, trained on worlds of other seeds.

It is told which rows hold an address, whose it is, and who shares a script; and it learns the simulator's own
chances. What it cannot tell apart, the events do not hold. No detector reads anything here.
"""

from __future__ import annotations

from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from undertow.worlds.rows import Floats
from undertow.worlds.simulate import World

_SETUP: Final = """
create table gv as select a, b, min(t) as t, min(n) as n, first(word) as word from e2
  where type = 'message' and address group by all;
create table sc as select distinct a, b, word from e2 where type = 'message' and not address and word is not null;
create table base as select gv.*, fm.t as met,
   coalesce((ap.t < fm.t)::int, 0) as approach, coalesce((fo.t < fm.t)::int, 0) as back,
   coalesce((bk.t < gv.t)::int, 0) as answered, coalesce((bk.t < fm.t)::int, 0) as second
  from gv join fm using (a, b) left join ap using (a, b) left join fo using (a, b)
  left join fm bk on bk.a = gv.b and bk.b = gv.a;
create table rest as select gv.a, gv.b, count(e2.n) as c from gv left join e2 on e2.type = 'message'
  and ((e2.a = gv.a and e2.b = gv.b) or (e2.a = gv.b and e2.b = gv.a)) and e2.n > gv.n group by all;
create table third as select gv.a, gv.b, fm.a as c from gv join fm on fm.b = gv.b and fm.a <> gv.a and fm.t > gv.t
  and fm.t < gv.t + 42 * 86400;
create table thirds as select a, c, count(*) as k from third group by all;
create table served as select c, count(*) filter (k > 1) as srv, sum(k) as tot from thirds group by all;
create table doors as select gv.a, p.a as d, count(distinct gv.b) as k from gv join fm using (a, b)
  join ap p on p.b = gv.b and p.a <> gv.a and p.t < fm.t and p.t > fm.t - 30 * 86400 group by all;
create table manned as select d, count(*) filter (k > 1) as m from doors group by all;
create table pool as select word, count(distinct a) as who, count(distinct b) as whom from gv group by all;
create table same as select word, count(distinct a) as who, count(distinct b) as whom from sc group by all;
create table twice as select x.a, count(distinct x.b) as k from gv x join gv y on x.b = y.b and x.a <> y.a
  and x.word = y.word group by all;
create table also as select x.a, count(distinct x.b) as k from gv x join gv y on x.b = y.b and x.a <> y.a group by all;
"""
_FEATURES: Final = """
with one as (select a, count(*) as given, avg(approach) as approach, avg(back) as back, avg(answered) as answered,
   avg(second) as second, median(t - met) as wait, stddev(met) as spread from base group by all),
 deg as (select a, count(distinct b) as contacts, count(*) as messages from dm group by all),
 fst as (select a, count(*) as first from fm group by all),
 r as (select a, avg((c <= 2)::int) as dark, avg(c) as after from rest group by all),
 h as (select a, count(distinct b) as handed from third group by all),
 hm as (select a, max(k) as most_handed, max(srv) filter (k > 1) as srv, max(tot) filter (k > 1) as tot
   from thirds join served using (c) group by all),
 dm2 as (select a, max(k) as most_door, max(m) filter (k > 1) as manned from doors join manned using (d) group by all),
 p as (select a, max(who) as pool_who, max(whom) as pool_whom, count(distinct word) as pools from gv join pool using (word) group by all),
 s as (select a, max(who) as script_who, max(whom) as script_whom from sc join same using (word) group by all)
select one.*, contacts, messages, first, given / contacts as share, dark, after, handed, most_handed, srv, tot,
  most_door, manned, pool_who, pool_whom, pools, script_who, script_whom, twice.k as twice, also.k as also
 from one left join deg using (a) left join fst using (a) left join r using (a) left join h using (a)
 left join hm using (a) left join dm2 using (a) left join p using (a) left join s using (a)
 left join twice using (a) left join also using (a)
"""
TIES: Final = (
    "most_handed", "srv", "tot", "most_door", "manned", "pool_who", "pool_whom", "script_who",
    "script_whom", "twice",
)  # fmt: skip
"""Columns that look beyond single funnels."""


def told_features(
    base: duckdb.DuckDBPyConnection, world: World, accounts: pa.Array
) -> tuple[list[str], Floats]:
    """Give names and values (n, f) of what a learner is told about every account; NaN where nothing.

    Args:
        base: the world, opened by `baselines.open_world`.
        world: the world itself.
        accounts: names, (n).
    """
    events = world.events.select(["id", "type", "actor", "target", "published"])
    events = events.append_column("address", world.shows_address)
    base.register("told", events.append_column("word", world.words))
    base.execute(
        "create table e2 as select actor as a, target as b, type, address, word,"
        " epoch(published) as t, cast(id as bigint) as n from told where target is not null"
    )
    base.execute(_SETUP)
    found = base.execute(_FEATURES).fetchnumpy()
    names = [name for name in found if name != "a"]
    place = {name: row for row, name in enumerate(accounts.to_pylist())}
    rows = np.array([place[name] for name in found["a"].tolist()], dtype=np.int64)
    given = np.full((len(place), len(names)), np.nan)
    for column, name in enumerate(names):
        values = np.ma.filled(np.ma.asarray(found[name], dtype=np.float64), np.nan)
        given[rows, column] = values
    return names, given

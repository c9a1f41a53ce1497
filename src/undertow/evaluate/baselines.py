"""Simple rivals of the detector: counts and joins that an engineer would write in an afternoon.

Each is one query over the same events. They are told by the world which rows show an address, so none
of them loses because of a weaker reader of addresses.
"""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from undertow.worlds.simulate import World

_SETUP: Final = """
create table dm as select actor as a, target as b, t, n, address from e
  where type = 'message' and target is not null and coalesce(visibility, 'direct') = 'direct';
create table fm as select a, b, min(t) as t from dm group by all;
create table fo as select actor as a, target as b, min(t) as t from e where type = 'follow' group by all;
create table ap as select actor as b, target as a, min(t) as t from e
  where type in ('mention', 'reply') and target is not null group by all;
create table ad as select a, b, t from dm where address;
"""

# Both joins count the targets that took the required steps (message, address), and one more for each
# optional step: approach, follow back, 20 messages either way, a third account's first message.
# 2592000 s are the 30 days of the window (science reference, C6).
_STATIC: Final = """
with base as (select distinct a, b from ad),
 talk as (select least(a, b) as x, greatest(a, b) as y, count(*) as c from dm group by all),
 partners as (select b, count(distinct a) as c from dm group by all)
select base.a, sum(1 + (ap.a is not null)::int + (fo.a is not null)::int
  + (coalesce(talk.c, 0) >= 20)::int + (coalesce(partners.c, 0) > 1)::int)
 from base left join ap using (a, b) left join fo using (a, b)
 left join talk on talk.x = least(base.a, base.b) and talk.y = greatest(base.a, base.b)
 left join partners using (b) group by all
"""
_ORDERED: Final = """
with base as (select fm.a, fm.b, fm.t as m, min(ad.t) as d from fm join ad using (a, b)
   where ad.t >= fm.t and ad.t <= fm.t + 2592000 group by all),
 late as (select base.a, base.b, count(*) as c from base join dm
   on ((dm.a = base.a and dm.b = base.b) or (dm.a = base.b and dm.b = base.a))
   where dm.t > base.d and dm.t <= base.d + 2592000 group by all),
 third as (select base.a, base.b, count(*) as c from base join fm on fm.b = base.b and fm.a <> base.a
   where fm.t > base.d and fm.t <= base.d + 2592000 group by all)
select base.a, sum(1 + coalesce((ap.t < base.m and ap.t >= base.m - 2592000)::int, 0)
  + coalesce((fo.t < base.m and fo.t >= base.m - 2592000)::int, 0)
  + coalesce((late.c >= 20)::int, 0) + coalesce((third.c > 0)::int, 0))
 from base left join ap using (a, b) left join fo using (a, b) left join late using (a, b)
 left join third using (a, b) group by all
"""
# The word list is what a reader of addresses would begin with; `\\d` takes telephone numbers.
_RULE: Final = r"""
select actor, count(*) from e where type = 'message' and target is not null
  and regexp_matches(lower(coalesce(content, '')),
   '(telegram|whatsapp|signal|skype|wickr|threema|snapchat|discord|kik|insta|e-?mail|number)|t\.me/|wa\.me/|@[a-z0-9_]{4,}|[\w.]+@[\w.]+|\+?\d[\d -]{7,}')
 group by all
"""
# Same words (digits and what looks like a name masked) or the same link within a minute, by two accounts.
_TOGETHER: Final = r"""
with said as (select actor, t, coalesce(nullif(regexp_extract(content, 'https?://\S+'), ''),
   regexp_replace(lower(content), '[\w.@+/#:-]*\d[\w.@+/#:-]*', '#', 'g')) as words
  from e where content is not null and length(content) >= 30)
select a.actor, count(*) from said a join said b on a.words = b.words and a.actor <> b.actor
  and abs(a.t - b.t) <= 60 group by all
"""
_SCRIPT: Final = r"""
with said as (select distinct actor, target, regexp_replace(lower(content), '[\w.@+/#:-]*\d[\w.@+/#:-]*', '#', 'g') as words
  from e where type = 'message' and target is not null and length(content) >= 30),
 many as (select words, count(distinct actor) as who, count(distinct target) as whom from said group by all having whom > 1)
select actor, count(distinct target) from said join many using (words) group by all
"""
QUERIES: Final = {
    "new contacts a day": "select a, max(c) from (select a, t // 86400 as d, count(*) as c from fm group by all) group by all",
    "out-degree": "select a, count(distinct b) from dm group by all",
    "address count": "select a, count(*) from ad group by all",
    "targets given an address": "select a, count(distinct b) from ad group by all",
    "join of the steps": _STATIC,
    "join in order, 30 days": _ORDERED,
    "keywords and contact patterns": _RULE,
    "same words within a minute": _TOGETHER,
    "same words to several": _SCRIPT,
}
"""Score per account of each simple baseline; what a query does not list is listed last."""


def open_world(world: World) -> duckdb.DuckDBPyConnection:
    """Load a world into a database of its own, with the tables that the queries read."""
    base = duckdb.connect()
    base.execute("set threads to 1")
    table = world.events.append_column("address", world.shows_address)
    base.register("events", table)
    base.execute(
        "create table e as select *, epoch(published) as t, cast(id as bigint) as n from events"
    )
    base.execute(_SETUP)
    return base


def scores(base: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float]]:
    """Run all simple baselines."""
    return {
        name: {account: float(value) for account, value in base.execute(query).fetchall()}
        for name, query in QUERIES.items()
    }


def everybody(world: World) -> pa.Array:
    """List the accounts of a world, in alphabetical order."""
    events = world.events
    both = pa.chunked_array([*events["actor"].chunks, *events["target"].chunks])
    names = pc.unique(both).drop_null()
    return names.take(pc.sort_indices(names))

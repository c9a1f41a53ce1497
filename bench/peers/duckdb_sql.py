"""P1 in DuckDB's SQL: ASOF joins from step to step, windows over the talk.

The latest earlier event that may take a step is found by an ASOF join; that is enough, for a later one is
never worse. With `--variant pre` only pairs between whom an address was handed over are looked at.
"""

from __future__ import annotations

import duckdb
import p1

QUERY = """
with
said as (
    select published as moment, type, actor, target, {address} as handed,
           least(actor, target) as low, greatest(actor, target) as high
    from read_parquet('{path}')
    where type in ('mention', 'reply', 'follow', 'message')
),
{narrowed}
public as (select low, high, moment from near where type in ('mention', 'reply')),
messages as materialized (
    select low, high, actor, target, moment, handed from near where type = 'message'
),
follows as materialized (
    select f.actor, f.target, f.moment
    from (select * from near where type = 'follow') f
    asof join public p on f.low = p.low and f.high = p.high and f.moment > p.moment
    where f.moment - p.moment <= {FOLLOW_WITHIN}
),
openings as materialized (
    select m.actor, m.target, m.moment
    from messages m
    asof join follows f on m.actor = f.actor and m.target = f.target and m.moment > f.moment
    where m.moment - f.moment <= {MESSAGE_WITHIN}
),
handed as materialized (
    select m.low, m.high, m.actor, m.target, m.moment
    from (select * from messages where handed) m
    asof join openings o on m.actor = o.actor and m.target = o.target and m.moment >= o.moment
    where m.moment - o.moment <= {ADDRESS_WITHIN}
),
dated as (
    select low, high, moment,
           lead(moment, {COUNT}) over talk as counted,
           dense_rank() over (partition by low, high order by moment // {DAY}) as date
    from messages semi join (select distinct low, high from handed) using (low, high)
    window talk as (partition by low, high order by moment)
),
talk as materialized (
    select *, lead(date) over (partition by low, high order by moment) as next_date from dated
),
begins as (select low, high, date, min(moment) as moment from talk group by all)
select h.actor, h.target, min(greatest(t.counted, b.moment)) as completed
from handed h
join talk t on t.low = h.low and t.high = h.high and t.moment = h.moment
join begins b on b.low = t.low and b.high = t.high and b.date = t.next_date + {DATES} - 1
where t.counted is not null and greatest(t.counted, b.moment) - h.moment <= {TALK_WITHIN}
group by h.actor, h.target
"""
ALL = "near as materialized (select * from said),"
PRE = """
pairs as materialized (select distinct low, high from said where type = 'message' and handed),
near as materialized (select said.* from said semi join pairs using (low, high)),
"""


def find(path: str, *, pre: bool, common: bool) -> p1.Answer:
    words = {name: number for name, number in vars(p1).items() if name.isupper()}
    query = QUERY.format(
        path=path.replace("'", "''"),
        narrowed=PRE if pre else ALL,
        address="true" if common else "address",
        **words,
    )
    with duckdb.connect(config={"threads": p1.THREADS}) as connection:
        return connection.execute(query).fetchall()


if __name__ == "__main__":
    asked = p1.parser("pre", "full").parse_args()
    p1.timed(
        lambda: find(asked.events, pre=asked.variant == "pre", common=asked.common),
        asked.answer,
    )

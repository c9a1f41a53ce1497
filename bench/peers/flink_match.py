"""P1 in Flink's SQL: MATCH_RECOGNIZE over every ordered pair, batch mode.

Flink's Python package reads no Parquet, so it gets the events as CSV; writing that (`--write`, with DuckDB)
is not timed. MATCH_RECOGNIZE knows no distinct count, so each message carries its number among those of
the pair, the number of its date, and that of the date of the next message, all by window functions. A message
that hands over an address stands twice, once as any message and right after that as the address, so that
one event may take both steps. Flink runs twice in one process: the first run pays for planning and for
warming the JVM, and is told as `cold`.
"""

from __future__ import annotations

import time
from pathlib import Path

import p1

ROWS = """
create table events (
    moment bigint, word string, actor bigint, target bigint,
    clock as to_timestamp_ltz(moment / 1000, 3), watermark for clock as clock
) with ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'csv')
"""
DIRECTED = """
create temporary view directed as
select actor as recruiter, target as target, moment, clock, word, true as forth from events
union all
select target, actor, moment, clock, word, false from events where word <> 'follow'
"""
NUMBERED = """
create temporary view numbered as
select *, lead(dated) over (partition by recruiter, target order by moment) as next_dated
from (
    select *, row_number() over (partition by recruiter, target order by moment) as nth,
        dense_rank() over (partition by recruiter, target order by moment / {DAY}) as dated
    from directed where word in ('message', 'address')
)
"""
STEPS = """
create temporary view steps as
select recruiter, target, moment, clock, 0 as part, word,
       cast(0 as bigint) as nth, cast(0 as bigint) as dated, cast(0 as bigint) as next_dated
from directed where word in ('public', 'follow')
union all
select recruiter, target, moment, clock, 0, case when forth then 'message' else 'back' end,
       nth, dated, next_dated
from numbered
union all
select recruiter, target, moment, clock, 1, 'address', nth, dated, next_dated
from numbered where forth and ({handed})
"""
QUERY = """
select recruiter, target, completed from steps match_recognize (
    partition by recruiter, target
    order by clock, moment, part
    measures z.moment as completed
    one row per match
    after match skip to next row
    pattern (p w1*? f w2*? m w3*? a w4*? z) within interval '35' day
    define
        p as p.word = 'public',
        w1 as w1.moment - p.moment <= {FOLLOW_WITHIN},
        f as f.word = 'follow' and f.moment - p.moment <= {FOLLOW_WITHIN},
        w2 as w2.moment - f.moment <= {MESSAGE_WITHIN},
        m as m.word = 'message' and m.moment - f.moment <= {MESSAGE_WITHIN},
        w3 as w3.moment - m.moment <= {ADDRESS_WITHIN},
        a as a.word = 'address' and a.moment - m.moment <= {ADDRESS_WITHIN},
        w4 as w4.moment - a.moment <= {TALK_WITHIN},
        z as z.nth - a.nth >= {COUNT} and z.dated - a.next_dated >= {DATES} - 1
            and z.word <> 'address' and z.moment - a.moment <= {TALK_WITHIN}
)
"""
WRITE = """
copy (
    select published, case when type in ('mention', 'reply') then 'public'
        when type = 'message' and address then 'address' else type end, actor, target
    from read_parquet('{path}') where type in ('mention', 'reply', 'follow', 'message')
) to '{csv}' (header false)
"""


def write(events: str, csv: str) -> None:
    """Write the events that matter as CSV, unless they are there."""
    import duckdb

    if not Path(csv).exists():
        part = csv + ".part"
        duckdb.connect().execute(WRITE.format(path=events, csv=part))
        Path(part).rename(csv)


def find(environment: object) -> p1.Answer:
    words = {name: number for name, number in vars(p1).items() if name.isupper()}
    first: dict[tuple[int, int], int] = {}
    with environment.execute_sql(QUERY.format(**words)).collect() as rows:  # type: ignore[attr-defined]  # checked without Flink
        for recruiter, target, completed in rows:
            key = (int(recruiter), int(target))
            first[key] = min(int(completed), first.get(key, int(completed)))
    return [(*key, at) for key, at in first.items()]


def prepared(csv: str, *, common: bool) -> object:
    """Start Flink and declare the tables."""
    from pyflink.table import EnvironmentSettings, TableEnvironment

    environment = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
    environment.get_config().set("parallelism.default", str(p1.THREADS))
    environment.get_config().set("taskmanager.numberOfTaskSlots", str(p1.THREADS))
    environment.get_config().set("taskmanager.memory.process.size", "6g")
    handed = "true" if common else "word = 'address'"
    path = Path(csv).absolute().as_uri()
    for statement in (ROWS, DIRECTED, NUMBERED, STEPS):
        environment.execute_sql(statement.format(path=path, DAY=p1.DAY, handed=handed))
    return environment


def main() -> None:
    parser = p1.parser("full")
    parser.add_argument("--csv", required=True, help="the events as CSV")
    parser.add_argument("--write", action="store_true", help="write the CSV and stop")
    asked = parser.parse_args()
    if asked.write:
        write(asked.events, asked.csv)
        return
    begin = time.perf_counter()
    environment = prepared(asked.csv, common=asked.common)
    find(environment)
    cold = time.perf_counter() - begin
    begin = time.perf_counter()
    answer = find(environment)
    p1.tell(answer, time.perf_counter() - begin, asked.answer, cold=cold)


if __name__ == "__main__":
    main()

"""Measure detection on simulated worlds: Undertow beside four baselines.

    python bench/worlds.py BACKGROUND.parquet... --seeds 1 2 3 [--format json]

Per world: average precision of recruiters (positives: recruiters of campaigns; every other account
of the world is negative, unlisted ones rank last, a tie group counts as if its positives came at its
end), campaigns with an account in the first 40, look-alikes in the first 40. Then means over the
worlds of each background with 95 % intervals by bootstrap over campaigns. Positives are simulated;
no public labelled recruitment data exists.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.write import write_events
from undertow.signals.derive import address_column
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

FIRST = 40
RESAMPLES = 1_000
RUN = [sys.executable, "-c", "from undertow.cli.main import run; run()"]
SETUP = """
create table dm as select actor as a, target as b, t, n, address from e where type = 'message'
  and target is not null and coalesce(visibility, 'direct') = 'direct';
create table fm as select a, b, min(t) as t from dm group by all;
create table fo as select actor as a, target as b, min(t) as t from e where type = 'follow' group by all;
create table ap as select actor as b, target as a, min(t) as t from e
  where type in ('mention', 'reply') and target is not null group by all;
create table ad as select a, b, t from dm where address;
"""
# Both joins count the targets that took the required steps (message, address), and one more for each
# optional step: approach, follow back, 20 messages either way, a third account's first message.
STATIC = """
with base as (select distinct a, b from ad),
 talk as (select least(a, b) as x, greatest(a, b) as y, count(*) as c from dm group by all),
 partners as (select b, count(distinct a) as c from dm group by all)
select base.a, sum(1 + (ap.a is not null)::int + (fo.a is not null)::int + (talk.c >= 20)::int
  + (partners.c > 1)::int) from base left join ap using (a, b) left join fo using (a, b)
 left join talk on talk.x = least(base.a, base.b) and talk.y = greatest(base.a, base.b)
 left join partners using (b) group by all
"""
DAY = 86_400
ORDERED = f"""
with base as (select fm.a, fm.b, fm.t as m, min(ad.t) as d from fm join ad using (a, b)
   where ad.t >= fm.t and ad.t <= fm.t + 28 * {DAY} group by all),
 late as (select base.a, base.b, count(*) as c from base join dm
   on ((dm.a = base.a and dm.b = base.b) or (dm.a = base.b and dm.b = base.a))
   where dm.t > base.d and dm.t <= base.d + 28 * {DAY} group by all),
 third as (select base.a, base.b, count(*) as c from base join fm on fm.b = base.b and fm.a <> base.a
   where fm.t > base.d and fm.t <= base.d + 42 * {DAY} group by all)
select base.a, sum(1 + coalesce((ap.t < base.m and ap.t >= base.m - 28 * {DAY})::int, 0)
  + coalesce((fo.t < base.m and fo.t >= base.m - 14 * {DAY})::int, 0)
  + coalesce((late.c >= 20)::int, 0) + coalesce((third.c > 0)::int, 0))
 from base left join ap using (a, b) left join fo using (a, b) left join late using (a, b)
 left join third using (a, b) group by all
"""
BASELINES = {
    "out-degree": "select a, count(distinct b) from dm group by all",
    "address count": "select a, count(*) from ad group by all",
    "join, no order": STATIC,
    "join, order": ORDERED,
}


def precision(score: np.ndarray, weight: np.ndarray) -> float:
    """Average precision; `weight` is how often each account counts as a positive (0: negative)."""
    order = np.argsort(-score, kind="stable")
    score, weight = score[order], weight[order]
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    found, negative = np.cumsum(weight)[ends], np.cumsum(weight == 0)[ends]
    gained = np.diff(np.concatenate([[0.0], found]))
    share = np.divide(found, found + negative, out=np.zeros(len(ends)), where=found > 0)
    return float(np.sum(gained * share) / weight.sum()) if weight.sum() else float("nan")


def undertow_scores(world: World) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        events, out = Path(folder) / "world.parquet", Path(folder) / "out"
        write_events(
            events,
            [world.events],
            schema=world.events.schema,
            sources=world.sources,
            simulated=world.made,
        )
        command = [
            *RUN,
            "--quiet",
            "detect",
            str(events),
            "--out",
            str(out),
            "--format",
            "json",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        listed = pq.read_table(out / "accounts.parquet")
    listed = listed.filter(pc.equal(listed["role"], "recruiter"))
    scores: dict[str, float] = {}
    for account, weight in zip(
        listed["account"].to_pylist(), listed["weight"].to_pylist(), strict=True
    ):
        scores[account] = max(weight, scores.get(account, -np.inf))
    return scores


def baseline_scores(world: World) -> dict[str, dict[str, float]]:
    found = address_column(world.events["content"].combine_chunks()).to_pylist()
    given = pa.array([bool(row) and any(one["kind"] != "url" for one in row) for row in found])
    base = duckdb.connect()
    base.register("events", world.events.append_column("address", given))
    base.execute(
        "create table e as select *, epoch(published) as t, cast(id as bigint) as n from events"
    )
    base.execute(SETUP)
    return {name: dict(base.execute(query).fetchall()) for name, query in BASELINES.items()}


class Measured:
    """One method on one world."""

    def __init__(self, world: World, scores: dict[str, float]) -> None:
        everybody = pc.unique(
            pa.chunked_array([*world.events["actor"].chunks, *world.events["target"].chunks])
        ).drop_null()
        names = sorted(everybody.to_pylist())
        self.score = np.array([float(scores.get(name, -np.inf)) for name in names])
        lot = np.random.default_rng(0).random(len(names))
        first = set(np.array(names)[np.lexsort((lot, -self.score))[:FIRST]].tolist())
        first &= set(scores)
        place = {name: index for index, name in enumerate(names)}
        self.campaigns: list[list[int]] = []
        self.found: list[bool] = []
        cast = [row for row in world.truth.to_pylist() if row["role"] != "target"]
        for campaign in sorted({row["campaign"] for row in cast if row["campaign"]}):
            mine = [row for row in cast if row["campaign"] == campaign]
            self.campaigns.append(
                [place[row["account"]] for row in mine if row["role"] == "recruiter"]
            )
            self.found.append(any(row["account"] in first for row in mine))
        honest = {row["account"] for row in cast if not row["campaign"]}
        self.lookalikes = len(honest & first)

    def resampled(self, rng: np.random.Generator | None) -> tuple[float, float]:
        """Average precision and campaigns found, of all campaigns or of a draw with replacement."""
        count = len(self.campaigns)
        drawn = np.arange(count) if rng is None else rng.integers(0, count, count)
        weight = np.zeros(len(self.score))
        for index in drawn:
            weight[self.campaigns[index]] += 1
        missing = [i for i in range(count) if i not in set(drawn.tolist())]
        score = self.score
        if missing:  # recruiters of a campaign left out are neither positive nor negative
            left = np.concatenate([self.campaigns[i] for i in missing])
            keep = np.ones(len(score), dtype=bool)
            keep[left] = False
            score, weight = score[keep], weight[keep]
        return precision(score, weight), float(np.sum(np.array(self.found)[drawn]))


def measure(background: Path, seeds: list[int], settings: dict[str, float]) -> list[dict]:
    table = pq.read_table(background)
    methods: dict[str, list[Measured]] = {}
    rows = []
    for seed in seeds:
        world = make_world(table, Settings(seed=seed, **settings))
        scores = {"undertow": undertow_scores(world), **baseline_scores(world)}
        for name, given in scores.items():
            one = Measured(world, given)
            methods.setdefault(name, []).append(one)
            value, found = one.resampled(None)
            rows.append(
                {
                    "world": f"{background.stem} {seed}",
                    "method": name,
                    "precision": round(value, 3),
                    "interval": None,
                    "campaigns": f"{found:g} of {len(one.campaigns)}",
                    "lookalikes": one.lookalikes,
                }
            )
    for name, worlds in methods.items():
        rng = np.random.default_rng(1)
        draws = [
            np.mean([one.resampled(rng) for one in worlds], axis=0) for _ in range(RESAMPLES)
        ]
        low, high = np.percentile(draws, (2.5, 97.5), axis=0)
        value, found = np.mean([one.resampled(None) for one in worlds], axis=0)
        total = np.mean([len(one.campaigns) for one in worlds])
        rows.append(
            {
                "world": f"{background.stem} mean",
                "method": name,
                "precision": round(float(value), 3),
                "interval": [round(float(low[0]), 3), round(float(high[0]), 3)],
                "campaigns": f"{found:.1f} of {total:.1f} [{low[1]:.1f}, {high[1]:.1f}]",
                "lookalikes": float(np.mean([one.lookalikes for one in worlds])),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("backgrounds", nargs="+", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--prevalence", type=float, default=Settings.prevalence)
    parser.add_argument("--dark", type=float, default=Settings.dark)
    parser.add_argument("--lookalikes", type=float, default=Settings.lookalikes)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    given = parser.parse_args()
    settings = {name: getattr(given, name) for name in ("prevalence", "dark", "lookalikes")}
    rows = [row for path in given.backgrounds for row in measure(path, given.seeds, settings)]
    if given.format == "json":
        print(json.dumps(rows, indent=2))
        return
    print("positives are simulated; no public labelled recruitment data exists")
    print(
        f"{'world':24} {'method':16} {'AP':>6}  {'95 %':16} {'campaigns in 40':24} look-alikes"
    )
    for row in rows:
        span = "" if row["interval"] is None else "{:.3f} to {:.3f}".format(*row["interval"])
        print(
            f"{row['world']:24} {row['method']:16} {row['precision']:6.3f}  {span:16} "
            f"{row['campaigns']:24} {row['lookalikes']:g}"
        )


if __name__ == "__main__":
    main()

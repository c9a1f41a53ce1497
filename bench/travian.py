"""Measure `group-recruitment` on real joins: who, of the outsiders that members wrote to, joins next.

    python bench/travian.py EVENTS.parquet [--cut 10] [--until 15] [--format json]

Input is cut at the end of day `cut`; the joins of day 1 are a snapshot, and keys never count them as
taken. Candidates are (member, outsider, group) of whom the member wrote to the outsider by then and the
outsider is still outside; positive if the outsider joins that group on the days after, up to `until`.
Average precision with a 95 % interval by bootstrap over outsiders (their pairs are not independent),
ties broken at random, beside three simple scores. A day begins at the hour of the first event. The
windows of the playbook were fitted on joins of days 6 to 10 only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

RESAMPLES = 1_000
RUN = [sys.executable, "-c", "from undertow.cli.main import run; run()"]
Key = tuple[str, str, str]


def detect(events: Path, until: str, playbook: str) -> dict[Key, float]:
    """Run the command on the cut input and read the weight of every listed funnel."""
    with tempfile.TemporaryDirectory() as folder:
        reason = "measuring on a public research data set of a game"
        options = ["--playbook", playbook, "--until", until, "--native-targets", reason]
        command = [*RUN, "detect", str(events), "--out", folder, *options, "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows = pq.read_table(Path(folder) / "funnels.parquet").to_pylist()
    return {(row["recruiter"], row["target"], row["group"]): row["weight"] for row in rows}


def candidates(before: pa.Table) -> dict[Key, list[tuple[object, str]]]:
    """List (member, outsider, group) with the messages between them, as (day, sender)."""
    members: dict[str, set[str]] = {}
    found: dict[Key, list[tuple[object, str]]] = {}
    rows = before.select(["type", "published", "actor", "target", "context"]).to_pylist()
    for row in rows:
        actor, target, day = row["actor"], row["target"], row["published"].date()
        if row["type"] == "join":
            members.setdefault(actor, set()).add(row["context"])
        elif row["type"] == "leave":
            members.get(actor, set()).discard(row["context"])
        elif row["type"] == "message" and target is not None:
            for group in members.get(actor, set()) - members.get(target, set()):
                found.setdefault((actor, target, group), []).append((day, actor))
            for group in members.get(target, set()) - members.get(actor, set()):
                if (target, actor, group) in found:
                    found[target, actor, group].append((day, actor))
    return {
        key: said for key, said in found.items() if key[2] not in members.get(key[1], set())
    }


def average_precision(score: np.ndarray, positive: np.ndarray) -> float:
    """Average precision with scores in descending order."""
    hit = positive[np.argsort(-score, kind="stable")]
    return (
        float((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean()) if hit.any() else 0.0
    )


def interval(
    score: np.ndarray, positive: np.ndarray, cluster: np.ndarray
) -> tuple[float, float]:
    """Resample outsiders and give the 2.5 and 97.5 percentiles."""
    dice = np.random.default_rng(1)
    rows_of = [np.flatnonzero(cluster == one) for one in np.unique(cluster)]
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate(
            [rows_of[k] for k in dice.integers(0, len(rows_of), len(rows_of))]
        )
        drawn.append(average_precision(score[rows], positive[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("events", type=Path)
    parser.add_argument("--cut", type=int, default=10, help="last day of the input")
    parser.add_argument(
        "--until", type=int, default=15, help="last day of the joins to foretell"
    )
    parser.add_argument("--playbook", default="group-recruitment")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    asked = parser.parse_args()
    events = pq.read_table(asked.events).sort_by(
        [("published", "ascending"), ("id", "ascending")]
    )
    start = pc.min(events["published"]).as_py()
    cut, until = start + timedelta(days=asked.cut), start + timedelta(days=asked.until)
    talks = candidates(events.filter(pc.less(events["published"], cut)))
    later = events.filter(
        pc.and_(pc.greater_equal(events["published"], cut), pc.less(events["published"], until))
    )
    joins = later.filter(pc.equal(later["type"], "join"))
    joined = set(zip(joins["actor"].to_pylist(), joins["context"].to_pylist(), strict=True))
    weights = detect(asked.events, cut.isoformat(), asked.playbook)
    keys = sorted(talks)
    positive = np.array([(key[1], key[2]) in joined for key in keys])
    writers: dict[tuple[str, str], int] = {}
    for _, outsider, group in keys:
        writers[outsider, group] = writers.get((outsider, group), 0) + 1
    scores = {
        "undertow": [weights.get(key, -np.inf) for key in keys],
        "messages": [len(talks[key]) for key in keys],
        "days in contact": [len({day for day, _ in talks[key]}) for key in keys],
        "members of the group who write": [writers[key[1], key[2]] for key in keys],
    }
    jitter = np.random.default_rng(0).permutation(len(keys))
    cluster = np.array([key[1] for key in keys])[jitter]
    print(
        f"{len(keys)} candidates, {int(positive.sum())} positive ({positive.mean():.4f}), "
        f"{sum(key not in weights for key in keys)} without a funnel",
        file=sys.stderr,
    )
    lines = []
    for name, score in scores.items():
        mixed, truth = np.array(score, float)[jitter], positive[jitter]
        low, high = interval(mixed, truth, cluster)
        lines.append(
            {"score": name, "ap": average_precision(mixed, truth), "low": low, "high": high}
        )
    if asked.format == "json":
        print(json.dumps(lines, indent=1))
        return
    for line in lines:
        print(f"{line['score']:32}{line['ap']:.3f}   {line['low']:.3f} to {line['high']:.3f}")


if __name__ == "__main__":
    main()

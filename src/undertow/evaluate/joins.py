"""A task with real outcomes: who, of the outsiders that members of a group wrote to, joins it next.

The data is a game's (alliances of players): benign recruitment, whose outcome is known. Input ends with day
`CUT`; a candidate is (member, outsider, group) where the member wrote and the outsider is still outside; it is
positive where the outsider joins that group on the days after. The learner is trained on the days before.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.evaluate.metrics import Ranking
from undertow.pipeline import detect
from undertow.playbooks import parse
from undertow.request import Request
from undertow.worlds.rows import Bools, Floats, Ints

FILES: Final = ("travian-first-half/events.parquet", "travian/events.parquet")
PLAYBOOK: Final = "group-recruitment"
TRAINED: Final = 5
CUT: Final = 10
UNTIL: Final = 15
"""Days: the learner sees candidates of day 5 and their joins to day 10; all are measured on joins after it."""
RESAMPLES: Final = 400
REASON: Final = "measuring on a public research data set of a game"
Key = tuple[str, str, str]


@dataclass
class Talk:
    """What passed between a member and an outsider: times (days before the cut) either way."""

    sent: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One method: average precision with a 95 % interval by bootstrap over outsiders."""

    method: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Joins:
    """What came of the task: candidates, how many joined, and a line per method, the detector first."""

    candidates: int
    joined: int
    lines: tuple[Line, ...]


def find(data: Path | None) -> Path | None:
    """Find the events file under `--data`, or None."""
    places = [data / name for name in FILES] if data is not None else []
    return next((place for place in places if place.is_file()), None)


def measure(file: Path, *, learned: bool) -> Joins:
    """Rank the candidates by the detector, by simple scores, and by a learner if asked for."""
    order = [("published", "ascending"), ("id", "ascending")]
    events = pq.read_table(file).sort_by(order)
    start = pc.min(events["published"]).as_py()
    cut = start + timedelta(days=CUT)
    keys, given, positive = _problem(events, start, CUT, UNTIL)
    weights = _detected(file, cut)
    scores: dict[str, Floats] = {
        "undertow": np.array([weights.get(key, -np.inf) for key in keys]),
        "messages": given[:, NAMES.index("sent_30")] + given[:, NAMES.index("received_30")],
        "days in contact": given[:, NAMES.index("days")],
        "members who write": given[:, NAMES.index("writers")],
        "latest message": -given[:, NAMES.index("age")],
    }
    if learned:
        _, past, outcome = _problem(events, start, TRAINED, CUT)
        scores["gradient boosting"] = _boosted(past, outcome, given)
    outsider = np.unique([key[1] for key in keys], return_inverse=True)[1]
    lines = [_line(name, score, positive, outsider) for name, score in scores.items()]
    return Joins(len(keys), int(positive.sum()), tuple(lines))


NAMES: Final = (
    "sent_1", "sent_3", "sent_7", "sent_30", "received_1", "received_3", "received_7", "received_30",
    "days", "age", "writers", "writers_3", "member_reach", "outsider_reach", "members",
)  # fmt: skip
"""Features of a candidate, at the cut."""


def _problem(
    events: pa.Table, start: datetime, cut: int, until: int
) -> tuple[list[Key], Floats, Bools]:
    """Give candidates of one cut, their features, and which of them joined."""
    at, end = start + timedelta(days=cut), start + timedelta(days=until)
    before = events.filter(pc.less(events["published"], at))
    talks, members = _candidates(before, at)
    after = pc.and_(
        pc.greater_equal(events["published"], at), pc.less(events["published"], end)
    )
    joins = events.filter(pc.and_(after, pc.equal(events["type"], "join")))
    joined = set(zip(joins["actor"].to_pylist(), joins["context"].to_pylist(), strict=True))
    keys = sorted(talks)
    positive = np.array([(key[1], key[2]) in joined for key in keys])
    return keys, _features(keys, talks, members, before), positive


def _candidates(before: pa.Table, cut: datetime) -> tuple[dict[Key, Talk], dict[str, set[str]]]:
    groups: dict[str, set[str]] = {}
    found: dict[Key, Talk] = {}
    columns = ["type", "published", "actor", "target", "context"]
    for row in before.select(columns).to_pylist():
        actor, target = row["actor"], row["target"]
        if row["type"] == "join":
            groups.setdefault(actor, set()).add(row["context"])
        elif row["type"] == "leave":
            groups.get(actor, set()).discard(row["context"])
        elif row["type"] == "message" and target is not None:
            age = (cut - row["published"]).total_seconds() / 86_400
            mine, theirs = groups.get(actor, set()), groups.get(target, set())
            for group in mine - theirs:
                found.setdefault((actor, target, group), Talk()).sent.append(age)
            for group in theirs - mine:
                if (target, actor, group) in found:
                    found[target, actor, group].received.append(age)
    still = {
        key: talk for key, talk in found.items() if key[2] not in groups.get(key[1], set())
    }
    return still, groups


def _features(
    keys: list[Key], talks: dict[Key, Talk], groups: dict[str, set[str]], before: pa.Table
) -> Floats:
    writers: dict[tuple[str, str], int] = {}
    recent: dict[tuple[str, str], int] = {}
    for member_key in keys:
        place = member_key[1:]
        writers[place] = writers.get(place, 0) + 1
        recent[place] = recent.get(place, 0) + (min(talks[member_key].sent) <= 3)
    said = before.filter(pc.equal(before["type"], "message"))
    reach: dict[str, set[str]] = {}
    for actor, target in zip(
        said["actor"].to_pylist(), said["target"].to_pylist(), strict=True
    ):
        reach.setdefault(actor, set()).add(target)
    size: dict[str, int] = {}
    for of in groups.values():
        for group in of:
            size[group] = size.get(group, 0) + 1
    rows = []
    for key in keys:
        talk, place = talks[key], key[1:]
        counts = [
            sum(age <= days for age in ages)
            for ages in (talk.sent, talk.received)
            for days in (1, 3, 7, 30)
        ]
        ages = [*talk.sent, *talk.received]
        rows.append(
            [
                *counts,
                len({int(age) for age in ages}),
                min(ages),
                writers[place],
                recent[place],
                len(reach.get(key[0], ())),
                len(reach.get(key[1], ())),
                size.get(key[2], 0),
            ]
        )
    return np.array(rows, dtype=np.float64).reshape(-1, len(NAMES))


def _detected(file: Path, cut: datetime) -> dict[Key, float]:
    with tempfile.TemporaryDirectory(prefix="undertow-evaluate-") as folder:
        detect(
            Request(
                (file,), Path(folder), (parse.load(PLAYBOOK),), until=cut, native_targets=REASON
            )
        )
        rows = pq.read_table(Path(folder) / "funnels.parquet").to_pylist()
    return {(row["recruiter"], row["target"], row["group"]): row["weight"] for row in rows}


def _boosted(past: Floats, outcome: Bools, given: Floats) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.06,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        random_state=0,
    )
    return np.asarray(model.fit(past, outcome).predict_proba(given)[:, 1])


def _line(method: str, score: Floats, positive: Bools, outsider: Ints) -> Line:
    ranking = Ranking(score)
    dice, count = np.random.default_rng(1), int(outsider.max(initial=0)) + 1
    draws: list[float] = []
    for _ in range(RESAMPLES):
        often = np.bincount(dice.integers(0, count, count), minlength=count)[outsider]
        draws.append(_drawn(score, positive, often))
    low, high = np.percentile(draws, (2.5, 97.5))
    return Line(method, ranking.average_precision(positive), float(low), float(high))


def _drawn(score: Floats, positive: Bools, often: Ints) -> float:
    """Average precision of a sample in which each candidate stands `often` times."""
    order = np.argsort(-score, kind="stable")
    value, right, count = score[order], positive[order], often[order]
    ends = np.flatnonzero(np.append(value[1:] != value[:-1], True))
    found, seen = np.cumsum(right * count)[ends], np.cumsum(count)[ends]
    gained = np.diff(np.concatenate([[0], found]))
    share = np.divide(found, seen, out=np.zeros(len(ends)), where=seen > 0)
    return float(np.sum(gained * share) / max(found[-1], 1))

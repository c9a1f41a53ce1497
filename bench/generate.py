"""Make events of nobody, shaped like a busy platform, to measure speed on.

    python bench/generate.py --n 1000000 --out events.parquet [--seed 7] [--text]
    python bench/generate.py --from-bench FILE --out events.parquet

Writes an event table, and beside it `….truth.parquet` with the planted funnels (recruiter, target,
label). One (n, seed) always makes the same rows. Most texts are null unless `--text` is given; the
messages that hand over an address always hold one. `--from-bench` translates a table of bare events
(ts in microseconds, kind, actor, target or -1, channel, has_contact) instead of making one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.events.source import Source
from undertow.events.table import SCHEMA, TIME
from undertow.events.write import write_events
from undertow.units import DAY, HOUR, MINUTE, microseconds

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PLATFORM = "made-up"
START = microseconds(datetime(2026, 1, 1, tzinfo=UTC))
DAYS = 90
KINDS = ("post", "mention", "reply", "like", "follow", "message", "join")
POST, MENTION, REPLY, LIKE, FOLLOW, MESSAGE, JOIN = range(len(KINDS))
SHARES = {POST: 0.30, LIKE: 0.20, FOLLOW: 0.10, MESSAGE: 0.14, JOIN: 0.01}
"""Of all events; mentions and replies share the rest, 25 %."""
ADDRESS_SHARE = 0.01
"""Of direct messages. Posts carry half as many, which no playbook looks at."""
ROOMS = 200
TARGETS = 12
"""Per recruiter: half are drawn in step by step, half are written to and never handed an address."""
BATCH = 250_000
SPOKEN = np.isin(np.arange(len(KINDS)), (POST, MENTION, REPLY, MESSAGE))
WORDS = pa.array(
    (
        *("water", "garden", "winter", "paper", "yellow", "slowly", "train", "river", "bread"),
        *("window", "evening", "music", "street", "cloud", "summer", "table", "early"),
        *("orange", "under", "quiet", "bridge", "apple", "morning", "again", "coffee", "north"),
    )
)


@dataclass
class Rows:
    """Events as columns: time in microseconds, index into `KINDS`, account numbers, -1 for none."""

    at: Integers
    kind: Integers
    actor: Integers
    target: Integers
    room: Integers
    address: Flags

    def take(self, order: Integers) -> Rows:
        """Give the rows in another order, or some of them."""
        return Rows(**{name: column[order] for name, column in vars(self).items()})


class Crowd:
    """Accounts with unequal habits: Pareto activity, popularity near it, a list of friends each."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.rng, self.size = rng, size
        self.activity = np.minimum(1 + rng.pareto(1.3, size), 3000)
        popularity = self.activity**0.8 * np.exp(rng.normal(size=size))
        self._by_activity = self.activity.cumsum()
        self._by_popularity = np.minimum(popularity, 3000).cumsum()
        many = np.clip(3 + 4 * self.activity**0.7, 3, 300).astype(np.int64)
        self._first_friend = many.cumsum() - many
        self._many_friends = many
        self._friends = self._drawn(self._by_popularity, int(many.sum()))

    def _drawn(self, running: npt.NDArray[np.float64], m: int) -> Integers:
        places = self.rng.random(m) * running[-1]
        chosen: Integers = np.searchsorted(running, places, side="right").astype(np.int64)
        return chosen

    def actors(self, m: int) -> Integers:
        """Draw accounts by their activity."""
        return self._drawn(self._by_activity, m)

    def partners(self, of: Integers, *, friendly: float, taste: float) -> Integers:
        """Draw whom accounts turn to: a friend with probability `friendly`, else somebody popular.

        The higher `taste`, the more the first of the friends are preferred.
        """
        m = len(of)
        place = (self._many_friends[of] * self.rng.random(m) ** taste).astype(np.int64)
        friend = self._friends[self._first_friend[of] + place]
        stranger = self._drawn(self._by_popularity, m)
        chosen: Integers = np.where(self.rng.random(m) < friendly, friend, stranger)
        return np.where(chosen == of, (chosen + 1) % self.size, chosen)

    def times(self, m: int) -> Integers:
        """Draw moments: all days alike, most at evening, few before dawn (UTC)."""
        hour = self.rng.normal(19, 5, m) % 24
        return START + self.rng.integers(0, DAYS, m) * DAY + (hour * HOUR).astype(np.int64)

    def bursts(
        self, m: int, *, length: float, friendly: float, taste: float, turn: float
    ) -> tuple[Integers, Integers, Integers]:
        """Draw talks of two: times, writers, and whom they write to.

        A talk has `length` events in the mean, some minutes apart; each after the first goes the
        other way with probability `turn`.
        """
        rng = self.rng
        long = rng.geometric(1 / length, int(1.2 * m / length) + 99)
        long = np.append(long, max(0, m - int(long.sum())))
        talk = np.repeat(np.arange(len(long)), long)[:m]
        begin = np.flatnonzero(np.diff(talk, prepend=-1))
        one = self.actors(len(long))
        other = self.partners(one, friendly=friendly, taste=taste)
        since = np.minimum(rng.exponential(8 * MINUTE, m), 6 * HOUR).astype(np.int64).cumsum()
        since -= np.repeat(since[begin], np.diff(np.append(begin, m)))
        back = rng.random(m) < turn
        back[begin] = False
        a, b = one[talk], other[talk]
        at = self.times(len(long))[talk] + since
        return at, np.where(back, b, a), np.where(back, a, b)


def background(crowd: Crowd, m: int) -> Rows:
    """Draw `m` events in which nobody is recruited but by chance."""
    rng = crowd.rng
    counts = {kind: int(m * share) for kind, share in SHARES.items()}
    counts[MENTION] = m - sum(counts.values())
    at, kind, actor, target = [], [], [], []
    for which, count in counts.items():
        if which in (MENTION, MESSAGE):
            talks = {"length": 5.0, "friendly": 0.95, "taste": 3.0, "turn": 0.5}
            if which == MENTION:
                talks = {"length": 2.5, "friendly": 0.7, "taste": 2.0, "turn": 0.45}
            times, one, other = crowd.bursts(count, **talks)
        else:
            times, one = crowd.times(count), crowd.actors(count)
            other = np.full(count, -1)
            if which in (LIKE, FOLLOW):
                friendly, taste = (0.7, 1.5) if which == LIKE else (0.6, 1.0)
                other = crowd.partners(one, friendly=friendly, taste=taste)
        at.append(times)
        kind.append(np.full(count, which))
        actor.append(one)
        target.append(other)
    kinds = np.concatenate(kind)
    kinds[(kinds == MENTION) & (rng.random(m) < 0.5)] = REPLY
    room = np.where(kinds == MESSAGE, -1, (ROOMS * rng.random(m) ** 3).astype(np.int64))
    share = np.select(
        [kinds == MESSAGE, kinds == POST], [ADDRESS_SHARE, ADDRESS_SHARE / 2], 0.0
    )
    address = rng.random(m) < share
    return Rows(
        np.concatenate(at), kinds, np.concatenate(actor), np.concatenate(target), room, address
    )


def planted(crowd: Crowd) -> tuple[Rows, list[tuple[int, int, str]]]:
    """Plant one recruiter in ten thousand accounts, at least five, with the targets of each.

    Returns:
        The events, and (recruiter, target, label) with the label `funnel` or `no address`.
    """
    rng = crowd.rng
    middling = np.flatnonzero((crowd.activity > 2) & (crowd.activity < 20))
    quiet = np.flatnonzero(crowd.activity < 2)
    recruiters = rng.choice(middling, max(5, round(crowd.size / 10_000)), replace=False)
    events: list[tuple[int, int, int, int, int, bool]] = []
    truth: list[tuple[int, int, str]] = []
    for recruiter in recruiters.tolist():
        for number, target in enumerate(rng.choice(quiet, TARGETS, replace=False).tolist()):
            label = "no address" if number % 2 else "funnel"
            truth.append((recruiter, target, label))
            at = START + int(rng.uniform(0, 30) * DAY)
            events.append((at, MENTION, target, recruiter, 0, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, FOLLOW, recruiter, target, -1, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, MESSAGE, recruiter, target, -1, False))
            at += int(rng.uniform(0.1, 6) * DAY)
            events.append((at, MESSAGE, recruiter, target, -1, label == "funnel"))
            # Enough for a step of twenty messages on four days within four weeks.
            many = int(rng.integers(24, 41))
            gaps = np.linspace(0.05, 4.9, many) * DAY
            for gap, back in zip(gaps.tolist(), rng.random(many) < 0.5, strict=True):
                ends = (target, recruiter) if back else (recruiter, target)
                events.append((at + int(gap), MESSAGE, *ends, -1, False))
    at, kind, actor, target, room, address = np.array(events, np.int64).T
    return Rows(at, kind, actor, target, room, address == 1), truth


def made(n: int, seed: int) -> tuple[Rows, Integers, list[tuple[int, int, str]]]:
    """Make `n` events.

    Returns:
        The events by time, the 62-bit number of each account, and what was planted.
    """
    rng = np.random.default_rng(seed)
    crowd = Crowd(max(1000, n // 20), rng)
    funnels, truth = planted(crowd)
    rest = background(crowd, n - len(funnels.at))
    both = {
        name: np.concatenate([column, vars(rest)[name]])
        for name, column in vars(funnels).items()
    }
    rows = Rows(**both)
    numbers = np.unique(rng.integers(1 << 40, 1 << 62, 2 * crowd.size))
    return (
        rows.take(np.argsort(rows.at, kind="stable")),
        rng.permutation(numbers)[: crowd.size],
        truth,
    )


def read_bare(path: Path) -> tuple[Rows, Integers]:
    """Read a table of bare events; returns them and the number of each account."""
    given = pq.read_table(path, read_dictionary=["kind", "channel"])
    kind = pc.replace_substring(given["kind"].cast(pa.string()), "dm", "message")
    code = pc.index_in(kind, value_set=pa.array(KINDS)).to_numpy()
    actor, target = given["actor"].to_numpy(), given["target"].to_numpy()
    numbers = np.unique(np.concatenate([actor, target[target >= 0]]))
    return Rows(
        at=given["ts"].to_numpy(),
        kind=code.astype(np.int64),
        actor=np.searchsorted(numbers, actor),
        target=np.where(target < 0, -1, np.searchsorted(numbers, target)),
        room=given["channel"].combine_chunks().indices.to_numpy().astype(np.int64),
        address=given["has_contact"].to_numpy().astype(bool),
    ), numbers


def names(prefix: str, numbers: Integers) -> pa.Array:
    """Write numbers as names; -1 becomes null."""
    texts = pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")
    return pc.if_else(pa.array(numbers >= 0), texts, pa.scalar(None, pa.string()))


def texts(rows: Rows, rng: np.random.Generator, filler: bool) -> pa.Array:
    """Say what the events say: null, or nine words with `filler`; addresses are e-mail addresses."""
    n = len(rows.at)
    content = pa.nulls(n, pa.string())
    if filler:
        words = [WORDS.take(pa.array(rng.integers(0, len(WORDS), n))) for _ in range(9)]
        said = pc.binary_join_element_wise(*words, " ")
        content = pc.if_else(pa.array(SPOKEN[rows.kind]), said, content)
    held = pc.binary_join_element_wise(
        "write to me at box", pa.array(rng.integers(0, 1 << 40, n)).cast(pa.string()), ""
    )
    held = pc.binary_join_element_wise(held, "@example.org", "")
    return pc.if_else(pa.array(rows.address), held, content)


def batches(
    rows: Rows, accounts: pa.Array, rng: np.random.Generator, filler: bool
) -> list[pa.RecordBatch]:
    """Write the events as batches of the event table, in their order."""
    listed = []
    for begin in range(0, len(rows.at), BATCH):
        number = np.arange(begin, min(begin + BATCH, len(rows.at)))
        some = rows.take(number)
        direct = pa.array(some.kind == MESSAGE)
        columns: dict[str, Any] = {
            "id": names("e:", number),
            "type": pa.array(KINDS).take(pa.array(some.kind)),
            "published": pa.array(some.at).cast(TIME),
            "observed": pa.nulls(len(number), TIME),
            "actor": accounts.take(pa.array(some.actor)),
            "target": accounts.take(pa.array(some.target, mask=some.target < 0)),
            "context": names("r:", np.where(some.kind == MESSAGE, -1, some.room)),
            "visibility": pc.if_else(direct, "direct", "public"),
            "platform": pa.array([PLATFORM]).take(pa.array(np.zeros(len(number), np.int64))),
            "content": texts(some, rng, filler),
            "lang": pa.nulls(len(number), pa.string()),
        }
        listed.append(pa.RecordBatch.from_pydict(columns, schema=SCHEMA))
    return listed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--n", type=int, help="events to make, at least 5000")
    given.add_argument(
        "--from-bench", type=Path, metavar="FILE", help="bare events to translate"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--text", action="store_true", help="nine words in every spoken event")
    asked = parser.parse_args()
    if asked.from_bench is None and asked.n < 5000:
        parser.error("--n must be at least 5000: fewer events hold no five recruiters")
    beside = asked.out.with_suffix(".truth.parquet")
    if asked.from_bench is None:
        rows, numbers, planted_pairs = made(asked.n, asked.seed)
        pairs = np.array([pair[:2] for pair in planted_pairs])
        ends = numbers[pairs].T
        labels = pa.array([label for _, _, label in planted_pairs])
    else:
        rows, numbers = read_bare(asked.from_bench)
        truth = pq.read_table(asked.from_bench.with_suffix(".truth.parquet"))
        ends = np.array([truth["recruiter"].to_numpy(), truth["target"].to_numpy()])
        labels = pc.replace_substring(truth["label"].combine_chunks(), "match", "funnel")
    source = Source(
        platform=PLATFORM,
        types=KINDS,
        content=True,
        ground="made up by a program: nobody wrote these messages",
    )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    made_batches = batches(
        rows, names("p:", numbers), np.random.default_rng(asked.seed + 1), asked.text
    )
    write_events(asked.out, made_batches, schema=SCHEMA, sources=[source])
    columns = {"recruiter": names("p:", ends[0]), "target": names("p:", ends[1])}
    pq.write_table(pa.table({**columns, "label": labels}), beside)
    print(f"{len(rows.at):,} events, {len(numbers):,} accounts, {len(labels)} planted pairs")


if __name__ == "__main__":
    main()

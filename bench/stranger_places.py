"""Worlds by a second hand: backgrounds, three real and one made up with heavy tails, and what friends tell each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from stranger_base import CARRIERS, DAY, Address, World, an_address, hours, talk


def college(world: World, path: Path) -> None:
    table = pq.read_table(path)
    ts = table["ts"].to_numpy()
    for _ in range(int(max(table["src"].to_numpy().max(), table["dst"].to_numpy().max())) + 1):
        world.fresh()
    for a, b, t in zip(
        table["src"].to_pylist(),
        table["dst"].to_pylist(),
        (ts - ts.min()).tolist(),
        strict=True,
    ):
        world.message(t, a, b)


def irc(world: World, path: Path, samples: int) -> None:
    """Days of a public help channel laid one after the other, and some private talk between its pairs."""
    r = world.rng
    table = pq.read_table(path)
    cols = {c: table[c].to_numpy(zero_copy_only=False) for c in ("sample", "ts", "src", "dst")}
    chosen = sorted(r.choice(np.unique(cols["sample"]), samples, replace=False))
    ids: dict[int, int] = {}
    pairs: dict[tuple[int, int], float] = {}
    for day, sample in enumerate(chosen):
        for t, a, b in zip(
            *(cols[c][cols["sample"] == sample] for c in ("ts", "src", "dst")), strict=True
        ):
            who = ids.setdefault(int(a), len(ids))
            when = day * DAY + float(t) % DAY
            other = (
                None if b != b or b is None else ids.setdefault(int(b), len(ids))
            )  # not a number
            kind = "post" if other is None else "mention"
            to = other if other != who else None
            world.rows.append((kind, when, who, to, "room:1", "public", world.say()))
            if other is not None:
                pairs[who, other] = when
    while world.n < len(ids):
        world.fresh()
    for (a, b), t in pairs.items():
        if r.random() < 0.12:
            talk(world, t, a, b, 1 + int(r.pareto(1.1) * 2), 4)


def synth(world: World, n: int, events: int, *, dm: float = 0.3) -> None:
    """Heavy tails: accounts by a Pareto law in communities; posts, answers, likes, follows, private talk."""
    r = world.rng
    base = world.n
    for _ in range(n):
        world.fresh()
    vigour = np.minimum(r.pareto(1.15, n) + 0.2, 300)
    home = r.integers(0, max(3, n // 120), n)
    born = np.where(r.random(n) < 0.5, 0, r.random(n) * world.days * 0.9)
    mates = {h: np.flatnonzero(home == h) for h in np.unique(home)}
    near = {h: vigour[m] / vigour[m].sum() for h, m in mates.items()}
    prob = vigour / vigour.sum()
    made = 0
    while made < events:
        i = int(r.choice(n, p=prob))
        pool = mates[home[i]]
        j = (
            int(r.choice(pool, p=near[home[i]]))
            if r.random() < 0.8 and len(pool) > 1
            else int(r.choice(n, p=prob))
        )
        t = hours(
            world,
            (max(born[i], born[j]) + r.random() * (world.days - max(born[i], born[j]))) * DAY,
        )
        a, b = base + i, base + j
        u = r.random()
        if u < dm:
            m = 1 + int(min(r.pareto(0.9) * 2, 150))
            talk(world, t, a, b, m, float(r.lognormal(2.0, 1.0)))
            made += m
        elif u < dm + 0.15:
            world.add("follow", t, a, b)
            if r.random() < 0.35:
                world.add("follow", t + r.exponential(DAY), b, a)
            made += 1
        elif u < dm + 0.35:
            world.add("like", t, a, b)
            made += 1
        elif u < dm + 0.5:
            world.add("post", t, a, None, text=world.say())
            made += 1
        elif u < dm + 0.6:
            room = f"g{home[i]}"
            if a not in world.groups.setdefault(room, set()):
                world.groups[room].add(a)
                world.add("join", t - 60, a, None, room=room, seen="group")
            world.add("message", t, a, None, room=room, seen="group", text=world.say())
            made += 1
        else:
            kind = "reply" if r.random() < 0.6 else "mention"
            room = f"thread{int(r.integers(n * 3))}"
            for k in range(1 + int(r.random() < 0.35) + int(r.random() < 0.2)):
                world.add(
                    kind,
                    t + k * r.exponential(1800),
                    *((a, b) if k % 2 == 0 else (b, a)),
                    room=room,
                    text=world.say(),
                )
                made += 1


def honest_addresses(
    world: World, share: float, kinds: tuple[str, ...], langs: tuple[str, ...]
) -> None:
    """Friends tell each other how to reach them: in a share of the pairs that talk, one or both do."""
    r = world.rng
    pairs: dict[tuple[int, int], list[int]] = {}
    for at, row in enumerate(world.rows):
        if row[0] == "message" and row[3] is not None:
            pairs.setdefault((min(row[2], row[3]), max(row[2], row[3])), []).append(at)
    own: dict[int, Address] = {}
    for spots in pairs.values():
        if r.random() < share * min(3.0, 0.3 + len(spots) / 6):
            for _ in range(1 + int(r.random() < 0.4)):
                at = spots[int(min(r.exponential(len(spots) / 3 + 1), len(spots) - 1))]
                row = world.rows[at]
                if row[2] not in own:
                    own[row[2]] = an_address(r, kinds, langs)
                world.rows[at] = (
                    *row[:6],
                    str(r.choice(CARRIERS)).format(own[row[2]].written(r, 0.1)),
                )

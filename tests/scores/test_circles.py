"""Who meets nobody outside a circle, and what was said between pairs: compiled code, NumPy and plain sets agree."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest

from undertow.events.table import TYPES
from undertow.scores import circles, talk
from undertow.scores.circles import Circles

SIZE = 9


class Rows(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.type)


def drawn(seed: int) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    n, k = rng.integers(0, 40), rng.integers(0, 12)
    return SimpleNamespace(
        one=rng.integers(0, SIZE, n).astype(np.int32),
        other=rng.integers(-1, SIZE, n).astype(np.int32),
        left_out=rng.random(n) < rng.choice([0.0, 0.3]),
        holder=rng.integers(0, SIZE, k),
        person=rng.integers(0, SIZE, k),
        own=rng.integers(-1, SIZE, k),
        circle=np.unique(rng.integers(0, SIZE * SIZE, rng.integers(0, 60))),
    )


def by_sets(one: SimpleNamespace) -> list[bool]:
    met: dict[int, set[int]] = {}
    for a, b, out in zip(
        one.one.tolist(), one.other.tolist(), one.left_out.tolist(), strict=True
    ):
        if b >= 0 and a != b and not out:
            met.setdefault(a, set()).add(b)
            met.setdefault(b, set()).add(a)
    circle = set(one.circle.tolist())
    return [
        all(h * SIZE + other in circle for other in met.get(p, set()) - {o})
        for h, p, o in zip(
            one.holder.tolist(), one.person.tolist(), one.own.tolist(), strict=True
        )
    ]


@pytest.mark.parametrize("many", [0, 1000])
def test_who_meets_nobody_outside_a_circle(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(circles, "MANY", many)
    told = []
    for seed in range(200):
        case = drawn(seed)
        asked = Circles(SIZE, case.holder, case.person, case.circle, case.own)
        for part in (slice(0, 10), slice(10, None)):
            asked.ask(case.one[part], case.other[part], case.left_out[part])
        assert asked.closed.tolist() == by_sets(case), f"seed {seed}"
        told += asked.closed.tolist()
    assert 0.1 < np.mean(told) < 0.9


def test_talk_is_the_same_in_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(4)
    for _ in range(60):
        n = dice.randint(0, 60)
        log = Rows(
            accounts=range(SIZE),
            actor=np.array([dice.randrange(SIZE) for _ in range(n)], np.int32),
            target=np.array([dice.randrange(-1, SIZE) for _ in range(n)], np.int32),
            type=np.array([dice.randrange(len(TYPES)) for _ in range(n)], np.int8),
            rest=lambda: None,
        )
        one = np.array([dice.randrange(SIZE) for _ in range(dice.randint(0, 9))], np.int64)
        other = np.array([dice.randrange(-1, SIZE) for _ in one], np.int64)
        asked = (log, one, other, TYPES[: dice.randint(1, len(TYPES))])
        monkeypatch.setattr(talk, "MANY", 1000)
        few = talk.talk_between(*asked)
        monkeypatch.setattr(talk, "MANY", 0)
        many = talk.talk_between(*asked)
        wanted = sorted(
            (min(a, b) * SIZE + max(a, b), row)
            for row, (a, b, kind) in enumerate(
                zip(log.actor.tolist(), log.target.tolist(), log.type.tolist(), strict=True)
            )
            if b >= 0
            and TYPES[kind] in asked[3]
            and any({a, b} == {c, d} for c, d in zip(one.tolist(), other.tolist(), strict=True))
        )
        for told in (few, many):
            assert list(zip(told.pair.tolist(), told.row.tolist(), strict=True)) == wanted

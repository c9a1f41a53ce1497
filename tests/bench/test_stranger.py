"""Worlds by a second hand: neutral words alone, the same world for the same seed, and a truth that the events bear out."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

BENCH = Path(__file__).parent.parent.parent / "bench"


@pytest.fixture(autouse=True)
def _beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def small(folder: Path, seed: int) -> dict:
    from stranger_alike import alike
    from stranger_base import World
    from stranger_people import campaign
    from stranger_places import synth

    world = World(np.random.default_rng(seed), "small", 40.0, {"post", "reply", "message"})
    synth(world, 60, 250)
    alike(world, "seller")
    campaign(world, 0, {"kinds": ("telegram",), "accounts": ["life"]})
    return world.write(folder)


def test_a_world_is_made_again_from_its_seed_and_bears_out_its_truth(tmp_path: Path) -> None:
    truth = small(tmp_path / "one", 8)
    small(tmp_path / "two", 8)
    one, two = (pq.read_table(tmp_path / name / "events.parquet") for name in ("one", "two"))

    assert one.equals(two)
    assert b"undertow.simulated" in one.schema.metadata
    assert set(one["type"].to_pylist()) <= {"post", "reply", "message"}
    told = {
        (a, b) for a, b in zip(one["actor"].to_pylist(), one["target"].to_pylist(), strict=True)
    }
    handed = [(a, b) for a, b, t, _ in truth["given"] if 0 <= t < 40 * 86_400]
    assert handed
    assert set(handed) <= told
    assert json.loads((tmp_path / "one" / "truth.json").read_text()) == json.loads(
        json.dumps(truth)
    )


def test_nobody_says_anything_but_filler_and_addresses(tmp_path: Path) -> None:
    from stranger_base import LOREM, SERVICES

    small(tmp_path, 9)
    words = set(LOREM) | {w for forms in SERVICES.values() for f in forms for w in f.split()}
    said = pq.read_table(tmp_path / "events.parquet")["content"].drop_null().to_pylist()
    odd = {w for text in said for w in text.split() if w.rstrip(":") not in words}

    assert said
    assert all(any(sign in w for sign in "0123456789@./:[") or w.isascii() for w in odd)
    assert len(odd) < len(said) / 4


def test_a_step_counts_only_after_the_one_before() -> None:
    from stranger import measures, plain_counts

    def event(day: int, kind: str, a: str, b: str, text: str = "lorem") -> dict:
        at = dt.datetime(2023, 3, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
        return {"type": kind, "published": at, "actor": a, "target": b, "content": text}

    first = [event(0, "reply", "r", "t"), event(1, "message", "r", "t", "t.me/lorem")]
    later = event(3, "message", "f", "t")
    assert plain_counts([*first, later])["steps"] == {"r": 3}
    assert plain_counts([event(-1, "message", "f", "t"), *first])["steps"] == {"r": 2}
    truth = {"campaigns": [{"recruiters": ["r"], "gatekeepers": [], "facilitators": ["f"]}]}
    names = [f"x{i}" for i in range(40)] + ["r", "f"]
    assert measures({"r": 2.0, "f": 1.0}, truth, names)["ap"] == 1.0
    assert sys.path[0] == str(BENCH)

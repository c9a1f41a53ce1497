"""Two questions to the detector itself: does its evidence carry its scores, and do words sway them?

Explanation: with the events named as evidence taken away, a score must fall below where the queue is cut;
with unrelated events put in, no score may change. Fairness: the same events under other names, in other
languages and words, must give the same scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.evaluate import baselines, detected
from undertow.evaluate.metrics import first
from undertow.events.table import TIME
from undertow.pipeline import detect
from undertow.units import SECOND
from undertow.worlds.rows import Floats
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

ASKED: Final = 10
"""Accounts whose evidence is taken away."""
CUT: Final = 40
"""Place in the queue whose score is the threshold: what a person reviews in a day."""
INSERTED: Final = 0.02
"""Unrelated events that are put in, as a share of all."""


@dataclass(frozen=True)
class Checked:
    """What came of the checks.

    Attributes:
        fell: share of the asked accounts whose score fell below the threshold without their evidence.
        moved: largest change of a score by unrelated events, as a share of the range of scores.
        swayed: largest and mean change by names, languages and words, as a share of the range.
        lost: share of accounts that are listed under one voice and not under the other.
    """

    fell: float
    moved: float
    swayed: float
    swayed_mean: float
    lost: float


def check(background: pa.Table, settings: Settings) -> Checked:
    """Ask the detector both questions on one world."""
    world = make_world(background, settings)
    accounts = baselines.everybody(world)
    plain, cited = _weights(world, world.events, accounts)
    top = first(plain, ASKED, np.random.default_rng(0))
    threshold = float(np.sort(plain[np.isfinite(plain)])[::-1][:CUT][-1])
    names = set(accounts.take(pa.array(top)).to_pylist())
    gone = {event for account, event in cited if account in names}
    kept = world.events.filter(pc.invert(pc.is_in(world.events["id"], pa.array(sorted(gone)))))
    without, _ = _weights(world, kept, accounts)
    fell = float(np.mean(without[top] < threshold)) if len(top) else float("nan")
    more, _ = _weights(world, _with_unrelated(world, settings.seed), accounts)
    other = make_world(background, replace(settings, voice=settings.voice + 1))
    renamed = _renamed(world, other)
    theirs = pa.array([renamed.get(name, name) for name in accounts.to_pylist()])
    spoken, _ = _weights(other, other.events, theirs)
    both = np.isfinite(plain) & np.isfinite(spoken)
    either = np.isfinite(plain) | np.isfinite(spoken)
    change = _change(plain, spoken)
    return Checked(
        fell=fell,
        moved=float(_change(plain, more).max(initial=0.0)),
        swayed=float(change.max(initial=0.0)),
        swayed_mean=float(change.mean()) if len(change) else float("nan"),
        lost=1 - float(both.sum() / max(either.sum(), 1)),
    )


def _change(one: Floats, other: Floats) -> Floats:
    """Give changes of scores that both list, as shares of the range of the first."""
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        return np.empty(0)
    whole = float(np.ptp(one[np.isfinite(one)])) or 1.0
    return np.asarray(np.abs(one[both] - other[both]) / whole)


def _weights(
    world: World, events: pa.Table, accounts: pa.Array
) -> tuple[Floats, list[tuple[str, str]]]:
    """Detect, and give the queue's weights and (account, event) of all evidence that speaks for."""
    with detected.written(events, world) as (folder, request):
        # What is compared is weights: null worlds would change none.
        result = detect(replace(request, nulls=False))
        evidence = pq.read_table(folder / "out" / "evidence.parquet")
    found = detected.read(result.accounts, evidence, accounts, 0.0)
    spoke = evidence.filter(
        pc.and_(pc.greater(evidence["bits"], 0), pc.is_valid(evidence["event"]))
    )
    pairs = zip(spoke["account"].to_pylist(), spoke["event"].to_pylist(), strict=True)
    return found.queue, list(pairs)


def _with_unrelated(world: World, seed: int) -> pa.Table:
    """Repeat some ordinary likes a little later: no new pair, no step of any process."""
    ordinary = pc.is_in(world.origin, pa.array(["background", "ordinary"]))
    likes = world.events.filter(pc.and_(pc.equal(world.events["type"], "like"), ordinary))
    count = min(int(INSERTED * world.events.num_rows), likes.num_rows)
    chosen = np.sort(np.random.default_rng(seed).choice(likes.num_rows, count, replace=False))
    again = likes.take(pa.array(chosen))
    at = pc.add(again["published"].cast(pa.int64()), 30 * SECOND).cast(TIME)
    last = pc.max(world.events["published"])
    keep = pc.less_equal(at, last)
    again = again.set_column(again.schema.get_field_index("published"), "published", at)
    ids = pc.binary_join_element_wise(again["id"], pa.repeat("x", count), "-")
    again = again.set_column(again.schema.get_field_index("id"), "id", ids)
    return pa.concat_tables([world.events, again.filter(keep).cast(world.events.schema)])


def _renamed(one: World, other: World) -> dict[str, str]:
    """Match the names of two worlds that differ in their voice alone: their rows stand alike."""
    found: dict[str, str] = {}
    for column in ("actor", "target"):
        pairs = zip(
            one.events[column].to_pylist(), other.events[column].to_pylist(), strict=True
        )
        found.update((mine, theirs) for mine, theirs in pairs if mine is not None)
    return found

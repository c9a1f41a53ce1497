"""One cell of the grid: make a world, rank its accounts by every method, keep what the measures need."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.evaluate import baselines, detected
from undertow.evaluate.cast import Cast, cast_of
from undertow.evaluate.detected import Detected
from undertow.evaluate.features import Learned, window_features
from undertow.units import DAY
from undertow.worlds.rows import Bools, Floats
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

UNDERTOW = "undertow"


@dataclass(frozen=True)
class Cell:
    """What is measured once.

    Attributes:
        background: name of the background.
        world: name of the kind of world (`grid.WORLDS`).
        settings: of the world, its seed among them.
        share_of: rows of the background that are used, None for all.
        rivals: whether baselines are ranked as well.
        first_alert: whether each midnight is asked who was alerted by then.
    """

    background: str
    world: str
    settings: Settings
    share_of: int | None = None
    rivals: bool = True
    first_alert: bool = False


@dataclass(frozen=True)
class Trial:
    """What one cell gave.

    Attributes:
        cell: what was measured.
        cast: who played which part.
        scores: per method, (n), minus infinity for what it does not list.
        detected: what the detector said.
        days: length of the world.
        events: its rows.
        made: how many groups of each kind were planted.
    """

    cell: Cell
    cast: Cast
    scores: dict[str, Floats]
    detected: Detected
    days: float
    events: int
    made: dict[str, int] = field(default_factory=dict)


def measure(cell: Cell, background: pa.Table, learned: Learned | None) -> Trial:
    """Make the world of a cell and rank its accounts by every method.

    Args:
        cell: what is asked.
        background: its event table, already cut.
        learned: models trained on worlds of other seeds, None for none.
    """
    world = make_world(background, cell.settings)
    accounts = baselines.everybody(world)
    found = detected.run(world, accounts, first_alert=cell.first_alert)
    scores = {UNDERTOW: found.recruiter, **found.without}
    if cell.rivals:
        scores |= rivals(world, accounts, learned)
    at = world.events["published"].cast(pa.int64())
    span = pc.min_max(at).as_py()
    return Trial(
        cell=cell,
        cast=cast_of(world.truth, accounts),
        scores=scores,
        detected=found,
        days=(span["max"] - span["min"]) / DAY,
        events=world.events.num_rows,
        made=Counter(world.groups_by_kind),
    )


def rivals(world: World, accounts: pa.Array, learned: Learned | None) -> dict[str, Floats]:
    """Rank a world by all baselines."""
    base = baselines.open_world(world)
    names = accounts.to_pylist()
    found = {
        name: np.array([given.get(account, -np.inf) for account in names])
        for name, given in baselines.scores(base).items()
    }
    if learned is not None:
        found |= learned.scores(window_features(base, accounts))
    base.close()
    return found


def lesson(background: pa.Table, settings: Settings) -> tuple[Floats, Bools]:
    """Give features and recruiters of a training world."""
    world = make_world(background, settings)
    accounts = baselines.everybody(world)
    base = baselines.open_world(world)
    given = window_features(base, accounts)
    base.close()
    return given, cast_of(world.truth, accounts).recruiters

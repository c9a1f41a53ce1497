"""Nothing in a single row may say that it was planted.

The bar: cross-validated average precision of a tree on the columns of single rows, within each type,
stays at or below three times the share of planted rows; guessing gives one. Three leaves room for
the noise of some hundred positives, and for hours and days at which campaigns happen to be at work.
A leak of a column (ids, whole seconds, lengths, visibility) gives ten and more. Rows that hand over
an address are left out of messages: handing one over is the step itself, and no tell.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from undertow.units import DAY, HOUR, SECOND
from undertow.worlds.settings import Settings
from undertow.worlds.simulate import World, make_world

BAR = 3.0
COLUMNS = (
    "hour",
    "weekday",
    "second",
    "micro",
    "length",
    "lang",
    "id_end",
    "visibility",
    "name_length",
    "context",
)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> World:
    path = request.config.rootpath / "examples/collegemsg/collegemsg.parquet"
    return make_world(pq.read_table(path), Settings(seed=4))


def _codes(values: pa.ChunkedArray) -> np.ndarray:
    return np.unique(pc.fill_null(values, "-").to_numpy(), return_inverse=True)[1]


def _columns(events: pa.Table) -> np.ndarray:
    at = events["published"].cast(pa.int64()).to_numpy()
    columns = {
        "hour": at % DAY // HOUR,
        "weekday": at // DAY % 7,
        "second": at // SECOND % 60,
        "micro": at % SECOND,
        "length": pc.fill_null(pc.utf8_length(events["content"]), -1).to_numpy(),
        "lang": _codes(events["lang"]),
        "id_end": pc.utf8_slice_codeunits(events["id"], -2).cast(pa.int64()).to_numpy(),
        "visibility": _codes(events["visibility"]),
        "name_length": pc.utf8_length(events["actor"]).to_numpy(),
        "context": _codes(events["context"]),
    }
    return np.column_stack([columns[name] for name in COLUMNS])


def _lift(given: np.ndarray, planted: np.ndarray) -> float:
    """Average precision over prevalence, cross-validated so that a tree cannot learn rows by heart."""
    tree = DecisionTreeClassifier(min_samples_leaf=50, max_depth=8, random_state=0)
    chance = cross_val_predict(tree, given, planted, cv=4, method="predict_proba")[:, 1]
    return float(average_precision_score(planted, chance) / planted.mean())


@pytest.mark.parametrize("kind", ["message", "mention", "reply", "follow"])
@pytest.mark.parametrize("who", ["campaign", "planted"])
def test_no_single_column_and_no_tree_tells_planted_rows(
    world: World, kind: str, who: str
) -> None:
    ordinary = pc.is_in(world.origin, pa.array(["background", "ordinary"]))
    planted = pc.equal(world.origin, "campaign") if who == "campaign" else pc.invert(ordinary)
    chosen = pc.and_(pc.equal(world.events["type"], kind), pc.or_(ordinary, planted))
    marked = pc.match_substring_regex(world.events["content"], r"[0-9\x{FF10}-\x{FF19}@]")
    chosen = pc.and_(chosen, pc.invert(pc.fill_null(marked, False)))
    given = _columns(world.events.filter(chosen))
    positive = planted.filter(chosen.combine_chunks()).to_numpy(zero_copy_only=False)
    lifts = {name: _lift(given[:, [i]], positive) for i, name in enumerate(COLUMNS)}
    lifts["tree"] = _lift(given, positive)
    assert max(lifts.values()) <= BAR, lifts


def test_every_kind_of_event_is_mostly_ordinary(world: World) -> None:
    ordinary = pc.is_in(world.origin, pa.array(["background", "ordinary"])).to_numpy(False)
    types = world.events["type"].to_numpy()
    for kind in np.unique(types):
        assert ordinary[types == kind].mean() > 0.8, kind


def test_the_search_itself_finds_a_planted_leak(world: World) -> None:
    planted = pc.equal(world.origin, "campaign").to_numpy(zero_copy_only=False)
    given = _columns(world.events)
    given[planted, COLUMNS.index("second")] = 0
    assert _lift(given[:, [COLUMNS.index("second")]], planted) > BAR


def test_handing_over_an_address_is_mostly_the_work_of_ordinary_and_honest_accounts(
    world: World,
) -> None:
    marked = pc.match_substring_regex(world.events["content"], r"[0-9@]")
    marked = pc.and_not(marked, pc.match_substring(world.events["content"], "www.example"))
    origin = np.array(
        world.origin.filter(pc.fill_null(marked, False).combine_chunks()).to_pylist()
    )
    assert (origin == "campaign").mean() < 0.2
    assert np.isin(origin, ["background", "ordinary"]).mean() > 0.3

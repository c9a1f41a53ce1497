"""Window features per account, and the two learned rivals that read them.

The boosted trees learn the simulator as much as the task, so they are trained on worlds of other seeds,
and every table that shows them says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from undertow.errors import UndertowError
from undertow.worlds.rows import Bools, Floats

WINDOWS: Final = (7, 14, 30)
"""Days (science reference, C6)."""
MEASURES: Final = (
    "messages",
    "contacts",
    "new_contacts",
    "received",
    "writers",
    "addresses",
    "addressed",
    "follows",
    "followed",
    "mentions",
    "mentioned",
    "answered",
)
_DAILY: Final = """
create table daily as
 select account, day, %s from (
  select a as account, t // 86400 as day, 'messages' as k, b as other from dm
  union all select a, t // 86400, 'new_contacts', b from fm
  union all select b, t // 86400, 'received', a from dm
  union all select a, t // 86400, 'addresses', b from ad
  union all select a, t // 86400, 'follows', b from fo
  union all select b, t // 86400, 'followed', a from fo
  union all select a, t // 86400, 'mentioned', b from ap
  union all select b, t // 86400, 'mentions', a from ap
  union all select x.a, y.t // 86400, 'answered', x.b from fm x join fm y on x.a = y.b and x.b = y.a and y.t > x.t
 ) group by all
"""
_KINDS: Final = {
    "messages": "count(*) filter (k = 'messages')",
    "contacts": "count(distinct other) filter (k = 'messages')",
    "new_contacts": "count(*) filter (k = 'new_contacts')",
    "received": "count(*) filter (k = 'received')",
    "writers": "count(distinct other) filter (k = 'received')",
    "addresses": "count(*) filter (k = 'addresses')",
    "addressed": "count(distinct other) filter (k = 'addresses')",
    "follows": "count(*) filter (k = 'follows')",
    "followed": "count(*) filter (k = 'followed')",
    "mentions": "count(*) filter (k = 'mentions')",
    "mentioned": "count(*) filter (k = 'mentioned')",
    "answered": "count(*) filter (k = 'answered')",
}


def window_features(base: duckdb.DuckDBPyConnection, accounts: pa.Array) -> Floats:
    """Give, per account, the largest sum of each measure over windows of 7, 14 and 30 days.

    Args:
        base: a world opened by `baselines.open_world`.
        accounts: names, (n).

    Returns:
        (n, 36), zeros for accounts that did nothing of the kind.
    """
    kinds = ", ".join(f"{text} as {name}" for name, text in _KINDS.items())
    base.execute("drop table if exists daily")
    base.execute(_DAILY % kinds)
    sums = ", ".join(
        f"sum({name}) over (partition by account order by day range between {days - 1} "
        f"preceding and current row) as {name}_{days}"
        for days in WINDOWS
        for name in MEASURES
    )
    names = [f"{name}_{days}" for days in WINDOWS for name in MEASURES]
    peaks = ", ".join(f"max({name}) as {name}" for name in names)
    found = base.execute(
        f"select account, {peaks} from (select account, {sums} from daily) group by account"  # noqa: S608 - names are our own
    ).fetchnumpy()
    place = {name: row for row, name in enumerate(accounts.to_pylist())}
    rows = np.array([place.get(name, -1) for name in found["account"].tolist()], dtype=np.int64)
    given = np.zeros((len(place), len(names)))
    kept = rows >= 0
    for column, name in enumerate(names):
        given[rows[kept], column] = np.asarray(found[name], dtype=np.float64)[kept]
    return given


@dataclass
class Learned:
    """Models of one background, trained on worlds of other seeds."""

    boosted: Any
    forest: Any

    def scores(self, given: Floats) -> dict[str, Floats]:
        """Score accounts by their features, (n, f)."""
        return {
            "gradient boosting": self.boosted.predict_proba(given)[:, 1],
            "isolation forest": -self.forest.score_samples(given),
        }


def train(worlds: list[tuple[Floats, Bools]]) -> Learned:
    """Train both models.

    Args:
        worlds: features (n, f) and recruiters (n) of each training world.

    Raises:
        UndertowError: `evaluate-extra-missing` where scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
    except ImportError as fault:
        raise UndertowError(
            "the learned baselines need scikit-learn",
            code="evaluate-extra-missing",
            mend="install `undertow[evaluate]`, or give --no-learned",
        ) from fault
    given = np.concatenate([features for features, _ in worlds])
    positive = np.concatenate([marks for _, marks in worlds])
    boosted = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=10,
        l2_regularization=1.0,
        class_weight="balanced",
        random_state=0,
    )
    boosted.fit(given, positive)
    forest = IsolationForest(n_estimators=200, random_state=0, n_jobs=1).fit(given)
    return Learned(boosted, forest)

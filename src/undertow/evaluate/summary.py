"""From trials to numbers with intervals: one long table of (background, world, method, measure, value).

Accounts of one campaign are not independent, so intervals come from drawing whole campaigns with
replacement, world by world. A campaign that is not drawn is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from undertow.evaluate import metrics
from undertow.evaluate.trial import UNDERTOW, Trial
from undertow.evaluate.verdicts import verdicts
from undertow.worlds.rows import Ints

RESAMPLES: Final = 400
DEPTHS: Final = (10, 40, 100)
SCHEMA: Final = pa.schema(
    [
        pa.field("background", pa.string()),
        pa.field("world", pa.string()),
        pa.field("method", pa.string()),
        pa.field("measure", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("worlds", pa.int64()),
    ]
)
"""One row per measure; `low` and `high` are the 2.5 and 97.5 percentiles, null where none apply."""
RANKED: Final = {
    "average precision": "average precision of recruiters",
    "average precision, all roles": "average precision of all campaign roles",
    **{f"recall at {k}": f"share of campaign accounts in the first {k}" for k in DEPTHS},
    **{f"precision at {k}": f"share of campaign accounts among the first {k}" for k in DEPTHS},
    "campaigns at 40": "share of campaigns with an account in the first 40",
    "look-alikes at 40": "honest look-alikes of any kind among the first 40, as a share",
    "look-alikes of the whole chain at 40": "those of them that took a target through the chain",
}
"""Measures of every method, and what they say."""


@dataclass(frozen=True)
class _Method:
    """One method on one world, prepared for many draws of campaigns."""

    trial: Trial
    recruiters: metrics.Ranking
    everybody: metrics.Ranking
    top: dict[int, Ints]

    def measured(self, rng: np.random.Generator | None) -> dict[str, float]:
        """Measure with all campaigns, or with a draw of them."""
        cast = self.trial.cast
        count = len(cast.campaigns)
        drawn = np.arange(count) if rng is None else rng.integers(0, count, count)
        recruiters, members = np.zeros(cast.accounts), np.zeros(cast.accounts)
        aside = cast.members
        for index in drawn.tolist():
            recruiters[cast.campaigns[index].recruiters] += 1
            members[cast.campaigns[index].members] += 1
        aside_members = aside & (members == 0)
        found = {
            "average precision": self.recruiters.average_precision(
                recruiters, cast.recruiters & (recruiters == 0)
            ),
            "average precision, all roles": self.everybody.average_precision(
                members, aside_members
            ),
        }
        for depth, top in self.top.items():
            hit = members[top]
            found[f"recall at {depth}"] = _share(hit.sum(), members.sum())
            found[f"precision at {depth}"] = _share((hit > 0).sum(), len(top) or np.nan)
        shown = set(self.top[40].tolist())
        hits = [bool(shown & set(cast.campaigns[i].roles)) for i in drawn.tolist()]
        found["campaigns at 40"] = float(np.mean(hits)) if hits else float("nan")
        size = len(shown) or np.nan
        found["look-alikes at 40"] = _share(len(shown & set(cast.honest)), size)
        found["look-alikes of the whole chain at 40"] = _share(
            len(shown & cast.completes), size
        )
        return found


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def prepared(trial: Trial, method: str) -> _Method:
    """Sort one method's scores of one world once.

    The detector's queue mixes roles; average precision of recruiters looks at its rows as recruiters.
    """
    # Evidence that a world does not hold takes nothing away there.
    score = trial.scores.get(method, trial.scores[UNDERTOW])
    queue = trial.detected.queue if method == UNDERTOW else score
    lot = np.random.default_rng(0)
    top = {depth: metrics.first(queue, depth, lot) for depth in DEPTHS}
    return _Method(trial, metrics.Ranking(score), metrics.Ranking(queue), top)


def summarised(trials: list[Trial], resamples: int = RESAMPLES) -> pa.Table:
    """Measure all trials, world by world kind.

    Returns:
        A table of `SCHEMA`; a row is missing where a measure does not apply.
    """
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.cell.background, trial.cell.world), []).append(trial)
    lines: list[dict[str, object]] = []
    for (background, world), some in groups.items():
        same = {"background": background, "world": world}
        lines += [
            {**same, **line}
            for line in (*_of_rankings(some, resamples), *_of_verdicts(some))
            if np.isfinite(float(str(line["value"])))
        ]
    return pa.Table.from_pylist(lines, schema=SCHEMA)


def _of_rankings(trials: list[Trial], resamples: int) -> Iterable[dict[str, object]]:
    if not any(trial.cast.campaigns for trial in trials):
        return
    for method in dict.fromkeys(name for trial in trials for name in trial.scores):
        ready = [prepared(trial, method) for trial in trials if trial.cast.campaigns]
        value = _means(ready, None)
        rng = np.random.default_rng(1)
        draws = [_means(ready, rng) for _ in range(resamples)]
        for measure in RANKED:
            spread = [draw[measure] for draw in draws if np.isfinite(draw[measure])]
            low, high = np.percentile(spread, (2.5, 97.5)) if spread else (None, None)
            yield {
                "method": method,
                "measure": measure,
                "value": value[measure],
                "low": low,
                "high": high,
                "worlds": len(ready),
            }


def _means(ready: list[_Method], rng: np.random.Generator | None) -> dict[str, float]:
    found = [one.measured(rng) for one in ready]
    return {name: _mean([one[name] for one in found]) for name in RANKED}


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _of_verdicts(trials: list[Trial]) -> Iterable[dict[str, object]]:
    found = [verdicts(trial) for trial in trials]
    names = list(dict.fromkeys(name for one in found for name in one))
    for name in names:
        values = [one[name] for one in found if name in one]
        yield {
            "method": UNDERTOW,
            "measure": name,
            "value": _mean(values),
            "low": None,
            "high": None,
            "worlds": len(values),
        }


def lookup(table: pa.Table) -> Callable[..., dict[str, float] | None]:
    """Give a function that finds one line of a summary by background, world, method and measure."""
    lines = {
        (row["background"], row["world"], row["method"], row["measure"]): row
        for row in table.to_pylist()
    }

    def find(background: str, world: str, method: str, measure: str) -> dict[str, float] | None:
        return lines.get((background, world, method, measure))

    return find

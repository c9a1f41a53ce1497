"""One self-contained page about an evaluation: plots, tables, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
import pyarrow as pa

from undertow import __version__
from undertow.evaluate import metrics, plots, tables
from undertow.evaluate.grid import EVASION, Asked
from undertow.evaluate.joins import Joins
from undertow.evaluate.summary import lookup
from undertow.evaluate.trial import UNDERTOW, Trial
from undertow.evaluate.verdicts import LEVELS, odds

CHECKS: Final = ["background", "check", "value", "wanted"]


@dataclass
class Part:
    """What is shown of one background and kind of world."""

    title: str
    bars: list[plots.Bars] = field(default_factory=list)
    dots: list[plots.Dots] = field(default_factory=list)
    tables: list[tables.Screen] = field(default_factory=list)


def write(
    out: Path,
    table: pa.Table,
    trials: list[Trial],
    asked: Asked,
    joins: Joins | None,
    checks: list[dict[str, object]],
) -> Path:
    """Write `evaluation.html`.

    Args:
        out: folder.
        table: of `summary.SCHEMA`.
        trials: all of them, for what is pooled over accounts.
        asked: what was measured.
        joins: the task with real outcomes, None where its data is not here.
        checks: lines about explanation and fairness.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("undertow.evaluate").joinpath("templates/evaluation.html.j2")
    template = environment.from_string(source.read_text(encoding="utf-8"))
    evasions = tables.evasions(table)
    overview = tables.overview(table)
    page = template.render(
        version=__version__,
        worlds=len(trials),
        final=asked.final,
        ours=UNDERTOW,
        overview=overview,
        overview_columns=tables.OVERVIEW,
        parts=_parts(table, trials),
        evasions=evasions,
        evasion_columns=tables.EVASIONS,
        evasion_plots=_evasion_plots(table, evasions),
        joins=joins,
        joins_plot=_joins(joins),
        checks=checks,
        check_columns=CHECKS,
    )
    path = out / "evaluation.html"
    part = out / ".evaluation.html.part"
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _parts(table: pa.Table, trials: list[Trial]) -> list[Part]:
    find = lookup(table)
    found: dict[tuple[str, str], Part] = {}
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        if not trial.cell.world.startswith(EVASION):
            groups.setdefault((trial.cell.background, trial.cell.world), []).append(trial)
    for (background, world), some in groups.items():
        part = Part(f"{background}, {world}")
        rows = []
        for method in some[0].scores:
            line = find(background, world, method, "average precision")
            if line is not None:
                rows.append((method, line["value"], line["low"], line["high"]))
        rows.sort(key=lambda row: -row[1])
        if rows:
            part.bars.append(plots.bars("Average precision of recruiters", rows, ours=UNDERTOW))
            points = _reliability(some)
            labels = ("stated, at this world's share of recruiters", "true share")
            part.dots.append(plots.dots("Are the odds right?", labels, points))
        points = _discoveries(find, background, world)
        if points:
            labels = ("nominal", "realised, against chance")
            part.dots.append(plots.dots("False discoveries", labels, points, top=0.4))
        found[background, world] = part
    for title, columns, lines in tables.screens(table):
        for (background, world), part in found.items():
            if title.startswith(f"{background}, {world}:"):
                part.tables.append((title, columns, lines))
    return list(found.values())


def _reliability(trials: list[Trial]) -> list[tuple[float, float, float]]:
    given = [odds(trial) for trial in trials]
    whole = np.concatenate([probability for probability, _ in given])
    if not len(whole):
        return []
    bins = metrics.reliability(whole, np.concatenate([recruits for _, recruits in given]))
    return [(said, true, size / len(whole)) for said, true, size in bins]


def _discoveries(find: Any, background: str, world: str) -> list[tuple[float, float, float]]:  # noqa: ANN401 - the function that `lookup` gives
    points = []
    for level in LEVELS:
        line = find(
            background, world, UNDERTOW, f"false discoveries against chance at {level:g}"
        )
        if line is not None:
            points.append((level, line["value"], 0.3))
    return points


def _evasion_plots(table: pa.Table, rows: list[dict[str, object]]) -> list[plots.Bars]:
    find = lookup(table)
    found = []
    for background in dict.fromkeys(str(row["background"]) for row in rows):
        plain = find(background, "plain", UNDERTOW, "average precision")
        lines = []
        for row in rows:
            if row["background"] == background:
                world = EVASION + str(row["evasion"])
                line = find(background, world, UNDERTOW, "average precision")
                if line is not None:
                    lines.append(
                        (str(row["evasion"]), line["value"], line["low"], line["high"])
                    )
        title = f"{background}: average precision of recruiters; dashed: plain worlds"
        mark = None if plain is None else plain["value"]
        if lines:
            found.append(plots.bars(title, lines, ours="", mark=mark))
    return found


def _joins(joins: Joins | None) -> plots.Bars | None:
    if joins is None:
        return None
    rows = [(line.method, line.value, line.low, line.high) for line in joins.lines]
    return plots.bars("Average precision of pairs", rows, ours=UNDERTOW)

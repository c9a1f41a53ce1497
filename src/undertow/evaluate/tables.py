"""The tables that a person reads, and the files that a machine reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from undertow import __version__
from undertow.evaluate.baselines import QUERIES
from undertow.evaluate.checks import Checked
from undertow.evaluate.grid import CHAIN, EVASION, PLAIN, VISIBLE, Asked
from undertow.evaluate.summary import RANKED, lookup
from undertow.evaluate.trial import UNDERTOW

HONEST: Final = "positives are simulated; no public labelled recruitment data exists"
SHOWN: Final = {
    "AP": "average precision",
    "95 %": "average precision",
    "AP all": "average precision, all roles",
    "recall": "recall at 40",
    "precision": "precision at 40",
    "campaigns": "campaigns at 40",
    "honest": "look-alikes at 40",
    "chain": "look-alikes of the whole chain at 40",
}
"""Columns of the table on the screen; all but the first three are shares of, or among, the first 40."""
WITHOUT: Final = "without "


def write(out: Path, table: pa.Table, asked: Asked) -> None:
    """Write `evaluation.parquet`, `.json` and `.md`, each through a neighbour.

    The last holds the overview alone, for a page that others read: no loss is named by its evasion.
    """
    out.mkdir(parents=True, exist_ok=True)
    note = {b"undertow.evaluation": HONEST.encode()}
    part = out / ".evaluation.parquet.part"
    try:
        pq.write_table(table.replace_schema_metadata(note), part, compression="zstd")
        part.replace(out / "evaluation.parquet")
    finally:
        part.unlink(missing_ok=True)
    whole = {
        "undertow": __version__,
        "note": HONEST,
        "asked": asdict(asked),
        "measures": table.to_pylist(),
    }
    texts = {
        "evaluation.json": json.dumps(whole, indent=1) + "\n",
        "evaluation.md": markdown(table),
    }
    for name, text in texts.items():
        part = out / f".{name}.part"
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(out / name)
        finally:
            part.unlink(missing_ok=True)


def markdown(table: pa.Table) -> str:
    """Write the overview as a Markdown table, under the line that belongs to every figure."""
    lines = [f"**{HONEST[0].upper()}{HONEST[1:]}.**", "", "| " + " | ".join(OVERVIEW) + " |"]
    lines.append("|" + " --- |" * len(OVERVIEW))
    for row in overview(table):
        lines.append("| " + " | ".join(str(row[name]) for name in OVERVIEW) + " |")  # noqa: PERF401 - reads as lines
    return "\n".join(lines) + "\n"


Screen = tuple[str, list[str], list[dict[str, object]]]


def screens(table: pa.Table) -> Iterator[Screen]:
    """Give (title, columns, rows): rankings per background and world, then what the detector claims."""
    lines = table.to_pylist()
    groups = dict.fromkeys((line["background"], line["world"]) for line in lines)
    for background, world in groups:
        mine = [x for x in lines if (x["background"], x["world"]) == (background, world)]
        ranked = _ranked(mine)
        if ranked and not world.startswith(EVASION):
            count = max(int(line["worlds"]) for line in mine)
            title = f"{background}, {world}: means over {count} worlds"
            yield title, ["method", *SHOWN], ranked
        claims = {
            line["measure"]: line["value"]
            for line in mine
            if line["method"] == UNDERTOW and line["measure"] not in RANKED
        }
        if world.startswith(EVASION):
            continue
        told: list[dict[str, object]] = [
            {"measure": name, "value": number(value)}
            for name, value in claims.items()
            if ": " not in name
        ]
        yield f"{background}, {world}: what the detector says", ["measure", "value"], told
        kinds = [name.removeprefix("first 40: ") for name in claims if "first 40: " in name]
        honest: list[dict[str, object]] = [
            {
                "look-alike": kind,
                "in the first 40": number(claims[f"first 40: {kind}"]),
                "share alerted": number(claims[f"alerted: {kind}"]),
            }
            for kind in kinds
        ]
        if honest:
            columns = ["look-alike", "in the first 40", "share alerted"]
            yield f"{background}, {world}: honest look-alikes", columns, honest


def _ranked(lines: list[dict[str, Any]]) -> list[dict[str, object]]:
    methods = dict.fromkeys(x["method"] for x in lines if x["measure"] in RANKED)
    rows: list[dict[str, object]] = []
    for method in methods:
        of = {line["measure"]: line for line in lines if line["method"] == method}
        row: dict[str, object] = {"method": method}
        for name, measure in SHOWN.items():
            if measure in of:
                line = of[measure]
                row[name] = _span(line) if name == "95 %" else number(line["value"])
        rows.append(row)
    return sorted(rows, key=lambda row: str(row["method"]).startswith(WITHOUT))


def _span(line: dict[str, Any]) -> str:
    return "" if line["low"] is None else f"{line['low']:.2f} to {line['high']:.2f}"


def number(value: float) -> str:
    """Write a number as short as it may be."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


EVASIONS: Final = [
    "evasion", "background", "AP", "loss", "recall at 40", "kept", "campaigns at 40",
    "per account-week", "at half recall", "accounts",
]  # fmt: skip
OVERVIEW: Final = ["measure", "mean", "worst", "where", "best simple baseline"]
SIMPLE: Final = tuple(QUERIES)


def evasions(table: pa.Table) -> list[dict[str, object]]:
    """Hold every evasion against the plain worlds of its background."""
    find = lookup(table)
    names = dict.fromkeys((x["background"], x["world"]) for x in table.to_pylist())
    rows: list[dict[str, object]] = []
    for background, world in names:
        if not world.startswith(EVASION):
            continue

        def value(measure: str, at: str = world, on: str = background) -> float:
            line = find(on, at, UNDERTOW, measure)
            return float("nan") if line is None else line["value"]

        plain = value("recall at 40", PLAIN)
        rows.append(
            {
                "evasion": world.removeprefix(EVASION),
                "background": background,
                "AP": number(value("average precision")),
                "loss": number(value("average precision", PLAIN) - value("average precision")),
                "recall at 40": number(value("recall at 40")),
                "kept": f"{value('recall at 40') / plain:.0%}" if plain else "",
                "campaigns at 40": number(value("campaigns at 40")),
                "per account-week": number(value("targets per account-week")),
                "at half recall": number(value("targets per account-week at half recall")),
                "accounts": number(value("accounts per campaign")),
            }
        )
    return rows


def overview(table: pa.Table) -> list[dict[str, object]]:
    """Give mean and worst case over all worlds with campaigns, the worst named without its evasion."""
    lines = [x for x in table.to_pylist() if x["measure"] in RANKED]
    rows: list[dict[str, object]] = []
    for world in (PLAIN, VISIBLE, CHAIN, EVASION):
        for measure in OVERVIEW_MEASURES:
            mine = [
                x
                for x in lines
                if x["method"] == UNDERTOW
                and x["measure"] == measure
                and (
                    x["world"] == world or (world == EVASION and x["world"].startswith(EVASION))
                )
            ]
            if not mine:
                continue
            lower = measure.startswith("look-alikes")
            worst = (max if lower else min)(mine, key=lambda x: x["value"])
            rival = [
                x["value"]
                for x in lines
                if x["method"] in SIMPLE and x["measure"] == measure and x["world"] == world
            ]
            label = "with an evasion" if world == EVASION else world
            rows.append(
                {
                    "measure": f"{measure}; {label}",
                    "mean": number(sum(x["value"] for x in mine) / len(mine)),
                    "worst": number(worst["value"]),
                    "where": worst["background"],
                    "best simple baseline": number(max(rival)) if rival and not lower else "",
                }
            )
    return rows


OVERVIEW_MEASURES: Final = (
    "average precision",
    "average precision, all roles",
    "campaigns at 40",
    "look-alikes of the whole chain at 40",
)


def checked(background: str, found: Checked) -> list[dict[str, object]]:
    """Write what came of the checks, with what is wanted."""
    lines = (
        ("scores that fall below the threshold without their evidence", found.fell, "1"),
        ("largest change by unrelated events, share of the range", found.moved, "0"),
        (
            "largest change by names, languages and words, share of the range",
            found.swayed,
            "0.02",
        ),
        ("mean change by these", found.swayed_mean, ""),
        ("accounts listed under one voice only", found.lost, "0"),
    )
    return [
        {"background": background, "check": what, "value": number(value), "wanted": wanted}
        for what, value, wanted in lines
    ]

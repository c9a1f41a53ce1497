"""`report.html`: one self-contained page that a person would rather look at than read.

Made from the files of an output folder alone. No script, no network, no picture from elsewhere;
a content policy in the page forbids them, so a name from the data that tried would do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2
import markupsafe
import pyarrow.compute as pc

from undertow.errors import shown_name
from undertow.export import charts, graph, pages, wording
from undertow.export.findings import NULLS, Finding, find
from undertow.export.folder import PlaybookFacts, Results, StepFacts, open_folder

TIMELINES: Final = 2
"""Funnels drawn per case; the others stand in its table."""
CAMPAIGNS: Final = 3
"""Campaigns drawn; the others stand in their file."""
FUNNEL_ROWS: Final = 20
"""Funnels listed per case; the others are counted."""


@dataclass(frozen=True)
class Case:
    """One finding with its drawings."""

    finding: Finding
    waterfall: charts.Waterfall
    shown: tuple[float, ...]
    """Bits of the waterfall's rows as written: rounded so that they add up."""
    timelines: tuple[tuple[Any, charts.Timeline], ...]


@dataclass(frozen=True)
class ChainStep:
    """One step of a playbook with its rates, as bars on a scale up to 100 %."""

    facts: StepFacts
    number: int
    shape: str
    reached: int
    at_risk: int
    usual: float | None


def write_report(folder: Path, *, top: int = 40, cases: int = 10) -> Path:
    """Write `report.html` into an output folder.

    Args:
        folder: what `undertow detect --out` wrote.
        top: accounts in the queue, at least 1.
        cases: how many of them are shown in full.

    Returns:
        The path of the page.

    Raises:
        UndertowError: the faults of `open_folder`.
    """
    page = render(open_folder(folder), top=top, cases=cases)
    path = folder / "report.html"
    draft = folder / ".report.html.part"
    draft.write_text(page, encoding="utf-8", newline="\n")
    draft.replace(path)
    return path


def render(results: Results, *, top: int = 40, cases: int = 10) -> str:
    """Write the page as text; the same folder gives the same page."""
    queue = results.queue(top)
    findings = find(results, list(enumerate(queue, start=1)))
    answer = _answer(results)
    run = results.run
    style = _text("style.css")
    context = {
        "run": run,
        "results": results,
        "rejects": results.reject_reasons(),
        "style": markupsafe.Markup(style),  # noqa: S704  # our own file, and hashed as it stands
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "answer": answer,
        "ranked": answer["accounts"],
        "also": {str(row["account"]): row["also"] for row in queue},
        "queue": findings,
        "scale": charts.scale([one.weight for one in findings], run.prior),
        "cases": [_case(one, run.prior) for one in findings[:cases]],
        "prior_bits": wording.prior_bits(run.prior),
        "chains": [(facts, _chain(facts)) for facts in run.playbooks],
        "campaigns": _campaigns(results),
        "nulls": NULLS,
        "series": _series(results),
        "folder": shown_name(results.folder),
        "funnel_rows": FUNNEL_ROWS,
    }
    return _environment().get_template("report.html.j2").render(context)


def _campaigns(results: Results) -> list[graph.Drawn]:
    """Draw the first campaigns, heaviest first, of those whose members' own conduct says anything."""
    if results.campaigns is None:
        return []
    rows = results.campaigns.slice(0, CAMPAIGNS).to_pylist()
    return [graph.draw(row) for row in rows if row["weight"] > 0]


def _series(results: Results) -> list[list[dict[str, Any]]]:
    """Give the first series of rooms, each as its rows in order."""
    rows = [] if results.rooms is None else results.rooms.to_pylist()
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of.setdefault(row["series"], []).append(row)
    return list(of.values())[:CAMPAIGNS]


def _answer(results: Results) -> dict[str, Any]:
    """Count what the first sentence says: accounts above 0 bits, above even odds, and all."""
    account, weight = results.accounts["account"], results.accounts["weight"]
    above = account.filter(pc.greater(weight, 0.0)).unique()
    even = pc.greater_equal(weight, -wording.prior_bits(results.run.prior))
    return {
        "above": len(above),
        "even": len(account.filter(even).unique()),
        "accounts": len(account.unique()),
        "funnels": results.funnels.num_rows,
        "steps": sorted({one.listed_from for one in results.run.playbooks if one.listed_from}),
        "simulated": int(pc.sum(pc.starts_with(above, "sim:")).as_py() or 0),
    }


def _case(finding: Finding, prior: float) -> Case:
    given = [line.bits for line in finding.lines] + ([finding.gap] if finding.gap else [])
    drawn = [
        (funnel, charts.timeline(funnel, finding.playbook))
        for funnel in finding.funnels[:TIMELINES]
        if funnel.steps
    ]
    return Case(
        finding=finding,
        waterfall=charts.waterfall(finding, prior),
        shown=(*wording.summed(given, finding.weight), finding.weight),
        timelines=tuple(drawn),
    )


def _chain(facts: PlaybookFacts) -> list[ChainStep]:
    steps = []
    for place, step in enumerate(facts.steps):
        counted = facts.counts.get(step.name)
        steps.append(
            ChainStep(
                facts=step,
                number=place + 1,
                shape=charts.shape(place, 14, 14, 10),
                reached=counted.reached if counted else 0,
                at_risk=counted.at_risk if counted else 0,
                usual=counted.rate if counted else None,
            )
        )
    return steps


def _text(name: str) -> str:
    return (resources.files("undertow.export") / "templates" / name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    """Make the one environment of all pages: everything escaped, an unknown name is a fault."""
    environment = pages.environment(_text, "pages")
    for function in (
        *(wording.visible, wording.step_words, wording.percent, wording.rates, wording.bits),
        *(wording.plural, wording.odds, wording.minute, wording.day_of, wording.gap),
        *(wording.shortened, wording.tight),
    ):
        environment.filters[function.__name__] = function
    environment.globals["shape"] = charts.shape
    return environment

"""The case as one page: no script, nothing loaded, a content policy that forbids both.

Drawings and style are those of `report.html`; everything is escaped, whatever a template is called.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import markupsafe

from undertow.cases.dossier import Dossier, EvidenceLine, FunnelCard
from undertow.export import charts, pages, wording
from undertow.export.findings import TOLERANCE, Chance, Finding, Line
from undertow.export.folder import Funnel, PlaybookFacts, Reached, StepFacts, Taken
from undertow.outward import plain
from undertow.outward.record import Maker, Record, iso

TIMELINES = 3
"""Funnels drawn; all stand in the table."""


@dataclass(frozen=True)
class _Drawn:
    """What the waterfall of the report's templates asks for."""

    finding: Finding
    waterfall: charts.Waterfall
    shown: tuple[float, ...]


def render(record: Record, maker: Maker) -> bytes:
    """Write the page; the same record and maker give the same bytes."""
    dossier = record.dossier
    finding = _finding(record)
    given = [line.bits for line in finding.lines] + ([finding.gap] if finding.gap else [])
    style = _text("export", "style.css")
    context = {
        "record": record,
        "dossier": dossier,
        "maker": maker,
        "says": plain.SAYS,
        "style": markupsafe.Markup(style),  # noqa: S704  # our own file, and hashed as it stands
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "finding": finding,
        "drawn": _Drawn(
            finding,
            charts.waterfall(finding, dossier.run.prior),
            (*wording.summed(given, finding.weight), finding.weight),
        ),
        "timelines": [
            (funnel, charts.timeline(funnel, finding.playbook))
            for funnel in finding.funnels[:TIMELINES]
            if funnel.steps
        ],
        "iso": iso,
    }
    return _environment().get_template("case_export.html.j2").render(context).encode("utf-8")


def _finding(record: Record) -> Finding:
    """Put a dossier into the form that the report's drawings take; events stand by their place."""
    dossier = record.dossier
    lines = tuple(_line(one) for one in dossier.lines)
    gap = dossier.weight - sum(line.bits for line in lines)
    places = plain.events(record)
    held = dossier.chance
    return Finding(
        place=1,
        account=dossier.account,
        role=dossier.role,
        playbook=_facts(dossier),
        weight=dossier.weight,
        contacted=dossier.contacted,
        lines=lines,
        silent=tuple(_line(one) for one in dossier.silent),
        gap=gap if abs(gap) > TOLERANCE else 0.0,
        funnels=tuple(_funnel(one, dossier, places) for one in dossier.funnels),
        rows=(),
        chance=None if held is None else Chance(held.p, held.q, held.agrees, held.kinds),
    )


def _line(one: EvidenceLine) -> Line:
    return Line(
        one.step, one.source, one.count, one.of, one.bits, one.usual, one.likely, one.keys
    )


def _funnel(one: FunnelCard, dossier: Dossier, places: dict[str, str]) -> Funnel:
    steps = tuple(
        Taken(
            taken.step,
            datetime.fromtimestamp(taken.at / 1_000_000, UTC),
            places[taken.event],
            taken.actor,
        )
        for taken in one.steps
    )
    return Funnel(
        recruiter=dossier.account,
        target=one.target,
        playbook=dossier.playbook.name,
        step=one.step,
        weight=one.weight,
        steps=steps,
        roles=one.roles,
    )


def _facts(dossier: Dossier) -> PlaybookFacts:
    card = dossier.playbook
    seen: dict[bool | None, tuple[str, ...]] = {True: ("direct",), False: ("public",), None: ()}
    return PlaybookFacts(
        name=card.name,
        title=card.title,
        status=card.status,
        falsepositives=card.falsepositives,
        steps=tuple(
            StepFacts(
                one.name,
                one.optional,
                one.likely,
                one.likely_source,
                visibility=seen[one.private],
            )
            for one in card.steps
        ),
        counts={one.name: Reached(one.reached, one.at_risk) for one in card.steps},
        listed_from=card.listed_from,
    )


def _text(room: str, name: str) -> str:
    return (resources.files(f"undertow.{room}") / "templates" / name).read_text(
        encoding="utf-8"
    )


def _load(name: str) -> str:
    """Find a template: ours first, then the report's parts."""
    own = resources.files("undertow.outward") / "templates" / name
    return _text("outward" if own.is_file() else "export", name)


@cache
def _environment() -> jinja2.Environment:
    environment = pages.environment(_load)
    filters: tuple[Any, ...] = (
        *(wording.visible, wording.step_words, wording.percent, wording.bits, wording.plural),
        *(wording.minute, wording.gap, wording.shortened, wording.tight),
    )
    for function in filters:
        environment.filters[function.__name__] = function
    environment.globals["shape"] = charts.shape
    return environment

"""A finding in codes becomes a dossier: what the case will show, and what its hash is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from undertow.cases.dossier import (
    CampaignCard,
    ChanceCard,
    Dossier,
    EvidenceLine,
    FunnelCard,
    PlaybookCard,
    RunCard,
    StepCard,
    TakenStep,
    Tie,
)
from undertow.cases.rule import line_of, with_necessary
from undertow.export.findings import Finding, Line
from undertow.export.folder import Funnel, PlaybookFacts, Results, Run
from undertow.units import microseconds

SHOWN: Final = (
    *("platform", "types", "from", "until"),
    *("content", "precision", "class", "ground"),
)
"""What is kept of a declared source; other entries are the operator's own and may name anything."""


def run_card(run: Run) -> RunCard:
    """Say which run made a dossier."""
    return RunCard(
        undertow=run.version,
        at=made_at(run),
        events=run.events,
        since=run.since,
        until=run.until,
        ground=run.ground,
        sources=tuple({k: v for k, v in one.items() if k in SHOWN} for one in run.sources),
        warnings=warnings(run),
        coverage=run.coverage,
        prior=run.prior,
        by_chance=None if run.chance is None else run.chance.get("sentence"),
        simulated=run.simulated is not None,
    )


def made_at(run: Run) -> int:
    """Give the moment a folder was made, microseconds; 0 where an old version did not write it."""
    return 0 if run.made is None else microseconds(datetime.fromisoformat(run.made))


def warnings(run: Run) -> tuple[str, ...]:
    """List the warnings of a run without the names of its files, which stand before the colon."""
    said = []
    for text in run.warnings:
        _, colon, rest = text.partition(": ")
        said.append(rest if colon else text)
    return tuple(said)


def playbook_card(facts: PlaybookFacts) -> PlaybookCard:
    """Keep a playbook as it was in this run."""
    steps = [
        StepCard(
            name=step.name,
            optional=step.optional,
            likely=step.likely,
            likely_source=step.likely_source,
            private=step.private,
            reached=facts.counts[step.name].reached if step.name in facts.counts else 0,
            at_risk=facts.counts[step.name].at_risk if step.name in facts.counts else 0,
        )
        for step in facts.steps
    ]
    return PlaybookCard(
        name=facts.name,
        version=facts.version,
        title=facts.title,
        status=facts.status,
        source=facts.source,
        falsepositives=facts.falsepositives,
        steps=tuple(steps),
        listed_from=facts.listed_from,
    )


def dossier_of(
    finding: Finding,
    results: Results,
    platform: str,
    passages: Mapping[tuple[str, str], str],
    campaign: CampaignCard | None,
    alerts: list[float],
    probability: float | None,
) -> Dossier:
    """Make a dossier.

    Args:
        finding: in codes.
        results: the folder in codes.
        platform: of the account.
        passages: by the codes of event and target, the passage that holds the text.
        campaign: that the account belongs to.
        alerts: weights of all rows of the run that null worlds raise.
        probability: as the ranking states it.
    """
    lines = tuple(map(_line, finding.lines))
    line = line_of(finding.weight, results.run.prior, alerts)
    chance, rests = finding.chance, finding.rests
    return Dossier(
        playbook=playbook_card(finding.playbook),
        account=finding.account,
        role=finding.role,
        platform=platform,
        weight=finding.weight,
        contacted=finding.contacted,
        run=run_card(results.run),
        probability=probability,
        chance=None
        if chance is None
        else ChanceCard(chance.p, chance.q, chance.agrees, chance.kinds),
        lines=with_necessary(lines, finding.weight, line),
        silent=tuple(map(_line, finding.silent)),
        funnels=tuple(_funnel(one, finding, passages) for one in finding.funnels),
        campaign=campaign,
        rests=rests.words,
        sources=finding.sources or (),
        dark=finding.dark,
    )


def campaign_cards(results: Results) -> dict[str, CampaignCard]:
    """Give the campaigns of a folder in codes, by their codes."""
    rows: list[dict[str, Any]] = (
        [] if results.campaigns is None else results.campaigns.to_pylist()
    )
    return {
        row["campaign"]: CampaignCard(
            campaign=row["campaign"],
            weight=row["weight"],
            members=tuple((one["account"], one["role"]) for one in row["accounts"]),
            ties=tuple(Tie(t["kind"], t["a"], t["b"], t["bits"]) for t in row["ties"] or ()),
        )
        for row in rows
    }


def _line(one: Line) -> EvidenceLine:
    return EvidenceLine(
        step=one.step,
        source=one.source,
        count=one.count,
        of=one.of,
        bits=one.bits,
        usual=one.usual,
        likely=one.likely,
        keys=one.keys,
    )


def _funnel(
    one: Funnel, finding: Finding, passages: Mapping[tuple[str, str], str]
) -> FunnelCard:
    roles = one.roles + one.others
    if one.recruiter != finding.account:
        roles = (("recruiter", one.recruiter), *roles)
    return FunnelCard(
        target=one.target,
        step=one.step,
        weight=one.weight,
        steps=tuple(
            TakenStep(
                step=taken.step,
                at=microseconds(taken.at),
                actor=taken.actor,
                event=taken.event,
                passage=passages.get((taken.event, one.target)),
            )
            for taken in one.steps
        ),
        roles=roles,
    )

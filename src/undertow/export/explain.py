"""Why an account stands where it stands: rows that add up, what speaks against, what is not known.

Reads the files of an output folder. It answers for accounts in a role other than target; a target
is not looked up, under its pseudonym or otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from undertow.errors import UndertowError
from undertow.export import wording
from undertow.export.findings import Finding, Line, find
from undertow.export.folder import EVIDENCE, Funnel, Run, open_folder

PSEUDONYM: Final = re.compile(r"t:[a-z2-7]{16}")
SHOWN: Final = 5
"""Funnels whose steps the text lists; the others are counted."""


@dataclass(frozen=True)
class Explanation:
    """All that an output folder says about one account, strongest finding first."""

    account: str
    run: Run
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The raw evidence rows, columns as in `evidence.parquet`, strongest first."""
        rows = [row for finding in self.findings for row in finding.rows]
        return sorted(rows, key=lambda row: -abs(row["bits"] or 0.0))


def explain(
    folder: Path, account: str, *, playbook: str | None = None, role: str | None = None
) -> Explanation:
    """Explain one account of an output folder.

    Args:
        folder: what `undertow detect --out` wrote.
        account: the account's id as in `accounts.parquet`.
        playbook: only this playbook; None: all.
        role: only this role; None: all.

    Raises:
        UndertowError: `explain-target` for a target, `explain-unknown-account` for an account
            that is not ranked, `explain-nothing-chosen` if the account has no finding under this
            playbook and role, and the faults of `open_folder`.
    """
    results = open_folder(folder)
    ranking = results.ranking()
    places = pc.indices_nonzero(pc.equal(ranking["account"], account))
    rows = ranking.take(places).to_pylist()
    mine = [(place + 1, row) for place, row in zip(places.to_pylist(), rows, strict=True)]
    if not mine:
        if PSEUDONYM.fullmatch(account) or results.names_target(account):
            raise UndertowError(
                "this account is in the folder only as a target",
                code="explain-target",
                mend="a target is someone to help and is not looked up: explain the account"
                " that wrote to it, from `accounts.parquet`",
            )
        raise UndertowError(
            "no ranked account has this id",
            code="explain-unknown-account",
            mend="copy an id from the column `account` of `accounts.parquet`, with its platform",
        )
    chosen = [
        (place, row)
        for place, row in mine
        if playbook in (None, row["playbook"]) and role in (None, row["role"])
    ]
    if not chosen:
        has = sorted({f"--playbook {row['playbook']} --role {row['role']}" for _, row in mine})
        raise UndertowError(
            "the account has no finding under this playbook and role",
            code="explain-nothing-chosen",
            mend="use " + wording.listed([f"`{wording.visible(one)}`" for one in has], "or"),
        )
    return Explanation(account, results.run, tuple(find(results, chosen)))


def columns() -> list[str]:
    """Name the columns of `Explanation.rows`, in order."""
    return list(EVIDENCE)


def render_text(explanation: Explanation) -> str:
    """Write an explanation for a terminal: plain text, no colour, ends without a line break."""
    lines: list[str] = []
    if explanation.run.simulated is not None:
        lines += ["SIMULATED: this folder comes from a world with planted accounts.", ""]
    for finding in explanation.findings:
        lines += [*_finding(finding, explanation.run), ""]
    lines += _ground(explanation.run)
    lines.append(
        "Not chance is not guilt. A person decides; help for the targets stands beside it."
    )
    return "\n".join(lines)


def _finding(finding: Finding, run: Run) -> Iterator[str]:
    name = wording.visible(finding.account)
    yield f"{name} as {wording.step_words(finding.role)} in {wording.visible(finding.playbook.name)}"
    yield finding.sentence
    yield ""
    yield "Evidence in bits, strongest first:"
    yield from _sum(finding)
    yield _beside_prior(finding.weight, run.prior)
    yield f"         Rests on: {finding.rests.sentence}"
    if finding.chance is not None:
        yield f"         {finding.chance.says}"
    if finding.chance is not None and finding.chance.agrees:
        yield f"         Beside its own conduct agrees: {'; '.join(finding.chance.agrees)}."
        yield f"         As high in null worlds, of accounts as busy: {finding.chance.counts}."
    yield ""
    yield from _funnels(finding)
    yield from _dark(finding)
    yield from _unseen(finding, run)
    yield from _innocent(finding)


def _sum(finding: Finding) -> Iterator[str]:
    given = [line.bits for line in finding.lines] + ([finding.gap] if finding.gap else [])
    shown = wording.summed(given, finding.weight)
    for line, value in zip(finding.lines, shown, strict=False):
        yield f"{wording.bits(value, minus='-'):>7}  {line.says}{_because(line)}"
    if finding.gap:
        yield f"{wording.bits(shown[-1], minus='-'):>7}  not in the evidence rows: the folder is at fault"
    yield f"{'-' * 7:>7}"
    yield f"{wording.bits(finding.weight, minus='-'):>7}  weight, place {finding.place} in the ranking"


def _because(line: Line) -> str:
    rests = f"; {line.rests}" if line.rests else ""
    return f" ({line.why}{rests})" if line.why else ""


def _beside_prior(weight: float, prior: float) -> str:
    start = wording.prior_bits(prior)
    left = weight + start
    return (
        f"         Before looking, 1 in {1 / prior:,.0f} active accounts is taken to recruit"
        f" ({wording.bits(start, minus='-')} bits).\n"
        f"         With it the odds would be {wording.odds(left)}, if every row were independent"
        " and every assumed rate right."
    )


def _funnels(finding: Finding) -> Iterator[str]:
    count = wording.plural(len(finding.funnels), "funnel")
    yield f"{count} listed, of {wording.plural(finding.contacted, 'target')} contacted:"
    for funnel in finding.funnels[:SHOWN]:
        furthest = wording.step_words(funnel.step)
        weight = wording.bits(funnel.weight, minus="-")
        yield f"  {wording.visible(funnel.target)}  furthest: {furthest}  {weight} bits"
        yield from _steps(funnel)
    if len(finding.funnels) > SHOWN:
        yield f"  and {len(finding.funnels) - SHOWN} more in `funnels.parquet`"
    yield ""


def _steps(funnel: Funnel) -> Iterator[str]:
    for kind, value in funnel.others:
        yield f"    {wording.step_words(kind)}: {wording.visible(value)}"
    width = max((len(wording.step_words(taken.step)) for taken in funnel.steps), default=0)
    before = None
    for taken in funnel.steps:
        later = f"+ {wording.gap(before, taken.at)}" if before is not None else "first"
        name = f"{wording.step_words(taken.step):<{width}}"
        actor = wording.visible(taken.actor)
        yield f"    {wording.minute(taken.at)}  {later:<14}  {name}  by {actor}"
        before = taken.at


def _dark(finding: Finding) -> Iterator[str]:
    if finding.dark:
        yield "What is left when a talk goes dark:"
        yield from (f"  {line}" for line in finding.dark)
        yield ""


def _unseen(finding: Finding, run: Run) -> Iterator[str]:
    yield "What weighs nothing and what the data could not show:"
    facts = [line.says for line in finding.silent]
    facts += [wording.visible(sentence) for sentence in run.coverage]
    yield from (f"  {fact}" for fact in facts or ["nothing of the kind in this run"])
    yield ""


def _innocent(finding: Finding) -> Iterator[str]:
    shapes = [wording.visible(one) for one in finding.playbook.falsepositives]
    if shapes:
        yield f"The same shape is also made by {wording.listed(shapes)}."
        yield "Their honest work is counted by no figure above."
    else:
        yield "The playbook names no honest work of this shape; that does not mean there is none."


def _ground(run: Run) -> list[str]:
    ground = [f"Lawful ground: {wording.visible(text)}" for text in run.ground]
    return [*ground, ""] if ground else []

"""The weight as bars that begin where the one before ends; the table around them is its own twin."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.cases.dossier import Dossier, EvidenceLine
from undertow.export import wording
from undertow.export.findings import AFTERWARDS, OPENS
from undertow.review import evidence
from undertow.review.language import Language

TRAITS = (OPENS, AFTERWARDS)
"""Lines about who began and what came after: they are counted over targets, not over events of a step."""


@dataclass(frozen=True)
class Bar:
    """One row: left edge and width in percent, and the running sum before and after."""

    left: float
    width: float
    before: float
    after: float


@dataclass(frozen=True)
class Row:
    """One line of evidence with its bar; `shown` is rounded so that the shown bits add up."""

    says: str
    why: str
    shown: float
    bits: float
    bar: Bar
    necessary: bool
    side: str
    """`for`, `against` or `held`."""
    cites: str
    """The step whose events the line counts; empty where it counts none."""


@dataclass(frozen=True)
class Waterfall:
    """All rows, then the sum; `zero` and `even` are places of nought and of even odds, in percent."""

    rows: tuple[Row, ...]
    total: Bar
    zero: float
    even: float


def waterfall(language: Language, dossier: Dossier) -> Waterfall:
    """Lay out the lines of a dossier; a language read from the right mirrors it.

    Lines that do not add up to the weight get no row of their own here: `cases.intake` refuses them.
    """
    bits = [line.bits for line in dossier.lines]
    sums = [0.0]
    for value in bits:
        sums.append(sums[-1] + value)
    even = -wording.prior_bits(dossier.run.prior)
    low, high = min(0.0, *sums, dossier.weight), max(even, *sums, dossier.weight)

    def along(value: float) -> float:
        share = 2 + 96 * (value - low) / ((high - low) or 1.0)
        return 100 - share if language.direction == "rtl" else share

    shown = wording.summed(bits, sum(bits))
    rows = tuple(
        Row(
            says=evidence.says(language, line),
            why=evidence.why(language, line),
            shown=rounded,
            bits=line.bits,
            bar=_bar(along(sums[i]), along(sums[i + 1])),
            necessary=line.necessary,
            side=_side(line),
            cites=line.step if line.source == "taken" and line.step not in TRAITS else "",
        )
        for i, (line, rounded) in enumerate(zip(dossier.lines, shown, strict=True))
    )
    return Waterfall(rows, _bar(along(0.0), along(dossier.weight)), along(0.0), along(even))


def _side(line: EvidenceLine) -> str:
    if line.source in evidence.HELD:
        return "held"
    return "for" if line.bits >= 0 else "against"


def _bar(before: float, after: float) -> Bar:
    return Bar(min(before, after), max(abs(after - before), 0.4), before, after)

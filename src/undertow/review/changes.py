"""What changed in a case since somebody proposed a decision on it."""

from __future__ import annotations

from typing import Final

from undertow.cases.dossier import Dossier, EvidenceLine
from undertow.review import evidence, names
from undertow.review.language import Language, Shown

TOLD: Final = 0.05
"""Bits below which a change is not told: it does not show in one decimal."""


def changes(language: Language, before: Dossier, after: Dossier) -> list[str]:
    """Say what a second person sees that the first did not, and what is gone.

    Returns:
        Sentences, the largest change first; empty where nothing that is shown has changed.
    """
    say, told = language.say, []
    if abs(after.weight - before.weight) >= TOLD:
        told.append(
            say(
                "weight {before} → {after} bits",
                before=language.bits(before.weight),
                after=language.bits(after.weight),
            )
        )
    if before.playbook.version != after.playbook.version:
        told.append(say("the playbook is another version"))
    came = sorted(set(after.targets) - set(before.targets))
    if came:
        codes = language.listed([names.short(one) for one in came[:5]])
        told.append(
            language.many(
                "{n} new target: {codes}", "{n} new targets: {codes}", len(came), codes=codes
            )
        )
    if before.furthest != after.furthest and after.furthest:
        told.append(say("it went on to “{step}”", step=names.step(language, after.furthest)))
    return told + _lines(language, before, after)


def _lines(language: Language, before: Dossier, after: Dossier) -> list[str]:
    """Say which lines of evidence weigh something else now."""
    old = {(one.step, one.source): one for one in before.lines}
    new = {(one.step, one.source): one for one in after.lines}
    moved: list[tuple[float, str]] = []
    for key in {*old, *new}:
        was, now = _bits(old.get(key)), _bits(new.get(key))
        if abs(now - was) < TOLD:
            continue
        line = new.get(key) or old[key]
        moved.append(
            (
                abs(now - was),
                language.say(
                    "{says}: {before} → {after} bits",
                    says=Shown(evidence.says(language, line)),
                    before=language.bits(was),
                    after=language.bits(now),
                ),
            )
        )
    return [says for _, says in sorted(moved, reverse=True)]


def _bits(line: EvidenceLine | None) -> float:
    return line.bits if line else 0.0

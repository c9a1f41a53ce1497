"""Independent sources in words: what a case or a campaign rests on, and whether anything agrees with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undertow.export import wording

CONDUCT = "conduct:"
NOTHING = "nothing that speaks for it"


@dataclass(frozen=True)
class Rests:
    """What a claim rests on.

    Attributes:
        words: one clause per kind of source, at least one.
        many: independent sources, 0 where nothing speaks for the claim.
    """

    words: tuple[str, ...]
    many: int

    @property
    def verdict(self) -> str:
        """Say whether anything independent agrees, as one sentence."""
        if self.many > 1:
            return f"{wording.plural(self.many, 'independent source')} agree."
        return "All of it rests on one source; nothing independent agrees." if self.many else ""

    @property
    def sentence(self) -> str:
        """The clauses, and whether anything agrees."""
        return f"{'; '.join(self.words)}. {self.verdict}".rstrip()


def rests_on(sources: Sequence[str], own: str, others: str = "") -> Rests:
    """Say what some sources are.

    Args:
        sources: as the column `sources` holds them.
        own: the claim's own conduct, in words.
        others: what the other accounts' events show; empty for nothing.
    """
    platforms = [word.removeprefix(CONDUCT) for word in sources if word.startswith(CONDUCT)]
    named = [wording.visible(name) for name in platforms if name]
    words = []
    if len(named) > 1:
        words = [f"{own} on {name}" for name in named]
    elif platforms:
        words = [own + (f", on {named[0]}" if named else "")]
    if "targets" in sources:
        words.append("what people who also know others did towards it")
    if "others" in sources:
        words.append("events of accounts tied to it" + (f" ({others})" if others else ""))
    reports = sources.count("report")
    if reports:
        words.append(wording.plural(reports, "independent report") + " by people")
    if "known" in sources:
        words.append("a known list")
    return Rests(tuple(words) or (NOTHING,), len(sources))

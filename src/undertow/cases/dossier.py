"""A dossier: what a case says at one revision, frozen, without a text and without a native id.

Reviewers decide on a dossier and an approval binds to its hash, so the page, the export and the hash
are all made from this one thing. Accounts stand as codes (`a:…`), targets as codes (`t:…`); texts
stand elsewhere, sealed, and are named here by passage. Sentences are not stored: each surface
words the numbers in its own language.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class StepCard(msgspec.Struct, frozen=True):
    """One step of the playbook. `likely` is the rate given recruitment; `private` None for unknown."""

    name: str
    optional: bool = False
    likely: float | None = None
    likely_source: str | None = None
    private: bool | None = None
    reached: int = 0
    at_risk: int = 0


class PlaybookCard(msgspec.Struct, frozen=True):
    """The playbook as it was when it fired; `version` is the SHA-256 of its checked content, hex."""

    name: str
    version: str
    title: str = ""
    status: str = ""
    source: str = ""
    falsepositives: tuple[str, ...] = ()
    listed_from: str | None = None
    steps: tuple[StepCard, ...] = ()


class EvidenceLine(msgspec.Struct, frozen=True):
    """The evidence of one step and one outcome over all targets: the numbers of `export.findings.Line`.

    Attributes:
        source: `taken`, `not taken`, `cap`, `rarity`, `tie`, `known`, `report`, `open`, `unknown`, `context`, …
        count, of: targets with this outcome, of those who could have been seen with it.
        bits: above 0 for, below 0 against; lines add up to the dossier's weight.
        usual, likely: lowest and highest rate; None where there is none.
        necessary: without this line the case would not stand above the line of the queue.
    """

    step: str
    source: str
    count: int
    of: int
    bits: float
    usual: tuple[float, float] | None = None
    likely: tuple[float, float] | None = None
    keys: int | None = None
    necessary: bool = False


class TakenStep(msgspec.Struct, frozen=True):
    """One step of one funnel. `at` is microseconds since 1970 UTC; `passage` None where no text is held."""

    step: str
    at: int
    actor: str
    event: str
    passage: str | None = None


class FunnelCard(msgspec.Struct, frozen=True):
    """One funnel of the account with one target, as far as it went."""

    target: str
    step: str
    weight: float
    steps: tuple[TakenStep, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    """Free roles with the codes of the accounts that hold them."""


class Tie(msgspec.Struct, frozen=True):
    """A tie of two accounts in bits; one tie that carries most of a campaign is to be shown as such."""

    kind: str
    a: str
    b: str
    bits: float


class CampaignCard(msgspec.Struct, frozen=True):
    """Accounts that work together; targets are never members."""

    campaign: str
    weight: float
    members: tuple[tuple[str, str], ...] = ()
    """Code and role."""
    ties: tuple[Tie, ...] = ()


class ChanceCard(msgspec.Struct, frozen=True):
    """How the account stands against null worlds; `kinds`: name, as high, of how many."""

    p: float
    q: float
    agrees: tuple[str, ...] = ()
    kinds: tuple[tuple[str, int, int], ...] = ()


class RunCard(msgspec.Struct, frozen=True):
    """The run that made this dossier: what was read, on which ground, and what it could not show."""

    undertow: str
    at: int
    events: int = 0
    since: str | None = None
    until: str | None = None
    ground: tuple[str, ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    prior: float = 2e-5
    by_chance: str | None = None
    """The sentence about the whole queue, in English as `run.json` gives it."""
    simulated: bool = False


class Dossier(msgspec.Struct, frozen=True):
    """All that a reviewer is shown of a case, but for texts and identities.

    Attributes:
        account: code of the account in its `role`.
        weight: bits; `probability`, `chance` None where null worlds were not made.
        rests: independent sources of what speaks for it (R13), in English; one entry means it rests on one.
        sources: the same as the ranking names them (`conduct:PLATFORM`, `targets`, `others`, `report`, `known`), for other languages.
        dark: what is left when the talk goes dark, in the words of `export.dark`.
        contacted: targets that the evidence is about.
    """

    playbook: PlaybookCard
    account: str
    role: str
    platform: str
    weight: float
    contacted: int
    run: RunCard
    probability: float | None = None
    chance: ChanceCard | None = None
    lines: tuple[EvidenceLine, ...] = ()
    silent: tuple[EvidenceLine, ...] = ()
    funnels: tuple[FunnelCard, ...] = ()
    campaign: CampaignCard | None = None
    rests: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    dark: tuple[str, ...] = ()
    form: int = 1

    @property
    def targets(self) -> tuple[str, ...]:
        """Codes of the targets of all funnels, each once, in order."""
        return tuple(sorted({one.target for one in self.funnels}))

    @property
    def furthest(self) -> str | None:
        """The furthest step of any funnel, in the playbook's order; None without funnels."""
        order = {step.name: place for place, step in enumerate(self.playbook.steps)}
        steps = [one.step for one in self.funnels]
        return max(steps, key=lambda name: order.get(name, -1)) if steps else None


def encode(dossier: Dossier) -> bytes:
    """Write a dossier as canonical JSON: equal dossiers give equal bytes."""
    return msgspec.json.encode(dossier, order="sorted")


def decode(body: bytes) -> Dossier:
    """Read what `encode` wrote.

    Raises:
        msgspec.ValidationError: the bytes are no dossier; only a damaged store holds such.
    """
    return msgspec.json.decode(body, type=Dossier)


def fingerprint(body: bytes) -> str:
    """Hash what `encode` wrote: SHA-256, hex. A proposal and its approval bind to it."""
    return hashlib.sha256(body).hexdigest()

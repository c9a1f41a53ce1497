"""What an export is made from: one case as plain values, and who makes the export, when and why.

Builders in this folder take these and give bytes; they open no connection, hold no key and ask no
clock. Accounts and targets are codes, people who review are codes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from undertow import __version__
from undertow.cases.dossier import Dossier
from undertow.errors import UndertowError

MARK: Final = "SIMULATED"
"""Stands in every file of a store that holds a simulated world."""


class Act(msgspec.Struct, frozen=True):
    """One thing that a person, or the clock (`by` None), did to the case. Times are microseconds, UTC."""

    act: str
    kind: str
    at: int
    by: str | None = None
    outcome: str | None = None
    clause: str | None = None
    dossier: str | None = None
    answers: str | None = None
    reason: str | None = None
    """Opened only where text was asked for with a reason."""


class Measure(msgspec.Struct, frozen=True):
    """A restrictive outcome that two people decided on. Times are microseconds, UTC; None where it was not."""

    measure: str
    outcome: str
    proposed_by: str
    approved_by: str
    dossier: str
    approved_at: int
    effective_at: int
    clause: str | None = None
    undone_at: int | None = None
    lifted_at: int | None = None

    def stands(self, now: int) -> bool:
        """Say whether it took effect and was neither undone nor lifted."""
        return self.effective_at <= now and self.undone_at is None and self.lifted_at is None


class Target(msgspec.Struct, frozen=True):
    """One person to help: code, furthest step, and what became of the help."""

    target: str
    step: str
    help: str = "none"


class Passage(msgspec.Struct, frozen=True):
    """One passage, opened because somebody asked for it with a reason."""

    passage: str
    author: str
    target: str
    at: int
    text: str


class Record(msgspec.Struct, frozen=True):
    """One case.

    Attributes:
        hash: fingerprint of the dossier, hex.
        native: the account's own id, only where it was asked for with a reason; never a target's.
        simulated: the store holds a simulated world.
    """

    case: str
    state: str
    revision: int
    hash: str
    dossier: Dossier
    opened_at: int
    updated_at: int
    keep_until: int
    lang: str | None = None
    acts: tuple[Act, ...] = ()
    measures: tuple[Measure, ...] = ()
    targets: tuple[Target, ...] = ()
    passages: tuple[Passage, ...] = ()
    native: str | None = None
    simulated: bool = False

    @property
    def is_simulated(self) -> bool:
        """Whether the store or the run behind the case is a simulated world."""
        return self.simulated or self.dossier.run.simulated


class Maker(msgspec.Struct, frozen=True):
    """Who makes an export, when (microseconds, UTC), and why more than codes was asked for.

    Attributes:
        exporter: code of the person.
        native_reason: why the account's own id stands in it; None where it does not.
        text_reason: why passages stand in it; None where they do not.
    """

    exporter: str
    at: int
    native_reason: str | None = None
    text_reason: str | None = None
    undertow: str = __version__

    @property
    def filters(self) -> dict[str, str]:
        """What is left out of the file and what was asked for: words that manifest and log hold alike."""
        return {
            "targets_as": "codes",
            "people_as": "codes",
            "events_as": "places",
            "account_as": "own-id" if self.native_reason else "code",
            "passages": "asked-for" if self.text_reason else "none",
        }


def decided(record: Record, now: int) -> Measure:
    """Give the latest restrictive decision that stands.

    Raises:
        UndertowError: `export-undecided` if there is none.
    """
    standing = [one for one in record.measures if one.stands(now)]
    if not standing:
        raise UndertowError(
            "no restrictive decision on this case has taken effect",
            code="export-undecided",
            mend="only what two people decided leaves in this form; export the case as html, json or csv instead",
        )
    return max(standing, key=lambda one: (one.effective_at, one.measure))


def iso(micros: int | None) -> str | None:
    """Write microseconds since 1970 as ISO 8601 in UTC to the second; None as None."""
    if micros is None:
        return None
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"

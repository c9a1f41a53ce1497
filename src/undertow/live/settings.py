"""What `watch` is asked to do, checked and in one place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from undertow.errors import UndertowError
from undertow.events.source import Source as Declared
from undertow.live.rates import BookRates
from undertow.playbooks.grammar import Playbook
from undertow.units import MINUTE

LATENESS: Final = 10 * MINUTE


@dataclass(frozen=True)
class Settings:
    """What `watch` is asked to do.

    Attributes:
        playbooks: checked playbooks, at least one.
        declared: sources, for what could be seen and for their grounds.
        ground: lawful ground for platforms that declare none.
        zone: zone of times that carry none.
        region: country of national phone numbers.
        lateness: microseconds.
        ahead: events later than the clock by more than this are set aside, microseconds; None: never.
        state: folder of checkpoints, None for a run that cannot be taken up again.
        alerts: file that alerts are appended to, None for the screen.
        rejects: file that lines set aside are listed in.
        rates: what `detect` measured, by playbook.
        every: seconds between checkpoints.
        every_events: events after which a checkpoint is due in any case.
        personas: accounts held to be one actor, as `personas.personas_of` gives them; None for no file.
    """

    playbooks: tuple[Playbook, ...]
    declared: tuple[Declared, ...] = ()
    ground: str | None = None
    zone: ZoneInfo | None = None
    region: str | None = None
    lateness: int = LATENESS
    ahead: int | None = None
    state: Path | None = None
    alerts: Path | None = None
    rejects: Path | None = None
    rates: dict[str, BookRates] = field(default_factory=dict)
    every: float = 30.0
    every_events: int = 5_000_000
    personas: tuple[tuple[str, ...], ...] | None = None

    @property
    def grounds(self) -> list[str]:
        """Lawful grounds, declared or given, without repeats."""
        stated = [self.ground, *(source.ground for source in self.declared)]
        return list(dict.fromkeys(ground for ground in stated if ground))

    @property
    def asked(self) -> dict[str, Any]:
        """What must be equal when a run is taken up again, as plain values."""
        books = [repr(replace(book, folder=None)).encode() for book in self.playbooks]
        files = [None if f is None else str(f.resolve()) for f in (self.alerts, self.rejects)]
        return {
            "playbooks": [hashlib.sha256(book).hexdigest() for book in books],
            "sources": hashlib.sha256(
                msgspec.json.encode([source.to_dict() for source in self.declared])
            ).hexdigest(),
            "lateness": self.lateness,
            "zone": None if self.zone is None else self.zone.key,
            "region": self.region,
            # Another file must not be cut back to the length of this one.
            "files": hashlib.sha256(repr(files).encode()).hexdigest(),
            "personas": None
            if self.personas is None
            else hashlib.sha256(msgspec.json.encode(self.personas)).hexdigest(),
        }

    def hold_as_before(self, before: dict[str, Any]) -> None:
        """Refuse to take a run up again that was asked for something else.

        Raises:
            UndertowError: `watch-state-personas` where the personas differ, else `watch-state-other`.
        """
        now = self.asked
        if before == now:
            return
        # What was matched so far was matched with the old ones.
        if {**before, "personas": None} == {**now, "personas": None}:
            raise UndertowError(
                "the state folder belongs to a watch with other personas",
                code="watch-state-personas",
                mend="give the personas file as it was, or begin anew with another --state",
            )
        raise UndertowError(
            "the state folder belongs to a watch with other playbooks, sources, files or options",
            code="watch-state-other",
            mend="give the same as before, or begin anew with another --state",
        )

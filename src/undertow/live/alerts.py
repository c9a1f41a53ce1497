"""Alerts: one JSON line for every match that becomes listed, and one for each time it changes.

The account is named, the target is a pseudonym, also inside ids of events and rooms; no text is there to
be written. An alert is for the operator's own file or screen: it asks a person to look, it does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from undertow.events.pseudonyms import Pseudonyms
from undertow.live.engine import Change
from undertow.live.event_names import EventNames
from undertow.live.names import Names
from undertow.live.personas import Personas
from undertow.live.rates import BookRates
from undertow.playbooks.grammar import Playbook
from undertow.scores.shown import _hidden as hidden
from undertow.scores.weigh import judged_end
from undertow.units import moment


@dataclass(frozen=True)
class Wording:
    """Turns changes into lines.

    Args:
        playbooks: those watched, in the engine's order.
        accounts, rooms: names of codes.
        events: ids, actors and times of events.
        pseudonyms: of this installation.
        ground: lawful grounds, as on every output.
        rates: by name of playbook, where `detect` measured them.
        personas: the other accounts of a target's actor are hidden like its own; None for none.
    """

    playbooks: Sequence[Playbook]
    accounts: Names
    rooms: Names
    events: EventNames
    pseudonyms: Pseudonyms
    ground: Sequence[str]
    rates: dict[str, BookRates]
    personas: Personas | None = None

    def line(self, change: Change, *, simulated: bool) -> bytes:
        """Write one alert, with the end of its line."""
        playbook = self.playbooks[change.playbook]
        end = judged_end(playbook)
        target = self.accounts.name(change.key[1 - end]) or ""
        sealed = self.pseudonyms.of(target)
        groups = [role for role in playbook.key if role in playbook.groups]
        alert: dict[str, Any] = {
            "playbook": playbook.name,
            "account": self.accounts.name(change.key[end]),
            "target": sealed,
        }
        for role in groups:
            room = self.rooms.name(change.key[2])
            alert[role] = None if room is None else _sealed(room, target, sealed)
        # A match can be taken back: more of it came to light, and it was not what it seemed.
        hidden_too = self._mates(change.key[1 - end])
        alert["step"] = playbook.steps[change.step].name if change.step >= 0 else None
        alert["steps"] = [
            self._step(playbook.steps[s].name, number, hidden_too)
            for s, number in enumerate(change.taken)
            if number >= 0
        ]
        alert["revision"] = change.revision
        alert["simulated"] = simulated
        alert["ground"] = list(self.ground)
        rates = self.rates.get(playbook.name)
        if rates is not None:
            alert["weight"] = rates.weight(change)
        return msgspec.json.encode(alert) + b"\n"

    def _mates(self, target: int) -> dict[int, tuple[str, str]]:
        """Give names and pseudonyms of a target's accounts, by code, the target itself first."""
        mates = [] if self.personas is None else self.personas.mates(target)
        names = {code: self.accounts.name(code) or "" for code in (target, *mates)}
        return {code: (name, self.pseudonyms.of(name)) for code, name in names.items()}

    def _step(
        self, name: str, number: int, hidden_too: dict[int, tuple[str, str]]
    ) -> dict[str, Any]:
        event = self.events.look_up(number)
        shown = event.id
        for own, by in hidden_too.values():
            shown = _sealed(shown, own, by)
        own, by = hidden_too.get(event.actor, ("", ""))
        return {
            "step": name,
            "at": moment(event.at).isoformat().replace("+00:00", "Z"),
            "event": shown,
            "actor": by if own else self.accounts.name(event.actor),
        }


def _sealed(text: str, target: str, sealed: str) -> str:
    name = target.split(":", 1)[-1]
    return hidden(text, name, sealed) if name and name in text else text

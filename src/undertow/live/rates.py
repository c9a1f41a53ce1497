"""Rates that `detect` measured, for the weight of an alert.

A stream that began today knows no rates of its own. Where the operator names the folder of an earlier
`detect`, an alert carries the bits of the steps it holds, by the rate of all accounts there: `run.json`
holds no rates by activity. What was not taken says nothing here, as its windows are mostly open; the
weight that counts is that of the next `detect`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from undertow.errors import Place, UndertowError, shown_name
from undertow.live.engine import Change
from undertow.playbooks.grammar import Playbook
from undertow.scores.rates import base_step
from undertow.scores.weigh import likely, mixed


@dataclass(frozen=True)
class BookRates:
    """Bits of each step of one playbook when it is taken."""

    bits: tuple[float, ...]

    def weight(self, change: Change) -> float:
        """Add up the bits of the steps taken, rounded to a hundredth."""
        taken = [self.bits[s] for s, number in enumerate(change.taken) if number >= 0]
        return round(math.fsum(taken), 2)


def read_rates(folder: Path, playbooks: Sequence[Playbook]) -> dict[str, BookRates]:
    """Read what `detect` measured, for those playbooks that it ran.

    Raises:
        UndertowError: `watch-rates` if the folder was not written by `detect`, or if its playbook of
            one name has other steps.
    """
    file = folder / "run.json"
    try:
        measured = msgspec.json.decode(file.read_bytes())["playbooks"]
        found = {book["name"]: book for book in measured}
    except (OSError, msgspec.MsgspecError, KeyError, TypeError):
        raise _fault("the folder holds no rates", file) from None
    return {
        playbook.name: _rates(playbook, found[playbook.name], file)
        for playbook in playbooks
        if playbook.name in found
    }


def _rates(playbook: Playbook, book: dict[str, Any], file: Path) -> BookRates:
    try:
        rates = {name: float(count["u"]) for name, count in book["counts"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _fault("the folder holds no rates", file) from None
    if list(rates) != [step.name for step in playbook.steps]:
        raise _fault(f"the rates of `{playbook.name}` are of other steps", file)
    base = base_step(playbook)
    bits = []
    for s, step in enumerate(playbook.steps):
        u = rates[step.name]
        m = float(mixed(likely(step), u))  # type: ignore[arg-type]  # it takes plain numbers as well
        bits.append(0.0 if s == base else math.log2(m / u))
    return BookRates(tuple(bits))


def _fault(what: str, file: Path) -> UndertowError:
    return UndertowError(
        what,
        code="watch-rates",
        place=Place(shown_name(file)),
        mend="name a folder that `undertow detect` wrote with the same playbooks",
    )

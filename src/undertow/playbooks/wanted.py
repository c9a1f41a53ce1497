"""What playbooks want to know of texts: what their steps ask for, at the steps' types alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from undertow.playbooks.grammar import Playbook
from undertow.signals.marks import MARKS, text_marks, worth_a_look


@dataclass(frozen=True)
class Look:
    """Looks at texts for marks.

    Attributes:
        wanted: for each mark the types of events at which it is asked for.
        region: as for `find_addresses`.
    """

    wanted: Mapping[str, frozenset[str]]
    region: str | None

    def __call__(self, content: pa.Array, types: np.ndarray) -> dict[str, np.ndarray]:
        """Give the marks of texts, as `text_marks`."""
        return text_marks(content, types, region=self.region, wanted=self.wanted)

    def needs(self, content: pa.Array, types: np.ndarray) -> np.ndarray:
        """List the rows whose text has to be looked at: at all others there are no marks."""
        return worth_a_look(content, types, wanted=self.wanted)


def looks(playbooks: Iterable[Playbook], region: str | None) -> Look:
    """Say what to look for in texts: what the playbooks' steps ask for, at the steps' types alone."""
    steps = [step for playbook in playbooks for step in playbook.steps]
    wanted = {
        name: frozenset(word for step in steps if name in step.has for word in step.types)
        for name in MARKS
    }
    return Look(wanted, region)

"""What playbooks want to know of texts: what their steps ask for, at the steps' types alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from undertow.events.coding import Looks
from undertow.playbooks.grammar import Playbook
from undertow.signals.marks import MARKS, text_marks


def looks(playbooks: Iterable[Playbook], region: str | None) -> Looks:
    """Say what to look for in texts: what the playbooks' steps ask for, at the steps' types alone."""
    steps = [step for playbook in playbooks for step in playbook.steps]
    wanted = {
        name: frozenset(word for step in steps if name in step.has for word in step.types)
        for name in MARKS
    }

    def look(content: pa.Array, types: np.ndarray) -> dict[str, np.ndarray]:
        return text_marks(content, types, region=region, wanted=wanted)

    return look

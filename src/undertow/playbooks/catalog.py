"""The playbooks that ship: `shipped/NAME/playbook.yaml`, each with its examples beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parent / "shipped"


def names() -> list[str]:
    """List the names of the shipped playbooks, in alphabetical order."""
    return sorted(file.parent.name for file in SHIPPED.glob("*/playbook.yaml"))


def shipped_file(name: str) -> Path:
    """Find the file of a shipped playbook; `name` is one of `names()`."""
    return SHIPPED / name / "playbook.yaml"

"""JSON Schema of the grammar, so that an editor completes and underlines while one writes.

It comes from the table the parser reads (`keys`). It knows the shape of a playbook, not its
meaning: `undertow playbook check` alone tells whether roles, steps and windows fit together.
"""

from __future__ import annotations

from typing import Any

from undertow.playbooks.grammar import GRAMMAR
from undertow.playbooks.keys import PLAYBOOK


def json_schema() -> dict[str, Any]:
    """Describe a playbook of this grammar as JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:undertow:playbook:{GRAMMAR}",
        "title": f"Undertow playbook, grammar {GRAMMAR}",
        **PLAYBOOK.schema(),
    }

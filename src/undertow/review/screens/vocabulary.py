"""What can stand in a playbook, for the editor of the workbench: keys by their place, and the words that a key takes.

It comes from the table that the parser reads, so nothing is offered that would be a fault.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from undertow.playbooks.schema import json_schema

Words = dict[str, list[str]]
FLAGS: Final = ["true", "false"]


@cache
def vocabulary() -> dict[str, Words]:
    """Give `keys`: those of the playbook (`top`), of a step (`steps`) and so on by section; and `values` by key."""
    top = json_schema()["properties"]
    keys: Words = {"top": list(top)}
    values: Words = {}
    for name, shape in top.items():
        inner = _inner(shape)
        if inner:
            keys[name] = list(inner)
        for key, said in {name: shape, **inner}.items():
            words = sorted(_words(said)) if isinstance(said, dict) else []
            if words:
                values[key] = sorted({*values.get(key, ()), *words})
    return {"keys": keys, "values": values}


def _inner(shape: dict[str, Any]) -> dict[str, Any]:
    """Give the keys inside a section: of each of its entries, or of itself."""
    entry = shape.get("additionalProperties")
    held = entry if isinstance(entry, dict) else shape
    found = held.get("properties", {})
    return dict(found)


def _words(shape: dict[str, Any]) -> set[str]:
    """Find the words that a value may be, alone or in a list."""
    found = {str(one) for one in shape.get("enum", ())}
    if shape.get("type") == "boolean":
        found |= set(FLAGS)
    if isinstance(shape.get("const"), str):
        found.add(shape["const"])
    for part in (*shape.get("anyOf", ()), shape.get("items")):
        found |= _words(part) if part else set()
    return found

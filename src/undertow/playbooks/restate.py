"""Writing other rates into the text of a playbook, and leaving every other character as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import yaml

from undertow.playbooks.compose import compose
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.page import Page
from undertow.playbooks.parse import parse

KEY: Final = "likely"


def with_likely(text: str, rates: Mapping[str, tuple[float, str]]) -> str:
    """Write `likely` of some steps anew, each with where it comes from.

    Args:
        text: a playbook without faults.
        rates: rate and its source by the step's name.

    Raises:
        ValueError: where a step is not there, or the text cannot be changed without changing anything else.
    """
    root = compose(text, Page("playbook.yaml", text))
    steps = next(value for key, value in root.value if key.value == "steps")
    changes: list[tuple[int, int, str]] = []
    for key, step in steps.value:
        if key.value in rates:
            changes.append(_change(text, step, *rates[key.value]))
    if len(changes) != len(rates):
        raise ValueError("a rate is given for a step that the playbook does not have")
    out = text
    for begin, end, written in sorted(changes, reverse=True):
        out = out[:begin] + written + out[end:]
    if parse(out.encode()) != _restated(parse(text.encode()), rates):
        raise ValueError("the text of the playbook cannot be changed in place")
    return out


def _restated(playbook: Playbook, rates: Mapping[str, tuple[float, str]]) -> Playbook:
    steps = [
        replace(step, likely=rates[step.name][0], likely_source=rates[step.name][1])
        if step.name in rates
        else step
        for step in playbook.steps
    ]
    return replace(playbook, steps=tuple(steps))


def _change(
    text: str, step: yaml.MappingNode, rate: float, source: str
) -> tuple[int, int, str]:
    """Say which characters give way to what."""
    value = f"{{rate: {rate!r}, source: {json.dumps(source, ensure_ascii=False)}}}"
    had = next((node for key, node in step.value if key.value == KEY), None)
    if had is not None:
        return had.start_mark.index, _end(text, had), value
    if step.flow_style:
        begin = step.start_mark.index + 1
        return begin, begin, f"{KEY}: {value}, "
    begin = step.start_mark.index
    return begin, begin, f"{KEY}: {value}\n{' ' * step.start_mark.column}"


def _end(text: str, node: yaml.Node) -> int:
    """Find where a value ends: a block ends with the last of its parts, not where the next key begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return len(text[:end].rstrip())

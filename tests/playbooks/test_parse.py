"""What a playbook becomes, and what survives damage to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.errors import UndertowError
from undertow.playbooks.catalog import names, shipped_file
from undertow.playbooks.grammar import Membership
from undertow.playbooks.keys import EXAMPLES, LIKELY, PLAYBOOK, ROLE, STEP
from undertow.playbooks.parse import load, parse
from undertow.playbooks.schema import json_schema
from undertow.units import DAY

TABLES = (PLAYBOOK, ROLE, STEP, EXAMPLES, LIKELY)


def plain(name: str) -> Any:
    return yaml.safe_load(shipped_file(name).read_text(encoding="utf-8"))


def paths(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Give the path of every key in a nested mapping."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from paths(inner, *path, key)


DAMAGES = [
    (name, path, new)
    for name in names()
    for path in paths(plain(name))
    for new in (None, "renamed", f"{path[-1]}x")
]


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(DAMAGES))
def test_a_playbook_with_a_key_renamed_or_deleted_is_read_or_refused(
    damage: tuple[str, tuple[Any, ...], str | None],
) -> None:
    name, path, new = damage
    damaged = plain(name)
    inner = damaged
    for key in path[:-1]:
        inner = inner[key]
    value = inner.pop(path[-1])
    if new is not None:
        inner[new] = value

    try:
        parse(yaml.safe_dump(damaged, sort_keys=False).encode())
    except UndertowError as fault:
        said = str(fault)
    else:
        said = "read"
    assert said


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(names()), st.integers(0, 4_000), st.binary(max_size=3))
def test_a_playbook_with_other_bytes_in_it_is_read_or_refused(
    name: str, at: int, other: bytes
) -> None:
    raw = shipped_file(name).read_bytes()
    try:
        parse(raw[:at] + other + raw[at + 1 :])
    except UndertowError as fault:
        said = str(fault)
    else:
        said = "read"
    assert said


def test_the_shipped_playbook_has_the_steps_that_its_source_tells() -> None:
    book = load("extremist-recruitment")

    assert [step.name for step in book.steps] == [
        "approach",
        "follow_back",
        "first_message",
        "address",
        "sustained",
        "handoff",
    ]
    assert book.free == ("gatekeeper", "facilitator")
    assert book.steps[3].within == 28 * DAY
    assert book.steps[4].counted
    assert book.steps[4].across_personas
    assert book.steps[4].between == ("recruiter", "target")
    assert [step.likely for step in book.steps] == [0.1, 0.1, None, 0.1, 0.05, 0.1]
    assert all(step.likely_source for step in book.steps if step.likely)


def test_a_group_alone_means_the_writer_or_the_one_written_to() -> None:
    book = load("group-recruitment")

    assert book.steps[0].member_of == (Membership("recruiter", "group"),)
    assert book.steps[0].not_member_of == (Membership("target", "group"),)
    assert book.steps[3].not_member_of == (Membership("target", "group"),)
    assert book.status == "research"


def test_every_shipped_playbook_bears_the_name_of_its_folder() -> None:
    assert [load(name).name for name in names()] == names()


def tables(schema: Any) -> Iterator[Any]:
    """Give every closed mapping in a schema."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from tables(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from tables(inner)


def test_the_schema_has_the_keys_that_the_parser_reads_and_no_others() -> None:
    in_schema = {tuple(table["properties"]) for table in tables(json_schema())}
    in_parser = {tuple(key.name for key in table.keys) for table in TABLES}

    assert in_schema == in_parser
    assert all(table["additionalProperties"] is False for table in tables(json_schema()))


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Say whether `value` has the shape of `schema`: the few words of JSON Schema we write."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] == "object":
        return (
            isinstance(value, dict)
            and all(
                re.search(schema.get("propertyNames", {}).get("pattern", ""), key)
                and fits_entry(key, inner, schema)
                for key, inner in value.items()
            )
            and set(schema.get("required", ())) <= set(value)
        )
    if schema["type"] == "array":
        least, most = schema.get("minItems", 0), schema["maxItems"]
        return (
            isinstance(value, list)
            and least <= len(value) <= most
            and all(fits(item, schema["items"]) for item in value)
        )
    if schema["type"] == "string":
        return isinstance(value, str) and bool(re.search(schema.get("pattern", ""), value))
    if schema["type"] == "boolean":
        return isinstance(value, bool)
    return (
        isinstance(value, int | float)
        and schema.get("minimum", 0) <= value <= schema.get("maximum", value)
        and value > schema.get("exclusiveMinimum", -1)
        and value < schema.get("exclusiveMaximum", value + 1)
    )


def fits_entry(key: str, value: Any, schema: dict[str, Any]) -> bool:
    inner = schema.get("properties", {}).get(key, schema["additionalProperties"])
    return inner is not False and fits(value, inner)


@pytest.mark.parametrize("name", names())
def test_every_shipped_playbook_has_the_shape_of_the_schema(name: str) -> None:
    assert fits(plain(name), json_schema())
    assert not fits({**plain(name), "author": "nobody"}, json_schema())
    assert not fits({**plain(name), "grammar": 2}, json_schema())

"""Shapes of mappings: names of the writer's own, and closed tables of keys."""

# ruff: noqa: D102 - `Shape` documents `read` and `schema` once for all shapes
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from undertow.errors import nearest
from undertow.playbooks.page import Page, Path, shown
from undertow.playbooks.shapes import Name, Shape, called, did_you_mean, kind_of, wrong_type


@dataclass(frozen=True)
class Key:
    """One key of a mapping: its name, what stands behind it, and what it says to an analyst."""

    name: str
    shape: Shape
    says: str
    required: bool = False


@dataclass(frozen=True)
class Entries:
    """A mapping from names of the writer's own to one shape, in written order."""

    of: Shape
    name: Name = field(default_factory=Name)
    least: int = 1
    most: int = 40

    def read(self, node: yaml.Node, path: Path, page: Page) -> dict[str, object] | None:
        if not isinstance(node, yaml.MappingNode):
            mend = "write `NAME: …`, one per line"
            wrong_type(node, path, page, "a mapping of names", mend)
            return None
        if not self.least <= len(node.value) <= self.most:
            what = f"`{shown(called(path))}` names {len(node.value)}"
            mend = f"name {self.least} to {self.most} of them"
            page.fault(path, what, code="playbook-out-of-range", mend=mend, at=node)
            return None
        read: dict[str, object] = {}
        for key, value in _pairs(node, path, page):
            name = self.name.read(key, path, page)
            if name is None:
                continue
            page.remember((*path, name), key)
            found = self.of.read(value, (*path, name), page)
            if found is not None:
                read[name] = found
        return read

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"pattern": self.name.pattern},
            "additionalProperties": self.of.schema(),
            "minProperties": self.least,
            "maxProperties": self.most,
        }


@dataclass(frozen=True)
class ScalarOr:
    """A short form and a mapping that says more."""

    scalar: Shape
    mapping: Shape

    def read(self, node: yaml.Node, path: Path, page: Page) -> object | None:
        shape = self.mapping if isinstance(node, yaml.MappingNode) else self.scalar
        return shape.read(node, path, page)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.scalar.schema(), self.mapping.schema()]}


@dataclass(frozen=True)
class Fields:
    """A mapping with a closed table of keys.

    `strange` may answer for keys that are not in the table: given such a key it returns
    (what, code, mend), or None for the plain answer.
    """

    keys: tuple[Key, ...]
    thing: str

    def read(self, node: yaml.Node, path: Path, page: Page) -> dict[str, object] | None:
        if not isinstance(node, yaml.MappingNode):
            mend = "write `{KEY: VALUE}`, or `{}` if there is nothing to say"
            wrong_type(node, path, page, "a mapping", mend)
            return None
        known = {key.name: key for key in self.keys}
        read: dict[str, object] = {}
        given: set[str] = set()
        for key_node, value in _pairs(node, path, page):
            name = str(key_node.value)
            if name not in known:
                self._strange(name, key_node, path, page)
                continue
            given.add(name)
            page.remember((*path, name), value)
            found = known[name].shape.read(value, (*path, name), page)
            if found is not None:
                read[name] = found
        for key in self.keys:
            if key.required and key.name not in given:
                what = f"{self.thing} has no `{key.name}`"
                mend = f"add `{key.name}`: {key.says}"
                page.fault((*path, key.name), what, code="playbook-missing-key", mend=mend)
        return read

    def _strange(self, name: str, node: yaml.Node, path: Path, page: Page) -> None:
        known = [key.name for key in self.keys]
        what = f"{self.thing} has no key `{shown(name)}`"
        mend = did_you_mean(name, known)
        guess = nearest(name, known) or name
        page.fault((*path, guess), what, code="playbook-unknown-key", mend=mend, at=node)

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                key.name: {"description": key.says, **key.shape.schema()} for key in self.keys
            },
            "required": [key.name for key in self.keys if key.required],
            "additionalProperties": False,
        }


def _pairs(
    node: yaml.MappingNode, path: Path, page: Page
) -> Iterable[tuple[yaml.ScalarNode, yaml.Node]]:
    """Give the keys and values of a mapping once each; faults for keys of no use."""
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            what = f"a key in `{shown(called(path))}` is {kind_of(key)}, not a name"
            mend = "write `NAME: VALUE`; a value in quotes may hold any sign"
            page.fault(path, what, code="playbook-wrong-type", mend=mend, at=key)
        elif key.value in seen:
            what = f"`{shown(str(key.value))}` stands here twice"
            mend = "keep one of the two"
            page.fault(path, what, code="playbook-duplicate-key", mend=mend, at=key)
        else:
            seen.add(str(key.value))
            yield key, value

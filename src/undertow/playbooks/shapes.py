"""What a value may look like: each shape reads a YAML node and writes its own JSON Schema.

The parser and the schema for editors both come from these, so they cannot drift apart. A shape
that cannot read a node adds a fault to the page and returns None; nothing here raises.
"""

# ruff: noqa: D102 - `Shape` documents `read` and `schema` once for all shapes
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import yaml

from undertow.errors import nearest
from undertow.playbooks.page import Page, Path, shown
from undertow.units import parse_duration

_TAG: Final = "tag:yaml.org,2002:"
_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "empty",
    "timestamp": "a date",
}
_DURATION: Final = r"^\s*\d+\s*[smhdw]\s*$"
"""What `units.parse_duration` reads."""
_NUMBER: Final = re.compile(r"[0-9]{0,9}\.?[0-9]{0,12}")
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class Shape(Protocol):
    """A kind of value."""

    def read(self, node: yaml.Node, path: Path, page: Page) -> object | None:
        """Read `node`, or add a fault to `page` and return None."""
        ...

    def schema(self) -> dict[str, Any]:
        """Describe the shape as JSON Schema."""
        ...


def kind_of(node: yaml.Node) -> str:
    """Name what was found for a message."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return _KINDS.get(node.tag.removeprefix(_TAG), "something else")


def called(path: Path) -> str:
    """Name the key whose value is read, for a message."""
    return next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")


def wrong_type(node: yaml.Node, path: Path, page: Page, wanted: str, mend: str) -> None:
    """Add the fault of a value of another kind than `wanted`."""
    what = f"`{shown(called(path))}` is {kind_of(node)}, not {wanted}"
    page.fault(path, what, code="playbook-wrong-type", mend=mend, at=node)


def _scalar(node: yaml.Node, *kinds: str) -> str | None:
    if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix(_TAG) in kinds:
        return str(node.value)
    return None


@dataclass(frozen=True)
class Text:
    """Free text for people."""

    longest: int = 500

    def read(self, node: yaml.Node, path: Path, page: Page) -> str | None:
        text = _scalar(node, "str")
        if text is None:
            wrong_type(node, path, page, "text", "put it in quotes")
        elif not 0 < len(text.strip()) <= self.longest:
            what = f"`{shown(called(path))}` is empty or longer than {self.longest} characters"
            page.fault(path, what, code="playbook-out-of-range", mend="shorten it", at=node)
            text = None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True)
class Name:
    """A name that other parts refer to, or a reference to one."""

    pattern: str = "^[a-z][a-z0-9_]{0,39}$"
    says: str = "small letters, digits and `_`, a letter first, at most 40"

    def read(self, node: yaml.Node, path: Path, page: Page) -> str | None:
        text = _scalar(node, "str")
        if text is None:
            wrong_type(node, path, page, "a name", f"write a name: {self.says}")
        elif re.fullmatch(self.pattern, text) is None:
            what = f"`{shown(text)}` is not a name"
            page.fault(path, what, code="playbook-bad-name", mend=f"write {self.says}", at=node)
            text = None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


@dataclass(frozen=True)
class Word:
    """One word of a closed list."""

    known: tuple[str, ...]
    thing: str
    code: str = "playbook-unknown-word"

    def read(self, node: yaml.Node, path: Path, page: Page) -> str | None:
        text = _scalar(node, "str")
        if text is None:
            mend = "use one of " + ", ".join(self.known)
            wrong_type(node, path, page, f"a word for {self.thing}", mend)
        elif text not in self.known:
            what = f"`{shown(text)}` is no {self.thing}"
            page.fault(path, what, code=self.code, mend=did_you_mean(text, self.known), at=node)
            text = None
        return text

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.known)}


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds."""

    least: int
    most: int

    def read(self, node: yaml.Node, path: Path, page: Page) -> int | None:
        text = _scalar(node, "int")
        if text is None:
            wrong_type(node, path, page, "a whole number", "write digits, without quotes")
            return None
        number = int(text) if _WHOLE.fullmatch(text) else -1
        if self.least <= number <= self.most:
            return number
        what = f"`{shown(called(path))}` is `{shown(text)}`"
        mend = f"write a whole number from {self.least} to {self.most}"
        page.fault(path, what, code="playbook-out-of-range", mend=mend, at=node)
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Rate:
    """A rate strictly between 0 and 1."""

    def read(self, node: yaml.Node, path: Path, page: Page) -> float | None:
        text = _scalar(node, "float", "int")
        if text is None:
            wrong_type(node, path, page, "a rate", "write a number such as 0.3")
            return None
        plain = _NUMBER.fullmatch(text) and text.strip(".")
        rate = float(text) if plain else -1.0
        if 0.0 < rate < 1.0:
            return rate
        what = f"`{shown(called(path))}` is `{shown(text)}`"
        mend = "write a number above 0 and below 1, such as 0.3"
        page.fault(path, what, code="playbook-out-of-range", mend=mend, at=node)
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}


@dataclass(frozen=True)
class Flag:
    """True or false; YAML's `yes` and `on` are refused, since editors read them as text."""

    def read(self, node: yaml.Node, path: Path, page: Page) -> bool | None:
        text = _scalar(node, "bool")
        if text is None or text not in ("true", "false"):
            what = f"`{shown(called(path))}` is neither true nor false"
            mend = "write true or false"
            page.fault(path, what, code="playbook-wrong-type", mend=mend, at=node)
            return None
        return text == "true"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Duration:
    """A length of time such as `14d`, read as microseconds."""

    def read(self, node: yaml.Node, path: Path, page: Page) -> int | None:
        text = _scalar(node, "str", "int", "float")
        if text is None:
            mend = "write a whole number and one of s, m, h, d, w, such as `14d`"
            wrong_type(node, path, page, "a duration", mend)
            return None
        try:
            length = int(parse_duration(text))
        except ValueError as fault:
            what = f"`{shown(text)}` is no duration: {fault}"
            mend = "write it like `14d` or `90m`"
            page.fault(path, what, code="playbook-bad-duration", mend=mend, at=node)
            return None
        return length

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": _DURATION}


@dataclass(frozen=True)
class Several:
    """A list of one shape; with `alone`, one value may stand without the brackets."""

    of: Shape
    least: int = 0
    most: int = 50
    alone: bool = False

    def read(self, node: yaml.Node, path: Path, page: Page) -> tuple[object, ...] | None:
        if self.alone and isinstance(node, yaml.ScalarNode):
            one = self.of.read(node, path, page)
            return None if one is None else (one,)
        if not isinstance(node, yaml.SequenceNode):
            wrong_type(node, path, page, "a list", "write it in brackets: `[ONE, TWO]`")
            return None
        if not self.least <= len(node.value) <= self.most:
            what = f"`{shown(called(path))}` lists {len(node.value)}"
            many = (
                f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            )
            mend = f"list {many} of them"
            page.fault(path, what, code="playbook-out-of-range", mend=mend, at=node)
            return None
        read: list[object] = []
        for item in node.value:
            inner = (*path, len(read))
            page.remember(inner, item)
            value = self.of.read(item, inner, page)
            if value is not None:
                read.append(value)
        return tuple(read)

    def schema(self) -> dict[str, Any]:
        listed: dict[str, Any] = {
            "type": "array",
            "items": self.of.schema(),
            "maxItems": self.most,
        }
        if self.least:
            listed["minItems"] = self.least
        return {"anyOf": [self.of.schema(), listed]} if self.alone else listed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Mend a misspelt word: the nearest known one, or the whole list."""
    listed = list(known)
    near = nearest(word, listed)
    return f"did you mean `{near}`?" if near else "use one of " + ", ".join(listed)

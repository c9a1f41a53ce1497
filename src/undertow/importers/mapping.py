"""The map from foreign columns to the event table, as YAML; all faults are told at once.

A map names the platform, says the type (a column or one value), gives a foreign column to each
column of the event table, and may translate values. `docs/how-to/import-csv.md` shows one whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from undertow.errors import Faults, Place, UndertowError, nearest, shown_name
from undertow.events.source import CLASSES
from undertow.events.table import NAMES, TYPES, VISIBILITIES
from undertow.importers import times

KEYS: Final = ("platform", "type", "columns", "values", "class", "ground", "timezone", "shows")
TIMES: Final = ("published", "observed")
CONSTANT: Final = ("type", "context", "visibility", "lang", "platform")
"""Fields that may hold one value for all rows instead of a column."""
NEEDED: Final = ("actor", "published")
LARGEST: Final = 1_000_000
"""Bytes of a map: a larger file is another file."""
_FIELD_KEYS: Final = ("column", "value", "format", "timezone", "split")
_PATTERN: Final = "a pattern such as `%d.%m.%Y %H:%M`"


@dataclass(frozen=True)
class Field:
    """Where one column of the event table comes from: a foreign column, or one value for all.

    Attributes:
        column: name of the foreign column, None where `value` is given.
        value: the one value.
        form: of a time: `iso`, `unix-seconds` and so on, or a pattern.
        zone: name of the time zone for times without one.
        split: what separates several accounts in one cell of `target`.
    """

    column: str | None = None
    value: str | None = None
    form: str = "iso"
    zone: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class EventMap:
    """A checked map.

    Attributes:
        platform: name of the platform; accounts get it as prefix.
        fields: column of the event table -> where it comes from.
        values: column of the event table -> foreign value -> our value.
        kind: widest class of communication: `public`, `group`, `direct`, None if not said.
        ground: lawful ground for direct messages, None if none is declared.
        shows: event types that the source can show, empty if not said.
    """

    platform: str
    fields: dict[str, Field]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    kind: str | None = None
    ground: str | None = None
    shows: tuple[str, ...] = ()

    def used(self) -> set[str]:
        """Name the foreign columns that the map uses."""
        return {one.column for one in self.fields.values() if one.column is not None}


def read_map(path: Path, columns: Sequence[str]) -> EventMap:
    """Read a map file and check it against the columns it is for.

    Raises:
        UndertowError: if the file cannot be read or is not YAML.
        Faults: all other faults, in the order of their places.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UndertowError(
                "the map is larger than 1 MB",
                code="map-unreadable",
                place=Place(shown_name(path)),
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        raise UndertowError(
            f"the map cannot be read: {why}",
            code="map-unreadable",
            place=Place(shown_name(path)),
            mend="`--guess` writes a map to start from",
        ) from None
    return check_map(text, columns, shown_name(path))


def check_map(text: str, columns: Sequence[str], name: str) -> EventMap:
    """Check the text of a map; `name` stands for it in messages. Raises as `read_map`."""
    check = _Check(name, text.splitlines(), tuple(columns))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        raise UndertowError(
            "the map is nested too deeply", code="map-not-yaml", place=Place(name)
        ) from None
    except (yaml.YAMLError, ValueError) as fault:
        mark = getattr(fault, "problem_mark", None)
        where = Place(name) if mark is None else check.at(mark.line, mark.column)
        raise UndertowError(
            "the map is not YAML",
            code="map-not-yaml",
            place=where,
            mend="see `docs/how-to/import-csv.md`",
        ) from None
    checked = check.whole(root)
    if check.faults:
        raise Faults(
            sorted(check.faults, key=lambda f: (f.place.line or 0, f.place.column or 0))  # type: ignore[union-attr]  # every fault here has its place
        )
    return checked


class _Check:
    """Walks the nodes of one map and gathers faults with their places."""

    def __init__(self, name: str, lines: list[str], columns: tuple[str, ...]) -> None:
        self.name, self.lines, self.columns = name, lines, columns
        self.faults: list[UndertowError] = []

    def at(self, line: int, column: int) -> Place:
        text = self.lines[line] if line < len(self.lines) else ""
        return Place(self.name, line + 1, column + 1, text)

    def fault(self, node: yaml.Node | None, what: str, code: str, mend: str) -> None:
        mark = None if node is None else node.start_mark
        place = self.at(mark.line, mark.column) if mark is not None else Place(self.name, 1)
        self.faults.append(UndertowError(what, code=code, mend=mend, place=place))

    def pairs(
        self, node: yaml.Node | None, what: str
    ) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Take a mapping apart; a key given twice is a fault."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(
                node, f"{what} is not a mapping", "map-wrong-type", "write `key: value` lines"
            )
            return {}
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            if word in found:
                self.fault(key, f"`{word}` is given twice", "map-key-twice", "keep one of them")
            found[word] = (key, value)
        return found

    def word(self, node: yaml.Node, what: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return None if node.tag.endswith(":null") else str(node.value)
        self.fault(node, f"{what} is not a word", "map-wrong-type", "write one value")
        return None

    def known(
        self, node: yaml.Node, word: str, names: Sequence[str], what: str, code: str
    ) -> bool:
        """Say whether `word` is one of `names`; otherwise note the fault with the nearest name."""
        if word in names:
            return True
        near = nearest(word, names)
        listed = ", ".join(f"`{name}`" for name in names[:12])
        more = " and others" if len(names) > 12 else ""
        mend = f"did you mean `{near}`?" if near else f"known are {listed}{more}"
        self.fault(node, f"no {what} is called `{word}`", code, mend)
        return False

    def whole(self, root: yaml.Node | None) -> EventMap:
        pairs = self.pairs(root, "the map")
        for word, (key, _) in pairs.items():
            self.known(key, word, KEYS, "key of a map", "map-unknown-key")
        platform = (
            self.word(pairs["platform"][1], "`platform`") if "platform" in pairs else None
        )
        if root is not None and platform is None and "platform" not in pairs:
            mend = "add `platform: NAME`"
            self.fault(root, "the map names no `platform`", "map-missing-key", mend)
        if platform is not None and ":" in platform:
            mend = "write it without a colon: accounts are `platform:id`"
            self.fault(pairs["platform"][1], "`platform` holds a colon", "map-wrong-type", mend)
        kind = self.text(pairs, "class")
        if kind is not None:
            self.known(pairs["class"][1], kind, CLASSES, "class", "map-unknown-value")
        return EventMap(
            platform=platform or "",
            fields=self.fields(root, pairs),
            values=self.values(pairs["values"][1]) if "values" in pairs else {},
            kind=kind,
            ground=self.text(pairs, "ground"),
            shows=self.shows(pairs["shows"][1]) if "shows" in pairs else (),
        )

    def text(self, pairs: dict[str, tuple[yaml.Node, yaml.Node]], key: str) -> str | None:
        return self.word(pairs[key][1], f"`{key}`") if key in pairs else None

    def fields(
        self, root: yaml.Node | None, pairs: dict[str, tuple[yaml.Node, yaml.Node]]
    ) -> dict[str, Field]:
        zone = self.text(pairs, "timezone")
        if zone is not None:
            self.zone(pairs["timezone"][1], zone)
        given = self.pairs(pairs["columns"][1], "`columns`") if "columns" in pairs else {}
        if "type" in pairs:
            given["type"] = pairs["type"]
        found: dict[str, Field] = {}
        for name, (key, value) in given.items():
            if self.known(key, name, NAMES, "column of the event table", "map-unknown-field"):
                found[name] = self.field(name, value, zone)
        for name in NEEDED:
            if name not in given:
                node = pairs["columns"][0] if "columns" in pairs else root
                mend = f"add `{name}: COLUMN` under `columns`"
                self.fault(node, f"no column is given for `{name}`", "map-missing-key", mend)
        if "type" not in given:
            mend = "add `type: COLUMN`, or `type: {value: message}` if all rows are messages"
            self.fault(root, "the map does not say the `type`", "map-missing-key", mend)
        return found

    def field(self, name: str, node: yaml.Node, zone: str | None) -> Field:
        if isinstance(node, yaml.ScalarNode):
            return Field(
                column=self.column(node, self.word(node, f"`{name}`"), name), zone=zone
            )
        pairs = self.pairs(node, f"`{name}`")
        for word, (key, _) in pairs.items():
            self.known(key, word, _FIELD_KEYS, "key of a column", "map-unknown-key")
        column, value = self.text(pairs, "column"), self.text(pairs, "value")
        if pairs and ("column" in pairs) == ("value" in pairs):
            mend = "give one of `column` and `value`"
            self.fault(node, f"`{name}` needs a column or a value", "map-missing-key", mend)
        if column is not None:
            self.column(pairs["column"][1], column, name)
        if value is not None:
            self.constant(name, pairs["value"][1], value)
        form, own = self.text(pairs, "format"), self.text(pairs, "timezone")
        if form is not None:
            self.form(pairs["format"][1], name, form)
        if own is not None:
            self.zone(pairs["timezone"][1], own)
        split = self.text(pairs, "split")
        if split is not None and name != "target":
            mend = "only `target` may hold several accounts"
            self.fault(pairs["split"][0], f"`{name}` cannot be split", "map-unknown-key", mend)
        return Field(
            column=column, value=value, form=form or "iso", zone=own or zone, split=split
        )

    def column(self, node: yaml.Node, word: str | None, name: str) -> str | None:
        if word is None or word in self.columns:
            return word
        near = nearest(word, self.columns)
        mend = f"did you mean `{near}`?" if near else "the columns are " + self.shown_columns()
        if name == "type" and word in TYPES:
            mend = f"write `type: {{value: {word}}}` if all rows are of this type"
        self.fault(node, f"there is no column `{word}`", "map-unknown-column", mend)
        return word

    def shown_columns(self) -> str:
        more = " …" if len(self.columns) > 20 else ""
        return ", ".join(f"`{one[:40]}`" for one in self.columns[:20]) + more

    def constant(self, name: str, node: yaml.Node, value: str) -> None:
        if name not in CONSTANT:
            mend = "give a column: " + self.shown_columns()
            self.fault(node, f"`{name}` cannot be one value", "map-wrong-type", mend)
        elif name == "type":
            self.known(node, value, TYPES, "event type", "map-unknown-value")
        elif name == "visibility":
            self.known(node, value, VISIBILITIES, "visibility", "map-unknown-value")

    def form(self, node: yaml.Node, name: str, form: str) -> None:
        if name not in TIMES:
            mend = "only times have a format"
            self.fault(node, f"`{name}` has no format", "map-unknown-key", mend)
        elif "%" not in form and form not in times.FORMATS:
            near = nearest(form, times.FORMATS)
            known = ", ".join(f"`{one}`" for one in times.FORMATS)
            mend = f"did you mean `{near}`?" if near else f"use one of {known} or {_PATTERN}"
            self.fault(node, f"no time format is called `{form}`", "map-unknown-format", mend)

    def zone(self, node: yaml.Node, name: str) -> None:
        try:
            times.zone_named(name)
        except UndertowError as fault:
            self.fault(node, fault.what, "map-unknown-zone", str(fault.mend))

    def values(self, node: yaml.Node) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        allowed = {"type": TYPES, "visibility": VISIBILITIES}
        for name, (key, inner) in self.pairs(node, "`values`").items():
            if not self.known(
                key, name, NAMES, "column of the event table", "map-unknown-field"
            ):
                continue
            words = found.setdefault(name, {})
            for foreign, (_, ours) in self.pairs(inner, f"`values.{name}`").items():
                word = self.word(ours, f"the value for `{foreign}`")
                if word is None:
                    continue
                words[foreign] = word
                if name in allowed:
                    self.known(ours, word, allowed[name], name, "map-unknown-value")
        return found

    def shows(self, node: yaml.Node) -> tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self.fault(
                node, "`shows` is not a list", "map-wrong-type", "write `[message, follow]`"
            )
            return ()
        words = []
        for one in node.value:
            word = self.word(one, "a type in `shows`")
            if word and self.known(one, word, TYPES, "event type", "map-unknown-value"):
                words.append(word)
        return tuple(words)

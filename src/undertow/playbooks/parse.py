"""YAML to a checked `Playbook`, or every fault at once.

Nothing in a playbook is run. Its names, words and numbers are read by the table in `keys`, its
meaning is tested by `check`, and only a playbook without any fault is handed on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import yaml

from undertow.errors import Faults, UndertowError, nearest, shown_name
from undertow.playbooks.catalog import names, shipped_file
from undertow.playbooks.check import check
from undertow.playbooks.compose import MOST_BYTES, compose, decode
from undertow.playbooks.grammar import GRAMMAR, Examples, Membership, Playbook, Role, Step
from undertow.playbooks.keys import PLAYBOOK
from undertow.playbooks.page import Page, shown


def load(name_or_path: str) -> Playbook:
    """Read a shipped playbook by its name, or one of your own by its path.

    Args:
        name_or_path: a name of `catalog.names()`; or a path, known by a `/`, by the ending
            `.yaml` or `.yml`, or because such a file exists.

    Raises:
        Faults: every fault of the playbook, each with its place, in the order of places.
        UndertowError: one fault that hides the rest: no such playbook, not UTF-8, not YAML.
    """
    path = find(name_or_path)
    file = shown_name(path)
    return parse(_read(path, file), file=file, folder=str(path.absolute().parent))


def read_text(name_or_path: str) -> str:
    """Give the text of a playbook as it is written, faults and all.

    Raises:
        UndertowError: no such playbook, too large, not UTF-8, or empty.
    """
    path = find(name_or_path)
    file = shown_name(path)
    return decode(_read(path, file), file=file)


def find(name_or_path: str) -> Path:
    """Say which file a name or a path stands for.

    Raises:
        UndertowError: `playbook-unknown`, with the nearest shipped name.
    """
    path = Path(name_or_path)
    if name_or_path in names():
        return shipped_file(name_or_path)
    is_path = len(path.parts) > 1 or path.suffix in (".yaml", ".yml")
    try:
        if is_path or path.exists():
            return path
    except (OSError, ValueError):
        pass
    near = nearest(name_or_path, names())
    mend = f"did you mean `{near}`?" if near else "see `undertow playbook list`, or give a file"
    what = f"no playbook is called `{shown(name_or_path)}`"
    raise UndertowError(what, code="playbook-unknown", mend=mend)


def _read(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        why = "there is no such file"
        if not isinstance(fault, FileNotFoundError):
            why = "it is no readable file"
        raise UndertowError(
            f"cannot read the playbook `{shown(file)}`: {why}",
            code="playbook-unreadable",
            mend="check the path, or take a name from `undertow playbook list`",
        ) from None


def parse(raw: bytes, *, file: str = "playbook.yaml", folder: str | None = None) -> Playbook:
    """Parse and check the bytes of one playbook.

    Args:
        raw: the whole file.
        file: the name to show in faults.
        folder: where its examples stand; None: examples are not looked for.

    Raises:
        Faults: every fault of the playbook.
        UndertowError: one fault that hides the rest.
    """
    text = decode(raw, file=file)
    page = Page(file, text)
    root = compose(text, page)
    page.remember((), root)
    try:
        _refuse_other_grammar(root, page)
        given = cast("dict[str, Any]", PLAYBOOK.read(root, (), page))
        playbook = _playbook(given, folder)
        check(playbook, page)
    except Page.Enough:
        raise Faults(page.faults) from None
    page.raise_faults()
    return playbook


def _refuse_other_grammar(root: yaml.MappingNode, page: Page) -> None:
    """Stop at a playbook of a later grammar: its other faults would mean nothing."""
    for key, value in root.value:
        if key.value != "grammar" or not isinstance(value, yaml.ScalarNode):
            continue
        if value.tag.endswith(":int") and value.value != str(GRAMMAR):
            what = f"the playbook is written in grammar `{shown(value.value)}`"
            mend = f"this version reads grammar {GRAMMAR}: write `grammar: {GRAMMAR}`"
            page.fault(("grammar",), what, code="playbook-other-grammar", mend=mend, at=value)
            page.raise_faults()


def _playbook(given: dict[str, Any], folder: str | None) -> Playbook:
    """Build the dataclasses from whatever could be read; `check` knows what is missing."""
    examples = given.get("examples", {})
    return Playbook(
        name=given.get("playbook", ""),
        roles=tuple(_role(name, said) for name, said in given.get("roles", {}).items()),
        key=given.get("key", ()),
        listed_from=given.get("listed_from", ""),
        steps=tuple(_step(name, said) for name, said in given.get("steps", {}).items()),
        status=given.get("status", "experimental"),
        title=given.get("title", ""),
        origin=given.get("source", ""),
        falsepositives=given.get("falsepositives", ()),
        examples=Examples(examples.get("finds", ()), examples.get("spares", ())),
        reason=given.get("reason", ""),
        folder=folder,
    )


def _role(name: str, said: dict[str, Any]) -> Role:
    return Role(name, said.get("kind", "account"), said.get("may_be", ()))


def _step(name: str, said: dict[str, Any]) -> Step:
    source, sink = said.get("from"), said.get("to")
    between = said.get("between", ())
    likely = said.get("likely")
    stated = likely if isinstance(likely, dict) else {"rate": likely}
    return Step(
        name,
        types=said.get("type", ()),
        source=source,
        sink=sink,
        between=(between[0], between[1]) if len(between) == 2 else None,
        room=said.get("in"),
        visibility=said.get("visibility", ()),
        has=said.get("has", ()),
        first=said.get("first", False),
        count=said.get("count", 1),
        days=said.get("days", 1),
        member_of=_members(said.get("member_of", {}), source),
        not_member_of=_members(said.get("not_member_of", {}), sink or source),
        across_personas="across" in said,
        within=said.get("within"),
        min=said.get("min", 0),
        optional=said.get("optional", False),
        same=said.get("same", False),
        likely=stated.get("rate"),
        likely_source=stated.get("source"),
    )


def _members(given: str | dict[str, str], default: str | None) -> tuple[Membership, ...]:
    """Read a group's name or `{ROLE: GROUP}`; who stays empty where the step leaves it open."""
    pairs = {default or "": given} if isinstance(given, str) else given
    return tuple(Membership(who, group) for who, group in pairs.items())

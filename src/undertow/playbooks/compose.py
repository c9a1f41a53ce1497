"""YAML text to nodes that know their place, refusing whatever a playbook never needs.

A playbook may come from a stranger. No tag builds an object, no anchor repeats a part, and depth,
size and number of values are bounded, so that a hostile file costs no more than an honest one.
"""

from __future__ import annotations

from typing import Final

import yaml

from undertow.errors import UndertowError
from undertow.playbooks.page import Page

MOST_BYTES: Final = 1 << 20
DEEPEST: Final = 20
MOST_VALUES: Final = 20_000
"""The largest playbook that ships has about 150 values; ours."""
_CORE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "map", "seq")
)


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """A part of YAML that playbooks do not use."""

    def __init__(self, spot: tuple[int, int], what: str, code: str, mend: str) -> None:
        super().__init__(what)
        self.spot, self.what, self.code, self.mend = spot, what, code, mend


class _PlainComposer(yaml.SafeLoader):
    """PyYAML's composer, stopped at the first tag, anchor, alias or depth that is refused."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # so the stubs
        self._refuse(event)
        self._depth += 1
        self._values += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def _refuse(self, event: yaml.Event) -> None:
        spot = (event.start_mark.line, event.start_mark.column) if event.start_mark else (0, 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "anchors and aliases (`&`, `*`) are not part of a playbook"
            raise _Refused(spot, what, "playbook-unsafe-yaml", "write the part out again")
        tag = getattr(event, "tag", None)
        if tag and tag != "!" and tag not in _CORE_TAGS:
            what = "a tag (`!`) is not part of a playbook"
            mend = "leave the tag out, or put the value in quotes"
            raise _Refused(spot, what, "playbook-unsafe-yaml", mend)
        if self._depth >= DEEPEST:
            what = f"values are nested more than {DEEPEST} deep"
            mend = "a playbook needs at most five levels"
            raise _Refused(spot, what, "playbook-too-deep", mend)
        if self._values >= MOST_VALUES:
            what = f"the file holds more than {MOST_VALUES} values"
            raise _Refused(spot, what, "playbook-too-large", "check that it is a playbook")


def decode(raw: bytes, *, file: str) -> str:
    """Read the bytes of a playbook as UTF-8.

    Raises:
        UndertowError: `playbook-too-large`, `playbook-not-utf8` or `playbook-empty`.
    """
    page = Page(file)
    if len(raw) > MOST_BYTES:
        what = "the file is larger than 1 MiB"
        mend = "check that it is a playbook"
        raise UndertowError(what, code="playbook-too-large", mend=mend, place=page.place(None))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start)
        raise UndertowError(
            "the file is not UTF-8 text",
            code="playbook-not-utf8",
            mend="save it as UTF-8",
            place=page.place((line, fault.start - (raw.rfind(b"\n", 0, fault.start) + 1))),
        ) from None
    if not text.strip():
        mend = "start from `undertow playbook show extremist-recruitment`"
        what = "the file is empty"
        raise UndertowError(what, code="playbook-empty", mend=mend, place=page.place(None))
    return text


def compose(text: str, page: Page) -> yaml.MappingNode:
    """Parse `text` into the mapping at its root.

    Raises:
        UndertowError: `playbook-not-yaml`, `playbook-unsafe-yaml`, `playbook-too-deep`,
            `playbook-too-large`, `playbook-empty` or `playbook-not-a-mapping`; always one.
    """
    try:
        root = _PlainComposer(text).get_single_node()
    except _Refused as fault:
        place = page.place(fault.spot)
        raise UndertowError(fault.what, code=fault.code, mend=fault.mend, place=place) from None
    except yaml.reader.ReaderError as fault:
        before = text[: fault.position]
        spot = (before.count("\n"), len(before) - (before.rfind("\n") + 1))
        raise _not_yaml("it holds a character that YAML forbids", page, spot) from None
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        spot = (mark.line, mark.column) if mark else (0, 0)
        raise _not_yaml(
            str(fault.problem or "it cannot be parsed").removeprefix("but "), page, spot
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _not_yaml("it cannot be parsed", page, (0, 0)) from None
    if root is None:
        what, mend = (
            "the file is empty",
            "start from `undertow playbook show extremist-recruitment`",
        )
        raise UndertowError(what, code="playbook-empty", mend=mend, place=page.place(None))
    if not isinstance(root, yaml.MappingNode):
        spot = (root.start_mark.line, root.start_mark.column)
        raise UndertowError(
            "a playbook is a mapping of keys to values",
            code="playbook-not-a-mapping",
            mend="begin with `playbook: NAME`",
            place=page.place(spot),
        )
    return root


def _not_yaml(why: str, page: Page, spot: tuple[int, int]) -> UndertowError:
    return UndertowError(
        f"the file is not YAML: {why}",
        code="playbook-not-yaml",
        mend="look at this line and the one before it: indents, brackets, quotes, colons",
        place=page.place(spot),
    )

"""Feeds of other tools: which entries of a MISP event or a STIX 2.1 bundle name who is at work, and how.

A feed also names who was attacked, and what an analyst read; none of that is a hit. What is not taken is counted,
never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

Entry = tuple[str, str]
"""Kind (`account`, `address`, `domain`, or the feed's own word for what says nothing here) and value."""
_MISP: Final = {
    "email": "address", "email-src": "address", "email-reply-to": "address", "phone-number": "address",
    "jabber-id": "address", "url": "address", "uri": "address", "whatsapp": "address", "telegram": "address",
    "domain": "domain", "hostname": "domain", "domain|ip": "domain", "hostname|port": "domain",
}  # fmt: skip
"""Types of MISP attributes. `email-dst`, `target-user` and `target-email` name who was written to, so they are not here."""
_MISP_ACCOUNTS: Final = {"twitter-id": "twitter", "github-username": "github"}
"""Types that name an account of one platform."""
_ACCOUNT: Final = "-account"
_ACCOUNT_NAMES: Final = ("username", "user-name", "id", "user-id", "account-id", "account-name")
"""Relations of a MISP object `PLATFORM-account` that name the account."""
_STIX: Final = {
    "email-addr": "address",
    "domain-name": "domain",
    "url": "address",
    "phone-number": "address",
}
_USER: Final = "user-account"
_COMPARED: Final = re.compile(r"([a-z][a-z0-9-]*):([a-z_]+)\s*=\s*'((?:[^'\\]|\\.)*)'")
_BRACKETS: Final = re.compile(r"\[((?:[^\]'\\]|\\.|'(?:[^'\\]|\\.)*')*)\]")
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_JOINT: Final = re.compile(r"\b(AND|NOT|FOLLOWEDBY)\b")


def misp(node: Any) -> Iterator[Entry]:  # noqa: ANN401 - any JSON
    """Walk a MISP feed down to its attributes, those of objects among them; deleted ones are left out."""
    if isinstance(node, list):
        for one in node:
            yield from misp(one)
    elif isinstance(node, dict) and node.get("deleted") is not True:
        if isinstance(node.get("type"), str) and "value" in node:
            yield _attribute(node["type"], str(node["value"]), node.get("to_ids"))
        for name in ("response", "Event", "Attribute"):
            yield from misp(node.get(name))
        objects = node.get("Object")
        for one in objects if isinstance(objects, list) else ():
            yield from _object(one) if isinstance(one, dict) else ()


def _attribute(kind: str, value: str, to_ids: object) -> Entry:
    if kind in _MISP_ACCOUNTS:
        return "account", f"{_MISP_ACCOUNTS[kind]}:{value}"
    if kind in ("url", "uri") and to_ids is False:
        return "reference", value  # what the analyst read
    return _MISP.get(kind, kind), value.split("|", maxsplit=1)[0] if "|" in kind else value


def _object(node: dict[str, Any]) -> Iterator[Entry]:
    name = str(node.get("name"))
    attributes = node.get("Attribute")
    if not name.endswith(_ACCOUNT) or not isinstance(attributes, list):
        yield from misp({**node, "Object": None})
        return
    if node.get("deleted") is True:
        return
    platform = name.removesuffix(_ACCOUNT)
    for one in attributes:
        if not isinstance(one, dict) or one.get("deleted") is True:
            continue
        relation, value = one.get("object_relation"), str(one.get("value", ""))
        if relation in _ACCOUNT_NAMES:
            yield "account", f"{platform}:{value.lstrip('@')}"
            yield "address", value
        elif relation == "phone":
            yield "address", value
        else:
            yield _attribute(str(one.get("type")), value, one.get("to_ids"))


def stix(objects: list[Any]) -> Iterator[Entry]:
    """Give what the objects of a bundle name; revoked ones are left out."""
    for one in objects:
        if not isinstance(one, dict) or one.get("revoked") is True:
            continue
        kind = str(one.get("type"))
        if kind == "indicator":
            yield from _pattern(str(one.get("pattern", "")))
        elif kind == _USER:
            yield _user({name: str(value) for name, value in one.items()})
        elif kind in _STIX:
            yield _STIX[kind], str(one.get("value", ""))


def _pattern(pattern: str) -> Iterator[Entry]:
    """Read a pattern as far as each of its parts alone says who is at work.

    Parts that only count together are left out, but for those of one account.
    """
    if _JOINT.search(_BRACKETS.sub("", pattern)):
        yield "pattern", pattern
        return
    for inside in _BRACKETS.findall(pattern):
        compared = _COMPARED.findall(inside)
        if compared and all(of == _USER for of, _, _ in compared):
            yield _user({name: _plain(value) for _, name, value in compared})
        elif _JOINT.search(_TEXT.sub("", inside)):
            yield "pattern", inside
        else:
            for of, name, value in compared:
                yield (_STIX.get(of, of) if name == "value" else of), _plain(value)


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _user(said: dict[str, str]) -> Entry:
    value = said.get("user_id") or said.get("account_login") or ""
    platform = said.get("account_type", "")
    return "account", f"{platform}:{value}" if platform and ":" not in value else value

"""The personas file: which accounts are held to be one actor, why, and what a person has undone.

YAML, one entry per tie. A person sets `held: false` and says why in `because`; nobody joins these accounts
again. Accounts that are only targets stand as keyed pseudonyms, which `detect` resolves under the same key.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from undertow.errors import Place, UndertowError, nearest, shown_name

VERSION: Final = 1
HEAD: Final = "undertow_personas"
LARGEST: Final = 50_000_000
"""Bytes."""
MOST_ACCOUNTS: Final = 100
"""Accounts of one persona: more is a company, not an actor; ours. It also bounds the work of `detect`."""
ABOUT: Final = """\
# Accounts held to be one actor, with the evidence in bits. Written by `undertow personas`.
# `undertow detect --personas FILE` reads it. Accounts that are only targets stand as pseudonyms.
# To take a tie back, write `held: false` and say why in `because`. With `--old FILE` a later run keeps
# that and never joins these accounts again. To add a tie of your own, write its `accounts` alone.
"""
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Reason(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One part of the evidence for a tie.

    Attributes:
        kind: one of `persona_words.REASONS`.
        bits: for (above 0) or against.
        seen, of: counts that it rests on: how many of how many.
        event: id of an event that shows it.
    """

    kind: str
    bits: float
    seen: int | None = None
    of: int | None = None
    event: str | None = None


class Tie(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One entry of the file.

    Attributes:
        accounts: at least two that are held to be one actor.
        held: false where a person undid it.
        because: a person's reason.
        bits: sum of the evidence; None where a person says so.
        evidence: what it rests on; empty where a person says so.
    """

    accounts: tuple[str, ...]
    held: bool = True
    because: str | None = None
    bits: float | None = None
    evidence: tuple[Reason, ...] = ()

    def pairs(self) -> Iterator[frozenset[str]]:
        """Give every two of its accounts."""
        return (frozenset(pair) for pair in itertools.combinations(self.accounts, 2))


@dataclass
class Joined:
    """Accounts put together tie by tie, and pairs that must stay apart.

    Attributes:
        apart: pairs that a person undid.
    """

    apart: frozenset[frozenset[str]] = frozenset()
    _of: dict[str, str] = field(default_factory=dict)
    _members: dict[str, set[str]] = field(default_factory=dict)
    _from: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pair in self.apart:
            for account in pair:
                self._from.setdefault(account, set()).update(pair - {account})

    def members(self, account: str) -> set[str]:
        """Give the accounts of an account's persona, itself among them."""
        return self._members.get(self._of.get(account, account), {account})

    def would_join(self, accounts: Iterable[str]) -> set[str]:
        """Give the persona that joining some accounts would make."""
        return {member for account in accounts for member in self.members(account)}

    def undone(self, accounts: Iterable[str]) -> bool:
        """Say whether joining some accounts would bring together what a person took apart."""
        whole = self.would_join(accounts)
        return any(self._from.get(account, set()) & whole for account in whole)

    def join(self, accounts: Sequence[str]) -> None:
        """Hold some accounts to be one actor."""
        whole = self.would_join(accounts)
        name = min(whole)
        for account in whole:
            self._members.pop(self._of.get(account, account), None)
        for account in whole:
            self._of[account] = name
        self._members[name] = whole

    def personas(self) -> list[list[str]]:
        """List the personas, each in the order of its names."""
        return sorted(sorted(one) for one in self._members.values() if len(one) > 1)


def taken_apart(ties: Iterable[Tie]) -> frozenset[frozenset[str]]:
    """Give the pairs that a person undid."""
    return frozenset(pair for tie in ties if not tie.held for pair in tie.pairs())


def joined(
    ties: Sequence[Tie], file: str = "", lines: Mapping[int, int] | None = None
) -> Joined:
    """Put the held ties together.

    Args:
        ties: entries of a file.
        file: its name, for a fault.
        lines: the line of each entry.

    Raises:
        UndertowError: `personas-contradict` where held ties bring together what another entry takes
            apart; `personas-crowd` where a persona would hold more than `MOST_ACCOUNTS`.
    """
    found = Joined(taken_apart(ties))
    for number, tie in enumerate(ties):
        if not tie.held:
            continue
        place = Place(file, None if lines is None else lines.get(number))
        if found.undone(tie.accounts):
            raise UndertowError(
                "this entry joins accounts that another entry with `held: false` takes apart",
                code="personas-contradict",
                mend="write `held: false` here too, or remove the other entry",
                place=place,
            )
        if len(found.would_join(tie.accounts)) > MOST_ACCOUNTS:
            raise UndertowError(
                f"a persona would hold more than {MOST_ACCOUNTS} accounts",
                code="personas-crowd",
                mend="write `held: false` at ties to an account that many share",
                place=place,
            )
        found.join(tie.accounts)
    return found


def write_personas(path: Path, ties: Sequence[Tie]) -> None:
    """Write a personas file.

    Raises:
        UndertowError: `personas-unwritable`.
    """
    text = yaml.dump(
        {HEAD: VERSION, "ties": [_plain(tie) for tie in ties]},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(ABOUT + text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError:
        raise UndertowError(
            "the personas file cannot be written",
            code="personas-unwritable",
            mend="name another file with --out",
        ) from None


def _plain(tie: Tie) -> dict[str, Any]:
    """Give an entry as it is written: what a person may edit first, and always there."""
    given: dict[str, Any] = {
        "accounts": list(tie.accounts),
        "held": tie.held,
        "because": tie.because or "",
    }
    if tie.bits is not None:
        given["bits"] = round(tie.bits, 3)
    if tie.evidence:
        reasons = msgspec.to_builtins(tie.evidence)
        given["evidence"] = [{**one, "bits": round(one["bits"], 3)} for one in reasons]
    return given


def read_personas(path: Path) -> list[Tie]:
    """Read a personas file, undone entries among them.

    Raises:
        UndertowError: `personas-missing`; `personas-invalid` with the line; `personas-contradict`,
            `personas-crowd`.
    """
    name = shown_name(path)
    text = _text(path, name)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        raise _invalid("it is not YAML", name, mark) from None
    if not isinstance(root, yaml.MappingNode):
        raise _invalid("it holds no `ties`", name)
    parts = {key.value: node for key, node in root.value}
    head, listed = parts.get(HEAD), parts.get("ties")
    if head is None or head.value != str(VERSION):
        raise _invalid(f"it does not begin with `{HEAD}: {VERSION}`", name)
    if not isinstance(listed, yaml.SequenceNode):
        raise _invalid("it holds no list `ties`", name)
    ties = [_tie(node, name) for node in listed.value]
    lines = {number: node.start_mark.line + 1 for number, node in enumerate(listed.value)}
    joined(ties, name, lines)
    return ties


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise _invalid("it is larger than 50 MB", name)
        return path.read_text(encoding="utf-8-sig")
    except OSError:
        raise UndertowError(
            "the personas file cannot be read",
            code="personas-missing",
            mend="check the path",
            place=Place(name),
        ) from None
    except UnicodeDecodeError:
        raise _invalid("it is no UTF-8 text", name) from None


def _tie(node: yaml.Node, name: str) -> Tie:
    mark = node.start_mark
    if not isinstance(node, yaml.MappingNode):
        raise _invalid("an entry is no mapping", name, mark)
    for key, _ in node.value:
        if key.value not in Tie.__struct_fields__:
            near = nearest(str(key.value), Tie.__struct_fields__)
            mend = f"did you mean `{near}`?" if near else None
            raise _invalid("an entry has a key that is not known", name, key.start_mark, mend)
    try:
        built = yaml.constructor.SafeConstructor().construct_document(node)
        tie = msgspec.convert(built, Tie)
    except (msgspec.ValidationError, yaml.YAMLError, RecursionError, ValueError) as fault:
        _, _, at = str(fault).partition("`$.")
        key = at.partition("`")[0].partition("[")[0]
        what = (
            f"`{key}` of an entry is not what it must be"
            if key
            else "an entry lacks `accounts`"
        )
        places = {k.value: k.start_mark for k, _ in node.value}
        raise _invalid(what, name, places.get(key, mark)) from None
    if len(set(tie.accounts)) < 2 or not all(tie.accounts):
        raise _invalid("an entry names fewer than two accounts", name, mark)
    return msgspec.structs.replace(tie, because=tie.because or None)


def _invalid(
    what: str, name: str, mark: yaml.Mark | None = None, mend: str | None = None
) -> UndertowError:
    place = Place(name) if mark is None else Place(name, mark.line + 1, mark.column + 1)
    return UndertowError(
        f"the personas file cannot be used: {what}",
        code="personas-invalid",
        mend=mend
        or "write entries such as `- accounts: [forum:a, telegram:b]` with `held: true`",
        place=place,
    )

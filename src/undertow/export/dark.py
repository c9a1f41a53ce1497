"""What is left when the talk goes dark: sentences on one account from its evidence, funnels, ties and personas.

The usual end of a visible talk is an address. What stays to be seen: that talks go quiet, who is written to next,
who else hands the same address over, who lets the targets in and for whom else, and accounts elsewhere that are
held to be the same actor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from undertow.export import wording
from undertow.export.folder import Funnel

NAMED: Final = 5
"""Names written out; the others are counted."""
NEXT: Final = "next target"
SAME: Final = "held to be one actor with"


def dark(
    account: str,
    rows: Sequence[dict[str, Any]],
    funnels: Sequence[Funnel],
    ties: Iterable[dict[str, Any]],
    personas: Sequence[dict[str, Any]],
) -> tuple[str, ...]:
    """Say what is left to be seen of an account's talks.

    Args:
        account: its id.
        rows: its evidence under one playbook.
        funnels: its listed funnels.
        ties: all ties of `campaigns.parquet`.
        personas: rows of `personas.parquet`.
    """
    ties = list(ties)
    return (
        *_next(rows, funnels),
        *_shared(account, ties),
        *_gate(account, ties),
        *held(account, personas),
        *_targets(funnels, personas),
    )


def _next(rows: Sequence[dict[str, Any]], funnels: Sequence[Funnel]) -> list[str]:
    """Name who was written to next after an address, those without one first: they can still be reached."""
    written = {row["target"] for row in rows if row["step"] == NEXT and row["target"]}
    given = {funnel.target for funnel in funnels}
    said = []
    if written - given:
        said.append(f"written to next, no address seen yet: {_names(written - given)}")
    if written & given:
        said.append(
            f"written to next after an address, then given one as well: {_names(written & given)}"
        )
    return said


def _shared(account: str, ties: list[dict[str, Any]]) -> list[str]:
    others = {
        _other(tie, account) for tie in ties if tie["kind"] == "address" and _of(tie, account)
    }
    return [f"the same address is handed over by {_names(others)}"] if others else []


def _gate(account: str, ties: list[dict[str, Any]]) -> list[str]:
    """Say who lets an account's targets in, and for whom else; or for whom the account lets in."""
    gates = [tie for tie in ties if tie["kind"] == "gatekeeper"]
    said = []
    for gate in sorted({tie["b"] for tie in gates if tie["a"] == account}):
        others = {tie["a"] for tie in gates if tie["b"] == gate} - {account}
        also = f", and so did those of {_names(others)}" if others else ""
        said.append(f"its targets came by way of {wording.visible(gate)}{also}")
    served = {tie["a"] for tie in gates if tie["b"] == account}
    if served:
        said.append(f"the targets of {_names(served)} came by way of it")
    return said


def held(account: str, personas: Sequence[dict[str, Any]]) -> list[str]:
    """Say with which accounts this one is held to be one actor, and why."""
    return [
        f"{SAME} {wording.visible(_other(tie, account))}{_bits(tie)}, because {because(tie)}"
        for tie in personas
        if not tie["target"] and _of(tie, account)
    ]


def _targets(funnels: Sequence[Funnel], personas: Sequence[dict[str, Any]]) -> list[str]:
    given = {funnel.target for funnel in funnels}
    said = []
    for tie in personas:
        for target in sorted({tie["a"], tie["b"]} & given):
            other = wording.visible(_other(tie, target))
            said.append(
                f"target {wording.visible(target)} is {SAME} {other}{_bits(tie)}, because {because(tie)}"
            )
    if len(said) > NAMED:
        more = len(said) - NAMED
        said = [*said[:NAMED], f"and {more} more of its targets; see `personas.parquet`"]
    return said


def because(tie: dict[str, Any]) -> str:
    """Give the reasons of a tie in words, with their bits."""
    reasons = [f"{_reason(one)} ({wording.bits(one['bits'])})" for one in tie["evidence"] or ()]
    if not reasons:
        said = f": {wording.visible(tie['because'])}" if tie["because"] else ""
        return f"a person says so{said}"
    return "; ".join(reasons)


def _reason(one: dict[str, Any]) -> str:
    """Write one reason as a clause."""
    seen, of = one["seen"], one["of"]
    others = f", and {wording.plural(of - 1, 'other account')} does too" if of == 2 else ""
    others = f", and {of - 1} other accounts do too" if of and of > 2 else others
    given = wording.plural(of or 0, "account")
    words = {
        "address": f"an address that one hands over names the other{others}",
        "search": f"no address names it: of {given} there, it is the one that keeps step",
        "follows": f"of {given} who were given it, {seen or 0} were followed by a new talk there within 14 days",
        "succession": "one begins where the other ends",
        "begins": "it begins there after the address was handed over",
        "answer": "that name was given in return",
        "handle": "both have one user name",
    }
    return words.get(one["kind"], wording.visible(one["kind"]))


def _bits(tie: dict[str, Any]) -> str:
    return "" if tie["bits"] is None else f" ({wording.bits(tie['bits'])} bits)"


def _of(tie: dict[str, Any], account: str) -> bool:
    return account in (tie["a"], tie["b"])


def _other(tie: dict[str, Any], account: str) -> str:
    return str(tie["b"] if tie["a"] == account else tie["a"])


def _names(names: Iterable[str]) -> str:
    listed = [wording.visible(name) for name in sorted(names)]
    more = len(listed) - NAMED
    return wording.listed(listed if more < 1 else [*listed[:NAMED], f"{more} more"])

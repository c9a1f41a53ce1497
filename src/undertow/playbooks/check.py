"""What a playbook means: roles, steps and windows must fit together.

Two rounds. The first looks at each role and step by itself and always runs. The second looks at
the whole chain, and only where the first left no doubt about who stands where: otherwise one
misspelt role would bring five faults with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from undertow.events.table import CONVERSATION
from undertow.playbooks.chain import check_chain
from undertow.playbooks.grammar import Membership, Playbook, Role, Step
from undertow.playbooks.page import Page
from undertow.playbooks.reason import check_reason
from undertow.playbooks.shapes import did_you_mean
from undertow.units import show_duration

TARGET: Final = "target"
"""The role of the one drawn in: kept pseudonymous in every output, by this name."""
RESERVED: Final = frozenset(
    "recruiter target playbook step steps weight account role source event".split()  # noqa: SIM905 - reads as a list of words
)
"""Columns of the written files, which a group role of the key would collide with."""
_BINDING: Final = ("from", "to", "between", "in", "member_of", "not_member_of")


def check(playbook: Playbook, page: Page) -> None:
    """Add every fault of meaning to `page`; it raises nothing itself.

    Args:
        playbook: what could be read; parts at fault are empty and are not blamed twice.
        page: knows the places, and the faults of reading.
    """
    _check_roles(playbook, page)
    _check_key(playbook, page)
    for index, step in enumerate(playbook.steps):
        _check_parties(playbook, step, page)
        _check_rooms(playbook, step, page)
        _check_measures(step, page, is_first=index == 0)
    _check_listed_from(playbook, page)
    check_reason(playbook, page)
    _check_examples(playbook, page)
    if not _in_doubt(playbook, page):
        check_chain(playbook, page)


def _in_doubt(playbook: Playbook, page: Page) -> bool:
    """Say whether some fault hides which roles stand in which steps."""
    if page.blamed("roles") or page.blamed("key") or page.blamed_itself("steps"):
        return True
    return any(
        page.blamed_itself("steps", step.name)
        or any(page.blamed("steps", step.name, key) for key in _BINDING)
        for step in playbook.steps
    )


def _names(playbook: Playbook, kind: str) -> list[str]:
    return [role.name for role in playbook.roles if role.kind == kind]


def _check_role(playbook: Playbook, page: Page, name: str, kind: str, *path: str | int) -> None:
    """Hold that `name` is a role of `kind`."""
    if name in _names(playbook, kind):
        return
    if page.blamed_itself("roles") or page.blamed("roles", name):
        return
    other = "group" if kind == "account" else "account"
    if name in _names(playbook, other):
        what = f"`{name}` is a role of kind `{other}`; here stands one of kind `{kind}`"
        mend = f"name a role of kind `{kind}`, or change the kind of `{name}` under `roles`"
        page.fault(path, what, code="playbook-wrong-kind", mend=mend)
    else:
        known = _names(playbook, kind)
        mend = did_you_mean(name, known) if known else f"add a role with `kind: {kind}`"
        what = f"no role is called `{name}`"
        page.fault(path, what, code="playbook-unknown-role", mend=mend)


def _check_roles(playbook: Playbook, page: Page) -> None:
    for role in playbook.roles:
        path = ("roles", role.name)
        if role.kind == "group" and role.name in RESERVED:
            what = (
                f"a group cannot be called `{role.name}`: the written files have such a column"
            )
            page.fault(path, what, code="playbook-reserved-name", mend="call it `room`, say")
        _check_may_be(playbook, role, page)


def _check_may_be(playbook: Playbook, role: Role, page: Page) -> None:
    for i, other in enumerate(role.may_be):
        path = ("roles", role.name, "may_be", i)
        if role.kind == "group" or other == role.name:
            what = f"`{role.name}` cannot also be `{other}`"
            mend = "`may_be` ties two different account roles"
            page.fault(path, what, code="playbook-bad-may-be", mend=mend)
        elif TARGET in (other, role.name):
            what = "the `target` holds no other role in the same match"
            mend = (
                "leave `may_be` out: whoever draws in is another account than the one drawn in"
            )
            page.fault(path, what, code="playbook-bad-may-be", mend=mend)
        else:
            _check_role(playbook, page, other, "account", *path)


def _check_key(playbook: Playbook, page: Page) -> None:
    if page.blamed("key"):
        return
    for i, name in enumerate(playbook.key):
        if name in playbook.key[:i]:
            what, mend = f"`{name}` stands twice in the key", "keep one of the two"
            page.fault(("key", i), what, code="playbook-bad-key", mend=mend)
        elif i < 2 or name not in _names(playbook, "account"):
            _check_role(playbook, page, name, "account" if i < 2 else "group", "key", i)
        else:
            what = f"`{name}` is a third account of the key"
            mend = "keep two accounts, then groups; other accounts are chosen inside the match"
            page.fault(("key", i), what, code="playbook-bad-key", mend=mend)
    if not page.blamed("key") and playbook.key[1] != TARGET:
        what = f"the second role of the key is `{playbook.key[1]}`, not `target`"
        mend = "call the one who is drawn in `target`: by that name every output seals them"
        page.fault(("key", 1), what, code="playbook-no-target", mend=mend)


def _check_listed_from(playbook: Playbook, page: Page) -> None:
    steps = [step.name for step in playbook.steps]
    unread = page.blamed("listed_from") or page.blamed_itself("steps")
    if unread or playbook.listed_from in steps or page.blamed("steps", playbook.listed_from):
        return
    what = f"no step is called `{playbook.listed_from}`"
    mend = did_you_mean(playbook.listed_from, steps)
    page.fault(("listed_from",), what, code="playbook-unknown-step", mend=mend)


def _check_parties(playbook: Playbook, step: Step, page: Page) -> None:
    """Hold that a step says who acts: `from`, `from` and `to`, or `between`."""
    path = ("steps", step.name)
    unread = any(page.blamed(*path, key) for key in ("from", "to", "between"))
    what = mend = ""
    if step.between and (step.source or step.sink):
        what, mend = "has `between` beside `from` or `to`", "keep either `between` or `from`"
    elif step.sink and not step.source and not unread:
        what, mend = "has a `to` without a `from`", "add `from: ROLE`"
    elif not step.roles and not unread:
        what, mend = "does not say who acts", "add `from: ROLE` or `between: [ROLE, ROLE]`"
    elif len(set(step.roles)) < len(step.roles):
        what, mend = f"names `{step.roles[0]}` on both sides", "name two different roles"
    if what:
        page.fault(path, f"step `{step.name}` {what}", code="playbook-step-parties", mend=mend)
    for key, name in (("from", step.source), ("to", step.sink)):
        if name is not None:
            _check_role(playbook, page, name, "account", *path, key)
    for i, name in enumerate(step.between or ()):
        _check_role(playbook, page, name, "account", *path, "between", i)


def _check_rooms(playbook: Playbook, step: Step, page: Page) -> None:
    path = ("steps", step.name)
    if step.room is not None:
        _check_role(playbook, page, step.room, "group", *path, "in")
    for key, members in (("member_of", step.member_of), ("not_member_of", step.not_member_of)):
        for member in members:
            _check_member(playbook, step, member, page, key)


def _check_member(
    playbook: Playbook, step: Step, member: Membership, page: Page, key: str
) -> None:
    path = ("steps", step.name, key)
    if not page.blamed(*path):
        _check_role(playbook, page, member.group, "group", *path, member.who)
    if not member.who:
        if step.between:
            what = f"`{key}` does not say which of the two it means"
            mend = f"write `{key}: {{{step.between[0]}: {member.group}}}`"
            page.fault(path, what, code="playbook-unclear-member", mend=mend)
    elif step.roles and member.who not in step.roles:
        what = f"`{member.who}` of `{key}` has no part in step `{step.name}`"
        mend = "use one of " + ", ".join(step.roles)
        page.fault((*path, member.who), what, code="playbook-unclear-member", mend=mend)


def _check_measures(step: Step, page: Page, *, is_first: bool) -> None:
    """Hold that the numbers and marks of one step can be met at all."""
    path = ("steps", step.name)
    unread = page.blamed(*path, "count") or page.blamed(*path, "days")
    if step.days > step.count and not unread:
        what = f"{step.days} days cannot be touched by {step.count} event" + "s" * (
            step.count > 1
        )
        mend = f"write `count: {step.days}` or more"
        page.fault((*path, "days"), what, code="playbook-days-over-count", mend=mend)
    if step.within is not None and step.min > step.within:
        shortest, longest = show_duration(step.min), show_duration(step.within)
        what = f"`min` ({shortest}) is longer than `within` ({longest})"
        mend = "shorten `min` or widen `within`"
        page.fault((*path, "min"), what, code="playbook-min-over-within", mend=mend)
    if step.same and is_first:
        what, mend = (
            "the first step has no step before whose event it could use",
            "remove `same`",
        )
        page.fault((*path, "same"), what, code="playbook-same-on-first", mend=mend)
    if step.first and step.counted:
        what, mend = "a first event cannot be counted", "remove `first`, or `count` and `days`"
        page.fault((*path, "first"), what, code="playbook-first-counted", mend=mend)
    if step.first and not (step.source and step.sink) and not page.blamed(*path):
        what, mend = "`first` needs a direction", "write `from: ROLE` and `to: ROLE`"
        page.fault((*path, "first"), what, code="playbook-first-direction", mend=mend)
    strange = [word for word in step.types if word not in CONVERSATION]
    if "answered" in step.has and strange:
        what = f"`{strange[0]}` is nothing that can be `answered`"
        mend = "use `answered` with " + ", ".join(CONVERSATION)
        page.fault((*path, "has"), what, code="playbook-answered-unaddressed", mend=mend)


def _check_examples(playbook: Playbook, page: Page) -> None:
    for kind in ("finds", "spares"):
        for i, name in enumerate(getattr(playbook.examples, kind)):
            if playbook.folder is None or (Path(playbook.folder) / name).is_file():
                continue
            what = f"no file `{name}` stands beside the playbook"
            mend = "put it there, or take it out of `examples`"
            path = ("examples", kind, i)
            page.fault(path, what, code="playbook-missing-example", mend=mend)

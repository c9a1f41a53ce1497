"""Whether the steps of a playbook make one chain: the second round of the checks.

It runs only once every role and step is known to name what it means.
"""

from __future__ import annotations

from itertools import pairwise

from undertow.playbooks.grammar import Playbook, Step
from undertow.playbooks.page import Page


def check_chain(playbook: Playbook, page: Page) -> None:
    """Add the faults of the chain as a whole to `page`."""
    for step in playbook.steps:
        _check_key_stands_in(playbook, step, page)
    for role in playbook.free:
        _check_free_steps_adjoin(playbook, role, page)
    _check_roles_are_used(playbook, page)
    if all(step.optional for step in playbook.steps):
        page.fault(
            ("steps",),
            "every step is optional",
            code="playbook-no-required-step",
            mend="take `optional` from the step without which it is not this process",
        )
    else:
        _check_key_is_bound(playbook, page)


def _groups(step: Step) -> set[str]:
    rooms = {member.group for member in (*step.member_of, *step.not_member_of)}
    return rooms | ({step.room} if step.room else set())


def _check_key_stands_in(playbook: Playbook, step: Step, page: Page) -> None:
    path = ("steps", step.name)
    free = [role for role in step.roles if role in playbook.free]
    if len(free) > 1:
        what = f"step `{step.name}` is between two roles that are not in the key"
        mend = f"replace `{free[0]}` or `{free[1]}` by " + " or ".join(playbook.key[:2])
        page.fault(path, what, code="playbook-two-free-roles", mend=mend)
    elif len(free) == len(step.roles):
        what = f"step `{step.name}` touches no account of the key"
        mend = "add " + " or ".join(f"`{name}`" for name in playbook.key[:2])
        page.fault(path, what, code="playbook-step-without-key", mend=mend)
    elif step.across_personas and set(step.roles) != set(playbook.key[:2]):
        what = f"step `{step.name}` is across personas, and not between the two accounts of the key"
        mend = (
            "take `across` away: only of the key's two accounts it is known who else they are"
        )
        page.fault((*path, "across"), what, code="playbook-across-free", mend=mend)


def _check_free_steps_adjoin(playbook: Playbook, role: str, page: Page) -> None:
    """Hold that nothing stands between the steps of a role that is chosen inside the match."""
    touched = [i for i, step in enumerate(playbook.steps) if role in step.roles]
    for before, after in pairwise(touched):
        if after == before + 1:
            continue
        what = f"other steps stand between the steps of `{role}`, which is not in the key"
        mend = f"move it to stand next to `{playbook.steps[before].name}`, or use another role"
        path = ("steps", playbook.steps[after].name)
        page.fault(path, what, code="playbook-free-role-apart", mend=mend)


def _check_roles_are_used(playbook: Playbook, page: Page) -> None:
    used = {role for step in playbook.steps for role in step.roles}
    used.update(*(_groups(step) for step in playbook.steps))
    for role in playbook.roles:
        path = ("roles", role.name)
        if role.name not in used:
            what = f"no step uses the role `{role.name}`"
            mend = "remove the role, or add the step in which it acts"
            page.fault(path, what, code="playbook-unused-role", mend=mend)
        elif role.kind == "group" and role.name not in playbook.key:
            what = f"the group `{role.name}` is not in the key"
            mend = f"add it: `key: [{', '.join((*playbook.key, role.name))}]`"
            page.fault(path, what, code="playbook-free-group", mend=mend)


def _check_key_is_bound(playbook: Playbook, page: Page) -> None:
    """Hold that every match that is written out knows each account and group of its key."""
    if all(step.name != playbook.listed_from for step in playbook.steps):
        return
    upto = playbook.steps[: playbook.step_index(playbook.listed_from) + 1]
    required = [step for step in upto if not step.optional]
    accounts = {role for step in required for role in step.roles}
    groups = {step.room for step in required}
    groups.update(member.group for step in required for member in step.member_of)
    for i, name in enumerate(playbook.key):
        group = name in playbook.groups
        if name in (groups if group else accounts):
            continue
        how = " by `in` or `member_of`" if group else ""
        what = f"no required step up to `{playbook.listed_from}` binds `{name}` of the key{how}"
        mend = "take `optional` from a step that binds it, or list matches from a later step"
        page.fault(("key", i), what, code="playbook-key-unbound", mend=mend)

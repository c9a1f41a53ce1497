"""Names that come from playbooks, stores and logs, in the words of each language.

`marked` only marks a sentence for the catalogs; it is looked up when a page is made. A name that is
not known here, such as a step of an operator's own playbook, is shown as it is written.
"""

from __future__ import annotations

import re
from typing import Final

from undertow.export import wording
from undertow.review.language import Language, Shown

_CODE: Final = re.compile(r"\b[atc]:[a-z0-9]{16}\b")


def marked(sentence: str) -> str:
    """Mark a sentence for translation and give it back unchanged."""
    return sentence


STEPS: Final = {
    "opens": marked("opens"),
    "approach": marked("approach"),
    "follow_back": marked("follow back"),
    "first_message": marked("first message"),
    "reply": marked("reply"),
    "address": marked("address"),
    "sustained": marked("sustained"),
    "handoff": marked("handoff"),
    "join": marked("join"),
}
ROLES: Final = {
    "recruiter": marked("recruiter"),
    "gatekeeper": marked("gatekeeper"),
    "facilitator": marked("facilitator"),
    "target": marked("target"),
}
STATES: Final = {
    "new": marked("new"),
    "claimed": marked("claimed"),
    "proposed": marked("waits for a second person"),
    "approved": marked("approved, undo window open"),
    "rejected": marked("proposal rejected"),
    "appealed": marked("appealed"),
    "reopened": marked("reopened"),
    "closed": marked("closed"),
}
OUTCOMES: Final = {
    "warn": marked("Warn the account"),
    "limit": marked("Limit reach and messages"),
    "suspend": marked("Suspend the account"),
    "remove": marked("Remove the account"),
    "no_action": marked("No action: the claim does not hold"),
    "cannot_tell": marked("Cannot tell"),
    "support_only": marked("Only help for the targets"),
    "refer": marked("Refer to another body"),
}
"""Outcomes in the order of the form: what restricts comes first, mildest first."""
HELP: Final = {
    "none": marked("not yet offered"),
    "offered": marked("offered"),
    "given": marked("given"),
    "declined": marked("declined"),
}
SKIPS: Final = {
    "language": marked("I do not read this language"),
    "conflict": marked("It is too close to me"),
    "rest": marked("I need a rest from such cases"),
    "unsure": marked("I cannot judge this"),
    "other": marked("Another reason"),
}
"""Why somebody lets a case go, as `cases.claims` takes it."""
CHANNELS: Final = {
    "public": marked("public"),
    "group": marked("group"),
    "direct": marked("direct"),
}
"""Classes of what can be read, as sources declare them."""
REVIEWERS: Final = {
    "analyst": marked("analyst"),
    "approver": marked("approver"),
    "auditor": marked("auditor"),
    "admin": marked("administrator"),
}
STATUSES: Final = {
    "experimental": marked("experimental"),
    "test": marked("in test"),
    "research": marked("research"),
    "stable": marked("stable"),
    "deprecated": marked("deprecated"),
}
LANES: Final = {
    "lets in": marked("lets in"),
    "talks": marked("talks"),
    "takes over": marked("takes over"),
}
"""What the roles of a campaign do, as `export.graph` names its lanes."""
TIES: Final = {
    "address": marked("same address handed over"),
    "script": marked("same words sent"),
    "handoff": marked("targets passed on"),
    "gatekeeper": marked("let in by the same"),
    "targets": marked("same targets"),
    "group": marked("same group"),
    "known": marked("known list"),
    "persona": marked("held to be one actor"),
}


def step(language: Language, name: str) -> Shown:
    """Name a step of a playbook."""
    return _named(language, STEPS, name)


def role(language: Language, name: str) -> Shown:
    """Name a place in a pattern."""
    return _named(language, ROLES, name)


def tie(language: Language, kind: str) -> Shown:
    """Name a kind of tie; `tie:` before it is left out."""
    return _named(language, TIES, kind.removeprefix("tie:"))


def _named(language: Language, known: dict[str, str], name: str) -> Shown:
    if name in known:
        return Shown(language.say(known[name]))
    return Shown(wording.step_words(name))


def label(language: Language, known: dict[str, str], name: str) -> Shown:
    """Name a value of a closed list; one of a newer version is shown as it is written."""
    return _named(language, known, name)


def shortened(text: str) -> str:
    """Shorten every code in a sentence of the run, as `short` does.

    >>> shortened("the targets of a:3f9a17c2b4d5e6f7 came by way of it")
    'the targets of a:3f9a17 came by way of it'
    """
    return _CODE.sub(lambda found: short(found[0]), text)


def short(code: str) -> str:
    """Cut a code to what a person can hold in mind; the whole code stands in its `title`.

    >>> short("a:3f9a17c2b4")
    'a:3f9a17'
    """
    kind, colon, rest = code.partition(":")
    return f"{kind}{colon}{rest[:6]}" if colon else code[:8]

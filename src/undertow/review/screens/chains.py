"""The chain of a playbook as the queue draws it, and its title in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from babel import Locale, UnknownLocaleError

from undertow.cases.dossier import PlaybookCard
from undertow.export import wording
from undertow.export.folder import StepFacts
from undertow.playbooks.catalog import names as shipped
from undertow.playbooks.parse import load
from undertow.review.language import Language, Shown
from undertow.review.names import marked

TITLES: Final = {
    "extremist-recruitment": marked("From a public approach to supervised private talk"),
    "group-recruitment": marked("A member writes to somebody outside the group, who joins it"),
}
SHORT: Final = {
    "extremist-recruitment": marked("extremist recruitment"),
    "group-recruitment": marked("group recruitment"),
}
HONEST: Final = {
    "helplines": marked("helplines"),
    "tip lines of journalists": marked("tip lines of journalists"),
    "job recruiters": marked("job recruiters"),
    "organisers": marked("organisers"),
    "religious teachers": marked("religious teachers"),
    "new friends": marked("new friends"),
    "greeters of newcomers": marked("greeters of newcomers"),
}
"""Who else does the same steps, as the shipped playbooks name them."""


@dataclass(frozen=True)
class ChainStep:
    """One step as it is drawn: hollow where it happens in public."""

    name: str
    private: bool | None


@cache
def chain_of(playbook: str) -> tuple[ChainStep, ...]:
    """Give the steps of a shipped playbook; nothing for one of the operator's own."""
    if playbook not in shipped():
        return ()
    book = load(playbook)
    return tuple(
        ChainStep(
            one.name,
            StepFacts(
                one.name, types=tuple(one.types), visibility=tuple(one.visibility)
            ).private,
        )
        for one in book.steps
    )


def title_of(language: Language, playbook: str) -> Shown:
    """Give the title of a playbook in the reader's words, else its name as it is written."""
    if playbook in TITLES:
        return Shown(language.say(TITLES[playbook]))
    return Shown(wording.visible(playbook))


def short_title_of(language: Language, playbook: str) -> Shown:
    """Name a playbook in two words for a row, else its name as it is written."""
    if playbook in SHORT:
        return Shown(language.say(SHORT[playbook]))
    return Shown(wording.visible(playbook))


def innocent(language: Language, playbook: PlaybookCard) -> Shown:
    """Name who else makes this shape with honest work; empty where the playbook names nobody."""
    known = [
        Shown(language.say(HONEST[one])) if one in HONEST else one
        for one in playbook.falsepositives
    ]
    return language.listed(known) if known else Shown("")


def tongue_of(language: Language, tag: str) -> str:
    """Name a language by its BCP 47 tag, in the reader's language."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name(language.locale)
    except (ValueError, UnknownLocaleError):
        return wording.visible(tag)
    return name or wording.visible(tag)

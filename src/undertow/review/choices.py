"""What a person chose for their own desk: language, light or dark, room between lines, keys.

Kept with the person (`reviewers.settings`), so that it follows them from machine to machine and
nothing is stored in a browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, cast

import msgspec

from undertow.review.language import LANGUAGES
from undertow.review.names import marked

Theme = Literal["auto", "light", "dark"]
KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "next": ("j", marked("next row")),
    "previous": ("k", marked("row before")),
    "open": ("Enter", marked("open the case")),
    "claim": ("c", marked("claim")),
    "skip": ("s", marked("skip, with a reason")),
    "reveal": ("r", marked("go to the next text, to show it with a reason")),
    "evidence": ("e", marked("go to the evidence")),
    "span": ("t", marked("go to the span of time")),
    "decide": ("d", marked("go to the decision")),
    "submit": ("x", marked("send the decision and open the next case")),
    "queue": ("q", marked("back to the queue")),
    "help": ("?", marked("list the keys")),
}
"""What a key can do, its key at first, and the words for it. Ctrl-K is not one of them: it opens the jump box."""
_LETTERS: Final = 1
"""A remapped key is one character, or stays as it is."""


class Choices(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person's choices; the defaults suit somebody who never chose.

    Attributes:
        language: one of `LANGUAGES`; empty: what the browser asks for.
        theme: `auto` follows the system.
        roomy: more space between lines, for tired eyes and large fingers.
        grey: no colour at all; calmer for some, claimed to help nobody.
        keys_off: single keys do nothing (WCAG 2.1.4); Ctrl-K stays.
        keys: remapped keys, by what they do.
    """

    language: str = ""
    theme: Theme = "auto"
    roomy: bool = False
    grey: bool = False
    keys_off: bool = False
    keys: dict[str, str] = {}

    def key(self, does: str) -> str:
        """Give the key that does something; empty where another thing has taken it."""
        wanted = self.keys.get(does, KEYS[does][0])
        return wanted if self._taken[wanted] == does else ""

    @property
    def keymap(self) -> dict[str, str]:
        """What each key does; empty where keys are off."""
        return {} if self.keys_off else self._taken

    @property
    def _taken(self) -> dict[str, str]:
        taken: dict[str, str] = {}
        # What was remapped comes first: a person's own choice beats a key that nobody chose.
        for does in sorted(KEYS, key=lambda one: one not in self.keys):
            taken.setdefault(self.keys.get(does, KEYS[does][0]), does)
        return taken


def read(settings: bytes) -> Choices:
    """Read what is kept with a person; what cannot be read any more is a choice not made."""
    try:
        return msgspec.json.decode(settings or b"{}", type=Choices)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Choices()


def written(choices: Choices) -> bytes:
    """Write choices for `reviewers.settings`."""
    return msgspec.json.encode(choices)


def from_form(form: Mapping[str, object]) -> Choices:
    """Take choices from the form of `me.html`; a key given to two things stays with the first."""
    language = str(form.get("language") or "")
    theme = str(form.get("theme") or "auto")
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for does, (first, _) in KEYS.items():
        given = str(form.get(f"key-{does}") or "").strip()
        key = given if len(given) == _LETTERS or given == first else first
        if key not in taken:
            taken.add(key)
            if key != first:
                keys[does] = key
    return Choices(
        language=language if language in LANGUAGES else "",
        theme=cast("Theme", theme) if theme in ("auto", "light", "dark") else "auto",
        roomy=form.get("roomy") is not None,
        grey=form.get("grey") is not None,
        keys_off=form.get("keys_off") is not None,
        keys=keys,
    )


def spoken(choices: Choices, accepts: str, otherwise: str = "en") -> str:
    """Choose the language of a page: the person's, else the first that the browser asks for and the desk speaks.

    Where there is none of these it is the desk's own, `otherwise`.
    """
    if choices.language:
        return choices.language
    for part in accepts.split(",")[:20]:
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return otherwise

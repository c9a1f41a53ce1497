"""Addresses that accounts hand over: made up, of every kind, sometimes disguised.

Numbers come from ranges kept free for fiction, mail and links from names that can belong to nobody.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from undertow.worlds.wording import ASKS, HANDS_OVER, NAMES

KINDS: Final = {
    "telegram": 0.19,
    "whatsapp": 0.15,
    "phone": 0.15,
    "email": 0.14,
    "instagram": 0.1,
    "snapchat": 0.08,
    "discord": 0.06,
    "signal": 0.04,
    "skype": 0.03,
    "kik": 0.03,
    "wickr": 0.01,
    "session": 0.01,
    "threema": 0.01,
}
"""Share of each kind among addresses; ours, the same for every account."""
DISGUISED: Final = 0.15
SECOND_KIND: Final = 0.2
"""Chance that an account gives another than its usual address."""

_SYLLABLES: Final = [
    "ba",
    "be",
    "da",
    "do",
    "fa",
    "fi",
    "ga",
    "ka",
    "ki",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "mi",
    "mo",
    "na",
    "ne",
    "ni",
    "no",
    "ra",
    "ri",
    "ro",
    "sa",
    "se",
    "su",
    "ta",
    "ti",
    "to",
    "va",
    "vi",
    "za",
]
_AREAS: Final = ("202", "212", "305", "312", "415", "503", "617", "702", "808", "916")
"""American area codes; with 555-01xx they make numbers kept for fiction."""
_LOOKALIKE: Final = str.maketrans("aeo", "\u0430\u0435\u043e")


class AddressBook:
    """What each account of one world answers when asked where else it can be reached.

    Args:
        seed: of the world; an account's addresses depend on it and on the account alone.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._usual: dict[int, tuple[str, str, np.random.Generator]] = {}

    def line(
        self,
        account: int,
        language: str,
        rng: np.random.Generator,
        *,
        address: np.random.Generator,
        disguised: float = DISGUISED,
    ) -> str:
        """Write the words with which an account's address is handed over.

        Args:
            account: whose address it is.
            language: of who writes.
            rng: chance of the words.
            address: chance of the address, apart from the words.
            disguised: chance that it is written so that a plain pattern misses it.
        """
        kind, name, _ = self._of(account)
        if address.random() < SECOND_KIND:
            kind = _kind(address)
        shown = _address(kind, name, account + self._seed, address)
        if address.random() < disguised:
            shown = _disguise(kind, shown, address)
        phrases = HANDS_OVER[language]
        phrase = phrases[rng.integers(0, len(phrases))].format(_called(kind, language))
        return phrase + shown

    def halves(self, account: int, language: str) -> tuple[str, str]:
        """Write an address as two messages, of which neither holds it; the same two at every call."""
        kind, name, _ = self._of(account)
        own = np.random.default_rng([self._seed, account, 1])
        shown = _address(kind, name, account + self._seed, own)
        phrase = HANDS_OVER[language][0].format(_called(kind, language))
        middle = len(shown) // 2
        return f"{phrase}{shown[:middle]}...", f"...{shown[middle:]}"

    def question(self, account: int, language: str, rng: np.random.Generator) -> str:
        """Write the words with which an account is asked for its address."""
        kind, _, _ = self._of(account)
        phrases = ASKS[language]
        return phrases[rng.integers(0, len(phrases))].format(_called(kind, language))

    def _of(self, account: int) -> tuple[str, str, np.random.Generator]:
        if account not in self._usual:
            own = np.random.default_rng([self._seed, account])
            parts = [
                _SYLLABLES[i] for i in own.integers(0, len(_SYLLABLES), own.integers(3, 5))
            ]
            name = (
                "".join(parts) + ("_" if own.random() < 0.2 else "") + str(own.integers(1, 100))
            )
            self._usual[account] = (_kind(own), name, own)
        return self._usual[account]


def link(rng: np.random.Generator) -> str:
    """Make a link to a page of a name that belongs to nobody."""
    top = ("org", "com", "net")[rng.integers(0, 3)]
    page = "".join(_SYLLABLES[i] for i in rng.integers(0, len(_SYLLABLES), 3))
    return f"https://www.example.{top}/{page}/{rng.integers(1, 9999)}"


def _kind(rng: np.random.Generator) -> str:
    return str(rng.choice(list(KINDS), p=list(KINDS.values())))


def _called(kind: str, language: str) -> str:
    names = NAMES.get(kind, {})
    return names.get(language) or names.get("en") or kind


def _number(key: int, rng: np.random.Generator) -> str:
    if key % 3 == 0:
        return f"+49 171 39200{key // 3 % 100:02d}"
    area, last = _AREAS[key % len(_AREAS)], f"555-01{key // 10 % 100:02d}"
    forms = (f"+1 {area} {last}", f"+1-{area}-{last}", f"+1{area}{last.replace('-', '')}")
    return forms[rng.integers(0, len(forms))]


def _address(  # noqa: PLR0911 - one return per kind is the plainest form
    kind: str, name: str, key: int, rng: np.random.Generator
) -> str:
    other = rng.random() < 0.5
    if kind == "email":
        return f"{name}@example.{('org', 'com', 'net')[key % 3]}"
    if kind in {"phone", "signal"}:
        return _number(key, rng)
    if kind == "whatsapp":
        number = _number(key, rng)
        return "wa.me/" + "".join(c for c in number if c.isdigit()) if other else number
    if kind == "telegram":
        return f"t.me/{name}" if other else f"@{name}"
    if kind == "instagram":
        return f"instagram.com/{name}" if rng.random() < 0.2 else f"@{name}"
    if kind == "discord":
        return f"{name}#{key % 9000 + 1000}" if other else name
    if kind == "skype":
        return f"live:{name}" if other else name
    digits = np.random.default_rng([key, 7])
    if kind == "session":
        return "05" + "".join("0123456789abcdef"[i] for i in digits.integers(0, 16, 64))
    if kind == "threema":
        return "".join("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[i] for i in digits.integers(0, 32, 8))
    return name


def _disguise(kind: str, shown: str, rng: np.random.Generator) -> str:
    if kind == "email" and rng.random() < 0.6:
        at, dot = ((" [at] ", " [dot] "), (" at ", " dot "), ("(at)", "(dot)"))[
            rng.integers(0, 3)
        ]
        return shown.replace("@", at).replace(".", dot)
    way = rng.integers(0, 4)
    if way == 0:
        return " ".join(shown.replace(" ", ""))
    if way == 1:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in shown)
    if way == 2:
        middle = len(shown) // 2
        return shown[:middle] + "\u200b" + shown[middle:]
    return shown.translate(_LOOKALIKE)

"""Addresses handed over in a text: mail, telephone, and user names of other services.

A text enters; addresses with kind, normal form and span in that very text leave. Nothing is looked
up and nothing but the text is read. The kinds stand in `kinds`, the words in `cues`, what is
undone before looking in `disguise` and `spoken`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from undertow.signals.cues import LANGUAGES, Language
from undertow.signals.disguise import View, fold
from undertow.signals.handles import HandleFinder, ServiceFinder
from undertow.signals.kinds import KINDS, Kind
from undertow.signals.links import EmailFinder, LinkFinder, as_room, find_urls
from undertow.signals.phone import NumberFinder
from undertow.signals.spoken import Spoken
from undertow.signals.spot import Spot


@dataclass(frozen=True, slots=True)
class Address:
    """One address as it stands in a text.

    Attributes:
        kind: `email`, `phone`, `room`, `url` or the name of a service.
        value: normal form, equal for equal addresses however they are written.
        text: what stands in the text: `original[start:end]`.
        start: first character, from 0, in code points.
        end: one past the last character.
    """

    kind: str
    value: str
    text: str
    start: int
    end: int


class Finder:
    """Finds addresses of given kinds, in given languages.

    Args:
        kinds: services, in the order in which a tie is settled.
        languages: tables of cue words.
    """

    def __init__(
        self, kinds: Sequence[Kind] = KINDS, languages: Sequence[Language] = LANGUAGES
    ) -> None:
        self.services = ServiceFinder(kinds, languages)
        self.links = LinkFinder(kinds)
        self.emails = EmailFinder(languages)
        self.numbers = NumberFinder([kind.name for kind in kinds if kind.numbers], languages)
        self.handles = HandleFinder(kinds, languages)
        self.spoken = Spoken(languages)

    def find(self, text: str, *, region: str | None = None) -> list[Address]:
        """Find the addresses of a text, in their order; they never overlap."""
        if not text:
            return []
        view = fold(text)
        found = [
            (spot, 1, *view.origin(spot.start, spot.end)) for spot in self._spots(view, region)
        ]
        plain = self.spoken.write_out(view)
        if plain is not view:
            found += [
                (spot, 0, *plain.origin(spot.start, spot.end))
                for spot in self._spots(plain, region)
            ]
        found.sort(key=lambda hit: (hit[0].rank, hit[2] - hit[3], hit[1], hit[2]))
        kept: list[Address] = []
        for spot, _, start, end in found:
            if all(end <= other.start or other.end <= start for other in kept):
                kept.append(Address(spot.kind, spot.value, text[start:end], start, end))
        return sorted(kept, key=lambda address: address.start)

    def _spots(self, view: View, region: str | None) -> list[Spot]:
        cues = self.services.find(view)
        spots = [*self.links.find(view), *self.emails.find(view)]
        spots += map(as_room, find_urls(view))
        spots += self.numbers.find(view, cues, region)
        spots += self.handles.find(view, cues)
        return spots


@cache
def standard() -> Finder:
    """Give the finder of all shipped kinds and languages, built once."""
    return Finder()


def find_addresses(text: str, *, region: str | None = None) -> list[Address]:
    """Find the addresses that a text hands over.

    High alone means little: shops, helplines and friends hand over addresses too.

    Args:
        text: any text; it may be disguised (`name [at] house (dot) com`, spaced, in look-alikes).
        region: ISO 3166 code of the country whose national telephone numbers are understood; None
            keeps them as their digits.

    Returns:
        Addresses in order of their place, never overlapping; `text[a.start:a.end] == a.text`.
    """
    return standard().find(text, region=region)

"""User names beside a service's name: `snap: name_9`, `@name on telegram`, `insta'm name.9`.

A bare @name is a mention and no address. A word after a service's name is a handle only if it is
announced (a colon, "my … is", "user name") or does not look like a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from undertow.signals.cues import Language, gather, spellings, words
from undertow.signals.disguise import BEAD, View
from undertow.signals.kinds import Kind
from undertow.signals.spot import HANDLE, Cue, Spot, any_word, either

_GAP: Final = re.compile(rf"[\s:=>~|\"'(\[*<,;/{BEAD}.!?&)\]-]{{0,12}}")
_WORD: Final = re.compile(r"[\w*][\w.'#:-]{0,63}")
_STRONG: Final = re.compile(r"[:=>~]|-$|- $")
_END: Final = re.compile(r"[.!?](?:\s|$)|\n\n")
_NO_HANDLE: Final = re.compile(
    r"\d+(?:[.,:]\d+)*(?:am|pm|h|hr|hrs|th|st|nd|rd|k|m|g|gb|mb|kb|min|mins|sec|s|x|er|ers|euro|eur|usd|tl|uhr"
    r"|de|da|te|ta|den|dan|e|eme|km|kg|cm|mm|d|p|v|ppm)?|v\d+(?:\.\d+)*|[a-z]+\.[a-z]{2,4}|covid-?19|mp[34]|\d+[a-z]?",
    re.IGNORECASE,
)
_SHAPED: Final = re.compile(r"(?=.*[a-z*])(?:.*[\d_]|live:)", re.IGNORECASE)
REACH: Final = 60
"""Characters beside a service's name in which an @name is its handle: ours, about ten words."""
_FAR: Final = 8
_NEAR: Final = 5
"""Words read on from a service's name: for an @name, and for one that is announced."""


class ServiceFinder:
    """Finds where services are named."""

    def __init__(self, kinds: Sequence[Kind], languages: Sequence[Language]) -> None:
        self._sure: dict[str, str] = {}
        self._vague: dict[str, str] = {}
        for kind in kinds:
            self._sure |= dict.fromkeys(
                (*words(kind.names), *spellings(languages, kind.name)), kind.name
            )
            self._vague |= dict.fromkeys(words(kind.vague), kind.name)
        for word in gather(languages, "vague"):
            if word in self._sure:
                self._vague[word] = self._sure.pop(word)
        suffixes = gather(languages, "suffixes")
        prefixes = gather(languages, "prefixes")
        plain = either(suffix for suffix in suffixes if suffix[0] != "'")
        self.pattern = re.compile(
            rf"(?<![\w@#/.])(?:(?:{either(prefixes)})?(?P<sure>{either(self._sure)})(?:['-]?(?P<on>{plain}))?"
            rf"|(?P<vague>{either(self._vague)})(?:['-](?P<off>{plain}))?)(?!\w|@\w|\.\w)",
            re.IGNORECASE,
        )
        self._mine = re.compile(
            rf"(?<!\w)(?:{either(gather(languages, 'mine'))})\W{{1,3}}$", re.IGNORECASE
        )
        self._suffix_mine = re.compile(r".*m(?:iz)?|ي", re.IGNORECASE)

    def find(self, view: View) -> list[Cue]:
        """Find the services named in a view, in order."""
        cues: list[Cue] = []
        for found in self.pattern.finditer(view.text):
            sure, suffix = found["sure"], found["on"] or found["off"]
            kind = self._sure[sure.lower()] if sure else self._vague[found["vague"].lower()]
            before = view.text[max(0, found.start() - 16) : found.start()]
            mine = bool(self._mine.search(before)) or bool(
                suffix and self._suffix_mine.fullmatch(suffix)
            )
            cues.append(Cue(kind, found.start(), found.end(), not sure, mine))
        return cues


class HandleFinder:
    """Finds the user names that services named in a text introduce."""

    def __init__(self, kinds: Sequence[Kind], languages: Sequence[Language]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._forms = {
            kind.name: re.compile(rf"(?:{kind.handle})(?![\w#]|[.-]\w)", re.IGNORECASE)
            for kind in kinds
            if kind.handle
        }
        self._label = frozenset(gather(languages, "label"))
        self._link = frozenset(gather(languages, "is_")) | frozenset(gather(languages, "mine"))
        self._stop = frozenset(gather(languages, "stop")) | self._label | self._link
        self._and = any_word(gather(languages, "stop"))
        on = either(gather(languages, "on"))
        self._before = re.compile(
            rf"(?<![\w@.])(?P<at>@?)(?P<h>[\w*][\w.#:-]{{1,40}})(?P<by>\s*[(\[/|,-]\s*|\s+)"
            rf"(?:(?P<on>{on})\s+)?(?:{either(gather(languages, 'mine'))}|the|ال)?\s*$",
            re.IGNORECASE,
        )
        self._add = re.compile(
            rf"(?<!\w)(?:{either(gather(languages, 'add'))})\W{{1,3}}(?:me\W{{1,3}})?$",
            re.IGNORECASE,
        )

    def find(self, view: View, cues: Sequence[Cue]) -> Iterator[Spot]:
        """Yield the handles of a view."""
        for at, cue in enumerate(cues):
            form = self._forms.get(cue.kind)
            if form is None:
                continue
            stop = cues[at + 1].start if at + 1 < len(cues) else len(view.text)
            stop = min(stop, cue.end + 3 * REACH)
            start = max(cues[at - 1].end if at else 0, cue.start - REACH)
            comma = view.text[cue.end : cue.end + 1] in (",", ";", ".", ")", "]", "!", "?")
            spot = None if comma else self._after(view, cue, form, stop, far=False)
            spot = spot or self._ahead(view, cue, form, start)
            spot = spot or self._after(view, cue, form, stop, far=True)
            if spot is not None:
                yield spot

    def _spot(self, cue: Cue, text: str, start: int, end: int) -> Spot:
        handle = text[start:end].lstrip("@")
        return Spot(cue.kind, self._kinds[cue.kind].value(handle), start, end, HANDLE)

    def _after(
        self, view: View, cue: Cue, form: re.Pattern[str], stop: int, *, far: bool
    ) -> Spot | None:
        """Read on from a service's name to its handle."""
        text, at = view.text, cue.end
        announced, linked, plain = False, False, True
        for _ in range(_FAR if far else _NEAR):
            gap = _GAP.match(text, at, stop)
            between = gap[0] if gap else ""
            at += len(between)
            if at >= stop or (_END.search(between) and not far):
                return None
            announced = announced or bool(_STRONG.search(between))
            sign = text[at] == "@" and not view.weak[at]
            if text[at] == "@":
                at += 1
            word = _WORD.match(text, at, stop)
            if word is None:
                return None
            found = form.match(text, at, stop)
            low = word[0].lower().rstrip(".'-:")
            if sign:
                return self._spot(cue, text, at - 1, found.end()) if found else None
            if low in self._label:
                announced = True
            elif low in self._link:
                linked = True
            else:
                if (
                    found
                    and plain
                    and self._meant(cue, text, found, announced=announced, linked=linked)
                ):
                    return self._spot(cue, text, at, found.end())
                plain = False
                if not far:
                    return None
            at += len(low)
        return None

    def _ahead(self, view: View, cue: Cue, form: re.Pattern[str], start: int) -> Spot | None:
        """Look for a handle right before a service's name: `@name on telegram`."""
        before = view.text[start : cue.start]
        found = self._before.search(before)
        if found is None:
            return None
        handle = found["h"].rstrip(".-:")
        whole = form.fullmatch(handle)
        at = start + found.start("h")
        if whole is None:
            return None
        if found["at"] and not view.weak[at - 1]:
            return self._spot(cue, view.text, at - 1, at + len(handle))
        tied = bool(found["on"] or found["by"].strip(" ,"))
        shaped = self._is_shaped(cue, handle)
        asked = bool(self._add.search(before[: found.start()]))
        if shaped and (tied or asked):
            return self._spot(cue, view.text, at, at + len(handle))
        if asked and found["on"] and self._is_name(cue, handle):
            return self._spot(cue, view.text, at, at + len(handle))
        return None

    def _meant(
        self, cue: Cue, text: str, found: re.Match[str], *, announced: bool, linked: bool
    ) -> bool:
        """Say whether a word after a service's name is a handle."""
        handle = found[0]
        if self._is_shaped(cue, handle):
            return True
        if not self._is_name(cue, handle):
            return False
        rest = text[found.end() : found.end() + 24]
        closed = not re.match(r"[ ]+\w", rest) or bool(self._and.match(rest.lstrip()))
        dotted = "." in handle
        if announced or (cue.mine and linked):
            # Where only capitals may be an id, capitals among small letters are one, whatever follows.
            return closed or not (self._kinds[cue.kind].letters or text.isupper())
        if not rest.strip(" .!)") or rest.strip(" .!)")[0] == "\n":
            # Nothing follows: "my snap name", or a line that is only a service and a name.
            alone = not text[: cue.start].rpartition("\n")[2].strip() and len(handle) >= 6
            return cue.mine or dotted or (alone and not cue.vague)
        return closed and (cue.mine or dotted) and not cue.vague

    def _is_shaped(self, cue: Cue, handle: str) -> bool:
        """Say whether letters and digits are mixed as in no word, time or measure."""
        if self._kinds[cue.kind].always_shaped:
            return True
        return bool(_SHAPED.match(handle)) and not _NO_HANDLE.fullmatch(handle)

    def _is_name(self, cue: Cue, handle: str) -> bool:
        """Say whether letters alone may be a handle: long enough and no everyday word."""
        kind = self._kinds[cue.kind]
        if not kind.letters:
            return handle.isupper()
        return (
            len(handle) >= 4
            and handle.lower() not in self._stop
            and not handle.isdigit()
            and not kind.always_shaped
            and _NO_HANDLE.fullmatch(handle) is None
        )

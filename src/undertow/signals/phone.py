"""Telephone numbers: which runs of digits are meant to be dialled, and their normal form.

A number with + or 00 stands for itself. A national one counts where a word asks for a call, or
where it is written as telephone numbers are; orders, dates, cards and coordinates are spared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from undertow.signals.cues import Language, gather
from undertow.signals.disguise import View
from undertow.signals.spot import NUMBER, Cue, Spot, any_word, last

BEFORE: Final = 48
AFTER: Final = 30
"""Characters before and after a number in which a cue word counts: ours, about eight words and five."""

RUN: Final = re.compile(
    r"(?:(?<![\w@#$£€%])|(?<=call)(?=0\d{9})|(?<=tel)(?=0\d{9}))[+(]{0,2}\d(?:[ .\-/()_*|~•]{0,4}\d){6,40}+"
)
_OTHER: Final = re.compile(
    r"""
      \b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b   # IBAN
    | \b97[89][ -]?\d(?:[ -]?\d){9}\b                                      # ISBN-13
    | \b(?:\d[ -]?){9}[xX]\b                                               # ISBN-10
    | \b(?:\d{4}[ -]){3}\d{4}\b                                            # card
    | \b\d{4}[-./]\d{1,2}[-./]\d{1,2}(?!\d)                                # date
    | (?<![\d.-])\d{1,2}([-./])\d{1,2}\1(?:19|20)\d{2}(?!\d)               # date
    | (?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])                           # IP
    | (?<![\d.])\d{1,3}\.\d{3,}(?![\d.]|\ \d)                              # decimal
    | (?<![\d.])\d{1,3}(?:\.\d{3}){2,}(?![\d.])                            # thousands
    | \b(?:19|20)\d{2}\ ?[-/]\ ?(?:19|20)\d{2}\b                           # years
    | (?<!\d)(?:19|20)\d{6}(?!\d)                                          # date without signs
    """,
    re.VERBOSE,
)
LEAST_APART: Final = 9
"""Digits, said in words or one by one, from which they are a telephone number without any cue: ours, the length of
the national numbers of most countries."""
MOST_DIGITS: Final = 15
"""Digits of the longest telephone number (ITU-T E.164), without 00."""
DIFFERENT: Final = 4
"""Different digits that such a number has at least, so that noughts and ones in a row are none: ours."""
_MONEY_AFTER: Final = re.compile(
    r" ?(?:[€$£%₺]|eur|usd|gbp|tl|kr|km|kg|people|views|mb|gb)(?!\w)", re.IGNORECASE
)
_MONEY_BEFORE: Final = re.compile(r"(?:[€$£₺]|eur|usd|gbp) ?$", re.IGNORECASE)
_STAIRS: Final = "01234567890123456789"
_SHAPES: Final = (
    (3, 3, 4),  # North America
    (1, 3, 3, 4),
    (3, 3, 2, 2),  # Turkey without its 0
    (3, 2, 2, 2),  # Spain
)


@dataclass(frozen=True)
class _Choice:
    """A number picked out of a run: span in the view, digits, E.164 if the country is known."""

    start: int
    end: int
    digits: str
    e164: str | None
    shaped: bool


@lru_cache(maxsize=4096)
def e164(digits: str, region: str | None = None) -> tuple[str, bool] | None:
    """Read digits as a telephone number.

    Args:
        digits: with country code if `region` is None, else as dialled there.
        region: ISO 3166 code, such as `DE`.

    Returns:
        E.164 and whether the number is valid (not merely of a possible length), or None.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(digits if region else "+" + digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return shown, phonenumbers.is_valid_number(number)


def known_region(region: str) -> bool:
    """Say whether telephone numbers of this ISO 3166 code are known."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


class NumberFinder:
    """Finds telephone numbers and gives them to the service named beside them."""

    def __init__(self, services: Iterable[str], languages: Sequence[Language]) -> None:
        self._services = frozenset(services)
        self._call = any_word((*gather(languages, "call"), "☎"))
        self._number = any_word(gather(languages, "number"))
        self._other = any_word(gather(languages, "not_phone"))
        self._on = any_word((*gather(languages, "on"), *gather(languages, "is_")))

    def find(self, view: View, cues: Sequence[Cue], region: str | None) -> list[Spot]:
        """Find all telephone numbers of a view, in order."""
        text = view.text
        runs = list(RUN.finditer(text))
        if not runs:
            return []
        others = [found.span() for found in _OTHER.finditer(text)]
        services = [cue for cue in cues if cue.kind in self._services]
        spots: list[Spot] = []
        used: set[Cue] = set()
        floor = 0
        for run in runs:
            cue = _service(text, run.start(), run.end(), services, used)
            choice = self._judge(view, run, region, cue, others, floor)
            if choice is None:
                continue
            if cue is not None:
                used.add(cue)
            value = choice.e164 or choice.digits
            kind = cue.kind if cue else "phone"
            spots.append(Spot(kind, value, choice.start, choice.end, NUMBER))
            floor = choice.end
        return spots

    def _judge(
        self,
        view: View,
        run: re.Match[str],
        region: str | None,
        cue: Cue | None,
        others: Sequence[tuple[int, int]],
        floor: int,
    ) -> _Choice | None:
        """Decide whether a run is meant to be dialled."""
        text = view.text
        before = text[max(floor, run.start() - BEFORE) : run.start()]
        after = text[run.end() : run.end() + AFTER]
        call, other = last(self._call, before), last(self._other, before)
        called = call > other or bool(self._call.search(after)) or cue is not None
        asked = called or (other < 0 and last(self._number, before) >= 0)
        apart = _apart(view, run, region) if called or other < 0 else None
        choice = apart or _pick(text, run, region, asked=asked)
        if choice is None or _is_pattern(choice.digits):
            return None
        if apart is not None:
            return apart
        if text[run.start() : choice.start + 3].find("+") >= 0 and choice.e164:
            return choice
        if any(start < choice.end and choice.start < end for start, end in others):
            return None
        if _MONEY_AFTER.match(text, choice.end) or _MONEY_BEFORE.search(before):
            return None
        return choice if asked or (choice.shaped and other < 0) else None


def _service(
    text: str, start: int, end: int, services: Sequence[Cue], used: set[Cue]
) -> Cue | None:
    """Find the service a number belongs to: the nearest one named before it, else one right after."""
    for cue in reversed(services):
        if cue.end <= start:
            reach = 16 if cue.vague else BEFORE
            if (
                start - cue.end <= reach
                and cue not in used
                and "\n\n" not in text[cue.end : start]
            ):
                return cue
            break
    for cue in services:
        if cue.start >= end:
            gap = text[end : cue.start]
            follows = text[cue.end : cue.end + 3].lstrip()[:1]
            near = len(gap) <= 20 and not re.search(r"[.;:\n!?]", gap)
            return (
                cue
                if near and cue not in used and follows not in (":", "=", "+", "@")
                else None
            )
    return None


def _apart(view: View, run: re.Match[str], region: str | None) -> _Choice | None:
    """Take a long number that was said in words, or digit by digit: nothing but a telephone number is told so.

    Codes and scores written apart are shorter, or are made of few different digits.
    """
    signs = re.sub(r"\d", "", run[0].lstrip("+("))
    digits = re.sub(r"\D", "", run[0])
    one_by_one = len(signs) == len(digits) - 1 and len(set(signs)) == 1
    first, last = view.starts[run.start()], view.starts[run.end() - 1]
    dictated = not signs and first == last
    if not (one_by_one or dictated) or len(set(digits)) < DIFFERENT:
        return None
    if not LEAST_APART <= len(digits) <= MOST_DIGITS:
        return None
    bare = digits.removeprefix("00")
    read = None if bare[0] == "0" else e164(bare)
    if (read is None or not read[1]) and region:
        read = e164(digits, region)
    known = read[0] if read is not None and read[1] else None
    return _Choice(run.start(), run.end(), bare, known, shaped=True)


def _is_pattern(digits: str) -> bool:
    """Say whether digits only count up, count down or repeat one: keys tried, not a number."""
    tail = digits.lstrip("0") or digits
    return len(set(tail)) == 1 or digits in _STAIRS or digits[::-1] in _STAIRS


def _pick(text: str, run: re.Match[str], region: str | None, *, asked: bool) -> _Choice | None:
    """Choose the groups of a run that make up the number."""
    groups = [(m.start(), m.end()) for m in re.finditer(r"\d+", run[0])]
    groups = [(run.start() + a, run.start() + b) for a, b in groups]
    if _runs_on(text, groups[-1]) and not (
        len(groups) == 1 and groups[0][1] - groups[0][0] >= 10
    ):
        groups = groups[:-1]
    if not groups:
        return None
    start = run.start() + (run[0][0] == "(" and ")" not in run[0])
    digits = [text[a:b] for a, b in groups]
    if "+" in run[0] or digits[0].startswith("00"):
        found = _international(groups, digits, start)
        if found is None and "+" in run[0]:
            found = _unplanned(groups, digits, start)
        if found is not None or "+" in run[0]:
            return found
    return _national(groups, digits, start, region, asked=asked)


def _runs_on(text: str, group: tuple[int, int]) -> bool:
    """Say whether the last group belongs to something else, such as a time or a measure."""
    rest = text[group[1] : group[1] + 3]
    return bool(re.match(r"[^\W_]|[%€$£]|[:,]\d", rest))


def _international(
    groups: Sequence[tuple[int, int]], digits: Sequence[str], start: int
) -> _Choice | None:
    """Take the longest valid number from the start of the run, else the longest possible one."""
    fallback: _Choice | None = None
    longest = 1 if len(digits[0]) >= 9 else len(groups)
    for count in range(longest, 0, -1):
        rest = digits[count:]
        if len(rest) > 3 or any(len(group) > 4 for group in rest):
            break
        joined = "".join(digits[:count])
        bare = joined.removeprefix("00")
        if not 7 <= len(bare) <= 16:
            continue
        read = e164(bare)
        if read is None:
            continue
        choice = _Choice(start, groups[count - 1][1], bare, read[0], shaped=True)
        if read[1]:
            return choice
        fallback = fallback or choice
    return fallback


def _unplanned(
    groups: Sequence[tuple[int, int]], digits: Sequence[str], start: int
) -> _Choice | None:
    """Take a number with + that no numbering plan knows: misread, mistyped, or newer than the plans at hand."""
    joined = "".join(digits)
    if not LEAST_APART <= len(joined) <= MOST_DIGITS or len(set(joined)) < DIFFERENT:
        return None
    return _Choice(start, groups[-1][1], joined, None, shaped=True)


def _national(
    groups: Sequence[tuple[int, int]],
    digits: Sequence[str],
    start: int,
    region: str | None,
    *,
    asked: bool,
) -> _Choice | None:
    """Take a number without country code: all groups, or those that make a usual shape."""
    for at, group in enumerate(digits):
        if len(group) >= 9:
            first = groups[at][0] if at else start
            return _dialled([group], first, groups[at][1], region)
    count = len(groups)
    lengths = tuple(map(len, digits))
    if digits[0][0] == "0" and lengths[:5] == (2, 2, 2, 2, 2):
        count = 5
    elif sum(lengths) > 13:
        while count and sum(lengths[:count]) > 11:
            count -= 1
        if not asked or sum(lengths) > 15 or not count:
            return None
    while count > 1 and lengths[count - 1] <= 2 and sum(lengths[: count - 1]) >= 11:
        count -= 1
    total = sum(lengths[:count])
    if not 7 <= total <= 13 or (total < 9 and lengths[count - 1] < 3 and max(lengths) > 4):
        return None
    return _dialled(digits[:count], start, groups[count - 1][1], region)


def _dialled(digits: Sequence[str], start: int, end: int, region: str | None) -> _Choice | None:
    """Normalise a national number and say whether it has a usual shape."""
    joined = "".join(digits)
    if not 7 <= len(joined) <= 15:
        return None
    read = e164(joined, region) if region else None
    valid = read is not None and read[1]
    lengths = tuple(map(len, digits))
    shaped = (
        (joined[0] == "0" and joined[1] != "0" and 9 <= len(joined) <= 12 and lengths[0] > 1)
        or (
            lengths in _SHAPES
            and joined[0] not in "01"
            and (lengths[:2] != (3, 3) or joined[3] != "0")
        )
        or (lengths == (1, 3, 3, 4) and joined[0] == "1")
    )
    known = read[0] if read is not None and valid else None
    return _Choice(start, end, joined, known, shaped or (valid and len(joined) >= 9))

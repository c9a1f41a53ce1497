"""A map proposed from the names of columns and from what stands in them.

A proposal for a person to check: nothing is imported by it, and it says what it is unsure of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import yaml

from undertow.events.table import TYPES as EVENT_TYPES
from undertow.importers.rows import SetAside
from undertow.importers.times import UNIX, time_reader, zone_named
from undertow.importers.words import NAMES, TYPES

_ORDER: Final = ("published", "id", "type", "actor", "target", "content", "context", "observed")
_REST: Final = ("visibility", "platform", "lang")
_PATTERNS: Final = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%y %H:%M",
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
)
_FROM, _UNTIL = 631_152_000, 2_524_608_000
"""1990 to 2050 in Unix seconds: whole numbers outside are no times. Ours."""
_NUMBER: Final = re.compile(r"\d{9,17}(\.\d+)?")
_AT_MOST: Final = 64
"""Characters of an id; longer values are text. Ours."""
_FEW: Final = 25
"""Different words that a column of types holds at most. Ours."""


@dataclass(frozen=True)
class Guess:
    """A proposed map.

    Attributes:
        text: the map as YAML.
        unsure: what a person should look at, in plain sentences.
    """

    text: str
    unsure: tuple[str, ...]


@dataclass(frozen=True)
class _Look:
    """What the values of one column look like."""

    filled: int
    form: str | None
    ambiguous: bool
    zoneless: bool
    different: int
    longest: int
    spaced: float


def guess_map(
    columns: Sequence[str], sample: Sequence[Sequence[object]], platform: str
) -> Guess:
    """Propose a map for `columns`.

    Args:
        columns: their names.
        sample: some records, values in the order of the columns.
        platform: name to propose; reduced to letters, digits, `-` and `_`.
    """
    looks = {
        name: _look([record[at] for record in sample])
        for at, name in enumerate(columns)
        if name
    }
    unsure: list[str] = []
    chosen = _choose(looks, unsure)
    plain: dict[str, object] = {
        "platform": re.sub(r"[^\w-]+", "-", platform.lower()) or "foreign"
    }
    plain["type"], values = _type(chosen, columns, sample, unsure)
    plain["columns"] = _columns(chosen, looks, unsure)
    if values:
        plain["values"] = {"type": values}
    left = [name for name in columns if name and name not in chosen.values()]
    if left:
        unsure.append("left out: " + ", ".join(f"`{name[:40]}`" for name in left))
    head = "".join(f"# check: {line}\n" for line in unsure)
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return Guess(head + body, tuple(unsure))


def _norm(name: str) -> str:
    return re.sub(r"[\s._-]+", "", name).lower()


def _look(values: Sequence[object]) -> _Look:
    given = [value for value in values if value is not None and str(value).strip()]
    texts = [str(value).strip() for value in given]
    form, ambiguous = _form(given)
    return _Look(
        filled=len(texts),
        form=form,
        ambiguous=ambiguous,
        zoneless=form is not None and not _reads(form, given, len(given), None),
        different=len(set(texts)),
        longest=max(map(len, texts), default=0),
        spaced=sum(" " in text for text in texts) / (len(texts) or 1),
    )


def _form(values: Sequence[object]) -> tuple[str | None, bool]:
    """Find the time format that reads the values, and say whether day and month may be swapped."""
    if not values:
        return None, False
    if all(isinstance(value, date | datetime) for value in values):
        return "iso", False
    texts = [str(value).strip() for value in values]
    numbers = [float(text) for text in texts if _NUMBER.fullmatch(text)]
    for form, unit in UNIX.items():
        if _most(sum(_FROM <= one * unit / 1e6 < _UNTIL for one in numbers), len(values)):
            return form, False
    if _most(len(numbers), len(values)):
        return None, False
    if _reads("iso", [text for text in texts if not _NUMBER.fullmatch(text)], len(values)):
        return "iso", False
    found = [form for form in _PATTERNS if _reads(form, values, len(values))]
    swapped = len({form.replace("%d/%m", "%m/%d") for form in found}) < len(found)
    return (found[0], swapped) if found else (None, False)


def _most(good: int, count: int) -> bool:
    """Say whether so many are good that the rest are faults: all but one, or but a tenth."""
    return good > count - good and count - good <= max(1, count // 10)


def _reads(form: str, values: Sequence[object], count: int, zone: str | None = "UTC") -> bool:
    read = time_reader(form, None if zone is None else zone_named(zone))
    good = 0
    for value in values:
        try:
            read(value if isinstance(value, date) else str(value))
        except SetAside:
            continue
        good += 1
    return _most(good, count)


def _choose(looks: dict[str, _Look], unsure: list[str]) -> dict[str, str]:
    """Give each column of the event table the foreign column that fits it best."""
    chosen: dict[str, str] = {}
    for field in (*_ORDER, *_REST):
        words = NAMES[field]
        free = [name for name in looks if name not in chosen.values()]
        named = [name for name in free if _norm(name) in words and _fits(field, looks[name])]
        if named:
            chosen[field] = min(named, key=lambda name: words.index(_norm(name)))
            continue
        found = [name for name in free if _alike(field, looks[name])]
        if found:
            chosen[field] = found[0]
            unsure.append(f"`{field}` was taken from `{found[0][:40]}` by its values alone")
    missing = [field for field in ("published", "actor") if field not in chosen]
    unsure += [f"no column looks like `{field}`: name one" for field in missing]
    return chosen


def _fits(field: str, look: _Look) -> bool:
    """Say whether the values allow what the name promises."""
    if field in ("published", "observed"):
        return look.form is not None
    if field == "type":
        return 0 < look.different <= _FEW
    if field == "id":
        return look.different == look.filled
    if field in ("actor", "target", "context"):
        return look.longest <= 4 * _AT_MOST
    return True


def _alike(field: str, look: _Look) -> bool:
    """Say whether values alone make a column that of `field`, whatever its name."""
    if not look.filled:
        return False
    if field == "published":
        return look.form is not None
    if field == "content":
        return look.spaced > 0.5 and look.longest > _AT_MOST / 4
    if field in ("actor", "target"):
        return look.longest <= _AT_MOST and look.spaced < 0.1 and look.form is None
    return False


def _type(
    chosen: dict[str, str],
    columns: Sequence[str],
    sample: Sequence[Sequence[object]],
    unsure: list[str],
) -> tuple[object, dict[str, str]]:
    if "type" not in chosen:
        one = "message" if "target" in chosen else "post"
        unsure.append(f"no column says the type: every row is taken as `{one}`")
        return {"value": one}, {}
    at = list(columns).index(chosen["type"])
    words = Counter(
        str(record[at]).strip() for record in sample if record[at] not in (None, "")
    )
    values: dict[str, str] = {}
    for word in sorted(words):
        if word in EVENT_TYPES:
            continue
        ours = word.lower() if word.lower() in EVENT_TYPES else TYPES.get(_norm(word))
        if ours is None:
            unsure.append("some values of the type are unknown: name each under `values`")
        elif ours != word.lower():
            values[word] = ours
    if values:
        unsure.append("the meaning of " + ", ".join(f"`{word[:40]}`" for word in values))
    return chosen["type"], values


def _columns(
    chosen: dict[str, str], looks: dict[str, _Look], unsure: list[str]
) -> dict[str, object]:
    found: dict[str, object] = {}
    for field in (
        "id",
        "actor",
        "target",
        "published",
        "observed",
        "context",
        "content",
        *_REST,
    ):
        name = chosen.get(field)
        if name is None:
            continue
        look = looks[name]
        if field not in ("published", "observed"):
            found[field] = name
            continue
        found[field] = {"column": name, "format": look.form or "iso"}
        if look.ambiguous:
            unsure.append(f"day and month of `{name[:40]}` may be swapped: check the format")
        if look.zoneless:
            unsure.append(f"`{name[:40]}` has no time zone: add `timezone`, or give --timezone")
    return found

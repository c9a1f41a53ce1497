"""One language of the desk: its words, its plurals, its dates and digits, and the way it is read.

Catalogs are `locale/CODE.po`, read as they stand; English is written in the source. A value put into a
sentence is isolated, so that a code or a name never turns the sentence around it.
"""

from __future__ import annotations

import gettext
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Final, Literal, cast

from babel import Locale
from babel.dates import TIMEDELTA_UNITS, format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from undertow.export import wording
from undertow.units import DAY

LANGUAGES: Final = {"en": "English", "fr": "Français", "de": "Deutsch", "ar": "العربية"}
"""Code and own name of each language of the desk."""
_LOCALES: Final = {"en": "en_GB"}
"""Where the locale is not the code: days are written as in the report."""
MICROS: Final = 1_000_000
MINUTE: Final = 60 * MICROS
Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]
UNITS: Final = {cast("Unit", unit): seconds for unit, seconds in TIMEDELTA_UNITS}
"""Seconds of each, from the largest to the smallest, as Babel counts them."""
TWICE: Final = 1.6
"""A length is written in the largest unit that it holds this often: 40 hours are two days, 36 are 36 hours."""
_FIRST_STRONG: Final = "\N{FIRST STRONG ISOLATE}"
_LEFT: Final = "\N{LEFT-TO-RIGHT ISOLATE}"
_POP: Final = "\N{POP DIRECTIONAL ISOLATE}"


class Shown(str):
    """A text that is already fit to be shown: made by us, or by Babel, not from data."""

    __slots__ = ()


def moment(at: int) -> datetime:
    """Turn microseconds since 1970 into a moment, UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


@dataclass(frozen=True)
class Language:
    """Everything a page needs in order to speak one language.

    Attributes:
        code: one of `LANGUAGES`.
        locale: Babel's; plural rules, dates and digits come from it.
        catalog: looks sentences up; a sentence that is not there stands in English.
    """

    code: str
    locale: Locale
    catalog: gettext.NullTranslations

    @cached_property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @cached_property
    def _name(self) -> str:
        """The locale's name, which Babel puts together anew each time it is asked."""
        return str(self.locale)

    def say(self, msgid: str, /, **values: object) -> Shown:
        """Say a sentence, its values put in where `{name}` stands."""
        return self._filled(self.catalog.gettext(msgid), values)

    def many(self, one: str, more: str, count: int, /, **values: object) -> Shown:
        """Say a sentence about a number of things; `{n}` is the number in this language's digits."""
        said = self.catalog.ngettext(one, more, count)
        return self._filled(said, {"n": self.number(count), **values})

    def _filled(self, said: str, values: dict[str, object]) -> Shown:
        if not values:
            return Shown(said)
        apart = {name: self._apart(value) for name, value in values.items()}
        return Shown(said.format(**apart))

    def _apart(self, value: object) -> str:
        text = wording.visible(value) if not isinstance(value, Shown) else str(value)
        return f"{_FIRST_STRONG}{text}{_POP}" if self.direction == "rtl" else text

    def number(self, value: float) -> Shown:
        """Write a number with this language's separators.

        Digits are Western in every language, as in codes, times and exports that stand beside them.
        """
        return _written(self._name, value, None)

    def decimal(self, value: float, digits: int = 1) -> Shown:
        """Write a number with so many decimals."""
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return _written(self._name, value, pattern)

    def percent(self, rate: float) -> Shown:
        """Write a rate in percent with two significant digits."""
        value = 100 * rate
        digits = 0
        if 0 < value < 99.95:
            digits = min(max(0, 1 - math.floor(math.log10(value))), 4)
        return self._upright(f"{self.decimal(value, digits)}\N{NO-BREAK SPACE}%")

    def rates(self, pair: tuple[float, float]) -> Shown:
        """Write a rate, or the range between two."""
        low, high = self.percent(pair[0]), self.percent(pair[1])
        if low == high:
            return low
        bare = self.percent(pair[0]).strip(_LEFT + _POP).removesuffix("\N{NO-BREAK SPACE}%")
        return self._upright(f"{bare}\N{EN DASH}{high.strip(_LEFT + _POP)}")

    def bits(self, value: float) -> Shown:
        """Write evidence with its sign, as everywhere in Undertow."""
        size = self.decimal(abs(value))
        if not float(f"{abs(value):.1f}"):
            return size
        return self._upright(("+" if value > 0 else "\N{MINUS SIGN}") + size)

    def _upright(self, text: str) -> Shown:
        """Keep sign, digits and percent sign in their order where lines are read from the right."""
        return Shown(f"{_LEFT}{text}{_POP}" if self.direction == "rtl" else text)

    def day(self, at: int) -> Shown:
        """Write a day."""
        return _day(self._name, at // DAY, None)

    def minute(self, at: int) -> Shown:
        """Write a moment in UTC to the minute: the same form in every language, as in exports."""
        return self._upright(moment(at).isoformat(" ", "minutes")[:16])

    def short_day(self, at: int) -> Shown:
        """Write day and month as this language writes them."""
        return _day(self._name, at // DAY, "MMMd")

    def lasting(self, micros: int) -> Shown:
        """Write a length of time in its largest unit: `2 days`."""
        return _length(self._name, *_largest(micros), "long")

    def brief(self, micros: int) -> Shown:
        """Write a length of time as short as this language can: `2d`."""
        return _length(self._name, *_largest(micros), "narrow")

    def listed(self, words: Sequence[object], style: str = "standard") -> Shown:
        """Join words as in a sentence; `style` may be `or`."""
        parts = [self._apart(word) for word in words]
        if style == "or":
            return Shown(format_list(parts, style="or", locale=self.locale))
        return Shown(format_list(parts, style="standard", locale=self.locale))


@lru_cache(maxsize=4096)
def _written(locale: str, value: float, pattern: str | None) -> Shown:
    """Write a number; the same few hundred stand on page after page, and Babel reads the pattern anew each time."""
    return Shown(format_decimal(value, format=pattern, locale=locale, numbering_system="latn"))


@lru_cache(maxsize=8192)
def _day(locale: str, day: int, skeleton: str | None) -> Shown:
    """Write a day since 1970, or its day and month; a slider names every day of half a year."""
    at = moment(day * DAY)
    if skeleton is None:
        return Shown(format_date(at, "medium", locale=locale))
    return Shown(format_skeleton(skeleton, at, tzinfo=UTC, locale=locale))


def _largest(micros: int) -> tuple[Unit, int]:
    """Give the largest unit of which a length holds at least `TWICE`, and how many, as Babel rounds."""
    seconds = abs(micros) / MICROS
    for unit, of in UNITS.items():
        if seconds / of >= TWICE:
            return unit, round(seconds / of)
    return "second", round(max(1, seconds)) if seconds else 0


@lru_cache(maxsize=4096)
def _length(locale: str, unit: Unit, many: int, form: Literal["long", "narrow"]) -> Shown:
    """Write so many of a unit; ages of rows differ by seconds that nobody is shown."""
    said = format_timedelta(
        timedelta(seconds=many * UNITS[unit]),
        granularity=unit,
        threshold=math.inf,
        format=form,
        locale=locale,
    )
    return Shown(said)


@cache
def language(code: str) -> Language:
    """Open a language; one that the desk does not speak is English."""
    code = code if code in LANGUAGES else "en"
    return Language(code, Locale.parse(_LOCALES.get(code, code)), _catalog(code))


def _catalog(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    file = resources.files("undertow.review") / "locale" / f"{code}.po"
    if not file.is_file():
        return gettext.NullTranslations()
    with file.open("rb") as opened:
        catalog = read_po(opened, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

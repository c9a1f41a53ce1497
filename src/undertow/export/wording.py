"""Plain words for numbers, times, steps and names: the same in the page and on the terminal.

Names and texts from data pass `visible`, so that nothing in them can move the cursor, turn the
direction of reading or hide.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from undertow.units import show_duration

_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: object) -> str:
    r"""Show a text with its control, bidi and zero-width characters spelled out.

    >>> visible("ab\x1b[2J")
    'ab⟨U+001B⟩[2J'
    >>> visible("ad\u202emin")
    'ad⟨U+202E⟩min'
    """
    written = str(text)
    # What Python calls printable holds none of the hidden categories; nearly all that is shown is.
    return written if written.isprintable() else "".join(map(_shown, written))


def _shown(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    return f"⟨U+{ord(char):04X}⟩"


def shortened(text: str, length: int) -> str:
    """Cut a name in its middle to at most `length` characters; drawings only, tables hold it whole."""
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def step_words(name: str) -> str:
    """Write a step's name as words: `first_message` becomes `first message`."""
    return visible(name).replace("_", " ")


def plural(count: int, word: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 target`, `12,000 targets`."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"


def percent(rate: float) -> str:
    """Write a rate in percent with two significant digits: `1.2 %`, `35 %`, `0.034 %`."""
    value = 100 * rate
    if value <= 0 or value >= 99.95:
        return f"{value:.0f} %"
    digits = max(0, 1 - math.floor(math.log10(value)))
    return f"{value:.{min(digits, 4)}f} %"


def tight(text: str) -> str:
    """Keep a number and its percent sign on one line; for the page, not for the terminal."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def rates(pair: tuple[float, float]) -> str:
    """Write a rate, or the range between two."""
    low, high = percent(pair[0]), percent(pair[1])
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def bits(value: float, *, digits: int = 1, minus: str = "\N{MINUS SIGN}") -> str:
    """Write evidence with its sign: `+9.3`, a minus before evidence against, `0.0` where it rounds to nought."""
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return ("+" if value > 0 else minus) + text


def summed(values: Sequence[float], total: float, *, digits: int = 1) -> list[float]:
    """Round values so that the rounded ones add up to the rounded total (largest remainder).

    No value moves by more than one unit of the last digit as long as they add up to the total.
    """
    unit = 10**digits
    floors = [math.floor(value * unit) for value in values]
    missing = round(total * unit) - sum(floors)
    order = sorted(range(len(values)), key=lambda i: floors[i] - values[i] * unit)
    for i in order[: max(0, min(missing, len(order)))]:
        floors[i] += 1
    return [floor / unit for floor in floors]


def prior_bits(prior: float) -> float:
    """Give the log odds of a prior in bits: 2e-5 is -15.6."""
    prior = min(max(prior, 1e-300), 1 - 1e-15)
    return math.log2(prior / (1 - prior))


def odds(value: float) -> str:
    """Write log odds in bits as odds: `52 to 1`, `1 to 3.0`.

    Above a thousand the assumptions are more likely wrong than the figure right, so it stops there.
    """
    if abs(value) < 0.15:
        return "about even"
    if abs(value) >= 10:
        return "over 1,000 to 1" if value > 0 else "less than 1 to 1,000"
    size = 2 ** abs(value)
    shown = f"{size:.1f}" if size < 10 else f"{_two_digits(size):,}"
    return f"{shown} to 1" if value > 0 else f"1 to {shown}"


def _two_digits(value: float) -> int:
    scale = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return int(round(value / scale) * scale)


def date(moment: datetime) -> str:
    """Write a day: `3 Jan 2026`."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y}"


def minute(moment: datetime) -> str:
    """Write a moment: `2026-01-03 10:22` (UTC)."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def day_of(text: str | None) -> str:
    """Write the day of an ISO 8601 text; the text itself where it is none, `?` for null."""
    if text is None:
        return "?"
    try:
        return date(datetime.fromisoformat(text))
    except ValueError:
        return visible(text)


def gap(before: datetime, after: datetime) -> str:
    """Write the time between two moments: `3 d 4 h`; `at once` for none."""
    length = after - before
    micros = (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
    return show_duration(micros) if micros >= 1_000_000 else "at once"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"

"""What a person sees: results on stdout as text, JSON or CSV; everything else on stderr.

Cells come from data that somebody else wrote. Text cells lose control characters, so that no
account name moves the cursor; CSV fields that a spreadsheet would run get a leading apostrophe.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from time import monotonic
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_HIDDEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories that act on a terminal or turn the reading order instead of showing."""


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


@dataclass
class Settings:
    """What the user asked of the screen for this one run."""

    quiet: bool = False
    no_progress: bool = False


settings: Final = Settings()
"""Set once by the root command, read here."""


def show(
    rows: list[dict[str, object]], columns: list[str], fmt: Format, *, title: str | None = None
) -> None:
    """Write a result to stdout.

    Args:
        rows: one mapping per row; a missing key is a null.
        columns: which keys, in this order.
        fmt: a table for people, a JSON array of objects, or CSV with a header.
        title: stands above the table; machines do not get it.
    """
    if fmt is Format.JSON:
        kept = [{name: row.get(name) for name in columns} for row in rows]
        say(json.dumps(kept, ensure_ascii=False, indent=2, default=_plain))
    elif fmt is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        # A lone carriage return breaks a row for many readers unless its field is quoted.
        quoting = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for row in rows:
            fields = [_field(row.get(name)) for name in columns]
            has_return = any(isinstance(field, str) and "\r" in field for field in fields)
            (quoting if has_return else writer).writerow(fields)
    else:
        _table(rows, columns, title)


def say(text: str) -> None:
    """Write a result that is no table to stdout, at once: a command may go on for hours after it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell the user something on stderr; `--quiet` silences it."""
    if not settings.quiet:
        complain(text)


def warn(text: str) -> None:
    """Warn on stderr; nothing silences it."""
    complain(f"warning: {text}")


def complain(text: str) -> None:
    """Write a fault to stderr, line by line, without anything that acts on a terminal."""
    sys.stderr.write("".join(f"{visible(line)}\n" for line in text.split("\n")))


class Advance:
    """Counts what was done; on a terminal it shows how fast, and how long it will take."""

    def __call__(self, n: int) -> None:
        """Count `n` further units."""

    def begin(self, label: str, total: int | None, unit: str) -> None:
        """Begin to count something else; `total` None if it is not known how many there are."""


@contextmanager
def progress(label: str, total: int | None, unit: str = "rows") -> Iterator[Advance]:
    """Show a bar on stderr while the block runs; silent unless stderr is a terminal.

    Args:
        label: what is going on.
        total: how many units in all, None if unknown.
        unit: what is counted.

    Yields:
        `advance(n)`: call it after every `n` further units.
    """
    if settings.quiet or settings.no_progress or not sys.stderr.isatty():
        yield Advance()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[done]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, done="")

        class Shown(Advance):
            def __init__(self) -> None:
                self.begin(label, total, unit)

            def begin(self, label: str, total: int | None, unit: str) -> None:
                self.begun, self.unit, self.total, self.done = monotonic(), unit, total, 0
                bar.reset(task, total=total, description=label, done=f"0 {unit}")

            def __call__(self, n: int) -> None:
                self.done += n
                seconds = monotonic() - self.begun
                bar.update(
                    task, advance=n, done=pace(self.done, self.total, self.unit, seconds)
                )

        yield Shown()


def pace(done: int, total: int | None, unit: str, seconds: float) -> str:
    """Say how many of how many units are done, how fast, and how long the rest will take.

    Args:
        done: units done.
        total: units in all, None if unknown.
        unit: what is counted.
        seconds: since the first.
    """
    text = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
    if not done or seconds <= 0:
        return text
    rate = done / seconds
    text += f", {rate:,.0f}/s" if rate >= 10 else f", {rate:.1f}/s"
    if total is not None and done < total:
        minutes, left = divmod(round((total - done) / rate), 60)
        text += f", {minutes} min {left} s left" if minutes else f", {left} s left"
    return text


def visible(text: str) -> str:
    """Replace line breaks and whatever acts on a terminal by its written-out escape."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _HIDDEN
        else char
        for char in text
    )


def _plain(value: object) -> object:
    """Turn what JSON does not know into text; UTC is written as Z."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def _field(value: object) -> object:
    """Write one CSV field: null as nothing, numbers as they are, text that no sheet runs."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict | list | tuple | set):
        value = json.dumps(value, ensure_ascii=False, default=_plain)
    text = value if isinstance(value, str) else str(_plain(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict | list | tuple | set):
        return visible(json.dumps(value, ensure_ascii=False, default=_plain))
    return visible(value if isinstance(value, str) else str(_plain(value)))


def _table(rows: list[dict[str, object]], columns: list[str], title: str | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_number = {
        name: any(isinstance(row.get(name), int | float) for row in rows) for name in columns
    }
    table = Table(
        box=SIMPLE_HEAD,
        title=None if title is None else Text(visible(title)),
        title_justify="left",
        pad_edge=False,
    )
    for name in columns:
        table.add_column(
            Text(name), justify="right" if is_number[name] else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in columns))
    console = Console(markup=False, highlight=False)
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        console.width = 120
    console.print(table)

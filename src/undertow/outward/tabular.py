"""CSV that no spreadsheet takes for a formula, for tables whose cells may hold what strangers wrote.

A text that begins like a formula, in ASCII, in full-width or small forms, or behind blanks and
characters that do not show, gets an apostrophe in front. Characters that move the cursor or hide
are spelled out, so that a cell never breaks a row. Numbers of ours stay numbers.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from undertow.export.wording import visible
from undertow.outward.record import MARK

OPENERS: Final = frozenset("=+-@\t\r\n|%")
r"""First characters that make some spreadsheet compute: OWASP's list, and `|` and `%` of older ones."""
GUARD: Final = "'"
BOM: Final = "\ufeff"
"""Begins the file: without it one widely used spreadsheet reads UTF-8 as something else."""

Cell = str | int | float | bool | None


def cell(value: Cell) -> str:
    """Write one cell.

    >>> cell("=1+1"), cell(" +1"), cell(-1.5), cell(None)
    ("'=1+1", "' +1", '-1.5', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    begins = _first(value)
    text = visible(value)
    return GUARD + text if begins in OPENERS or begins == GUARD else text


def _first(text: str) -> str:
    """Give the first character that counts: behind blanks and what does not show, in its plain form."""
    for char in text:
        if char in "\t\r\n\0":
            return "\t"
        if char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn"):
            continue
        return unicodedata.normalize("NFKC", char)[:1].replace("\u2212", "-")
    return ""


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, is_simulated: bool = False
) -> bytes:
    r"""Write a table as CSV: every cell quoted, lines end in CR LF, UTF-8 with a mark in front.

    Args:
        columns: names of ours.
        rows: as many cells each as there are columns.
        is_simulated: puts a first column `SIMULATED` before every row, so that an empty table says it too.
    """
    mark = [MARK] if is_simulated else []
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*mark, *columns])
    for row in rows:
        if len(row) != len(columns):
            raise ValueError("a row has as many cells as there are columns")
        writer.writerow([*mark, *(cell(value) for value in row)])
    return (BOM + out.getvalue()).encode("utf-8")

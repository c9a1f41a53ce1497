"""Delimited text (CSV) to records: encoding, delimiter, quoted newlines, ragged rows.

Read line by line. What cannot be read as UTF-8 is one clear fault with its place, not a guess.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Final

from undertow.errors import Place, UndertowError, shown_name
from undertow.importers.mapped import Mapper, check_ground
from undertow.importers.mapping import EventMap
from undertow.importers.registry import Format, format_named
from undertow.importers.rows import Row, SetAside, Tally

DELIMITERS: Final = (",", ";", "\t", "|")
LONGEST_FIELD: Final = 16 * 1024 * 1024
"""Characters of one field: beyond it a quote was not closed. Ours."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAMPLE: Final = 50
"""Records that the delimiter is judged by."""
_BLOCK: Final = 1 << 20
_VALUE: Final = re.compile(r"[-+]?\d[\d.,:/ TZ+-]*|[^\s@]+@[^\s@]+\.\w+")
"""What no header says: a number, a time, an e-mail address."""


@dataclass(frozen=True)
class Table:
    """One delimited file, looked into: how to read it, and its header.

    Attributes:
        path: the file.
        delimiter: one character.
        columns: header, in order, without blanks at the ends.
    """

    path: Path
    delimiter: str
    columns: tuple[str, ...]

    def records(self, tally: Tally) -> Iterator[tuple[int, list[str]]]:
        """Yield the line on which a record begins, and its values; ragged ones are set aside."""
        width = len(self.columns)
        records = _records(self.path, self.delimiter, tally)
        next(records, None)
        for line, values in records:
            if len(values) == width:
                yield line, values
            elif values:
                many = "more" if len(values) > width else "fewer"
                tally.reject(line, f"{many} fields than the header")


def open_table(path: Path, delimiter: str | None = None) -> Table:
    """Look into a delimited file: encoding, delimiter, header.

    Args:
        path: the file.
        delimiter: one character; None tries comma, semicolon, tab and bar.

    Raises:
        UndertowError: `csv-empty`, `csv-not-utf8`, `csv-delimiter`, `csv-header-missing`,
            `csv-column-twice`, `file-unreadable`.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise UndertowError(
            "a delimiter is one character",
            code="csv-delimiter",
            mend="use one of `,` `;` `|` or a tab",
        )
    place = Place(shown_name(path), 1)
    chosen = delimiter or _delimiter(path)
    first = next(_records(path, chosen, Tally()), None)
    columns = () if first is None else tuple(one.strip() for one in first[1])
    if not any(columns):
        raise UndertowError(
            "the file is empty", code="csv-empty", place=place, mend="give a file with a header"
        )
    if any(_VALUE.fullmatch(one) for one in columns):
        raise UndertowError(
            "the first line holds values, not the names of columns",
            code="csv-header-missing",
            place=place,
            mend="put a line with the names of the columns first",
        )
    twice = [one for one, count in Counter(columns).items() if count > 1 and one]
    if twice:
        raise UndertowError(
            f"the header names `{twice[0][:60]}` twice",
            code="csv-column-twice",
            place=place,
            mend="give each column a name of its own",
        )
    return Table(path, chosen, columns)


class CsvReader:
    """Events of one delimited file, by a map.

    Args:
        table: the file, looked into.
        event_map: the checked map.
        ground: lawful ground; the map's own if None.
        timezone: for times without a zone where the map names none.
    """

    def __init__(
        self,
        table: Table,
        event_map: EventMap,
        *,
        ground: str | None = None,
        timezone: str | None = None,
    ) -> None:
        self._table = table
        self._prefix = ""
        self._mapper = Mapper(event_map, table.columns, timezone=timezone, issue=self._issue_id)
        self.name = shown_name(table.path)
        self.about: Format = format_named("csv")
        self.types = self._mapper.types()
        self.precision = self._mapper.precision()
        self.ground = check_ground(ground) or check_ground(event_map.ground)
        self.kind = event_map.kind
        self.needs_ground = False

    def rows(self, tally: Tally) -> Iterator[Row]:
        """Yield the rows; see `rows.Reader`."""
        if "id" not in self._mapper.map.fields:
            self._prefix = _digest(self._table.path)
        for number, (line, values) in enumerate(self._table.records(tally), start=1):
            try:
                yield from self._mapper.rows(number, values, tally)
            except SetAside as reason:
                tally.reject(line, str(reason))

    def _issue_id(self, number: int, published: int, values: Sequence[object]) -> str:
        """Name a row by the file's content and its place in it, so that ids sort as the rows do."""
        del published, values
        return f"csv:{self._prefix}:{number:012d}"


def _digest(path: Path) -> str:
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as fault:
        raise UndertowError(
            f"the file cannot be read: {fault.strerror}",
            code="file-unreadable",
            place=Place(shown_name(path)),
            mend="check the path and the rights",
        ) from None


def _lines(path: Path) -> Iterator[str]:
    """Yield decoded lines with their ends; a line may be a part of a quoted field."""
    with _open(path) as file:
        encoding = "utf-16" if file.read(2) in _UTF16 else "utf-8-sig"
        file.seek(0)
        if encoding == "utf-16":
            yield from _utf16_lines(path)
            return
        at = 0
        for number, raw in enumerate(iter(lambda: file.readline(LONGEST_FIELD), b""), start=1):
            if len(raw) == LONGEST_FIELD:
                raise _unclosed(path, number)
            try:
                yield raw.decode("utf-8-sig" if at == 0 else "utf-8")
            except UnicodeDecodeError as fault:
                raise _not_text(path, number, at + fault.start) from None
            at += len(raw)


def _utf16_lines(path: Path) -> Iterator[str]:
    with path.open("r", encoding="utf-16", newline="") as file:
        number = 0
        try:
            for line in iter(lambda: file.readline(LONGEST_FIELD), ""):
                number += 1
                yield line
        except UnicodeError:
            raise _not_text(path, number + 1, None) from None


def _not_text(path: Path, line: int, byte: int | None) -> UndertowError:
    at = "" if byte is None else f" (byte {byte} of the file)"
    return UndertowError(
        f"the file is neither UTF-8 nor UTF-16 with a byte order mark{at}",
        code="csv-not-utf8",
        place=Place(shown_name(path), line),
        mend="save it as UTF-8, or `iconv -f WINDOWS-1252 -t UTF-8`",
    )


def _records(path: Path, delimiter: str, tally: Tally) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which it begins, values), header first; badly quoted records are set aside."""
    csv.field_size_limit(LONGEST_FIELD)
    lines = _lines(path)
    first = next(lines, None)
    skipped = 0
    if first is not None and re.fullmatch(r"sep=.\r?\n", first):
        first, skipped = next(lines, None), 1
    if first is None:
        return
    reader = csv.reader(_chain(first, lines), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1 + skipped
        try:
            yield begins, next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            if "end of data" in str(fault) or "limit" in str(fault):
                raise _unclosed(path, begins) from None
            tally.reject(begins, "a quote in the wrong place")


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _unclosed(path: Path, line: int) -> UndertowError:
    return UndertowError(
        "a quote is opened and never closed, or a field is longer than 16 MiB",
        code="csv-quote-unclosed",
        place=Place(shown_name(path), line),
        mend='close the quote; a quote inside a field is written twice: ""',
    )


def _delimiter(path: Path) -> str:
    """Choose the delimiter that cuts most first records into one same number of fields."""
    best, most = ",", (0.0, 0)
    for one in DELIMITERS:
        try:
            widths = [len(v) for _, v in islice(_records(path, one, Tally()), _SAMPLE)]
        except UndertowError as fault:
            if fault.code != "csv-quote-unclosed":
                raise
            continue
        if widths and widths[0] > 1:
            same = widths.count(widths[0]) / len(widths)
            best, most = max(((best, most), (one, (same, widths[0]))), key=lambda pair: pair[1])
    return best

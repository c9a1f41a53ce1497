"""JSON Lines and CSV of the event table, line by line: raw columns, line numbers, rows set aside.

Whatever a line holds, its fault stays its own: the lines after it are read. Only what makes the whole
file useless (no header, not text, a broken archive) stops it.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec
import numpy as np
import pyarrow as pa

from undertow.errors import Place, UndertowError, nearest
from undertow.events.table import NAMES, REJECTS, REQUIRED

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line; a longer one is set aside unread."""
LARGEST_UNPACKED: Final = 64 * 1024**3
HIGHEST_RATIO: Final = 200
"""An archive that unpacks to more than this many times its size is taken for a bomb; text of real
events compresses 5 to 30 times."""


@dataclass
class Rows:
    """Raw columns of some lines, their numbers from 1, and the lines set aside."""

    columns: dict[str, pa.Array]
    lines: np.ndarray
    rejects: pa.Table


class EventLine(msgspec.Struct, gc=False):
    """One line of JSON Lines; unknown keys are passed over."""

    id: str
    type: str
    published: str
    actor: str
    observed: str | None = None
    target: str | None = None
    context: str | None = None
    visibility: str | None = None
    platform: str | None = None
    content: str | None = None
    lang: str | None = None


class _Gathered:
    """Rows on their way into a batch."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[str, list[str | None]] = {name: [] for name in NAMES}
        self.lines: list[int] = []
        self.rejected: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self.lines) + len(self.rejected)

    def take(self) -> Rows:
        columns = {name: pa.array(column, pa.string()) for name, column in self.values.items()}
        lines = np.array(self.lines, np.int64)
        rejects = pa.table(
            {
                "file": pa.array([self.file] * len(self.rejected), pa.string()),
                "line": pa.array([line for line, _ in self.rejected], pa.int64()),
                "reason": pa.array([reason for _, reason in self.rejected], pa.string()),
            },
            schema=REJECTS,
        )
        self.__init__(self.file)  # type: ignore[misc]  # begin the next batch empty
        return Rows(columns, lines, rejects)


def read_json_lines(path: Path, file: str, batch_rows: int) -> Iterator[Rows]:
    """Read JSON Lines.

    Args:
        path: the file, `.gz` or plain.
        file: its shown name.
        batch_rows: rows per batch.

    Yields:
        Batches of raw columns in file order.

    Raises:
        UndertowError: `file-unreadable` if an archive is broken or unpacks without bound.
    """
    decoder = msgspec.json.Decoder(EventLine)
    gathered = _Gathered(file)
    for number, line in _lines(path, file):
        if line is None:
            gathered.rejected.append((number, "the line is longer than 16 MiB"))
        elif line.strip(b"\r\n\t \xef\xbb\xbf"):
            try:
                event = decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as fault:
                gathered.rejected.append((number, json_reason(fault)))
            except RecursionError:
                gathered.rejected.append((number, "the line is nested too deeply"))
            else:
                gathered.lines.append(number)
                for name in NAMES:
                    gathered.values[name].append(getattr(event, name))
        if len(gathered) >= batch_rows:
            yield gathered.take()
    yield gathered.take()


def json_reason(fault: Exception) -> str:
    """Say why a line is no event, without a word of the line itself."""
    if isinstance(fault, UnicodeDecodeError):
        return "not UTF-8"
    text = str(fault)
    if isinstance(fault, msgspec.ValidationError):
        # Only our own field names and JSON type names stand in these texts.
        return f"not an event: {text[0].lower()}{text[1:]}"
    return "not UTF-8" if "utf-8" in text.lower() else "not JSON"


def read_csv_rows(path: Path, file: str, batch_rows: int) -> Iterator[Rows]:
    """Read CSV with a header of event-table column names; same promises as `read_json_lines`."""
    gathered = _Gathered(file)
    previous_limit = csv.field_size_limit(LONGEST_LINE)
    try:
        reader = csv.reader(_text_lines(path, file), strict=True)
        header = _header(reader, file)
        at = {name: header.index(name) for name in NAMES if name in header}
        while True:
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error:
                gathered.rejected.append((reader.line_num, "not a CSV row"))
                continue
            if row:
                _take_row(row, len(header), at, reader.line_num, gathered)
            if len(gathered) >= batch_rows:
                yield gathered.take()
        yield gathered.take()
    finally:
        csv.field_size_limit(previous_limit)


def _take_row(
    row: list[str], width: int, at: dict[str, int], line: int, gathered: _Gathered
) -> None:
    if len(row) != width:
        reason = f"{len(row)} fields where the header has {width}"
        gathered.rejected.append((line, reason))
        return
    picked = [row[at[name]] if name in at else None for name in NAMES]
    try:
        "".join(value for value in picked if value).encode()
    except UnicodeEncodeError:
        gathered.rejected.append((line, "not UTF-8"))
        return
    gathered.lines.append(line)
    for name, value in zip(NAMES, picked, strict=True):
        gathered.values[name].append(value or None)


def _header(reader: Iterator[list[str]], file: str) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader)]
    except (StopIteration, csv.Error):
        header = []
    twice = [name for name in NAMES if header.count(name) > 1]
    if twice:
        raise twofold(twice[0], Place(file, 1))
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        near = [nearest(name, header) for name in missing]
        hints = [f"`{n}` looks like `{m}`" for n, m in zip(near, missing, strict=True) if n]
        mend = "bring the file in with `undertow import csv --guess`"
        raise UndertowError(
            "the columns " + ", ".join(f"`{name}`" for name in missing) + " are missing",
            code="file-columns",
            place=Place(file, 1),
            mend=f"{mend}; {', '.join(hints)}" if hints else mend,
        )
    return header


def twofold(name: str, place: Place) -> UndertowError:
    """Make the fault of a column that stands twice: nobody can say which one is meant."""
    return UndertowError(
        f"the column `{name}` stands twice",
        code="file-columns",
        place=place,
        mend="rename or remove one of them",
    )


def _text_lines(path: Path, file: str) -> Iterator[str]:
    for number, line in _lines(path, file):
        if line is None:
            yield "\n"
            continue
        text = line.decode("utf-8", "surrogateescape")
        yield text.removeprefix("\ufeff") if number == 1 else text


def _lines(path: Path, file: str) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, bytes) of each line; None for the bytes of one that is too long."""
    packed = path.stat().st_size if path.suffix == ".gz" else 0
    most = min(LARGEST_UNPACKED, max(packed * HIGHEST_RATIO, LONGEST_LINE)) if packed else None
    seen = number = 0
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as raw:
            stream = cast(BinaryIO, raw)
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                seen += len(line)
                too_long = len(line) > LONGEST_LINE
                while too_long and line and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE)
                    seen += len(line)
                if most is not None and seen > most:
                    raise UndertowError(
                        "the archive unpacks to far more than its size",
                        code="file-unreadable",
                        place=Place(file, number),
                        mend="unpack it yourself if you trust it",
                    )
                yield number, None if too_long else line
    except (OSError, EOFError, zlib.error):
        raise UndertowError(
            "the file breaks off or cannot be read",
            code="file-unreadable",
            place=Place(file, number + 1),
            mend="export it anew; nothing of it was kept",
        ) from None

"""JSON Lines of the event table, a block at a time: decoded in bulk, checked as in batch, turned to integers.

A block of sound lines passes through one decoder call and a handful of column operations; only where
something is odd it goes line by line, through the very checks that `detect` makes. A faulty line is
set aside with its number and the reason, never quoted, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.check import EARLIEST, LATEST, check_rows
from undertow.events.lines import EventLine, json_reason
from undertow.events.read import direct_messages
from undertow.events.source import Source
from undertow.events.table import NAMES, TIME, TYPES, VISIBILITIES
from undertow.live.columns import (
    ACTOR,
    ADDRESS,
    AT,
    CONTEXT,
    DIRECT,
    FLAGS,
    LINK,
    PLATFORM,
    TARGET,
    TYPE,
    VISIBILITY,
    WIDTH,
    Array,
    Events,
)
from undertow.live.names import Names
from undertow.playbooks.grammar import Playbook
from undertow.signals.derive import address_column
from undertow.signals.marks import address_marks

FUTURE: Final = "`published` lies in the future"
TOO_LONG: Final = "the line is longer than 16 MiB"
STRETCH: Final = 1 << 18
"""Bytes decoded at once: the objects of so many lines stay in the processor's cache."""
_TYPES: Final = pa.array(TYPES)
_VISIBILITIES: Final = pa.array(VISIBILITIES)
_END: Final = ord("\n")
_BLANK: Final = b"\r\n\t \xef\xbb\xbf"

Reject = tuple[int, str]
"""A line's number, from 1, and why it was set aside."""


@dataclass(frozen=True)
class Block:
    """Whole lines as they came.

    Attributes:
        data: lines, each with its end.
        first: number of the first line.
        file: shown name of where they come from.
        overlong: numbers of lines that were cut off; they stand in `data` as empty lines.
    """

    data: bytes
    first: int
    file: str
    overlong: tuple[int, ...] = ()


@dataclass(frozen=True)
class Read:
    """What one block gave.

    Attributes:
        events: the sound lines.
        platforms: string, (n), as they stand in the lines: for the gates.
        rejects: lines set aside.
        lines: lines in the block, blank ones left out.
    """

    events: Events
    platforms: pa.Array
    rejects: list[Reject]
    lines: int


@dataclass
class LineReader:
    """Turns blocks of lines into events.

    Args:
        sources: declarations, for what counts as a direct message and for codes of platforms.
        playbooks: say which types of events have their text looked at.
        zone: zone of times that carry none, None refuses them.
        region: country of national phone numbers.
        ahead: lines whose `published` lies further than this behind the clock are set aside, microseconds;
            None takes them.
    """

    sources: tuple[Source, ...]
    playbooks: tuple[Playbook, ...]
    zone: ZoneInfo | None = None
    region: str | None = None
    ahead: int | None = None
    accounts: Names = field(default_factory=Names)
    rooms: Names = field(default_factory=Names)

    def __post_init__(self) -> None:
        self.platforms = list(dict.fromkeys(source.platform for source in self.sources))
        self._known_platforms = pa.array(self.platforms, pa.string())
        asked = {
            kind
            for playbook in self.playbooks
            for step in playbook.steps
            if {"address", "link"} & set(step.has)
            for kind in step.types
        }
        self._asked = np.array([kind in asked for kind in TYPES])
        self._decoder = msgspec.json.Decoder(EventLine)

    def read(self, block: Block) -> Read:
        """Decode one block."""
        pieces, numbers, rejects = self._decode(block)
        columns = {
            name: pa.concat_arrays([piece[place] for piece in pieces])
            for place, name in enumerate(NAMES)
            if any(piece[place].null_count < len(piece[place]) for piece in pieces)
        }
        made = len(numbers) + len(rejects)
        batch = self._quickly(columns, len(numbers))
        if batch is None:
            checked = check_rows(columns, numbers, block.file, self.zone)
            batch, numbers = checked.batch, checked.lines
            refused = checked.rejects
            rejects += zip(
                refused["line"].to_pylist(), refused["reason"].to_pylist(), strict=True
            )
        if self.ahead is not None:
            batch = self._now(batch, numbers, self.ahead, rejects)
        rejects.sort()
        return Read(self._events(batch), batch.column("platform"), rejects, made)

    @staticmethod
    def _now(
        batch: pa.RecordBatch, numbers: Array, ahead: int, rejects: list[Reject]
    ) -> pa.RecordBatch:
        """Set events aside that claim to happen later: one would make all others late."""
        latest = pa.scalar(datetime.now(UTC) + timedelta(microseconds=ahead), TIME)
        ahead_of_us = pc.greater(batch.column("published"), latest)
        flags = ahead_of_us.to_numpy(zero_copy_only=False)
        if not flags.any():
            return batch
        rejects += [(number, FUTURE) for number in numbers[flags].tolist()]
        return batch.filter(pc.invert(ahead_of_us))

    def _decode(self, block: Block) -> tuple[list[list[pa.Array]], Array, list[Reject]]:
        """Decode a block: columns of its stretches, the numbers of their lines, lines set aside."""
        pieces: list[list[pa.Array]] = []
        numbers = [np.empty(0, np.int64)]
        rejects: list[Reject] = [(number, TOO_LONG) for number in block.overlong]
        first = block.first
        for data in _stretches(block.data):
            count, is_plain = look_over(data)
            try:
                given = self._decoder.decode_lines(data) if is_plain else []
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                given = []
            if given and len(given) == count:
                numbers.append(np.arange(first, first + count))
            else:
                given, sound = self._line_by_line(data, first, rejects)
                numbers.append(sound)
            if given:
                pieces.append(_columns(given, data))
            first += count
        return pieces, np.concatenate(numbers), rejects

    def _line_by_line(
        self, data: bytes, first: int, rejects: list[Reject]
    ) -> tuple[list[EventLine], Array]:
        """Decode lines of which some are no events; those go to `rejects`."""
        given: list[EventLine] = []
        numbers: list[int] = []
        for number, line in enumerate(data.split(b"\n"), start=first):
            if not line.strip(_BLANK):
                continue
            try:
                event = self._decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
                rejects.append((number, json_reason(fault)))
            except RecursionError:
                rejects.append((number, "the line is nested too deeply"))
            else:
                given.append(event)
                numbers.append(number)
        return given, np.array(numbers, np.int64)

    def _quickly(self, columns: dict[str, pa.Array], n: int) -> pa.RecordBatch | None:
        """Check a block in which nothing is odd; None where anything may be."""
        if not n or "observed" in columns:
            return None
        try:
            at = columns["published"].cast(TIME)
        except pa.ArrowInvalid:
            return None
        reach = pc.min_max(at).as_py()
        is_plain = (
            EARLIEST.as_py() <= reach["min"]
            and reach["max"] <= LATEST.as_py()
            and _only(columns["type"], _TYPES)
            and ("visibility" not in columns or _only(columns["visibility"], _VISIBILITIES))
            and all(
                pc.min(pc.binary_length(column)).as_py()
                for name, column in columns.items()
                if name != "content"
            )
        )
        if not is_plain:
            return None
        wanted = {**columns, "published": at}
        arrays = [wanted.get(name, pa.nulls(n, pa.string())) for name in NAMES]
        return pa.RecordBatch.from_arrays(arrays, list(NAMES))

    def _events(self, batch: pa.RecordBatch) -> Events:
        columns = np.empty((WIDTH, batch.num_rows), np.int64)
        columns[AT] = batch.column("published").cast(pa.int64()).to_numpy()
        columns[TYPE] = pc.index_in(batch.column("type"), value_set=_TYPES).to_numpy()
        columns[ACTOR] = self.accounts.codes(batch.column("actor"))
        columns[TARGET] = self.accounts.codes(batch.column("target"))
        columns[CONTEXT] = self.rooms.codes(batch.column("context"))
        columns[VISIBILITY] = _index(batch.column("visibility"), _VISIBILITIES)
        columns[PLATFORM] = _index(batch.column("platform"), self._known_platforms)
        direct = direct_messages(batch, self.sources).to_numpy(zero_copy_only=False)
        columns[FLAGS] = np.where(direct, DIRECT, 0)
        self._look(batch.column("content"), columns)
        return Events(batch.column("id"), columns)

    def _look(self, content: pa.Array, columns: Array) -> None:
        """Look for addresses in the texts that some playbook asks about, and keep only whether there are."""
        rows = np.flatnonzero(self._asked[columns[TYPE]])
        if not len(rows) or content.null_count == len(content):
            return
        texts = content.take(pa.array(rows))
        marks = address_marks(address_column(texts, region=self.region))
        columns[FLAGS, rows] |= np.where(marks["address"], ADDRESS, 0)
        columns[FLAGS, rows] |= np.where(marks["link"], LINK, 0)


def count_lines(data: bytes) -> int:
    """Count lines; the last may lack its end. Many times quicker than `bytes.count`."""
    if not data:
        return 0
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == _END)) + (data[-1] != _END)


def look_over(data: bytes) -> tuple[int, bool]:
    """Count lines, and say whether each begins and ends as an object: then as many values are one a line.

    The last line may lack its end.
    """
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == _END)
    if not len(ends) or ends[-1] != len(raw) - 1:
        ends = np.append(ends, len(raw))
    last = raw[np.maximum(ends - 1, 0)]
    last = np.where(last == ord("\r"), raw[np.maximum(ends - 2, 0)], last)
    begins = np.append(0, ends[:-1] + 1)
    is_plain = bool((last == ord("}")).all() and (raw[begins] == ord("{")).all())
    return len(ends), is_plain


def _only(given: pa.Array, words: pa.Array) -> bool:
    """Say whether a column holds nothing but known words and nulls."""
    places = pc.index_in(given, value_set=words)
    return bool(places.null_count == given.null_count)


def _stretches(data: bytes) -> Iterator[bytes]:
    """Cut whole lines into stretches of whole lines."""
    begin = 0
    while begin < len(data):
        end = data.rfind(b"\n", begin, begin + STRETCH) + 1
        if not end:
            end = data.find(b"\n", begin) + 1 or len(data)
        if len(data) - end < STRETCH // 8:
            end = len(data)
        yield data[begin:end]
        begin = end


def _columns(given: list[EventLine], data: bytes) -> list[pa.Array]:
    """Turn lines into columns in the order of `NAMES`; one attribute at a time is quickest by far.

    What hardly anybody writes is looked for in the bytes first: a word that stands in none of them, and is not
    written in escapes either, is no key of any line.
    """
    escaped = b"\\u" in data
    columns: tuple[list[str | None] | None, ...] = (
        [line.id for line in given],
        [line.type for line in given],
        [line.published for line in given],
        [line.observed for line in given] if escaped or b'"observed"' in data else None,
        [line.actor for line in given],
        [line.target for line in given],
        [line.context for line in given],
        [line.visibility for line in given],
        [line.platform for line in given],
        [line.content for line in given],
        [line.lang for line in given] if escaped or b'"lang"' in data else None,
    )
    return [
        pa.nulls(len(given), pa.string()) if column is None else pa.array(column, pa.string())
        for column in columns
    ]


def _index(given: pa.Array, known: pa.Array) -> Array:
    """Give places among known words, -1 for null and for words that are not known."""
    if given.null_count == len(given):
        return np.full(len(given), -1)
    places: Array = pc.index_in(given, value_set=known).fill_null(-1).to_numpy()
    return places

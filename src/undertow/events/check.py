"""Row checks, one batch at a time: what is sound goes on, what is faulty is set aside with its line.

Enters: a batch as a reader found it (strings, times perhaps as text). Leaves: a batch of the event
table's eleven columns, and rows of `REJECTS`. Nothing is dropped silently and no value is quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from undertow.events.table import COLUMNS, REJECTS, SCHEMA, TIME, TYPES, VISIBILITIES

NO_ZONE: Final = "`{}` has no time zone (give --timezone)"
NOT_A_TIME: Final = "`{}` is not an ISO 8601 time"
EARLIEST: Final = pa.scalar(datetime(1, 1, 1, tzinfo=UTC), TIME)
LATEST: Final = pa.scalar(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), TIME)


@dataclass
class Checked:
    """The sound rows of one batch and the rows set aside."""

    batch: pa.RecordBatch
    lines: np.ndarray
    """int64, (rows of `batch`): the line of each, from 1."""
    rejects: pa.Table


def check_rows(
    columns: dict[str, pa.Array], lines: np.ndarray, file: str, zone: ZoneInfo | None
) -> Checked:
    """Check one batch of raw columns against the event table.

    Args:
        columns: arrays by column name, all of one length; absent columns count as null.
        lines: int64, (n): the line (Parquet: row) of each row, from 1.
        file: shown name of the file, for the rejects.
        zone: zone of times that carry none; None refuses them.

    Returns:
        The sound rows in `SCHEMA` and the faulty ones with their first fault.
    """
    n = len(lines)
    faults = Faulty(n)
    made: dict[str, pa.Array] = {}
    for column in COLUMNS:
        given = columns.get(column.name)
        if given is None:
            made[column.name] = pa.nulls(n, column.type)
        elif column.type == TIME:
            made[column.name] = _in_range(_times(given, column.name, zone, faults), faults)
        else:
            text = _texts(_sound(given, faults), column.name == "content")
            made[column.name] = text
        if not column.null:
            faults.mark(pc.is_null(made[column.name]), f"`{column.name}` is missing")
    _known(made["type"], TYPES, "type", faults)
    _known(made["visibility"], VISIBILITIES, "visibility", faults)
    batch = pa.RecordBatch.from_arrays(
        [made[name] for name in SCHEMA.names], names=SCHEMA.names
    )
    if not faults.any:
        return Checked(batch.cast(SCHEMA), lines, REJECTS.empty_table())
    bad = np.flatnonzero(faults.reason >= 0)
    rejects = pa.table(
        {
            "file": pa.array([file] * len(bad), pa.string()),
            "line": pa.array(lines[bad]),
            "reason": pa.array([faults.texts[k] for k in faults.reason[bad]], pa.string()),
        },
        schema=REJECTS,
    )
    good = faults.reason < 0
    return Checked(batch.filter(pa.array(good)).cast(SCHEMA), lines[good], rejects)


class Faulty:
    """The first fault of each row of a batch, as a number into `texts` (-1: none)."""

    def __init__(self, rows: int) -> None:
        self.reason = np.full(rows, -1, np.int32)
        self.texts: list[str] = []

    @property
    def any(self) -> bool:
        """Whether any row is faulty."""
        return bool((self.reason >= 0).any())

    def mark(self, where: pa.Array, text: str) -> None:
        """Give the rows at `where` (boolean, null as false) this fault unless they have one."""
        hit = where.fill_null(False).to_numpy(zero_copy_only=False) & (self.reason < 0)
        if hit.any():
            self.texts.append(text)
            self.reason[hit] = len(self.texts) - 1


def _sound(given: pa.Array, faults: Faulty) -> pa.Array:
    """Mark rows whose bytes are not UTF-8, and empty them: Parquet promises text and may lie."""
    if pa.types.is_null(given.type):
        return given
    text = given.dictionary_decode() if pa.types.is_dictionary(given.type) else given
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        raw = text.cast(pa.large_binary()).to_pylist()
        broken = pa.array([one is not None and not _is_utf8(one) for one in raw])
        faults.mark(broken, "not UTF-8")
        kept = [None if bad else one for one, bad in zip(raw, broken.to_pylist(), strict=True)]
        return pa.array(kept, pa.binary()).cast(pa.string())
    return text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _texts(given: pa.Array, keep_empty: bool) -> pa.Array:
    if pa.types.is_dictionary(given.type):
        given = given.dictionary_decode()
    text = given.cast(pa.string())
    return (
        text
        if keep_empty
        else pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    )


def _known(given: pa.Array, words: tuple[str, ...], name: str, faults: Faulty) -> None:
    known = pc.is_in(given, value_set=pa.array(words))
    faults.mark(
        pc.and_(pc.is_valid(given), pc.invert(known)), f"`{name}` holds an unknown word"
    )


def _times(given: pa.Array, name: str, zone: ZoneInfo | None, faults: Faulty) -> pa.Array:
    if pa.types.is_timestamp(given.type):
        if given.type.tz is None:
            if zone is None:
                faults.mark(pc.is_valid(given), NO_ZONE.format(name))
                return pa.nulls(len(given), TIME)
            given = pc.assume_timezone(
                given, timezone=zone.key, ambiguous="earliest", nonexistent="earliest"
            )
        return given.cast(TIME, safe=False)
    text = _texts(given, keep_empty=False)
    try:
        return text.cast(TIME)
    except pa.ArrowInvalid:
        return _times_one_by_one(text, name, zone, faults)


def _in_range(times: pa.Array, faults: Faulty) -> pa.Array:
    """Refuse moments that no calendar program can show: Arrow reads more years than there are."""
    outside = pc.or_(pc.less(times, EARLIEST), pc.greater(times, LATEST))
    faults.mark(outside, "a time lies outside the years 1 to 9999")
    return pc.if_else(outside, pa.scalar(None, TIME), times)


def _times_one_by_one(
    text: pa.Array, name: str, zone: ZoneInfo | None, faults: Faulty
) -> pa.Array:
    moments: list[datetime | None] = []
    without_zone, no_time = np.zeros(len(text), bool), np.zeros(len(text), bool)
    for row, one in enumerate(text.to_pylist()):
        moment = None
        if one is not None:
            try:
                moment = datetime.fromisoformat(one.strip())
                if moment.tzinfo is None:
                    without_zone[row] = zone is None
                    moment = None if zone is None else moment.replace(tzinfo=zone)
                moment = moment and moment.astimezone(UTC)
            except (ValueError, OverflowError):
                no_time[row] = True
                moment = None
        moments.append(moment)
    faults.mark(pa.array(without_zone), NO_ZONE.format(name))
    faults.mark(pa.array(no_time), NOT_A_TIME.format(name))
    return pa.array(moments, TIME)

"""Reading events files and folders in batches, memory bounded, faulty rows set aside.

Parquet, JSON Lines and CSV of the event table (`.gz` beside the last two). A faulty file is one clear
error before anything else happens; a faulty row goes to `rejects` with file, line and reason.
Direct messages are read only under a declared lawful ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.errors import Place, UndertowError, shown_name
from undertow.events.check import Checked, check_rows
from undertow.events.lines import read_csv_rows, read_json_lines, twofold
from undertow.events.parquet import BATCH_ROWS, PARQUET_FAULTS
from undertow.events.paths import events_files, kind_of
from undertow.events.source import (
    METADATA_KEY,
    SIMULATED_KEY,
    Source,
    sources_beside,
    sources_from_json,
)
from undertow.events.table import NAMES, REJECTS, REQUIRED


@dataclass
class EventFile:
    """One file that has been opened far enough to know its shape and its sources."""

    path: Path
    kind: str
    sources: tuple[Source, ...]
    simulated: dict[str, object] | None = None
    rows: int | None = None

    @property
    def name(self) -> str:
        """The name shown in messages and rejects."""
        return shown_name(self.path)


@dataclass
class EventFiles:
    """Files that are read as one table, in batches.

    `rejects` grows while `batches` runs and is complete at its end.
    """

    files: list[EventFile]
    ground: str | None
    zone: ZoneInfo | None
    warnings: list[str] = field(default_factory=list)
    rejects: pa.Table = field(default_factory=REJECTS.empty_table)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Declarations of all files, in their order, repeats left out."""
        return tuple(dict.fromkeys(s for file in self.files for s in file.sources))

    @property
    def simulated(self) -> dict[str, object] | None:
        """How the first simulated file among them was made, None if all is real."""
        return next((f.simulated for f in self.files if f.simulated is not None), None)

    @property
    def rows(self) -> int | None:
        """Rows in all files together, None where a file does not say before it is read."""
        counts = [file.rows for file in self.files]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def grounds(self) -> list[str]:
        """Lawful grounds, declared or given, without repeats."""
        stated = [self.ground, *(source.ground for source in self.sources)]
        return list(dict.fromkeys(ground for ground in stated if ground))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the sound rows of all files in the eleven columns, file by file.

        Raises:
            UndertowError: `ground-missing` at the first direct message without a ground,
                `file-unreadable` where a file breaks off, `file-nothing-usable` where every row
                of a file was set aside.
        """
        for file in self.files:
            kept = refused = 0
            for checked in checked_rows(file, self.zone):
                if checked.rejects.num_rows:
                    refused += checked.rejects.num_rows
                    self.rejects = pa.concat_tables([self.rejects, checked.rejects])
                if checked.batch.num_rows:
                    kept += checked.batch.num_rows
                    _hold_ground(checked.batch, file, self.ground)
                    yield checked.batch
            if refused and not kept:
                raise nothing_usable(file, self.rejects.slice(self.rejects.num_rows - refused))


def nothing_usable(file: EventFile, rejects: pa.Table) -> UndertowError:
    """Make the fault of a file of which every row was set aside."""
    return UndertowError(
        f"all {rejects.num_rows} rows were set aside: {rejects['reason'][-1].as_py()}",
        code="file-nothing-usable",
        place=Place(file.name, int(rejects["line"][-1].as_py())),
        mend="see `undertow import csv --guess` for files of another shape",
    )


def open_events(
    paths: Iterable[Path | str], *, ground: str | None = None, timezone: str | None = None
) -> EventFiles:
    """Open files and folders of the event table.

    Args:
        paths: files, or folders whose events files are taken (in the order of their names).
        ground: lawful ground for sources that declare none.
        timezone: IANA zone of times without one; None refuses such times.

    Returns:
        The opened files; nothing of their rows has been read yet.

    Raises:
        UndertowError: a path is missing, a format unknown, a file empty, broken or without the
            required columns, a sources declaration faulty, a zone unknown.
    """
    files = [_open(path) for path in events_files(paths)]
    if not files:
        raise UndertowError(
            "no events files are there",
            code="file-missing",
            mend="name a file or a folder of them",
        )
    opened = EventFiles(
        files, ground.strip() if ground and ground.strip() else None, _zone(timezone)
    )
    bare = [file.name for file in files if not file.sources]
    if bare:
        opened.warnings.append(
            f"{bare[0]}{f' and {len(bare) - 1} more' if len(bare) > 1 else ''}: no sources declared; "
            "everything is taken as observable, so steps the data cannot show count as not taken"
        )
    if len({file.simulated is None for file in files}) > 1:
        raise UndertowError(
            "simulated and real events are mixed",
            code="events-mixed",
            mend="read them apart: a simulated world stays marked for good",
        )
    return opened


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UndertowError(
            "the time zone is not known",
            code="timezone-unknown",
            mend="give an IANA name such as `Europe/Berlin` or `UTC`",
        ) from None


def _open(path: Path) -> EventFile:
    place = Place(shown_name(path))
    if not path.is_file():
        raise UndertowError(
            "the file is not there", code="file-missing", place=place, mend="check the path"
        )
    kind = kind_of(path)
    if kind is None:
        mend = "give Parquet, JSON Lines or CSV, or bring it in with `undertow import`"
        raise UndertowError(
            "the file's format is not known", code="file-unknown-format", place=place, mend=mend
        )
    if path.stat().st_size == 0:
        raise UndertowError(
            "the file is empty", code="file-empty", place=place, mend="export it anew"
        )
    if kind == "parquet":
        return _open_parquet(path, place)
    return EventFile(path, kind, sources_beside(path))


def _open_parquet(path: Path, place: Place) -> EventFile:
    try:
        parquet = pq.ParquetFile(path)
    except PARQUET_FAULTS:
        raise unreadable(place) from None
    with parquet:
        schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
        twice = [name for name in NAMES if schema.names.count(name) > 1]
        if twice:
            raise twofold(twice[0], place)
        missing = [name for name in REQUIRED if name not in schema.names]
        if missing:
            raise _columns(missing, place)
        for name in set(NAMES) & set(schema.names):
            _check_type(name, schema.field(name).type, place)
        metadata = schema.metadata or {}
        declared = metadata.get(METADATA_KEY)
        sources = sources_from_json(declared, place) if declared else sources_beside(path)
        made = metadata.get(SIMULATED_KEY)
        simulated: dict[str, object] | None = None
        if made is not None:
            try:
                simulated = dict(msgspec.json.decode(made))
            except (msgspec.DecodeError, TypeError, ValueError):
                simulated = {"made": "unknown"}
    return EventFile(path, "parquet", sources, simulated, rows)


def _check_type(name: str, given: pa.DataType, place: Place) -> None:
    inner = given.value_type if pa.types.is_dictionary(given) else given
    text = (
        pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_null(inner)
    )
    time = name in ("published", "observed") and pa.types.is_timestamp(given)
    if not (text or time):
        wanted = "timestamp[us, UTC]" if name in ("published", "observed") else "string"
        raise UndertowError(
            f"the column `{name}` is {given}, not {wanted}",
            code="file-column-type",
            place=place,
            mend=f"cast it to {wanted}, or bring the file in with `undertow import csv --map`",
        )


def _columns(missing: list[str], place: Place) -> UndertowError:
    names = ", ".join(f"`{name}`" for name in missing)
    return UndertowError(
        f"the columns {names} are missing",
        code="file-columns",
        place=place,
        mend="bring the file in with `undertow import csv --guess`, or rename its columns",
    )


def unreadable(place: Place) -> UndertowError:
    """Make the fault of a file that cannot be read to its end."""
    return UndertowError(
        "the file is damaged or not what its name says",
        code="file-unreadable",
        place=place,
        mend="export it anew; nothing of it was kept",
    )


def checked_rows(file: EventFile, zone: ZoneInfo | None) -> Iterator[Checked]:
    """Yield a file's rows in batches, each row checked."""
    if file.kind == "parquet":
        yield from _read_parquet(file, zone)
        return
    reader = read_json_lines if file.kind == "jsonl" else read_csv_rows
    for rows in reader(file.path, file.name, BATCH_ROWS):
        if len(rows.lines):
            yield check_rows(rows.columns, rows.lines, file.name, zone)
        if rows.rejects.num_rows:
            yield Checked(_EMPTY, np.empty(0, np.int64), rows.rejects)


_EMPTY: Final = pa.RecordBatch.from_pydict({name: [] for name in NAMES})


def _read_parquet(file: EventFile, zone: ZoneInfo | None) -> Iterator[Checked]:
    row = 1
    try:
        with pq.ParquetFile(file.path) as parquet:
            names = [name for name in NAMES if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(BATCH_ROWS, columns=names):
                lines = np.arange(row, row + batch.num_rows, dtype=np.int64)
                row += batch.num_rows
                columns = {name: batch.column(name) for name in names}
                yield check_rows(columns, lines, file.name, zone)
    except PARQUET_FAULTS:
        raise unreadable(Place(file.name, row)) from None


def _hold_ground(batch: pa.RecordBatch, file: EventFile, ground: str | None) -> None:
    if ground is not None:
        return
    direct = direct_messages(batch, file.sources)
    if not pc.any(direct).as_py():
        return
    grounded = {source.platform for source in file.sources if source.ground}
    platforms = pc.unique(batch.column("platform").filter(direct)).to_pylist()
    if any(platform not in grounded for platform in platforms):
        raise no_ground(file)


def no_ground(file: EventFile) -> UndertowError:
    """Make the fault of direct messages that nobody may read."""
    return UndertowError(
        "direct messages are there and no lawful ground is declared; nothing was read",
        code="ground-missing",
        place=Place(file.name),
        mend="declare `ground` in the sources, or give --ground TEXT",
    )


def limited_to(sources: Iterable[Source]) -> frozenset[str]:
    """Name the platforms whose sources all limit themselves to `public` or `group`."""
    wide: dict[str, bool] = {}
    for source in sources:
        wide[source.platform] = wide.get(source.platform, True) and source.kind != "direct"
    return frozenset(name for name, is_limited in wide.items() if is_limited)


def direct_messages(batch: pa.RecordBatch, sources: Iterable[Source]) -> pa.Array:
    """Mark the rows that are direct messages: boolean, (n), never null.

    Direct is whatever says so, of any type, and a `message` to an account that says nothing while the
    platform's sources do not limit themselves to `public` or `group`.
    """
    limited = pa.array(sorted(limited_to(sources)), pa.string())
    silent = pc.and_(
        pc.is_null(batch.column("visibility")),
        pc.invert(pc.is_in(batch.column("platform"), value_set=limited)),
    )
    stated = pc.equal(batch.column("visibility"), "direct").fill_null(False)
    addressed = pc.and_(
        pc.equal(batch.column("type"), "message"), pc.is_valid(batch.column("target"))
    )
    return pc.or_(stated, pc.and_(addressed, silent))

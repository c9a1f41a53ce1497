"""From any reader to a file: batches, rejects, sources, and what to tell the person.

Rows go to an Arrow spool beside the output first, because the sources (period, types, gaps) are
known only at the end; then `write_events` puts the file in place at once. Whatever fails on the
way leaves an older output untouched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.errors import DONE, PARTLY_REFUSED, Place, UndertowError
from undertow.events.read import direct_messages
from undertow.events.source import Source
from undertow.events.table import REJECTS, SCHEMA, TIME
from undertow.events.write import write_events
from undertow.importers.rows import Reader, Row, Tally
from undertow.importers.times import EPOCH
from undertow.units import DAY, MINUTE, SECOND

BATCH: Final = 50_000
"""Rows held at once: with texts of 100 characters about 20 MB."""
ENOUGH: Final = 20
"""Rows after which whole minutes or days are taken for the precision and not for chance. Ours."""
SHOWN_REASONS: Final = 3


@dataclass
class Seen:
    """What stood in the rows of one platform."""

    types: Counter[str] = field(default_factory=Counter)
    since: int | None = None
    until: int | None = None
    visibilities: set[str] = field(default_factory=set)
    direct: int = 0
    content: bool = False
    coarse: dict[int, bool] = field(
        default_factory=lambda: dict.fromkeys((SECOND, MINUTE, DAY), True)
    )

    @property
    def rows(self) -> int:
        """Rows of this platform."""
        return self.types.total()

    def precision(self) -> str:
        """Say how fine the times are, from the times themselves."""
        if self.rows >= ENOUGH and self.coarse[DAY]:
            return "day"
        if self.rows >= ENOUGH and self.coarse[MINUTE]:
            return "min"
        return "s" if self.coarse[SECOND] else "us"


@dataclass(frozen=True)
class Outcome:
    """What an import did, for the screen.

    Attributes:
        out: the events file; None if there was no row and none was asked for.
        events: rows written.
        types: event type -> rows.
        platforms: platform -> rows.
        since: first `published`, UTC.
        until: last `published`, UTC.
        rejected: reason -> records set aside.
        rejects: file that lists them, None if none were.
        gaps: what could not be shown or had to be changed -> times.
        other: what was read and is no event -> times.
        sources: as written into the file.
    """

    out: Path | None
    events: int
    types: dict[str, int]
    platforms: dict[str, int]
    since: datetime | None
    until: datetime | None
    rejected: dict[str, int]
    rejects: Path | None
    gaps: dict[str, int]
    other: dict[str, int]
    sources: tuple[Source, ...]

    @property
    def exit_code(self) -> int:
        """0, or 3 if some records were set aside."""
        return PARTLY_REFUSED if self.rejected else DONE


def rejects_path(out: Path) -> Path:
    """Name the file of rejects that stands beside an events file."""
    return out.with_suffix(".rejects.parquet")


def write_import(
    reader: Reader,
    out: Path,
    *,
    rejects: Path | None = None,
    may_be_empty: bool = False,
    advance: Callable[[int], None] | None = None,
) -> Outcome:
    """Read everything and put the events file in place.

    Args:
        reader: where rows come from.
        out: the events file (Parquet); replaced only when all is written.
        rejects: where records set aside are listed; default: beside `out`.
        may_be_empty: no row at all is no fault; then nothing is written.
        advance: told the rows of each batch.

    Raises:
        UndertowError: `ground-missing` at the first direct message without a ground;
            `import-nothing` if there is not one row; `output-unwritable`.
    """
    rejects = rejects or rejects_path(out)
    tally, seen = Tally(), dict[str, Seen]()
    spool, part = (
        out.with_name(f".{out.name}.spool"),
        rejects.with_name(f".{rejects.name}.part"),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        rejects.parent.mkdir(parents=True, exist_ok=True)
        _spool(reader, spool, part, tally, seen, advance)
        sources = tuple(_source(reader, name, one, tally) for name, one in sorted(seen.items()))
        if sources:
            write_events(out, _batches(spool), schema=SCHEMA, sources=sources)
        elif not may_be_empty or tally.rejected:
            raise _nothing(reader, tally)
        _place_rejects(part, rejects, bool(tally.rejected))
    except OSError as fault:
        what = f"cannot write `{out.name}`: {fault.strerror or 'input or output failed'}"
        raise UndertowError(
            what, code="output-unwritable", mend="choose another --out"
        ) from fault
    finally:
        with suppress(OSError):  # where the folder is none, there is nothing to clear away
            spool.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
    return _outcome(out if sources else None, rejects, tally, seen, sources)


def _spool(
    reader: Reader,
    spool: Path,
    part: Path,
    tally: Tally,
    seen: dict[str, Seen],
    advance: Callable[[int], None] | None,
) -> None:
    rows = reader.rows(tally)
    with (
        pa.OSFile(str(spool), "wb") as sink,
        pa.ipc.new_stream(sink, SCHEMA) as writer,
        pq.ParquetWriter(part, REJECTS, compression="zstd") as aside,
    ):
        tally.spill = partial(_write_rejects, aside, tally, reader.name)
        while True:
            batch = _batch(rows)
            if not batch.num_rows:
                tally.spill()
                return
            _look(batch, seen)
            _need_ground(reader, seen)
            writer.write_batch(batch)
            if advance is not None:
                advance(batch.num_rows)


def _batch(rows: Iterator[Row]) -> pa.RecordBatch:
    taken = list(islice(rows, BATCH))
    columns = dict(zip(Row._fields, zip(*taken, strict=True), strict=True)) if taken else {}
    arrays = []
    for one in SCHEMA:
        values = columns.get(one.name, ())
        if one.type == TIME:
            arrays.append(pa.array(values, pa.int64()).cast(TIME))
        else:
            arrays.append(pa.array(values, one.type))
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _write_rejects(aside: pq.ParquetWriter, tally: Tally, name: str) -> None:
    if not tally.waiting:
        return
    lines, reasons = zip(*tally.waiting, strict=True)
    names = pa.repeat(pa.scalar(name), len(lines))
    aside.write_batch(
        pa.RecordBatch.from_arrays(
            [names, pa.array(lines, pa.int64()), pa.array(reasons, pa.string())], schema=REJECTS
        )
    )
    tally.waiting.clear()


def _look(batch: pa.RecordBatch, seen: dict[str, Seen]) -> None:
    """Add one batch to what was seen, per platform."""
    for platform in pc.unique(batch["platform"]).to_pylist():
        part = batch.filter(pc.equal(batch["platform"], platform))
        one = seen.setdefault(platform, Seen())
        for entry in pc.value_counts(part["type"]).to_pylist():
            one.types[entry["values"]] += entry["counts"]
        moments = part["published"].cast(pa.int64())
        for unit in one.coarse:
            whole = pc.multiply(pc.divide(moments, unit), unit)
            one.coarse[unit] = one.coarse[unit] and pc.all(pc.equal(whole, moments)).as_py()
        # Where a stream was witnessed, its coverage is when it was witnessed: claims reach far back.
        span = part["observed"] if part["observed"].null_count == 0 else part["published"]
        ends = pc.min_max(span.cast(pa.int64())).as_py()
        one.since = ends["min"] if one.since is None else min(one.since, ends["min"])
        one.until = ends["max"] if one.until is None else max(one.until, ends["max"])
        one.visibilities.update(v for v in pc.unique(part["visibility"]).to_pylist() if v)
        one.direct += pc.sum(direct_messages(part, ())).as_py() or 0
        one.content = one.content or part["content"].null_count < part.num_rows


def _need_ground(reader: Reader, seen: dict[str, Seen]) -> None:
    if reader.ground or not (reader.needs_ground or any(one.direct for one in seen.values())):
        return
    raise UndertowError(
        "direct messages are read only under a declared lawful ground",
        code="ground-missing",
        place=Place(reader.name),
        mend='add `--ground "TEXT"`; it is written into the file and shown on every output',
    )


def _source(reader: Reader, platform: str, seen: Seen, tally: Tally) -> Source:
    kind = "direct" if seen.direct or reader.needs_ground else "public"
    if kind == "public" and seen.visibilities & {"group", "followers"}:
        kind = "group"
    extra: dict[str, object] = {"importer": reader.about.name}
    if reader.about.pocket:
        extra["pocket"] = True
    if tally.gaps:
        extra["gaps"] = dict(sorted(tally.gaps.items()))
    types = reader.types if reader.types is not None else tuple(sorted(seen.types))
    return Source(
        platform=platform,
        types=types,
        since=_moment(seen.since),
        until=_moment(seen.until),
        content=seen.content,
        precision=reader.precision or seen.precision(),
        kind=reader.kind or kind,
        ground=reader.ground,
        extra=extra,
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def _batches(spool: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(spool), "rb") as file, pa.ipc.open_stream(file) as stream:
        yield from stream


def _place_rejects(part: Path, rejects: Path, any_rejected: bool) -> None:
    """Put the list of rejects in place, or take away the list of an earlier run."""
    if any_rejected:
        part.replace(rejects)
    else:
        rejects.unlink(missing_ok=True)


def _nothing(reader: Reader, tally: Tally) -> UndertowError:
    what = "not one event could be read"
    if tally.rejected:
        reasons = tally.rejected.most_common(SHOWN_REASONS)
        what += ": " + ", ".join(f"{reason} ({count})" for reason, count in reasons)
    elif tally.other:
        what += ": it holds only records that are no events"
    mend = "`undertow import --list` says what each format looks like"
    if any("without a zone" in reason for reason in tally.rejected):
        mend = "add `--timezone NAME`, such as `--timezone Europe/Berlin`"
    return UndertowError(what, code="import-nothing", place=Place(reader.name), mend=mend)


def _outcome(
    out: Path | None,
    rejects: Path,
    tally: Tally,
    seen: dict[str, Seen],
    sources: tuple[Source, ...],
) -> Outcome:
    types: Counter[str] = Counter()
    for one in seen.values():
        types.update(one.types)
    return Outcome(
        out=out,
        events=types.total(),
        types=dict(types.most_common()),
        platforms={name: one.rows for name, one in seen.items()},
        since=min((s.since for s in sources if s.since), default=None),
        until=max((s.until for s in sources if s.until), default=None),
        rejected=dict(tally.rejected.most_common()),
        rejects=rejects if tally.rejected else None,
        gaps=dict(tally.gaps.most_common()),
        other=dict(tally.other.most_common()),
        sources=sources,
    )

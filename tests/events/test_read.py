"""Reading events files: sound rows go on, faulty rows are set aside, faulty files are one error."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.events.read import open_events
from undertow.events.source import Source, write_sidecar
from undertow.events.table import SCHEMA
from undertow.events.write import write_events

GOOD = {
    "id": "1",
    "type": "message",
    "published": "2026-01-01T00:00:00Z",
    "actor": "p:a",
    "target": "p:b",
    "content": "the notes are on the shelf",
}


def lines(path: Path, *rows: object) -> Path:
    """Write rows as JSON Lines; text and bytes go in as they are."""
    with path.open("wb") as file:
        for row in rows:
            raw = (
                row
                if isinstance(row, bytes)
                else row.encode()
                if isinstance(row, str)
                else json.dumps(row).encode()
            )
            file.write(raw + b"\n")
    return path


def read(*paths: Path, **options: str) -> tuple[list[dict[str, object]], list[tuple[int, str]]]:
    files = open_events(paths, **{"ground": "a test", **options})
    rows = [row for batch in files.batches() for row in batch.to_pylist()]
    return rows, [(r["line"], r["reason"]) for r in files.rejects.to_pylist()]


def test_json_lines_csv_and_parquet_of_the_same_rows_read_alike(tmp_path: Path) -> None:
    rows = [GOOD, {**GOOD, "id": "2", "content": 'with a "quote",\nand a line', "target": None}]
    one = lines(tmp_path / "e.jsonl", *rows)
    names = list(GOOD)
    two = tmp_path / "e.csv"
    table = pa.Table.from_pylist(rows)
    quoted = [
        ",".join('"' + (r[n] or "").replace('"', '""') + '"' for n in names) for r in rows
    ]  # type: ignore[union-attr]  # all are text
    two.write_text(",".join(names) + "\n" + "\n".join(quoted) + "\n", encoding="utf-8-sig")
    three = tmp_path / "e.parquet"
    pq.write_table(table, three)
    first, refused = read(one)
    assert not refused
    assert first[0]["published"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert read(two) == (first, [])
    assert read(three) == (first, [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            {**GOOD, "published": "2026-01-01T00:00:00"},
            "`published` has no time zone (give --timezone)",
        ),
        ({**GOOD, "published": "yesterday"}, "`published` is not an ISO 8601 time"),
        (
            {**GOOD, "published": "0001-01-01T00:00:00+14:00"},
            "a time lies outside the years 1 to 9999",
        ),
        ({**GOOD, "type": "chat"}, "`type` holds an unknown word"),
        ({**GOOD, "visibility": "secret"}, "`visibility` holds an unknown word"),
        ({**GOOD, "actor": ""}, "`actor` is missing"),
        (
            {k: v for k, v in GOOD.items() if k != "id"},
            "not an event: object missing required field `id`",
        ),
        (
            {**GOOD, "target": 7},
            "not an event: expected `str | null`, got `int` - at `$.target`",
        ),
        ("{", "not JSON"),
        ('{"x": ' + "[" * 100_000, "the line is nested too deeply"),
        ('{"id": NaN}', "not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        ("[]", "not an event: expected `object`, got `array`"),
    ],
)
def test_a_faulty_line_is_set_aside_with_its_number_and_reason(
    tmp_path: Path, row: object, reason: str
) -> None:
    rows, refused = read(lines(tmp_path / "e.jsonl", GOOD, row, {**GOOD, "id": "3"}))
    assert [r["id"] for r in rows] == ["1", "3"]
    assert refused == [(2, reason)]


def test_a_reason_never_quotes_the_line(tmp_path: Path) -> None:
    secret = "zq-secret-zq"
    bad = [
        {**GOOD, key: secret if key != "target" else [secret]}
        for key in ("type", "published", "target")
    ]
    files = open_events([lines(tmp_path / "e.jsonl", GOOD, *bad, secret)], ground="a test")
    list(files.batches())
    assert files.rejects.num_rows == 4
    assert secret not in str(files.rejects.to_pylist())


def test_a_ragged_or_unquoted_csv_row_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(
        b"id,type,published,actor\n1,post,2026-01-01T00:00:00Z,a\n2,post\n3,post,2026-01-01T00:00:00Z,\xff\n"
        b"4,post,2026-01-01T00:00:00Z,a\n"
    )
    rows, refused = read(path)
    assert [r["id"] for r in rows] == ["1", "4"]
    assert refused == [(3, "2 fields where the header has 4"), (4, "not UTF-8")]


def test_times_without_a_zone_are_read_in_the_zone_given(tmp_path: Path) -> None:
    bare = {**GOOD, "published": "2026-07-01T12:00:00"}
    rows, refused = read(lines(tmp_path / "e.jsonl", bare), timezone="Europe/Berlin")
    assert rows[0]["published"] == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert not refused
    pq.write_table(
        pa.Table.from_pylist([{**GOOD, "published": datetime(2026, 7, 1, 12)}]),
        tmp_path / "e.parquet",
    )
    rows, _ = read(tmp_path / "e.parquet", timezone="Europe/Berlin")
    assert rows[0]["published"] == datetime(2026, 7, 1, 10, tzinfo=UTC)


def fault(path: Path, **options: str | None) -> UndertowError:
    with pytest.raises(UndertowError) as caught:
        list(open_events([path], **{"ground": "a test", **options}).batches())  # type: ignore[arg-type]  # options by name
    assert caught.value.exit_code == 2
    assert str(path.parent) not in str(caught.value)
    return caught.value


def test_a_faulty_file_is_one_clear_error(tmp_path: Path) -> None:
    def file(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.Table.from_pylist([GOOD] * 1000), whole)
    packed = gzip.compress(json.dumps(GOOD).encode() * 1000)
    faults = {
        "file-missing": tmp_path / "none.jsonl",
        "file-empty": file("empty.jsonl", b""),
        "file-unknown-format": file("events.txt", b"x"),
        "file-columns": file("other.csv", b"sender,recipient\na,b\n"),
        "file-nothing-usable": file("zone.jsonl", b'{"id":"1"}\n'),
        "file-column-type": tmp_path / "numbers.parquet",
    }
    pq.write_table(pa.Table.from_pylist([{**GOOD, "id": 1}]), tmp_path / "numbers.parquet")
    for code, path in faults.items():
        assert fault(path).code == code
    broken = [
        file("not.parquet", b"PAR1 but no more"),
        file("cut.parquet", whole.read_bytes()[:300]),
        file("hole.parquet", whole.read_bytes()[:4] + b"\0" * 64 + whole.read_bytes()[68:]),
        file("cut.jsonl.gz", packed[: len(packed) // 2]),
        file("plain.jsonl.gz", b"not packed at all"),
        file("bomb.jsonl.gz", gzip.compress(b" " * 100_000_000)),
    ]
    for path in broken:
        assert fault(path).code == "file-unreadable", path.name


def test_direct_messages_are_not_read_without_a_ground(tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", GOOD)
    assert fault(path, ground=None).code == "ground-missing"
    assert fault(path, ground="  ").code == "ground-missing"
    write_sidecar(path, [Source("p", ground="members agreed")])
    assert fault(path, ground=None).code == "ground-missing", (
        "the row's platform is not declared"
    )
    lines(path, {**GOOD, "platform": "p"})
    files = open_events([path])
    assert sum(batch.num_rows for batch in files.batches()) == 1
    assert files.grounds == ["members agreed"]


def test_public_mentions_need_no_ground(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "e.jsonl", {**GOOD, "type": "mention"}, {**GOOD, "visibility": "group"}
    )
    assert sum(b.num_rows for b in open_events([path]).batches()) == 2


def test_a_sidecar_with_an_unknown_type_names_the_nearest(tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", GOOD)
    (tmp_path / "e.jsonl.source.yaml").write_text("- {platform: p, types: [mesage]}\n")
    assert "did you mean `message`" in str(fault(path))
    (tmp_path / "e.jsonl.source.yaml").write_text("- {platform: p\n")
    assert fault(path).code == "source-invalid"


def test_a_folder_is_read_in_the_order_of_names_without_our_own_files(tmp_path: Path) -> None:
    lines(tmp_path / "b.jsonl", {**GOOD, "id": "b"})
    lines(tmp_path / "a.jsonl", {**GOOD, "id": "a"})
    (tmp_path / "notes.txt").write_text("no events")
    pq.write_table(pa.table({"file": ["x"]}), tmp_path / "rejects.parquet")
    rows, _ = read(tmp_path)
    assert [r["id"] for r in rows] == ["a", "b"]


def test_a_simulated_world_stays_marked_and_is_not_mixed_with_real_events(
    tmp_path: Path,
) -> None:
    batch = pa.RecordBatch.from_pylist(
        [{**GOOD, "published": datetime(2026, 1, 1, tzinfo=UTC)}], schema=SCHEMA
    )
    world = tmp_path / "w.parquet"
    source = Source("p", ("message",), content=False, precision="min", ground="simulated")
    assert (
        write_events(world, [batch], schema=SCHEMA, sources=[source], simulated={"seed": 1})
        == 1
    )
    files = open_events([world])
    assert files.simulated == {"seed": 1}
    assert files.sources == (source,)
    with pytest.raises(UndertowError, match="mixed"):
        open_events([world, lines(tmp_path / "e.jsonl", GOOD)])


def test_a_failed_write_leaves_the_older_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    path.write_bytes(b"older")

    def breaking() -> object:
        yield pa.RecordBatch.from_pylist([], schema=SCHEMA)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  # any fault of the reader's
        write_events(path, breaking(), schema=SCHEMA, sources=[])  # type: ignore[arg-type]  # breaks on purpose
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]

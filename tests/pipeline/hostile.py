"""Input that no honest export holds, by format: name, bytes, and the exit code that it deserves."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.source import METADATA_KEY

SECRETS = ("zq-secret-text", "canary-account")
"""Stand in every faulty row: in its text, and in its ids."""
DEEP = 100_000
HUGE = "9" * 30
ROW = {
    "id": "1",
    "type": "message",
    "published": "2026-01-01T00:00:00Z",
    "actor": "p:one",
    "target": "p:two",
    "platform": "p",
    "visibility": "group",
    "content": "the soup was fine",
}
BAD = ROW | {"id": "2", "actor": f"p:{SECRETS[1]}", "content": SECRETS[0]}


@dataclass(frozen=True)
class Case:
    """One hostile file."""

    name: str
    suffix: str
    data: bytes
    code: int
    reject: str | None = None
    """What the reason of the row set aside says, if one is."""


def line(row: object) -> bytes:
    return json.dumps(row).encode() + b"\n"


GOOD = line(ROW)


def text_lines() -> Iterator[Case]:
    def one(name: str, bad: bytes, reject: str | None, code: int = 3) -> Case:
        return Case(name, ".jsonl", GOOD + bad + line(ROW | {"id": "3"}), code, reject)

    bad = line(BAD)
    yield Case("nothing", ".jsonl", b"", 2)
    yield Case("blank lines", ".jsonl", b"\n \n\r\n", 2)
    yield Case("zeros", ".jsonl", bytes(1000), 2)
    yield Case("noise", ".jsonl", bytes(range(256)) * 20, 2)
    yield Case("utf-16", ".jsonl", bad.decode().encode("utf-16"), 2)
    yield Case("an array", ".jsonl", b"[" + bad + b"]", 2)
    yield Case("brackets alone", ".jsonl", b"[" * DEEP, 2)
    yield Case("half an archive", ".jsonl.gz", gzip.compress(bad * 500)[:-20], 2)
    yield Case("no archive", ".jsonl.gz", bad, 2)
    yield Case("half a line at the end", ".jsonl", GOOD + bad[: len(bad) // 2], 3, "not JSON")
    yield one("an object for an id", line(BAD | {"id": {"a": [1]}}), "expected `str`")
    yield one("a number for a target", line(BAD | {"target": 7}), "expected `str | null`")
    yield one("a list for a time", line(BAD | {"published": [2026]}), "expected `str`")
    yield one("no actor", line({k: v for k, v in BAD.items() if k != "actor"}), "`actor`")
    yield one("deep brackets", b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b"}\n", "too deeply")
    yield one("deep braces", b'{"x":' * DEEP + b"1" + b"}" * DEEP + b"\n", "too deeply")
    yield one("a broken byte", bad.replace(b"secret", b"\xff"), "not UTF-8")
    yield one("a half pair as bytes", bad.replace(b"secret", b"\xed\xa0\x80"), "not UTF-8")
    yield one("a half pair as escape", bad.replace(b"secret", rb"\ud800"), "not JSON")
    yield one("a raw NUL", bad.replace(b"secret", b"\0"), "not JSON")
    yield one("an escaped NUL", bad.replace(b"secret", rb"\u0000"), None, 0)
    yield one("a key twice", bad.replace(b'"id": "2"', b'"id": "0", "id": "2"'), None, 0)
    yield one("a huge number", bad.replace(b'"2"', HUGE.encode()), "expected `str`")
    yield one("a huge number as text", line(BAD | {"id": HUGE, "target": HUGE}), None, 0)
    yield one("a huge year", line(BAD | {"published": f"{HUGE}-01-01T00:00:00Z"}), "ISO 8601")
    yield one("NaN", bad.replace(b'"2"', b"NaN"), "not JSON")


def comma_rows() -> Iterator[Case]:
    names = list(ROW)
    head = ",".join(names).encode() + b"\n"

    def row(given: dict[str, str]) -> bytes:
        return ",".join(given[name] for name in names).encode() + b"\n"

    good, bad = row(ROW), row(BAD)

    def one(name: str, raw: bytes, reject: str | None, code: int = 3) -> Case:
        return Case(name, ".csv", head + good + raw + row(ROW | {"id": "3"}), code, reject)

    yield Case("nothing", ".csv", b"", 2)
    yield Case("blank lines", ".csv", b"\n\n \n", 2)
    yield Case("the header alone", ".csv", head, 2)
    yield Case("no header", ".csv", bad * 3, 2)
    yield Case("zeros", ".csv", bytes(1000), 2)
    yield Case("noise", ".csv", bytes(range(256)) * 20, 2)
    yield Case("utf-16", ".csv", (head + bad).decode().encode("utf-16"), 2)
    yield Case("brackets alone", ".csv", b"[" * DEEP, 2)
    yield Case("half an archive", ".csv.gz", gzip.compress(head + bad * 500)[:-20], 2)
    yield Case("half a row at the end", ".csv", head + good + bad[:12], 3, "fields where")
    yield one("too few fields", b"2,message\n", "2 fields where the header has 8")
    yield one("too many fields", bad.replace(b"\n", b",x,y\n"), "10 fields")
    yield one("a quote left open", bad.replace(b"zq", b'"zq')[:-1], "")
    yield one("deep brackets", row(BAD | {"content": "[" * DEEP}), None, 0)
    yield one("a broken byte", bad.replace(b"secret", b"\xff"), "not UTF-8")
    yield one("a half pair as bytes", bad.replace(b"secret", b"\xed\xa0\x80"), "not UTF-8")
    yield one("a NUL", bad.replace(b"secret", b"\0"), None, 0)
    yield one("a huge number", row(BAD | {"id": HUGE, "target": HUGE}), None, 0)
    yield one("a huge time", row(BAD | {"published": HUGE}), "ISO 8601")
    yield one(
        "an unknown word", row(BAD | {"type": SECRETS[0]}), "`type` holds an unknown word"
    )
    yield one("no zone", row(BAD | {"published": "2026-01-01T00:00:00"}), "no time zone")


WHOLE = pa.Table.from_pylist([ROW, BAD, ROW | {"id": "3"}])


def packed(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def columns(name: str, table: pa.Table, code: int, reject: str | None = None) -> Case:
    return Case(name, ".parquet", packed(table), code, reject)


def put(name: str, values: pa.Array) -> pa.Table:
    return WHOLE.set_column(WHOLE.column_names.index(name), name, values)


def damaged_files() -> Iterator[Case]:
    sound = packed(WHOLE.take([1] * 2000), compression="none", use_dictionary=False)
    yield Case("nothing", ".parquet", b"", 2)
    yield Case("zeros", ".parquet", bytes(1000), 2)
    yield Case("noise", ".parquet", bytes(range(256)) * 20, 2)
    yield Case("JSON Lines", ".parquet", line(BAD), 2)
    yield Case("half a file", ".parquet", sound[: len(sound) // 2], 2)
    yield Case("the end alone", ".parquet", b"PAR1" + sound[-400:], 2)
    yield Case("zeroed pages", ".parquet", sound[:4] + bytes(2000) + sound[2004:], 2)


def wrong_columns() -> Iterator[Case]:
    yield columns("no rows", WHOLE.slice(0, 0), 2)
    yield columns("no columns", pa.table({"x": [1]}), 2)
    yield columns("numbers for ids", put("id", pa.array([1, 2, 3])), 2)
    yield columns("lists for ids", put("id", pa.array([["1"], ["2"], ["3"]])), 2)
    yield columns("binary for ids", put("id", pa.array([b"1", b"\xff", b"3"])), 2)
    yield columns("numbers for times", put("published", pa.array([1, 2, 3])), 2)
    twice = WHOLE.append_column("id", WHOLE["id"])
    yield columns("a column twice", twice, 2)
    yield columns(
        "a null for an id", put("id", pa.array(["1", None, "3"])), 3, "`id` is missing"
    )
    word = pa.array(["message", SECRETS[0], "message"])
    yield columns("an unknown word", put("type", word), 3, "`type` holds an unknown word")
    far = pa.array([0, 2**62, 1], pa.timestamp("us", "UTC"))
    yield columns("a far time", put("published", far), 3, "outside the years")
    bare = pa.array([0, 1, 2], pa.timestamp("us"))
    yield columns("times without a zone", put("published", bare), 2)
    yield columns("huge numbers as text", put("id", pa.array([HUGE, HUGE + "1", "3"])), 0)
    yield columns("NULs", put("content", pa.array(["a", "\0" * 50, "b"])), 0)


def broken_texts() -> Iterator[Case]:
    for name, raw in (("a broken byte", b"\xff\xfe"), ("a half pair", b"\xed\xa0\x80")):
        for column in ("content", "actor", "id"):
            broken = [ROW[column].encode(), raw + SECRETS[1].encode(), ROW[column].encode()]
            texts = pa.array(broken, pa.binary()).view(pa.string())
            yield columns(f"{name} in {column}", put(column, texts), 3, "not UTF-8")


def wrong_sources() -> Iterator[Case]:
    for name, raw in (
        ("deep sources", b"[" * DEEP),
        ("no sources", b'"x"'),
        ("huge sources", f'[{{"platform": {HUGE}}}]'.encode()),
        ("broken sources", b'[{"platform": "\xff"}]'),
    ):
        table = WHOLE.replace_schema_metadata({METADATA_KEY: raw})
        yield columns(name, table, 2)


BUILDERS: tuple[Callable[[], Iterator[Case]], ...] = (
    text_lines,
    comma_rows,
    damaged_files,
    wrong_columns,
    broken_texts,
    wrong_sources,
)
CASES = [case for build in BUILDERS for case in build()]
SIDECARS = {
    "not YAML": b"a: [1\nb: }",
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * DEEP,
    "a tag": b"!!python/object/apply:os.getcwd []",
    "a number": b"5",
    "nobody": b"- types: [message]",
    "an unknown word": b"- {platform: p, types: [messages]}",
    "an odd time": b"- {platform: p, from: yesterday}",
    "an odd class": b"- {platform: p, class: [direct]}",
    "an odd ground": b"- {platform: p, ground: [1]}",
    "NULs": b"\0\0\0",
    "nothing but a word": b"platform",
}

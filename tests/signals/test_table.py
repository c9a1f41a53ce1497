from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.cli.main import main
from undertow.events.pseudonyms import Pseudonyms
from undertow.signals.table import NATIVE_KEY, SCHEMA

EVENTS = [
    ("1", "message", "00:00", "x:a", "x:b", "the lamp"),
    ("2", "message", "00:05", "x:b", "x:a", "snap: river_99"),
    ("3", "follow", "00:06", "x:b", "x:a", None),
    ("4", "post", "09:06", "x:b", None, "call +49 170 1234567"),
    ("5", "message", "09:07", "x:a", "x:b", "the tree"),
]


@pytest.fixture
def events(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(tmp_path / "key"))
    path = tmp_path / "events.jsonl"
    names = ("id", "type", "published", "actor", "target", "content")
    rows = [dict(zip(names, row, strict=True)) for row in reversed(EVENTS)]
    for row in rows:
        row["published"] = f"2026-01-01T{row['published']}:00Z"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_row_has_its_signals_in_total_order(events, tmp_path):
    out = tmp_path / "out.parquet"

    assert main(["signals", str(events), "--out", str(out), "--ground", "test"]) == 0

    table = pq.read_table(out)
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["addresses"] and row["addresses"][0]["value"] for row in rows] == [
        [],
        "river_99",
        None,
        "+491701234567",
        [],
    ]
    assert [row["first"] for row in rows] == [True, True, True, None, False]
    assert [row["answered"] for row in rows] == [True, True, None, None, False]
    assert [row["session"] for row in rows] == [0, 0, None, None, 1]
    assert [row["target"] for row in rows] == Pseudonyms.default().of_array(
        pa.array(["x:b", "x:a", "x:a", None, "x:b"])
    ).to_pylist()


def test_native_targets_leave_their_reason_in_the_file(events, tmp_path):
    out = tmp_path / "out.parquet"
    asked = ["--ground", "test", "--native-targets", "a court order"]

    assert main(["signals", str(events), "--out", str(out), *asked]) == 0

    table = pq.read_table(out)
    assert json.loads(table.schema.metadata[NATIVE_KEY])["reason"] == "a court order"
    assert table["target"][0].as_py() == "x:b"


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (["--region", "zz"], "region-unknown"),
        (["--native-targets", " "], "reason-missing"),
        ([], "ground-missing"),
    ],
)
def test_faults_of_the_user_are_named(events, tmp_path, capsys, extra, code):
    ground = ["--ground", "test"] if code != "ground-missing" else []

    assert main(["signals", str(events), "--out", str(tmp_path / "o"), *ground, *extra]) == 2
    assert code in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_missing_folder_is_a_fault_of_the_user(events, tmp_path, capsys):
    out = tmp_path / "none" / "out.parquet"

    assert main(["signals", str(events), "--out", str(out), "--ground", "test"]) == 2
    assert "out-unwritable" in capsys.readouterr().err

"""Spark gives what one machine gives: the same files, faults and refusals."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from differential import run
from town import (
    CANARY,
    START,
    Event,
    event,
    source,
    town,
    write_csv,
    write_lines,
    write_parquet,
)

from undertow import pipeline
from undertow.engines.spark import Spark
from undertow.playbooks import catalog

pytestmark = pytest.mark.spark
Run = Callable[..., Any]
ALL = [word for name in catalog.names() for word in ("-p", name)]
SOME = (5, 19)
"""Worlds with many keys; playbooks are matched by parts in some and whole in others."""
TABLES = ("accounts", "funnels", "evidence", "rejects")


def both(undertow: Run, folder: Path, events: Iterable[Path], *options: object) -> list[Any]:
    """Run the command on one machine and on Spark."""
    return [
        undertow(
            "detect",
            *events,
            "--out",
            folder / engine,
            "--engine",
            engine,
            "--no-campaigns",
            *options,
        )
        for engine in ("local", "spark")
    ]


def assert_same_files(folder: Path) -> dict[str, Any]:
    """Hold the files that Spark has written to those of one machine; gives `run.json`."""
    runs = []
    for engine in ("local", "spark"):
        told = json.loads((folder / engine / "run.json").read_text("utf-8"))
        told.pop("made")
        runs.append(told)
    assert runs[0] == runs[1]
    for name in TABLES:
        paths = [folder / engine / f"{name}.parquet" for engine in ("local", "spark")]
        assert paths[0].exists() == paths[1].exists(), name
        if paths[0].exists():
            one, two = map(pq.read_table, paths)
            assert one.equals(two), name
    return runs[0]


def blocked(rows: Sequence[Event]) -> list[Event]:
    """Let targets block and report whom they met, and undo one of it."""
    day = timedelta(days=60)
    more = [
        event(
            "block",
            START + day + timedelta(hours=n),
            f"p:{CANARY}-{n}",
            f"p:rec-{n % 3}",
            f"b{n}",
        )
        for n in range(4)
    ]
    more += [
        event("flag", START + day, f"p:{CANARY}-{n}", f"p:rec-{n % 3}", f"f{n}") for n in (0, 5)
    ]
    undo = event("undo", START + 2 * day, f"p:{CANARY}-1", None, "undone", context="b1")
    return [*rows, *more, undo]


def test_it_writes_the_files_of_one_machine_for_every_shipped_playbook(
    spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    rows = blocked(town())
    dice = random.Random(3)
    rows += dice.sample(rows, 50)
    dice.shuffle(rows)
    (tmp_path / "in").mkdir()
    # Scattered over files of each format, in no order, some rows twice.
    write_parquet(tmp_path / "in" / "a.parquet", rows[::3], [source()])
    write_lines(tmp_path / "in" / "b.jsonl", rows[1::3], [source()])
    write_csv(tmp_path / "in" / "c.csv", rows[2::3], [source()])
    for ran in both(undertow, tmp_path, [tmp_path / "in"], *ALL, "--memory", "500kB"):
        assert ran.code == 0, ran.err
    told = assert_same_files(tmp_path)
    assert told["repeats"] == 50
    assert all(
        book["keys"] for book in told["playbooks"] if book["name"] != "group-recruitment"
    )
    assert spark.many(len(rows)) == 2
    sources = pq.read_table(tmp_path / "spark" / "evidence.parquet")["source"].to_pylist()
    assert {"block", "unblock", "taken", "not taken"} <= set(sources)
    rests_on = pq.read_table(tmp_path / "spark" / "accounts.parquet")["sources"].to_pylist()
    assert {"targets", "conduct:p"} <= {word for words in rests_on for word in words}


def test_it_says_that_ties_were_not_looked_for(
    spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "a.parquet", town(), [source()])
    out = tmp_path / "out"
    ran = undertow("detect", path, "--out", out, "--engine", "spark", "-p", catalog.names()[0])
    assert ran.code == 0, ran.err
    told = json.loads((out / "run.json").read_text("utf-8"))
    assert any("were not looked for" in line for line in told["coverage"])
    assert not (out / "campaigns.parquet").exists()


def test_it_leaves_out_what_comes_later(spark: Spark, undertow: Run, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", town(), [source()])
    until = (START + timedelta(days=40)).isoformat()
    for ran in both(undertow, tmp_path, [path], "--until", until):
        assert ran.code == 0, ran.err
    assert assert_same_files(tmp_path)["events"] < len(town())


def test_rows_under_one_key_are_one_whoever_acts_in_them(
    spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    """Of rows with one id and target the first stays: also where executors see them apart."""
    rows = town()
    dice = random.Random(5)
    people = sorted({row["actor"] for row in rows})
    twins = []
    for row in dice.sample(rows, 120):
        twin = {
            **row,
            "published": row["published"] + dice.choice([-1, 0, 1]) * timedelta(days=3),
        }
        twin["actor"] = dice.choice([name for name in people if name != row["target"]])
        twins.append(twin)
    posts = [
        event(
            kind,
            START + timedelta(hours=n),
            dice.choice(people),
            None,
            f"post{n % 9}",
            context="room",
        )
        for n, kind in enumerate(dice.choices(["post", "join", "leave"], k=40))
    ]
    # A sole account whose only row is a repeat is still an account.
    posts.append(event("post", START + timedelta(hours=60), "p:only-here", None, "post0"))
    path = write_parquet(tmp_path / "a.parquet", [*rows, *twins, *posts])
    for ran in both(undertow, tmp_path, [path], *ALL, "--ground", "consent"):
        assert ran.code == 0, ran.err
    assert assert_same_files(tmp_path)["repeats"] > 130


def test_faulty_rows_are_set_aside_as_on_one_machine(
    spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    path = write_lines(tmp_path / "a.jsonl", town(), [source()])
    lines = path.read_text("utf-8").splitlines()
    lines[3], lines[9] = "{", json.dumps({"id": "x", "type": "post"})
    path.write_text("\n".join(lines), "utf-8")
    other = write_parquet(tmp_path / "b.parquet", town(2), [source()])
    for ran in both(undertow, tmp_path, [path, other]):
        assert ran.code == 3, ran.err
    assert assert_same_files(tmp_path)["rejected"] == 2


def damaged(folder: Path) -> Path:
    """Break the middle of a file, whose end stays sound."""
    path = write_parquet(folder / "a.parquet", town(), [source()])
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 2000] = b"\0" * 2000
    path.write_bytes(content)
    return path


def without_ground(folder: Path) -> Path:
    return write_parquet(folder / "a.parquet", town(), [source(ground=None)])


def unusable(folder: Path) -> Path:
    path = folder / "a.jsonl"
    path.write_text('{"id": "1"}\n{"id": "2"}\n', "utf-8")
    return path


def one_pocket(folder: Path) -> Path:
    rows = [
        event("message", START + timedelta(hours=n), "p:me", f"p:{n % 7}", f"m{n}")
        for n in range(40)
    ]
    return write_parquet(folder / "a.parquet", rows, [source()])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (damaged, "file-unreadable"),
        (without_ground, "ground-missing"),
        (unusable, "file-nothing-usable"),
        (one_pocket, "events-one-pocket"),
    ],
)
def test_it_refuses_what_one_machine_refuses(
    make: Callable[[Path], Path], code: str, spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    sound = write_parquet(tmp_path / "sound.parquet", town()[:1], [source()])
    events = [make(tmp_path), *([sound] if code == "file-nothing-usable" else [])]
    local, far = both(undertow, tmp_path, events)
    assert (local.code, far.code) == (2, 2)
    assert code in far.err
    assert local.err.split("undertow")[-1] == far.err.split("undertow")[-1]
    assert not (tmp_path / "spark").exists()


def test_an_input_of_which_nothing_is_left_is_refused(
    spark: Spark, undertow: Run, tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "a.parquet", town(), [source()])
    for ran in both(undertow, tmp_path, [path], "--until", "2020-01-01T00:00:00Z"):
        assert ran.code == 2
        assert "events-none" in ran.err


def test_what_fails_on_an_executor_is_one_error_without_its_text(
    spark: Spark, undertow: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("words of somebody")

    monkeypatch.setattr(pipeline, "looks", lambda *_: fails)
    path = write_parquet(tmp_path / "a.parquet", town(), [source()])
    ran = undertow("detect", path, "--out", tmp_path / "o", "--engine", "spark")
    assert ran.code == 1
    assert "spark-failed" in ran.err
    assert "somebody" not in ran.err
    assert not (tmp_path / "o").exists()


def test_four_engines_give_one_answer(spark: Spark) -> None:
    found = run(SOME, ("oracle", "local", "stream", "spark"), spark)
    assert {name: one.differ for name, one in found.items()} == {name: [] for name in found}
    assert found["spark"].funnels == found["oracle"].funnels > 20

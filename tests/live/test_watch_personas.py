"""`watch --personas`: the funnels of `detect --personas`, what stays hidden, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crowd import Line, crowd, last_alerts, mixed, write

from undertow.errors import UndertowError
from undertow.events.pseudonyms import Pseudonyms
from undertow.live.columns import ACTOR, AT, PLATFORM, TARGET, WIDTH
from undertow.live.names import Names
from undertow.live.personas import Personas, hold_across, personas_of
from undertow.playbooks.parse import load, parse

Run = Callable[..., Any]
BOOK = "extremist-recruitment"
GROUPS = [
    ["p:000", "p:007"],
    ["p:001", "p:003", "p:009"],
    ["p:004", "p:012"],
    ["p:005", "x:gone"],
]


def held(path: Path, groups: list[list[str]], seal: int = 0) -> Path:
    """Write a personas file; the accounts of the first `seal` groups stand as pseudonyms."""
    of = Pseudonyms.default().of
    lines = ["undertow_personas: 1", "ties:"]
    for number, group in enumerate(groups):
        names = [of(name) if number < seal else name for name in group]
        lines.append(f"- accounts: {json.dumps(names)}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def funnels(folder: Path) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    rows = pq.read_table(folder / "funnels.parquet").to_pylist()
    return {
        (row["playbook"], row["recruiter"], row["target"], ""): [
            {**step, "at": step["at"].isoformat().replace("+00:00", "Z")}
            for step in row["steps"]
        ]
        for row in rows
    }


def dense(seed: int) -> list[Line]:
    """Let a crowd talk so much, and so close together, that talks last."""
    rows = crowd(seed, many=2_500)
    for row in rows:
        # Native ids stand inside event ids, as some importers write them.
        row["id"] = f"{row['id']}-{row['actor']}-{row.get('target')}"
        if row["type"] == "join":
            row["type"] = "message"
            row["content"] = "see you at nine"
            row["target"] = "p:002" if row["actor"] != "p:002" else "p:003"
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_a_mixed_up_stream_gives_the_funnels_of_detect_with_personas(
    seed: int, tmp_path: Path, undertow: Run
) -> None:
    rows = dense(seed)
    ordered = write(tmp_path / "ordered.jsonl", rows)
    stream = write(tmp_path / "stream.jsonl", mixed(rows, seed, timedelta(hours=3)))
    file = held(tmp_path / "personas.yaml", GROUPS, seal=seed % 3)
    options: list[Any] = ["-p", BOOK, "-q", "--ground", "consent"]
    for name, more in (("with", ["--personas", file]), ("without", [])):
        ran = undertow("detect", ordered, *options, *more, "--out", tmp_path / name)
        assert ran.code == 0, ran.err
    watched = undertow(
        "watch", stream, "--once", *options, "--lateness", "3h", "--personas", file
    )
    assert watched.code == 0, watched.err
    expected = funnels(tmp_path / "with")
    assert {key: one["steps"] for key, one in last_alerts(watched.out).items()} == expected
    assert expected != funnels(tmp_path / "without"), "personas change something here"


def test_a_watch_that_was_stopped_goes_on_with_its_personas(
    tmp_path: Path, undertow: Run
) -> None:
    rows = dense(1)
    file = held(tmp_path / "personas.yaml", GROUPS, seal=1)

    def watch(name: str, path: Path) -> None:
        ran = undertow(
            "watch", path, "--once", "-p", BOOK, "-q", "--ground", "consent", "--personas", file,
            "--state", tmp_path / name, "--alerts", tmp_path / f"{name}.jsonl", "--lateness", "0s",
        )  # fmt: skip
        assert ran.code == 0, ran.err

    watch("whole", write(tmp_path / "events.jsonl", rows))
    # Between two moments: an event of the moment at which a file ended would be late.
    cut = next(
        k for k in range(1_111, 2_000) if rows[k - 1]["published"] < rows[k]["published"]
    )
    grown = write(tmp_path / "grown.jsonl", rows[:cut])
    watch("twice", grown)
    write(grown, rows)
    watch("twice", grown)
    last = [
        last_alerts((tmp_path / f"{n}.jsonl").read_text("utf-8")) for n in ("whole", "twice")
    ]
    assert {k: one["steps"] for k, one in last[0].items()} == {
        k: one["steps"] for k, one in last[1].items()
    }
    assert any(one["step"] == "sustained" for one in last[0].values())


@pytest.mark.parametrize("other", [GROUPS[:2], None])
def test_other_personas_do_not_go_on_from_a_checkpoint(
    other: list[list[str]] | None, tmp_path: Path, undertow: Run
) -> None:
    path = write(tmp_path / "events.jsonl", crowd(1, many=200))

    def watch(groups: list[list[str]] | None) -> Any:
        more: list[Any] = []
        if groups is not None:
            more = ["--personas", held(tmp_path / "personas.yaml", groups)]
        return undertow(
            "watch", path, "--once", "-p", BOOK, "-q", "--ground", "consent", *more,
            "--state", tmp_path / "state", "--alerts", tmp_path / "alerts.jsonl",
        )  # fmt: skip

    assert watch(GROUPS).code == 0
    again = watch(other)
    assert again.code == 2
    assert "[watch-state-personas]" in again.err
    assert watch(GROUPS).code == 0


def test_the_other_accounts_of_a_target_are_hidden_in_alerts(
    tmp_path: Path, undertow: Run
) -> None:
    path = write(tmp_path / "events.jsonl", dense(2))
    groups = [[f"p:{n:03d}", f"p:{n + 7:03d}"] for n in range(7)]
    file = held(tmp_path / "personas.yaml", groups)
    ran = undertow(
        "watch", path, "--once", "-p", BOOK, "-q", "--ground", "consent", "--personas", file
    )
    assert ran.code == 0, ran.err
    of = Pseudonyms.default().of
    lines = [json.loads(line) for line in ran.out.splitlines()]
    elsewhere = 0
    for alert in lines:
        both = next(group for group in groups if alert["target"] in map(of, group))
        assert alert["account"] not in both, "two accounts of one actor make no key"
        for step in alert["steps"]:
            assert step["actor"] not in both
            assert not any(name.split(":")[1] in step["event"].split("-")[1:] for name in both)
            elsewhere += step["actor"] in map(of, both) and step["actor"] != alert["target"]
    assert elsewhere, "some step was taken by a target's other account"


def events(*ends: tuple[int, int]) -> np.ndarray:
    """Make columns of events one second apart between accounts."""
    columns = np.zeros((WIDTH, len(ends)), np.int64)
    columns[AT] = 1_000_000 * np.arange(len(ends))
    columns[[ACTOR, TARGET]] = np.array(ends).T
    return columns


def test_an_event_stands_beside_itself_for_every_pair_of_the_same_actors_that_met() -> None:
    names = Names()
    names.codes(pa.array(["a", "a2", "b", "b2", "c"]))
    personas = Personas([["a", "a2"], ["b", "b2"]], names, Pseudonyms(b"k" * 16))
    a, a2, b, b2, c = range(5)
    given = events((a, b), (b2, a2), (a, a2), (a, c), (a2, c), (b, a), (a, -1))
    wide, row = personas.widened(given, 9)
    ends = list(
        zip(wide[ACTOR].tolist(), wide[TARGET].tolist(), wide[PLATFORM].tolist(), strict=True)
    )
    assert row.tolist() == [0, 1, 1, 2, 3, 4, 4, 5, 5, 6]
    assert ends == [
        (a, b, 0),
        (b2, a2, 0),
        (b, a, 9),
        (a, a2, 0),
        (a, c, 0),
        (a2, c, 0),
        (a, c, 9),
        (b, a, 0),
        (b2, a2, 9),
        (a, -1, 0),
    ]
    again = Personas([["a", "a2"], ["b", "b2"]], names, Pseudonyms(b"k" * 16))
    again.restore(personas.state())
    assert (
        again.widened(events((a, b)), 9)[0].tolist()
        == personas.widened(events((a, b)), 9)[0].tolist()
    )


def test_a_name_and_its_pseudonym_in_one_file_are_one_account(tmp_path: Path) -> None:
    of = Pseudonyms.default().of
    file = held(tmp_path / "p.yaml", [["x:a", "x:b"], [of("x:b"), "x:c"]])
    assert personas_of(file, Pseudonyms.default()) == (("x:a", "x:b", "x:c"),)


ACROSS = """
playbook: other
grammar: 1
status: research
title: A talk
source: a test
falsepositives: [everybody]
roles: {{recruiter: {{}}, target: {{}}{third}}}
key: [recruiter, target]
listed_from: talk
steps:
{steps}
reason: "{{recruiter}} talked to {{target}}"
"""
BEFORE = "  meet: {type: mention, from: recruiter, to: target}\n"


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("  talk: {type: message, between: [recruiter, target], across: personas}\n", "begin with it"),
        (BEFORE + "  talk: {type: message, from: recruiter, to: target, across: personas, first: true}\n", "what was first"),
        (
            BEFORE
            + "  third: {type: message, from: third, to: target, optional: true}\n"
            + "  talk: {type: message, between: [recruiter, target], across: personas}\n",
            "by the same event",
        ),
    ],
)  # fmt: skip
def test_what_a_stream_cannot_answer_alike_is_refused(steps: str, why: str) -> None:
    third = ", third: {}" if "third" in steps else ""
    book = parse(ACROSS.format(steps=steps, third=third).encode())
    with pytest.raises(UndertowError, match=why) as fault:
        hold_across([book])
    assert fault.value.code == "watch-personas"


def test_the_shipped_playbooks_can_be_watched_with_personas() -> None:
    hold_across([load(BOOK), load("group-recruitment")])

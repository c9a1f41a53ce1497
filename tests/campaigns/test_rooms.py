"""Series of rooms, and what only looks like one."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from village import DAY, SOURCE, START, chatter, row, table, team

from undertow.campaigns.rooms import GATE_LEAST, MOST_ROOMS, entries, series
from undertow.events.log import EventLog, collect
from undertow.events.source import Source
from undertow.events.write import write_events

HOUR = timedelta(hours=1)


def act(kind: str, at, actor: str, room: str, target: str | None = None) -> dict:
    """Make one event in a room."""
    made = row(kind, at, actor, target or "nobody")
    return made | {"target": target, "context": room, "id": f"{made['id']}-{room}"}


def log_of(rows: list[dict]) -> EventLog:
    return collect(table(rows).to_batches())


def funnel(
    people: int = 40,
    rooms: int = 4,
    *,
    go_on: float = 0.7,
    seed: int = 3,
    how: str = "add",
    first: int = 0,
) -> list[dict]:
    """Let a host of each room add people, who come one by one over weeks, to the next one."""
    rng = random.Random(seed)
    rows = []
    for n in range(people):
        at = START + rng.random() * 60 * DAY
        for place in range(rooms):
            who, room = f"p:person{first + n}", f"room {place}"
            host = f"p:host{place}"
            if how == "add":
                rows.append(act("add", at, host, room, who))
            elif how == "request":
                rows.append(act("accept", at, host, room, who))
            elif how == "invite":
                rows += [act("invite", at, host, room, who), act("join", at + HOUR, who, room)]
            else:
                rows.append(act("join", at, who, room))
            if rng.random() > go_on:
                break
            at += DAY * (1 + rng.random() * 4)
    return rows


def names(log: EventLog, one) -> list[str]:
    return [log.contexts[int(room)].as_py() for room in one.rooms]


@pytest.mark.parametrize("how", ["add", "invite", "request"])
def test_rooms_that_people_are_let_into_one_after_another_are_a_series(how: str) -> None:
    log = log_of(funnel(how=how))
    found = series(entries(log))
    assert [names(log, one) for one in found] == [["room 0", "room 1", "room 2", "room 3"]]
    one = found[0]
    assert one.entered[0] == 40
    assert (one.passed[:-1] == one.entered[1:]).all()
    assert one.passed[-1] == 0
    assert (one.let_in == one.entered).all()
    assert (one.bits[1:] > 0).all()
    assert [log.accounts[gates[0][0]].as_py() for gates in one.gatekeepers] == [
        f"p:host{n}" for n in range(4)
    ]


def test_the_order_of_rows_changes_nothing() -> None:
    rows = funnel()
    there, back = (series(entries(log_of(given)))[0] for given in (rows, rows[::-1]))
    assert there.rooms.tolist() == back.rooms.tolist()
    assert there.bits.tolist() == back.bits.tolist()


def test_who_is_removed_is_counted_where_it_happened() -> None:
    rows = funnel()
    rows += [
        act("remove", START + 90 * DAY, "p:host0", "room 0", f"p:person{n}") for n in range(3)
    ]
    # Who takes itself out is not removed by somebody.
    rows.append(act("remove", START + 90 * DAY, "p:person9", "room 0", "p:person9"))
    one = series(entries(log_of(rows)))[0]
    assert one.removed.tolist() == [3, 0, 0, 0]


def test_a_course_with_a_room_each_week_is_no_series() -> None:
    """Everybody is added to each room in its week: the calendar leaves no other order."""
    rows = [
        act(
            "add",
            START + week * 7 * DAY + n * HOUR / 9,
            "p:teacher",
            f"week {week}",
            f"p:pupil{n}",
        )
        for week in range(8)
        for n in range(60)
    ]
    assert series(entries(log_of(rows))) == []


def test_the_ticket_rooms_of_a_support_desk_are_no_series() -> None:
    rng = random.Random(4)
    rows = []
    for ticket in range(120):
        at, room = START + ticket * DAY / 4, f"ticket {ticket}"
        rows.append(act("add", at, "p:desk", room, f"p:customer{ticket}"))
        rows += [
            act("add", at + HOUR, "p:desk", room, f"p:agent{n}")
            for n in rng.sample(range(9), 3)
        ]
    assert series(entries(log_of(rows))) == []


def test_the_tracks_of_a_conference_are_no_series() -> None:
    """All rooms are open, people come and go as they like, added by the desk at their wish."""
    rng = random.Random(5)
    rows = []
    for n in range(80):
        for place, track in enumerate(rng.sample(range(6), 4)):
            at = START + (n % 3) * DAY + place * HOUR + n * HOUR / 99
            rows.append(act("add", at, "p:desk", f"track {track}", f"p:guest{n}"))
    assert series(entries(log_of(rows))) == []


def test_rooms_that_people_join_by_themselves_have_no_door() -> None:
    assert series(entries(log_of(funnel(how="join")))) == []


def test_an_onboarding_looks_the_same_so_structure_cannot_tell() -> None:
    """The very same events under honest names: found as well, which is why a series weighs nothing."""
    honest = [
        one | {"context": one["context"].replace("room", "team")}
        for one in funnel(how="invite")
    ]
    assert len(series(entries(log_of(honest)))) == 1


def test_a_few_people_are_no_series() -> None:
    assert series(entries(log_of(funnel(people=4, go_on=1.0)))) == []


def test_staff_and_programs_in_all_rooms_do_not_count() -> None:
    rows = []
    for bot in range(20):
        for n in range(MOST_ROOMS + 5):
            at = START + bot * DAY + n * HOUR
            rows.append(act("add", at, "p:desk", f"room {n}", f"p:bot{bot}"))
    assert series(entries(log_of(rows))) == []


def test_chance_makes_no_series() -> None:
    """Two hundred worlds in which people are added to rooms in any order: next to none holds a series."""
    found = 0
    for seed in range(200):
        rng = random.Random(seed)
        rows = []
        for n in range(30):
            for place, room in enumerate(rng.sample(range(8), 4)):
                at = START + rng.random() * 30 * DAY + place * HOUR
                rows.append(act("add", at, "p:desk", f"room {room}", f"p:guest{n}"))
        found += bool(series(entries(log_of(rows))))
    assert found <= 4


def test_two_series_are_told_apart() -> None:
    other = [
        one | {"context": "x " + one["context"], "id": "x" + one["id"]}
        for one in funnel(seed=8, rooms=3, first=100)
    ]
    log = log_of([*funnel(), *other])
    found = {tuple(names(log, one)) for one in series(entries(log))}
    assert found == {
        ("room 0", "room 1", "room 2", "room 3"),
        ("x room 0", "x room 1", "x room 2"),
    }


def test_who_let_in_a_few_is_not_named() -> None:
    rows = funnel()
    for event in rows[:4]:
        event["actor"] = "p:friend"
    few = GATE_LEAST - 1
    rows = rows[:few] + rows[4:]
    log = log_of(rows)
    named = {
        log.accounts[account].as_py()
        for one in series(entries(log))
        for gates in one.gatekeepers
        for account, _ in gates
    }
    assert named
    assert "p:friend" not in named


def test_an_entry_by_invitation_is_by_the_last_who_invited_before_it() -> None:
    rows = [
        act("invite", START, "p:a", "r", "p:x"),
        act("invite", START + HOUR, "p:b", "r", "p:x"),
        act("join", START + 2 * HOUR, "p:x", "r"),
        act("invite", START + 3 * HOUR, "p:c", "r", "p:x"),
        act("join", START + HOUR, "p:y", "r"),
        act("invite", START + 3 * HOUR, "p:c", "r", "p:y"),
    ]
    log = log_of(rows)
    found = entries(log)
    by = {
        log.accounts[int(account)].as_py(): None if one < 0 else log.accounts[int(one)].as_py()
        for account, one in zip(found.account, found.by, strict=True)
    }
    assert by == {"p:x": "p:b", "p:y": None}


def test_who_accepts_an_invitation_enters_and_who_accepts_a_request_lets_in() -> None:
    rows = [
        act("invite", START, "p:a", "r", "p:x"),
        act("accept", START + HOUR, "p:x", "r", "p:a"),
        act("accept", START + HOUR, "p:b", "r", "p:y"),
        act("accept", START + HOUR, "p:z", "r"),
    ]
    log = log_of(rows)
    found = entries(log)
    by = {
        log.accounts[int(account)].as_py(): None if one < 0 else log.accounts[int(one)].as_py()
        for account, one in zip(found.account, found.by, strict=True)
    }
    assert by == {"p:x": "p:a", "p:y": "p:b", "p:z": None}


def test_no_rooms_are_no_fault() -> None:
    assert series(entries(log_of(chatter(10)))) == []


@pytest.fixture
def written(undertow, tmp_path: Path) -> Path:
    """A village whose team also runs a series of rooms, through the command."""
    rows = [*chatter(), *team(first=100)]
    for event in funnel(people=50, go_on=0.8):
        if event["actor"] == "p:host0":
            event["actor"] = "p:rec-a"
        if event["actor"] == "p:host2":
            event["actor"] = (
                "p:person103"  # who is a target of the team, and stands under its pseudonym
            )
        if event["context"] == "room 1":
            event["context"] = "talk with person7"
        rows.append(event)
    rows = [one for one in rows if one["actor"] != one["target"]]
    given = table(rows)
    kinds = (*(SOURCE.types or ()), "add", "remove", "join", "invite")
    source = Source("p", kinds, ground="an invented village")
    path = tmp_path / "village.parquet"
    write_events(path, given.to_batches(), schema=given.schema, sources=[source])
    line = ["detect", path, "--out", tmp_path / "out", "-p", "extremist-recruitment"]
    assert undertow(*line).code == 0
    return tmp_path / "out"


def test_the_file_holds_counts_and_gatekeepers_and_nobody_who_was_let_in(written: Path) -> None:
    rows = pq.read_table(written / "rooms.parquet").to_pylist()
    assert [one["place"] for one in rows] == [1, 2, 3, 4]
    assert rows[0]["dropped"] == rows[0]["entered"] - rows[0]["passed"]
    assert rows[-1]["passed"] is None
    named = {gate["account"] for one in rows for gate in one["gatekeepers"]}
    assert {"p:rec-a", "p:host1"} <= named
    assert not [name for name in named if name.startswith("p:person")]
    # The room's name holds the native id of somebody who entered it.
    assert "person7" not in str(rows)
    page = (written / "report.html").read_text("utf-8")
    assert "Structure alone does not tell an honest series from another" in page
    assert "talk with person7" not in page


def test_a_gatekeeper_of_a_series_is_shown_so_beside_its_weight_and_weighs_no_more(
    written: Path, undertow
) -> None:
    rows = pq.read_table(written / "evidence.parquet").to_pylist()
    mine = [one for one in rows if one["step"] == "rooms"]
    assert {(one["account"], one["bits"], one["source"]) for one in mine} == {
        ("p:rec-a", 0.0, "context")
    }
    said = undertow("explain", "p:rec-a", "--from", written).out
    assert "lets people into a series of rooms" in said
    assert np.isfinite([one["bits"] for one in rows]).all()


def test_without_a_series_there_is_no_file_and_an_old_one_goes(
    written: Path, undertow, tmp_path: Path
) -> None:
    given = table([*chatter(), *team()])
    path = tmp_path / "plain.parquet"
    write_events(path, given.to_batches(), schema=given.schema, sources=[SOURCE])
    assert undertow("detect", path, "--out", written, "-p", "extremist-recruitment").code == 0
    assert not (written / "rooms.parquet").exists()
    assert "Series of rooms" not in (written / "report.html").read_text("utf-8")

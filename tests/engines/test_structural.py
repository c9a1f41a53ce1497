"""The structural engine gives the oracle's answer, however it reads and whatever it lets go of early."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.engines.structural import Found, find_in_files
from undertow.engines.structural_plan import compile_books, counters, rarest, tables
from undertow.engines.structural_read import Columns
from undertow.errors import UndertowError
from undertow.playbooks.grammar import Playbook, Role, Step
from undertow.playbooks.parse import load
from undertow.testing.oracle import Event, find
from undertow.units import DAY
from worlds import random_events, random_playbook

BENCH = Path(__file__).parent.parent.parent / "bench/playbooks"
COLUMNS = Columns(at="at", type="kind", words={"dm": "message"})
IDS = {f"p:{k}": 1000 - 37 * k for k in range(6)}
"""The order of numbers is not the order of names."""

Plain = dict[tuple[int, int], tuple[int, tuple[int, ...], tuple[int, ...]]]


def world(seed: int) -> tuple[list[Playbook], list[Event]]:
    dice = random.Random(seed)
    events = [
        Event(e.at, f"e{k:04d}", e.target, e.type, e.actor, has=e.has)
        for k, e in enumerate(random_events(dice, dice.randint(2, 5), 60))
    ]
    # Rows of equal times count in the order of rows, which is that of ids.
    return [pair_only(dice) for _ in range(dice.randint(1, 4))], events


def pair_only(dice: random.Random) -> Playbook:
    """Draw a playbook whose steps are all between the two, listed from any step."""
    while True:
        book = random_playbook(dice)
        if not book.groups and not book.free:
            steps = tuple(replace(s, first=False, visibility=()) for s in book.steps)
            return replace(book, steps=steps, listed_from=dice.choice(steps).name)


def written(path: Path, events: list[Event], group: int = 7, kind: str = "dm") -> Path:
    words = [kind if e.type == "message" else e.type for e in events]
    table = pa.table(
        {
            "at": pa.array([e.at for e in events], pa.int64()),
            "kind": pa.array(words, pa.string()).dictionary_encode(),
            "actor": pa.array([IDS[e.actor] for e in events], pa.int64()),
            "target": pa.array([IDS.get(e.target or "") for e in events], pa.int64()),
            "address": pa.array(["address" in e.has for e in events], pa.bool_()),
        }
    )
    pq.write_table(table, path, row_group_size=group)
    return path


def plain(found: Found) -> Plain:
    listed = zip(found.keys, found.furthest, found.row, found.at, strict=True)
    return {
        (int(key[0]), int(key[1])): (int(step), tuple(rows.tolist()), tuple(times.tolist()))
        for key, step, rows, times in listed
    }


def expected(events: list[Event], book: Playbook) -> Plain:
    rows = {event.id: row for row, event in enumerate(events)}
    answer: Plain = {}
    for (a, b), match in find(events, book).items():
        furthest = book.step_index(match.step)
        if furthest >= book.step_index(book.listed_from):
            taken = dict(match.steps)
            at = [taken[s.name].at if s.name in taken else 0 for s in book.steps]
            row = [rows[taken[s.name].id] if s.name in taken else -1 for s in book.steps]
            answer[IDS[a], IDS[b]] = furthest, tuple(row), tuple(at)
    return answer


def test_it_equals_the_oracle_whatever_is_let_go_of_early(tmp_path: Path) -> None:
    matches = 0
    for seed in range(150):
        books, events = world(seed)
        path = written(tmp_path / f"{seed}.parquet", events)
        wanted = [expected(events, book) for book in books]
        matches += sum(map(len, wanted))
        # Little memory makes the engine sieve in a reading before, and take the pairs in turns.
        for early, memory, threads in ((True, 1 << 30, 1), (True, 0, 2), (False, 0, 1)):
            found = find_in_files(
                [path], books, COLUMNS, early_filter=early, memory=memory, threads=threads
            )
            assert [plain(one) for one in found] == wanted, (seed, early, memory)
    assert matches > 300, "the cases must hold matches, or they prove nothing"


def test_files_in_no_order_of_time_give_the_same_keys_and_times(tmp_path: Path) -> None:
    for seed in range(200, 230):
        books, events = world(seed)
        dice = random.Random(seed)
        dice.shuffle(events)
        # The oracle orders equal times by id: give rows that order.
        events = [replace(e, id=f"e{k:04d}") for k, e in enumerate(events)]
        half = len(events) // 2
        written(tmp_path / f"{seed}-a.parquet", events[:half])
        written(tmp_path / f"{seed}-b.parquet", events[half:])
        paths = [tmp_path / f"{seed}-b.parquet", tmp_path / f"{seed}-a.parquet"]
        found = find_in_files(paths, books, COLUMNS)
        assert [plain(one) for one in found] == [expected(events, b) for b in books], seed


def test_ten_playbooks_at_once_are_ten_one_by_one(tmp_path: Path) -> None:
    dice = random.Random(5)
    books = [pair_only(dice) for _ in range(10)]
    path = written(tmp_path / "e.parquet", world(5)[1])
    at_once = find_in_files([path], books, COLUMNS)
    assert sum(map(len, at_once))
    for book, found in zip(books, at_once, strict=True):
        assert plain(find_in_files([path], [book], COLUMNS)[0]) == plain(found)


def test_many_rows_are_found_on_every_way_of_reading(tmp_path: Path) -> None:
    size, rng = 60_000, np.random.default_rng(3)
    actor = rng.integers(0, 100, size)
    target = (actor + rng.integers(1, 4, size)) % 100
    table = pa.table(
        {
            "at": pa.array(np.sort(rng.integers(0, 60 * DAY, size)), pa.timestamp("us", "UTC")),
            "kind": rng.choice(["dm", "mention", "follow", "post"], size),
            "actor": actor.astype(np.int32),
            "target": pa.array(target, mask=rng.random(size) < 0.1),
            "address": rng.random(size) < 0.06,
        }
    )
    pq.write_table(table, tmp_path / "e.parquet", row_group_size=9_000)
    books = [load(str(BENCH / name)) for name in ("p1.yaml", "p1-no-rare.yaml")]
    ways = [
        (True, 1 << 30, 2),
        (True, 1, 2),
        (True, 1, 1),
        (False, 1 << 30, 2),
        (False, 1 << 18, 1),
    ]
    answers = [
        plain(find_in_files(
            [tmp_path / "e.parquet"], chosen, COLUMNS, early_filter=early, memory=m, threads=t
        )[0])
        # Alone the first has a rare step; with the second beside it all needs are counted.
        for chosen in (books, books[:1])
        for early, m, t in ways
    ]  # fmt: skip
    assert len(answers[0]) > 10
    assert all(answer == answers[0] for answer in answers)


def test_a_sieve_lets_every_pair_pass_that_has_what_its_playbook_needs() -> None:
    for seed in range(100):
        dice = random.Random(seed)
        books = compile_books([pair_only(dice) for _ in range(dice.randint(1, 6))])
        share = np.array([dice.random() for _ in range(books.count)])
        needs = dice.choice([rarest(books, share), [n for b in books.all for n in b.needs]])
        step, live = tables(books, counters(needs))
        for _ in range(20):
            seen = [dice.randrange(books.count) for _ in range(dice.randint(0, 12))]
            state = 0
            for one in seen:
                state = int(step[one, state])
            for p, book in enumerate(books.all):
                met = all(sum(c in n.classes for c in seen) >= n.count for n in book.needs)
                assert not met or (int(live[state]) >> p) & 1, seed


def test_the_rare_step_of_p1_is_what_its_sieve_looks_for() -> None:
    books = compile_books([load(str(BENCH / "p1.yaml"))])
    book = books.all[0]
    assert sorted(need.count for need in book.needs) == [1, 1, 1, 10]
    share = np.full(books.count, 0.1)
    address = {n.classes for n in book.needs if len(n.classes) == 1 and n.count == 1}
    for classes in address:
        share[list(classes)] = 0.001
        assert rarest(books, share)[0].classes == classes
        share[:] = 0.1


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (Step("s", ("follow",), source="r", sink="t", first=True), "`first`"),
        (Step("s", ("message",), source="r", sink="t", has=("answered",)), "`answered`"),
        (Step("s", ("message",), source="g", sink="t"), "not between"),
        (Step("s", ("message",), source="r", sink="t", visibility=("direct",)), "`visibility`"),
    ],
)
def test_what_integers_do_not_show_is_refused_with_a_way_out(step: Step, says: str) -> None:
    book = Playbook("b", (Role("r"), Role("t"), Role("g")), ("r", "t"), "s", (step,))
    with pytest.raises(UndertowError, match=says) as fault:
        compile_books([book])
    assert fault.value.code == "structural-unsupported"
    assert "undertow detect" in str(fault.value)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (replace(COLUMNS, actor="actr"), "structural-no-column"),
        (replace(COLUMNS, target="kind"), "structural-wrong-column"),
        (replace(COLUMNS, words={"dm": "massage"}), "structural-unknown-word"),
    ],
)
def test_a_wrong_name_of_a_column_is_refused(
    tmp_path: Path, columns: Columns, code: str
) -> None:
    path = written(tmp_path / "e.parquet", world(1)[1])
    with pytest.raises(UndertowError) as fault:
        find_in_files([path], [load(str(BENCH / "p1.yaml"))], columns)
    assert fault.value.code == code


def test_broken_and_empty_files_are_told_apart(tmp_path: Path) -> None:
    book = load(str(BENCH / "p1.yaml"))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UndertowError) as fault:
        find_in_files([tmp_path / "broken.parquet"], [book], COLUMNS)
    assert fault.value.code == "structural-unreadable"
    assert len(find_in_files([written(tmp_path / "none.parquet", [])], [book], COLUMNS)[0]) == 0
    events = world(1)[1]
    table = pq.read_table(written(tmp_path / "null.parquet", events))
    nulls = pa.array([None] * len(events), pa.int64())
    pq.write_table(table.set_column(2, "actor", nulls), tmp_path / "null.parquet")
    with pytest.raises(UndertowError) as fault:
        find_in_files([tmp_path / "null.parquet"], [book], COLUMNS)
    assert fault.value.code == "structural-null"

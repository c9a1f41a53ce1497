"""Events leave in total order, once, and never after one that was later by more than the lateness."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from undertow.live.columns import AT, TARGET, WIDTH, Events, events_of, events_state
from undertow.live.names import Names
from undertow.live.order import Waiting

Row = tuple[int, str, int]


def events(rows: list[Row]) -> Events:
    columns = np.zeros((WIDTH, len(rows)), np.int64)
    columns[AT] = [at for at, _, _ in rows]
    columns[TARGET] = [target for _, _, target in rows]
    return Events(pa.array([name for _, name, _ in rows], pa.string()), columns)


def rows_of(given: Events) -> list[Row]:
    return list(
        zip(
            given.at.tolist(),
            given.ids.to_pylist(),
            given.columns[TARGET].tolist(),
            strict=True,
        )
    )


def names(*accounts: str) -> Names:
    made = Names()
    made.codes(pa.array(accounts))
    return made


def drain(waiting: Waiting, rows: list[Row], cuts: list[int]) -> list[Row]:
    out: list[Row] = []
    for begin, end in pairwise([0, *cuts, len(rows)]):
        waiting.take(events(rows[begin:end]))
        out += rows_of(waiting.leave())
    return out + rows_of(waiting.leave(all_of_them=True))


@pytest.mark.parametrize("seed", range(20))
def test_what_leaves_does_not_depend_on_how_the_stream_was_cut(seed: int) -> None:
    dice = random.Random(seed)
    rows = [
        (dice.randrange(300), f"e{dice.randrange(80)}", dice.randrange(-1, 2))
        for _ in range(200)
    ]
    rows.sort(key=lambda row: row[0] + dice.randrange(60))
    whole, cut = (Waiting(40, names("p:b", "p:a")) for _ in range(2))
    once = drain(whole, rows, [])
    assert drain(cut, rows, sorted(dice.sample(range(200), 30))) == once
    assert (cut.late, cut.repeated) == (whole.late, whole.repeated)
    assert whole.late > 0 < whole.repeated
    # Account 1 is `p:a`: names decide, not the order in which they were met.
    place = {-1: "", 0: "p:b", 1: "p:a"}
    keys = [(at, name, place[target]) for at, name, target in once]
    assert keys == sorted(set(keys))


def test_an_event_waits_until_the_watermark_has_passed_it() -> None:
    waiting = Waiting(10, names("p:a"))
    waiting.take(events([(100, "a", -1)]))
    assert not len(waiting.leave())
    waiting.take(events([(110, "b", -1)]))
    assert not len(waiting.leave())
    waiting.take(events([(111, "c", -1)]))
    assert rows_of(waiting.leave()) == [(100, "a", -1)]
    assert len(waiting) == 2


def test_a_late_event_is_counted_and_goes_no_further() -> None:
    waiting = Waiting(10, names("p:a"))
    waiting.take(events([(100, "a", -1), (200, "b", -1), (189, "late", -1), (190, "just", -1)]))
    assert [name for _, name, _ in rows_of(waiting.leave(all_of_them=True))] == [
        "a",
        "just",
        "b",
    ]
    assert waiting.late == 1


def test_after_the_end_what_came_before_is_late() -> None:
    waiting = Waiting(10, names("p:a"))
    waiting.take(events([(100, "a", -1)]))
    waiting.leave(all_of_them=True)
    waiting.take(events([(100, "a", -1), (101, "b", -1)]))
    assert [name for _, name, _ in rows_of(waiting.leave(all_of_them=True))] == ["b"]
    assert waiting.late == 1


def test_one_event_to_two_accounts_is_two_events() -> None:
    waiting = Waiting(10, names("p:b", "p:a"))
    waiting.take(events([(1, "a", 0), (1, "a", 1), (1, "a", 0)]))
    assert rows_of(waiting.leave(all_of_them=True)) == [(1, "a", 1), (1, "a", 0)]
    assert waiting.repeated == 1


def test_a_checkpoint_brings_back_who_waits_and_what_was_seen() -> None:
    first, again = Waiting(10, names("p:a")), Waiting(10, names("p:a"))
    first.take(events([(100, "a", -1), (105, "b", -1), (112, "c", -1)]))
    first.leave()
    waiting, state = first.state()
    again.restore(events_of(events_state(waiting)), state)
    again.take(events([(105, "b", -1), (103, "a", -1), (101, "x", -1)]))
    assert [name for _, name, _ in rows_of(again.leave(all_of_them=True))] == ["b", "c"]
    assert (again.repeated, again.late) == (2, 1)

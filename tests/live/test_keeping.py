"""What is kept on disk: checkpoints that are whole or not there, files cut back, names by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from undertow.errors import UndertowError
from undertow.live.appended import Appended
from undertow.live.checkpoint import Checkpoints, Saved
from undertow.live.columns import ACTOR, AT, PLATFORM, WIDTH
from undertow.live.event_names import EventNames
from undertow.live.names import Names


def saved(number: int) -> Saved:
    return Saved({"number": number}, {"a": np.arange(number), "b.c": np.empty((0, 3))})


def number(folder: Path) -> int | None:
    checkpoints = Checkpoints(folder)
    try:
        found = checkpoints.latest()
    finally:
        checkpoints.close()
    return None if found is None else found.values["number"]


def test_the_newest_two_checkpoints_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.latest() is None
    for n in range(1, 5):
        checkpoints.save(saved(n))
    found = checkpoints.latest()
    assert found is not None
    assert found.arrays["a"].tolist() == [0, 1, 2, 3]
    assert found.arrays["b.c"].shape == (0, 3)
    assert sorted(path.name[-1] for path in tmp_path.iterdir() if path.is_dir()) == ["3", "4"]
    checkpoints.close()


def test_a_checkpoint_that_is_broken_gives_way_to_the_one_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(saved(1))
    checkpoints.save(saved(2))
    checkpoints.close()
    array = tmp_path / f"{2:010d}" / "a.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"\xff")
    assert number(tmp_path) == 1
    (tmp_path / f"{1:010d}" / "run.json").unlink()
    with pytest.raises(UndertowError) as caught:
        number(tmp_path)
    assert caught.value.code == "watch-state-broken"


def test_what_was_not_finished_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "part-0000000007").mkdir()
    assert number(tmp_path) is None
    assert not list(tmp_path.glob("part-*"))


def test_two_watches_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path)
    with pytest.raises(UndertowError) as caught:
        Checkpoints(tmp_path)
    assert caught.value.code == "watch-state-used"
    first.close()
    Checkpoints(tmp_path).close()


def test_an_appended_file_is_cut_back_to_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "a"
    file = Appended(path)
    file.write(b"one\n")
    length = file.sync()
    file.write(b"two\n")
    file.close()
    again = Appended(path, length)
    again.write(b"three\n")
    again.close()
    assert path.read_bytes() == b"one\nthree\n"
    with pytest.raises(UndertowError) as caught:
        Appended(path, 100)
    assert caught.value.code == "watch-file-short"


def add(events: EventNames, first: int, many: int) -> None:
    ids = [f"event-{n}" for n in range(first, first + many)]
    columns = np.zeros((WIDTH, many), np.int64)
    columns[AT] = columns[ACTOR] = np.arange(first, first + many)
    columns[PLATFORM] = 3
    ends = np.cumsum([len(one) for one in ids])
    events.add("".join(ids).encode(), ends, columns)


def test_names_of_events_are_found_by_number_across_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventNames, "SEGMENT", 8)
    events = EventNames(tmp_path)
    for first, many in ((0, 3), (3, 20), (23, 1), (24, 5)):
        add(events, first, many)
    assert [events.look_up(n) for n in range(29)] == [
        (f"event-{n}", n, n, 3) for n in range(29)
    ]
    events.sync()
    add(events, 29, 9)
    events.close()
    again = EventNames(tmp_path, 29)
    add(again, 29, 2)
    assert again.look_up(28).id == "event-28"
    assert again.look_up(30).id == "event-30"
    with pytest.raises(KeyError):
        again.look_up(31)
    again.let_go(17)
    again.remove_before(again.first)
    assert again.first == 16
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{n:08d}.{kind}" for n in (2, 3) for kind in ("ids", "rows")
    ]
    assert again.look_up(16).id == "event-16"
    again.close()


def test_names_keep_their_codes_over_growth_and_checkpoints() -> None:
    names, words = Names(), [f"name-{n}" * (n % 5 + 1) for n in range(5_000)]
    given = pa.array([*words, None, "", "ä", *words[::-1]])
    codes = names.codes(given)
    assert codes[5_000] == -1
    assert [names.name(int(code)) for code in codes] == given.to_pylist()
    again = Names()
    again.restore(names.state())
    assert (again.codes(given) == codes).all()
    assert len(again) == 5_002
    assert again.codes(pa.array(["new"])).tolist() == [5_002]
    assert (names.codes(given.slice(4_990, 30)) == codes[4_990:5_020]).all()

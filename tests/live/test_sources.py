"""Files that grow, are rotated and cut off; folders that fill; lines that are too long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import undertow.live.sources as sources
from undertow.live.lines import Block
from undertow.live.sources import Cutter, Folder, Followed, Source, Stream


def texts(source: Source, most: int = 20) -> list[str]:
    """Read all that is there now."""
    found: list[str] = []
    for _ in range(most):
        block = source.read(0)
        if block is None:
            break
        found += (
            block.data.decode().split("\n")[:-1]
            if block.data.endswith(b"\n")
            else [*block.data.decode().split("\n")]
        )
    return found


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_growing_file_gives_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    source = Followed(path)
    assert source.read(0) is None
    add(path, "one\ntw")
    assert texts(source) == ["one"]
    add(path, "o\n")
    assert texts(source) == ["two"]
    assert not source.ended
    source.close()


def test_a_rotated_file_is_read_to_its_end_before_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    add(path, "one\n")
    source = Followed(path)
    assert texts(source) == ["one"]
    add(path, "two\nlast")
    path.rename(tmp_path / "a.jsonl.1")
    assert texts(source) == ["two"]
    add(path, "three\n")
    assert texts(source) + texts(source) == ["last", "three"]
    source.close()


def test_a_file_that_is_cut_off_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    add(path, "one\ntwo\n")
    source = Followed(path)
    assert texts(source) == ["one", "two"]
    path.write_text("new\n")
    assert texts(source) == ["new"]
    source.close()


def test_a_run_goes_on_where_it_stood_even_in_a_file_rotated_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    add(path, "one\ntwo\nth")
    source = Followed(path)
    assert texts(source) == ["one", "two"]
    position = source.position()
    source.close()
    add(path, "ree\n")
    path.rename(tmp_path / "a.jsonl.1")
    add(path, "four\n")
    again = Followed(path)
    again.resume(position)
    block = again.read(0)
    assert block == Block(b"three\n", 3, block.file if block else "")
    assert texts(again) == ["four"]
    assert not again.lost
    again.close()


def test_a_new_file_under_an_old_number_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    add(path, "one\ntwo\n")
    source = Followed(path)
    texts(source)
    position = source.position()
    source.close()
    path.write_text("other\nlines\nhere\n")
    assert path.stat().st_ino == position["inode"]
    again = Followed(path)
    again.resume(position)
    assert texts(again) == ["other", "lines", "here"]
    again.close()


def test_a_run_whose_file_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    add(path, "one\n")
    source = Followed(path)
    texts(source)
    position = source.position()
    source.close()
    position["inode"] = -5
    again = Followed(path, once=True)
    again.resume(position)
    assert texts(again) == ["one"]
    assert again.lost
    again.close()


def test_a_folder_is_read_in_the_order_of_names_and_goes_on(tmp_path: Path) -> None:
    add(tmp_path / "b.jsonl", "b1\n")
    add(tmp_path / "a.jsonl", "a1\na2")
    add(tmp_path / "notes.txt", "no\n")
    source = Folder(tmp_path)
    assert texts(source) == ["a1", "a2", "b1"]
    add(tmp_path / "b.jsonl", "b2\n")
    assert texts(source) == ["b2"]
    position = source.position()
    source.close()
    add(tmp_path / "b.jsonl", "b3\n")
    add(tmp_path / "c.jsonl", "c1\n")
    add(tmp_path / "a.jsonl", "too late\n")
    again = Folder(tmp_path, once=True)
    again.resume(position)
    assert texts(again) == ["b3", "c1"]
    assert again.ended
    again.close()


def test_a_pipe_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LINGER", 0)
    outlet, inlet = os.pipe()
    source = Stream(outlet)
    assert source.read(0) is None
    os.write(inlet, b"one\ntw")
    assert texts(source) == ["one"]
    os.write(inlet, b"o")
    os.close(inlet)
    assert texts(source) == ["two"]
    assert source.ended
    os.close(outlet)


@pytest.mark.parametrize("size", [3, 7, 64])
def test_a_line_that_is_too_long_is_left_out_with_its_number(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LONGEST_LINE", 10)
    data = b"one\n" + b"x" * 50 + b"\nthree\n" + b"y" * 30
    cutter = Cutter("f")
    blocks = [cutter.cut(data[k : k + size]) for k in range(0, len(data), size)]
    blocks.append(cutter.cut(b"", at_end=True))
    numbered = [
        (block.first + n, text)
        for block in blocks
        if block is not None
        for n, text in enumerate(block.data.split(b"\n"))
        if text and len(text) < 30
    ]
    overlong = [number for block in blocks if block is not None for number in block.overlong]
    if size < 64:
        assert numbered == [(1, b"one"), (3, b"three")]
        assert overlong == [2, 4]
    else:
        assert (1, b"one") in numbered

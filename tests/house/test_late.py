"""Functions compiled late: what is called at an address says what Python says, and a later run needs no compiler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from undertow import late
from undertow.late import Direct

INTS = np.arange(24, dtype=np.int64)
FROZEN = INTS.copy()
FROZEN.flags.writeable = False


class Two(NamedTuple):
    """Arrays of two kinds with a number between them, as kernels are handed them."""

    one: Any
    number: Any
    other: Any


def _weigh(table: Any, two: Two, factor: Any, turned: Any, out: Any) -> int:
    """Read every place of every argument once, each with a weight of its own."""
    total = 0
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            total += table[i, j] * (3 * i + 7 * j + 1)
    for i in range(len(two.one)):
        total += two.one[i] * (i + 1) * two.number
    for i in range(len(two.other)):
        out[i] = two.other[i] * factor
    return -total if turned else total


def _is_rising(values: Any) -> bool:
    return len(values) > 0 and values[0] < values[-1]


def direct(function: Callable[..., Any]) -> Any:
    function.__module__ = "undertow.matches.made_up"
    return Direct(function)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(late, "kept_in", lambda _: tmp_path)
    return tmp_path


TABLES = [
    INTS.reshape(4, 6),
    np.asfortranarray(INTS.reshape(4, 6)),
    INTS.reshape(4, 6)[::-1, ::2],
    INTS.reshape(1, 24).astype(np.int32),
    FROZEN.reshape(6, 4),
    np.zeros((0, 3), np.int64),
]
TWOS = [
    Two(INTS[:5], 3, np.linspace(0, 1, 7)),
    Two(FROZEN[::-3], np.int64(-2), INTS[:4].astype(np.uint8)),
    Two(INTS[::2].astype(np.int32), np.int32(5), np.empty(0, np.int8)),
]


@pytest.mark.parametrize("two", TWOS)
@pytest.mark.parametrize("table", TABLES)
def test_what_is_called_at_its_address_says_what_python_says(table: Any, two: Two) -> None:
    weigh = direct(_weigh)
    for factor, turned in ((2.5, False), (-1.0, True)):
        wanted, out = np.zeros((2, 8))
        said = weigh.py_func(table, two, factor, turned, wanted)
        assert weigh(table, two, factor, turned, out) == said
        assert np.array_equal(out, wanted)


def test_a_truth_and_nothing_come_back_as_such() -> None:
    rising = direct(_is_rising)
    assert [rising(some) for some in (INTS, INTS[::-1], INTS[:0])] == [True, False, False]
    assert isinstance(rising(INTS), bool)

    def nothing(out: Any) -> None:
        out[0] = 7

    out = np.zeros(1, np.int64)
    assert direct(nothing)(out) is None
    assert out[0] == 7


def test_what_is_kept_is_called_without_the_compiler(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert direct(_is_rising)(INTS)
    (path,) = kept.glob("*.code")
    monkeypatch.setattr(Direct, "compiled", None)
    assert direct(_is_rising)(INTS)
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:40], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(broken)
        with pytest.raises(TypeError):  # nothing is there to compile with
            direct(_is_rising)(INTS)


def test_where_nothing_can_be_kept_it_is_compiled_each_time(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "folder").write_text("a file stands where the folder would")
    rising, again = direct(_is_rising), direct(_is_rising)
    assert rising.dispatcher
    assert again.dispatcher  # numba has a folder of its own
    monkeypatch.setattr(late, "kept_in", lambda _: kept / "folder")
    assert rising(INTS)
    assert again(INTS)
    assert not list(kept.glob("**/*.code"))


def test_a_fault_of_compiled_code_is_a_fault() -> None:
    def part(values: Any, by: int) -> int:
        return values[0] // by

    with pytest.raises(RuntimeError, match="part"):
        direct(part)(INTS, 0)


WITHOUT = """
import sys
from undertow.cli.main import main
code = main(["-q", "detect", *sys.argv[1:]])
heavy = {"numba", "scipy", "pandas", "sqlalchemy", "fastapi", "pyspark"} & sys.modules.keys()
sys.exit(f"imported: {heavy}" if heavy or code else 0)
"""


def test_a_second_run_needs_neither_the_compiler_nor_what_it_does_not_use(
    root: Path, tmp_path: Path
) -> None:
    source = tmp_path / "events.jsonl"
    lines = (
        '{"id": "e%d", "published": "2026-01-%02dT10:00:00Z", "type": "message", '
        '"actor": "p:%d", "target": "p:%d", "platform": "p", "text": "hello number %d"}\n'
    )
    source.write_text(
        "".join(lines % (k, 1 + k // 20, k % 17, (k * 7 + 1) % 23, k) for k in range(400))
    )
    for _ in range(2):
        run = subprocess.run(
            [
                sys.executable,
                "-c",
                WITHOUT,
                str(source),
                "--ground",
                "a test",
                "-o",
                str(tmp_path / "found"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr

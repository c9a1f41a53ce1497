"""Which files of a folder are events, and of what kind a file is, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

SUFFIXES: Final = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
    ".csv.gz": "csv",
}
NOT_EVENTS: Final = ("rejects.parquet", "truth.parquet")
"""How files end that our own commands write beside events: left out when a folder is read."""


def events_files(paths: Iterable[Path | str]) -> Iterator[Path]:
    """Name the files that are read: those given, and of folders those of events, in the order of their names."""
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and kind_of(p) is not None)
            yield from (
                p for p in inside if not p.name.endswith(NOT_EVENTS) and p.name[0] != "."
            )
        else:
            yield path


def kind_of(path: Path) -> str | None:
    """Give `parquet`, `jsonl` or `csv`; None where the name tells none of them."""
    name = path.name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)

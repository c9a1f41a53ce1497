"""Made-up events on disk: kept in a cache folder, made once."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SHAPE = 1
"""Part of every name; raised when `generate.py` comes to make other events of the same numbers."""


def cache_folder() -> Path:
    """Say where made-up events are kept: `undertow/bench` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "undertow" / "bench"


@dataclass(frozen=True)
class Files:
    """Files of made-up events in one folder."""

    folder: Path

    def structural(self, n: int, accounts: int | None = None) -> Path:
        """Give `n` events with integer accounts and without text."""
        many = f"-of-{accounts}" if accounts else ""
        extra = ("--accounts", str(accounts)) if accounts else ()
        return self._made(f"structural-{n}{many}.parquet", n, "--form", "structural", *extra)

    def table(self, n: int) -> Path:
        """Give `n` events as an event table with string ids and texts of nine words."""
        return self._made(f"table-{n}.parquet", n, "--form", "table", "--text")

    def lines(self, n: int) -> Path:
        """Give `n` events as JSON Lines with texts of nine words."""
        return self._made(f"lines-{n}.jsonl", n, "--form", "lines", "--text")

    def csv(self, events: Path) -> Path:
        """Give what matters of structural events as CSV, for readers that know nothing else."""
        path = events.with_suffix(".csv")
        if not path.exists():
            script = HERE / "peers" / "flink_match.py"
            options = ("--events", str(events), "--csv", str(path), "--write")
            subprocess.run((sys.executable, str(script), *options), check=True)
        return path

    def _made(self, name: str, n: int, *options: str) -> Path:
        path = self.folder / f"{SHAPE}-{name}"
        if not path.exists():
            print(f"making {path}", file=sys.stderr)
            self.folder.mkdir(parents=True, exist_ok=True)
            # Under another name until it is whole: a run that was stopped leaves no half file behind.
            part = path.with_name(f"part-{path.name}")
            script = (sys.executable, str(HERE / "generate.py"))
            subprocess.run(
                (*script, "--n", str(n), *options, "--out", str(part)),
                check=True,
                stdout=sys.stderr,
            )
            for made in sorted(self.folder.glob(f"part-{path.stem}.*"), reverse=True):
                if made != part:
                    made.replace(self.folder / made.name.removeprefix("part-"))
            part.replace(path)
        return path

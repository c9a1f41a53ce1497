"""Small logs of integers for null worlds, and the village of the campaigns' tests as a file."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "campaigns"))

from village import DAY, SCRIPT, SOURCE, START, chatter, row, table

from undertow.cli.main import main
from undertow.events.write import write_events

OTHER = "please look at the new list of all walks and talks for week {} beside the board"


def team(recruiters: int = 4, targets: int = 5) -> list[dict]:
    """Let some accounts work by twos: both hand one address to people whom they greet with the same words."""
    rows = []
    for r in range(recruiters):
        for n in range(targets):
            target = f"p:person{r * targets + n}"
            at = START + (5 + 3 * n) * DAY + timedelta(hours=2 + r)
            words = (SCRIPT, OTHER)[r // 2].format(n + 10)
            rows += [
                row("message", at, f"p:rec-{r}", target, words),
                row("message", at + timedelta(hours=1), target, f"p:rec-{r}", "yes"),
                row(
                    "message",
                    at + timedelta(hours=6),
                    f"p:rec-{r}",
                    target,
                    f"find me at t.me/lamp_{r // 2}_shop",
                ),
            ]
    return rows


@pytest.fixture(scope="session")
def village_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village with a team of four."""
    rows = table(chatter(people=120) + team())
    path = tmp_path_factory.mktemp("village") / "village.parquet"
    write_events(path, rows.to_batches(), schema=rows.schema, sources=[SOURCE])
    return path


@pytest.fixture(scope="session")
def found(
    village_file: Path, _key_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder that `detect` makes of the village; read only."""
    out = tmp_path_factory.mktemp("found") / "found"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERTOW_KEY_FILE", os.fspath(_key_file))
        assert main(["detect", str(village_file), "--out", str(out)]) == 0
    return out

"""From rows to ties: the real way, through a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from village import SOURCE, table

from undertow.campaigns.tie import Tied, tied
from undertow.events.log import EventLog
from undertow.events.read import open_events
from undertow.events.write import write_events
from undertow.matches.match import find
from undertow.pipeline import read_log
from undertow.playbooks import parse
from undertow.request import Request
from undertow.scores.rates import activity
from undertow.scores.weigh import Weighed, weigh

Ran = tuple[EventLog, list[Weighed], Tied]


@pytest.fixture
def tie(tmp_path: Path) -> Callable[[list[dict]], Ran]:
    """Read, match, weigh and tie some rows."""

    def run(rows: list[dict]) -> Ran:
        given = table(rows)
        path = tmp_path / "village.parquet"
        write_events(path, given.to_batches(), schema=given.schema, sources=[SOURCE])
        book = parse.load("extremist-recruitment")
        files = open_events([path])
        log = read_log(files, Request((path,), tmp_path, (book,)), lambda _: None)
        weighed = [weigh(log, find(log, book, files.sources), activity(log))]
        return log, weighed, tied(log, weighed)

    return run

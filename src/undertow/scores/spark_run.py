"""A whole run over Spark: files read and dealt, counted, matched and weighed.

Playbooks whose keys need the events of one account alone share one way of dealing. Those that need more
are matched over a single part, by one executor: with its memory, and the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from undertow.engines.spark import Spark
from undertow.engines.spark_blocks import Array, Block
from undertow.engines.spark_read import (
    SEQUENCE,
    Reading,
    Task,
    away,
    read_of,
    tasks_of,
)
from undertow.events.coding import Looks
from undertow.events.load import in_order
from undertow.events.log import EventLog
from undertow.events.names import KEY
from undertow.events.read import EventFiles
from undertow.events.spill import rows_of
from undertow.matches.parts import owning_end
from undertow.playbooks.grammar import Playbook
from undertow.scores.spark_answers import Closed
from undertow.scores.spark_weigh import Counted, FarParts, cited_log, count, weigh_far
from undertow.scores.weigh import Weighed


class FarRun:
    """Playbooks over files, carried by Spark.

    Args:
        spark: who carries.
        files: the opened files; `files.rejects` is complete after `read`.
        playbooks: checked playbooks.
        looks: signals that need the text.
        until: leave out events at and after this moment.
    """

    def __init__(
        self,
        spark: Spark,
        files: EventFiles,
        playbooks: Sequence[Playbook],
        looks: Looks,
        until: datetime | None,
    ) -> None:
        self._spark, self._files, self._playbooks = spark, files, playbooks
        self._tasks = tasks_of(files)
        self._ends = [owning_end(playbook) for playbook in playbooks]
        rows = rows_of(files)
        rooms = any(playbook.groups for playbook in playbooks)
        self._ways: dict[bool, FarParts] = {}
        for whole in sorted({end is None for end in self._ends}):
            many = 1 if whole else spark.many(rows)
            reading = Reading(away(files), self._tasks, many, KEY, looks, until, rooms)
            self._ways[whole] = FarParts(spark, reading, rows)
        self._counted: Counted | None = None

    def read(self) -> Counted:
        """Read all files and count.

        Raises:
            UndertowError: as `events.load.load`.
        """
        for place, far in enumerate(self._ways.values()):
            facts, about, news = far.facts()
            if place:
                continue
            platforms = _read_news(self._files, self._tasks, news)
            if facts:
                self._counted = count(facts, about, platforms)
            else:
                self._counted = Counted.nothing()
        assert self._counted is not None  # noqa: S101  # there is at least one playbook
        return self._counted

    def weigh(self) -> tuple[list[Weighed], EventLog]:
        """Match and weigh all playbooks; `read` went before. Beside them the log of cited events."""
        counted = self._counted
        assert counted is not None  # noqa: S101  # the caller's order
        census = self._spark.share_out(counted.census)
        found: dict[bool, Any] = {}
        blocks: list[Block] = []
        for whole, far in self._ways.items():
            chosen = [
                (playbook, end or 0)
                for playbook, end in zip(self._playbooks, self._ends, strict=True)
                if (end is None) == whole
            ]
            found[whole] = far.match(
                [book for book, _ in chosen],
                [end for _, end in chosen],
                self._files.sources,
                census,
            )
            blocks += found[whole][1]
        cited = cited_log(counted.census, blocks)
        weighed = {}
        for whole, far in self._ways.items():
            sums, mine = found[whole]
            weighed[whole] = iter(weigh_far(far, sums, mine, counted, cited))
        return [next(weighed[end is None]) for end in self._ends], cited.log

    def closed(self, answer: Closed) -> Callable[[Array, Array, Array], Array]:
        """Give what asks executors whom targets met, by a function that knows it of a log."""
        far = next(iter(self._ways.values()))
        return partial(far.closed, answer)

    def drop(self) -> None:
        """Let executors forget all of it."""
        for far in self._ways.values():
            far.drop()


def _read_news(files: EventFiles, tasks: tuple[Task, ...], news: Sequence[Block]) -> pa.Array:
    """Take rows set aside and faults as a reader on one machine would; give all platforms in order.

    Raises:
        UndertowError: the first fault in the order of files and rows.
    """
    told = [
        (block.at >> SEQUENCE, block.arrays()) for block in sorted(news, key=lambda one: one.at)
    ]
    rejects = [files.rejects]
    for number, file in enumerate(files.files):
        reads = [read_of(one) for task, one in told if tasks[task].file == number]
        for _ in in_order(file, reads, rejects, lambda _: None):
            pass
    files.rejects = pa.concat_tables(rejects)
    named = pa.chunked_array([one["platforms"] for _, one in told], pa.string())
    platforms = pc.unique(named)
    return platforms.take(pc.sort_indices(platforms))

"""Spark carries the parts; what is done with them is done by the functions of one machine.

Nothing of Spark's own dialect says what a match is: tasks read files and deal rows to parts, parts are
sorted and handed to a step by `mapInArrow`, and a step gives back blocks of Arrow. The driver never holds
events, only the names and counts of accounts, and what is cited in the end.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from undertow.engines.spark_blocks import SHAPE, Block, received, sent
from undertow.engines.spark_part import Deal, settle
from undertow.engines.spark_read import Reading, read_and_deal
from undertow.errors import OUR_FAULT, UndertowError

LOCAL: Final = "local[*]"
MIB: Final = 1 << 20
HEAP: Final = 0.25
"""Share of the memory given that Java may use: blocks pass through it, sorted and stored on disk."""
LEAST_HEAP: Final = 512 * MIB
CLUSTER_MEMORY: Final = 4 << 30
"""Bytes that an executor may use unless told otherwise: a part is made small enough for it."""
EACH: Final = 300
"""Bytes of memory that a row of a part asks for while it is matched, as in `matches.parts`."""
SHARE: Final = 0.5
"""Share of a core's memory that one part may use."""
PART: Final = 1_000_000
"""Rows of a part at most: larger ones leave cores without work at the end."""
AT_ONCE: Final = 2_000_000
"""Rows that one task of Spark reads, about."""
KNOCK: Final = 5.0
"""Seconds within which a master must answer."""
PATIENCE: Final = 60.0
"""Seconds within which a worker must turn up."""
STANDALONE: Final = "spark://"
LOOPBACK: Final = ("localhost", "127.0.0.1")
SETTINGS: Final = {
    "spark.app.name": "undertow",
    # The page of a running job would listen on a port, and shows what it reads.
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
    # Parts are made by us, and each is worth a task of its own.
    "spark.sql.adaptive.enabled": "false",
    # Blocks are large: a batch of ten thousand would not fit into memory.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4",
    "spark.sql.inMemoryColumnarStorage.batchSize": "4",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    "spark.driver.maxResultSize": "0",
    "spark.python.daemon.module": "undertow.scores.spark_daemon",
    "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
}

ERRORS: Final = 2
"""File that standard error is."""
NO_GATEWAY: Final = "JAVA_GATEWAY_EXITED"
TRACE: Final = "UNDERTOW_TRACE"
"""Set to 1, Java's words are shown."""

Step = Callable[[Iterable[pa.RecordBatch]], Iterator[Block]]


@dataclass(frozen=True)
class Frame:
    """Blocks that Spark holds, or will make when they are asked for."""

    data: Any

    def carry(self, step: Step) -> Frame:
        """Hand every partition to a step."""

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return sent(step(batches))

        return Frame(self.data.mapInArrow(run, SHAPE))

    def kept(self) -> Frame:
        """Keep the blocks on the executors' disks once they are made."""
        from pyspark import StorageLevel

        return Frame(self.data.persist(StorageLevel.DISK_ONLY))

    def drop(self) -> None:
        """Let go of what `kept` keeps."""
        self.data.unpersist()

    def collect(self, *kinds: str) -> list[Block]:
        """Bring the blocks of some kinds to the driver.

        Raises:
            UndertowError: `spark-failed`.
        """
        chosen = self.data.filter(self.data["kind"].isin(list(kinds)))
        try:
            table = chosen.toArrow()
        except Exception as fault:
            if not _is_sparks(fault):
                raise
            if os.environ.get(TRACE) == "1":
                traceback.print_exc()
            # Its text may name paths and hold data, so it is not shown.
            raise UndertowError(
                "an executor failed",
                code="spark-failed",
                mend="see that every machine has this Undertow, these files and memory enough; "
                f"set {TRACE}=1 to see more",
                exit_code=OUR_FAULT,
            ) from None
        return list(received(table.to_batches()))


@dataclass(frozen=True)
class Spark:
    """A session, and how much it can do at once.

    Attributes:
        session: of Spark.
        cores: tasks that run side by side.
        memory: bytes that all tasks of one executor may use.
        share: tasks that run side by side in one executor.
    """

    session: Any
    cores: int
    memory: int
    share: int

    def many(self, rows: int) -> int:
        """Say into how many parts to cut so many rows, each of which stands in two of them."""
        fits = max(1.0, SHARE * (1 - HEAP) * self.memory / self.share / EACH)
        return max(self.cores, -(-2 * rows // PART), int(-(-2 * rows // fits)))

    def parts(self, reading: Reading, rows: int) -> Frame:
        """Read files and put each part of their rows in order, on the executors' disks.

        Args:
            reading: what is read.
            rows: about how many there are.
        """
        tasks = len(reading.tasks)
        many = min(tasks, max(self.cores, -(-rows // AT_ONCE)))
        numbers = Frame(self.session.range(0, tasks, 1, many))
        dealt = numbers.carry(partial(read_and_deal, reading)).data
        by_part = dealt.repartitionById(reading.many, "part")
        ordered = Frame(by_part.sortWithinPartitions("part", "kind", "at"))
        return ordered.carry(partial(settle, Deal(reading.many, reading.key))).kept()

    def share_out(self, value: object) -> Any:  # noqa: ANN401  # Spark's broadcast
        """Send a value to every executor once."""
        return self.session.sparkContext.broadcast(value)


@contextmanager
def session(
    master: str, memory: int | None, machine: int, more: Mapping[str, str]
) -> Iterator[Spark]:
    """Start Spark, or use the session that runs already; stop what was started.

    Args:
        master: where it runs, such as `local[2]` or `spark://HOST:PORT`.
        memory: bytes that one executor may use; None for a share of the machine's, or 4 GiB elsewhere.
        machine: bytes that this machine can give.
        more: settings of Spark by name; they stand above ours.

    Raises:
        UndertowError: `spark-missing`, `spark-java`, `spark-master`, `spark-workers`.
    """
    if find_spec("pyspark") is None:
        raise UndertowError(
            "Spark is not installed",
            code="spark-missing",
            mend="run `make spark` in a checkout, or install `undertow[spark]`",
        )
    from pyspark.sql import SparkSession

    given = memory or (machine if master.startswith("local") else CLUSTER_MEMORY)
    running = SparkSession.getActiveSession()
    if running is not None:
        yield _spark(running, given)
        return
    hold_java()
    hold_master(master)
    started = _started(master, given, more)
    try:
        hold_workers(started, master)
        yield _spark(started, given)
    finally:
        started.stop()


def _spark(running: Any, memory: int) -> Spark:  # noqa: ANN401  # Spark's session
    context = running.sparkContext
    cores = int(context.defaultParallelism)
    share = cores
    if not str(context.master).startswith("local"):
        share = int(context.getConf().get("spark.executor.cores", "0")) or max(
            1, cores // max(1, _executors(running))
        )
    return Spark(running, cores, memory, share)


def hold_java() -> None:
    """Refuse to start where no Java is found: `spark-java`."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java") if home is None else shutil.which("java", path=f"{home}/bin")
    if found is None:
        raise _no_java("no Java is found")


def _no_java(what: str) -> UndertowError:
    return UndertowError(
        what,
        code="spark-java",
        mend="install Java 17, on Debian `openjdk-17-jre-headless`, or set JAVA_HOME to it",
    )


def hold_master(master: str) -> None:
    """Refuse a master that is none, or that does not answer: `spark-master`."""
    if master.startswith("local"):
        return
    what = f"`{master.split(':', 1)[0]}` is no kind of master that Spark knows"
    if master.startswith(STANDALONE):
        if any(_answers(place) for place in master.removeprefix(STANDALONE).split(",")):
            return
        what = "the master does not answer"
    elif master.startswith(("yarn", "k8s://")):
        return
    raise UndertowError(
        what,
        code="spark-master",
        mend="check `--master`: it is `local[2]`, `spark://HOST:PORT`, `yarn` or `k8s://...`",
    )


def _answers(place: str) -> bool:
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        return False
    try:
        socket.create_connection((host, int(port)), KNOCK).close()
    except OSError:
        return False
    return True


def _started(master: str, memory: int, more: Mapping[str, str]) -> Any:  # noqa: ANN401  # Spark's session
    """Start a session."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    heap = f"{max(LEAST_HEAP, int(HEAP * memory)) // MIB}m"
    settings = {**SETTINGS, "spark.master": master, **_of_log(), **more}
    # Executors run this very Python, unless the environment names another.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    where = "spark.driver.memory" if master.startswith("local") else "spark.executor.memory"
    settings.setdefault(where, heap)
    places = [one.rpartition(":")[0] for one in master.removeprefix(STANDALONE).split(",")]
    if master.startswith("local") or all(place in LOOPBACK for place in places):
        # What stays on this machine listens to this machine.
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK[1])
        settings.setdefault("spark.driver.host", LOOPBACK[1])
        settings.setdefault("spark.driver.bindAddress", LOOPBACK[1])
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with _quiet():
            return builder.getOrCreate()
    except Exception as fault:
        if not _is_sparks(fault):
            raise
        if isinstance(fault, PySparkException) and fault.getCondition() == NO_GATEWAY:
            raise _no_java("Java does not start Spark: it may be older than 17") from None
        raise UndertowError(
            "Spark does not start with these settings",
            code="spark-master",
            mend=f"check `--master` and `--spark-conf`; set {TRACE}=1 to see more",
        ) from None


def _is_sparks(fault: Exception) -> bool:
    """Say whether Spark raised it, or what stands between Python and Java."""
    return type(fault).__module__.split(".")[0] in ("pyspark", "py4j")


@contextmanager
def _quiet() -> Iterator[None]:
    """Send what Java writes to standard error, from its start to its end, nowhere: it names paths."""
    if os.environ.get(TRACE) == "1":
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(ERRORS), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, ERRORS)
    try:
        yield
    finally:
        os.dup2(kept, ERRORS)
        os.close(kept)
        os.close(nowhere)


def _of_log() -> dict[str, str]:
    """Keep Spark's log quiet from its first line on: its lines name paths and machines."""
    settings = resources.files("undertow.engines").joinpath("spark-log.properties")
    if not isinstance(settings, Path):
        return {}
    return {"spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={settings.as_uri()}"}


def _executors(running: Any) -> int:  # noqa: ANN401  # Spark's session
    """Count the executors that have turned up, the driver not among them."""
    return int(running.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1  # noqa: SLF001  # Python's Spark has no other way to ask


def hold_workers(running: Any, master: str) -> None:  # noqa: ANN401  # Spark's session
    """Wait for the first worker of a cluster."""
    until = time.monotonic() + PATIENCE
    while not master.startswith("local") and _executors(running) < 1:
        if time.monotonic() > until:
            raise UndertowError(
                "the master answers, but gives no worker",
                code="spark-workers",
                mend="start workers, or ask for less with `--memory` and `--spark-conf`",
            )
        time.sleep(0.1)

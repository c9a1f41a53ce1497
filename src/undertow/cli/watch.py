"""`undertow watch`: events as they come, alerts as they arise."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.cli.detect import load_playbooks
from undertow.cli.options import (
    Ground,
    Playbooks,
    Region,
    Timezone,
    checked_duration,
    checked_region,
)
from undertow.cli.screen import complain, note, settings, warn
from undertow.errors import DONE, PARTLY_REFUSED, UndertowError, shown_name

MOST_WARNED = 5
"""Lines set aside that are told one by one where no file takes them."""


def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="`-`, a file, a folder, or nats://HOST:PORT/STREAM?durable=NAME.",
            metavar="[SOURCE]",
        ),
    ] = "-",
    playbook: Playbooks = None,
    ground: Ground = None,
    sources: Annotated[
        Path | None, typer.Option(help="File that declares what could be seen, as YAML.")
    ] = None,
    lateness: Annotated[
        str, typer.Option(help="How late an event may come, such as 10m or 2h.")
    ] = "10m",
    ahead: Annotated[
        str | None,
        typer.Option(help="Set aside events further ahead of the clock than this, such as 1d."),
    ] = None,
    timezone: Timezone = None,
    region: Region = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder of checkpoints; a killed run goes on from there."),
    ] = None,
    every: Annotated[str, typer.Option(help="Time between checkpoints.")] = "30s",
    alerts: Annotated[
        Path | None, typer.Option(help="File that alerts are appended to. [standard output]")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="File that lines set aside are listed in.")
    ] = None,
    rates: Annotated[
        Path | None, typer.Option(help="Folder of an earlier detect, for weights.")
    ] = None,
    personas: Annotated[
        Path | None,
        typer.Option(help="Accounts held to be one actor: a file of `undertow personas`."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Serve counts for Prometheus at HOST:PORT.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end of what is there.")
    ] = False,
) -> None:
    """Watch events as they come and write an alert for every match that arises or changes.

    Reads JSON Lines of the event table. Nothing is acted upon and nothing is sent: alerts are
    JSON lines in a file of yours or on the screen, targets under pseudonyms, for a person to
    look at. With --state a run that was killed goes on with nothing lost or doubled.

    Example: undertow watch events.jsonl --ground "terms, section 4" --state watched --alerts alerts.jsonl
    """
    from undertow.exposed import Exposed, parse_address
    from undertow.kept import is_kept
    from undertow.live.opening import (
        declared_for,
        held_personas,
        hold_playbooks,
        is_stream,
        open_source,
    )
    from undertow.live.rates import read_rates
    from undertow.live.settings import Settings

    _hold_folder(stream=is_stream(source), state=state)
    books = load_playbooks(playbook)
    hold_playbooks(books)
    address = None if metrics is None else parse_address(metrics)
    asked = Settings(
        playbooks=books,
        declared=declared_for(source, sources),
        ground=ground.strip() if ground and ground.strip() else None,
        zone=checked_zone(timezone),
        region=checked_region(region),
        lateness=checked_duration(lateness, "--lateness"),
        ahead=None if ahead is None else checked_duration(ahead, "--ahead"),
        state=state,
        alerts=alerts,
        rejects=rejects,
        rates={} if rates is None else read_rates(rates, books),
        every=checked_duration(every, "--every") / 1e6,
        personas=held_personas(personas, books),
    )
    if not is_kept("undertow.engines.stream_kernel", "feed"):
        note("compiling for this machine: some seconds, this once")
    running = _begun(asked, open_source(source, once=once))
    exposed = None
    try:
        if address is not None:
            exposed = Exposed(address, running.metrics, prefix="undertow_watch_")
            note(f"metrics: http://{address[0]}:{exposed.port}/metrics")
        _tell_before(running, asked.declared)
        with _stopping() as stop:
            running.run(stop.is_set, _Line())
        code = _tell_after(running, alerts, rejects)
    finally:
        if exposed is not None:
            exposed.close()
        running.close()
    raise typer.Exit(code)


def _hold_folder(*, stream: bool, state: Path | None) -> None:
    if stream and state is None:
        raise UndertowError(
            "a stream is acknowledged by checkpoints, and there is no folder for them",
            code="watch-state-missing",
            mend="give --state DIR",
        )


def _begun(asked: Any, opened: Any) -> Any:  # noqa: ANN401  # `Settings` and a `Source` give a `Watch`
    from undertow.live.watch import Watch, make_compiled

    try:
        return Watch(asked, opened, make_compiled(asked), _say)
    except BaseException:
        opened.close()
        raise


def _say(line: bytes) -> None:
    sys.stdout.write(line.decode())
    sys.stdout.flush()


def _tell_before(running: Any, declared: tuple[Any, ...]) -> None:  # noqa: ANN401  # a `Watch`, whose import would slow `--help`
    if not declared:
        warn(
            "no sources declared; everything is taken as observable, so steps the data cannot show "
            "count as not taken"
        )
    if running.settings.grounds:
        complain("direct messages read under: " + "; ".join(running.settings.grounds))
    if running.resumed:
        note(f"goes on after {running.counts.read:,} lines")


def _tell_after(running: Any, alerts: Path | None, rejects: Path | None) -> int:  # noqa: ANN401  # as above
    counts, waiting = running.counts, running.waiting
    if getattr(running.source, "lost", False):
        warn("the file that was being read is gone; what it held after the checkpoint is lost")
    written = sum(counts.alerts.values())
    note(
        f"{counts.read:,} lines read, {counts.fed:,} events taken, {waiting.late:,} late, "
        f"{waiting.repeated:,} repeated, {written:,} alerts"
    )
    if alerts is not None:
        note(f"alerts: {shown_name(alerts)}")
    if counts.rejected:
        lines = "1 line was" if counts.rejected == 1 else f"{counts.rejected:,} lines were"
        where = "" if rejects is None else f"; see {shown_name(rejects)}"
        warn(f"{lines} set aside{where}")
        if rejects is None:
            for file, line, reason in running.first_rejects[:MOST_WARNED]:
                complain(f"  {file}:{line}: {reason}")
    stopped = not running.source.ended
    return DONE if stopped or not counts.rejected else PARTLY_REFUSED


class _Line:
    """The line on a terminal: how many lines were read, and how fast."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty() and not settings.quiet and not settings.no_progress
        self._at, self._read = time.monotonic(), 0

    def __call__(self, running: Any) -> None:  # noqa: ANN401  # a `Watch`, whose import would slow `--help`
        now = time.monotonic()
        if not self._shows or now - self._at < 1:
            return
        read = running.counts.read
        rate = (read - self._read) / (now - self._at)
        written = sum(running.counts.alerts.values())
        sys.stderr.write(
            f"\r\x1b[K{read:,} lines, {rate:,.0f} a second, {len(running.waiting):,} wait, "
            f"{written:,} alerts"
        )
        sys.stderr.flush()
        self._at, self._read = now, read


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into a wish to stop, which ends with a checkpoint."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def checked_zone(name: str | None) -> Any:  # noqa: ANN401  # a `ZoneInfo` or None
    """Read the name of a time zone.

    Raises:
        UndertowError: `timezone-unknown`.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UndertowError(
            "the time zone is not known",
            code="timezone-unknown",
            mend="give an IANA name such as `Europe/Berlin` or `UTC`",
        ) from None

"""The watch: lines in, alerts out, and a checkpoint now and then that holds all in between.

One loop in one thread: read a block, decode it, let its events wait for the watermark, feed the engine
with those that leave, write what changed. While it does one thing the source waits.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import msgspec

from undertow.events.pseudonyms import Pseudonyms
from undertow.exposed import Metric
from undertow.live.alerts import Wording
from undertow.live.appended import Appended
from undertow.live.checkpoint import Checkpoints, Saved
from undertow.live.columns import (
    Array,
    Events,
    events_of,
    events_state,
    joined,
    no_events,
    text_bytes,
)
from undertow.live.counts import Counts, numbers
from undertow.live.engine import Compiled, Engine
from undertow.live.event_names import EventNames
from undertow.live.gates import Gates
from undertow.live.lines import Block, LineReader
from undertow.live.order import Waiting
from undertow.live.personas import Personas
from undertow.live.settings import Settings
from undertow.live.sources import Source

PATIENCE: Final = 0.25
"""Seconds to wait for lines before looking at the clock and at signals again."""

MOST_TOLD: Final = 20
"""Lines set aside that are remembered for the screen."""
STRIDE: Final = 4_096
"""Events that the engine takes at once, counted from the first: of a key that changes more than once in
one stride the last change is told. Strides end at the same events however the input was cut."""
MakeEngine = Callable[[int, Callable[[int], int], Personas | None], Engine]
"""Makes the engine from the time of the first event, what gives an event's platform by its number, and personas."""


def make_compiled(settings: Settings) -> MakeEngine:
    """Give what makes the compiled engine of a run."""
    platforms = list(dict.fromkeys(source.platform for source in settings.declared))

    def make(
        start: int, platform_of: Callable[[int], int], personas: Personas | None
    ) -> Engine:
        books, declared = settings.playbooks, settings.declared
        return Compiled(books, declared, platforms, start, platform_of, personas)

    return make


class Watch:
    """One run.

    Args:
        settings: what is asked.
        source: where lines come from; it is closed with the watch.
        make_engine: makes the engine.
        say: writes alerts where no file was named.

    Raises:
        UndertowError: if the state folder cannot be used, or belongs to another run.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        make_engine: MakeEngine,
        say: Callable[[bytes], None],
    ) -> None:
        self.settings = settings
        self.source = source
        self.counts = Counts()
        self.first_rejects: list[tuple[str, int, str]] = []
        self._make_engine = make_engine
        self._say = say
        self.reader = LineReader(
            settings.declared,
            settings.playbooks,
            settings.zone,
            settings.region,
            settings.ahead,
        )
        self.waiting = Waiting(settings.lateness, self.reader.accounts)
        self.gates = Gates(settings.declared, settings.ground, self.reader.accounts)
        self.engine: Engine | None = None
        self.personas: Personas | None = None
        self._ready = no_events()
        self._start = 0
        self._saved_at = time.monotonic()
        self._unsaved = 0
        self._needed: list[int] = []
        self._open_files = ExitStack()
        try:
            self._open(Pseudonyms.default())
        except BaseException:
            self._open_files.close()
            raise

    def _open(self, pseudonyms: Pseudonyms) -> None:
        """Open files, at the lengths that a checkpoint knows if there is one."""
        settings, held = self.settings, self._open_files
        self._checkpoints: Checkpoints | None = None
        saved: Saved | None = None
        folder = settings.state
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="undertow-watch-"))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
        else:
            self._checkpoints = held.enter_context(closing(Checkpoints(folder)))
            saved = self._checkpoints.latest()
        values = {} if saved is None else saved.values
        if saved is not None:
            settings.hold_as_before(values["asked"])
        if settings.personas is not None:
            self.personas = Personas(settings.personas, self.reader.accounts, pseudonyms)
        self._alerts = self._appended(settings.alerts, values.get("alerts"))
        self._rejects = self._appended(settings.rejects, values.get("rejects"))
        count, first = values.get("events", 0), values.get("first", 0)
        self.events = held.enter_context(closing(EventNames(folder / "events", count, first)))
        self._wording = Wording(
            settings.playbooks,
            self.reader.accounts,
            self.reader.rooms,
            self.events,
            pseudonyms,
            settings.grounds,
            settings.rates,
            self.personas,
        )
        if saved is not None:
            self._restore(saved)

    def _appended(self, path: Path | None, length: int | None) -> Appended | None:
        return (
            None
            if path is None
            else self._open_files.enter_context(closing(Appended(path, length)))
        )

    @property
    def resumed(self) -> bool:
        """Whether an earlier run is taken up again."""
        return bool(self.counts.resumed)

    def run(self, stop: Callable[[], bool], show: Callable[[Watch], None]) -> None:
        """Watch until the source ends or `stop` says so; then make a last checkpoint.

        Args:
            stop: asked after every block.
            show: called after every block, for a line on the screen.
        """
        if not self.resumed:
            # Before anything is written: a run killed before its next checkpoint must know how long the
            # files were.
            self.checkpoint()
        while not stop():
            block = self.source.read(PATIENCE)
            if block is not None:
                self.take(block)
            elif self.source.ended:
                self.finish()
                break
            else:
                self._feed(whole_strides=False)
            show(self)
            if self._due():
                self.checkpoint()
        self.checkpoint()

    def _due(self) -> bool:
        if self._checkpoints is None:
            return False
        return (
            self._unsaved >= self.settings.every_events
            or time.monotonic() - self._saved_at >= self.settings.every
            or self.source.full
        )

    def take(self, block: Block) -> None:
        """Take a block of lines the whole way.

        Raises:
            UndertowError: if a gate is shut; see `gates`.
        """
        read = self.reader.read(block)
        self.counts.read += read.lines
        self.counts.rejected += len(read.rejects)
        if len(self.first_rejects) < MOST_TOLD:
            self.first_rejects += [(block.file, *reject) for reject in read.rejects[:MOST_TOLD]]
        if self._rejects is not None:
            for line, reason in read.rejects:
                row = {"file": block.file, "line": line, "reason": reason}
                self._rejects.write(msgspec.json.encode(row) + b"\n")
        self.gates.hold_ground(read.events, read.platforms, block.file)
        self.gates.hold_apart()
        self.waiting.take(read.events)
        self._unsaved += read.lines
        self._ready = joined([self._ready, self.waiting.leave()])
        self._feed(whole_strides=True)

    def finish(self) -> None:
        """Let everything that waits go on: the input has ended."""
        self._ready = joined([self._ready, self.waiting.leave(all_of_them=True)])
        self._feed(whole_strides=False)

    def _feed(self, *, whole_strides: bool) -> None:
        """Feed the engine stride by stride and write what changed."""
        begin = 0
        while begin < len(self._ready):
            end = begin + STRIDE - self.events.count % STRIDE
            if end > len(self._ready):
                if whole_strides:
                    break
                end = len(self._ready)
            self._go_on(self._ready.part(begin, end))
            begin = end
        self._ready = self._ready.part(begin, len(self._ready))
        for file in (self._alerts, self._rejects):
            if file is not None:
                file.flush()

    def _go_on(self, events: Events) -> None:
        """Take one stride through the last gate and the engine."""
        self.gates.hold_one_pocket(events)
        first = self.events.count
        ids, ends = text_bytes(events.ids)
        self.events.add(ids, ends, events.columns)
        if self.engine is None:
            self._start = int(events.at[0])
            self.engine = self._made()
        for change in self.engine.feed(events, first):
            line = self._wording.line(change, simulated=bool(self.gates.simulated))
            self.counts.alerts[self.settings.playbooks[change.playbook].name] += 1
            if self._alerts is None:
                self._say(line)
            else:
                self._alerts.write(line)
        self.counts.fed += len(events)
        self.events.let_go(int(events.at[-1]) - self.engine.reach)

    def _made(self) -> Engine:
        return self._make_engine(
            self._start, lambda number: self.events.look_up(number).platform, self.personas
        )

    def checkpoint(self) -> None:
        """Write a checkpoint if there is a folder for it, and tell the source."""
        if self._checkpoints is None:
            return
        begun = time.monotonic()
        alerts = None if self._alerts is None else self._alerts.sync()
        rejects = None if self._rejects is None else self._rejects.sync()
        self.events.sync()
        waiting, order = self.waiting.state()
        gate_values, gate_arrays = self.gates.state()
        groups: dict[str, dict[str, Array]] = {
            "accounts": self.reader.accounts.state(),
            "rooms": self.reader.rooms.state(),
            "order": order,
            "gates": gate_arrays,
            "waiting": events_state(waiting),
            "ready": events_state(self._ready),
            "engine": {} if self.engine is None else self.engine.state(),
            "personas": {} if self.personas is None else self.personas.state(),
        }
        values = {
            "asked": self.settings.asked,
            "counts": self.counts.state(),
            "position": self.source.position(),
            "alerts": alerts,
            "rejects": rejects,
            "events": self.events.count,
            "first": self.events.first,
            "gates": gate_values,
            "start": self._start,
            "begun": self.engine is not None,
        }
        arrays = {f"{g}.{n}": a for g, group in groups.items() for n, a in group.items()}
        self._checkpoints.save(Saved(values, arrays))
        self._needed = [*self._needed[-1:], self.events.first]
        self.events.remove_before(self._needed[0])
        self.source.saved()
        self._unsaved = 0
        self._saved_at = time.monotonic()
        self.counts.saved_at = time.time()
        self.counts.saving = self._saved_at - begun

    def _restore(self, saved: Saved) -> None:
        def group(name: str) -> dict[str, Array]:
            start = f"{name}."
            return {
                label.removeprefix(start): array
                for label, array in saved.arrays.items()
                if label.startswith(start)
            }

        values = saved.values
        self.reader.accounts.restore(group("accounts"))
        self.reader.rooms.restore(group("rooms"))
        self.waiting.restore(events_of(group("waiting")), group("order"))
        self._ready = events_of(group("ready"))
        self.gates.restore(values["gates"], group("gates"))
        self.counts.restore(values["counts"])
        self._needed = [values["first"]]
        if self.personas is not None:
            self.personas.restore(group("personas"))
        if values["begun"]:
            self._start = values["start"]
            self.engine = self._made()
            self.engine.restore(group("engine"))
        self.source.resume(values["position"])

    def metrics(self) -> list[Metric]:
        """Give the counts of this moment."""
        return numbers(self.counts, self.waiting, self.engine, self._bytes_in_use())

    def _bytes_in_use(self) -> int:
        engine = 0 if self.engine is None else self.engine.size
        names = self.reader.accounts.size + self.reader.rooms.size
        return engine + names + self.waiting.size

    def close(self) -> None:
        """Close everything; what no checkpoint holds is read again by the next run."""
        self.source.close()
        self._open_files.close()

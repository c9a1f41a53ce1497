"""What alerts say of events: their ids, actors and times by number, kept on disk.

The engine knows events by number alone. Alerts are rare and events are not, so the names stand in files
that only grow; whole files go when nothing that the engine holds can cite them any more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from undertow.live.appended import Appended
from undertow.live.columns import ACTOR, AT, PLATFORM, Array

ROW: Final = np.dtype([("end", "<i8"), ("actor", "<i8"), ("at", "<i8"), ("platform", "<i8")])


class Named(NamedTuple):
    """What is kept of an event: its id, codes of its actor and platform, its time in microseconds."""

    id: str
    actor: int
    at: int
    platform: int


class EventNames:
    """Ids, actors and times of events by their number, from 0.

    Two files for every `SEGMENT` events; whole segments are removed when no alert can cite them any more.

    Args:
        folder: made if it is not there.
        count: events that count, as in a checkpoint; what was written after them is cut off.
        first: number of the first event still kept.
    """

    SEGMENT = 1 << 20

    def __init__(self, folder: Path, count: int = 0, first: int = 0) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.count = count
        self.first = first
        self._open: dict[int, tuple[Appended, Appended]] = {}
        for path in folder.iterdir():
            number = int(path.stem)
            if number * self.SEGMENT >= count or (number + 1) * self.SEGMENT <= first:
                path.unlink()
        if count % self.SEGMENT:
            self._segment(count // self.SEGMENT, rows=count % self.SEGMENT)

    def _segment(self, number: int, rows: int | None = None) -> tuple[Appended, Appended]:
        if number not in self._open:
            stem = f"{number:08d}"
            length = None if rows is None else rows * ROW.itemsize
            table = Appended(self._folder / f"{stem}.rows", length)
            used = None
            if rows is not None:
                last = np.frombuffer(table.read(table.length - ROW.itemsize, table.length), ROW)
                used = int(last["end"][0])
            self._open[number] = table, Appended(self._folder / f"{stem}.ids", used)
        return self._open[number]

    def add(self, ids: bytes, ends: Array, columns: Array) -> None:
        """Append events.

        Args:
            ids: UTF-8 of all ids, one after another.
            ends: int64, (n): where each ends in `ids`.
            columns: int64, (WIDTH, n), of `columns.Events`.
        """
        begin, done = 0, 0
        while done < len(ends):
            number, row = divmod(self.count, self.SEGMENT)
            rows = min(len(ends) - done, self.SEGMENT - row)
            table, names = self._segment(number)
            part = slice(done, done + rows)
            written = np.empty(rows, ROW)
            written["end"] = ends[part] - begin + names.length
            for name, place in (("actor", ACTOR), ("at", AT), ("platform", PLATFORM)):
                written[name] = columns[place, part]
            until = int(ends[done + rows - 1])
            names.write(ids[begin:until])
            table.write(written.tobytes())
            begin, done, self.count = until, done + rows, self.count + rows
            if row + rows == self.SEGMENT:
                self.sync()

    def look_up(self, number: int) -> Named:
        """Give what is kept of an event.

        Raises:
            KeyError: if it was let go.
        """
        if not self.first <= number < self.count:
            raise KeyError(number)
        segment, row = divmod(number, self.SEGMENT)
        table, names = self._segment(segment)
        rows = np.frombuffer(
            table.read(max(0, row - 1) * ROW.itemsize, (row + 1) * ROW.itemsize), ROW
        )
        start = int(rows["end"][0]) if row else 0
        last = rows[-1]
        return Named(
            names.read(start, int(last["end"])).decode(),
            int(last["actor"]),
            int(last["at"]),
            int(last["platform"]),
        )

    def sync(self) -> None:
        """Put everything onto the disk; keeps only the last segment open."""
        for number, files in list(self._open.items()):
            for file in files:
                file.sync()
            if (number + 1) * self.SEGMENT <= self.count:
                for file in files:
                    file.close()
                del self._open[number]

    def let_go(self, until: int) -> None:
        """Forget whole segments of events before a moment; their files go with `remove_before`."""
        while (self.first // self.SEGMENT + 1) * self.SEGMENT <= self.count:
            table, _ = self._segment(self.first // self.SEGMENT)
            last = np.frombuffer(table.read(table.length - ROW.itemsize, table.length), ROW)
            if int(last["at"][0]) >= until:
                return
            self.first = (self.first // self.SEGMENT + 1) * self.SEGMENT

    def remove_before(self, first: int) -> None:
        """Remove the files of events before a number."""
        for path in self._folder.iterdir():
            number = int(path.stem)
            if (number + 1) * self.SEGMENT <= first:
                for file in self._open.pop(number, ()):
                    file.close()
                path.unlink()

    def close(self) -> None:
        """Close all files."""
        for files in self._open.values():
            for file in files:
                file.close()
        self._open.clear()

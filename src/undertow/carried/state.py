"""A state: what `detect --state` carries from one day's run to the next."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from undertow import __version__
from undertow.carried.answers import Course, Kept
from undertow.carried.declared import Declared
from undertow.carried.files import Files
from undertow.carried.history import History, Joined, is_addressed, is_among
from undertow.errors import Place, UndertowError
from undertow.events.log import EventLog
from undertow.events.source import Source, sources_from_json, sources_to_json
from undertow.matches.grouping import Pairs
from undertow.playbooks.grammar import Playbook
from undertow.scores.meetings import Meetings, role_steps
from undertow.scores.rates import activity_of
from undertow.scores.weigh import Weighed, weigh

Array = npt.NDArray[Any]
CONTACTS: Final = "contacts"


class State:
    """One state folder, in use from `with` to its end.

    Args:
        folder: made if it is not there.
        playbooks: what is looked for: the same in every run.
        region: country of national phone numbers: the same in every run.

    Raises:
        UndertowError: as `Files`, and `state-other-request` where the state was made for something else.
    """

    def __init__(
        self, folder: Path, playbooks: tuple[Playbook, ...], region: str | None
    ) -> None:
        self.playbooks = playbooks
        self._files = Files(folder)
        try:
            self._hold_request(region)
            self._history = History(self._files)
        except UndertowError:
            self._files.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def _hold_request(self, region: str | None) -> None:
        """Refuse other playbooks: their marks would need texts, which are not kept."""
        asked = [(b.name, b.roles, b.key, b.listed_from, b.steps) for b in self.playbooks]
        content = msgspec.json.encode([__version__, region, asked])
        told = hashlib.sha256(content).hexdigest()
        if self._files.values.setdefault("request", told) != told:
            raise UndertowError(
                "the state folder was made with other playbooks, another region or another version",
                code="state-other-request",
                mend="run with the same, or name a new folder with --state and run over all events",
            )

    def add(self, today: EventLog, declared: Declared) -> tuple[EventLog, Declared]:
        """Add today's events.

        Returns:
            All events, and what is said of them.

        Raises:
            UndertowError: `events-mixed` where simulated events would join real ones.
        """
        before = self._declared()
        # As they will be read tomorrow, so that equal ones are seen to be equal.
        declared = replace(declared, sources=_read_back(sources_to_json(declared.sources)))
        if before and (before.simulated is None) != (declared.simulated is None):
            raise UndertowError(
                "simulated and real events are mixed",
                code="events-mixed",
                mend="name another folder with --state: a simulated world stays marked for good",
            )
        declared = before.with_more(declared) if before else declared
        self._declared_before, self._declared_now = before, declared
        platforms = self._history.names["platforms"].names
        self._joined = self._history.join(today)
        self._new_platform = len(platforms) < len(self._history.names["platforms"].names)
        return self._joined.log, declared

    def weighed(self) -> list[Weighed]:
        """Match and weigh what today changed, and weigh all with it."""
        log, joined = self._joined.log, self._joined
        anew = (
            not len(joined.place)
            or bool((joined.place < 0).any())
            or int(log.at[joined.place[0]]) != log.start
            # From when on things could be seen is told by the platforms that there are.
            or self._new_platform
            or self._declared_before is None
            or self._declared_before.sources != self._declared_now.sources
        )
        contacts = self._contacts(joined, anew=anew)
        busy = activity_of(contacts, log.accounts)
        found = []
        for number, playbook in enumerate(self.playbooks):
            course = Course(log, playbook, self._declared_now.sources)
            if anew:
                kept = course.all_anew()
            else:
                kept = course.again(self._load(number, playbook), joined.fresh, contacts)
            self._save(number, kept)
            found.append(weigh(log, kept.matches(playbook), busy, kept.met))
        accounts = self._history.names["accounts"].to_code
        pairs = {"one": accounts[contacts.one], "other": accounts[contacts.other]}
        self._files.write(CONTACTS, pa.table(pairs))
        return found

    def commit(self) -> None:
        """Keep all of it for the next run."""
        now = self._declared_now
        self._files.values["declared"] = {
            "sources": sources_to_json(now.sources).decode(),
            "grounds": now.grounds,
            "simulated": now.simulated,
        }
        self._files.commit()

    def _declared(self) -> Declared | None:
        held = self._files.values.get("declared")
        if held is None:
            return None
        sources = _read_back(held["sources"].encode())
        return Declared(sources, held["grounds"], held["simulated"])

    def _contacts(self, joined: Joined, *, anew: bool) -> Pairs:
        """Unite who addressed whom yesterday and today, in the order of their names."""
        log, place = joined.log, self._history.names["accounts"].to_place.astype(np.int64)
        old, rows = np.empty(0, np.int64), np.arange(len(log))
        if not anew:
            table, rows = self._files.table(CONTACTS), joined.fresh
            old = place[table["one"].to_numpy()] << 32 | place[table["other"].to_numpy()]
        rows = rows[is_addressed(log, rows)]
        new = np.unique(log.actor[rows].astype(np.int64) << 32 | log.target[rows])
        new = new[~is_among(new, old)]
        pairs = np.insert(old, np.searchsorted(old, new), new)
        nothing = np.empty(0, np.int64)
        one, other = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        return Pairs(nothing, one, other, nothing)

    def _load(self, number: int, playbook: Playbook) -> Kept:
        """Read yesterday's answers, in today's codes and rows."""
        table = self._files.table(f"keys-{number}")
        columns = {name: table[name].to_numpy() for name in table.column_names}
        steps = range(len(playbook.steps))
        place = np.append(self._joined.place, -1)
        accounts = self._history.names["accounts"].to_place.astype(np.int64)
        contexts = self._history.names["contexts"].to_place.astype(np.int64)
        met = {}
        for role in playbook.free:
            if role_steps(playbook, role):
                one = self._files.table(f"met-{number}-{role}")
                met[role] = Meetings(
                    accounts[one["account"].to_numpy()],
                    accounts[one["other"].to_numpy()],
                    place[one["row"].to_numpy()],
                )
        return Kept(
            np.column_stack(
                [
                    accounts[columns["one"]],
                    accounts[columns["another"]],
                    contexts[columns["group"]],
                ]
            ),
            columns["furthest"],
            np.column_stack([place[columns[f"row {s}"]] for s in steps]),
            np.column_stack([columns[f"state {s}"] for s in steps]),
            columns["sided"].view(bool),
            columns["closes"],
            met,
        )

    def _save(self, number: int, kept: Kept) -> None:
        """Write answers, in codes that do not change."""
        accounts = self._history.names["accounts"].to_code
        contexts = self._history.names["contexts"].to_code
        columns = {
            "one": accounts[kept.keys[:, 0]],
            "another": accounts[kept.keys[:, 1]],
            "group": contexts[kept.keys[:, 2]],
            "furthest": kept.furthest,
            "sided": kept.sided.astype(np.uint8),
            "closes": kept.closes,
        }
        for s in range(kept.rows.shape[1]):
            columns[f"row {s}"], columns[f"state {s}"] = kept.rows[:, s], kept.states[:, s]
        self._files.write(f"keys-{number}", pa.table(columns))
        for role, met in kept.met.items():
            pairs = {"account": accounts[met.account], "other": accounts[met.other]}
            self._files.write(f"met-{number}-{role}", pa.table({**pairs, "row": met.row}))


def _read_back(sources: bytes) -> tuple[Source, ...]:
    return sources_from_json(sources, Place("the state folder"))

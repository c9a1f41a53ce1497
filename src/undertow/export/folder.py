"""An output folder of `detect`, read back: ranking, funnels, evidence and how the run went.

Nothing here looks at events. A folder that is missing, half written or from something else is one
clear error. Only the accounts asked for are brought into memory as rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from undertow.campaigns.persona_show import PERSONAS
from undertow.errors import Place, UndertowError, shown_name

ACCOUNTS: Final = ("account", "role", "playbook", "weight", "targets")
FUNNELS: Final = ("recruiter", "target", "playbook", "step", "weight", "steps")
EVIDENCE: Final = (
    *("account", "role", "playbook", "target", "step"),
    *("event", "bits", "u", "m", "n", "source"),
)
CAMPAIGNS: Final = ("campaign", "accounts", "weight", "ties")
"""Columns that every version has written; later ones are read where they are."""
ROOMS: Final = (
    *("series", "place", "room", "bits", "entered", "passed"),
    *("dropped", "removed", "let_in", "gatekeepers"),
)
_AGAIN: Final = "run `undertow detect EVENTS --out DIR` again"


class Reached(msgspec.Struct, frozen=True):
    """How many keys took a step, of those that had reached the one before and could be seen."""

    reached: int = 0
    at_risk: int = 0

    @property
    def rate(self) -> float | None:
        """Overall rate of the step, (reached + 1/2) / (at risk + 1); None where none was at risk."""
        return (self.reached + 0.5) / (self.at_risk + 1) if self.at_risk else None


class StepFacts(msgspec.Struct, frozen=True):
    """One step as `run.json` tells it; `types` and `visibility` may be left out there."""

    name: str
    optional: bool = False
    likely: float | None = None
    likely_source: str | None = None
    unknown_for: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    visibility: tuple[str, ...] = ()

    @property
    def private(self) -> bool | None:
        """Whether the step happens out of the public's sight; None where `run.json` does not say."""
        if self.visibility:
            seen_by_all = [one in ("public", "unlisted") for one in self.visibility]
            return None if any(seen_by_all) and not all(seen_by_all) else not any(seen_by_all)
        if not self.types:
            return None
        messages = [kind == "message" for kind in self.types]
        return True if all(messages) else None if any(messages) else False


class PlaybookFacts(msgspec.Struct, frozen=True):
    """One playbook as `run.json` tells it, with the counts of this run."""

    name: str
    title: str = ""
    status: str = ""
    falsepositives: tuple[str, ...] = ()
    reason: str = ""
    steps: tuple[StepFacts, ...] = ()
    counts: dict[str, Reached] = {}
    listed_from: str | None = None
    source: str = ""
    version: str = ""

    def place(self, step: str) -> int:
        """Find the place of a step in the chain, from 0; unknown steps stand after the last."""
        return next(
            (i for i, one in enumerate(self.steps) if one.name == step), len(self.steps)
        )

    def step(self, name: str) -> StepFacts:
        """Look a step up; a step that `run.json` does not know has a name and nothing else."""
        return next((one for one in self.steps if one.name == name), StepFacts(name))


class Reviewers(msgspec.Struct, frozen=True):
    """What reviewers decided on cases of this ranking: the case's account in its role, under its playbook."""

    confirmed: int = 0
    rejected: int = 0
    unclear: int = 0

    @property
    def looked_at(self) -> int:
        """All cases that anybody decided on."""
        return self.confirmed + self.rejected + self.unclear

    @property
    def clause(self) -> str:
        """Say it as a clause that ends a sentence about the queue."""
        if not self.looked_at:
            return "your reviewers have decided on none of these yet"
        return (
            f"your reviewers found {self.confirmed:,} of {self.looked_at:,} that they looked at"
        )


class RoleChange(msgspec.Struct, frozen=True):
    """Accounts that were target and recruiter both: in which order, and what its null gives."""

    target_first: int = 0
    target_later: int = 0
    expected: float = 0.0
    p: float = 1.0

    @property
    def chance(self) -> str:
        """The chance as it is shown."""
        return "less than 0.001" if self.p < 0.001 else f"{self.p:.3f}"


class Channel(msgspec.Struct, frozen=True, rename={"kind": "class"}):
    """Events of one platform and class (`public`, `group`, `direct`), one count a day."""

    platform: str | None
    kind: str
    events: tuple[int, ...]


class TypeDays(msgspec.Struct, frozen=True):
    """Events of one type, one count a day."""

    type: str
    events: tuple[int, ...]


class Days(msgspec.Struct, frozen=True):
    """Events by day and channel, and by type; `first` is the first day counted, since 1970 (UTC); `left_out`: further channels."""

    first: int | None = None
    channels: tuple[Channel, ...] = ()
    left_out: int = 0
    types: tuple[TypeDays, ...] = ()


class Run(msgspec.Struct, frozen=True, rename={"since": "from", "version": "undertow"}):
    """`run.json`: what was read, under which ground, and what it could not show."""

    version: str
    made: str | None = None
    events: int = 0
    rejected: int = 0
    repeats: int = 0
    """Rows that said again what another row had said."""
    accounts_seen: int = 0
    since: str | None = None
    until: str | None = None
    playbooks: tuple[PlaybookFacts, ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    ground: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    simulated: Any = None
    """How the world was made; anything but None marks it as simulated."""
    prior: float = 2e-5
    native_targets: dict[str, Any] | None = None
    coverage: tuple[str, ...] = ()
    from_reports: bool = False
    chance: dict[str, Any] | None = None
    """What null worlds say of the queue; None where none were made."""
    role_change: RoleChange | None = None
    reviewers: Reviewers | None = None
    """None where no decisions were given."""
    days: Days | None = None
    """None where the run did not count them: not asked for, by Spark, or by an older version."""

    def playbook(self, name: str) -> PlaybookFacts:
        """Look a playbook up; one that `run.json` does not know has a name and nothing else."""
        return next((one for one in self.playbooks if one.name == name), PlaybookFacts(name))


@dataclass(frozen=True)
class Taken:
    """One step of a funnel that happened."""

    step: str
    at: datetime
    event: str
    actor: str


@dataclass(frozen=True)
class Funnel:
    """One match: who, with which target, how far, and when each step was taken."""

    recruiter: str
    target: str
    playbook: str
    step: str
    weight: float
    steps: tuple[Taken, ...]
    others: tuple[tuple[str, str], ...] = ()
    """Further key roles with whom or what they are bound to, such as a group."""
    roles: tuple[tuple[str, str], ...] = ()
    """Free roles with the accounts that hold them."""


@dataclass(frozen=True)
class Results:
    """An output folder whose files are there and have the columns they must have."""

    folder: Path
    run: Run
    accounts: pa.Table
    funnels: pa.Table
    evidence: pa.Table
    rejects: pa.Table | None
    campaigns: pa.Table | None = None
    """Null where no ties were looked for."""
    rooms: pa.Table | None = None
    """Series of rooms; null where there are none."""
    personas: pa.Table | None = None
    """Null where no personas file was given."""

    def ties(self) -> list[dict[str, Any]]:
        """List the ties of all campaigns."""
        if self.campaigns is None:
            return []
        return [tie for ties in self.campaigns["ties"].to_pylist() for tie in ties or ()]

    def held(self) -> list[dict[str, Any]]:
        """List the rows of `personas.parquet`."""
        rows: list[dict[str, Any]] = [] if self.personas is None else self.personas.to_pylist()
        return rows

    def ranking(self) -> pa.Table:
        """Give `accounts.parquet` best first; ties stand in the order of the ids."""
        order = [("weight", "descending"), *((name, "ascending") for name in ACCOUNTS[:3])]
        return self.accounts.sort_by(order)

    def queue(self, top: int) -> list[dict[str, Any]]:
        """List the first accounts, each once by its best row, best first, with its other roles as `also`."""
        ranking = self.ranking()
        best: dict[str, int] = {}
        for place, account in enumerate(ranking["account"].to_pylist()):
            best.setdefault(str(account), place)
        first = ranking.take(pa.array(list(best.values())[:top], pa.int64())).to_pylist()
        also: dict[str, list[str]] = {str(row["account"]): [] for row in first}
        mine = pc.is_in(ranking["account"], value_set=pa.array(also, pa.string()))
        for row in ranking.filter(mine).select(["account", "role"]).to_pylist():
            also[str(row["account"])].append(str(row["role"]))
        return [
            {**row, "also": [role for role in dict.fromkeys(roles) if role != row["role"]]}
            for row, roles in zip(first, also.values(), strict=True)
        ]

    def evidence_of(self, accounts: Collection[str]) -> list[dict[str, Any]]:
        """List the evidence rows of some accounts, in the file's order."""
        mask = pc.is_in(self.evidence["account"], value_set=pa.array(accounts, pa.string()))
        rows: list[dict[str, Any]] = self.evidence.filter(mask).select(EVIDENCE).to_pylist()
        return rows

    def funnels_of(self, accounts: Collection[str]) -> list[Funnel]:
        """List the funnels that name one of the accounts as recruiter or as the actor of a step."""
        wanted = pa.array(accounts, pa.string())
        found: list[Funnel] = []
        for batch in self.funnels.to_batches():
            steps = batch.column("steps")
            actors = pc.struct_field(pc.list_flatten(steps), "actor")
            acts = pc.is_in(actors, value_set=wanted)
            chosen = pc.is_in(batch.column("recruiter"), value_set=wanted)
            named = chosen.to_numpy(zero_copy_only=False).copy()
            named[pc.list_parent_indices(steps).filter(acts).to_numpy()] = True
            rows = pa.array(np.flatnonzero(named))
            found += _funnels(batch.take(rows).to_pylist())
        return found

    def names_target(self, account: str) -> bool:
        """Say whether the folder knows the account as a target (native ids: only on request)."""
        return any(
            pc.any(pc.equal(table["target"], account)).as_py() or False
            for table in (self.funnels, self.evidence)
        )

    def reject_reasons(self, top: int = 8) -> list[tuple[str, int]]:
        """Count the rows set aside by reason, the most frequent first."""
        if self.rejects is None or not self.rejects.num_rows:
            return []
        counted = pc.value_counts(self.rejects["reason"]).to_pylist()
        pairs = [(str(one["values"]), int(one["counts"])) for one in counted]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:top]


def _funnels(rows: Iterable[dict[str, Any]]) -> Iterable[Funnel]:
    for row in rows:
        others = tuple(
            (name, str(value))
            for name, value in row.items()
            if name not in FUNNELS and isinstance(value, str)
        )
        taken = [
            Taken(s["step"], s["at"], s["event"] or "", s["actor"] or "")
            for s in row["steps"] or ()
        ]
        yield Funnel(
            recruiter=row["recruiter"],
            target=row["target"],
            playbook=row["playbook"],
            step=row["step"],
            weight=row["weight"],
            steps=tuple(taken),
            others=others,
            roles=tuple((held["role"], held["account"]) for held in row.get("roles") or ()),
        )


def open_folder(folder: Path) -> Results:
    """Read an output folder of `detect`.

    Raises:
        UndertowError: `folder-missing` if it is no folder; `folder-incomplete` if a file or a column
            is not there; `folder-unreadable` if a file is not what its name says.
    """
    if not folder.is_dir():
        what = f"`{shown_name(folder)}` is not a folder"
        mend = "give the folder that `undertow detect --out DIR` wrote"
        raise UndertowError(what, code="folder-missing", mend=mend)
    rooms = folder / "rooms.parquet"
    rejects, campaigns = folder / "rejects.parquet", folder / "campaigns.parquet"
    personas = folder / "personas.parquet"
    return Results(
        folder=folder,
        run=_run(folder / "run.json"),
        accounts=_table(folder / "accounts.parquet", ACCOUNTS),
        funnels=_table(folder / "funnels.parquet", FUNNELS),
        evidence=_table(folder / "evidence.parquet", EVIDENCE),
        rejects=_table(rejects, ("file", "line", "reason")) if rejects.is_file() else None,
        campaigns=_table(campaigns, CAMPAIGNS) if campaigns.is_file() else None,
        rooms=_table(rooms, ROOMS) if rooms.is_file() else None,
        personas=_table(personas, PERSONAS.names) if personas.is_file() else None,
    )


def _run(path: Path) -> Run:
    place = Place(shown_name(path))
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run, strict=False)
    except FileNotFoundError:
        raise _incomplete(path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError):
        what = f"`{path.name}` is not the record of a run"
        raise UndertowError(what, code="folder-unreadable", mend=_AGAIN, place=place) from None


def _table(path: Path, columns: Sequence[str]) -> pa.Table:
    place = Place(shown_name(path))
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise _incomplete(path) from None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        what = f"`{path.name}` is not a Parquet file that can be read"
        raise UndertowError(what, code="folder-unreadable", mend=_AGAIN, place=place) from None
    lacking = [name for name in columns if name not in table.column_names]
    if lacking:
        what = f"`{path.name}` lacks the column `{lacking[0]}`"
        raise UndertowError(what, code="folder-incomplete", mend=_AGAIN, place=place)
    return table


def _incomplete(path: Path) -> UndertowError:
    what = f"the folder holds no `{path.name}`"
    return UndertowError(what, code="folder-incomplete", mend=_AGAIN)

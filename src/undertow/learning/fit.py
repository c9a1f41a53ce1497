"""Fitting a playbook to decisions: folders and decisions in, one more kept version out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from undertow.errors import UndertowError, shown_name
from undertow.events.pseudonyms import Pseudonyms
from undertow.export.folder import Results, open_folder
from undertow.learning.counts import Counted, count, keyed
from undertow.learning.decisions import Case, Verdict, read_decisions, settled
from undertow.learning.effect import Move, moves
from undertow.learning.posterior import Beta
from undertow.learning.versions import (
    LEDGER,
    Entry,
    Input,
    Kept,
    Settings,
    derive,
    hashed,
    name_of,
    open_kept,
)
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.parse import find, parse

_FILES = ("run.json", "accounts.parquet", "evidence.parquet", "funnels.parquet")


@dataclass(frozen=True)
class Fitted:
    """What a fit came to.

    Attributes:
        entry: the version that stands now.
        path: its file.
        is_new: whether this fit made it.
        counted: all decided accounts that stand behind it.
        moves: who would move in the newest folder's ranking.
        not_found: decided cases that no folder ranks under the judged role of this playbook.
    """

    entry: Entry
    path: Path
    is_new: bool
    counted: dict[str, Counted]
    moves: list[Move]
    not_found: int

    def rejected(self) -> list[dict[str, Any]]:
        """Say for each furthest step how many of the decided accounts were rejected, with a range.

        Beta(1, 1) before; shown only: a rejection moves no rate.
        """
        by: dict[str | None, list[Verdict]] = {}
        for one in self.counted.values():
            by.setdefault(one.furthest, []).append(one.verdict)
        out = []
        for step, verdicts in sorted(by.items(), key=lambda pair: pair[0] or ""):
            no, yes = verdicts.count("rejected"), verdicts.count("confirmed")
            low, high = Beta(no + 1, yes + 1).range()
            out.append(
                {
                    "furthest": step or "none listed",
                    "confirmed": yes,
                    "rejected": no,
                    "unclear": verdicts.count("unclear"),
                    "share_rejected": (no + 1) / (no + yes + 2),
                    "low": low,
                    "high": high,
                }
            )
        return out


def fit(name: str, folders: Sequence[Path], decisions: Path, keep: Path) -> Fitted:
    """Move the rates of a playbook by decisions, and keep the new version.

    Args:
        name: a shipped playbook or a file.
        folders: what `detect` wrote.
        decisions: a file of decisions.
        keep: folder of versions; made if it is not there.

    Raises:
        UndertowError: `fit-nothing` where no decision is about what the folders rank, `fit-mixed` where simulated
            and real folders stand side by side, `fit-other-steps`, `fit-other-playbook`, `fit-other-key`, and the
            faults of what is read.
    """
    given = find(name)
    base, playbook = _base(given)
    verdicts = settled(read_decisions(decisions))
    opened = sorted((open_folder(one) for one in folders), key=lambda one: one.run.until or "")
    simulated = _one_kind(opened)
    for one in opened:
        _hold_steps(one, playbook)
    key = Pseudonyms.default().key
    kept = open_kept(keep)
    if kept is not None:
        _hold_kept(kept, base, key, simulated=simulated)
    counted = count(opened, playbook, verdicts, key)
    if not counted:
        raise UndertowError(
            "no decision is about an account that these folders rank under this playbook",
            code="fit-nothing",
            mend="check `account`, `role` and `playbook` of the decisions, and `--from`",
        )
    if kept is None:
        kept = _begun(keep, base, given.parent, playbook, key, simulated=simulated)
    about = (
        Input(shown_name(decisions), hashed(decisions.read_bytes())),
        tuple(Input(shown_name(one.folder), _hash_of(one.folder)) for one in opened),
    )
    entry, is_new = _next(kept, counted, about)
    path = keep / name_of(entry.version)
    moved = moves(opened[-1], parse(path.read_bytes()))
    return Fitted(
        entry,
        path,
        is_new,
        kept.counted | counted,
        moved,
        _not_found(verdicts, playbook, counted, key),
    )


def _base(given: Path) -> tuple[bytes, Playbook]:
    """Read the playbook; a kept version stands for the one it began as."""
    if (given.parent / LEDGER).is_file():
        given = given.parent / name_of(0)
    raw = given.read_bytes()
    return raw, parse(raw, file=shown_name(given), folder=str(given.parent))


def _one_kind(opened: Sequence[Results]) -> bool:
    kinds = {one.run.simulated is not None for one in opened}
    if len(kinds) > 1:
        raise UndertowError(
            "some folders hold simulated worlds and others do not",
            code="fit-mixed",
            mend="fit them apart: a rate learned from a simulation says nothing about people",
        )
    return kinds.pop()


def _hold_steps(folder: Results, playbook: Playbook) -> None:
    names = [step.name for step in playbook.steps]
    if [step.name for step in folder.run.playbook(playbook.name).steps] != names:
        raise UndertowError(
            f"a folder was not made with these steps of `{playbook.name}`",
            code="fit-other-steps",
            mend="give folders that `detect` made with this playbook, or a version of it",
        )


def _hold_kept(kept: Kept, base: bytes, key: bytes, *, simulated: bool) -> None:
    if kept.text(0) != base:
        raise UndertowError(
            "the kept versions began from another text of the playbook",
            code="fit-other-playbook",
            mend="name a new folder with `--keep`, or give the playbook that they began from",
        )
    first = kept.entries[0]
    if first.key != keyed(key, ""):
        raise UndertowError(
            "the ledger was written under another key, so accounts could count twice",
            code="fit-other-key",
            mend="use the key file of that installation, or a new folder with `--keep`",
        )
    if first.simulated != simulated:
        raise UndertowError(
            "the kept versions were learned from simulated worlds, or these folders are",
            code="fit-mixed",
            mend="name a new folder with `--keep`",
        )


def _begun(
    keep: Path, base: bytes, beside: Path, playbook: Playbook, key: bytes, *, simulated: bool
) -> Kept:
    """Begin a folder of versions with the playbook as it is, and its examples beside it."""
    keep.mkdir(parents=True, exist_ok=True)
    for name in (*playbook.examples.finds, *playbook.examples.spares):
        for one in (beside / name, beside / f"{name}.source.yaml"):
            if one.is_file():
                shutil.copyfile(one, keep / one.name)
    entry = Entry(0, _now(), "", hashed(base), keyed(key, ""), Settings(), simulated)
    _write(keep, name_of(0), base)
    line = msgspec.json.encode(entry)
    _write(keep, LEDGER, line + b"\n")
    return Kept(keep, (entry,), line)


def _next(
    kept: Kept, counted: dict[str, Counted], about: tuple[Input, tuple[Input, ...]]
) -> tuple[Entry, bool]:
    """Write the next version, unless what was counted says nothing new."""
    fresh = {name: one for name, one in counted.items() if kept.counted.get(name) != one}
    last = kept.entries[-1]
    if not fresh:
        return last, False
    settings = Settings()
    every = dict(sorted((kept.counted | fresh).items()))
    text, steps = derive(kept.text(0), every, last.steps, settings)
    entry = Entry(
        version=last.version + 1,
        made=_now(),
        before=hashed(kept.last_line),
        playbook=hashed(text),
        key=last.key,
        settings=settings,
        simulated=last.simulated,
        decisions=about[0],
        folders=about[1],
        accounts=fresh,
        steps=steps,
    )
    _write(kept.folder, name_of(entry.version), text)
    # The ledger is put in place whole, after its version: a fit that is cut off leaves both as they were.
    lines = (kept.folder / LEDGER).read_bytes() + msgspec.json.encode(entry) + b"\n"
    _write(kept.folder, LEDGER, lines)
    return entry, True


def _write(folder: Path, name: str, raw: bytes) -> None:
    part = folder / f".{name}.part"
    part.write_bytes(raw)
    part.replace(folder / name)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _hash_of(folder: Path) -> str:
    return hashed(b"".join(hashed((folder / name).read_bytes()).encode() for name in _FILES))


def _not_found(
    verdicts: Mapping[Case, Verdict],
    playbook: Playbook,
    counted: Mapping[str, Counted],
    key: bytes,
) -> int:
    return sum(
        keyed(key, account) not in counted
        for account, _, book in verdicts
        if book == playbook.name
    )

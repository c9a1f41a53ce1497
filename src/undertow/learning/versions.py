"""Versions of a playbook, each kept with the ledger that made it.

A folder holds `v0000.yaml`, the playbook as it was, `v0001.yaml` and so on, the examples beside them, and
`ledger.jsonl`: one line per version with what it was made from. The ledger alone rebuilds every version, byte for
byte; each line carries the hash of the line before, so that no line can be taken out unseen.

A version is always version 0 moved by all that was counted so far. An account that is decided on or seen again
replaces what it said before, so giving the same decisions twice moves nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from undertow.errors import Place, UndertowError, shown_name
from undertow.learning.counts import Counted, seen
from undertow.learning.posterior import Beta, believed, moved
from undertow.playbooks.grammar import DEFAULT_LIKELY
from undertow.playbooks.parse import parse
from undertow.playbooks.restate import with_likely

LEDGER: Final = "ledger.jsonl"
STRENGTH: Final = 20.0
"""Targets that a rate stated in a playbook is worth: shipped rates are scenarios, and a few dozen people looked
at should outweigh them. Ours."""
UNSTATED: Final = 2.0
"""Targets that a rate is worth where the playbook states none. Ours."""
PER_ACCOUNT: Final = 10
"""Targets that one confirmed account may count for in one step, so that none sets the rate for all. Ours."""
PER_CAMPAIGN: Final = 20
"""Targets that the confirmed accounts of one campaign may count for together: they share a way of working. Ours."""
LEAST, MOST = 0.001, 0.999


class Settings(msgspec.Struct, frozen=True):
    """The constants that a version was made with; kept with it, so that later ones change nothing old."""

    strength: float = STRENGTH
    unstated: float = UNSTATED
    per_account: int = PER_ACCOUNT
    per_campaign: int = PER_CAMPAIGN


class Input(msgspec.Struct, frozen=True):
    """One file that was read: its shown name and SHA-256."""

    name: str
    sha256: str


class Step(msgspec.Struct, frozen=True):
    """What one version says of one step.

    Attributes:
        taken, seen: targets, each account held to its share.
        accounts: confirmed accounts that say anything of it.
        prior: what was held before anybody decided.
        old, new: what was held in the version before, and in this one.
        likely: the rate as it is written.
    """

    taken: float
    seen: float
    accounts: int
    prior: Beta
    old: Beta
    new: Beta
    likely: float


class Entry(msgspec.Struct, frozen=True):
    """One line of the ledger: one version."""

    version: int
    made: str
    before: str
    """SHA-256 of the line before, empty in the first."""
    playbook: str
    """SHA-256 of the version's file."""
    key: str
    """Tells whether keyed names were made under this installation's key."""
    settings: Settings
    simulated: bool = False
    decisions: Input | None = None
    folders: tuple[Input, ...] = ()
    accounts: dict[str, Counted] = {}
    """Decided accounts that this version saw, by keyed name."""
    steps: dict[str, Step] = {}


@dataclass(frozen=True)
class Kept:
    """A folder of versions."""

    folder: Path
    entries: tuple[Entry, ...]
    last_line: bytes

    @property
    def counted(self) -> dict[str, Counted]:
        """All that was counted so far; of each account the newest."""
        return merged(self.entries)

    def text(self, version: int) -> bytes:
        """Read one version as it stands.

        Raises:
            UndertowError: `fit-version-missing`.
        """
        path = self.folder / name_of(version)
        try:
            return path.read_bytes()
        except OSError:
            raise UndertowError(
                "a kept version of the playbook cannot be read",
                code="fit-version-missing",
                mend="put the file back from a backup: the ledger names its hash",
                place=Place(shown_name(path)),
            ) from None


def name_of(version: int) -> str:
    """Name a version's file."""
    return f"v{version:04d}.yaml"


def merged(entries: Iterable[Entry]) -> dict[str, Counted]:
    """Put what several versions counted together; a newer one replaces what an older said of an account."""
    out: dict[str, Counted] = {}
    for entry in entries:
        out |= entry.accounts
    return dict(sorted(out.items()))


def derive(
    base: bytes, counted: Mapping[str, Counted], old: Mapping[str, Step], settings: Settings
) -> tuple[bytes, dict[str, Step]]:
    """Make a version from version 0 and all that was counted.

    Args:
        base: version 0.
        counted: decided accounts.
        old: steps of the version before.
        settings: constants.

    Returns:
        The text, and what it says of each step that anything is known of.
    """
    text = base.decode("utf-8-sig")
    playbook = parse(base)
    steps: dict[str, Step] = {}
    for step in playbook.steps:
        rows = seen(
            counted.values(),
            step.name,
            per_account=settings.per_account,
            per_campaign=settings.per_campaign,
        )
        if not rows and step.name not in old:
            continue
        stated = step.likely is not None
        prior = believed(
            step.likely if step.likely is not None else DEFAULT_LIKELY,
            settings.strength if stated else settings.unstated,
        )
        new = moved(prior, rows)
        steps[step.name] = Step(
            taken=sum(sorted(n for taken, _, n in rows if taken)),
            seen=sum(sorted(n for *_, n in rows)),
            accounts=sum(step.name in one.steps for one in counted.values()),
            prior=prior,
            old=old[step.name].new if step.name in old else prior,
            new=new,
            likely=float(f"{min(max(new.mean, LEAST), MOST):.4g}"),
        )
    sources = {step.name: step.likely_source for step in playbook.steps}
    rates = {
        name: (one.likely, _source(one, sources[name]))
        for name, one in steps.items()
        if one.accounts
    }
    return (with_likely(text, rates) if rates else text).encode(), steps


def _source(step: Step, before: str | None) -> str:
    accounts = f"{step.accounts} confirmed account" + "s" * (step.accounts != 1)
    began = f"; began as {step.prior.mean:.4g}" + (f": {before}" if before else ", not stated")
    return (
        f"learned from decisions of reviewers: {step.taken:.4g} of {step.seen:.4g} targets of {accounts}"
        + began
    )


def open_kept(folder: Path) -> Kept | None:
    """Read a folder of versions; None where there is none yet.

    Raises:
        UndertowError: `fit-ledger-invalid` with the line.
    """
    path = folder / LEDGER
    if not path.exists():
        return None
    entries: list[Entry] = []
    before = b""
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _broken(path, number, "is no line of a ledger") from None
        if entry.version != number - 1 or entry.before != (hashed(before) if before else ""):
            raise _broken(path, number, "does not follow from the line before")
        entries.append(entry)
        before = line
    if not entries:
        raise _broken(path, None, "is empty")
    return Kept(folder, tuple(entries), before)


def _broken(path: Path, line: int | None, what: str) -> UndertowError:
    return UndertowError(
        f"the ledger of the kept versions {what}",
        code="fit-ledger-invalid",
        mend="put it back from a backup, or keep versions in a new folder",
        place=Place(shown_name(path), line),
    )


def hashed(raw: bytes) -> str:
    """Give the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(raw).hexdigest()


def replay(kept: Kept) -> list[Entry]:
    """Make every version anew from the ledger, and compare it with the file that is kept.

    Returns:
        The versions, all of them equal.

    Raises:
        UndertowError: `fit-replay-differs` at the first that is not.
    """
    base = kept.text(0)
    old: dict[str, Step] = {}
    for n, entry in enumerate(kept.entries):
        made, steps = base, old
        if entry.version:
            counted = merged(kept.entries[: n + 1])
            made, steps = derive(base, counted, old, entry.settings)
        held = kept.text(entry.version)
        if made != held or hashed(held) != entry.playbook or steps != entry.steps:
            raise UndertowError(
                f"version {entry.version} is not what the ledger makes of it",
                code="fit-replay-differs",
                mend="put the file back from a backup, or keep versions in a new folder",
                place=Place(shown_name(kept.folder / name_of(entry.version))),
            )
        old = steps
    return list(kept.entries)

"""How a run was made, kept with its cases: enough to make it again on another machine (T40).

Pinned are the events (by hash), the options, the texts of the playbooks, the program (version and hash of its
code) and the libraries that its numbers rest on. No name of a file and no path is kept.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select

from undertow import __version__
from undertow.cases.tables import playbook_texts, runs
from undertow.errors import UndertowError
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.read import open_events
from undertow.events.source import sidecar
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.parse import parse
from undertow.request import Request

LIBRARIES: Final = ("numpy", "pyarrow", "numba")
"""Libraries whose arithmetic a score rests on."""
ASIDE: Final = frozenset(
    (
        *("audit", "cli", "evaluate", "importers", "learning", "live"),
        *("outward", "review", "testing", "worlds"),
    )
)
"""Rooms of the program that make no score and no evidence: their code is not pinned."""
OF_CASES: Final = frozenset(("coding.py", "dossier.py", "making.py", "rule.py"))
"""Of the room of cases, what makes dossiers."""
_WORD: Final = "the key that pseudonyms of this run were made with"


class Input(msgspec.Struct, frozen=True):
    """One file that a run read.

    Attributes:
        sha256: of its bytes, hex.
        size: bytes.
        beside: SHA-256 of the declaration of its sources in a file beside it; None where there is none.
    """

    sha256: str
    size: int
    beside: str | None = None


class Program(msgspec.Struct, frozen=True):
    """Which program made a run.

    Attributes:
        undertow, code: its version, and the hash of that part of it which makes scores (`code_hash`).
        python, libraries: versions of what it ran on.
    """

    undertow: str
    code: str
    python: str
    libraries: dict[str, str]


class Recipe(Program, frozen=True):
    """What a run was made of. Equal recipes and equal events give equal scores and evidence.

    Attributes:
        playbooks: versions, in the order in which they were given; their texts stand beside (`playbook_texts`).
        inputs: the events files, in the order in which they were read.
        known, personas: SHA-256 of those files; None where none was given.
        pseudonyms: tells whether a key of pseudonyms is the one of this run, and nothing else of it.
        until: ISO 8601. ground, timezone, region, prior, from_reports, first_alert: as `request.Request`.
        native_targets: whether targets stood by their native ids in the folder.
        campaigns, nulls: whether ties and null worlds were asked for. tied: whether ties were looked for after all.
        engine: `local` or `spark`.
        carried: events of earlier runs were carried into it, and are no part of `inputs`.
        reviewed: whether decisions of reviewers were given, which the sentence about the queue counts.
        kept_back: playbooks of which nothing became a case.
    """

    playbooks: tuple[str, ...]
    inputs: tuple[Input, ...]
    pseudonyms: str
    known: str | None = None
    personas: str | None = None
    until: str | None = None
    ground: str | None = None
    timezone: str | None = None
    region: str | None = None
    prior: float = 2e-5
    native_targets: bool = False
    from_reports: bool = False
    first_alert: bool = False
    campaigns: bool = True
    nulls: bool = True
    tied: bool = True
    engine: str = "local"
    carried: bool = False
    reviewed: bool = False
    kept_back: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pinned:
    """A recipe with the texts of its playbooks, by version."""

    recipe: Recipe
    texts: dict[str, bytes]


def pinned(request: Request, texts: Iterable[str]) -> Pinned:
    """Pin down a run that has just been made; reads its events files once, for their hashes.

    Args:
        request: as the run was asked for.
        texts: of its playbooks, in any order.

    Raises:
        UndertowError: `recipe-playbook` if a playbook's text is not among `texts`; faults of the events files.
    """
    bodies = {parse(one.encode()).version: one.encode() for one in texts}
    files = open_events(request.paths, ground=request.ground, timezone=request.timezone)
    recipe = Recipe(
        **msgspec.structs.asdict(program()),
        playbooks=tuple(_held(one, bodies).version for one in request.playbooks),
        inputs=tuple(input_of(one.path) for one in files.files),
        pseudonyms=mark_of_pseudonyms(),
        known=None if request.known is None else hash_of(request.known),
        personas=None if request.personas is None else hash_of(request.personas),
        until=None if request.until is None else request.until.isoformat(),
        ground=request.ground,
        timezone=request.timezone,
        region=request.region,
        prior=request.prior,
        native_targets=request.native_targets is not None,
        from_reports=request.from_reports,
        first_alert=request.first_alert,
        campaigns=request.campaigns,
        nulls=request.nulls,
        engine="local" if request.spark is None else "spark",
        carried=request.state is not None,
        reviewed=request.verdicts is not None,
    )
    return Pinned(recipe, {one.version: bodies[one.version] for one in request.playbooks})


def _held(playbook: Playbook, bodies: dict[str, bytes]) -> Playbook:
    if playbook.version not in bodies:
        raise UndertowError(
            f"the text of the playbook `{playbook.name}` is another one by now",
            code="recipe-playbook",
            mend="run `detect --into` again, and leave the playbook's file alone meanwhile",
        )
    return playbook


def program() -> Program:
    """Say which program runs here."""
    return Program(
        undertow=__version__,
        code=code_hash(),
        python=platform.python_version(),
        libraries={name: _version(name) for name in LIBRARIES},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@cache
def code_hash() -> str:
    """Hash the code and the shipped data that make scores, evidence and dossiers: SHA-256, hex.

    A version number alone would not do: between two releases it stays the same.
    """
    root = Path(__file__).parents[1]
    told = hashlib.sha256()
    for path in sorted(root.rglob("*"), key=lambda one: one.relative_to(root).as_posix()):
        inside = path.relative_to(root)
        is_aside = inside.parts[0] in ASIDE or "__pycache__" in inside.parts
        if inside.parts[0] == "cases" and inside.name not in OF_CASES:
            is_aside = True
        if is_aside or not path.is_file():
            continue
        told.update(f"{inside.as_posix()} {hash_of(path)}\n".encode())
    return told.hexdigest()


def mark_of_pseudonyms() -> str:
    """Give what tells this installation's key of pseudonyms from another; faults as `Pseudonyms.default`."""
    return Pseudonyms.default().of(_WORD)


def input_of(path: Path) -> Input:
    """Hash an events file and what is declared beside it; OSError if it cannot be read."""
    beside = sidecar(path)
    return Input(
        hash_of(path), path.stat().st_size, None if beside is None else hash_of(beside)
    )


def hash_of(path: Path) -> str:
    """Hash a file's bytes: SHA-256, hex; OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(connection: Connection, made: Pinned) -> bytes:
    """Keep the texts of a run's playbooks, each once, and give the recipe as it is kept with the run."""
    asked = select(playbook_texts.c.version).where(playbook_texts.c.version.in_(made.texts))
    held = set(connection.execute(asked).scalars())
    for one, body in made.texts.items():
        if one not in held:
            connection.execute(insert(playbook_texts).values(version=one, body=body))
    return msgspec.json.encode(made.recipe, order="sorted")


def recipe_of(connection: Connection, run: str) -> Recipe | None:
    """Read the recipe of a run; None where its folder was taken in without one."""
    body = connection.execute(select(runs.c.recipe).where(runs.c.run == run)).scalar()
    return None if body is None else msgspec.json.decode(body, type=Recipe)


def texts_of(connection: Connection, versions: Iterable[str]) -> dict[str, bytes]:
    """Read the texts of playbooks by version; what is not kept is not in it."""
    asked = select(playbook_texts).where(playbook_texts.c.version.in_(list(versions)))
    return {row.version: row.body for row in connection.execute(asked)}

"""A case made again from the events it was made of, and held against what it said (T40).

The pinned playbooks run over the pinned events once more, in a folder of its own that is gone afterwards; the
dossier made of it is compared with the one that was kept, part by part and then as a whole, by its hash. What is not
at hand is said and nothing is made of the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import select

from undertow.cases import recipe as recipes
from undertow.cases.citing import NoTexts
from undertow.cases.claims import row_of
from undertow.cases.coding import Coder
from undertow.cases.comparing import Compared, compared
from undertow.cases.dossier import Dossier, decode, encode, fingerprint
from undertow.cases.intake import Choice, alerts_of, all_made
from undertow.cases.keeping import Made, codes_of
from undertow.cases.making import dossier_of
from undertow.cases.recipe import Recipe
from undertow.cases.store import Store
from undertow.cases.tables import acts, dossiers
from undertow.errors import UndertowError
from undertow.export.folder import Results, open_folder
from undertow.pipeline import Begin, Progress, detect
from undertow.playbooks.parse import parse
from undertow.request import NO_TIES, Request

BINDING: Final = ("propose", "approve")
"""Acts that rest on a dossier."""
REASON: Final = "the run that is made again wrote them"


@dataclass(frozen=True)
class Replay:
    """What became of making a case again.

    Attributes:
        case, dossier: code, and hash of the dossier that was made again.
        decisions: codes of the proposals and approvals that rest on it.
        missing: what is not at hand, in sentences; then nothing was run.
        noted: what is another one here, though it need not change anything: program, libraries.
        parts: what was compared, in order.
        same_hash: the dossier made again is the same, byte for byte, but for the moment it was made.
        erased: people named in it who were erased since.
    """

    case: str
    dossier: str
    decisions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    parts: tuple[Compared, ...] = ()
    same_hash: bool = False
    erased: int = 0

    @property
    def verdict(self) -> str:
        """`missing`, `equal` or `differs`; numbers that differ by rounding alone are equal."""
        if self.missing:
            return "missing"
        return "equal" if all(one.same for one in self.parts) else "differs"


@dataclass
class Found:
    """The files of a run that were found again, in its order, and what was not found."""

    events: list[Path] = field(default_factory=list)
    known: Path | None = None
    personas: Path | None = None
    missing: list[str] = field(default_factory=list)


def replay(
    store: Store,
    case: str,
    paths: Iterable[Path],
    *,
    dossier: str | None = None,
    advance: Progress = lambda _: None,
    begin: Begin = lambda *_: None,
) -> Replay:
    """Make a case again.

    Args:
        store: the store.
        case: its code.
        paths: files and folders among which the files of the run are looked for, by their hashes.
        dossier: first letters of the hash of an earlier dossier of the case; None for the one it has now.
        advance: as `pipeline.detect`.
        begin: as `pipeline.detect`.

    Returns:
        What agrees and what does not.

    Raises:
        UndertowError: `case-unknown`, `replay-dossier` if the case has no such dossier or several; faults of the
            key of pseudonyms.
    """
    with store.reading() as connection:
        row = row_of(connection, case)
        asked = select(dossiers).where(dossiers.c.case == case)
        held = connection.execute(asked).all()
        wanted = row.dossier if dossier is None else dossier
        found = [one for one in held if wanted and one.hash.startswith(wanted)]
        if len(found) != 1:
            raise _no_dossier()
        old = found[0]
        rests = select(acts.c.act).where(acts.c.dossier == old.hash, acts.c.kind.in_(BINDING))
        decisions = connection.execute(rests.order_by(acts.c.at)).scalars()
        told = Replay(case, old.hash, tuple(decisions))
        recipe = recipes.recipe_of(connection, old.run)
        texts = {} if recipe is None else recipes.texts_of(connection, recipe.playbooks)
    was = decode(old.body)
    gone = store.vault.keys.tombstones()
    told = replace(told, erased=sum(code in gone for code in codes_of(was)))
    if recipe is None:
        return replace(told, missing=(NO_RECIPE,))
    files = look_for(recipe, paths)
    missing = [*_lacking(recipe, texts), *files.missing]
    told = replace(told, noted=tuple(_noted(recipe)), missing=tuple(missing))
    if missing:
        return told
    with tempfile.TemporaryDirectory(prefix="undertow-replay-") as name:
        request = _request(recipe, files, texts, Path(name) / "found")
        detect(request, advance, begin)
        results = open_folder(request.out)
        now = _made_again(store, recipe, results, was)
    parts = compared(was, now)
    same = now is not None and fingerprint(encode(now)) == old.hash
    return replace(told, parts=parts, same_hash=same)


NO_RECIPE: Final = (
    "how the run was made: its folder was taken in without that, by another way than `detect --into`, "
    "so neither its events nor its options are known"
)
CARRIED: Final = "events of earlier runs: this run carried them in a `--state` folder, and only its own files were pinned"
OTHER_KEY: Final = (
    "the key of pseudonyms: this installation has another one, so its targets have other names; "
    "copy the key file here and name it in UNDERTOW_KEY_FILE"
)


def _lacking(recipe: Recipe, texts: dict[str, bytes]) -> Iterable[str]:
    if recipe.carried:
        yield CARRIED
    if recipes.mark_of_pseudonyms() != recipe.pseudonyms:
        yield OTHER_KEY
    for version in recipe.playbooks:
        if version not in texts:
            yield f"the text of the playbook with the version {version[:12]}: the store does not hold it"
        elif _reads_another(texts[version], version):
            yield (
                f"a program that reads the playbook {version[:12]} as it was read then: "
                f"Undertow {recipe.undertow} did"
            )


def _reads_another(text: bytes, version: str) -> bool:
    """Say whether this program takes a kept text for another playbook, or for none."""
    try:
        return parse(text).version != version
    except UndertowError:
        return True


def _noted(recipe: Recipe) -> Iterable[str]:
    here = recipes.program()
    if here.undertow != recipe.undertow or here.code != recipe.code:
        yield (
            f"the program is another one: then Undertow {recipe.undertow} (code {recipe.code[:12]}), "
            f"here {here.undertow} (code {here.code[:12]})"
        )
    then = {"Python": recipe.python, **recipe.libraries}
    now = {"Python": here.python, **here.libraries}
    others = [
        f"{name} {then[name]}, here {now.get(name)}"
        for name in then
        if then[name] != now.get(name)
    ]
    if others:
        yield "what it runs on is another one: then " + "; ".join(others)
    if recipe.engine != "local":
        yield "then Spark carried the events, here this process does; both must come to the same"


def look_for(recipe: Recipe, paths: Iterable[Path]) -> Found:
    """Look for the files of a run by their hashes; only files of a wanted size are read."""
    candidates = [path for given in paths for path in _files(Path(given))]
    sizes = {one.size for one in recipe.inputs}
    lists = [one for one in (recipe.known, recipe.personas) if one is not None]
    hashes: dict[str, list[Path]] = {}
    for path in dict.fromkeys(candidates):
        if lists or path.stat().st_size in sizes:
            hashes.setdefault(recipes.hash_of(path), []).append(path)
    found = Found()
    for place, one in enumerate(recipe.inputs, start=1):
        same = hashes.get(one.sha256, [])
        whole = [path for path in same if recipes.input_of(path).beside == one.beside]
        name = f"events file {place} of {len(recipe.inputs)} ({one.size:,} bytes, SHA-256 {one.sha256[:12]})"
        if whole:
            found.events.append(whole[0])
        elif same:
            found.missing.append(
                f"the declaration of sources beside {name}: it is another one, or gone"
            )
        else:
            found.missing.append(
                f"{name}: not among what was given; it may have been erased or changed"
            )
    for what in ("known", "personas"):
        marked = getattr(recipe, what)
        if marked is None:
            continue
        if marked in hashes:
            setattr(found, what, hashes[marked][0])
        else:
            found.missing.append(
                f"the file of `--{what}` (SHA-256 {marked[:12]}): not among what was given"
            )
    return found


def _files(path: Path) -> list[Path]:
    """List a file, or all files of a folder and of the folders in it."""
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    if not path.is_file():
        raise UndertowError(
            "a path that was given is not there", code="file-missing", mend="check the path"
        )
    return [path]


def _request(recipe: Recipe, files: Found, texts: dict[str, bytes], out: Path) -> Request:
    return Request(
        paths=tuple(files.events),
        out=out,
        playbooks=tuple(parse(texts[version]) for version in recipe.playbooks),
        until=None if recipe.until is None else datetime.fromisoformat(recipe.until),
        ground=recipe.ground,
        timezone=recipe.timezone,
        region=recipe.region,
        prior=recipe.prior,
        native_targets=REASON if recipe.native_targets else None,
        personas=files.personas,
        known=files.known,
        from_reports=recipe.from_reports,
        campaigns=recipe.campaigns and recipe.tied,
        nulls=recipe.nulls,
        first_alert=recipe.first_alert,
    )


def _made_again(store: Store, recipe: Recipe, results: Results, was: Dossier) -> Dossier | None:
    """Make the dossier of a case from a run made again; None where the account is not ranked in its role."""
    ranking = results.ranking().to_pylist()
    coder = Coder(store.vault, native=recipe.native_targets)
    mine = [
        (place, row)
        for place, row in enumerate(ranking, start=1)
        if (row["role"], row["playbook"]) == (was.role, was.playbook.name)
        and coder.account(row["account"]) == was.account
    ]
    if not mine:
        return None
    choice = Choice(rows=mine, alerts=alerts_of(ranking, recipe.kept_back))
    made: Made = all_made(store, results, choice, NoTexts())[0]
    passages = {
        (step.event, one.target): step.passage
        for one in was.funnels
        for step in one.steps
        if step.passage is not None
    }
    fresh = dossier_of(
        made.finding,
        made.results,
        made.platform,
        passages,
        made.campaign,
        made.alerts,
        made.row.get("probability"),
    )
    return _as_then(recipe, was, fresh)


def _as_then(recipe: Recipe, was: Dossier, fresh: Dossier) -> Dossier:
    """Put in what differs between two runs over the same events by itself: when it ran, and the campaign's name.

    A store names a campaign after its oldest case; the sentence about the queue counts decisions of that day.
    """
    changed = msgspec.structs.replace
    run = changed(fresh.run, at=was.run.at, undertow=was.run.undertow)
    if recipe.reviewed and run.by_chance is not None:
        run = changed(run, by_chance=was.run.by_chance)
    if recipe.campaigns and not recipe.tied:
        # Memory or Spark stood in the way of ties then, which was said; here nobody asks for them.
        others = tuple(one for one in was.run.coverage if one != NO_TIES)
        if others == run.coverage:
            run = changed(run, coverage=was.run.coverage)
    fresh = changed(fresh, run=run)
    if fresh.campaign is not None and was.campaign is not None:
        named = changed(fresh.campaign, campaign=was.campaign.campaign)
        fresh = changed(fresh, campaign=named)
    return fresh


def _no_dossier() -> UndertowError:
    return UndertowError(
        "the case has no such dossier, or several that begin so",
        code="replay-dossier",
        mend="give more of its hash: `undertow case show CASES CASE --format json`",
    )

"""`undertow audit`: check the audit log, sign it, write it out, show it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.cli.screen import Format, note, say, show, warn
from undertow.cli.store_options import Cases, Folder, Keys, now, opened
from undertow.errors import UndertowError, shown_name

app = typer.Typer(
    name="audit",
    help="Check, sign, write out and show the audit log of a case store.",
    no_args_is_help=True,
)

Formats = Annotated[Format, typer.Option("--format", help="How the listing is written.")]


@app.command("verify")
def verify(
    place: Annotated[
        str, typer.Argument(metavar="CASES_OR_LOG", help="A case store, or an exported log.")
    ],
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="Folder of saved checkpoints. [the store's own]"),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Public key, name+id+key. [the store's own]")
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Check every leaf against saved checkpoints, and name the first that is not what was logged.

    The store's own checkpoints and key prove little against whoever holds the store: give the copies.
    `python verify.py LOG CHECKPOINTS KEY` does the same without Undertow (`undertow audit export`).

    Exit codes: 0 sound, 2 not sound or not readable.

    Example: undertow audit verify cases --checkpoints /mnt/witness/undertow
    """
    from undertow.audit.verify import saved
    from undertow.audit.verify import verify as check

    log = Path(place)
    if log.is_file():
        if checkpoints is None or key is None:
            raise UndertowError(
                "an exported log is checked against `--checkpoints` and `--key`",
                code="audit-inputs",
                mend="give both: they must come from elsewhere than the log",
            )
        with log.open("rb") as lines:
            verdict = check(lines, *saved(checkpoints), _public(key))
    else:
        with closing(opened(place, keys, folder)) as store:
            verdict = _of_store(store, checkpoints, key)
    for fault in verdict.faults:
        say(fault)
    say(
        f"{verdict.leaves} leaves, {verdict.proven} proven by {verdict.checkpoints} checkpoints"
    )
    if not verdict.is_sound:
        raise UndertowError(
            "the audit log is not what was logged",
            code="audit-not-sound",
            mend="keep log and checkpoints as they are, and find out who could write there",
        )
    if verdict.proven < verdict.leaves:
        note(f"{verdict.leaves - verdict.proven} leaves came after the last checkpoint")


def _of_store(store: Any, checkpoints: Path | None, key: str | None) -> Any:  # noqa: ANN401 - `cases.store.Store` and `audit.verify.Verdict`, whose import would slow `--help`
    from undertow.audit.verify import saved
    from undertow.audit.verify import verify as check
    from undertow.cases import checkpoints as kept
    from undertow.cases import ledger

    if checkpoints is None:
        warn("these checkpoints lie beside the store: give copies with --checkpoints")
    with store.reading() as connection:
        public = ledger.log_key(connection, store).public if key is None else key
        lines = (body + b"\n" for body in kept.bodies(connection))
        return check(lines, *saved(checkpoints or kept.folder(store)), _public(public))


def _public(text: str) -> Any:  # noqa: ANN401 - `audit.verify.Key`, as above
    from undertow.audit.verify import Key

    try:
        return Key.read(text)
    except ValueError:
        raise UndertowError(
            "`--key` is no public key of a log",
            code="audit-key-unreadable",
            mend="give the line that `undertow audit show CASES --key` prints",
        ) from None


@app.command("checkpoint")
def checkpoint(
    cases: Cases,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Copy checkpoints to this folder, from now on always."),
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Sign the log as it stands, and copy the checkpoint out.

    A copy is worth something where the owner of the store cannot write: another machine, a disk that
    only grows. Give its folder once with --to.

    Example: undertow audit checkpoint cases --to /mnt/witness/undertow
    """
    from undertow.cases import checkpoints

    with closing(opened(cases, keys, folder)) as store:
        if to is not None:
            checkpoints.copy_to(store, to.absolute(), now())
        made = checkpoints.make(store)
    if made is None:
        say("the log has no leaf yet")
        return
    say(f"{made.size} leaves signed: {made.path.name}")
    if not made.copied:
        raise UndertowError(
            "the checkpoint could not be copied out",
            code="audit-copy-failed",
            mend="check the folder named with `--to` and its rights; nothing is lost, do it again",
        )


@app.command("export")
def export(
    cases: Cases,
    out: Annotated[Path, typer.Option("--out", help="A folder that is not there yet.")],
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Write the log, its checkpoints, its public key and the verifier into a folder.

    What is written needs no Undertow to be checked: python verify.py log.jsonl checkpoints KEY

    Example: undertow audit export cases --out log-of-june
    """
    from undertow.audit import verify as verifier
    from undertow.cases import checkpoints, ledger

    with closing(opened(cases, keys, folder)) as store:
        checkpoints.make(store)
        try:
            (out / "checkpoints").mkdir(parents=True)
        except FileExistsError:
            raise UndertowError(
                f"`{shown_name(out)}` is there already",
                code="audit-export-exists",
                mend="name a folder that is not there yet",
            ) from None
        with store.reading() as connection, (out / "log.jsonl").open("wb") as file:
            public = ledger.log_key(connection, store).public
            count = ledger.size(connection)
            file.writelines(body + b"\n" for body in checkpoints.bodies(connection))
        for path in sorted(checkpoints.folder(store).iterdir()):
            (out / "checkpoints" / path.name).write_bytes(path.read_bytes())
    (out / "key.txt").write_text(f"{public}\n", encoding="ascii")
    (out / "verify.py").write_bytes(Path(verifier.__file__).read_bytes())
    say(f"{count} leaves in {shown_name(out)}")


@app.command("show")
def show_(
    cases: Cases,
    last: Annotated[int, typer.Option("--last", min=1, help="How many leaves.")] = 20,
    about: Annotated[
        str | None,
        typer.Option("--about", help="Only leaves that commit to this code or text."),
    ] = None,
    key: Annotated[bool, typer.Option("--key", help="Only print the public key.")] = False,
    fmt: Formats = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Show the last leaves; with --about those that speak of an account, a target or a text.

    Leaves hold no name, account or text, only commitments; --about needs the log's key to find them.

    Example: undertow audit show cases --last 5
    """
    from undertow.cases import ledger

    with closing(opened(cases, keys, folder)) as store, store.reading() as connection:
        if key:
            say(ledger.log_key(connection, store).public)
            return
        found = ledger.leaves_about(connection, store, about, last)
    rows: list[dict[str, object]] = [
        {
            "place": leaf["place"],
            "at": _utc(leaf["at"]),
            "kind": leaf["kind"],
            "facts": leaf["facts"],
        }
        for leaf in found
    ]
    show(rows, ["place", "at", "kind", "facts"], fmt)


def _utc(at: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

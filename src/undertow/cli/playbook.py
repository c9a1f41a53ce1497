"""`undertow playbook`: list, show, check, test and fit processes written down as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.playbook_fit import fit
from undertow.cli.playbook_promote import promote
from undertow.cli.screen import Format, complain, note, say, show
from undertow.errors import YOUR_FAULT, UndertowError

app = typer.Typer(
    name="playbook",
    help="List, show, check, test and fit playbooks: processes written down as data.",
    no_args_is_help=True,
)

Formats = Annotated[Format, typer.Option("--format", help="How the listing is written.")]


@app.command("list")
def list_(fmt: Formats = Format.TEXT) -> None:
    """List the playbooks that ship, with how far to trust each.

    Example: undertow playbook list --format json
    """
    from undertow.playbooks.catalog import names
    from undertow.playbooks.parse import load

    books = [load(name) for name in names()]
    rows: list[dict[str, object]] = [
        {"name": book.name, "status": book.status, "title": book.title} for book in books
    ]
    show(rows, ["name", "status", "title"], fmt)


@app.command("show")
def show_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name or a file.")],
) -> None:
    """Print a playbook as it is written, to read it or to begin one of your own.

    Example: undertow playbook show extremist-recruitment > mine.yaml
    """
    from undertow.playbooks.parse import read_text

    say(read_text(name).rstrip("\n"))


@app.command("check")
def check(
    books: Annotated[
        list[str], typer.Argument(metavar="FILE_OR_NAME...", help="Files, or shipped names.")
    ],
) -> None:
    """Find every fault of a playbook at once, each with its line and how to mend it.

    Exit codes: 0 no fault, 2 faults.

    Example: undertow playbook check mine.yaml
    """
    from undertow.playbooks.parse import load

    faulty = False
    for given in books:
        try:
            book = load(given)
        except UndertowError as fault:
            complain(str(fault))
            faulty = True
        else:
            roles = ", ".join(role.name for role in book.roles)
            steps = f"{len(book.steps)} step" + "s" * (len(book.steps) > 1)
            say(f"{book.name}: {steps}, roles {roles}, no fault")
    if faulty:
        raise typer.Exit(YOUR_FAULT)


@app.command("test")
def try_examples(
    books: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE_OR_NAME]...", help="Files or names. [all that ship]"),
    ] = None,
    fmt: Formats = Format.TEXT,
) -> None:
    """Run the examples of a playbook through the real engine.

    Each file under `finds` must hold a match that reaches `listed_from`, each under `spares` none.

    Exit codes: 0 all as written, 2 an example fails or a playbook has faults.

    Example: undertow playbook test mine.yaml
    """
    from undertow.playbooks.catalog import names

    rows = [row for given in books or names() for row in _tested(given)]
    show(rows, ["playbook", "example", "expected", "matches", "furthest", "passed"], fmt)
    failed = sum(not row["passed"] for row in rows)
    if failed:
        raise UndertowError(
            f"{failed} of {len(rows)} examples are not as the playbook says",
            code="playbook-example-failed",
            mend="change the steps, or move the example between `finds` and `spares`",
        )
    if not rows:
        note("no playbook here names any examples")


def _tested(given: str) -> list[dict[str, object]]:
    """Match every example of one playbook and say whether it is as written."""
    from undertow.pipeline import match_examples
    from undertow.playbooks.parse import load

    book = load(given)
    rows: list[dict[str, object]] = []
    folder = Path(book.folder or ".")
    order = [step.name for step in book.steps]
    for expected in ("finds", "spares"):
        for name in getattr(book.examples, expected):
            found = match_examples(folder / name, book)
            rows.append(
                {
                    "playbook": book.name,
                    "example": name,
                    "expected": expected,
                    "matches": len(found),
                    "furthest": max(found, key=order.index, default=None),
                    "passed": bool(found) == (expected == "finds"),
                }
            )
    return rows


@app.command("schema")
def schema() -> None:
    """Print the grammar as JSON Schema, for editors that complete and underline.

    Example: undertow playbook schema > playbook.schema.json
    """
    import json

    from undertow.playbooks.schema import json_schema

    say(json.dumps(json_schema(), indent=2))


@app.command("live")
def live(
    place: Annotated[
        str,
        typer.Argument(metavar="CASES", help="A case store: a folder, or a database's URL."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")],
) -> None:
    """Write the playbooks that two people put in use, for `detect --playbook`.

    Example: undertow playbook live cases --out live && undertow detect events --playbook live/mine.yaml --out found
    """
    from undertow.cases.playbook_states import text_of, versions
    from undertow.cases.store import open_store

    store = open_store(place)
    in_use = [one for one in versions(store) if one.state == "live"]
    out.mkdir(parents=True, exist_ok=True)
    for one in in_use:
        text = text_of(store, one.playbook, one.version)
        (out / f"{one.playbook}.yaml").write_text(text, "utf-8", newline="\n")
        say(f"{one.playbook}.yaml")
    store.close()
    if not in_use:
        note("none is in use yet: a draft goes on trial, then a second person lets it go live")


app.command("fit")(fit)
app.command("promote")(promote)

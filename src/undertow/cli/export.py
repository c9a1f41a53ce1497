"""`undertow export`: a case, or counts of all decided ones, as a file that may leave the desk."""

from __future__ import annotations

import os
import time
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from undertow.cli.screen import note, say
from undertow.errors import UndertowError, shown_name


class Form(StrEnum):
    """Forms of an export."""

    BUNDLE = "bundle"
    HTML = "html"
    JSON = "json"
    CSV = "csv"
    STIX = "stix"
    MISP = "misp"
    STATEMENT = "statement"
    AGGREGATES = "aggregates"


class Tlp(StrEnum):
    """Who may see what is sent, by the traffic light protocol."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def export(
    place: Annotated[
        str,
        typer.Argument(metavar="CASES", help="A case store: a folder, or a database's URL."),
    ],
    case: Annotated[
        str | None,
        typer.Argument(metavar="[CASE]", help="Code of a case; none for `aggregates`."),
    ] = None,
    form: Annotated[Form, typer.Option("--as", help="Form of the file.")] = Form.BUNDLE,
    by: Annotated[
        str | None, typer.Option("--by", help="Name of the person at the desk who makes it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write. [named after the case]")
    ] = None,
    native: Annotated[
        str | None,
        typer.Option(
            "--native", help="Why the account's own id is needed; after a decision only."
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Why passages are needed; each counts as read.")
    ] = None,
    tlp: Annotated[Tlp, typer.Option("--tlp", help="Marking of STIX and MISP.")] = Tlp.AMBER,
    language: Annotated[
        str,
        typer.Option("--language", help="Statement: language of its fields: en, fr, de, ar."),
    ] = "en",
    territory: Annotated[
        str,
        typer.Option("--territory", help="Statement: `EU`, `EEA`, or codes such as `DE,FR`."),
    ] = "EU",
    category: Annotated[
        str | None,
        typer.Option("--category", help="Statement: a category of the DSA database."),
    ] = None,
    law: Annotated[
        str | None,
        typer.Option("--law", help="Statement: the law broken. [the clause decided on]"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Statement: last day, such as 2026-12-31.")
    ] = None,
    complaint: Annotated[
        str | None, typer.Option("--complaint", help="Statement: how to complain.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Statement: https address of the terms.")
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="Key file. [CASES.keys]")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="With PostgreSQL: folder of checkpoints and backups.")
    ] = None,
) -> None:
    """Write a case, or counts of decided cases, into a file that may leave the desk.

    Targets and reviewers stand in it as codes, always. Text and the account's own id only with a reason, which is
    written into the file and the audit log. `stix`, `misp` and `statement` need a decision of two people
    that took effect. `aggregates` counts decided cases, never fewer than five accounts together.

    Example: undertow export cases k:4d7c01ba90e1f2aa --as bundle --by ada
    """
    from undertow.cases.store import open_store
    from undertow.outward.exporting import Asked, export_aggregates
    from undertow.outward.exporting import export as make

    terms = None
    if form is Form.STATEMENT:
        terms = _terms(territory, category, law, until, complaint, reference)
    store = open_store(place, keys=keys, folder=folder)
    try:
        who, now = _person(store, by), time.time_ns() // 1000
        if form is Form.AGGREGATES:
            is_json = out is not None and out.suffix == ".json"
            made = export_aggregates(store, who, now, "json" if is_json else "csv")
        elif case is None:
            raise UndertowError(
                "an export is of a case",
                code="export-case",
                mend="name its code, as `undertow case list CASES` shows it, or ask for `--as aggregates`",
            )
        else:
            kind: Any = form.value  # one of `exporting.KINDS`: the eighth form was taken above
            asked = Asked(kind, native, text, language, tlp.value, terms)
            made = make(store, who, case, asked, now)
    finally:
        store.close()
    path = out or Path(made.name)
    _write(path, made.body)
    say(f"{shown_name(path)}  {len(made.body):,} bytes  sha256 {made.sha256}")
    note("the export is in the audit log with this hash")


def _person(store: Any, name: str | None) -> Any:  # noqa: ANN401  # `Store` and `Person`, whose import would slow `--help`
    from undertow.cases.people import person_named, unknown_person

    if name is None:
        raise UndertowError(
            "an export needs somebody who makes it",
            code="export-by",
            mend="add `--by NAME`, the name they sign in with",
        )
    who = person_named(store, name)
    if who is None:
        raise unknown_person()
    return who


def _terms(
    territory: str,
    category: str | None,
    law: str | None,
    until: str | None,
    complaint: str | None,
    reference: str | None,
) -> Any:  # noqa: ANN401  # `statement.Terms`
    from undertow.outward.statement import EEA, EU, Terms

    whole = {"EU": EU, "EEA": EEA}
    asked = territory.strip().upper()
    places = whole.get(asked) or tuple(
        sorted({one.strip() for one in asked.split(",") if one.strip()})
    )
    made: dict[str, Any] = {"category": category} if category else {}
    return Terms(
        law=law,
        territory=places,
        until=_day(until),
        complaint=complaint,
        reference=reference,
        **made,
    )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UndertowError(
            "`--until` is not a day", code="option-time", mend="write it as 2026-12-31"
        ) from None


def _write(path: Path, body: bytes) -> None:
    """Write a new file that its owner alone can read; one that is there is kept."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UndertowError(
            f"there is a file `{shown_name(path)}` already",
            code="export-there",
            mend="name another one with `--out`; an export never overwrites",
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(body)

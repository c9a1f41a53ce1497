"""`undertow case`: look at cases, keep people and the allow-list, hold and erase."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from undertow.cli.case_decisions import decisions
from undertow.cli.screen import Format, note, say, show
from undertow.cli.store_options import (
    As,
    Cases,
    Folder,
    Keys,
    acting,
    new_password,
    now,
    onlooker,
    opened,
)
from undertow.errors import UndertowError

app = typer.Typer(
    name="case", help="Look at cases; hold, erase, allow; keep people.", no_args_is_help=True
)
Formats = Annotated[Format, typer.Option("--format", help="How the listing is written.")]
Code = Annotated[str, typer.Argument(metavar="CASE", help="Code of a case.")]
COLUMNS = [
    *("code", "playbook", "role", "stage", "weight", "q", "targets"),
    *("lang", "state", "age_days", "campaign"),
]


@app.command("list")
def list_cases(
    place: Cases,
    view: Annotated[str, typer.Option(help="all, closed, clocks.")] = "all",
    playbook: Annotated[str | None, typer.Option(help="Only cases of this playbook.")] = None,
    most: Annotated[int, typer.Option(min=1, max=200, help="Rows at most.")] = 40,
    fmt: Formats = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """List cases in the order of the queue, without texts and identities.

    Example: undertow case list cases --format csv
    """
    from undertow.cases.queue import View, queue

    store = opened(place, keys, folder)
    which: Any = view
    page = queue(store, onlooker(), View(which, playbook=playbook, size=most), now())
    rows: list[dict[str, object]] = [
        {**asdict(row), "age_days": round(row.age / 86_400e6, 1)} for row in page.rows
    ]
    if rows or fmt is not Format.TEXT:
        show(rows, COLUMNS, fmt, title=f"{len(rows)} of {page.counts['all']:,} open cases")
    else:
        say("no cases here")
    note(f"{page.done} of {page.budget} reviews of today done")
    store.close()


@app.command("show")
def show_case(
    place: Cases,
    code: Code,
    fmt: Formats = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Show a case: its evidence for and against, its people as codes, and what was done.

    Texts and identities are opened in the web interface, one by one, for a reason.

    Example: undertow case show cases k:9f2c61d0a4b7e835
    """
    import msgspec

    from undertow.cases.reading import case_view

    store = opened(place, keys, folder)
    view = case_view(store, onlooker(), code, now())
    if fmt is Format.JSON:
        say(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
        store.close()
        return
    lines: list[dict[str, object]] = [
        {
            "step": one.step,
            "source": one.source,
            "bits": one.bits,
            "count": f"{one.count} of {one.of}",
            "needed": "yes" if one.necessary else "",
        }
        for one in view.dossier.lines
    ]
    row = view.row
    title = f"{row.account} as {row.role} under {row.playbook}: {row.state}, {view.dossier.weight:+.1f} bits"
    show(lines, ["step", "source", "bits", "count", "needed"], fmt, title=title)
    if fmt is Format.TEXT:
        done: list[dict[str, object]] = [asdict(one) for one in view.acts]
        show(done, ["kind", "reviewer", "revision", "outcome"], fmt, title="what was done")
    store.close()


@app.command("hold")
def hold_case(
    place: Cases,
    code: Code,
    who: As,
    reason: Annotated[
        str | None, typer.Option(help="Why it is kept; ends the hold if left out.")
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Keep a case past its 90 days, or end that.

    Example: undertow case hold cases k:9f2c61d0a4b7e835 --as ben --reason "order 12/2026 of the court"
    """
    from undertow.cases.retention import hold, release_hold

    store = opened(place, keys, folder)
    by = acting(store, who)
    if reason is None:
        release_hold(store, by, code, now())
        say("the hold has ended")
    else:
        hold(store, by, code, reason, now())
        say("held")
    store.close()


@app.command("clock")
def set_case_clock(
    place: Cases,
    code: Code,
    who: As,
    reason: Annotated[str, typer.Option(help="Whose time it is; sealed.")],
    minutes: Annotated[
        int | None, typer.Option(help="Until it is due; stops the clock if left out.", min=1)
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Set a case's clock, such as the hour of a removal order, or stop it.

    Example: undertow case clock cases k:9f2c61d0a4b7e835 --as ben --minutes 60 --reason "order of today"
    """
    from undertow.cases.clocks import set_clock
    from undertow.units import MINUTE

    store = opened(place, keys, folder)
    at = now()
    due = None if minutes is None else at + minutes * MINUTE
    set_clock(store, acting(store, who), code, due, reason, at)
    say("the clock has stopped" if due is None else f"due in {minutes:,} minutes")
    store.close()


@app.command("erase")
def erase_subject(
    place: Cases,
    who: As,
    reason: Annotated[str, typer.Option(help="Why; only a commitment to it is kept.")],
    code: Annotated[str | None, typer.Option(help="Code of an account or a target.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Native id, platform:id, of somebody who asked for it.")
    ] = None,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Erase a subject: its key is destroyed, and with it every text about it, in backups too.

    Example: undertow case erase cases --as dora --account forum:4711 --reason "asked on 3 May"
    """
    from undertow.cases.allowing import unknown_subject
    from undertow.cases.retention import codes_of_native, erase

    if (code is None) == (account is None):
        raise UndertowError(
            "erasing needs a code or a native id",
            code="erase-whom",
            mend="give --code or --account",
        )
    store = opened(place, keys, folder)
    by = acting(store, who)
    codes = [code] if code is not None else codes_of_native(store, account or "")
    if not codes:
        raise unknown_subject()
    closed = [case for one in codes for case in erase(store, by, one, reason, now())]
    say(f"erased under {len(codes)} codes; {len(closed)} cases closed")
    note("copy the key file anew, and destroy older copies of it: they still hold the key")
    store.close()


@app.command("rotate")
def rotate_keys(place: Cases, who: As, keys: Keys = None, folder: Folder = None) -> None:
    """Change the master key, while others go on working; its old copies open nothing afterwards.

    Example: undertow case rotate cases --as dora
    """
    from undertow.cases.keyfile import master_path
    from undertow.cases.retention import rotate

    store = opened(place, keys, folder)
    rotate(store, acting(store, who), now())
    say(
        f"{master_path(store.vault.keys.path).name} is another key now: copy it and the key file anew"
    )
    store.close()


@app.command("allow")
def allow_account(
    place: Cases,
    who: As,
    account: Annotated[
        str | None, typer.Option(help="Code of an account; lists all if left out.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="How it is known to be honest; takes it off if left out.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it holds.", min=1, max=90)] = 90,
    fmt: Formats = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Keep the allow-list: its accounts come last in the queue, for at most 90 days.

    Example: undertow case allow cases --as ben --account a:k3q6dzl2fvnx7t4w --reason "helpline, called back"
    """
    from undertow.cases.allowing import allow, disallow, entries

    store = opened(place, keys, folder)
    by = acting(store, who)
    if account is not None and reason is not None:
        allow(store, by, account, reason, now(), days=days)
    elif account is not None:
        disallow(store, by, account, now())
    rows: list[dict[str, object]] = [
        {**asdict(one), "days_left": (one.until - now()) // 86_400_000_000}
        for one in entries(store, by, now())
    ]
    show(rows, ["account", "owner", "days_left"], fmt, title=f"{len(rows)} on the allow-list")
    store.close()


@app.command("people")
def keep_people(
    place: Cases,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a person.")] = None,
    role: Annotated[str, typer.Option(help="analyst, approver, auditor or admin.")] = "analyst",
    disable: Annotated[
        str | None, typer.Option(metavar="NAME", help="Let a person in no more.")
    ] = None,
    password_file: Annotated[
        typer.FileText | None,
        typer.Option(
            "--password-file", help="Holds the password in its first line; - for stdin."
        ),
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="They sign in another way.")
    ] = False,
    fmt: Formats = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """List the people of the desk, add one, or disable one.

    Example: undertow case people cases --add ada --role analyst
    """
    from undertow.cases import people

    store = opened(place, keys, folder)
    if add is not None:
        given = None if password_file is None else password_file.readline().rstrip("\n")
        password = None if no_password else new_password(given)
        people.add_person(store, add, role, password, now=now())
    if disable is not None:
        people.disable(store, acting(store, disable).reviewer, now=now())
    rows: list[dict[str, object]] = [
        {**asdict(one.person), "disabled": one.disabled_at is not None}
        for one in people.people(store)
    ]
    show(rows, ["reviewer", "name", "role", "disabled"], fmt, title=f"{len(rows)} people")
    store.close()


app.command("decisions")(decisions)

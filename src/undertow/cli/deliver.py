"""`undertow deliver`: tell the operator's own system what people decided."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import checked_duration
from undertow.cli.screen import say, warn
from undertow.errors import PARTLY_REFUSED


def deliver(
    place: Annotated[
        str,
        typer.Argument(metavar="CASES", help="A case store: a folder, or a database's URL."),
    ],
    to: Annotated[
        str,
        typer.Option("--to", help="https address of your system; http on this machine only."),
    ],
    key: Annotated[
        Path,
        typer.Option("--key", help="File with the key that both sides hold, 32 bytes or more."),
    ],
    native: Annotated[
        str | None,
        typer.Option(
            "--native",
            help="Why the receiver must know the account's own id. [it gets the code]",
        ),
    ] = None,
    patience: Annotated[
        str, typer.Option("--wait", help="How long failed tries are waited for: 0s, 10m, 2h.")
    ] = "0s",
    certificates: Annotated[
        Path | None, typer.Option("--ca", help="Certificates to trust. [the system's]")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Give deliveries that were given up their tries back."),
    ] = False,
    keys: Annotated[Path | None, typer.Option(help="Key file. [CASES.keys]")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="With PostgreSQL: folder of checkpoints and backups.")
    ] = None,
) -> None:
    """Tell your own system each measure that two people decided on, and each that was lifted.

    Sent once the time to undo is over; signed, with a key by which a repetition is known; never a score, a
    target or a text. Failed tries come again, later and later; run it from a timer. Redirects are not
    followed and no proxy is used.

    Exit codes: 0 all told, 2 yours, 3 some are left or were given up.

    Example: undertow deliver cases --to https://moderation.example/hook --key hook.key
    """
    from undertow.cases.store import open_store
    from undertow.outward.delivering import Way
    from undertow.outward.delivering import again as give_back
    from undertow.outward.delivering import deliver as tell
    from undertow.outward.gather import hold_reason
    from undertow.outward.webhook import read_key, receiver

    if native is not None:
        hold_reason(native)
    way = Way(receiver(to, certificates), read_key(key), native)
    micros = checked_duration(patience, "--wait")
    store = open_store(place, keys=keys, folder=folder)
    try:
        if again:
            give_back(store, _now())
        done = tell(store, way, _now, time.sleep, patience=micros)
    finally:
        store.close()
    say(
        f"{done.sent} told, {done.failed} tries failed, {done.dropped} dropped, {done.left} left"
    )
    if done.given_up:
        warn(
            f"{done.given_up} given up after many tries; `--again` gives them their tries back"
        )
    if done.left or done.given_up:
        raise typer.Exit(PARTLY_REFUSED)


def _now() -> int:
    return time.time_ns() // 1000

"""`undertow report`: a month at the desk in numbers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from undertow.cli.screen import Format, note, show
from undertow.cli.store_options import Cases, Folder, Keys, opened


def report(
    place: Cases,
    month: Annotated[str, typer.Option(help="Such as 2026-11.")],
    fmt: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
    keys: Keys = None,
    folder: Folder = None,
) -> None:
    """Count a month: confirmed of decided with its interval, age, appeals, help, hours, exposures.

    Example: undertow report cases --month 2026-11
    """
    from undertow.cases.month import report as count

    store = opened(place, keys, folder)
    told = asdict(count(store, month))
    store.close()
    if fmt is Format.TEXT:
        rows: list[dict[str, object]] = [
            {"what": name.replace("_", " "), "in the month": "" if value is None else value}
            for name, value in told.items()
        ]
        show(rows, ["what", "in the month"], fmt, title=f"the desk in {month}, UTC")
        note(
            "hours are an estimate from the times of acts; low and high are an interval of 95 %"
        )
    else:
        show([told], list(told), fmt)

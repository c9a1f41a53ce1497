"""The figures as tables: on the screen, as JSON, and in the documentation."""

from __future__ import annotations

import json
import os
import platform
import re
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rounds import Results, Row, key

HEAD = (
    "| case | events | seconds | ratio to the floor | events/s | peak MiB | matches |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)
BEGIN, END = "<!-- figures {n} -->", "<!-- end of figures {n} -->"
MARK = re.compile(r"<!-- (end of )?figures( \d+)? -->")
OURS = ("duckdb", "numba", "numpy", "pyarrow")


def rate(n: int, seconds: float) -> str:
    """Write events per second for a reader."""
    many = n / seconds
    return f"{many / 1e6:.1f} M" if many >= 1e6 else f"{many / 1e3:.0f} k"


def line(name: str, row: Row) -> str:
    """Write one row of a table."""
    cells = (
        name,
        f"{row.n:,}",
        f"{row.seconds:.3f}" if row.seconds < 1 else f"{row.seconds:.2f}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        rate(row.n, row.seconds),
        f"{row.peak_mib:.0f}",
        "" if row.matches is None else f"{row.matches:,}",
    )
    return "| " + " | ".join(cells) + " |"


def markdown(results: Results) -> str:
    """Write one table for each group of cases."""
    groups: dict[str, list[str]] = {}
    for case in results.cases:
        lines = groups.setdefault(case.group, [])
        if case.absent:
            lines.append(f"| {case.name} | {case.n:,} | {case.absent} | | | | |")
        else:
            lines.append(line(case.name, results.rows[key(case)]))
    return "\n\n".join(
        f"**{group[:1].upper()}{group[1:]}**\n\n{HEAD}\n"
        + "\n".join(lines)
        + beside(results, group)
        for group, lines in groups.items()
    )


def beside(results: Results, group: str) -> str:
    """Say below a table what else its cases told of themselves."""
    said = []
    for case in results.cases:
        more = {} if case.absent or case.group != group else results.rows[key(case)].more
        if more:
            each = ", ".join(
                f"{name.replace('_', ' ')} {value:g}" for name, value in more.items()
            )
            said.append(f"{case.name}, {case.n:,} events: {each}.")
    return "".join(f"\n\n{one}" for one in said)


def machine(peers: dict[str, str]) -> str:
    """Say in one sentence what was measured on, without naming it."""
    processor = platform.machine()
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        found = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
        processor = found[1].strip() if found else processor
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    except (OSError, ValueError):
        memory = 0.0
    held = f", {memory:.0f} GiB of memory" if memory else ""
    libraries = {**{name: version(name) for name in OURS}, **peers}
    named = ", ".join(f"{name} {number}" for name, number in libraries.items())
    return f"{processor}, two cores used{held}; Python {platform.python_version()}, {named}."


def json_rows(results: Results) -> list[dict[str, object]]:
    """List what was measured; what could not be is left out."""
    rows: list[dict[str, object]] = []
    for row in results.rows.values():
        kept = asdict(row)
        more = kept.pop("more")
        rows.append({**kept, **more})
    return rows


def keep(results: Results, path: Path) -> None:
    """Write the figures as JSON."""
    path.write_text(json.dumps(json_rows(results), indent=1) + "\n", encoding="utf-8")


def section(results: Results, n: int, rounds: int, peers: dict[str, str]) -> str:
    """Write the section of the documentation for one number of events."""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    return "\n\n".join(
        (
            BEGIN.format(n=n),
            f"### {n:,} events",
            f"{when}; medians of {rounds}. {machine(peers)}",
            markdown(results),
            END.format(n=n),
        )
    )


def unfit(page: Path) -> str:
    """Say why figures cannot be put into a page; nothing if they can."""
    try:
        held = page.read_text(encoding="utf-8")
    except OSError as fault:
        return f"cannot read the page {page.name}: {fault.strerror}"
    if not MARK.search(held):
        return f"{page.name} has no mark `<!-- figures -->` to put figures behind"
    return ""


def document(page: Path, n: int, text: str) -> None:
    """Put a section into the page: in place of the one for as many events, else behind the last."""
    held = page.read_text(encoding="utf-8")
    begin, end = BEGIN.format(n=n), END.format(n=n)
    if begin in held:
        before, rest = held.split(begin, 1)
        after = rest.split(end, 1)[1]
        held = f"{before}{text}{after}"
    else:
        place = list(MARK.finditer(held))[-1].end()
        held = f"{held[:place]}\n\n{text}{held[place:]}"
    page.write_text(held, encoding="utf-8")

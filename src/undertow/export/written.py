"""All files of an output folder, written at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.source import SIMULATED_KEY
from undertow.export.folder import Results, Run
from undertow.export.report import render

WRITERS: Final = 2
"""Files written at once, while the page is made."""
GROUP: Final = 1 << 20
"""Rows of a row group: Arrow's own choice."""


def write_results(
    out: Path,
    tables: dict[str, pa.Table],
    rejects: pa.Table,
    summary: dict[str, Any],
    rest: Callable[[], None] = lambda: None,
) -> Path:
    """Write all results through temporary neighbours, so that a failed run spoils no older one.

    Args:
        out: the folder, made if it is not there.
        tables: by the names of their files.
        rejects: rows set aside; no file where there are none.
        summary: what `run.json` holds.
        rest: is called after each row group, for tables that stand in files.

    Returns:
        The path of the page.
    """
    out.mkdir(parents=True, exist_ok=True)
    marked = {b"undertow.grounds": msgspec.json.encode(summary["ground"])}
    if summary["simulated"] is not None:
        marked[SIMULATED_KEY] = msgspec.json.encode(summary["simulated"])
    if summary["native_targets"] is not None:
        marked[b"undertow.native_targets"] = msgspec.json.encode(summary["native_targets"])
    if rejects.num_rows:
        tables = {**tables, "rejects.parquet": rejects}
    for name in ("rejects.parquet", "campaigns.parquet", "personas.parquet", "rooms.parquet"):
        if name not in tables:
            (out / name).unlink(missing_ok=True)
    parts = {name: out / f".{name}.part" for name in (*tables, "run.json", "report.html")}
    told = msgspec.json.encode(summary)

    def write(name: str) -> None:
        table = tables[name].replace_schema_metadata(marked)
        with pq.ParquetWriter(parts[name], table.schema, compression="zstd") as file:
            for low in range(0, max(table.num_rows, 1), GROUP):
                file.write_table(table.slice(low, GROUP), GROUP)
                rest()

    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            results = Results(
                folder=out,
                run=msgspec.json.decode(told, type=Run, strict=False),
                accounts=tables["accounts.parquet"],
                funnels=tables["funnels.parquet"],
                evidence=tables["evidence.parquet"],
                rejects=tables.get("rejects.parquet"),
                campaigns=tables.get("campaigns.parquet"),
                rooms=tables.get("rooms.parquet"),
                personas=tables.get("personas.parquet"),
            )
            writing = [pool.submit(write, name) for name in tables]
            page = render(results)
            for one in writing:
                one.result()
        parts["run.json"].write_bytes(msgspec.json.format(told, indent=1))
        parts["report.html"].write_text(page, encoding="utf-8", newline="\n")
        for name, part in parts.items():
            part.replace(out / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return out / "report.html"

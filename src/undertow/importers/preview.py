"""The first rows by a proposed map, for a person to look at before anything is imported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from undertow.errors import UndertowError
from undertow.importers.mapped import Mapper
from undertow.importers.mapping import check_map
from undertow.importers.rows import SetAside, Tally
from undertow.importers.times import EPOCH


def preview(
    text: str, columns: Sequence[str], sample: Sequence[Sequence[object]], timezone: str | None
) -> tuple[list[dict[str, object]], list[str]]:
    """Map some records.

    Args:
        text: the map as YAML.
        columns: names of a record's values, in order.
        sample: the records.
        timezone: for times without a zone.

    Returns:
        The rows, and the reasons for which records would be set aside (each once), or what is
        missing in the map.
    """
    try:
        event_map = check_map(text, columns, "proposed map")
    except UndertowError as fault:
        return [], [one.what for one in getattr(fault, "faults", (fault,))]
    issue = lambda number, *_: f"row {number}"  # noqa: E731 -- stands in for ids not yet issued
    mapper = Mapper(event_map, columns, timezone=timezone, issue=issue)
    rows: list[dict[str, object]] = []
    reasons: dict[str, None] = {}
    for number, values in enumerate(sample, start=1):
        try:
            for row in mapper.rows(number, values, Tally()):
                moment = EPOCH + timedelta(microseconds=row.published)
                rows.append({**row._asdict(), "published": moment, "observed": None})
        except SetAside as reason:
            reasons[str(reason)] = None
    return rows, list(reasons)

"""A playbook over events that are held: what it would find, how much work that is, and for whom.

Nothing is opened and nothing is kept: results go to a folder that is removed again. What is told holds no
target and no text, and an account only where it is asked for; samples stand under codes that mean nothing
outside this one answer.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from undertow.cases.citing import EventTexts
from undertow.export.folder import Funnel, Results, open_folder
from undertow.pipeline import detect
from undertow.playbooks.grammar import Playbook
from undertow.request import Request

SAMPLES: Final = 10
"""Accounts shown as samples, the heaviest."""
MINUTES: Final = 12.0
"""Minutes of a review where the operator says nothing else: ours, to be replaced by `undertow report --month`."""
FEWEST: Final = 5
"""Accounts below which a slice is not told apart: k of the desk's aggregates."""
WEEK: Final = 7 * 86_400
OTHER: Final = "fewer than five"


@dataclass(frozen=True)
class Asked:
    """What is to be tried.

    Attributes:
        playbook: the one on trial.
        beside: others that its accounts are compared with, such as those that are live.
        events: files or folders.
        ground, timezone: as for `detect`.
        chance: hold the accounts against null worlds too, which takes several times as long.
        minutes: how long a review takes.
        accounts: name the accounts that are listed, for who can hold them against decisions.
    """

    playbook: Playbook
    beside: tuple[Playbook, ...]
    events: tuple[Path, ...]
    ground: str | None = None
    timezone: str | None = None
    chance: bool = False
    minutes: float = MINUTES
    accounts: bool = False


def backtest(asked: Asked, advance: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Try a playbook.

    Args:
        asked: what to try, on what.
        advance: called with the rows of each batch read.

    Returns:
        Plain values for JSON: `playbook`, `events`, `from`, `until`, `accounts` (with a funnel that is listed), `raised` (above
        even odds), `alerts` (q up to 0.1; None without null worlds), `people` (targets of listed funnels), `weeks`, `steps`,
        `samples`, `hours`, `exposures`, `slices`, `overlap`, `warnings`; where asked for, `listed`: `account`, `raised` of each.

    Raises:
        UndertowError: faults of reading events.
    """
    with tempfile.TemporaryDirectory(prefix="undertow-backtest-") as place:
        out = Path(place) / "found"
        request = Request(
            paths=asked.events,
            out=out,
            playbooks=(asked.playbook, *asked.beside),
            ground=asked.ground,
            timezone=asked.timezone,
            nulls=asked.chance,
        )
        detect(request, advance)
        return _told(asked, open_folder(out))


def _told(asked: Asked, results: Results) -> dict[str, Any]:
    name, run = asked.playbook.name, results.run
    ranking = _of_playbook(results, name)
    best: dict[str, dict[str, Any]] = {}
    for row in ranking:
        best.setdefault(str(row["account"]), row)
    even = math.log2((1 - run.prior) / run.prior)
    raised = [account for account, row in best.items() if row["weight"] > even]
    funnels = [one for one in results.funnels_of(list(best)) if one.playbook == name]
    facts = run.playbook(name)
    texts = EventTexts(asked.events, asked.ground, asked.timezone).of(funnels)
    of_raised = set(raised)
    read = {
        (step.event, one.target)
        for one in funnels
        if one.recruiter in of_raised
        for step in one.steps
    }
    named = [{"account": one, "raised": one in of_raised} for one in best]
    return ({"listed": named} if asked.accounts else {}) | {
        "playbook": name,
        "title": asked.playbook.title,
        "simulated": run.simulated is not None,
        "events": run.events,
        "from": run.since,
        "until": run.until,
        "accounts": len(best),
        "raised": len(raised),
        "alerts": _alerts(best.values()) if asked.chance else None,
        "people": len({one.target for one in funnels}),
        "weeks": _weeks(funnels),
        "steps": [
            {"name": step.name, "reached": counted.reached, "at_risk": counted.at_risk}
            for step in facts.steps
            if (counted := facts.counts.get(step.name)) is not None
        ],
        "samples": _samples(list(best.values())[:SAMPLES], funnels),
        "hours": round(len(raised) * asked.minutes / 60, 1),
        "minutes": asked.minutes,
        "exposures": sum(
            texts.cited[key].text is not None for key in read if key in texts.cited
        ),
        "slices": {
            what: _slice(funnels, best, raised, of)
            for what, of in (
                ("platform", lambda key: getattr(texts.cited.get(key), "platform", None)),
                ("lang", lambda key: getattr(texts.cited.get(key), "lang", None)),
            )
        },
        "overlap": [_overlap(results, best, one.name) for one in asked.beside],
        "warnings": list(run.warnings),
    }


def _alerts(rows: Iterable[dict[str, Any]]) -> int:
    return sum(row.get("q_value") is not None and row["q_value"] <= 0.1 for row in rows)


def _weeks(funnels: Sequence[Funnel]) -> list[dict[str, Any]]:
    """Count funnels by the week (from Thursday 1970-01-01 on) in which they took their last step."""
    ends = [int(one.steps[-1].at.timestamp()) // WEEK for one in funnels if one.steps]
    if not ends:
        return []
    counted = Counter(ends)
    return [
        {
            "from": datetime.fromtimestamp(week * WEEK, UTC).date().isoformat(),
            "funnels": counted.get(week, 0),
        }
        for week in range(min(ends), max(ends) + 1)
    ]


def _samples(rows: Sequence[dict[str, Any]], funnels: Sequence[Funnel]) -> list[dict[str, Any]]:
    """Give the heaviest accounts under codes of this answer alone."""
    key = secrets.token_bytes(32)
    told = []
    for row in rows:
        account = str(row["account"])
        mine = [one for one in funnels if one.recruiter == account]
        code = hashlib.blake2b(account.encode(), key=key, digest_size=4).hexdigest()
        told.append(
            {
                "code": f"b:{code}",
                "role": row["role"],
                "weight": round(float(row["weight"]), 2),
                "funnels": len(mine),
                "contacted": int(row["targets"] or 0),
            }
        )
    return told


def _slice(
    funnels: Sequence[Funnel],
    best: dict[str, dict[str, Any]],
    raised: Sequence[str],
    of: Callable[[tuple[str, str]], str | None],
) -> list[dict[str, Any]]:
    """Count listed and raised accounts by a value of their cited events; small ones together."""
    by: dict[str, Counter[str]] = {}
    for one in funnels:
        for step in one.steps:
            value = of((step.event, one.target))
            if value is None:
                continue
            for account in {one.recruiter, *(held for _, held in one.roles)} & best.keys():
                by.setdefault(account, Counter())[value] += 1
    mostly = {
        account: min(counted, key=lambda value: (-counted[value], value))
        for account, counted in by.items()
    }
    listed = Counter(mostly.get(account, "unknown") for account in best)
    up = Counter(mostly.get(account, "unknown") for account in raised)
    rows = [
        {"value": value, "accounts": many, "raised": up[value]}
        for value, many in sorted(listed.items(), key=lambda pair: (-pair[1], pair[0]))
        if many >= FEWEST
    ]
    few = [value for value, many in listed.items() if many < FEWEST]
    if few:
        rows.append(
            {
                "value": OTHER,
                "accounts": sum(listed[value] for value in few),
                "raised": sum(up[value] for value in few),
            }
        )
    return rows


def _of_playbook(results: Results, name: str) -> list[dict[str, Any]]:
    """List the rows of one playbook, best first."""
    ranking = results.ranking()
    rows: list[dict[str, Any]] = ranking.filter(pc.equal(ranking["playbook"], name)).to_pylist()
    return rows


def _overlap(results: Results, mine: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    theirs = {str(row["account"]) for row in _of_playbook(results, name)}
    both = len(theirs & mine.keys())
    return {
        "playbook": name,
        "both": both,
        "only_this": len(mine) - both,
        "only_that": len(theirs) - both,
    }

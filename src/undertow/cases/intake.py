"""`detect --into CASES`: an output folder becomes cases, opened, updated, merged and reopened.

    choose      which rows of the ranking are taken in (decision 0021)
    cite        texts of their events, read once more where the events are at hand
    make        dossiers in codes
    keep        all of it in one transaction with its leaves of the audit log

Reading a folder twice changes nothing. A folder made before what a case already says is not taken for it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from undertow.cases import rule
from undertow.cases.citing import NoTexts, TextSource
from undertow.cases.coding import Coder, coded
from undertow.cases.keeping import IN_HAND, Keeper, Made
from undertow.cases.ledger import record
from undertow.cases.making import SHOWN as SOURCE
from undertow.cases.making import campaign_cards, made_at, warnings
from undertow.cases.playbook_states import opens_cases
from undertow.cases.recipe import Pinned, keep
from undertow.cases.store import Store
from undertow.cases.tables import cases, runs
from undertow.errors import UndertowError
from undertow.export.findings import find
from undertow.export.folder import Results

PLATFORM: Final = re.compile(r"[\w.-]{1,64}")
RESEARCH: Final = "research"
"""Status of playbooks that open no cases."""


@dataclass(frozen=True)
class Intake:
    """What became of a folder.

    Attributes:
        opened, updated, merged, reopened: numbers of cases.
        left: accounts that became no case, by the reason in a word or two.
        run: code of the run; a folder that was read before has the same and changes nothing.
    """

    opened: int = 0
    updated: int = 0
    merged: int = 0
    reopened: int = 0
    left: dict[str, int] = field(default_factory=dict)
    run: str = ""


@dataclass
class Choice:
    """Rows of the ranking that are taken in, with their places; and how many accounts are not.

    `alerts` are the weights of rows that null worlds raise, `kept_back` the playbooks of which nothing becomes a case.
    """

    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    alerts: list[float] = field(default_factory=list)
    kept_back: tuple[str, ...] = ()


def open_cases(
    store: Store,
    results: Results,
    texts: TextSource | None = None,
    *,
    now: int,
    how: Pinned | None = None,
) -> Intake:
    """Take the output folder of a run in.

    Args:
        store: the store.
        results: the opened folder.
        texts: where the texts of cited events come from; None for cases without texts.
        now: microseconds.
        how: how the run was made (`cases.recipe`); None for cases that `undertow replay` cannot make again.

    Returns:
        What became of it.

    Raises:
        UndertowError: `cases-simulated` or `cases-real` if a simulated world and a store of real cases would mix;
            faults of reading the events; `audit-unwritable`.
    """
    hold_apart(store.simulated, results)
    ranking = results.ranking().to_pylist()
    run = run_code(results, ranking)
    with store.reading() as connection:
        if connection.execute(select(runs.c.run).where(runs.c.run == run)).first():
            return Intake(run=run)
        choice = choose(store, connection, results, ranking)
    made = all_made(store, results, choice, texts or NoTexts())
    with store.writing() as connection:
        if connection.execute(select(runs.c.run).where(runs.c.run == run)).first():
            facts = {"run": run, "at": now}
            record(connection, store, "intake-repeated", facts)
            return Intake(run=run)
        connection.execute(insert(runs).values(run=run, at=now, summary=b""))
        keeper = Keeper(store, connection, run, now)
        for one in made:
            keeper.keep(one)
        keeper.finish()
        counts = keeper.counts
        summary = _summary(results, choice, keeper)
        values = {"summary": msgspec.json.encode(summary, order="sorted")}
        if how is not None:
            values["recipe"] = keep(connection, _settled(how, results, choice))
        connection.execute(update(runs).where(runs.c.run == run).values(**values))
        record(connection, store, "intake", {"run": run, "at": now, **counts})
    return Intake(**counts, left=dict(choice.left + keeper.left), run=run)


def _settled(how: Pinned, results: Results, choice: Choice) -> Pinned:
    """Add to a recipe what shows only in its folder."""
    tied = results.campaigns is not None
    kept_back = tuple(sorted(choice.kept_back))
    return replace(
        how, recipe=msgspec.structs.replace(how.recipe, tied=tied, kept_back=kept_back)
    )


def hold_apart(simulated: bool, results: Results) -> None:
    """Refuse to mix a simulated world with real cases: `cases-simulated`, `cases-real`."""
    fault = mixed(simulated, results.run.simulated is not None)
    if fault is not None:
        raise fault


def mixed(store: bool, events: bool) -> UndertowError | None:
    """Make the fault of a simulated world and real cases in one store; None where both are the same.

    Args:
        store: whether the store is of a simulated world.
        events: whether the events are.
    """
    if events and not store:
        return UndertowError(
            "a simulated world is no matter for real cases",
            code="cases-simulated",
            mend="look at it with `undertow demo --serve`, which keeps a store of its own",
        )
    if store and not events:
        return UndertowError(
            "this case store holds a simulated world, and real cases do not belong there",
            code="cases-real",
            mend="name another place with --into",
        )
    return None


def run_code(results: Results, ranking: Iterable[dict[str, Any]]) -> str:
    """Give the code of a run: the same for the same folder; `ranking` as rows, best first."""
    told = hashlib.sha256(msgspec.json.encode(results.run, order="sorted"))
    for row in ranking:
        told.update(
            repr(
                [row[n] for n in ("account", "role", "playbook", "weight", "targets")]
            ).encode()
        )
    return f"run:{told.hexdigest()[:24]}"


def choose(
    store: Store,
    connection: Connection,
    results: Results,
    ranking: Sequence[dict[str, Any]],
) -> Choice:
    """Choose the rows that are taken in: those with a case, all alerts, and the best above even odds."""
    held, kept_back = _held(connection), _kept_back(connection, results)
    budget = int(store.setting("daily_reviews") or rule.DAILY)
    odds = rule.even(results.run.prior)
    choice = Choice(alerts=alerts_of(ranking, kept_back), kept_back=tuple(kept_back))
    seen: set[str] = set()
    heavy: list[tuple[int, dict[str, Any]]] = []
    opened = 0
    erased = store.vault.keys.tombstones()
    for place, row in enumerate(ranking, start=1):
        account = str(row["account"])
        is_best = account not in seen
        if row["playbook"] in kept_back:
            choice.left[kept_back[row["playbook"]]] += is_best
            seen.add(account)
            continue
        seen.add(account)
        code = store.vault.code("a", account)
        mine = held.get(code, {})
        if code in erased:
            choice.left["erased"] += is_best
        elif (row["role"], row["playbook"]) in mine:
            choice.rows.append((place, row))
        elif not is_best:
            continue
        elif not (rule.is_alert(row) or row["weight"] > odds):
            choice.left["below even odds"] += not mine
        elif any(one not in ("closed", "new") for one in mine.values()):
            choice.left[IN_HAND] += 1
        elif rule.is_alert(row):
            choice.rows.append((place, row))
            opened += 1
        else:
            heavy.append((place, row))
    room = max(budget - opened, 0)
    choice.rows += heavy[:room]
    if heavy[room:]:
        choice.left["over the day's reviews"] += len(heavy[room:])
    return choice


def alerts_of(ranking: Iterable[dict[str, Any]], kept_back: Collection[str]) -> list[float]:
    """List the weights of all rows that null worlds raise, but for playbooks of which nothing becomes a case."""
    return [
        row["weight"]
        for row in ranking
        if row["playbook"] not in kept_back and rule.is_alert(row)
    ]


def _kept_back(connection: Connection, results: Results) -> dict[str, str]:
    """Say of which playbooks nothing becomes a case, and why."""
    found: dict[str, str] = {}
    for facts in results.run.playbooks:
        if facts.status == RESEARCH:
            found[facts.name] = "research playbook"
        elif not opens_cases(connection, facts.name, facts.version):
            found[facts.name] = "playbook not live"
    return found


def _held(connection: Connection) -> dict[str, dict[tuple[str, str], str]]:
    """List the cases there are: by account, role and playbook with the state."""
    asked = select(cases.c.account, cases.c.role, cases.c.playbook, cases.c.state)
    held: dict[str, dict[tuple[str, str], str]] = {}
    for account, role, playbook, state in connection.execute(asked):
        held.setdefault(account, {})[role, playbook] = state
    return held


def all_made(store: Store, results: Results, choice: Choice, source: TextSource) -> list[Made]:
    """Put together of which the dossiers of the chosen rows are made, with everything to be kept beside them."""
    if not choice.rows:
        return []
    names = [str(row["account"]) for _, row in choice.rows]
    funnels = results.funnels_of(names)
    books = {row["playbook"] for _, row in choice.rows}
    texts = source.of(one for one in funnels if one.playbook in books)
    coder = Coder(store.vault, native=results.run.native_targets is not None)
    told = coded(results, names, coder)
    natives = {coder.target(shown): native for shown, native in texts.natives.items()}
    cited = {(coder.event(e), coder.target(t)): one for (e, t), one in texts.cited.items()}
    cards = campaign_cards(told)
    ranked = [
        (place, row | {"account": coder.account(row["account"])}) for place, row in choice.rows
    ]
    made = []
    for (_, row), finding, name in zip(ranked, find(told, ranked), names, strict=True):
        campaign = cards.get(coder.campaign(row["campaign"])) if row.get("campaign") else None
        made.append(
            Made(
                row=row,
                finding=finding,
                results=told,
                campaign=campaign,
                alerts=choice.alerts,
                platform=_platform(name),
                natives=coder.natives | natives,
                cited=cited,
            )
        )
    return made


def _platform(account: str) -> str:
    """Read the platform off an account's id (`platform:native-id`); nothing that looks like no name of one."""
    platform, colon, _ = account.partition(":")
    return platform if colon and PLATFORM.fullmatch(platform) else ""


def _summary(results: Results, choice: Choice, keeper: Keeper) -> dict[str, Any]:
    """Keep of `run.json` what the data health screen shows; no name of a file, an account or a person."""
    run = results.run
    told: dict[str, Any] = msgspec.to_builtins(run)
    for name in ("simulated", "native_targets", "sources", "warnings"):
        told.pop(name, None)
    return told | {
        "made_at": made_at(run),
        "simulated": run.simulated is not None,
        "native_targets": run.native_targets is not None,
        "sources": [{k: v for k, v in one.items() if k in SOURCE} for one in run.sources],
        "warnings": list(warnings(run)),
        "reject_reasons": results.reject_reasons(),
        "cases": keeper.counts,
        "left": dict(choice.left + keeper.left),
    }

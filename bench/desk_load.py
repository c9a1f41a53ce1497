"""Makes a case store of many synthetic cases fast, for load tests of the desk. It is marked as simulated.

    .venv/bin/python bench/desk_load.py FOLDER --cases 100000 --people 50

Rows go in in bulk, past `cases.intake`; every text is filler and sealed as any other. All people have one
password, which is printed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert

from undertow.cases import rule
from undertow.cases.dossier import (
    ChanceCard,
    Dossier,
    EvidenceLine,
    FunnelCard,
    PlaybookCard,
    RunCard,
    StepCard,
    TakenStep,
    encode,
    fingerprint,
)
from undertow.cases.keeping import KEPT
from undertow.cases.ledger import record
from undertow.cases.passages import subjects_of
from undertow.cases.people import add_person
from undertow.cases.store import Store, make_store
from undertow.cases.tables import (
    acts,
    case_targets,
    cases,
    dossiers,
    named,
    passages,
    runs,
    subjects,
)
from undertow.cases.vault import context
from undertow.export.folder import Run
from undertow.units import DAY, HOUR

PASSWORD = "load test of the desk"
BOOKS = ("extremist-recruitment", "investment-scam", "job-offer")
STEPS = ("first_message", "address", "sustained", "handoff")
LANGS = ("en", "de", "fr", "ar", "tr")
FILLER = "the and of in that with for on are this from by at which one all there {n}"
PIECE = 2000
"""Cases that go in at once."""


def steps_of(rng: random.Random, target: str, account: str, case: str, now: int) -> FunnelCard:
    far = rng.randint(2, len(STEPS))
    start = now - rng.randint(1, 80) * DAY
    steps = tuple(
        TakenStep(
            step=STEPS[s],
            at=start + s * rng.randint(2, 60) * HOUR,
            actor=account,
            event=f"e:{rng.getrandbits(64):016x}",
            passage=f"x:{case[2:]}{target[2:8]}{s}",
        )
        for s in range(far)
    )
    return FunnelCard(target=target, step=STEPS[far - 1], weight=float(far), steps=steps)


def dossier_of(
    rng: random.Random, account: str, case: str, targets: list[str], now: int
) -> Dossier:
    funnels = tuple(steps_of(rng, target, account, case, now) for target in targets)
    bits = [round(rng.uniform(-2, 9), 2) for _ in STEPS]
    lines = tuple(
        EvidenceLine(
            step, "taken", len(targets), len(targets), one, (0.03, 0.05), (0.1, 0.2), 900
        )
        for step, one in zip(STEPS, bits, strict=True)
    )
    weight = sum(bits)
    return Dossier(
        playbook=PlaybookCard(
            name=rng.choice(BOOKS),
            version="0" * 64,
            title="A made-up playbook",
            status="experimental",
            falsepositives=("helplines", "greeters"),
            listed_from="address",
            steps=tuple(StepCard(step, likely=0.1) for step in STEPS),
        ),
        account=account,
        role=rng.choice(("recruiter", "facilitator")),
        platform=rng.choice(("sim", "sim2")),
        weight=weight,
        contacted=len(targets),
        run=RunCard(undertow="0.1.0", at=now, events=10**6, simulated=True),
        probability=min(0.7, 2 ** (0.6 * weight - 15.6)),
        chance=ChanceCard(0.001, round(rng.uniform(0.01, 0.3), 3), ("two kinds of ties",)),
        lines=rule.with_necessary(lines, weight, 12.0),
        funnels=funnels,
        rests=("its own conduct",),
    )


def pieces(many: int) -> Iterator[range]:
    for first in range(0, many, PIECE):
        yield range(first, min(first + PIECE, many))


def summary(now: int) -> bytes:
    """Say of the run what an intake would say."""
    run = msgspec.to_builtins(Run(version="0.1.0", events=10**6))
    empty = {"sources": [], "warnings": [], "reject_reasons": [], "cases": {}, "left": {}}
    return msgspec.json.encode(run | empty | {"made_at": now, "simulated": True})


def fill(store: Store, many: int, now: int) -> None:
    """Put `many` cases in."""
    rng = random.Random(2014)
    run = "run:load"
    with store.writing() as connection:
        connection.execute(insert(runs).values(run=run, at=now, summary=summary(now)))
        record(connection, store, "intake", {"run": run, "at": now, "opened": many})
    for some in pieces(many):
        rows: dict[str, list[dict[str, Any]]] = {
            name: []
            for name in (
                "subjects",
                "cases",
                "dossiers",
                "targets",
                "named",
                "passages",
                "acts",
            )
        }
        texts = []
        for n in some:
            account, case = store.vault.code("a", f"sim:{n}"), f"k:{n:016x}"
            targets = [store.vault.code("t", f"sim:{n}-{t}") for t in range(rng.randint(1, 4))]
            body = one_case(rng, rows, (account, case, targets, run), now)
            texts += [
                (account, funnel.target, step, case)
                for funnel in body.funnels
                for step in funnel.steps
            ]
        seal(store, rows, texts)
        write(store, rows)


def one_case(
    rng: random.Random,
    rows: dict[str, list[dict[str, Any]]],
    about: tuple[str, str, list[str], str],
    now: int,
) -> Dossier:
    account, case, targets, run = about
    dossier = dossier_of(rng, account, case, targets, now)
    body = encode(dossier)
    marked = fingerprint(body)
    at = now - rng.randint(0, 30) * DAY
    state = "closed" if rng.random() < 0.2 else "new"
    rows["subjects"] += [
        {"code": code, "platform": "sim", "first_seen": at} for code in (account, *targets)
    ]
    rows["cases"].append(
        {
            "case": case,
            "account": account,
            "role": dossier.role,
            "playbook": dossier.playbook.name,
            "platform": dossier.platform,
            "campaign": f"c:{rng.randint(0, 20_000):016x}",
            "state": state,
            "revision": 1,
            "dossier": marked,
            "weight": dossier.weight,
            "probability": dossier.probability,
            "q_value": dossier.chance.q if dossier.chance else None,
            "targets": len(targets),
            "stage": dossier.furthest,
            "stage_place": STEPS.index(dossier.furthest or STEPS[0]) + 1,
            "lang": rng.choice(LANGS),
            "opened_at": at,
            "updated_at": at,
            "priority": rule.priority(dossier),
            "keep_until": now + KEPT,
            "blind": rng.random() < 0.1,
            "closed_weight": dossier.weight if state == "closed" else None,
        }
    )
    rows["dossiers"].append({"hash": marked, "case": case, "at": at, "run": run, "body": body})
    rows["targets"] += [
        {
            "case": case,
            "target": one.target,
            "step": one.step,
            "first_seen": at,
            "help": "none",
            "decided": state == "closed",
        }
        for one in dossier.funnels
    ]
    rows["named"] += [{"case": case, "code": code} for code in (account, *targets)]
    act = {"act": f"d:{case[2:]}", "case": case, "kind": "opened", "at": at, "revision": 1}
    rows["acts"].append(act | {"dossier": marked})
    return dossier


def seal(store: Store, rows: dict[str, list[dict[str, Any]]], texts: list[Any]) -> None:
    sealed = store.vault.seal_all(
        (
            subjects_of(account, account, target),
            context("passages", step.passage, "sealed_text"),
            FILLER.format(n=n),
        )
        for n, (account, target, step, _) in enumerate(texts)
    )
    rows["passages"] += [
        {
            "passage": step.passage,
            "case": case,
            "author": account,
            "target": target,
            "at": step.at,
            "sealed_text": text,
        }
        for (account, target, step, case), text in zip(texts, sealed, strict=True)
    ]
    ids = [
        (row["code"], context("subjects", row["code"], "sealed_id")) for row in rows["subjects"]
    ]
    natives = store.vault.seal_all((code, place, f"sim:{code[2:8]}") for code, place in ids)
    for row, native in zip(rows["subjects"], natives, strict=True):
        row["sealed_id"] = native


def write(store: Store, rows: dict[str, list[dict[str, Any]]]) -> None:
    order = (
        (subjects, "subjects"),
        (cases, "cases"),
        (dossiers, "dossiers"),
        (case_targets, "targets"),
        (named, "named"),
        (passages, "passages"),
        (acts, "acts"),
    )
    with store.writing() as connection:
        for table, name in order:
            if connection.dialect.name == "postgresql":
                copy(connection, table, rows[name])
            else:
                connection.execute(insert(table), rows[name])


def copy(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Send rows to PostgreSQL in one stream; statement by statement takes ten times as long."""
    names = list(rows[0])
    driver = connection.connection.driver_connection
    if driver is None:
        raise SystemExit("the connection to PostgreSQL is gone")
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as stream,
    ):
        for row in rows:
            stream.write_row([row[name] for name in names])


def make_desk(
    place: str | Path, many: int, people: int, *, folder: Path | None = None
) -> Store:
    """Make a store of `many` cases and `people` reviewers: analysts, every fifth an approver, an auditor, an admin."""
    now = time.time_ns() // 1000
    store = make_store(place, simulated=True, folder=folder)
    for n in range(people):
        role = "approver" if n % 5 == 4 else "analyst"
        add_person(store, f"person{n:02d}", role, PASSWORD, now=now)
    add_person(store, "auditor", "auditor", PASSWORD, now=now)
    add_person(store, "admin", "admin", PASSWORD, now=now)
    fill(store, many, now)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return store


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("place", help="a folder that is not there yet, or a postgresql:// URL")
    told.add_argument("--cases", type=int, default=100_000)
    told.add_argument("--people", type=int, default=50)
    told.add_argument("--folder", type=Path, help="for PostgreSQL")
    given = told.parse_args()
    began = time.perf_counter()
    make_desk(given.place, given.cases, given.people, folder=given.folder).close()
    print(f"{given.cases:,} cases in {time.perf_counter() - began:.0f} s")
    print(
        f"people: person00 to person{given.people - 1:02d}, auditor, admin; password: {PASSWORD}"
    )


if __name__ == "__main__":
    main()

"""An output folder of `detect` made by hand: every kind of row that the export room must show."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.table import REJECTS
from undertow.scores.table import ACCOUNTS
from undertow.scores.table_slices import EVIDENCE, funnels_schema

FUNNELS = funnels_schema(())

PLAYBOOK = "extremist-recruitment"
CHAIN: list[dict[str, Any]] = [
    {"name": "approach", "optional": True, "likely": 0.3, "types": ["mention", "reply"]},
    {"name": "follow_back", "optional": True, "likely": 0.4, "types": ["follow"]},
    {"name": "first_message", "optional": False, "likely": 0.9, "types": ["message"]},
    {"name": "address", "optional": False, "likely": 0.35, "types": ["message"]},
    {"name": "sustained", "optional": True, "likely": 0.5, "types": ["message"]},
    {"name": "handoff", "optional": True, "likely": 0.25, "types": ["message"]},
]
USUAL = {"approach": 0.04, "first_message": 0.55, "address": 0.012, "sustained": 0.08}
LONG = "forum:" + "x" * 180
RTL = "mastodon:\u0645\u0633\u062a\u062e\u062f\u0645-42"
SNEAKY = "forum:ad\u202enim\x1b[2J"
BEGIN = datetime(2026, 1, 3, 8, 12, tzinfo=UTC)


def pseudonym(rng: random.Random) -> str:
    """Make a name of the shape that targets have."""
    return "t:" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz234567", k=16))


def account_rows(
    rng: random.Random, account: str, contacted: int, gone_on: int, *, chain: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make the evidence rows and the funnels of one recruiter."""
    evidence: list[dict[str, Any]] = []
    funnels: list[dict[str, Any]] = []
    for i in range(contacted):
        target = pseudonym(rng)
        at = BEGIN + timedelta(hours=rng.uniform(0, 500))
        steps: list[dict[str, Any]] = []
        weight = 0.0
        for step, bits, source in _path(rng, goes_on=i < gone_on, first=i == 0, chain=chain):
            event = None
            if source == "taken":
                at += timedelta(hours=rng.choice([0.1, 2, 30, 75, 140]) * rng.uniform(0.5, 1.5))
                event = f"e{rng.randrange(10**9)}"
                actor = target if step == "approach" else account
                if step == "handoff":
                    actor = "mastodon:supervisor-7"
                steps.append({"step": step, "at": at, "event": event, "actor": actor})
            weight += bits
            evidence.append(
                _row(account, target=target, step=step, event=event, bits=bits, source=source)
            )
        if i < gone_on:
            funnels.append(
                {
                    "recruiter": account,
                    "target": target,
                    "playbook": PLAYBOOK,
                    "step": steps[-1]["step"],
                    "weight": weight,
                    "steps": steps,
                }
            )
    return evidence, funnels


def _row(account: str, **given: Any) -> dict[str, Any]:
    step = given["step"]
    known = given["source"] in ("taken", "not taken")
    likely = next((one["likely"] for one in CHAIN if one["name"] == step), None)
    return {
        "account": account,
        "role": "recruiter",
        "playbook": PLAYBOOK,
        "event": None,
        "u": USUAL.get(step, 0.1) if known else None,
        "m": likely if known else None,
        "n": 1840 if known else None,
        **given,
    }


def _path(
    rng: random.Random, *, goes_on: bool, first: bool, chain: bool
) -> list[tuple[str, float, str]]:
    path = [("follow_back", 0.0, "unknown"), ("first_message", 0.71, "taken")]
    if chain and rng.random() < 0.7:
        path.insert(0, ("approach", 2.9, "taken"))
    else:
        path.insert(0, ("approach", -0.46, "not taken"))
    if not goes_on:
        return [*path, ("address", -0.6, "not taken")]
    path.append(("address", 4.87, "taken"))
    if chain and (first or rng.random() < 0.5):
        path.append(("sustained", 2.64, "taken"))
        path.append(("handoff", 3.2, "taken") if first else ("handoff", 0.0, "open"))
    else:
        path.append(("sustained", -0.88, "not taken"))
    if rng.random() < 0.2:
        path.append(("address", 0.0, "block"))
    return path


def _playbook() -> dict[str, Any]:
    counts = {
        "approach": {"reached": 612, "at_risk": 15_300},
        "follow_back": {"reached": 0, "at_risk": 0},
        "first_message": {"reached": 8_415, "at_risk": 15_300},
        "address": {"reached": 101, "at_risk": 8_415},
        "sustained": {"reached": 8, "at_risk": 101},
        "handoff": {"reached": 3, "at_risk": 30},
    }
    steps = [
        {
            **step,
            "likely_source": "assumed by the playbook's authors; no public figure exists",
            "unknown_for": ["forum"] if step["name"] == "follow_back" else [],
        }
        for step in CHAIN
    ]
    return {
        "name": PLAYBOOK,
        "title": "From a public approach to supervised private talk",
        "status": "experimental",
        "listed_from": "address",
        "falsepositives": [
            "helplines",
            "tip lines of journalists",
            "job recruiters",
            "organisers",
        ],
        "reason": "{recruiter} wrote to {target}, handed over an address after {address.elapsed}",
        "steps": steps,
        "counts": counts,
    }


def run_record(*, simulated: bool, **changed: Any) -> dict[str, Any]:
    """Make `run.json`."""
    ground = "consent of the members, community rules of 2025, section 4"
    source = {
        "platform": "forum",
        "types": ["message", "mention", "reply"],
        "from": "2026-01-01T00:00:00Z",
        "until": "2026-03-31T00:00:00Z",
        "content": True,
        "precision": "s",
        "class": "direct",
        "ground": ground,
    }
    return {
        "undertow": "0.1.0",
        "events": 59_835,
        "rejected": 14,
        "accounts_seen": 1_899,
        "from": "2026-01-01T00:00:00Z",
        "until": "2026-03-31T00:00:00Z",
        "playbooks": [_playbook()],
        "sources": [source],
        "ground": [ground],
        "warnings": ["1 file declares no source: everything is taken as observable"],
        "simulated": {"seed": 7, "campaigns": 3} if simulated else None,
        "prior": 2e-5,
        "native_targets": None,
        "coverage": [
            "`follow_back`: no source shows `follow`; the step is skipped and weighs nothing",
            "talk that goes on elsewhere after the address cannot be seen",
        ],
        **changed,
    }


def write_folder(
    folder: Path,
    *,
    accounts: list[dict[str, Any]],
    funnels: list[dict[str, Any]],
    evidence: list[dict[str, Any]],
    run: dict[str, Any],
    rejects: list[dict[str, Any]] | None = None,
) -> Path:
    """Write the files that `detect` writes."""
    folder.mkdir(parents=True, exist_ok=True)
    accounts = sorted(accounts, key=lambda row: -row["weight"])
    pq.write_table(pa.Table.from_pylist(accounts, ACCOUNTS), folder / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist(funnels, FUNNELS), folder / "funnels.parquet")
    pq.write_table(pa.Table.from_pylist(evidence, EVIDENCE), folder / "evidence.parquet")
    if rejects:
        pq.write_table(pa.Table.from_pylist(rejects, REJECTS), folder / "rejects.parquet")
    (folder / "run.json").write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
    return folder


def account_row(account: str, evidence: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    """Make the row of `accounts.parquet` whose weight the evidence adds up to."""
    mine = [row for row in evidence if row["account"] == account]
    return {
        "account": account,
        "role": "recruiter",
        "playbook": PLAYBOOK,
        "weight": math.fsum(row["bits"] for row in mine),
        "targets": len({row["target"] for row in mine}),
        **given,
    }


def make_folder(folder: Path, *, simulated: bool = True, seed: int = 7) -> Path:
    """Write a folder of 26 accounts: long and turned names, blocks, caps, open and unknown steps."""
    rng = random.Random(seed)
    names = [f"sim:recruiter-{i}" if simulated else f"forum:member-{i}" for i in range(6)]
    names += [LONG, RTL, SNEAKY] + [f"forum:user{rng.randrange(10_000)}" for _ in range(16)]
    accounts, funnels, evidence = [], [], []
    for i, name in enumerate(names):
        contacted = rng.randint(2, 12) if i < 9 else rng.randint(5, 60)
        gone_on = max(1, contacted // 2) if i < 6 else 1
        rows, mine = account_rows(rng, name, contacted, gone_on, chain=i < 9)
        if i in (1, 7):
            rows.append(
                _row(name, target=mine[0]["target"], step="address", bits=-3.4, source="cap")
            )
        evidence += rows
        funnels += mine
        accounts.append(account_row(name, evidence))
    for funnel in funnels:
        if funnel["step"] == "handoff":
            row = _row(
                "mastodon:supervisor-7",
                target=funnel["target"],
                step="handoff",
                event=funnel["steps"][-1]["event"],
                bits=1.32,
                source="taken",
            )
            evidence.append({**row, "role": "facilitator"})
    accounts.append(account_row("mastodon:supervisor-7", evidence, role="facilitator"))
    rejects = [{"file": "forum.csv", "line": i, "reason": "no zone"} for i in range(1, 12)]
    rejects += [{"file": "forum.csv", "line": 40 + i, "reason": "no actor"} for i in range(3)]
    return write_folder(
        folder,
        accounts=accounts,
        funnels=funnels,
        evidence=evidence,
        run=run_record(simulated=simulated),
        rejects=rejects,
    )

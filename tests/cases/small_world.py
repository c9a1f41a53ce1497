"""A small simulated world as `detect` leaves it: a folder of results and the events behind it, made by hand.

Fourteen accounts in four campaigns write to three people each. All text is neutral filler. Numbers can be moved
to see what a store makes of a later run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.events.pseudonyms import Pseudonyms
from undertow.events.source import METADATA_KEY, SIMULATED_KEY
from undertow.events.table import SCHEMA

BOOK = "extremist-recruitment"
STEPS = ("first_message", "address", "handoff")
FIRST = datetime(2026, 5, 1, 8, tzinfo=UTC)
FILLER = {
    "en": "the and of in that with for on are this from by at which one all there {n}",
    "de": "der und in von zu das mit auf ist im dem nicht ein eine als auch es an {n}",
    "ar": "في من على إلى عن مع هذا هذه ذلك كان قد ما لا أن إن كل بعض غير {n}",
}
"""Function words without a sentence."""


@dataclass(frozen=True)
class World:
    """What there is.

    Attributes:
        accounts: how many accounts of the ranking.
        targets: people per account.
        more: bits added to every weight.
        q: q of the first ten accounts; the others stay at 1.
        made: seconds after noon at which the run was made.
        status: of the playbook.
        roles: roles of single accounts, by their number.
        marks: text put into every message, for byte scans.
        tag: put into every native id, of events too.
        native: targets stand by their native ids, as with `--native-targets`.
    """

    accounts: int = 14
    targets: int = 3
    more: float = 0.0
    q: float = 0.05
    made: int = 0
    simulated: bool = True
    status: str = "experimental"
    roles: dict[int, str] = field(default_factory=dict)
    marks: str = ""
    chance: bool = True
    prefix: str = "sim"
    tag: str = ""
    native: bool = False

    def name(self, n: int) -> str:
        return f"{self.prefix}:{self.tag}r{n:02d}"

    def target(self, n: int, t: int) -> str:
        return f"{self.prefix}:{self.tag}t{n:02d}{'abcdefghij'[t]}"


def lang_of(n: int) -> str:
    return ("en", "de", "ar")[n % 3]


def steps_of(n: int) -> tuple[str, ...]:
    return STEPS if n % 2 else STEPS[:2]


def at(n: int, t: int, s: int) -> datetime:
    return FIRST + timedelta(days=n, hours=5 * t + s, seconds=7 * n + t)


def event_id(world: World, n: int, t: int, s: int) -> str:
    return f"{world.tag}ev{n:02d}{t}{s}"


def content(world: World, n: int, t: int, s: int) -> str:
    """Filler; the second message of a talk hands over an address."""
    text = FILLER[lang_of(n)].format(n=100 * n + t) if s else f"and {n} {t}"
    address = f" k{n}x@example.org" if s == 1 else ""
    return f"{text}{address} {world.marks}".strip()


def events(world: World) -> pa.Table:
    rows = []
    for n in range(world.accounts):
        for t in range(world.targets):
            for s, _ in enumerate(steps_of(n)):
                lang = lang_of(n)
                rows.append(
                    {
                        "id": event_id(world, n, t, s),
                        "type": "message",
                        "published": at(n, t, s),
                        "observed": None,
                        "actor": world.name(n),
                        "target": world.target(n, t),
                        "context": None,
                        "visibility": "direct",
                        "platform": world.prefix,
                        "content": content(world, n, t, s),
                        "lang": lang,
                    }
                )
    table = pa.Table.from_pylist(rows, SCHEMA)
    source = {"platform": world.prefix, "types": [], "ground": "a test", "class": "direct"}
    marked = {METADATA_KEY: json.dumps([source]).encode()}
    if world.simulated:
        marked[SIMULATED_KEY] = b'{"seed": 1}'
    return table.replace_schema_metadata(marked)


def evidence_of(world: World, n: int, shown: dict[str, str]) -> list[dict]:
    role = world.roles.get(n, "recruiter")
    rows = []
    for t in range(world.targets):
        for s, step in enumerate(steps_of(n)):
            if s:
                rows.append(
                    row(world.name(n), role, step, 1.0, "taken")
                    | {"target": shown[world.target(n, t)], "event": event_id(world, n, t, s)}
                )
        if len(steps_of(n)) < 3:
            rows.append(
                row(world.name(n), role, "handoff", -0.25, "not taken")
                | {"target": shown[world.target(n, t)]}
            )
    rows.append(row(world.name(n), role, "tie:address", 8.0 - n / 2 + world.more, "tie"))
    return rows


def row(account: str, role: str, step: str, bits: float, source: str) -> dict:
    return {
        "account": account,
        "role": role,
        "playbook": BOOK,
        "target": None,
        "step": step,
        "event": None,
        "bits": bits,
        "u": 0.05,
        "m": 0.1,
        "n": 400,
        "source": source,
    }


EVIDENCE = pa.schema(
    [(c, pa.string()) for c in ("account", "role", "playbook", "target", "step", "event")]
    + [(c, pa.float64()) for c in ("bits", "u", "m")]
    + [("n", pa.int64()), ("source", pa.string())]
)
STEP = pa.struct(
    [
        ("step", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
        ("event", pa.string()),
        ("actor", pa.string()),
    ]
)


def write_world(folder: Path, world: World) -> Path:
    """Write results into `folder` and events into `folder/../NAME.parquet`; gives the path of the events."""
    folder.mkdir(parents=True, exist_ok=True)
    pseudonyms = Pseudonyms.default()
    shown = {
        world.target(n, t): world.target(n, t)
        if world.native
        else pseudonyms.of(world.target(n, t))
        for n in range(world.accounts)
        for t in range(world.targets)
    }
    found = [one for n in range(world.accounts) for one in evidence_of(world, n, shown)]
    weight: dict[str, float] = {}
    for one in found:
        weight[one["account"]] = weight.get(one["account"], 0.0) + one["bits"]
    ranked = [account(world, n, weight[world.name(n)]) for n in range(world.accounts)]
    ranked.sort(key=lambda one: (-one["weight"], one["account"]))
    funnels = [
        {
            "recruiter": world.name(n),
            "target": shown[world.target(n, t)],
            "playbook": BOOK,
            "step": steps_of(n)[-1],
            "weight": float(len(steps_of(n)) - 1),
            "steps": [
                {
                    "step": step,
                    "at": at(n, t, s),
                    "event": event_id(world, n, t, s),
                    "actor": world.name(n),
                }
                for s, step in enumerate(steps_of(n))
            ],
            "roles": [],
        }
        for n in range(world.accounts)
        for t in range(world.targets)
    ]
    pq.write_table(pa.Table.from_pylist(ranked), folder / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist(found, EVIDENCE), folder / "evidence.parquet")
    text = [(c, pa.string()) for c in ("recruiter", "target", "playbook", "step")]
    role = pa.struct([("role", pa.string()), ("account", pa.string())])
    schema = pa.schema(
        [*text, ("weight", pa.float64()), ("steps", pa.list_(STEP)), ("roles", pa.list_(role))]
    )
    pq.write_table(pa.Table.from_pylist(funnels, schema), folder / "funnels.parquet")
    pq.write_table(pa.Table.from_pylist(campaigns(world)), folder / "campaigns.parquet")
    (folder / "run.json").write_text(json.dumps(run(world, len(found))), "utf-8")
    path = folder.with_name(f"{folder.name}.parquet")
    pq.write_table(events(world), path)
    return path


def account(world: World, n: int, weight: float) -> dict:
    found = {
        "account": world.name(n),
        "role": world.roles.get(n, "recruiter"),
        "playbook": BOOK,
        "weight": weight,
        "targets": world.targets,
        "campaign": f"c:{world.name(n - n % 4)}",
        "sources": ["conduct:" + world.prefix, "others"],
    }
    if world.chance:
        q = world.q if n < 12 else 1.0
        kinds = [{"kind": "times", "as_high": 0, "of": 1000}]
        found |= {"probability": 0.02, "p_value": q / 50, "q_value": q}
        found |= {
            "agrees": ["two kinds of ties to one account"] if q < 1 else [],
            "chance": kinds,
        }
    return found


def campaigns(world: World) -> list[dict]:
    groups = [
        range(first, min(first + 4, world.accounts)) for first in range(0, world.accounts, 4)
    ]
    return [
        {
            "campaign": f"c:{world.name(group[0])}",
            "accounts": [
                {"account": world.name(n), "role": world.roles.get(n, "recruiter")}
                for n in group
            ],
            "weight": 6.0,
            "ties": [
                {"kind": "address", "a": world.name(group[0]), "b": world.name(n), "bits": 4.0}
                for n in group[1:]
            ],
        }
        for group in groups
    ]


def run(world: World, many: int) -> dict:
    steps = [
        {"name": name, "optional": name == "handoff", "likely": 0.1, "types": ["message"]}
        for name in STEPS
    ]
    made = datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(seconds=world.made)
    return {
        "undertow": "0.1.0",
        "made": made.isoformat(),
        "inputs": ["events.parquet"],
        "events": many,
        "rejected": 0,
        "accounts_seen": world.accounts * (1 + world.targets),
        "from": FIRST.isoformat(),
        "until": made.isoformat(),
        "playbooks": [
            {
                "name": BOOK,
                "title": "From a public approach to supervised private talk",
                "status": world.status,
                "source": "a report",
                "version": "0" * 64,
                "falsepositives": ["helplines"],
                "steps": steps,
                "counts": {name: {"reached": 30, "at_risk": 400} for name in STEPS},
                "listed_from": "address",
            }
        ],
        "sources": [{"platform": world.prefix, "class": "direct", "ground": "a test"}],
        "ground": ["a test"],
        "warnings": [],
        "simulated": {"seed": 1} if world.simulated else None,
        "prior": 2e-5,
        "native_targets": {"reason": "a test of it", "at": FIRST.isoformat()}
        if world.native
        else None,
        "coverage": [],
        "chance": {"sentence": "about 0.5 of these 12 would arise by chance"}
        if world.chance
        else None,
    }

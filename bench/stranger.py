"""Worlds by a second hand: make them, run `undertow detect` as a user would, and hold it against plain counts.

    python bench/stranger.py --root WORLDS --data DIR --seeds 8151 8152

Nothing here was read from `undertow.worlds`, and no habit of it is known to the maker: other places, other steps
missing, other ways to write an address. Positives are simulated all the same.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from stranger_kinds import PLACES, build

COLUMNS = ["type", "published", "actor", "target", "content"]
ADDRESS = re.compile(
    r"@\w{4,}|\w+@\w+\.\w|\+?\d[\d \-()/]{7,}|https?://|t\.me/|wa\.me/|"
    r"\b(?:telegram|whatsapp|insta|snap|discord|kik|signal|skype|line id|wechat|viber)\b",
    re.IGNORECASE,
)
"""An address to the eye of a simple rule."""
DAY = 86_400.0
START = 1_675_641_600.0
"""First moment of every world, in Unix seconds."""
ROLES = ("recruiters", "gatekeepers", "facilitators")
Score = dict[str, float]


def plain_counts(events: list[dict]) -> dict[str, Score]:
    """Score accounts by five counts: contacts, those met first, addresses, whom they were told, steps in order."""
    out, new, told = (defaultdict(set) for _ in range(3))
    given: dict[str, int] = defaultdict(int)
    met: set[tuple] = set()
    public: dict[tuple, float] = {}
    wrote: dict[tuple, float] = {}
    addressed: dict[str, dict[str, float]] = defaultdict(dict)
    reached: dict[str, dict[str, int]] = defaultdict(dict)
    for e in events:
        a, b, t = e["actor"], e["target"], e["published"].timestamp()
        if b is None:
            continue
        out[a].add(b)
        pair = (min(a, b), max(a, b))
        if pair not in met:
            met.add(pair)
            new[a].add(b)
        if e["type"] != "message":
            public.setdefault(pair, t)
            continue
        if (a, b) not in wrote:
            wrote[a, b] = t
            for giver, at in addressed[b].items():
                if giver != a and 0 < t - at < 42 * DAY:
                    reached[giver][b] = 3
        if e["content"] and ADDRESS.search(e["content"]):
            given[a] += 1
            told[a].add(b)
            if t - wrote[a, b] < 42 * DAY:
                addressed[b][a] = t
                step = 2 if public.get(pair, t) < wrote[a, b] else 1
                reached[a][b] = max(reached[a].get(b, 0), step)
    return {
        "contacts": {k: len(v) for k, v in out.items()},
        "new contacts": {k: len(v) for k, v in new.items()},
        "addresses": dict(given),
        "told": {k: len(v) for k, v in told.items()},
        "steps": {k: sum(v.values()) for k, v in reached.items()},
    }


def measures(score: Score, truth: dict, everyone: list[str]) -> dict[str, float]:
    """Give average precision of recruiters, precision and recall at 10 and 40, campaigns at 40; ties in a random order."""
    staff = {x for c in truth["campaigns"] for x in c["recruiters"]}
    noise = np.random.default_rng(0).random(len(everyone))
    values = np.array([score.get(a, -1e9) for a in everyone])
    ranked = [everyone[i] for i in np.lexsort((noise, -values))]
    good = np.array([a in staff for a in ranked])
    hits, many = np.cumsum(good), max(1, int(good.sum()))
    top = set(ranked[:40])
    found = [bool(top & {x for k in ROLES for x in c[k]}) for c in truth["campaigns"]]
    return {
        "ap": float((hits / np.arange(1, len(good) + 1))[good].mean())
        if good.any()
        else float("nan"),
        "p10": hits[9] / 10,
        "p40": hits[39] / 40,
        "r10": hits[9] / many,
        "r40": hits[39] / many,
        "campaigns": float(np.mean(found)) if found else float("nan"),
        "staff": int(good.sum()),
    }


def detect(events: Path, out: Path, undertow: str, extra: list[str]) -> float:
    """Run `undertow detect` with its defaults; returns processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [undertow, "detect", str(events), "--out", str(out), "--ground", "a test", *extra]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"{events}: {done.returncode}\n{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def judged(found: Path, truth: dict, events: list[dict]) -> dict:
    """Measure one run: rankings, alerts by whose they are, and hand-offs that an alert came before."""
    everyone = sorted(
        {e["actor"] for e in events} | {e["target"] for e in events if e["target"]}
    )
    rows = pq.read_table(found / "accounts.parquet").to_pylist()
    score: Score = {}
    every: Score = {}
    for r in sorted(rows, key=lambda r: r["weight"]):
        every[r["account"]] = r["weight"]
        if r["role"] == "recruiter":
            score[r["account"]] = r["weight"]
    methods = {"undertow": score, "undertow, any role": every, **plain_counts(events)}
    camp = {x for c in truth["campaigns"] for k in ROLES for x in c[k]}
    honest = {a for a, _ in truth["alike"]} - camp
    raised = {
        r["account"] for r in rows if r.get("q_value") is not None and r["q_value"] <= 0.1
    }
    alert = {r["account"]: r["first_alert"] for r in rows if r.get("first_alert")}
    handed = [(a, t) for c in truth["campaigns"] for a, _, t in c["handoffs"]]
    return {
        "methods": {name: measures(s, truth, everyone) for name, s in methods.items()},
        "raised": len(raised),
        "campaign": len(raised & camp),
        "honest": len(raised & honest),
        "nobody": len(raised - camp - honest),
        "handed": len(handed),
        "before": sum(a in alert and alert[a].timestamp() - START < t for a, t in handed),
    }


def one(kind: str, seed: int, said: argparse.Namespace) -> dict:
    """Make one world if it is not there, run the detector on it, and measure."""
    folder = said.root / f"{kind}-{seed}{'-empty' if said.empty else ''}"
    if not (folder / "truth.json").exists():
        build(kind, seed, said.data, planted=not said.empty).write(folder)
    truth = json.loads((folder / "truth.json").read_text())
    events = pq.read_table(folder / "events.parquet", columns=COLUMNS).to_pylist()
    found = folder / said.name
    extra = ["--first-alert"] if said.first_alert else []
    spent = (
        0.0 if said.again else detect(folder / "events.parquet", found, said.undertow, extra)
    )
    return {
        "kind": kind,
        "seed": seed,
        "events": len(events),
        "seconds": round(spent, 1),
        **judged(found, truth, events),
    }


def table(results: list[dict]) -> str:
    """Write kinds by methods as Markdown: means over worlds, and sums of alerts."""
    methods = list(results[0]["methods"])
    alerts = ("raised", "campaign", "honest", "nobody")
    heads = ["kind", "recruiters", *methods, "precision at 40", "campaigns at 40", *alerts]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]

    def row(name: str, some: list[dict]) -> str:
        def mean(method: str, measure: str) -> str:
            return f"{np.nanmean([r['methods'][method][measure] for r in some]):.2f}"

        cells = [name, str(sum(r["methods"]["undertow"]["staff"] for r in some))]
        cells += [mean(m, "ap") for m in methods]
        cells += [mean("undertow", "p40"), mean("undertow, any role", "campaigns")]
        cells += [str(sum(r[k] for r in some)) for k in alerts]
        return f"| {' | '.join(cells)} |"

    kinds = dict.fromkeys(r["kind"] for r in results)
    lines += [row(kind, [r for r in results if r["kind"] == kind]) for kind in kinds]
    return "\n".join([*lines, row("all", results)])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--root", type=Path, required=True, help="where worlds and results stand")
    ask.add_argument(
        "--data", type=Path, help="folder of the real backgrounds, as for `undertow evaluate`"
    )
    ask.add_argument("--undertow", default="undertow", help="the command to run")
    ask.add_argument("--name", default="found", help="folder of the results beside each world")
    ask.add_argument("--seeds", type=int, nargs="+", default=[8101, 8102])
    ask.add_argument("--kinds", nargs="+", default=list(PLACES))
    ask.add_argument("--empty", action="store_true", help="honest people only")
    ask.add_argument("--first-alert", action="store_true", help="find first alerts; takes long")
    ask.add_argument("--again", action="store_true", help="measure what was written before")
    ask.add_argument("--save", type=Path, help="write all figures as JSON")
    said = ask.parse_args()
    results = []
    for kind in said.kinds:
        if "back" in PLACES[kind] and said.data is None:
            print(f"{kind}: left out, needs --data", flush=True)
            continue
        for seed in said.seeds:
            got = one(kind, seed, said)
            results.append(got)
            shown = {k: round(v["ap"], 2) for k, v in got["methods"].items()}
            rest = {k: v for k, v in got.items() if k != "methods"}
            print(json.dumps({**rest, **shown}), flush=True)
    print(table(results))
    if said.save:
        said.save.write_text(json.dumps(results))


if __name__ == "__main__":
    main()

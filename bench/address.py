"""Measure the address signal on lines written by people who had not seen its rules.

    python bench/address.py [--sms sms_spam.parquet] [--show]

An address counts as found when kind and value are both right. `bench/address/*.jsonl` holds the lines:
everyday filler in six languages, about a third of the addresses disguised. Rules are not to be tuned on
them; what was changed after they were first measured is said in `docs/reference/signals.md`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

from undertow.signals.address import find_addresses

LINES = Path(__file__).parent / "address"
Counts = dict[str, Counter[str]]


def measure(lines: list[dict[str, object]], show: bool) -> dict[str, Counts]:
    """Count hits, misses and false finds by kind, language and disguise."""
    by: dict[str, Counts] = {
        name: defaultdict(Counter) for name in ("kind", "language", "disguise")
    }
    for line in lines:
        wanted = Counter((a["kind"], a["value"]) for a in line["addresses"])
        found = Counter(
            (a.kind, a.value) for a in find_addresses(line["text"], region=line["region"])
        )
        outcome = {"hit": wanted & found, "miss": wanted - found, "false": found - wanted}
        for result, some in outcome.items():
            for (kind, _), count in some.items():
                by["kind"][kind][result] += count
                by["language"][line["lang"]][result] += count
                by["disguise"][line["disguise"]][result] += count
        if show and (outcome["miss"] or outcome["false"]):
            print(line["lang"], line["disguise"], repr(line["text"]))
            print("    missed", list(outcome["miss"]), "false", list(outcome["false"]))
    return by


def table(title: str, counts: Counts) -> None:
    """Print precision and recall of each group."""
    print(
        f"{title:12}{'found right':>12}{'missed':>8}{'false':>7}{'precision':>11}{'recall':>8}"
    )
    total: Counter[str] = Counter()
    for name, count in sorted(counts.items()):
        total.update(count)
        row(name, count)
    row("all", total)
    print()


def row(name: str, count: Counter[str]) -> None:
    """Print one group."""
    hit, miss, false = count["hit"], count["miss"], count["false"]
    precision = hit / (hit + false) if hit + false else float("nan")
    recall = hit / (hit + miss) if hit + miss else float("nan")
    print(f"{name:12}{hit:12}{miss:8}{false:7}{precision:11.3f}{recall:8.3f}")


def spam(path: Path) -> None:
    """Print how many spam and ham texts of at least 30 characters hold an address other than a url."""
    import pyarrow.parquet as pq

    texts: dict[str, list[str]] = defaultdict(list)
    for one in pq.read_table(path).to_pylist():
        if len(one["text"]) >= 30:
            texts[one["label"]].append(one["text"])
    for label, listed in sorted(texts.items()):
        private = sum(any(a.kind != "url" for a in find_addresses(t)) for t in listed)
        anything = sum(bool(find_addresses(t)) for t in listed)
        print(
            f"sms-spam {label}: {len(listed)} texts, address {100 * private / len(listed):.2f} %, "
            f"address or url {100 * anything / len(listed):.2f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sms", type=Path, help="the SMS spam collection as Parquet")
    parser.add_argument("--show", action="store_true", help="print every line that went wrong")
    asked = parser.parse_args()
    lines = [
        json.loads(line)
        for file in sorted(LINES.glob("*.jsonl"))
        for line in file.open(encoding="utf-8")
    ]
    holding = sum(bool(line["addresses"]) for line in lines)
    print(
        f"{len(lines)} lines, {holding} hand over an address, {len(lines) - holding} do not\n"
    )
    for title, counts in measure(lines, asked.show).items():
        table(title, counts)
    if asked.sms:
        spam(asked.sms)


if __name__ == "__main__":
    main()

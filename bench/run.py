"""Measure the engines, the whole command and their peers beside the floor: time, memory, growth.

    python bench/run.py [--n 1000000] [--rounds 5] [--only structural peers …] [--case PART …] [--peers PYTHON …]

Made-up events are made once and kept (`--data`). Each round runs every case in a fresh process, right
behind the floor of its file; the table shows medians. Answers to one question must be the same whoever
gives them: where they differ, nothing is written and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import table
from files import Files, cache_folder
from rounds import HERE, BrokenError, run

import cases

LARGE = 100_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="events, at least 5000")
    parser.add_argument("--rounds", type=int, help="5, or 3 from 100,000,000 events on")
    parser.add_argument(
        "--only", nargs="+", choices=cases.GROUPS, default=cases.GROUPS, metavar="GROUP"
    )
    parser.add_argument(
        "--case",
        nargs="+",
        default=(),
        metavar="PART",
        help="only cases with this in their name",
    )
    parser.add_argument(
        "--peers", nargs="+", default=(), metavar="PYTHON", help="interpreters that have peers"
    )
    parser.add_argument(
        "--no-warm-up", action="store_true", help="count from the first round on"
    )
    parser.add_argument("--data", type=Path, default=cache_folder(), help="folder for events")
    parser.add_argument("--json", type=Path, default=HERE / "last.json", help="for figures")
    page = HERE.parent / "docs" / "benchmarks.md"
    parser.add_argument("--page", type=Path, default=page, help="page to put the tables into")
    asked = parser.parse_args()
    # Said before hours are spent on measuring.
    if fault := table.unfit(asked.page):
        parser.error(f"--page: {fault}")
    return asked


def main() -> int:
    asked = arguments()
    rounds = asked.rounds or (3 if asked.n >= LARGE else 5)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        pythons = (sys.executable, *asked.peers)
        bench = cases.Bench(asked.n, Files(asked.data), scratch, pythons)
        chosen = cases.chosen(bench, tuple(asked.only), tuple(asked.case))
        if not chosen:
            print("--case: no case of these groups has this in its name", file=sys.stderr)
            return 2
        try:
            results = run(chosen, rounds, cases.environment(scratch), warm=not asked.no_warm_up)
        except BrokenError as fault:
            print(fault, file=sys.stderr)
            return 1
    print(table.markdown(results))
    if results.differing:
        print("answers differ:", *results.differing, sep="\n  ", file=sys.stderr)
        return 1
    table.keep(results, asked.json)
    table.document(asked.page, asked.n, table.section(results, asked.n, rounds, bench.peers))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What null worlds cost: `detect` with and without them, in interleaved rounds of fresh processes.

    python bench/nulls.py EVENTS... [--rounds 5] [--ground TEXT] [--first-alert]

Prints the median seconds of each, and the median over rounds of their ratio: other work disturbs neighbours alike.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

CALL = "import sys; from undertow.cli.main import run; sys.argv[0] = 'undertow'; run()"


def seconds(events: list[Path], *options: str) -> float:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", CALL, "--quiet", "detect"]
        command += [*map(str, events), "--out", f"{out}/found", *options]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ground", help="lawful ground, where the files declare none")
    parser.add_argument("--first-alert", action="store_true")
    given = parser.parse_args()
    ground = () if given.ground is None else ("--ground", given.ground)
    more = ("--first-alert",) if given.first_alert else ()
    seconds(given.events, "--no-nulls", *ground)
    bare, whole = [], []
    for _ in range(given.rounds):
        bare.append(seconds(given.events, "--no-nulls", *ground))
        whole.append(seconds(given.events, *ground, *more))
    ratio = median(b / a for a, b in zip(bare, whole, strict=True))
    print(f"without: {median(bare):.2f} s; with: {median(whole):.2f} s; ratio {ratio:.1f}")


if __name__ == "__main__":
    main()

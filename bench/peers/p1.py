"""What all peers share: the windows of P1, how an answer is told, and its fingerprint.

P1, for every ordered pair of a recruiter and a target, all moments strictly later than those before them:

    public     a mention or reply between the two
    follow     the recruiter follows the target, at most 7 days after a public word
    message    the recruiter writes to the target, at most 3 days after such a follow
    address    the recruiter hands an address to the target in a message, at most 3 days after such a
               message, or in that very message
    sustained  from then on ten messages between the two on three days (UTC), within 21 days

A pair completes when the first such chain does. The answer is the set of (recruiter, target, moment of
completion). With `common` the fourth step needs no address: then nothing is rare.

Peers may run under other interpreters than the package, so this file needs the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

DAY = 86_400_000_000
FOLLOW_WITHIN, MESSAGE_WITHIN, ADDRESS_WITHIN, TALK_WITHIN = 7 * DAY, 3 * DAY, 3 * DAY, 21 * DAY
COUNT, DATES = 10, 3
THREADS = 2

Answer = list[tuple[int, int, int]]


def parser(*variants: str) -> argparse.ArgumentParser:
    """Take what every peer takes."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--events", required=True, help="structural Parquet file")
    asked.add_argument("--variant", choices=variants, default=variants[0])
    asked.add_argument("--common", action="store_true", help="no rare step")
    asked.add_argument("--answer", help="file for the answer, one pair to a line")
    return asked


def tell(answer: Answer, seconds: float, keep: str | None = None, **more: object) -> None:
    """Print how long it took, how many pairs were found, and their fingerprint, in any order the same."""
    lines = sorted(f"{recruiter},{target},{at}\n" for recruiter, target, at in answer)
    text = "".join(lines).encode()
    if keep:
        Path(keep).write_bytes(text)
    fingerprint = hashlib.sha256(text).hexdigest()[:16]
    told = {"seconds": seconds, "matches": len(lines), "answer": fingerprint, **more}
    print(json.dumps(told))


def timed(work: Callable[[], Answer], keep: str | None = None) -> None:
    """Do the work once, and tell."""
    begin = time.perf_counter()
    answer = work()
    tell(answer, time.perf_counter() - begin, keep)

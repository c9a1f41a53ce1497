"""What the audit log costs: appending a leaf, signing, verifying (CPU seconds of this process).

python bench/audit_log.py FOLDER [LEAVES]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from undertow.audit import verify
from undertow.cases import checkpoints, ledger
from undertow.cases.store import make_store


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    begun = time.process_time()
    yield
    spent = time.process_time() - begun
    print(f"{what:<34}{spent:9.3f} s {1e6 * spent / count:9.1f} us each")


def main(folder: Path, count: int) -> None:
    store = make_store(folder / "cases", simulated=True)
    facts = {"case": "k:0011223344556677", "reviewer": "r:001122334455", "reason": "some words"}
    with store.writing() as connection, timed(f"append {count:,} leaves", count):
        for at in range(count):
            ledger.record(connection, store, "note", {"at": at, **facts})
    with timed("sign all of them", count):
        checkpoints.make(store)
    with store.writing() as connection:
        for at in range(64):
            ledger.record(connection, store, "note", {"at": at, **facts})
    with timed("sign 64 more", 64):
        checkpoints.make(store)
    with store.reading() as connection:
        key = ledger.log_key(connection, store).verifier
        saved = verify.saved(checkpoints.folder(store))
        with timed("verify all", count):
            verdict = verify.verify(
                (body + b"\n" for body in checkpoints.bodies(connection)), *saved, key
            )
    print(verdict)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)

"""Makes `populated/VERSION.zip`: a small store as this version of the tables writes it, for tests of later versions.

Run once per version of the tables, before its release: `python tests/cases/make_populated.py`. Keys are in it:
it holds a simulated world and nothing else.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from pathlib import Path

import small_world

from undertow.cases import claims, schema
from undertow.cases.allowing import allow
from undertow.cases.citing import EventTexts
from undertow.cases.decide import approve, judge_blind, propose, settle
from undertow.cases.intake import open_cases
from undertow.cases.people import add_person
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal
from undertow.cases.saved import save
from undertow.cases.store import make_store
from undertow.export.folder import open_folder
from undertow.units import HOUR

NOW = 1_780_400_000_000_000
WHY = "because of the dates and the addresses"


def populate(folder: Path) -> None:
    """Make a store in `folder/cases` with decisions, looks and an entry of the allow-list."""
    os.environ["UNDERTOW_KEY_FILE"] = str(folder / "pseudonym.key")
    events = small_world.write_world(folder / "found", small_world.World())
    store = make_store(folder / "cases", simulated=True)
    ada = add_person(store, "ada", "analyst", "four plain words", now=NOW)
    ben = add_person(store, "ben", "approver", "four plain words", now=NOW)
    open_cases(store, open_folder(folder / "found"), EventTexts((events,), "a test"), now=NOW)
    first, second, *_ = queue(store, ada, View(), NOW).rows
    for case, outcome in ((first.code, "suspend"), (second.code, "no_action")):
        claims.claim(store, ada, case, NOW)
        if case_view(store, ada, case, NOW).blind:
            judge_blind(store, ada, case, "likely", NOW)
        view = case_view(store, ada, case, NOW)
        reveal(store, ada, view.passages[0].code, "to decide", NOW)
        clause = "deception" if outcome == "suspend" else None
        seen = view.hash, view.row.revision
        act = propose(store, ada, case, outcome, WHY, clause, *seen, NOW)
        if outcome == "suspend":
            if case_view(store, ben, case, NOW).blind:
                judge_blind(store, ben, case, "likely", NOW)
            view = case_view(store, ben, case, NOW)
            approve(store, ben, act, view.hash, view.row.revision, NOW + 1, proved_at=NOW)
    settle(store, NOW + HOUR)
    allow(store, ben, queue(store, ben, View(), NOW).rows[0].account, WHY, NOW)
    save(store, ada, "mine first", {"view": "mine"}, NOW)
    store.close()


def main() -> None:
    out = Path(__file__).parent / "populated" / f"{schema.head()}.zip"
    out.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        populate(folder)
        kept = [*(folder / "cases").rglob("*"), *folder.glob("cases.*")]
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(kept):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
    sys.stdout.write(f"{out.name}: {out.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()

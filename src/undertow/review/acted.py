"""What people and the clock did to a case, in words, and what a person may do to it next."""

from __future__ import annotations

from typing import Final

from undertow.review.names import marked

KINDS: Final = {
    "opened": marked("opened"),
    "updated": marked("new evidence"),
    "merged": marked("merged"),
    "claim": marked("claimed"),
    "release": marked("given back"),
    "hand_over": marked("handed over"),
    "skip": marked("skipped"),
    "expire": marked("lease ended"),
    "judge": marked("first judgement, before the score was shown"),
    "propose": marked("proposed"),
    "approve": marked("approved"),
    "disagree": marked("disagreed"),
    "withdraw": marked("withdrew the proposal"),
    "undo": marked("took it back"),
    "effective": marked("took effect"),
    "help": marked("help for a target"),
    "note": marked("note"),
    "appeal": marked("appeal recorded"),
    "uphold": marked("appeal settled: it stands"),
    "overturn": marked("appeal settled: lifted"),
    "reopen": marked("reopened"),
    "close": marked("closed"),
    "hold": marked("put on hold"),
    "allow": marked("put on the allow-list"),
}
"""Kinds of acts in words; one of a newer version is shown as it is written."""

"""What reviewers say in these tests."""

from __future__ import annotations

BOOK = "extremist-recruitment"


def decision(account: str, verdict: str = "confirmed", **more: str) -> dict[str, str]:
    """Make one decision."""
    return {
        "account": account,
        "role": "recruiter",
        "playbook": BOOK,
        "decision": verdict,
        "at": "2026-03-01T12:00:00Z",
        "by": "r1",
    } | more

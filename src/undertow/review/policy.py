"""Who may call which route: the whole matrix on one page, and nobody but for it.

A route that is not named here is refused at start. `holder` allows a person only on a case that is
theirs at that moment; the domain asks the same again inside its transaction. What people may do
to each other's proposals is the domain's to say: it knows who proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Role = Literal["analyst", "approver", "auditor", "admin"]
Rule = Literal["yes", "holder"]
ROLES: Final[tuple[Role, ...]] = ("analyst", "approver", "auditor", "admin")


class Policy(msgspec.Struct, frozen=True):
    """What one route asks.

    Attributes:
        roles: which roles may call it; a role that is not named may not.
        public: no sign-in is asked.
        half: a session that still lacks its second factor will do.
        proved: the person must have proved who they are a short while ago.
    """

    roles: Mapping[Role, Rule] = {}
    public: bool = False
    half: bool = False
    proved: bool = False


def _all(*roles: Role, proved: bool = False) -> Policy:
    return Policy(dict.fromkeys(roles, "yes"), proved=proved)


def _holder(*roles: Role) -> Policy:
    return Policy(dict.fromkeys(roles, "holder"))


PUBLIC: Final = Policy(public=True)
HALF: Final = Policy(dict.fromkeys(ROLES, "yes"), half=True)
EVERYONE: Final = _all(*ROLES)
REVIEWERS: Final = _all("analyst", "approver")
READERS: Final = _all("analyst", "approver", "auditor")
HOLDERS: Final = _holder("analyst", "approver")

ROUTES: Final[Mapping[str, Policy]] = {
    # Ways in and out
    "static": PUBLIC,
    "start": PUBLIC,
    "start_post": PUBLIC,
    "enter": PUBLIC,
    "enter_post": PUBLIC,
    "sign_in": PUBLIC,
    "sign_in_post": PUBLIC,
    "oidc_start": PUBLIC,
    "oidc_back": PUBLIC,
    "sign_out": HALF,
    "second_factor": HALF,
    "second_factor_options": HALF,
    "second_factor_post": HALF,
    "passkey_options": HALF,
    "passkey_post": HALF,
    "prove": EVERYONE,
    "prove_post": EVERYONE,
    # One's own desk
    "home": EVERYONE,
    "me": EVERYONE,
    "me_json": EVERYONE,
    "me_post": EVERYONE,
    "me_sessions": EVERYONE,
    "pause": REVIEWERS,
    "pause_post": REVIEWERS,
    "openapi": EVERYONE,
    # Screens and their twins
    "queue": READERS,
    "queue_json": READERS,
    "views_json": READERS,
    "view_save": READERS,
    "view_remove": READERS,
    "case": READERS,
    "case_json": READERS,
    "campaign": READERS,
    "campaign_json": READERS,
    "campaigns": READERS,
    "campaigns_json": READERS,
    "group": READERS,
    "workbench": READERS,
    "workbench_json": READERS,
    "health": EVERYONE,
    "health_json": EVERYONE,
    "month": EVERYONE,
    "month_json": EVERYONE,
    "bench_check": REVIEWERS,
    "bench_draft": REVIEWERS,
    "backtest": REVIEWERS,
    "backtest_result": READERS,
    "exports": READERS,
    "export_post": _all("analyst", "approver", "auditor", proved=True),
    # What is done to a case
    "claim": REVIEWERS,
    "release": HOLDERS,
    "hand_over": HOLDERS,
    "skip": REVIEWERS,
    "judge": REVIEWERS,
    "reveal": REVIEWERS,
    "reveal_identity": _all("analyst", "approver", proved=True),
    "propose": HOLDERS,
    "approve": _all("analyst", "approver", proved=True),
    "group_claim": REVIEWERS,
    "group_propose": REVIEWERS,
    "group_approve": _all("approver", proved=True),
    "disagree": REVIEWERS,
    "withdraw": REVIEWERS,
    "undo": REVIEWERS,
    "help": REVIEWERS,
    "note": REVIEWERS,
    "appeal": REVIEWERS,
    "settle_appeal": _all("analyst", "approver", proved=True),
    "reopen": REVIEWERS,
    "lift": Policy({"analyst": "holder", "approver": "holder"}, proved=True),
    "allow": _all("approver", proved=True),
    "disallow": _all("approver", proved=True),
    "promote": _all("approver", proved=True),
    "bench_retire": _all("approver", proved=True),
    # People and settings
    "people": _all("admin"),
    "people_json": _all("admin"),
    "people_add": _all("admin", proved=True),
    "people_link": _all("admin", proved=True),
    "people_passkeys": _all("admin", proved=True),
    "people_disable": _all("admin", proved=True),
    "settings": _all("admin"),
    "settings_post": _all("admin", proved=True),
}

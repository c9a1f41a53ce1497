"""Cases that come back to nobody, and accounts that are gone: nothing hangs, and nothing is decided on them."""

from __future__ import annotations

import pytest
from made import REASON, Desk, refused

from undertow.cases import claims, decide
from undertow.cases.retention import erase
from undertow.cases.tables import acts, measures, outbox
from undertow.units import MINUTE


def test_a_case_given_back_after_its_proposal_was_answered_can_be_proposed_anew(
    desk: Desk,
) -> None:
    desk.claim()
    proposal = desk.propose()
    desk.claim("bea")
    desk.approve(proposal)
    approval = next(act.act for act in desk.rows(acts) if act.kind == "approve")
    decide.undo(desk.store, desk.people["bea"], approval, desk.now)
    claims.release(desk.store, desk.people["bea"], desk.case, desk.now)
    assert desk.row().state == "reopened"
    desk.claim()
    desk.propose()
    assert desk.row().state == "proposed"


def test_the_end_of_a_lease_brings_no_answered_proposal_back(desk: Desk) -> None:
    desk.claim()
    proposal = desk.propose()
    desk.claim("bea")
    claims.release(desk.store, desk.people["bea"], desk.case, desk.now)
    decide.withdraw(desk.store, desk.people["ann"], proposal, desk.now)
    desk.now += 31 * MINUTE
    claims.expire(desk.store, desk.now)
    assert desk.row().state in ("new", "reopened")


@pytest.fixture
def known(desk: Desk) -> Desk:
    """A desk whose case is about an account with a native id."""
    desk.case = desk.opened(native="forum:somebody")
    return desk


def test_nothing_is_decided_on_an_account_that_was_erased(known: Desk) -> None:
    known.decided()
    erase(known.store, known.people["bea"], known.account, "asked for it", known.now)
    refused(
        "subject-erased",
        decide.reopen,
        known.store,
        known.people["ann"],
        known.case,
        REASON,
        known.now,
    )


def test_a_measure_that_had_not_taken_effect_ends_with_the_account(known: Desk) -> None:
    known.claim()
    known.approve(known.propose())
    erase(known.store, known.people["bea"], known.account, "asked for it", known.now)
    known.now += 11 * MINUTE
    decide.settle(known.store, known.now)
    (kept,) = known.rows(measures)
    assert kept.undone_at is not None
    assert known.rows(outbox) == []

"""Back-tests held against past decisions: counted by the last one, told as a share only where there are enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from tests.cases import small_world
from tests.review.test_workbench import waited

from undertow.cases import claims, decide
from undertow.cases.labelled import FEWEST, held_against, labelled, verdicts_of
from undertow.cases.month import wilson
from undertow.cases.reading import case_view
from undertow.cases.tables import cases
from undertow.review import trials
from undertow.units import MINUTE

REASON = "seen in its own dossier, and weighed"


def test_a_share_is_told_from_so_many_decisions_on_and_not_before() -> None:
    verdicts = {f"a:{n}": "confirmed" if n % 4 else "rejected" for n in range(FEWEST)}
    enough = labelled(verdicts, verdicts)
    assert (enough.confirmed, enough.rejected, enough.undecided) == (15, 5, 0)
    assert enough.share == pytest.approx(0.75)
    assert (enough.low, enough.high) == wilson(15, 20)
    few = labelled(list(verdicts)[1:], verdicts)
    assert (few.share, few.low, few.high) == (None, None, None)
    assert few.of == FEWEST - 1


def test_what_is_unclear_or_undecided_is_counted_and_moves_no_share() -> None:
    verdicts = {f"a:{n}": "confirmed" for n in range(FEWEST)} | {"a:x": "unclear"}
    told = labelled([*verdicts, "a:y"], verdicts)
    assert (told.share, told.unclear, told.undecided) == (1.0, 1, 1)


def decided(desk: Any, account: str, outcome: str) -> None:
    """Decide on the case of an account by as many people as it takes, and let the time to undo pass."""
    with desk.store.reading() as connection:
        asked = select(cases.c.case).where(cases.c.account == account)
        case = connection.execute(asked).scalar_one()
    now, clause = desk.now, "none" if outcome == "no_action" else "deception"
    claims.claim(desk.store, desk.ada, case, now)
    view = case_view(desk.store, desk.ada, case, now)
    act = decide.propose(
        desk.store, desk.ada, case, outcome, REASON, clause, view.hash, view.row.revision, now
    )
    if outcome != "no_action":
        view = case_view(desk.store, desk.ben, case, now)
        decide.approve(
            desk.store, desk.ben, act, view.hash, view.row.revision, now, proved_at=now
        )
    decide.settle(desk.store, now + 11 * MINUTE)


def test_accounts_of_a_back_test_are_found_among_the_decided_by_their_codes(desk: Any) -> None:
    world = small_world.World()
    code = lambda n: desk.store.vault.code("a", world.name(n))  # noqa: E731  # one line says it
    decided(desk, code(0), "limit")
    decided(desk, code(1), "no_action")
    assert verdicts_of(desk.store) == {code(0): "confirmed", code(1): "rejected"}
    rows = [{"account": world.name(n), "raised": n < 2} for n in (1, 2, 4)]
    told = held_against(desk.store, rows)
    assert (told["listed"].confirmed, told["listed"].rejected) == (0, 1)
    assert (told["raised"].of, told["raised"].undecided) == (1, 0)
    assert (told["confirmed"], told["found"]) == (1, 0)
    assert told["listed"].share is None


def test_the_names_of_a_back_test_are_counted_and_dropped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    script = tmp_path / "child"
    script.write_text(
        '#!/bin/sh\necho \'{"accounts": 1, "listed": [{"account": "sim:7", "raised": true}]}\'\n'
    )
    script.chmod(0o700)
    monkeypatch.setattr(trials.sys, "executable", str(script))
    heard: list[Any] = []
    label: Callable[[Any], Any] = lambda rows: heard.extend(rows) or {"n": len(rows)}  # noqa: E731  # as above
    desk = trials.Trials()
    trial = waited(desk.start("", "mine", {}, tmp_path, 0, label))
    assert heard == [{"account": "sim:7", "raised": True}]
    assert trial.told == {"accounts": 1, "labelled": {"n": 1}}
    trial = waited(desk.start("", "mine", {}, tmp_path, 0))
    assert trial.told == {"accounts": 1}


def test_a_count_that_fails_fails_the_back_test_and_not_the_desk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    script = tmp_path / "child"
    script.write_text("#!/bin/sh\necho '{\"listed\": []}'\n")
    script.chmod(0o700)
    monkeypatch.setattr(trials.sys, "executable", str(script))

    def fails(_: Any) -> Any:
        raise trials.UndertowError("the store is away", code="cases-unreadable")

    trial = waited(trials.Trials().start("", "mine", {}, tmp_path, 0, fails))
    assert (trial.state, trial.told) == ("failed", None)

"""The clock asks once for all that wait, and comes to what a look at each case would."""

from __future__ import annotations

from made import Desk
from sqlalchemy import event, select

from undertow.cases import decide, settling
from undertow.cases.acts import FRESH, undo_window
from undertow.cases.proposals import is_void, open_proposal
from undertow.cases.tables import acts, cases, measures
from undertow.units import MINUTE


def one_by_one(desk: Desk) -> set[tuple[str, str]]:
    """What is due, case by case, in the words of `cases.proposals`."""
    found = set()
    with desk.store.reading() as connection:
        window = undo_window(connection)
        for held in connection.execute(select(cases)).all():
            if held.state == "approved":
                mine = (acts.c.case == held.case, acts.c.kind.in_(("approve", "propose")))
                asked = select(acts).where(*mine).order_by(acts.c.revision.desc())
                decided = connection.execute(asked).first()
                effect = decided.at + window
                if decided.kind == "approve":
                    when = select(measures.c.effective_at).where(
                        measures.c.approval == decided.act
                    )
                    effect = connection.execute(when).scalar_one()
                if desk.now >= effect:
                    found.add((held.case, decided.act))
            elif held.state == "proposed":
                proposal = open_proposal(connection, held)
                if proposal is not None and (
                    desk.now - proposal.at > FRESH or is_void(connection, held, proposal)
                ):
                    found.add((held.case, proposal.act))
    return found


def at_once(desk: Desk) -> set[tuple[str, str]]:
    with desk.store.reading() as connection:
        return {(held.case, act.act) for held, act in settling._due(connection, desk.now)}


def many(desk: Desk) -> None:
    """Cases in every way of waiting."""
    for n in range(12):
        desk.case = desk.opened()
        desk.now += MINUTE
        desk.claim("abe" if n % 4 == 3 else "ann")
        who = "abe" if n % 4 == 3 else "ann"
        act = desk.propose(who, outcome="no_action" if n % 3 == 2 else "limit")
        if n % 3 == 0:
            desk.approve(act)
        elif n % 3 == 1 and n > 6:
            decide.withdraw(desk.store, desk.people[who], act, desk.now)
            desk.propose(who, outcome="remove")
        if n == 4:
            desk.news()
    desk.change_person("abe", role="auditor")


def test_what_is_due_is_what_a_look_at_each_case_finds(desk: Desk) -> None:
    many(desk)
    seen = set()
    for step in (
        0,
        4 * MINUTE,
        3 * MINUTE,
        20 * MINUTE,
        FRESH - 30 * MINUTE,
        4 * MINUTE,
        FRESH,
    ):
        desk.now += step
        assert at_once(desk) == one_by_one(desk)
        seen.add(len(at_once(desk)))
    assert len(seen) > 3
    settled = decide.settle(desk.store, desk.now)
    assert (settled.closed > 3, settled.void > 3) == (True, True)
    assert at_once(desk) == one_by_one(desk) == set()


def test_it_asks_no_more_often_when_more_cases_wait(lone: Desk) -> None:
    asked: list[str] = []

    def note(*given: object) -> None:
        asked.append(str(given[2]))

    counts = []
    event.listen(lone.store.engine, "before_cursor_execute", note)
    for _ in range(2):
        for _ in range(3):
            lone.case = lone.opened()
            lone.claim()
            lone.propose()
        asked.clear()
        assert decide.settle(lone.store, lone.now) == settling.Settled()
        counts.append(len(asked))
    event.remove(lone.store.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] <= 4

"""The queue's order and pages, and who holds a case."""

from __future__ import annotations

import base64
import json
from collections import Counter
from threading import Barrier, Thread

import pytest
from small_world import World
from sqlalchemy import select, update

from undertow.cases import claims, rule
from undertow.cases.allowing import allow
from undertow.cases.people import add_person, disable
from undertow.cases.queue import View, filters, queue
from undertow.cases.tables import acts, cases
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.units import DAY, MINUTE

NOW = 1_780_400_000_000_000


def codes(store, who, now, **view) -> list[str]:
    return [row.code for row in queue(store, who, View(**view), now).rows]


def fault_of(call) -> str:
    with pytest.raises(UndertowError) as fault:
        call()
    return fault.value.code


def put(store, case: str, **values) -> None:
    with store.writing() as connection:
        connection.execute(update(cases).where(cases.c.case == case).values(**values))


def state(store, case: str):
    with store.reading() as connection:
        return connection.execute(select(cases).where(cases.c.case == case)).one()


def test_the_queue_goes_by_harm_urgency_and_confidence(desk) -> None:
    found = queue(desk.store, desk.ada, View(), desk.now)
    with desk.store.reading() as connection:
        told = dict(connection.execute(select(cases.c.case, cases.c.priority)).all())
    order = [told[row.code] for row in found.rows]
    assert order == sorted(order, reverse=True)
    assert found.counts == {"mine": 0, "second": 0, "clocks": 0, "all": 12, "closed": 0}
    assert (found.budget, found.done) == (40, 0)


def test_more_people_a_later_talk_and_more_confidence_each_put_a_case_first(
    sqlite, take
) -> None:
    from undertow.cases.dossier import decode
    from undertow.cases.tables import dossiers

    take(sqlite, World(), now=NOW)
    with sqlite.reading() as connection:
        dossier = decode(connection.execute(select(dossiers.c.body)).scalars().first())
    from msgspec.structs import replace

    plain = rule.priority(dossier)
    fewer = replace(dossier, funnels=dossier.funnels[:1])
    weaker = replace(dossier, probability=0.001, chance=None)
    older = [
        replace(one, steps=tuple(replace(s, at=s.at - 7 * DAY) for s in one.steps))
        for one in dossier.funnels
    ]
    assert rule.priority(fewer) < plain
    assert rule.priority(weaker) < plain
    assert rule.priority(replace(dossier, funnels=tuple(older))) == pytest.approx(plain - 1)


def test_pages_follow_each_other_without_gap_or_repeat(desk) -> None:
    whole = codes(desk.store, desk.ada, desk.now)
    found, after = [], None
    while True:
        page = queue(desk.store, desk.ada, View(size=5, after=after), desk.now)
        found += [row.code for row in page.rows]
        after = page.next
        if after is None:
            break
    assert found == whole


def test_accounts_on_the_allow_list_come_last_and_keep_their_score(desk) -> None:
    before = queue(desk.store, desk.ada, View(), desk.now).rows
    allow(desk.store, desk.ben, before[0].account, "a helpline, called back", desk.now, days=30)
    after = queue(desk.store, desk.ada, View(), desk.now).rows
    assert [row.code for row in after] == [row.code for row in (*before[1:], before[0])]
    assert (after[-1].allowed, after[-1].weight) == (True, before[0].weight)
    small = [
        row.code
        for part in (View(size=11), View(size=11, after=_next(desk, 11)))
        for row in queue(desk.store, desk.ada, part, desk.now).rows
    ]
    assert small == [row.code for row in after]
    later = desk.now + 31 * DAY
    assert codes(desk.store, desk.ada, later) == [row.code for row in before]


def _next(desk, size: int) -> str | None:
    return queue(desk.store, desk.ada, View(size=size), desk.now).next


def test_views_show_what_their_names_say(desk) -> None:
    first, second, third, *_ = codes(desk.store, desk.ada, desk.now)
    claims.claim(desk.store, desk.ada, first, desk.now)
    put(desk.store, second, state="closed")
    put(desk.store, third, due_at=desk.now + DAY)
    assert codes(desk.store, desk.ada, desk.now, which="mine") == [first]
    assert codes(desk.store, desk.ben, desk.now, which="mine") == []
    assert codes(desk.store, desk.ada, desk.now, which="closed") == [second]
    assert codes(desk.store, desk.ada, desk.now, which="clocks") == [third]
    assert len(codes(desk.store, desk.ada, desk.now)) == 11


def test_what_was_opened_first_can_stand_first_page_by_page(desk) -> None:
    by_rank = codes(desk.store, desk.ada, desk.now)
    for age, case in enumerate(reversed(by_rank)):
        put(desk.store, case, opened_at=desk.now - age % 5)
    claims.claim(desk.store, desk.ada, by_rank[0], desk.now)
    rows = queue(desk.store, desk.ada, View(sort="oldest"), desk.now).rows
    assert [(one.age, one.code) for one in rows] == sorted(
        ((one.age, one.code) for one in rows), key=lambda one: (-one[0], one[1])
    )
    assert {one.code for one in rows} == set(by_rank)
    shown: list[str] = []
    after = None
    while after is not None or not shown:
        page = queue(desk.store, desk.ada, View(sort="oldest", size=4, after=after), desk.now)
        shown += [one.code for one in page.rows]
        after = page.next
    assert shown == [one.code for one in rows]


def test_a_second_approval_is_asked_of_everybody_but_the_proposer(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    row = state(desk.store, case)
    with desk.store.writing() as connection:
        claims.write_act(connection, desk.store, row, desk.ada, "propose", desk.now)
    put(desk.store, case, state="proposed")
    assert codes(desk.store, desk.ben, desk.now, which="second") == [case]
    assert codes(desk.store, desk.ada, desk.now, which="second") == []
    page = queue(desk.store, desk.ben, View(), desk.now)
    assert (page.counts["second"], page.done) == (1, 1)


def test_filters_and_search_go_by_what_a_case_shows(desk) -> None:
    everyone = queue(desk.store, desk.ada, View(), desk.now).rows
    assert filters(desk.store, desk.ada) == {
        "playbook": ["extremist-recruitment"],
        "platform": ["sim"],
        "lang": ["ar", "de", "en"],
    }
    arabic = codes(desk.store, desk.ada, desk.now, lang="ar")
    assert arabic == [row.code for row in everyone if row.lang == "ar"]
    one = everyone[4]
    assert codes(desk.store, desk.ada, desk.now, search=one.account[:9]) == [one.code]
    assert codes(desk.store, desk.ada, desk.now, search="sim:r00") == []
    assert codes(desk.store, desk.ada, desk.now, search="%") == []
    assert codes(desk.store, desk.ada, desk.now, playbook="other") == []


def mark(phase: int, first: int) -> str:
    """Write by hand what stands where a page goes on."""
    return base64.urlsafe_b64encode(json.dumps([phase, first, "z"]).encode()).decode()


@pytest.mark.parametrize(
    "view",
    [
        View(which="other"),
        View(sort="newest"),
        View(after="no page"),
        View(after="e30"),
        View(after=mark(-(10**12), 0)),
        View(after=mark(2, 0)),
        View(after=mark(0, 10**24)),
    ],
)
def test_a_view_that_does_not_exist_says_so(desk, view) -> None:
    assert fault_of(lambda: queue(desk.store, desk.ada, view, desk.now)) == "view-unknown"


def test_an_admin_sees_no_queue_and_an_auditor_holds_no_case(desk) -> None:
    assert fault_of(lambda: queue(desk.store, desk.dora, View(), desk.now)) == "role-refused"
    case = codes(desk.store, desk.cleo, desk.now)[0]
    claim = fault_of(lambda: claims.claim(desk.store, desk.cleo, case, desk.now))
    assert claim == "role-refused"


def test_a_blind_case_hides_its_score_until_the_person_has_judged(desk) -> None:
    page = queue(desk.store, desk.cleo, View(), desk.now)
    blind = [row.code for row in page.rows]
    with desk.store.writing() as connection:
        connection.execute(update(cases).values(blind=True))
    seen = queue(desk.store, desk.ada, View(), desk.now).rows
    assert {(row.weight, row.probability, row.q) for row in seen} == {(None, None, None)}
    assert all(row.weight for row in queue(desk.store, desk.cleo, View(), desk.now).rows)
    row = state(desk.store, blind[0])
    with desk.store.writing() as connection:
        claims.write_act(connection, desk.store, row, desk.ada, "judge_blind", desk.now)
    told = {row.code: row.weight for row in queue(desk.store, desk.ada, View(), desk.now).rows}
    assert [code for code, weight in told.items() if weight is not None] == [blind[0]]


def test_of_fifty_who_claim_twenty_cases_each_case_goes_to_one(store, take) -> None:
    take(store, World(accounts=20, q=0.05), now=NOW)
    with store.reading() as connection:
        every = list(connection.execute(select(cases.c.case)).scalars())
    people = [add_person(store, f"person {n}", "analyst", now=NOW) for n in range(50)]
    won, faults, start = [], [], Barrier(50)

    def work(number: int) -> None:
        start.wait()
        for case in every[number % len(every) :] + every[: number % len(every)]:
            try:
                claims.claim(store, people[number], case, NOW)
                won.append((case, people[number].reviewer))
            except UndertowError as fault:
                faults.append(fault.code)

    threads = [Thread(target=work, args=(number,)) for number in range(50)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Counter(case for case, _ in won) == dict.fromkeys(every, 1)
    assert set(faults) == {"case-held"}
    with store.reading() as connection:
        held = connection.execute(select(cases.c.case, cases.c.holder)).all()
        written = connection.execute(
            select(acts.c.case, acts.c.reviewer).where(acts.c.kind == "claim")
        ).all()
    assert sorted(map(tuple, held)) == sorted(won)
    assert sorted(map(tuple, written)) == sorted(won)


def test_a_lease_that_runs_out_gives_the_case_back_as_it_was(store, take) -> None:
    take(store, World(), now=NOW)
    ada = add_person(store, "ada", "analyst", now=NOW)
    with store.reading() as connection:
        first, second, *_ = connection.execute(select(cases.c.case)).scalars()
    put(store, second, state="reopened")
    for case in (first, second):
        assert claims.claim(store, ada, case, NOW) == NOW + 30 * MINUTE
        assert state(store, case).state == "claimed"
    assert claims.expire(store, NOW + 30 * MINUTE - 1) == 0
    assert claims.expire(store, NOW + 30 * MINUTE) == 2
    assert (state(store, first).state, state(store, first).holder) == ("new", None)
    assert state(store, second).state == "reopened"
    assert claims.expire(store, NOW + 60 * MINUTE) == 0


def test_a_case_whose_lease_ran_out_can_be_taken_before_the_clock_comes_by(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    claims.claim(desk.store, desk.ada, case, desk.now)
    taken = fault_of(lambda: claims.claim(desk.store, desk.ben, case, desk.now + 29 * MINUTE))
    assert taken == "case-held"
    claims.claim(desk.store, desk.ben, case, desk.now + 31 * MINUTE)
    assert state(desk.store, case).holder == desk.ben.reviewer


def test_claiming_one_s_own_case_renews_it(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    claims.claim(desk.store, desk.ada, case, desk.now)
    claims.claim(desk.store, desk.ada, case, desk.now + 20 * MINUTE)
    assert state(desk.store, case).lease_until == desk.now + 50 * MINUTE


def test_a_case_is_given_back_skipped_or_handed_over_by_who_holds_it(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    store, now = desk.store, desk.now
    assert fault_of(lambda: claims.release(store, desk.ada, case, now)) == "case-not-yours"
    claims.claim(store, desk.ada, case, now)
    claims.release(store, desk.ada, case, now)
    assert state(store, case).state == "new"
    claims.claim(store, desk.ada, case, now)
    assert fault_of(lambda: claims.skip(store, desk.ada, case, "bored", now)) == "skip-reason"
    claims.skip(store, desk.ada, case, "language", now)
    assert (state(store, case).state, state(store, case).holder) == ("new", None)
    claims.claim(store, desk.ada, case, now)
    for other in (desk.cleo, desk.dora):
        assert (
            fault_of(
                lambda o=other: claims.hand_over(store, desk.ada, case, o.reviewer, "", now)
            )
            == "role-refused"
        )
    claims.hand_over(store, desk.ada, case, desk.ben.reviewer, "please look at the dates", now)
    held = state(store, case)
    assert (held.holder, held.state) == (desk.ben.reviewer, "claimed")
    with store.reading() as connection:
        asked = select(acts).where(acts.c.kind == "hand_over")
        act = connection.execute(asked).one()
    place = context("acts", act.act, "sealed_reason")
    assert (
        store.vault.open(held.account, place, act.sealed_reason) == "please look at the dates"
    )


def test_who_is_disabled_lets_their_cases_go(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    claims.claim(desk.store, desk.ada, case, desk.now)
    disable(desk.store, desk.ada.reviewer, now=desk.now + MINUTE, by=desk.dora)
    assert claims.expire(desk.store, desk.now + MINUTE) == 1
    assert state(desk.store, case).holder is None


def test_closed_and_unknown_cases_cannot_be_claimed(desk) -> None:
    case = codes(desk.store, desk.ada, desk.now)[0]
    put(desk.store, case, state="closed")
    for code, fault in ((case, "case-state"), ("k:0", "case-unknown")):
        assert fault_of(lambda c=code: claims.claim(desk.store, desk.ada, c, desk.now)) == fault

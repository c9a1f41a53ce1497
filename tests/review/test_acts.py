"""Acts: what is sent stands in the store and the log, what is stale or cannot be logged changes nothing."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from sqlalchemy import select, text

from undertow.cases import claims, decide, dossier, ledger
from undertow.cases.tables import acts, cases, dossiers, exposures, leaves, passages
from undertow.errors import UndertowError

REASON = "the same words to five people, then an address"


def an_open_case(served: Any, name: str = "ada") -> Any:
    """Let a person hold a case that is judged openly and has a text."""
    with served.store.reading() as connection:
        asked = select(cases.c.case).where(cases.c.blind.is_(False), cases.c.state == "new")
        code = connection.execute(asked.order_by(cases.c.case).limit(1)).scalar_one()
    claims.claim(served.store, served.people[name], code, served.time.now)
    return row_of(served, code)


def row_of(served: Any, code: str) -> Any:
    with served.store.reading() as connection:
        return connection.execute(select(cases).where(cases.c.case == code)).one()


def count(served: Any, table: Any) -> int:
    with served.store.reading() as connection:
        return len(connection.execute(select(table)).all())


def form_of(row: Any, **more: str) -> dict[str, str]:
    clause = {
        "outcome": "suspend",
        "reason": REASON,
        "clause": "recruitment",
        "proportionate": "yes",
    }
    bound = {"dossier": row.dossier, "revision": str(row.revision)}
    return {**clause, **bound, **more}


def clause_of(served: Any) -> str:
    from undertow.cases.policy import clauses

    return str(next(iter(clauses(served.store.folder))).id)


def test_a_form_from_an_older_look_changes_nothing_and_is_told_what_changed(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    with served.store.writing() as connection:
        body = connection.execute(select(dossiers).where(dossiers.c.hash == row.dossier)).one()
        newer = dossier.decode(body.body)
        import msgspec

        heavier = dossier.encode(msgspec.structs.replace(newer, weight=newer.weight + 2))
        hashed = dossier.fingerprint(heavier)
        connection.execute(
            dossiers.insert().values(
                hash=hashed, case=row.case, at=served.time.now, run=body.run, body=heavier
            )
        )
        connection.execute(
            cases.update()
            .where(cases.c.case == row.case)
            .values(dossier=hashed, revision=row.revision + 1)
        )
    before = count(served, acts)
    ada = served.caller("ada")
    form = form_of(row, clause=clause_of(served))
    page = ada.post(f"/case/{row.case}/propose", data=form)
    program = ada.post(
        f"/case/{row.case}/propose", data=form, headers={"Accept": "application/json"}
    )
    assert (page.status_code, program.status_code) == (409, 409)
    assert program.json()["code"] in ("dossier-stale", "case-stale")
    assert program.json()["changed"]
    for one in program.json()["changed"]:
        assert one.split("{")[0][:12] in page.text
    assert count(served, acts) == before
    assert row_of(served, row.case).state == "claimed"


def test_of_two_who_approve_at_once_one_is_told_that_it_is_done(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    form = form_of(row, clause=clause_of(served))
    made = served.caller("ada", Accept="application/json").post(
        f"/case/{row.case}/propose", data=form
    )
    assert made.status_code == 200, made.text
    act, now = made.json()["act"], row_of(served, row.case)
    bound = {
        "act": act,
        "dossier": now.dossier,
        "revision": str(now.revision),
        "proportionate": "yes",
    }
    found: list[int] = []

    def approve() -> None:
        ben = served.caller("ben", Accept="application/json")
        found.append(ben.post(f"/case/{row.case}/approve", data=bound).status_code)

    threads = [threading.Thread(target=approve) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [200, 409, 409, 409]


def test_where_the_log_takes_nothing_an_act_does_not_happen(
    on_cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = on_cases()
    row = an_open_case(served)
    ada = served.caller("ada", Accept="application/json")
    with served.store.reading() as connection:
        asked = select(passages.c.passage).where(passages.c.case == row.case).limit(1)
        passage = connection.execute(asked).scalar_one()
    with served.store.writing() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON leaves BEGIN "
                "SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    before = [count(served, one) for one in (acts, exposures, leaves)]
    sent = {
        "propose": form_of(row, clause=clause_of(served)),
        "note": {"note": "a note"},
        "release": {},
        "reveal": {"passage": passage, "why": "the pattern does not decide it"},
    }
    for act, form in sent.items():
        said = ada.post(f"/case/{row.case}/{act}", data=form)
        assert said.status_code == 503, f"{act}: {said.text}"
        assert said.json()["code"] == "audit-unwritable"
        assert "retry-after" in said.headers
        assert "disk is full" not in said.text
    form = {"name": "ben", "password": "four plain words here"}
    assert served.caller().post("/sign-in", data=form).status_code == 503
    assert [count(served, one) for one in (acts, exposures, leaves)] == before
    after = row_of(served, row.case)
    assert (after.state, after.holder, after.revision) == (row.state, row.holder, row.revision)
    assert ada.get(f"/case/{row.case}.json").status_code == 200
    with served.store.writing() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert ada.post(f"/case/{row.case}/note", data={"note": "a note"}).status_code == 200


def test_a_browser_that_only_looks_ahead_opens_no_text(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    ada = served.caller("ada")
    before = count(served, exposures)
    page = ada.get(f"/case/{row.case}").text
    targets = {*re.findall(r'(?:href|src)="(/[^"]*)"', page), f"/case/{row.case}/reveal"}
    for path in targets - {"/sign-out"}:
        for headers in ({}, {"Sec-Purpose": "prefetch"}, {"HX-Request": "true"}):
            ada.get(path.replace("&amp;", "&"), headers=headers)
    assert ada.get(f"/case/{row.case}/reveal").status_code == 405
    assert count(served, exposures) == before


def test_a_look_is_recorded_before_it_is_shown_and_the_fifty_first_asks_who_one_is(
    on_cases, desk
) -> None:
    served = on_cases()
    ada = served.caller("ada", Accept="application/json")
    with served.store.reading() as connection:
        found = connection.execute(select(passages.c.passage, passages.c.case)).all()
    why = {"why": "the pattern does not decide it"}

    def look(number: int, **headers: str):
        passage, case = found[number % len(found)]
        form = why | {"passage": passage}
        return ada.post(f"/case/{case}/reveal", data=form, headers=headers)

    said = [look(number).status_code for number in range(50)]
    assert said == [200] * 50
    refused = look(50)
    assert (refused.status_code, refused.json()["code"]) == (401, "reveal-proof")
    page = look(50, Accept="text/html")
    assert (page.status_code, page.headers["location"][:6]) == (303, "/prove")
    part = look(50, Accept="text/html", **{"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"][:6]) == (401, "/prove")
    assert count(served, exposures) == 50
    served.time.pass_(seconds=1)
    assert ada.post("/prove", data={"password": desk.password}).status_code == 200
    assert look(50).status_code == 200
    assert count(served, exposures) == 51


def test_a_measure_in_force_is_shown_and_lifted_by_a_third_person(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    ada, ben, eve = (served.caller(name) for name in ("ada", "ben", "eve"))
    assert ada.post(
        f"/case/{row.case}/propose", data=form_of(row, clause="deception")
    ).is_redirect
    row, act = row_of(served, row.case), newest(served, "propose")
    bound = {
        "dossier": row.dossier,
        "revision": row.revision,
        "act": act,
        "proportionate": "yes",
    }
    assert ben.post(f"/case/{row.case}/approve", data=bound).is_redirect
    served.time.pass_(minutes=11)
    decide.settle(served.store, served.time.now)
    ada, eve = served.caller("ada"), served.caller("eve")
    page = ada.get(f"/case/{row.case}").text
    measure = re.search(r'data-in-force="(m:[0-9a-f]+)"', page)
    assert measure
    assert f"/case/{row.case}/lift" not in page
    assert eve.post(f"/case/{row.case}/reopen", data={"reason": REASON}).is_redirect
    row = row_of(served, row.case)
    form = {"dossier": row.dossier, "revision": row.revision, "outcome": "no_action"}
    json_ = {"Accept": "application/json"}
    form |= {"reason": REASON, "clause": "none"}
    said = eve.post(f"/case/{row.case}/propose", data=form, headers=json_)
    assert (said.status_code, said.json()["code"]) == (409, "measure-in-force")
    assert f"/case/{row.case}/lift" in eve.get(f"/case/{row.case}").text
    form = {"measure": measure[1], "reason": REASON, "revision": str(row.revision)}
    assert ada.post(f"/case/{row.case}/lift", data=form, headers=json_).status_code == 409
    assert eve.post(f"/case/{row.case}/lift", data=form).is_redirect
    page = eve.get(f"/case/{row.case}").text
    assert "data-in-force" not in page
    assert "measure lifted" in page


def newest(served: Any, kind: str) -> str:
    with served.store.reading() as connection:
        asked = select(acts.c.act).where(acts.c.kind == kind).order_by(acts.c.at.desc())
        return str(connection.execute(asked).scalars().first())


def test_who_reads_no_text_gets_none_by_any_way(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    with served.store.reading() as connection:
        asked = select(passages.c.passage).where(passages.c.case == row.case).limit(1)
        passage = connection.execute(asked).scalar_one()
    form = {"passage": passage, "why": "the pattern does not decide it"}
    for name in ("cleo", "dora"):
        said = served.caller(name).post(f"/case/{row.case}/reveal", data=form)
        assert said.status_code == 403
    shown = served.caller("cleo").get(f"/case/{row.case}.json").text
    assert passage in shown
    assert "the and of in" not in shown


def test_an_act_answers_people_htmx_and_programs_each_in_their_form(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    path, form = f"/case/{row.case}/note", {"note": "a note"}
    ada = served.caller("ada")
    person = ada.post(path, data=form)
    assert (person.status_code, person.headers["location"]) == (303, f"/case/{row.case}")
    part = ada.post(path, data=form, headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (204, f"/case/{row.case}")
    program = ada.post(path, data=form, headers={"Accept": "application/json"}).json()
    assert (program["done"], program["case"]) == (True, row.case)
    onward = form_of(row, clause=clause_of(served), next="1")
    now = row_of(served, row.case)
    onward |= {"revision": str(now.revision), "dossier": now.dossier}
    sent = ada.post(f"/case/{row.case}/propose", data=onward)
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"].startswith("/case/k:")
    assert row.case not in sent.headers["location"]


def test_a_fault_of_htmx_is_a_part_and_a_session_that_ended_leads_to_signing_in(
    on_cases,
) -> None:
    served = on_cases()
    row = an_open_case(served)
    part = {"HX-Request": "true"}
    said = served.caller("ada").post(f"/case/{row.case}/note", data={"note": " "}, headers=part)
    assert said.status_code == 422
    assert "<html" not in said.text
    gone = served.caller().post(f"/case/{row.case}/note", data={"note": "x"}, headers=part)
    assert gone.headers["hx-redirect"].startswith("/sign-in?next=")


def test_every_twin_says_what_its_page_shows_and_holds_no_text(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    ada = served.caller("ada")
    for path in (
        "/queue.json",
        f"/case/{row.case}.json",
        "/campaign.json",
        f"/campaign/{row.campaign}.json",
        "/workbench.json",
        "/health.json",
        "/me.json",
    ):
        said = ada.get(path)
        assert said.status_code == 200, path
        assert said.headers["content-type"].startswith("application/json")
        json.loads(said.text)
        assert "the and of in" not in said.text
    codes = [one["code"] for one in ada.get("/queue.json").json()["rows"]]
    page = ada.get("/queue").text
    assert codes
    assert all(code in page for code in codes)


def test_a_case_judged_blind_shows_no_score_in_page_or_twin_until_it_is_judged(
    on_cases,
) -> None:
    served = on_cases()
    with served.store.reading() as connection:
        asked = select(cases.c.case).where(cases.c.blind.is_(True), cases.c.state == "new")
        code = connection.execute(asked.limit(1)).scalar_one()
    claims.claim(served.store, served.people["ada"], code, served.time.now)
    ada = served.caller("ada")
    view = ada.get(f"/case/{code}.json").json()
    assert view["blind"] is True
    assert view["row"]["weight"] is None
    assert view["row"]["probability"] is None
    assert view["dossier"]["weight"] is None
    assert view["dossier"]["lines"] == []
    assert ada.post(f"/case/{code}/judge", data={"outcome": "likely"}).status_code == 303
    assert ada.get(f"/case/{code}.json").json()["row"]["weight"] is not None


def test_the_clock_goes_on_when_one_of_its_tasks_fails(
    on_cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    from undertow.review import clock

    served = on_cases()
    row = an_open_case(served)

    def broken(now: int) -> None:
        raise RuntimeError("she wrote at the harbour")

    served.app.state.tasks["settle"].do = broken
    served.time.pass_(minutes=31)
    assert clock.tick(served.app) == 1
    assert row_of(served, row.case).holder is None
    assert '"task": "settle"' in served.log.getvalue()
    assert "harbour" not in served.log.getvalue()


def test_what_is_done_stands_in_the_log_in_codes(on_cases) -> None:
    served = on_cases()
    row = an_open_case(served)
    served.caller("ada").post(f"/case/{row.case}/note", data={"note": REASON})
    with served.store.reading() as connection:
        body = connection.execute(
            select(leaves.c.body).order_by(leaves.c.place.desc()).limit(1)
        ).scalar_one()
    leaf = json.loads(body)
    assert leaf["kind"] == "note"
    assert leaf["facts"]["case"] == row.case
    assert leaf["facts"]["reviewer"] == served.people["ada"].reviewer
    assert REASON.encode() not in body
    assert ledger.COMMITMENT.encode() in body


def test_domain_faults_carry_codes_that_a_program_can_act_on(on_cases) -> None:
    served = on_cases()
    ada = served.caller("ada", Accept="application/json")
    assert ada.post("/case/k:none/claim").json()["code"] == "case-unknown"
    assert ada.post("/case/k:none/claim").status_code == 404
    row = an_open_case(served, "eve")
    held = ada.post(f"/case/{row.case}/claim")
    assert (held.status_code, held.json()["code"]) == (409, "case-held")
    empty = ada.post(f"/case/{row.case}/hand-over", data={})
    assert (empty.status_code, empty.json()["code"]) == (409, "case-not-yours")
    with pytest.raises(UndertowError):
        claims.claim(served.store, served.people["ada"], row.case, served.time.now)

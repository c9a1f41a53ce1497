"""What a person may see of a case, and every look that is written down."""

from __future__ import annotations

import math

import msgspec
import pytest
from sqlalchemy import select, update

from undertow.cases import claims, reading
from undertow.cases.exposed import exposure_of
from undertow.cases.people import (
    add_person,
    disable,
    people,
    person_named,
    person_of_subject,
    set_password,
    sign_in,
)
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal, reveal_identity
from undertow.cases.tables import cases, exposures, leaves, passages, reviewers, subjects
from undertow.errors import UndertowError
from undertow.units import DAY, MINUTE

SECRET = b"sim:"


def fault_of(call) -> str:
    with pytest.raises(UndertowError) as fault:
        call()
    return fault.value.code


def first(desk) -> str:
    return next(
        r.code for r in queue(desk.store, desk.cleo, View(), desk.now).rows if not r.blind
    )


def looks(desk) -> list:
    with desk.store.reading() as connection:
        return list(connection.execute(select(exposures)).all())


def logged(desk) -> list[dict]:
    with desk.store.reading() as connection:
        bodies = connection.execute(select(leaves.c.body).order_by(leaves.c.place)).scalars()
        return [msgspec.json.decode(body) for body in bodies]


def test_a_case_shows_its_dossier_its_people_as_codes_and_no_text(desk) -> None:
    view = case_view(desk.store, desk.cleo, first(desk), desk.now)
    assert view.dossier.weight == view.row.weight
    assert {one.code for one in view.targets} == set(view.dossier.targets)
    assert len(view.passages) in (6, 9)
    assert [one.kind for one in view.acts] == ["opened"]
    assert len(view.others) in (2, 3)
    written = msgspec.json.encode(view)
    assert SECRET not in written
    assert b"and 1 0" not in written


def test_an_admin_opens_no_case_and_an_auditor_no_text(desk) -> None:
    case = first(desk)
    passage = case_view(desk.store, desk.cleo, case, desk.now).passages[0].code
    account = case_view(desk.store, desk.cleo, case, desk.now).row.account
    store, now = desk.store, desk.now
    assert fault_of(lambda: case_view(store, desk.dora, case, now)) == "role-refused"
    for who in (desk.cleo, desk.dora):
        assert fault_of(lambda w=who: reveal(store, w, passage, "to decide", now)) == (
            "role-refused"
        )
        assert fault_of(lambda w=who: reveal_identity(store, w, account, "to decide", now)) == (
            "role-refused"
        )
    assert looks(desk) == []


def test_each_look_at_a_text_is_a_record_and_a_leaf(desk) -> None:
    view = case_view(desk.store, desk.ada, first(desk), desk.now)
    passage = view.passages[0].code
    before = len(logged(desk))
    text = reveal(desk.store, desk.ada, passage, "to decide", desk.now)
    assert text.startswith("and ")
    (look,) = looks(desk)
    assert (look.reviewer, look.what, look.of, look.case) == (
        desk.ada.reviewer,
        "text",
        passage,
        view.row.code,
    )
    (leaf,) = logged(desk)[before:]
    assert leaf["kind"] == "look-text"
    assert text not in str(leaf)
    again = case_view(desk.store, desk.ada, view.row.code, desk.now)
    assert again.passages[0].seen_at == desk.now
    other = case_view(desk.store, desk.ben, view.row.code, desk.now)
    assert other.passages[0].seen_at is None


def test_looking_at_a_case_is_no_look_at_a_text(desk) -> None:
    case_view(desk.store, desk.ada, first(desk), desk.now)
    assert looks(desk) == []


def test_a_look_needs_a_reason(desk) -> None:
    passage = case_view(desk.store, desk.ada, first(desk), desk.now).passages[0].code
    assert (
        fault_of(lambda: reveal(desk.store, desk.ada, passage, " x", desk.now)) == "reveal-why"
    )


def test_the_reason_of_a_look_ends_with_whom_it_speaks_of(desk) -> None:
    with desk.store.reading() as connection:
        known = subjects.c.sealed_id.is_not(None), subjects.c.code.startswith("t:")
        target = connection.execute(select(subjects.c.code).where(*known)).scalars().first()
    reveal_identity(desk.store, desk.ada, target, "because the number is theirs", desk.now)
    with desk.store.reading() as connection:
        asked = select(exposures, cases.c.account).join(cases, cases.c.case == exposures.c.case)
        row = connection.execute(asked.where(exposures.c.of == target)).one()
    place = f"exposures/{desk.ada.reviewer} {desk.now} {target}/sealed_why"
    both = (row.account, target)
    assert desk.store.vault.open(both, place, row.sealed_why).startswith("because")
    desk.store.vault.erase(target, desk.now)
    assert (
        fault_of(lambda: desk.store.vault.open(both, place, row.sealed_why)) == "vault-erased"
    )


def test_who_reads_on_proves_who_they_are_and_nobody_reads_everything(desk) -> None:
    with desk.store.reading() as connection:
        some = list(connection.execute(select(passages.c.passage)).scalars())
    proved = desk.now

    def look(n: int) -> str:
        passage = some[n % len(some)]
        return reveal(
            desk.store, desk.ada, passage, "to decide", desk.now + n, proved_at=proved
        )

    for n in range(50):
        look(n)
    assert fault_of(lambda: look(50)) == "reveal-proof"
    assert len(looks(desk)) == 50
    proved = desk.now + 50
    for n in range(50, 100):
        look(n)
    assert fault_of(lambda: look(100)) == "reveal-proof"
    proved = desk.now + 100
    for n in range(100, 150):
        look(n)
    proved = desk.now + 150
    assert fault_of(lambda: look(150)) == "reveal-limit"
    assert len(looks(desk)) == 150


def test_the_fifty_first_text_within_ten_minutes_is_refused_and_a_colleague_s_is_not(
    desk,
) -> None:
    with desk.store.reading() as connection:
        some = list(connection.execute(select(passages.c.passage).limit(51)).scalars())
    for n, passage in enumerate(some[:50]):
        reveal(desk.store, desk.ada, passage, "to decide", desk.now + n)
    last = desk.now + 50
    refused = fault_of(lambda: reveal(desk.store, desk.ada, some[50], "to decide", last))
    assert refused == "reveal-limit"
    assert len(looks(desk)) == 50
    assert reveal(desk.store, desk.ben, some[50], "to decide", last)
    exposure = exposure_of(desk.store, desk.ada, last)
    assert (exposure.today, exposure.lately, exposure.limit) == (50, 50, 50)
    assert reveal(desk.store, desk.ada, some[50], "to decide", last + 10 * MINUTE)
    tomorrow = exposure_of(desk.store, desk.ada, desk.now + DAY)
    assert (tomorrow.today, tomorrow.lately) == (0, 0)


def test_without_a_leaf_there_is_no_look(desk, monkeypatch) -> None:
    passage = case_view(desk.store, desk.ada, first(desk), desk.now).passages[0].code

    def full(*_: object) -> int:
        raise UndertowError("the disk is full", code="audit-unwritable")

    monkeypatch.setattr(reading, "record", full)
    code = fault_of(lambda: reveal(desk.store, desk.ada, passage, "to decide", desk.now))
    assert code == "audit-unwritable"
    assert looks(desk) == []


def test_a_native_id_is_opened_for_a_reason_and_written_down(desk) -> None:
    view = case_view(desk.store, desk.ada, first(desk), desk.now)
    shown = reveal_identity(desk.store, desk.ada, view.row.account, "to report it", desk.now)
    assert shown.startswith("sim:r")
    helped = reveal_identity(desk.store, desk.ada, view.targets[0].code, "to help", desk.now)
    assert helped.startswith("sim:t")
    assert [one.what for one in looks(desk)] == ["identity", "identity"]
    assert (
        fault_of(lambda: reveal_identity(desk.store, desk.ada, "a:unknown", "to see", desk.now))
        == "identity-unknown"
    )


def test_the_eleventh_identity_within_ten_minutes_is_refused(desk) -> None:
    view = case_view(desk.store, desk.ada, first(desk), desk.now)
    for n in range(10):
        reveal_identity(desk.store, desk.ada, view.row.account, f"look {n}", desk.now)

    def again(who):
        return reveal_identity(desk.store, who, view.row.account, "again", desk.now)

    assert fault_of(lambda: again(desk.ada)) == "reveal-limit"
    assert again(desk.ben)


def test_a_blind_case_holds_no_number_that_tells_how_strong_it_is(desk) -> None:
    case = first(desk)
    with desk.store.writing() as connection:
        connection.execute(update(cases).where(cases.c.case == case).values(blind=True))
    view = case_view(desk.store, desk.ada, case, desk.now)
    assert view.blind
    assert math.isnan(view.dossier.weight)
    assert (view.dossier.lines, view.dossier.chance, view.dossier.probability) == (
        (),
        None,
        None,
    )
    told = msgspec.json.decode(msgspec.json.encode(view))
    assert told["dossier"]["weight"] is None
    assert told["row"]["weight"] is None
    full = case_view(desk.store, desk.cleo, case, desk.now)
    assert not full.blind
    version = reading.dossier_at(desk.store, desk.ada, case, view.hash)
    assert version.lines == ()
    campaign = reading.campaign_view(desk.store, desk.ada, view.row.campaign, desk.now)
    assert [d.lines for r, d in campaign if r.code == case] == [()]


def test_what_others_proposed_is_not_told_before_one_has_judged(desk) -> None:
    case = first(desk)
    with desk.store.writing() as connection:
        connection.execute(update(cases).where(cases.c.case == case).values(blind=True))
        row = claims.row_of(connection, case)
        told = {"outcome": "suspend", "reason": "the dates fit"}
        claims.write_act(connection, desk.store, row, desk.ada, "propose", desk.now, **told)
    blind = case_view(desk.store, desk.ben, case, desk.now).acts[-1]
    assert (blind.kind, blind.outcome, blind.reason) == ("propose", None, None)
    own = case_view(desk.store, desk.ada, case, desk.now).acts[-1]
    assert (own.outcome, own.reason) == ("suspend", "the dates fit")
    auditor = case_view(desk.store, desk.cleo, case, desk.now).acts[-1]
    assert (auditor.outcome, auditor.reason) == ("suspend", None)


def test_looking_at_one_s_own_case_keeps_it(desk) -> None:
    case = first(desk)
    claims.claim(desk.store, desk.ada, case, desk.now)
    later = desk.now + 20 * MINUTE
    view = case_view(desk.store, desk.ada, case, later)
    assert view.mine
    assert view.row.lease == later + 30 * MINUTE
    assert case_view(desk.store, desk.ben, case, later + MINUTE).row.lease == view.row.lease


def test_runs_tell_the_data_health_screen_what_they_read(desk) -> None:
    (run,) = reading.run_summaries(desk.store)
    assert run["events"] > 0
    assert run["left"] == {"below even odds": 2}


def test_people_sign_in_with_name_and_password(sqlite, quick_passwords) -> None:
    ada = add_person(sqlite, "Ada  Example", "analyst", "four plain words", now=5)
    assert sign_in(sqlite, "ada example", "four plain words") == ada
    assert sign_in(sqlite, "ada example", "four other words") is None
    assert sign_in(sqlite, "nobody", "four plain words") is None
    set_password(sqlite, ada, "four newer words", now=6)
    assert sign_in(sqlite, "ada example", "four plain words") is None
    assert sign_in(sqlite, "ada example", "four newer words") == ada
    single = add_person(sqlite, "ben", "approver", now=7, subject="issuer|42")
    assert person_of_subject(sqlite, "issuer|42") == single
    assert sign_in(sqlite, "ben", "") is None
    assert [one.person.name for one in people(sqlite)] == ["Ada Example", "ben"]


def test_a_person_s_name_is_not_readable_at_rest(sqlite, quick_passwords) -> None:
    add_person(sqlite, "canarypersonname", "analyst", "canarypassword", now=5)
    with sqlite.reading() as connection:
        row = connection.execute(select(reviewers)).one()
    held = repr(tuple(row))
    assert "canary" not in held


@pytest.mark.parametrize(
    ("name", "role", "password", "code"),
    [
        ("", "analyst", None, "person-name"),
        ("two\nlines\x07", "analyst", None, "person-name"),
        ("ada", "boss", None, "person-role"),
        ("ada", "analyst", "short", "password-short"),
        ("ADA L", "analyst", None, "person-there"),
    ],
)
def test_a_person_who_cannot_be_added_is_one_clear_error(
    sqlite, name, role, password, code
) -> None:
    add_person(sqlite, "Ada L", "analyst", now=5)
    assert fault_of(lambda: add_person(sqlite, name, role, password, now=6)) == code


def test_who_was_disabled_is_let_in_no_more_and_the_last_admin_stays(desk) -> None:
    disable(desk.store, desk.eve.reviewer, now=desk.now, by=desk.dora)
    assert person_named(desk.store, "eve") is None
    assert sign_in(desk.store, "eve", desk.password) is None
    last = fault_of(lambda: disable(desk.store, desk.dora.reviewer, now=desk.now, by=desk.dora))
    assert last == "person-last"
    refused = fault_of(
        lambda: disable(desk.store, desk.ben.reviewer, now=desk.now, by=desk.ada)
    )
    assert refused == "role-refused"

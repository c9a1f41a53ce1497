"""How long things are kept, what a hold does, and that an erasure holds, in old backups too."""

from __future__ import annotations

import shutil

import msgspec
import pytest
from small_world import World
from sqlalchemy import func, select, update

from undertow.audit import verify as verifier
from undertow.cases import checkpoints, claims, ledger
from undertow.cases.allowing import allow, disallow, entries
from undertow.cases.backup import digest_of, restore, write_backup
from undertow.cases.decide import appeal, approve, propose, settle
from undertow.cases.keeping import KEPT
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal, reveal_identity
from undertow.cases.retention import codes_of_native, erase, hold, purge, release_hold
from undertow.cases.store import open_store
from undertow.cases.tables import (
    acts,
    cases,
    leaves,
    measures,
    metadata,
    passages,
    runs,
    subjects,
)
from undertow.errors import UndertowError
from undertow.units import DAY, HOUR

LONG = "because the order of the court asks for it"


def fault_of(call) -> str:
    with pytest.raises(UndertowError) as fault:
        call()
    return fault.value.code


def count(store, table) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def first(desk) -> str:
    return next(
        r.code for r in queue(desk.store, desk.cleo, View(), desk.now).rows if not r.blind
    )


def decide(desk, case: str, now: int) -> str:
    """Let two people suspend the account of a case; gives the measure."""
    claims.claim(desk.store, desk.ada, case, now)
    view = case_view(desk.store, desk.ada, case, now)
    act = propose(
        desk.store,
        desk.ada,
        case,
        "suspend",
        LONG,
        "deception",
        view.hash,
        view.row.revision,
        now,
    )
    view = case_view(desk.store, desk.ben, case, now)
    return approve(
        desk.store, desk.ben, act, view.hash, view.row.revision, now + 1, proved_at=now
    )


def test_a_case_is_kept_ninety_days_and_then_gone_with_all_that_hangs_on_it(desk) -> None:
    opened = desk.now - 1_000_000
    assert purge(desk.store, opened + KEPT).cases == 0
    with desk.store.reading() as connection:
        many = connection.execute(select(func.count()).select_from(subjects)).scalar_one()
    done = purge(desk.store, opened + KEPT + 1)
    assert (done.cases, done.subjects) == (12, many)
    for name in ("cases", "dossiers", "case_targets", "passages", "acts", "named", "subjects"):
        assert count(desk.store, metadata.tables[name]) == 0
    assert count(desk.store, runs) == 0
    with desk.store.reading() as connection:
        bodies = connection.execute(select(leaves.c.body)).scalars().all()
    kinds = [msgspec.json.decode(body)["kind"] for body in bodies]
    assert kinds.count("purge") == 12


def test_a_decided_case_goes_with_its_measure_its_acts_and_its_looks(desk) -> None:
    case = first(desk)
    decide(desk, case, desk.now)
    assert settle(desk.store, desk.now + HOUR).closed == 1
    passage = case_view(desk.store, desk.ada, case, desk.now).passages[0].code
    reveal(desk.store, desk.ada, passage, "to decide", desk.now)
    decided = desk.now + HOUR
    assert purge(desk.store, decided + KEPT).cases == 11
    assert count(desk.store, measures) == 1
    assert purge(desk.store, decided + KEPT + 1).cases == 1
    for table in (
        measures,
        acts,
        cases,
        metadata.tables["outbox"],
        metadata.tables["exposures"],
    ):
        assert count(desk.store, table) == 0


def test_a_case_that_waits_for_an_answer_or_is_on_hold_is_kept(desk) -> None:
    on_hold, waiting, *_ = [r.code for r in queue(desk.store, desk.cleo, View(), desk.now).rows]
    hold(desk.store, desk.ben, on_hold, LONG, desk.now)
    with desk.store.writing() as connection:
        mine = cases.c.case == waiting
        connection.execute(update(cases).where(mine).values(state="appealed"))
    late = desk.now + 2 * KEPT
    assert purge(desk.store, late).cases == 10
    view = case_view(desk.store, desk.ada, on_hold, late)
    assert (view.row.held, view.hold_reason) == (True, LONG)
    assert case_view(desk.store, desk.cleo, on_hold, late).hold_reason is None
    release_hold(desk.store, desk.dora, on_hold, late)
    assert purge(desk.store, late).cases == 1


def test_holds_and_erasures_are_for_approvers_and_admins_and_need_a_reason(desk) -> None:
    case = first(desk)
    account = case_view(desk.store, desk.cleo, case, desk.now).row.account
    for who in (desk.ada, desk.cleo):
        assert (
            fault_of(lambda w=who: hold(desk.store, w, case, LONG, desk.now)) == "role-refused"
        )
        assert fault_of(lambda w=who: erase(desk.store, w, account, "", desk.now)) == (
            "role-refused"
        )
    assert (
        fault_of(lambda: hold(desk.store, desk.ben, case, "short", desk.now)) == "hold-reason"
    )
    assert (
        fault_of(lambda: erase(desk.store, desk.ben, "a:0", "", desk.now)) == "subject-unknown"
    )


def test_an_erased_account_cannot_be_read_and_its_case_says_so(
    store, take, quick_passwords
) -> None:
    from undertow.cases.people import add_person

    ben = add_person(store, "ben", "approver", now=5)
    now = 1_780_400_000_000_000
    take(store, World(), now=now)
    code = codes_of_native(store, World().name(0))[0]
    with store.reading() as connection:
        case = connection.execute(select(cases.c.case).where(cases.c.account == code)).scalar()
    others = count(store, passages) - len(case_view(store, ben, case, now).passages)
    passage = case_view(store, ben, case, now).passages[0].code
    assert erase(store, ben, code, "asked for it", now) == [case]
    view = case_view(store, ben, case, now)
    assert (view.row.erased, view.row.state, view.passages) == (True, "closed", ())
    assert view.acts[-1].kind == "erased"
    assert count(store, passages) == others
    assert fault_of(lambda: reveal(store, ben, passage, "to decide", now)) == "passage-unknown"
    assert fault_of(lambda: reveal_identity(store, ben, code, "to see", now)) == "vault-erased"
    assert erase(store, ben, code, "asked again", now) == []
    # A later run does not bring it back.
    done = take(store, World(targets=4, made=3600), now=now + DAY)
    assert done.left["erased"] == 1
    assert case_view(store, ben, case, now).passages == ()


def test_an_erased_target_takes_its_texts_along_and_stays_a_code(sqlite, take) -> None:
    from undertow.cases.people import add_person

    ben = add_person(sqlite, "ben", "approver", now=5)
    now = 1_780_400_000_000_000
    world = World()
    take(sqlite, world, now=now)
    (code,) = codes_of_native(sqlite, world.target(1, 0))
    with sqlite.reading() as connection:
        account = sqlite.vault.code("a", world.name(1))
        case = connection.execute(
            select(cases.c.case).where(cases.c.account == account)
        ).scalar()
    assert erase(sqlite, ben, code, "asked for it", now) == []
    view = case_view(sqlite, ben, case, now)
    assert [one.erased for one in view.targets if one.code == code] == [True]
    assert view.row.state == "new"
    assert len(view.passages) == 6
    assert all(code not in (one.author, one.target) for one in view.passages)
    take(sqlite, World(made=3600, more=1.0), now=now + DAY)
    again = case_view(sqlite, ben, case, now)
    assert again.row.revision == 2
    assert all(code not in (one.author, one.target) for one in again.passages)


def test_who_was_erased_stays_erased_when_an_older_backup_is_restored(desk, tmp_path) -> None:
    case = first(desk)
    view = case_view(desk.store, desk.ada, case, desk.now)
    claims.claim(desk.store, desk.ada, case, desk.now)
    claims.hand_over(desk.store, desk.ada, case, desk.ben.reviewer, LONG, desk.now + 1)
    write_backup(desk.store, tmp_path / "old", desk.now)
    erase(desk.store, desk.dora, view.row.account, "asked for it", desk.now)
    erase(desk.store, desk.dora, view.targets[0].code, "asked for it", desk.now)
    desk.store.close()
    keys = desk.store.folder.with_name("cases.keys")
    back = restore(tmp_path / "old", tmp_path / "again", keys=keys)
    again = case_view(back, desk.ada, case, desk.now)
    assert (again.row.erased, again.passages) == (True, ())
    assert [act.reason for act in again.acts] == [None] * len(again.acts)
    assert again.acts[-1].erased
    for code in (view.row.account, view.targets[0].code):
        fault = fault_of(lambda c=code: reveal_identity(back, desk.ada, c, "to see", desk.now))
        assert fault == "vault-erased"
    with back.reading() as connection:
        key = ledger.log_key(connection, desk.store)
        held = [body + b"\n" for body in checkpoints.bodies(connection)]
    verdict = verifier.verify(
        held, *verifier.saved(checkpoints.folder(back)), verifier.Key.read(key.public)
    )
    assert verdict.is_sound
    back.close()


def test_an_erasure_cut_off_before_its_key_was_destroyed_is_finished_at_the_next_opening(
    desk, monkeypatch
) -> None:
    view = case_view(desk.store, desk.ada, first(desk), desk.now)
    monkeypatch.setattr(desk.store.vault, "erase", lambda *_: None)
    erase(desk.store, desk.dora, view.row.account, "asked for it", desk.now)
    assert desk.store.vault.keys.key(view.row.account) is not None
    again = open_store(desk.store.folder)
    assert again.vault.keys.key(view.row.account) is None
    again.close()


@pytest.mark.parametrize(
    "target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def test_a_backup_restored_elsewhere_is_the_same_store(desk, tmp_path, request, target) -> None:
    case = first(desk)
    decide(desk, case, desk.now)
    settle(desk.store, desk.now + HOUR)
    appeal(desk.store, desk.ada, case, LONG, desk.now + HOUR)
    allow(
        desk.store,
        desk.ben,
        queue(desk.store, desk.ben, View(), desk.now).rows[0].account,
        LONG,
        desk.now,
    )
    made = write_backup(desk.store, tmp_path / "kept", desk.now)
    assert made.digest == digest_of(desk.store)
    place = (
        request.getfixturevalue("postgres_schema")
        if target == "postgresql"
        else tmp_path / "again"
    )
    keys = desk.store.folder.with_name("cases.keys")
    # The key of the audit log is kept apart as the others are, and is put back by hand.
    shutil.copy(ledger.key_path(desk.store), tmp_path / "again.log.key")
    back = restore(tmp_path / "kept", place, keys=keys, folder=tmp_path / "again")
    assert digest_of(back) == made.digest
    passage = case_view(back, desk.ada, case, desk.now).passages[0].code
    assert reveal(back, desk.ada, passage, "to decide", desk.now).startswith("and ")
    assert fault_of(lambda: restore(tmp_path / "kept", place, keys=keys, folder=tmp_path)) == (
        "cases-there"
    )
    back.close()


def test_a_backup_made_while_others_write_is_one_state(desk, tmp_path) -> None:
    from threading import Event, Thread

    ended, claimed = (
        Event(),
        [r.code for r in queue(desk.store, desk.cleo, View(), desk.now).rows],
    )

    def work() -> None:
        n = 0
        while not ended.is_set():
            case = claimed[n % len(claimed)]
            claims.claim(desk.store, desk.ada, case, desk.now + n)
            claims.release(desk.store, desk.ada, case, desk.now + n)
            n += 1

    thread = Thread(target=work)
    thread.start()
    made = write_backup(desk.store, tmp_path / "kept", desk.now)
    ended.set()
    thread.join()
    back = restore(
        tmp_path / "kept", tmp_path / "again", keys=desk.store.folder.with_name("cases.keys")
    )
    assert digest_of(back) == made.digest
    with back.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    back.close()


@pytest.mark.parametrize("harm", ["cut", "text", "empty"])
def test_a_damaged_backup_restores_nothing(desk, tmp_path, harm) -> None:
    path = tmp_path / "kept"
    write_backup(desk.store, path, desk.now)
    held = path.read_bytes()
    path.write_bytes({"cut": held[: len(held) // 2], "text": b"no archive", "empty": b""}[harm])
    keys = desk.store.folder.with_name("cases.keys")
    code = fault_of(lambda: restore(path, tmp_path / "again", keys=keys))
    assert code == "backup-unreadable"
    assert not (tmp_path / "again" / "cases.sqlite").exists()


def test_a_backup_with_one_changed_byte_is_refused_or_the_same_store(desk, tmp_path) -> None:
    path = tmp_path / "kept"
    digest = write_backup(desk.store, path, desk.now).digest
    held = path.read_bytes()
    keys = desk.store.folder.with_name("cases.keys")
    refused = []
    for n in range(24):
        bent = bytearray(held)
        bent[len(held) * n // 24] ^= 1 << n % 8
        path.write_bytes(bytes(bent))
        place = tmp_path / f"again{n}"
        try:
            back = restore(path, place, keys=keys)
        except UndertowError as fault:
            refused.append((fault.code, (place / "cases.sqlite").exists()))
        else:
            # Dates and rights in the archive's directory are nobody's concern.
            assert digest_of(back) == digest
            back.close()
    assert set(refused) <= {("backup-unreadable", False), ("backup-newer", False)}
    assert len(refused) >= 20


def test_the_allow_list_is_the_approver_s_and_its_entries_end(desk) -> None:
    account = queue(desk.store, desk.ada, View(), desk.now).rows[0].account
    assert (
        fault_of(lambda: allow(desk.store, desk.ada, account, LONG, desk.now)) == "role-refused"
    )
    assert (
        fault_of(lambda: allow(desk.store, desk.ben, account, "short", desk.now))
        == "allow-reason"
    )
    assert (
        fault_of(lambda: allow(desk.store, desk.ben, account, LONG, desk.now, days=91))
        == "allow-days"
    )
    assert (
        fault_of(lambda: allow(desk.store, desk.ben, "a:0", LONG, desk.now))
        == "subject-unknown"
    )
    allow(desk.store, desk.ben, account, LONG, desk.now)
    allow(desk.store, desk.ben, account, LONG, desk.now, days=10)
    (entry,) = entries(desk.store, desk.ben, desk.now)
    assert (entry.owner, entry.reason, entry.until) == (
        desk.ben.reviewer,
        LONG,
        desk.now + 10 * DAY,
    )
    assert entries(desk.store, desk.cleo, desk.now)[0].reason is None
    assert entries(desk.store, desk.ben, desk.now + 10 * DAY) == []
    disallow(desk.store, desk.ben, account, desk.now)
    assert entries(desk.store, desk.ben, desk.now) == []
    assert (
        fault_of(lambda: disallow(desk.store, desk.ben, account, desk.now)) == "subject-unknown"
    )

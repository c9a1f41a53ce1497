"""Exports from a store: who may, what is never in them, and that each is written down before it leaves."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator

import jsonschema
import pytest
from decided import all_cases, decide, open_case, see_all
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import maker, with_passage
from sqlalchemy import func, select, update

from undertow.cases import exposed, ledger
from undertow.cases.tables import case_targets, cases, exposures, passages, subjects
from undertow.cases.vault import context
from undertow.errors import UndertowError
from undertow.outward import exporting, gather, statement
from undertow.outward.exporting import KINDS, Asked, export, export_aggregates
from undertow.outward.record import Maker

WHY = "the body that asked acts on it"
NATIVE = re.compile(
    rb"\bsim:|\b(r\d\d|t\d\d[abc]|ev\d{4}|ada|ben|the and of in that|der und in von zu)\b",
    re.IGNORECASE,
)
"""Accounts, targets, events and people of the small world, and how its texts begin."""


def parts(body: bytes) -> Iterator[bytes]:
    if not body.startswith(b"PK"):
        yield body
        return
    packed = zipfile.ZipFile(io.BytesIO(body))
    yield from (packed.read(name) for name in packed.namelist())


def leaves(desk, kind: str) -> list[dict]:
    with desk.store.reading() as connection:
        found = ledger.leaves_about(connection, desk.store, None, 1000)
    return [leaf for leaf in found if leaf["kind"] == kind]


def looks(desk) -> int:
    with desk.store.reading() as connection:
        return connection.execute(select(func.count()).select_from(exposures)).scalar_one()


@pytest.mark.parametrize("kind", KINDS)
def test_no_export_of_any_case_holds_an_id_a_name_or_a_text(desk, kind: str) -> None:
    see_all(desk.store)
    listed = all_cases(desk.store)
    assert len(listed) == 12
    for case in listed:
        decide(desk, case)
        for body in parts(export(desk.store, desk.ada, case, Asked(kind), desk.now).body):
            assert NATIVE.search(body) is None
            assert b"SIMULATED" in body


@pytest.mark.parametrize("kind", ["stix", "misp", "statement"])
def test_what_other_bodies_get_names_no_target_not_even_by_code(desk, kind: str) -> None:
    case = open_case(desk)
    decide(desk, case)
    with desk.store.reading() as connection:
        asked = select(case_targets.c.target).where(case_targets.c.case == case)
        codes = connection.execute(asked).scalars().all()
    made = export(desk.store, desk.ada, case, Asked(kind), desk.now)
    assert codes
    for body in parts(made.body):
        assert not [code for code in codes if code.encode() in body]


def test_an_export_is_in_the_log_with_its_hash_its_maker_and_what_was_left_out(desk) -> None:
    case = open_case(desk)
    made = export(desk.store, desk.ada, case, Asked("bundle"), desk.now)
    (leaf,) = leaves(desk, "export")
    assert leaf["facts"]["sha256"] == made.sha256 == hashlib.sha256(made.body).hexdigest()
    assert leaf["facts"]["reviewer"] == desk.ada.reviewer
    assert leaf["facts"]["case"] == case
    assert leaf["facts"]["filters"] == Maker("r", 0).filters


def test_what_cannot_be_written_down_does_not_leave(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise ledger.unwritable()

    monkeypatch.setattr(exporting.ledger, "record", refuse)
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, open_case(desk), Asked("json"), desk.now)
    assert fault.value.code == "audit-unwritable"


def test_whoever_is_to_judge_first_gets_no_export_with_the_score_in_it(desk) -> None:
    case = open_case(desk)
    with desk.store.writing() as connection:
        connection.execute(update(cases).where(cases.c.case == case).values(blind=True))
        ledger.record(connection, desk.store, "test", {})
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, case, Asked("json"), desk.now)
    assert fault.value.code == "export-blind"


def test_an_admin_exports_nothing_and_an_auditor_codes_alone(desk) -> None:
    case = open_case(desk)
    decide(desk, case)
    assert export(desk.store, desk.cleo, case, Asked("bundle"), desk.now).body
    for who, asked in (
        (desk.dora, Asked("json")),
        (desk.cleo, Asked("json", text_reason=WHY)),
        (desk.cleo, Asked("stix", native_reason=WHY)),
    ):
        with pytest.raises(UndertowError) as fault:
            export(desk.store, who, case, asked, desk.now)
        assert fault.value.code == "role-refused"


@pytest.mark.parametrize("kind", ["stix", "misp", "statement"])
def test_what_other_bodies_get_is_made_only_after_two_people_decided(desk, kind: str) -> None:
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, open_case(desk), Asked(kind), desk.now)
    assert fault.value.code == "export-undecided"


def test_the_own_id_takes_a_decision_and_a_reason_and_counts_as_a_look(desk) -> None:
    case = open_case(desk)
    for asked, code in (
        (Asked("json", native_reason="short"), "export-reason"),
        (Asked("json", native_reason=WHY), "export-undecided"),
    ):
        with pytest.raises(UndertowError) as fault:
            export(desk.store, desk.ada, case, asked, desk.now)
        assert fault.value.code == code
    assert looks(desk) == 0
    decide(desk, case)
    made = export(desk.store, desk.ada, case, Asked("json", native_reason=WHY), desk.now)
    told = json.loads(made.body)
    assert told["case"]["account_id"].startswith("sim:r")
    assert told["made"]["reason_for_account_id"] == WHY
    assert looks(desk) == 1
    assert leaves(desk, "export")[-1]["facts"]["filters"]["account_as"] == "own-id"
    assert WHY not in json.dumps(leaves(desk, "export"))


def test_passages_come_along_only_with_a_reason_and_each_is_a_look(desk) -> None:
    case = open_case(desk)
    with desk.store.reading() as connection:
        asked = select(func.count()).where(passages.c.case == case)
        many = connection.execute(asked).scalar_one()
    made = export(desk.store, desk.ada, case, Asked("json", text_reason=WHY), desk.now)
    told = json.loads(made.body)
    assert len(told["passages"]) == many > 0
    assert looks(desk) == many


def test_passages_beyond_what_may_be_read_at_once_are_refused_before_the_first_is_opened(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposed, "MOST", 1)
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, open_case(desk), Asked("json", text_reason=WHY), desk.now)
    assert fault.value.code == "reveal-limit"
    assert looks(desk) == 0


@pytest.mark.parametrize("kind", ["stix", "misp", "statement"])
def test_forms_that_go_to_others_never_hold_text(desk, kind: str) -> None:
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, open_case(desk), Asked(kind, text_reason=WHY), desk.now)
    assert fault.value.code == "export-text"
    assert looks(desk) == 0


def name_a_target(desk, case: str, native: str) -> str:
    """Let the store know the native id of one target of the case, and put it into a passage."""
    with desk.store.writing() as connection:
        asked = select(case_targets.c.target).where(case_targets.c.case == case).limit(1)
        code = connection.execute(asked).scalar_one()
        sealed = desk.store.vault.seal(code, context("subjects", code, "sealed_id"), native)
        connection.execute(
            update(subjects).where(subjects.c.code == code).values(sealed_id=sealed)
        )
        ledger.record(connection, desk.store, "test", {})
    return code


def test_a_target_named_in_a_text_stands_there_as_a_mark(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case(desk)
    name_a_target(desk, case, "sim:maria_k")
    monkeypatch.setattr(
        gather.reading, "reveal", lambda *args: "dear maria_k, and sim:maria_k too"
    )
    made = export(desk.store, desk.ada, case, Asked("json", text_reason=WHY), desk.now)
    assert b"maria_k" not in made.body
    assert json.loads(made.body)["passages"][0]["text"] == "dear [target], and [target] too"


def test_bytes_that_would_name_a_target_all_the_same_do_not_leave(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case(desk)
    name_a_target(desk, case, "sim:maria_k")
    monkeypatch.setattr(gather.reading, "reveal", lambda *args: "dear maria_k")
    monkeypatch.setattr(exporting, "_cleaned", lambda record, natives: record)
    before = len(leaves(desk, "export"))
    with pytest.raises(UndertowError) as fault:
        export(desk.store, desk.ada, case, Asked("bundle", text_reason=WHY), desk.now)
    assert fault.value.code == "export-names-target"
    assert "maria" not in str(fault.value)
    assert len(leaves(desk, "export")) == before


def test_the_statement_comes_in_four_languages_with_valid_fields(desk) -> None:
    case = open_case(desk)
    decide(desk, case, "suspend")
    asked = Asked("statement", language="fr", terms=statement.Terms(clause="Tromperie"))
    packed = zipfile.ZipFile(
        io.BytesIO(export(desk.store, desk.ben, case, asked, desk.now).body)
    )
    assert {f"statement.{one}.txt" for one in statement.LANGUAGES} < set(packed.namelist())
    fields = json.loads(packed.read("statement.json"))
    jsonschema.Draft202012Validator(statement.schema()).validate(fields)
    assert "Tromperie" in fields["incompatible_content_ground"]


def test_counts_leave_only_of_five_accounts_and_only_of_months_that_are_over(desk) -> None:
    see_all(desk.store)
    for case in all_cases(desk.store):
        decide(desk, case, told=False)
    now = export_aggregates(desk.store, desk.ada, desk.now, "json")
    assert json.loads(now.body)["blocks"] == []
    later = export_aggregates(desk.store, desk.ada, desk.now + 40 * 86_400_000_000, "json")
    (block,) = json.loads(later.body)["blocks"]
    assert (block["cases"], block["outcome"], block["since"]) == (12, "limit", "2026-06")
    assert later.name == "SIMULATED-decided-cases.json"
    assert leaves(desk, "export")[-1]["facts"]["sha256"] == later.sha256
    assert b"SIMULATED" in export_aggregates(desk.store, desk.ada, desk.now).body


def test_counts_that_were_given_stay_the_same_when_their_cases_are_gone(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    see_all(desk.store)
    for case in all_cases(desk.store):
        decide(desk, case, told=False)
    later = desk.now + 40 * 86_400_000_000
    first = export_aggregates(desk.store, desk.ada, later)
    monkeypatch.setattr(exporting, "decided_cases", lambda store: [])
    assert export_aggregates(desk.store, desk.ada, later).sha256 == first.sha256


def refused(searched: tuple[bytes, ...], native: str) -> bool:
    """Say whether bytes are kept back for holding an id."""
    try:
        exporting.hold_no_target(searched, (native,))
    except UndertowError:
        return True
    return False


@settings(max_examples=200, deadline=None)
@given(
    native=st.text(min_size=4, max_size=12).filter(lambda text: text.strip() == text),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
    kind=st.sampled_from(["html", "json", "csv", "bundle"]),
)
def test_a_target_s_id_in_any_text_is_taken_out_or_stops_the_export(
    native: str, before: str, after: str, kind: str
) -> None:
    whole = f"forum:{native}"
    text = f"{before} {whole} {after} {native}"
    clean = exporting._cleaned(with_passage(text), (whole,))
    *_, searched = exporting.build(clean, maker(text_reason=WHY), Asked(kind))
    if refused(searched, whole):
        return
    held = clean.passages[0].text
    assert not re.search(rf"(?<!\w){re.escape(native)}(?!\w)", held)


@pytest.mark.parametrize(
    "native", ["o'neil", 'the "one"', "<b>maria", "a&b maria", "ma\u202eria"]
)
@pytest.mark.parametrize("kind", ["html", "json", "csv"])
def test_a_target_s_id_is_found_however_a_file_writes_it(native: str, kind: str) -> None:
    *_, searched = exporting.build(
        with_passage(f"dear {native}, and"), maker(text_reason=WHY), Asked(kind)
    )
    with pytest.raises(UndertowError) as fault:
        exporting.hold_no_target(searched, (f"forum:{native}",))
    assert fault.value.code == "export-names-target"


def test_a_short_number_is_searched_for_with_its_platform_only() -> None:
    assert not refused((b'{"bytes": 2026}',), "forum:2026")
    assert refused((b"dear forum:2026",), "forum:2026")
    assert refused((b"dear 20261234",), "forum:20261234")

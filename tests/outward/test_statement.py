"""The draft of a statement of reasons: complete, valid, in four languages, and nobody is in it."""

from __future__ import annotations

import json
from datetime import date

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import DAY, NOW, START, dossier, measure, record, simulated

from undertow.cases import dossier as d
from undertow.cases.policy import RESTRICTIVE
from undertow.errors import UndertowError
from undertow.outward import statement
from undertow.outward.statement import EEA, LANGUAGES, Terms, draft, schema, words


def checked(fields: dict[str, object]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(fields)


@settings(max_examples=60, deadline=None)
@given(
    outcome=st.sampled_from(RESTRICTIVE),
    language=st.sampled_from(LANGUAGES),
    law=st.none() | st.text(min_size=1, max_size=3000),
    clause=st.none() | st.text(min_size=1, max_size=3000),
    places=st.lists(st.sampled_from(EEA), min_size=1, unique=True),
    until=st.none() | st.dates(date(2026, 3, 1), date(2030, 1, 1)),
    steps=st.lists(st.text(min_size=1, max_size=900), max_size=12),
    made=st.booleans(),
)
def test_any_restrictive_decision_makes_a_complete_and_valid_statement(
    outcome, language, law, clause, places, until, steps, made
) -> None:
    lines = tuple(d.EvidenceLine(step, "taken", 2, 3, 1.0) for step in steps)
    case = record(
        dossier=dossier(lines=lines), measures=(measure(outcome=outcome),), simulated=made
    )
    terms = Terms(law=law, clause=clause, territory=tuple(places), until=until)
    got = draft(case, NOW, language, terms)
    checked(got.fields)
    said = words(language)
    for heading in said.headings.values():
        assert f"\n{heading}\n" in got.text
    for sentence in (said.measures[outcome], said.detection, said.decision, said.settlement):
        assert sentence in got.text
    assert said.court in got.text
    assert ("SIMULATED" in got.text) == made
    assert ("SIMULATED" in got.fields["decision_facts"]) == made


@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_target_nor_reporter_nor_count_nor_day_of_a_contact_is_in_it(language) -> None:
    lines = (*dossier().lines, d.EvidenceLine("report", "report", 17, 17, 3.0))
    got = draft(record(dossier=dossier(lines=lines)), NOW, language)
    whole = got.text + json.dumps(got.fields, ensure_ascii=False)
    for word in ("t:target", "a:recruiter", "r:ada", "r:ben", "native-event", "17"):
        assert word not in whole
    assert got.fields["content_date"].endswith("-01")
    assert "source_identity" not in got.fields


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_that_means_were_automated_and_that_people_decided(language) -> None:
    got = draft(record(), NOW, language)
    assert got.fields["automated_detection"] == "Yes"
    assert got.fields["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert words(language).decision in got.text


def test_the_languages_hold_the_same_sentences_with_the_same_gaps() -> None:
    import re

    def gaps(value) -> object:
        if isinstance(value, dict):
            return {key: gaps(inner) for key, inner in value.items()}
        return sorted(re.findall(r"{(\w+)}", value))

    import msgspec

    known = [msgspec.to_builtins(words(language)) for language in LANGUAGES]
    shapes = [gaps({key: one[key] for key in one if key != "direction"}) for one in known]
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize(
    ("outcome", "field", "value"),
    [
        ("limit", "decision_provision", "DECISION_PROVISION_PARTIAL_SUSPENSION"),
        ("suspend", "decision_account", "DECISION_ACCOUNT_SUSPENDED"),
        ("remove", "decision_account", "DECISION_ACCOUNT_TERMINATED"),
        ("warn", "decision_visibility", ["DECISION_VISIBILITY_OTHER"]),
    ],
)
def test_the_measure_is_named_as_the_database_names_it(outcome, field, value) -> None:
    assert draft(record(measures=(measure(outcome=outcome),)), NOW).fields[field] == value


def test_reports_by_people_change_the_source_without_naming_anybody() -> None:
    assert draft(record(), NOW).fields["source_type"] == "SOURCE_VOLUNTARY"
    lines = (*dossier().lines, d.EvidenceLine("report", "report", 1, 1, 3.0))
    got = draft(record(dossier=dossier(lines=lines)), NOW)
    assert got.fields["source_type"] == "SOURCE_TYPE_OTHER_NOTIFICATION"


def test_the_reference_is_the_same_every_time_and_says_nothing_of_the_account() -> None:
    first, second = (draft(record(), NOW + i).fields["puid"] for i in (0, 5))
    assert first == second
    assert "recruiter" not in first


@pytest.mark.parametrize(
    "measures",
    [
        (),
        (measure(effective_at=NOW + 1),),
        (measure(undone_at=START),),
        (measure(lifted_at=NOW - DAY),),
    ],
    ids=["none", "not yet in effect", "undone", "overturned"],
)
def test_without_a_restrictive_decision_in_effect_there_is_no_statement(measures) -> None:
    with pytest.raises(UndertowError) as fault:
        draft(record(measures=measures), NOW)
    assert fault.value.code == "export-undecided"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (Terms(territory=()), "statement-territory"),
        (Terms(territory=("US",)), "statement-territory"),
        (Terms(category="STATEMENT_CATEGORY_RUDE"), "statement-category"),
        (Terms(reference="http://terms.example"), "statement-reference"),
    ],
)
def test_what_the_database_would_refuse_is_refused_here(terms: Terms, code: str) -> None:
    with pytest.raises(UndertowError) as fault:
        draft(record(), NOW, terms=terms)
    assert fault.value.code == code


def test_another_language_is_one_clear_error() -> None:
    with pytest.raises(UndertowError) as fault:
        draft(record(), NOW, "xx")
    assert fault.value.code == "statement-language"


def test_a_simulated_case_is_marked_in_every_language() -> None:
    for language in LANGUAGES:
        assert draft(simulated(), NOW, language).text.startswith("SIMULATED")


def test_the_whole_union_is_named_as_such() -> None:
    assert "all countries of the European Union" in draft(record(), NOW).text
    assert "DE, FR" in draft(record(), NOW, terms=Terms(territory=("DE", "FR"))).text
    assert statement.EU[0] == "AT"

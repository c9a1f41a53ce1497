"""STIX 2.1: other people's library takes the bundle, and it says no more than was decided."""

from __future__ import annotations

import json

import pytest
import stix2
from made_up import NOW, maker, measure, record, simulated

from undertow.errors import UndertowError
from undertow.outward import stix

NATIVE = {"native": "forum:4711"}
ASKED = {"native_reason": "the receiving body acts on the account"}


def parsed(made: dict[str, object]) -> stix2.Bundle:
    return stix2.parse(json.dumps(made), allow_custom=False, version="2.1")


def kinds(made: dict[str, object]) -> list[str]:
    return sorted(one["type"] for one in parsed(made).objects)


def test_the_library_takes_the_bundle_without_any_custom_property() -> None:
    made = stix.build(record(), maker())
    assert parsed(made).type == "bundle"
    assert kinds(made) == [
        *("attack-pattern", "grouping", "identity", "identity", "incident"),
        *("marking-definition", "opinion", "relationship", "relationship"),
    ]


@pytest.mark.parametrize("tlp", stix.TLP)
def test_every_object_is_marked_and_the_marking_is_the_one_of_the_standard(tlp: str) -> None:
    bundle = parsed(stix.build(record(), maker(), tlp=tlp))
    marking = next(one for one in bundle.objects if one.type == "marking-definition")
    assert marking.id == getattr(stix2, f"TLP_{tlp.upper()}").id
    rest = [one for one in bundle.objects if one.type != "marking-definition"]
    assert all(one.object_marking_refs == [marking.id] for one in rest)


def test_every_reference_leads_to_an_object_of_the_bundle() -> None:
    made = stix.build(record(**NATIVE), maker(**ASKED))
    ids = {one["id"] for one in made["objects"]}
    refs = set()
    for one in made["objects"]:
        for name, value in one.items():
            if name.endswith("_refs"):
                refs |= set(value)
            elif name.endswith("_ref"):
                refs.add(value)
    assert refs <= ids


def test_the_account_is_a_code_unless_its_id_was_asked_for_with_a_reason() -> None:
    assert "user-account" not in kinds(stix.build(record(**NATIVE), maker()))
    assert "4711" not in json.dumps(stix.build(record(**NATIVE), maker()))
    made = stix.build(record(**NATIVE), maker(**ASKED))
    assert {"user-account", "observed-data"} <= set(kinds(made))


def test_the_observable_has_the_id_that_everybody_makes_of_it() -> None:
    made = stix.observable("forum:4711", "forum", stix.TLP["amber"])
    assert made["id"] == stix2.v21.UserAccount(account_type="forum", user_id="4711").id


def test_no_target_is_in_it_not_even_as_a_code() -> None:
    text = json.dumps(stix.build(record(**NATIVE), maker(**ASKED)))
    assert "t:target" not in text


def test_two_people_stand_as_authors_by_their_codes() -> None:
    opinion = next(
        one for one in stix.build(record(), maker())["objects"] if one["type"] == "opinion"
    )
    assert opinion["authors"] == ["r:ada", "r:ben"]


def test_sending_twice_gives_the_same_objects() -> None:
    first, second = (stix.build(record(), maker(at=NOW + i)) for i in range(2))
    assert first["objects"] == second["objects"]
    assert first["id"] != second["id"]


def test_a_simulated_case_says_so_in_names_and_labels() -> None:
    made = stix.build(simulated(), maker())
    incident = next(one for one in made["objects"] if one["type"] == "incident")
    assert incident["name"].startswith("SIMULATED")
    assert incident["labels"] == ["simulated"]
    parsed(made)


@pytest.mark.parametrize(
    "measures",
    [
        (),
        (measure(effective_at=NOW + 1),),
        (measure(undone_at=NOW - 5),),
        (measure(lifted_at=NOW - 5),),
    ],
    ids=["none", "not yet", "undone", "lifted"],
)
def test_nothing_is_made_of_a_case_on_which_no_decision_stands(measures: tuple) -> None:
    with pytest.raises(UndertowError) as fault:
        stix.build(record(measures=measures), maker())
    assert fault.value.code == "export-undecided"

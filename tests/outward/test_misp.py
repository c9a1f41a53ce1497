"""MISP: other people's library takes the event, and no machine is told to block by it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from made_up import maker, measure, record, simulated

from undertow.errors import UndertowError
from undertow.outward import misp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pymisp
    from pymisp import MISPEvent
    from pymisp.tools import GenericObjectGenerator

ASKED = {"native_reason": "the receiving body acts on the account"}


def loaded(made: dict[str, Any]) -> MISPEvent:
    event = MISPEvent(strict_validation=True)
    event.from_json(json.dumps(made))
    return event


def test_the_library_takes_the_event_and_gives_it_back_unchanged() -> None:
    made = misp.build(record(), maker())
    event = loaded(made)
    assert event.info == made["Event"]["info"]
    assert [one.value for one in event.attributes] == [
        one["value"] for one in made["Event"]["Attribute"]
    ]
    assert {tag.name for tag in event.tags} == {"tlp:amber", 'undertow:outcome="limit"'}
    json.loads(event.to_json())


def test_it_is_of_the_form_that_the_library_s_strict_schema_asks_for() -> None:
    schema = json.loads((Path(pymisp.__file__).parent / "data/schema.json").read_text("utf-8"))
    made = misp.build(record(native="forum:4711"), maker(**ASKED))
    held = made["Event"].pop("Object")  # the schema is older than objects
    jsonschema.validate(made, schema)
    for one in held:
        jsonschema.validate(
            {
                "Event": {
                    "Attribute": [
                        {k: v for k, v in attribute.items() if k != "object_relation"}
                        for attribute in one["Attribute"]
                    ]
                }
            },
            schema,
        )


def test_nothing_in_it_is_for_detection_and_it_is_not_published() -> None:
    event = loaded(misp.build(record(native="forum:4711"), maker(**ASKED)))
    assert not event.published
    held = [*event.attributes, *(a for o in event.objects for a in o.attributes)]
    assert not any(one.to_ids for one in held)
    assert str(event.distribution) == "0"


def test_the_account_is_a_code_unless_its_id_was_asked_for_with_a_reason() -> None:
    made = misp.build(record(native="forum:4711"), maker())
    assert "4711" not in json.dumps(made)
    event = loaded(misp.build(record(native="forum:4711"), maker(**ASKED)))
    (account,) = event.objects
    assert account.get_attributes_by_relation("user-id")[0].value == "4711"


def test_the_object_is_that_of_the_public_template() -> None:
    event = loaded(misp.build(record(native="forum:4711"), maker(**ASKED)))
    known = GenericObjectGenerator("user-account", strict=True)
    assert event.objects[0].template_uuid == known.template_uuid
    assert str(event.objects[0].template_version) == str(known.template_version)
    relations = {one.object_relation for one in event.objects[0].attributes}
    assert relations <= set(known._definition["attributes"])


def test_no_target_is_in_it_not_even_as_a_code() -> None:
    assert "t:target" not in json.dumps(misp.build(record(native="f:1"), maker(**ASKED)))


def test_a_simulated_case_says_so_in_every_line() -> None:
    made = misp.build(simulated(), maker())["Event"]
    assert made["info"].startswith("SIMULATED")
    assert all(one["value"].startswith("SIMULATED") for one in made["Attribute"])


def test_nothing_is_made_of_a_case_on_which_no_decision_stands() -> None:
    with pytest.raises(UndertowError) as fault:
        misp.build(record(measures=(measure(undone_at=1),)), maker())
    assert fault.value.code == "export-undecided"

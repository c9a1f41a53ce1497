"""A decided case as a STIX 2.1 bundle, for those who exchange findings in that form.

    attack-pattern   the playbook, its steps as phases of a kill chain
    incident         that two people decided this account did it
    identity         the account by its code; or a `user-account` seen in `observed-data`, with a reason
    opinion          that both people agree; their codes are its authors
    grouping         what belongs together, marked with TLP

Neither `threat-actor` nor `indicator` is used: a role is a position in a pattern, and one case is no rule
for machines to block by. Targets are not in it at all. Ids are made from codes, so sending twice
gives the same objects.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from undertow.outward.record import MARK, Maker, Measure, Record, decided, iso

SPACE: Final = uuid5(NAMESPACE_URL, "urn:undertow:outward:stix")
"""Ours; random ids would make every sending a new object."""
OBSERVABLES: Final = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""STIX 2.1, section 2.9: the name space for ids of observables."""
TLP: Final = {
    "white": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
"""STIX 2.1, section 7.2.1.4: their ids and their time are fixed."""
_TLP_MADE: Final = "2017-01-20T00:00:00.000Z"


def build(
    record: Record, maker: Maker, *, tlp: str = "amber", operator: str | None = None
) -> dict[str, Any]:
    """Make the bundle of the latest restrictive decision that stands.

    Args:
        record: the case; its `native` id is used only together with the maker's reason.
        maker: who makes the export.
        tlp: `white`, `green`, `amber` or `red`.
        operator: name of the platform or body that sends it.

    Raises:
        UndertowError: `export-undecided`.
    """
    measure = decided(record, maker.at)
    made = _Made(record, maker, measure, tlp)
    author = made.object(
        "identity",
        "operator",
        name=operator or "operator of an Undertow review desk",
        identity_class="organization",
    )
    made.author = author["id"]
    pattern = _pattern(made)
    subject = _subject(made)
    incident = made.object(
        "incident",
        measure.measure,
        name=made.named(f"Decision on {record.dossier.account}: {measure.outcome}"),
        description=(
            f"Two people decided `{measure.outcome}` under clause {measure.clause or 'not named'}; in effect since "
            f"{iso(measure.effective_at)}. Dossier {record.hash}. A role is a position in a pattern, not a verdict."
        ),
    )
    opinion = made.object(
        "opinion",
        f"opinion {measure.measure}",
        opinion="agree",
        explanation="One person proposed the decision and another approved it, bound to the same dossier.",
        authors=[measure.proposed_by, measure.approved_by],
        object_refs=[incident["id"]],
    )
    objects = [author, pattern, *subject, incident, opinion]
    objects += [
        made.related(incident, pattern["id"]),
        made.related(incident, subject[-1]["id"]),
    ]
    grouping = made.object(
        "grouping",
        f"grouping {measure.measure}",
        name=made.named(f"Case {record.case}"),
        context="suspicious-activity",
        object_refs=[one["id"] for one in objects if one["id"] != author["id"]],
    )
    name = f"bundle {record.case} {record.hash} {maker.at}"
    return {
        "type": "bundle",
        "id": f"bundle--{uuid5(SPACE, name)}",
        "objects": [made.marking(), *objects, grouping],
    }


class _Made:
    """Makes objects that share author, marking, times and labels."""

    def __init__(self, record: Record, maker: Maker, measure: Measure, tlp: str) -> None:
        if tlp not in TLP:
            raise ValueError("`tlp` is white, green, amber or red")
        self.record = record
        self.maker = maker
        self.measure = measure
        self.tlp = tlp
        self.author: str | None = None

    def marking(self) -> dict[str, Any]:
        """Give the marking itself, so that the bundle can be read alone."""
        return {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": TLP[self.tlp],
            "created": _TLP_MADE,
            "definition_type": "tlp",
            "name": f"TLP:{self.tlp.upper()}",
            "definition": {"tlp": self.tlp},
        }

    def named(self, text: str) -> str:
        """Mark a name where the world is simulated."""
        return f"{MARK}: {text}" if self.record.is_simulated else text

    def object(self, kind: str, key: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever STIX holds
        """Make one domain object; `key` names it within its kind."""
        at = _stamp(self.measure.effective_at)
        made: dict[str, Any] = {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{uuid5(SPACE, f'{kind} {key}')}",
            "created": at,
            "modified": at,
            "object_marking_refs": [TLP[self.tlp]],
            **values,
        }
        if self.author is not None:
            made["created_by_ref"] = self.author
        if self.record.is_simulated:
            made["labels"] = [MARK.lower()]
        return made

    def related(self, source: dict[str, Any], target: str) -> dict[str, Any]:
        """Relate two objects."""
        key = f"{source['id']} {target}"
        return self.object(
            "relationship",
            key,
            relationship_type="related-to",
            source_ref=source["id"],
            target_ref=target,
        )


def _pattern(made: _Made) -> dict[str, Any]:
    card = made.record.dossier.playbook
    chain = "undertow-" + (_slug(card.name) or "playbook")
    values: dict[str, Any] = {
        "name": card.title or card.name,
        "description": f"Playbook {card.name}, version {card.version}. The same shape is also made by: "
        f"{', '.join(card.falsepositives) or 'not stated'}.",
        "kill_chain_phases": [
            {"kill_chain_name": chain, "phase_name": _slug(step.name) or "step"}
            for step in card.steps
        ],
    }
    if not values["kill_chain_phases"]:
        del values["kill_chain_phases"]
    if card.source:
        values["external_references"] = [
            {"source_name": "playbook", "description": card.source}
        ]
    return made.object("attack-pattern", f"{card.name} {card.version}", **values)


def _subject(made: _Made) -> list[dict[str, Any]]:
    """Give the account: an identity that is a code alone, or the observed account where a reason was given."""
    record = made.record
    if record.native is None or made.maker.native_reason is None:
        return [
            made.object(
                "identity",
                record.dossier.account,
                name=made.named(record.dossier.account),
                identity_class="unknown",
                description=f"An account by its code, in the role `{record.dossier.role}`.",
            )
        ]
    account = observable(record.native, record.dossier.platform, TLP[made.tlp])
    times = [taken.at for funnel in record.dossier.funnels for taken in funnel.steps]
    first, last = (min(times), max(times)) if times else (record.opened_at, record.updated_at)
    seen = made.object(
        "observed-data",
        made.measure.measure,
        first_observed=_stamp(first),
        last_observed=_stamp(max(last, first)),
        number_observed=min(max(len(times), 1), 999_999_999),
        object_refs=[account["id"]],
    )
    return [account, seen]


def observable(native: str, platform: str, marking: str) -> dict[str, Any]:
    """Make the `user-account` of an id of ours, `platform:native-id`.

    Its own id follows STIX 2.1, section 2.9: made from type and user id, so that everybody makes the same.
    """
    named = {
        "account_type": _slug(platform) or "unknown",
        "user_id": native.partition(":")[2] or native,
    }
    text = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "type": "user-account",
        "spec_version": "2.1",
        "id": f"user-account--{uuid5(OBSERVABLES, text)}",
        "object_marking_refs": [marking],
        **named,
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _stamp(micros: int) -> str:
    text = iso(micros) or ""
    return f"{text[:-1]}.{micros // 1000 % 1000:03d}Z"

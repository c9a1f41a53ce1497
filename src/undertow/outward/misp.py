"""A decided case as a MISP event, for bodies that share through MISP.

The account stands as a code in a comment; as an object `user-account` only with a reason. Nothing is
marked for detection (`to_ids` false): one case is no rule for machines to block by. It is not
published and stays within the own organisation until a person there decides otherwise.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from undertow.outward.record import MARK, Maker, Record, decided, iso

SPACE: Final = uuid5(NAMESPACE_URL, "urn:undertow:outward:misp")
TEMPLATE: Final = ("49606b06-22f0-4ac8-8eee-2f12ad46f3d3", "6")
"""Identity and version of the public template `user-account`."""
TLP: Final = ("clear", "green", "amber", "red")


def build(record: Record, maker: Maker, *, tlp: str = "amber") -> dict[str, Any]:
    """Make the event of the latest restrictive decision that stands.

    Raises:
        UndertowError: `export-undecided`.
    """
    if tlp not in TLP:
        raise ValueError("`tlp` is clear, green, amber or red")
    measure = decided(record, maker.at)
    dossier = record.dossier
    mark = f"{MARK}: " if record.is_simulated else ""
    stamp = str(measure.effective_at // 1_000_000)
    lines = (
        (
            "account",
            f"account {dossier.account} in the role {dossier.role}: a position in a pattern, not a verdict",
        ),
        ("playbook", f"playbook {dossier.playbook.name}, version {dossier.playbook.version}"),
        (
            "decision",
            f"{measure.outcome} under clause {measure.clause or 'not named'}, decided by two people",
        ),
        ("people", f"proposed by {measure.proposed_by}, approved by {measure.approved_by}"),
        ("dossier", f"dossier {record.hash}, revision {record.revision}"),
    )
    tags = [f"tlp:{tlp}", f'undertow:outcome="{measure.outcome}"']
    if record.is_simulated:
        tags.append(MARK.lower())
    event: dict[str, Any] = {
        "uuid": str(uuid5(SPACE, f"event {measure.measure}")),
        "info": f"{mark}Decision on case {record.case}: {measure.outcome}",
        "date": (iso(measure.effective_at) or "")[:10],
        "timestamp": stamp,
        "analysis": "2",
        "threat_level_id": "4",
        "distribution": "0",
        "published": False,
        "Tag": [{"name": name} for name in tags],
        "Attribute": [
            _attribute(measure.measure, key, "comment", mark + value, stamp)
            for key, value in lines
        ],
    }
    if account := _account(record, maker, measure.measure, stamp):
        event["Object"] = account
    return {"Event": event}


def _attribute(measure: str, key: str, kind: str, value: str, stamp: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid5(SPACE, f"attribute {measure} {key}")),
        "type": kind,
        "category": "Other",
        "value": value,
        "to_ids": False,
        "disable_correlation": True,
        "distribution": "5",
        "timestamp": stamp,
    }


def _account(record: Record, maker: Maker, measure: str, stamp: str) -> list[dict[str, Any]]:
    """Give the object of the account, where its own id was asked for with a reason."""
    if record.native is None or maker.native_reason is None:
        return []
    template, version = TEMPLATE
    native = record.native.partition(":")[2] or record.native
    held = (("user-id", native), ("account-type", record.dossier.platform))
    return [
        {
            "uuid": str(uuid5(SPACE, f"object {measure}")),
            "name": "user-account",
            "meta-category": "misc",
            "template_uuid": template,
            "template_version": version,
            "distribution": "5",
            "timestamp": stamp,
            "Attribute": [
                {
                    **_attribute(measure, f"object {relation}", "text", value, stamp),
                    "object_relation": relation,
                    # Two events about one account are meant to be found together; two of one platform are not.
                    "disable_correlation": relation != "user-id",
                }
                for relation, value in held
            ],
        }
    ]

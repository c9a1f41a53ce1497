"""A case as plain values: what `case.json` holds and the tables that stand beside it as CSV.

Events stand by their place in the case (`e1`, `e2`, …): an id of the importer's may hold an account.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from undertow.cases.dossier import EvidenceLine
from undertow.outward.record import MARK, Maker, Record, iso
from undertow.outward.tabular import Cell, table

FORM: Final = 1
SAYS: Final = (
    "A role is a position in a pattern, not a verdict. Targets are people to help; they stand here as codes, "
    "and so do the people who decided."
)


def events(record: Record) -> dict[str, str]:
    """Number the cited events in order of time: id to place, `e1` first."""
    seen = {
        (taken.at, taken.event) for funnel in record.dossier.funnels for taken in funnel.steps
    }
    return {event: f"e{place}" for place, (_, event) in enumerate(sorted(seen), start=1)}


def as_values(record: Record, maker: Maker) -> dict[str, Any]:
    """Give the whole case as values that JSON can hold.

    Args:
        record: the case.
        maker: who makes the export; what was asked for with a reason is said in it.
    """
    return {
        "form": FORM,
        "data": MARK if record.is_simulated else "as held by the operator",
        "says": SAYS,
        "made": _made(maker),
        "case": _case(record),
        "dossier": _dossier(record),
        "targets": [
            {"target": one.target, "step": one.step, "help": one.help} for one in record.targets
        ],
        "acts": [_act(one) for one in record.acts],
        "measures": [
            {
                **msgspec.to_builtins(one),
                "approved_at": iso(one.approved_at),
                "effective_at": iso(one.effective_at),
                "undone_at": iso(one.undone_at),
                "lifted_at": iso(one.lifted_at),
            }
            for one in record.measures
        ],
        "passages": [
            {**msgspec.to_builtins(one), "at": iso(one.at)} for one in record.passages
        ],
    }


def _made(maker: Maker) -> dict[str, Any]:
    return {
        "at": iso(maker.at),
        "exporter": maker.exporter,
        "undertow": maker.undertow,
        "filters": maker.filters,
        "reason_for_account_id": maker.native_reason,
        "reason_for_text": maker.text_reason,
    }


def _case(record: Record) -> dict[str, Any]:
    dossier = record.dossier
    return {
        "case": record.case,
        "account": dossier.account,
        "account_id": record.native,
        "role": dossier.role,
        "platform": dossier.platform,
        "playbook": dossier.playbook.name,
        "state": record.state,
        "revision": record.revision,
        "dossier": record.hash,
        "lang": record.lang,
        "opened_at": iso(record.opened_at),
        "updated_at": iso(record.updated_at),
        "keep_until": iso(record.keep_until),
    }


def _dossier(record: Record) -> dict[str, Any]:
    """Give the dossier with events by place and times as text."""
    places = events(record)
    values: dict[str, Any] = msgspec.to_builtins(record.dossier)
    for funnel in values["funnels"]:
        for taken in funnel["steps"]:
            taken["event"] = places[taken["event"]]
            taken["at"] = iso(taken["at"])
    values["run"]["at"] = iso(values["run"]["at"])
    return values


def _act(one: Any) -> dict[str, Any]:  # noqa: ANN401  # `Act`, as a mapping below
    values: dict[str, Any] = msgspec.to_builtins(one)
    values["at"] = iso(one.at)
    return values


def tables(record: Record) -> dict[str, bytes]:
    """Write the tables of a case as CSV: file name to bytes; every file, even an empty one, has its columns."""
    made: dict[str, tuple[list[str], list[list[Cell]]]] = {
        "evidence.csv": _evidence(record),
        "steps.csv": _steps(record),
        "targets.csv": (
            ["case", "target", "furthest_step", "help"],
            [[record.case, one.target, one.step, one.help] for one in record.targets],
        ),
        "acts.csv": (
            ["case", "act", "kind", "at", "by", "outcome", "clause", "answers", "reason"],
            [
                [
                    record.case,
                    a.act,
                    a.kind,
                    iso(a.at),
                    a.by,
                    a.outcome,
                    a.clause,
                    a.answers,
                    a.reason,
                ]
                for a in record.acts
            ],
        ),
        "measures.csv": _measures(record),
    }
    if record.passages:
        made["passages.csv"] = (
            ["case", "passage", "author", "target", "at", "text"],
            [
                [record.case, p.passage, p.author, p.target, iso(p.at), p.text]
                for p in record.passages
            ],
        )
    return {
        name: table(columns, rows, is_simulated=record.is_simulated)
        for name, (columns, rows) in made.items()
    }


def _evidence(record: Record) -> tuple[list[str], list[list[Cell]]]:
    columns = ["case", "step", "source", "count", "of", "bits", "necessary", "usual", "likely"]

    def row(line: EvidenceLine) -> list[Cell]:
        return [
            record.case,
            line.step,
            line.source,
            line.count,
            line.of,
            line.bits,
            line.necessary,
            None if line.usual is None else line.usual[0],
            None if line.likely is None else line.likely[0],
        ]

    return columns, [row(line) for line in (*record.dossier.lines, *record.dossier.silent)]


def _steps(record: Record) -> tuple[list[str], list[list[Cell]]]:
    places = events(record)
    rows: list[list[Cell]] = [
        [
            record.case,
            funnel.target,
            taken.step,
            iso(taken.at),
            taken.actor,
            places[taken.event],
        ]
        for funnel in record.dossier.funnels
        for taken in funnel.steps
    ]
    return ["case", "target", "step", "at", "actor", "event"], rows


def _measures(record: Record) -> tuple[list[str], list[list[Cell]]]:
    columns = ["case", "measure", "outcome", "clause", "proposed_by", "approved_by"]
    rows: list[list[Cell]] = [
        [
            *(record.case, m.measure, m.outcome, m.clause, m.proposed_by, m.approved_by),
            *(iso(m.approved_at), iso(m.effective_at), iso(m.undone_at), iso(m.lifted_at)),
        ]
        for m in record.measures
    ]
    return [*columns, "approved_at", "effective_at", "undone_at", "lifted_at"], rows

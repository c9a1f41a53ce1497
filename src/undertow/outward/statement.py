"""Draft of a statement of reasons (Art. 17(3) DSA) after a restrictive decision that took effect.

It says the measure and its scope, the facts, the automated means, the ground and the ways of redress, in
the language of the account's holder; beside it stand the same facts under the names and values of
the DSA Transparency Database (`statement.schema.json`, its submission schema of July 2025). It never
says who was contacted, how many, on which day, or who reported: an angry reader must not find
them in it. The database takes no personal data; nothing here names the account.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from undertow.errors import UndertowError
from undertow.export.wording import step_words, visible
from undertow.outward.record import MARK, Measure, Record, decided

LANGUAGES: Final = ("en", "fr", "de", "ar")
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "warn": {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]},
    "limit": {"decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION"},
    "suspend": {"decision_account": "DECISION_ACCOUNT_SUSPENDED"},
    "remove": {"decision_account": "DECISION_ACCOUNT_TERMINATED"},
}
_ENDS: Final = {
    "warn": "end_date_visibility_restriction",
    "limit": "end_date_service_restriction",
    "suspend": "end_date_account_restriction",
    "remove": "end_date_account_restriction",
}


@cache
def schema() -> dict[str, Any]:
    """Give the JSON Schema of `Statement.fields`."""
    text = (resources.files("undertow.outward") / "statement.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


EEA: Final[tuple[str, ...]] = tuple(
    schema()["properties"]["territorial_scope"]["items"]["enum"]
)
EU: Final = tuple(code for code in EEA if code not in ("IS", "LI", "NO"))


class Terms(msgspec.Struct, frozen=True):
    """What the operator says about its own rules; the defaults are the cautious ones.

    Attributes:
        clause: title of the policy clause that the people who decided named; None shows its id.
        law: the law under which the conduct is illegal; None bases the decision on the terms of service.
        category: a category of the database; the default claims nothing but a breach of the terms.
        territory: country codes in capitals, of the European Economic Area.
        until: last day of the measure; None for no end.
        complaint: how to complain, in the language of the statement; None for a general sentence.
        reference: https address of the terms or the law.
        account_type: `ACCOUNT_TYPE_BUSINESS` or `ACCOUNT_TYPE_PRIVATE`; None where unknown.
    """

    clause: str | None = None
    law: str | None = None
    category: str = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
    territory: tuple[str, ...] = EU
    until: date | None = None
    complaint: str | None = None
    reference: str | None = None
    account_type: str | None = None


class Words(msgspec.Struct, frozen=True):
    """The sentences of one language, as `words/*.json` holds them."""

    direction: str
    title: str
    draft: str
    simulated: str
    reference: str
    headings: dict[str, str]
    measures: dict[str, str]
    from_: str = msgspec.field(name="from")
    until: str
    open_end: str
    scope: str
    facts_open: str
    facts_step: str
    facts_others: str
    facts_reports: str
    source_voluntary: str
    source_notice: str
    detection: str
    decision: str
    ground_terms: str
    ground_law: str
    because: str
    complaint: str
    complaint_how: str
    settlement: str
    court: str
    all: str
    most: str
    some: str
    places_eu: str
    places_eea: str
    clause_without_title: str
    steps: dict[str, str]


class Statement(msgspec.Struct, frozen=True):
    """One draft: what the holder of the account reads, and what the database takes."""

    language: str
    text: str
    fields: dict[str, Any]


@cache
def words(language: str) -> Words:
    """Read the sentences of a language.

    Raises:
        UndertowError: `statement-language` if the language has none.
    """
    if language not in LANGUAGES:
        raise UndertowError(
            "a statement of reasons is drafted in English, French, German or Arabic",
            code="statement-language",
            mend=f"take one of {', '.join(LANGUAGES)}",
        )
    body = (resources.files("undertow.outward") / "words" / f"{language}.json").read_bytes()
    return msgspec.json.decode(body, type=Words)


def draft(
    record: Record, now: int, language: str = "en", terms: Terms | None = None
) -> Statement:
    """Draft the statement of the latest restrictive decision that stands.

    Args:
        record: the case.
        now: microseconds, UTC.
        language: one of `LANGUAGES`.
        terms: what the operator says about its rules.

    Raises:
        UndertowError: `export-undecided`, `statement-language`, `statement-territory`,
            `statement-category`, `statement-reference`.
    """
    terms = terms or Terms()
    _check(terms)
    measure = decided(record, now)
    said = words(language)
    parts = _parts(record, measure, said, terms, language)
    lines = [said.title, said.draft]
    if record.is_simulated:
        lines.insert(0, said.simulated)
    lines.append(said.reference.format(puid=puid(measure)))
    for name, heading in said.headings.items():
        lines += ["", heading, *parts[name]]
    return Statement(language, "\n".join(lines) + "\n", _fields(record, measure, parts, terms))


def puid(measure: Measure) -> str:
    """Name the statement: stable for a measure, and says nothing about the account."""
    return "undertow-" + hashlib.sha256(measure.measure.encode()).hexdigest()[:32]


def _check(terms: Terms) -> None:
    if not terms.territory or set(terms.territory) - set(EEA):
        raise UndertowError(
            "the territory of a statement is made of country codes of the European Economic Area",
            code="statement-territory",
            mend="write `EU`, `EEA` or codes such as `DE,FR`",
        )
    if terms.category not in schema()["properties"]["category"]["enum"]:
        raise UndertowError(
            "this is no category of the DSA Transparency Database",
            code="statement-category",
            mend="take one of those in docs/how-to/export.md, such as STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        )
    if terms.reference is not None and not terms.reference.startswith("https://"):
        raise UndertowError(
            "the reference of a statement is no https address",
            code="statement-reference",
            mend="give the public address of your terms or of the law",
        )


def _parts(
    record: Record, measure: Measure, said: Words, terms: Terms, language: str
) -> dict[str, list[str]]:
    """Say each part of the statement, by the name of its heading."""
    starts = _day(measure.effective_at)
    ends = (
        said.until.format(date=_shown(terms.until, language)) if terms.until else said.open_end
    )
    clause = terms.clause or said.clause_without_title.format(clause=measure.clause or "?")
    ground = (
        said.ground_law.format(law=visible(terms.law))
        if terms.law
        else said.ground_terms.format(clause=visible(clause))
    )
    return {
        "measure": [
            said.measures[measure.outcome],
            said.from_.format(date=_shown(starts, language)),
            ends,
            said.scope.format(places=_places(terms.territory, said)),
        ],
        "facts": _facts(record, said, language),
        "automated": [said.detection, said.decision],
        "ground": [ground, said.because],
        "redress": [
            said.complaint.format(how=visible(terms.complaint or said.complaint_how)),
            said.settlement,
            said.court,
        ],
    }


def _facts(record: Record, said: Words, language: str) -> list[str]:
    """Say what was seen: shares in words and months, never a count, a day or a person."""
    dossier = record.dossier
    times = [taken.at for funnel in dossier.funnels for taken in funnel.steps]
    first, last = (min(times), max(times)) if times else (record.opened_at,) * 2
    lines = [
        said.facts_open.format(
            platform=visible(dossier.platform),
            first=_month(first, language),
            last=_month(last, language),
        )
    ]
    for line in dossier.lines:
        if line.source == "taken" and line.bits > 0 and line.count:
            share = line.count / max(line.of, line.count)
            word = said.all if share == 1 else said.most if share > 0.5 else said.some
            step = said.steps.get(line.step, step_words(line.step))
            lines.append(said.facts_step.format(share=word, step=step))
    speaks = {line.source for line in dossier.lines if line.bits > 0}
    if "tie" in speaks:
        lines.append(said.facts_others)
    if "report" in speaks:
        lines.append(said.facts_reports)
    return [*lines, said.source_notice if "report" in speaks else said.source_voluntary]


def _fields(
    record: Record, measure: Measure, parts: dict[str, list[str]], terms: Terms
) -> dict[str, Any]:
    """Fill the fields of the database. Kept within its lengths: a cut text says so with an ellipsis."""
    mark = f"{MARK}. " if record.is_simulated else ""
    times = [taken.at for funnel in record.dossier.funnels for taken in funnel.steps]
    ground, explained = parts["ground"][0], " ".join([*parts["facts"], parts["ground"][1]])
    fields: dict[str, Any] = {
        **_FIELDS[measure.outcome],
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": "Account conduct: contacts and messages",
        "category": terms.category,
        "territorial_scope": list(terms.territory),
        "content_date": _day(min(times, default=record.opened_at)).replace(day=1).isoformat(),
        "application_date": _day(measure.effective_at).isoformat(),
        "decision_facts": _within(
            mark + " ".join([*parts["facts"], *parts["automated"]]), 5000
        ),
        "source_type": "SOURCE_TYPE_OTHER_NOTIFICATION"
        if any(line.source == "report" and line.bits > 0 for line in record.dossier.lines)
        else "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        # Evidence was ranked by a program and weighed by people: neither of the two other values is true.
        "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
        "puid": puid(measure),
    }
    kind = "illegal_content" if terms.law else "incompatible_content"
    fields["decision_ground"] = f"DECISION_GROUND_{kind.upper()}"
    fields["illegal_content_legal_ground" if terms.law else "incompatible_content_ground"] = (
        _within(ground, 500)
    )
    fields[f"{kind}_explanation"] = _within(mark + explained, 2000)
    if measure.outcome == "warn":
        fields["decision_visibility_other"] = _within(parts["measure"][0], 500)
    if terms.until:
        fields[_ENDS[measure.outcome]] = terms.until.isoformat()
    if terms.reference:
        fields["decision_ground_reference_url"] = terms.reference
    if terms.account_type:
        fields["account_type"] = terms.account_type
    return fields


def _within(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _places(territory: tuple[str, ...], said: Words) -> str:
    known = {frozenset(EU): said.places_eu, frozenset(EEA): said.places_eea}
    return known.get(frozenset(territory)) or ", ".join(territory)


def _day(micros: int) -> date:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date()


def _shown(day: date, language: str) -> str:
    from babel.dates import format_date

    return format_date(day, "long", locale=language)


def _month(micros: int, language: str) -> str:
    from babel.dates import format_skeleton

    return format_skeleton("yMMMM", _day(micros), locale=language)

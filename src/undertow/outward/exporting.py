"""One export, from the question to the bytes: gathered, built, looked through, written down, handed over.

In this order: whatever cannot be written into the audit log is not handed over; and before it is,
its bytes are searched for the native ids of the case's targets. One hit, and nothing leaves.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec
from markupsafe import escape

from undertow.cases import ledger
from undertow.cases.people import READS, Person, hold_role
from undertow.cases.policy import clauses
from undertow.cases.store import Store
from undertow.errors import UndertowError
from undertow.export.wording import visible
from undertow.outward import aggregates, bundle, misp, page, plain, statement, stix
from undertow.outward.gather import (
    decided_cases,
    gather,
    month,
    natives_of_targets,
    without_names,
)
from undertow.outward.record import MARK, Maker, Record, decided

Kind = Literal["bundle", "html", "json", "csv", "stix", "misp", "statement"]
KINDS: Final[tuple[Kind, ...]] = (
    *("bundle", "html", "json", "csv", "stix", "misp", "statement"),
)
DECIDED: Final = ("stix", "misp", "statement")
"""Forms that other systems and the account's holder get: only after two people decided."""
NO_TEXT: Final = DECIDED
"""Forms that never hold a passage."""


GIVEN: Final = "aggregates_given"
"""Setting of the store that keeps the blocks of former exports: counts alone, each of five accounts or more."""
LONG_NUMBER: Final = 7
"""Digits of a bare number that is searched for: shorter ones also stand for lengths, years and counts. With
its platform in front every id is searched for."""


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants.

    Attributes:
        kind: form of the file.
        native_reason: why the account's own id is needed; None for its code.
        text_reason: why passages are needed; None for none.
        language: of the statement's fields; its text comes in all languages.
        tlp: marking of STIX and MISP.
        terms: what the operator says about its rules, for the statement.
    """

    kind: Kind = "bundle"
    native_reason: str | None = None
    text_reason: str | None = None
    language: str = "en"
    tlp: Literal["green", "amber", "red"] = "amber"
    terms: statement.Terms | None = None


class File(msgspec.Struct, frozen=True):
    """A file that is ready to leave."""

    name: str
    media_type: str
    body: bytes
    sha256: str


def export(store: Store, who: Person, case: str, asked: Asked, now: int) -> File:
    """Make one export and record it.

    Args:
        store: the store.
        who: who makes it.
        case: code of the case.
        asked: what they want.
        now: microseconds.

    Raises:
        UndertowError: those of `gather`; `export-undecided`; those of `statement.draft`; `export-text` where text
            was asked for in a form that never holds any; `export-names-target` if a target's id was found in
            the bytes; `audit-unwritable`.
    """
    hold_role(who, *READS)
    if asked.text_reason is not None and asked.kind in NO_TEXT:
        raise UndertowError(
            "this form never holds text",
            code="export-text",
            mend="export the case as bundle, html, json or csv to take passages along",
        )
    record = gather(
        store,
        who,
        case,
        now,
        native_reason=asked.native_reason,
        text_reason=asked.text_reason,
    )
    natives = natives_of_targets(store, {one.target for one in record.targets})
    record = _cleaned(record, natives)
    maker = Maker(who.reviewer, now, asked.native_reason, asked.text_reason)
    if asked.kind == "statement":
        asked = _with_clause(store, record, asked, now)
    name, media_type, body, searched = build(record, maker, asked)
    hold_no_target(searched, natives)
    made = File(name, media_type, body, hashlib.sha256(body).hexdigest())
    _write_down(
        store,
        {
            "reviewer": who.reviewer,
            "case": case,
            "kind": asked.kind,
            "sha256": made.sha256,
            "bytes": len(body),
            "dossier": record.hash,
            "revision": record.revision,
            "filters": maker.filters,
            "native_reason": ledger.Hidden(asked.native_reason)
            if asked.native_reason
            else None,
            "text_reason": ledger.Hidden(asked.text_reason) if asked.text_reason else None,
            "at": now,
        },
    )
    return made


def export_aggregates(
    store: Store, who: Person, now: int, form: Literal["csv", "json"] = "csv"
) -> File:
    """Make the counts that may leave, and record it.

    Raises:
        UndertowError: `role-refused`, `audit-unwritable`.
    """
    hold_role(who, *READS)
    given = _given(store)
    made = aggregates.blocks(decided_cases(store), month(now), given=given)
    if len(made) > len(given):
        # Kept before they are handed over: whatever was given must be given the same way again.
        store.set_setting(GIVEN, msgspec.json.encode(made).decode())
    if form == "csv":
        body = aggregates.as_csv(made, is_simulated=store.simulated)
    else:
        body = bundle.encoded(aggregates.as_values(made, is_simulated=store.simulated))
    mark = f"{MARK}-" if store.simulated else ""
    sha256 = hashlib.sha256(body).hexdigest()
    _write_down(
        store,
        {
            "reviewer": who.reviewer,
            "kind": "aggregates",
            "sha256": sha256,
            "bytes": len(body),
            "filters": {"accounts_at_least": aggregates.K, "months": "over"},
            "at": now,
        },
    )
    media = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    return File(f"{mark}decided-cases.{form}", media, body, sha256)


def _given(store: Store) -> list[aggregates.Block]:
    """Read the blocks that were given before."""
    kept = store.setting(GIVEN)
    return [] if kept is None else msgspec.json.decode(kept, type=list[aggregates.Block])


def build(
    record: Record, maker: Maker, asked: Asked
) -> tuple[str, str, bytes, tuple[bytes, ...]]:
    """Build the file of a record.

    Returns:
        Its name, its media type, its bytes, and the bytes that are to be searched: those inside an archive.
    """
    makers: dict[str, Callable[[], tuple[str, dict[str, bytes]]]] = {
        "bundle": lambda: ("zip", bundle.files(record, maker)),
        "csv": lambda: ("zip", plain.tables(record)),
        "statement": lambda: ("statement.zip", _statements(record, maker, asked)),
        "html": lambda: ("html", {"": page.render(record, maker)}),
        "json": lambda: ("json", {"": bundle.encoded(plain.as_values(record, maker))}),
        "stix": lambda: (
            "stix.json",
            {"": bundle.encoded(stix.build(record, maker, tlp=asked.tlp))},
        ),
        "misp": lambda: (
            "misp.json",
            {"": bundle.encoded(misp.build(record, maker, tlp=asked.tlp))},
        ),
    }
    ending, made = makers[asked.kind]()
    name = bundle.file_name(record, ending)
    if set(made) == {""}:
        media = "text/html; charset=utf-8" if ending == "html" else "application/json"
        return name, media, made[""], (made[""],)
    manifest = bundle.manifest(record, maker, made)
    packed = bundle.archive({**made, bundle.MANIFEST: manifest}, maker.at)
    return name, "application/zip", packed, (*made.values(), manifest)


def _statements(record: Record, maker: Maker, asked: Asked) -> dict[str, bytes]:
    """Draft the statement in every language, and its fields in the one asked for."""
    drafts = {
        language: statement.draft(record, maker.at, language, asked.terms)
        for language in statement.LANGUAGES
    }
    chosen = drafts.get(asked.language) or statement.draft(
        record, maker.at, asked.language, asked.terms
    )
    texts = {
        f"statement.{language}.txt": one.text.encode("utf-8")
        for language, one in drafts.items()
    }
    return {**texts, "statement.json": bundle.encoded(chosen.fields)}


def _with_clause(store: Store, record: Record, asked: Asked, now: int) -> Asked:
    """Put the title of the clause that was decided on into the terms, as far as the policy still has it."""
    terms = asked.terms or statement.Terms()
    if terms.clause is None:
        titles = {one.id: one.title for one in clauses(store.folder)}
        title = titles.get(decided(record, now).clause or "")
        terms = msgspec.structs.replace(terms, clause=title)
    return msgspec.structs.replace(asked, terms=terms)


def _cleaned(record: Record, natives: Iterable[str]) -> Record:
    """Take the ids of targets out of what people wrote: passages and reasons."""
    held = tuple(natives)
    return msgspec.structs.replace(
        record,
        passages=tuple(
            msgspec.structs.replace(one, text=without_names(one.text, held))
            for one in record.passages
        ),
        acts=tuple(
            msgspec.structs.replace(
                one, reason=None if one.reason is None else without_names(one.reason, held)
            )
            for one in record.acts
        ),
    )


def hold_no_target(searched: Iterable[bytes], natives: Iterable[str]) -> None:
    """Refuse bytes that hold the native id of a target, with or without its platform.

    Raises:
        UndertowError: `export-names-target`.
    """
    names = {
        written
        for one in natives
        for name in (one, one.partition(":")[2])
        if len(name) > 3 and (not name.isdigit() or len(name) >= LONG_NUMBER)
        for written in _as_written(name)
    }
    if not names:
        return
    pattern = re.compile(
        rb"(?<!\w)(?:"
        + b"|".join(re.escape(name.encode()) for name in sorted(names))
        + rb")(?!\w)"
    )
    if any(pattern.search(body) for body in searched):
        raise UndertowError(
            "the export would have named a person to be helped, so it was not made",
            code="export-names-target",
            mend="export it without text; if it happens then too, this is our fault: report it without the file",
        )


def _as_written(name: str) -> tuple[str, ...]:
    """Write a name in each way that one of our files writes it: plain, and escaped for HTML, JSON and CSV."""
    shown = visible(name)
    in_json = msgspec.json.encode(name).decode()[1:-1]
    return (
        name,
        shown,
        html.escape(shown),
        str(escape(shown)),
        in_json,
        shown.replace('"', '""'),
    )


def _write_down(store: Store, facts: dict[str, Any]) -> None:
    with store.writing() as connection:
        ledger.record(connection, store, "export", facts)

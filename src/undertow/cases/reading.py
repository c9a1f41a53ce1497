"""A case as one person may see it, and each look at a text or an identity, which is a record of its own.

A page about a case holds no text and no native id. Both come one by one, to people who work on cases, for
a reason, and each look is written down in the transaction that allows it: no record, no look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from undertow.cases.beside import (
    Act,
    Measure,
    Passage,
    Target,
    acts_of,
    measures_of,
    opened,
    passages_of,
    targets_of,
)
from undertow.cases.claims import LEASE, is_held, renew, row_of, unknown_case
from undertow.cases.dossier import Dossier, decode
from undertow.cases.elsewhere import is_target_elsewhere
from undertow.cases.exposed import MOST, WITHIN, counted
from undertow.cases.ledger import record
from undertow.cases.passages import subjects_of
from undertow.cases.people import READS, WORKS, Person, hold_role
from undertow.cases.queue import Row, is_blind, judged_by, shown_rows
from undertow.cases.store import Store
from undertow.cases.tables import (
    cases,
    dossiers,
    exposures,
    named,
    passages,
    runs,
    subjects,
)
from undertow.cases.vault import Subjects, context
from undertow.errors import UndertowError
from undertow.units import MINUTE

MOST_PROVED: Final = 150
"""Texts within `WITHIN` that no proof lets anybody pass: nobody reads four a second; ours."""
MOST_IDENTITIES: Final = 10
"""Native ids that one person may open within `WITHIN`: seldom needed, and worth more than a text; ours."""
RENEW: Final = LEASE - 5 * MINUTE
"""Looking at one's own case renews its lease once five minutes of it have gone, not at every look."""
WHY: Final = 3
"""Letters of a reason for looking, at least."""

_BODY: Final = select(dossiers.c.body).where(dossiers.c.hash == bindparam("hash"))
_BODY_OF: Final = (
    select(dossiers.c.body)
    .join(cases, cases.c.dossier == dossiers.c.hash)
    .where(cases.c.case == bindparam("case"))
)
_OTHERS: Final = select(cases).where(
    cases.c.campaign == bindparam("campaign"), cases.c.case != bindparam("case")
)
_VERSIONS: Final = (
    select(dossiers.c.hash, dossiers.c.at, dossiers.c.run)
    .where(dossiers.c.case == bindparam("case"))
    .order_by(dossiers.c.at.desc(), dossiers.c.hash)
)
_ENDS: Final = select(cases.c.case).where(
    cases.c.case == bindparam("case"),
    cases.c.holder == bindparam("who"),
    cases.c.lease_until > bindparam("now"),
    cases.c.lease_until < bindparam("until"),
)
_RUNS: Final = select(runs).order_by(runs.c.at.desc(), runs.c.run).limit(bindparam("many"))


@dataclass(frozen=True)
class CaseView:
    """A case as one person may see it.

    Attributes:
        row: as in the queue.
        dossier: where `blind`, its weights are not a number and its lines, chance and ties are left out.
        hash: of the dossier as it stands; a proposal binds to it with `row.revision`.
        acts: oldest first. measures: newest first.
        versions: hash, moment and run of every dossier of the case, newest first.
        hold_reason: why it is kept longer; None for no hold, or for who may read no text.
        mine: this person holds it.
        others: cases of the same campaign.
        also_target: another case is about helping this very account.
    """

    row: Row
    dossier: Dossier
    hash: str
    blind: bool
    acts: tuple[Act, ...]
    measures: tuple[Measure, ...]
    targets: tuple[Target, ...]
    passages: tuple[Passage, ...]
    versions: tuple[tuple[str, int, str], ...]
    hold_reason: str | None
    mine: bool
    others: tuple[Row, ...]
    also_target: bool = False


def case_view(store: Store, who: Person, case: str, now: int) -> CaseView:
    """Show a case; whoever holds it goes on holding it.

    Raises:
        UndertowError: `case-unknown`; `role-refused` for an admin.
    """
    hold_role(who, *READS)
    stay(store, who, case, now)
    return seen(store, who, case, now)


def seen(store: Store, who: Person, case: str, now: int) -> CaseView:
    """Show a case as `case_view` does, and leave its lease as it is; faults as there."""
    hold_role(who, *READS)
    with store.reading() as connection:
        row = row_of(connection, case)
        shown = shown_rows(connection, [row], who, now)[0]
        body = connection.execute(_BODY, {"hash": row.dossier}).scalar_one()
        place = context("cases", case, "sealed_hold")
        return CaseView(
            row=shown,
            dossier=without_score(decode(body)) if shown.blind else decode(body),
            hash=row.dossier,
            blind=shown.blind,
            acts=acts_of(store, connection, row, who, blind=shown.blind),
            measures=() if shown.blind else measures_of(connection, case),
            targets=targets_of(connection, case),
            passages=passages_of(connection, case, who),
            versions=_versions(connection, case),
            hold_reason=opened(store, row.account, place, row.sealed_hold)
            if who.works
            else None,
            mine=is_held(row, now) and row.holder == who.reviewer,
            others=_others(connection, row, who, now),
            also_target=is_target_elsewhere(store, connection, row),
        )


def _versions(connection: Connection, case: str) -> tuple[tuple[str, int, str], ...]:
    rows = connection.execute(_VERSIONS, {"case": case})
    return tuple((marked, at, run) for marked, at, run in rows)


def _others(connection: Connection, row: Any, who: Person, now: int) -> tuple[Row, ...]:  # noqa: ANN401  # a row of `cases`
    if not row.campaign:
        return ()
    given = {"campaign": row.campaign, "case": row.case}
    return tuple(shown_rows(connection, connection.execute(_OTHERS, given).all(), who, now))


def dossier_of(store: Store, who: Person, row: Row) -> Dossier:
    """Give the dossier of a row of the queue as this person may see it; faults as `case_view`."""
    hold_role(who, *READS)
    with store.reading() as connection:
        body = connection.execute(_BODY_OF, {"case": row.code}).scalar()
    if body is None:
        raise unknown_case()
    return without_score(decode(body)) if row.blind else decode(body)


def dossier_at(store: Store, who: Person, case: str, marked: str) -> Dossier:
    """Give an earlier dossier of a case by its hash, for what has changed since; `case-unknown`, `role-refused`."""
    hold_role(who, *READS)
    with store.reading() as connection:
        row = row_of(connection, case)
        asked = select(dossiers.c.body).where(
            dossiers.c.hash == marked, dossiers.c.case == case
        )
        body = connection.execute(asked).scalar()
        blind = is_blind(row, who, judged_by(connection, who, [case]))
    if body is None:
        raise UndertowError(
            "the case has no such version", code="case-unknown", mend="see its page"
        )
    return without_score(decode(body)) if blind else decode(body)


def without_score(dossier: Dossier) -> Dossier:
    """Take everything away that says how strong a case is, so that a person judges by what happened."""
    funnels = tuple(msgspec.structs.replace(one, weight=math.nan) for one in dossier.funnels)
    run = msgspec.structs.replace(dossier.run, by_chance=None)
    return msgspec.structs.replace(
        dossier,
        weight=math.nan,
        probability=None,
        chance=None,
        lines=(),
        funnels=funnels,
        campaign=None,
        rests=(),
        sources=(),
        run=run,
    )


def campaign_view(
    store: Store, who: Person, campaign: str, now: int
) -> list[tuple[Row, Dossier]]:
    """Give the cases of a campaign with their dossiers, heaviest first; faults as `case_view`."""
    hold_role(who, *READS)
    with store.reading() as connection:
        asked = (
            select(cases, dossiers.c.body)
            .join(dossiers, dossiers.c.hash == cases.c.dossier)
            .where(cases.c.campaign == campaign)
            .order_by(cases.c.priority.desc(), cases.c.case)
        )
        rows = connection.execute(asked).all()
        if not rows:
            raise UndertowError(
                "there is no such campaign", code="case-unknown", mend="see the queue"
            )
        shown = shown_rows(connection, rows, who, now)
    found = [
        (one, without_score(decode(row.body)) if one.blind else decode(row.body))
        for one, row in zip(shown, rows, strict=True)
    ]
    if any(one.blind for one in shown):
        # A card of one case tells what ties the others, too.
        replace = msgspec.structs.replace
        found = [(one, replace(dossier, campaign=None)) for one, dossier in found]
    return found


def run_summaries(store: Store, many: int = 30) -> list[dict[str, Any]]:
    """List what the last runs said of their data, newest first: `run`, `at` and what `cases.intake` kept."""
    with store.reading() as connection:
        rows = connection.execute(_RUNS, {"many": many}).all()
    return [{"run": row.run, "at": row.at, **msgspec.json.decode(row.summary)} for row in rows]


def reveal(
    store: Store,
    who: Person,
    passage: str,
    why: str,
    now: int,
    *,
    proved_at: int | None = None,
) -> str:
    """Open the text of a passage.

    Args:
        store: the store.
        who: somebody who works on cases.
        passage: its code.
        why: in a word or a sentence; sealed.
        now: microseconds.
        proved_at: when the person last proved who they are; None where nobody can ask them.

    Raises:
        UndertowError: `reveal-proof` at the 51st text in ten minutes since they proved who they are, `reveal-limit`
            there where nobody can ask them, and at the 151st for all; `reveal-why`, `passage-unknown`, `role-refused`,
            `vault-erased`.
    """
    hold_role(who, *WORKS)
    _hold_why(why)
    with store.writing() as connection:
        asked = (
            select(passages, cases.c.account)
            .join(cases, cases.c.case == passages.c.case)
            .where(passages.c.passage == passage)
        )
        row = connection.execute(asked).first()
        if row is None:
            raise UndertowError(
                "there is no such passage",
                code="passage-unknown",
                mend="it may have been erased",
            )
        _hold_few(connection, who, now, proved_at)
        codes = subjects_of(row.account, row.author, row.target)
        place = context("passages", passage, "sealed_text")
        text = store.vault.open(codes, place, row.sealed_text)
        _write(connection, store, who, (row.case, codes, "text", passage), why, now)
    return text


def reveal_identity(store: Store, who: Person, code: str, why: str, now: int) -> str:
    """Open the native id of an account or a target; faults as `reveal`, the eleventh refused, and `identity-unknown`."""
    hold_role(who, *WORKS)
    _hold_why(why)
    with store.writing() as connection:
        if counted(connection, who, "identity", now - WITHIN) >= MOST_IDENTITIES:
            raise UndertowError(
                f"{MOST_IDENTITIES} identities were opened within ten minutes",
                code="reveal-limit",
                mend="decide by what happened; who it is seldom matters",
            )
        row = connection.execute(select(subjects).where(subjects.c.code == code)).first()
        if row is not None and row.erased_at is not None:
            # Says it as for a text: the key is gone.
            store.vault.open(code, "", b"")
        case = None if row is None else _case_of(connection, code)
        if row is None or row.sealed_id is None or case is None:
            raise UndertowError(
                "the native id of this code is not known here",
                code="identity-unknown",
                mend="take the events in with the folder: `detect --into`",
            )
        opened = store.vault.open(code, context("subjects", code, "sealed_id"), row.sealed_id)
        found, account = case
        _write(connection, store, who, (found, (account, code), "identity", code), why, now)
    return opened


def stay(store: Store, who: Person, case: str, now: int) -> None:
    """Renew the lease of whoever looks at their own case."""
    given = {"case": case, "who": who.reviewer, "now": now, "until": now + RENEW}
    with store.reading() as connection:
        if connection.execute(_ENDS, given).first() is None:
            return
    with store.writing() as connection:
        if connection.execute(_ENDS, given).first() is not None:
            renew(connection, case, now)


def _hold_why(why: str) -> None:
    if len(why.strip()) < WHY:
        raise UndertowError(
            "a look needs a reason",
            code="reveal-why",
            mend="say in a word why you must read it",
        )


def _hold_few(connection: Connection, who: Person, now: int, proved_at: int | None) -> None:
    """Ask who reads on whether it is they, and let nobody read everything: `reveal-proof`, `reveal-limit`."""
    many = counted(connection, who, "text", now - WITHIN)
    most = MOST if proved_at is None else MOST_PROVED
    if many >= most:
        raise UndertowError(
            f"{most} texts were opened within ten minutes",
            code="reveal-limit",
            mend="rest a little: decide on what you have read",
        )
    if many < MOST or proved_at is None:
        return
    if proved_at <= now - WITHIN or counted(connection, who, "text", proved_at) >= MOST:
        raise UndertowError(
            f"{MOST} texts were opened within ten minutes",
            code="reveal-proof",
            mend="rest a little, or prove again who you are and read on",
        )


def _write(
    connection: Connection,
    store: Store,
    who: Person,
    what: tuple[str, Subjects, str, str],
    why: str,
    now: int,
) -> None:
    """Record a look: the case, whom its reason speaks of, `text` or `identity`, and the code of what was opened."""
    case, codes, kind, of = what
    sealed = store.vault.seal(
        codes, context("exposures", f"{who.reviewer} {now} {of}", "sealed_why"), why
    )
    row = {"reviewer": who.reviewer, "case": case, "what": kind, "of": of, "at": now}
    connection.execute(insert(exposures).values(**row, sealed_why=sealed))
    facts = {"reviewer": who.reviewer, "case": case, "of": of, "why": why, "at": now}
    record(connection, store, f"look-{kind}", facts)


def _case_of(connection: Connection, code: str) -> tuple[str, str] | None:
    """Find the newest case that names a code, and its account; None where no case does any more."""
    asked = (
        select(cases.c.case, cases.c.account)
        .join(named, named.c.case == cases.c.case)
        .where(named.c.code == code)
        .order_by(cases.c.updated_at.desc(), cases.c.case)
        .limit(1)
    )
    row = connection.execute(asked).first()
    return None if row is None else (row.case, row.account)

"""Every table of the case store, for SQLite and PostgreSQL from one source.

Times are microseconds since 1970 in UTC. Codes are keyed pseudonyms (`cases.vault`). Columns named
`sealed_*` hold AEAD ciphertext whose key is not in this database. Nothing else may hold text of
a message, a name or a native id; a test reads the bytes.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from undertow.cases.columns import Flag, Moment, Real, Word

STATES: Final = (
    *("new", "claimed", "proposed", "approved"),
    *("rejected", "appealed", "reopened", "closed"),
)
"""States of a case; the database takes no other, and counts the cases in each (`cases.tallies`)."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

about = Table(
    "about",
    metadata,
    Column("name", Word, primary_key=True),
    Column("value", Word, nullable=False),
    sqlite_strict=True,
)
"""Facts about the store: `id`, `made`, `simulated` (`yes` or `no`), key check value, settings."""

subjects = Table(
    "subjects",
    metadata,
    Column("code", Word, primary_key=True),
    Column("platform", Word, nullable=False),
    Column("sealed_id", LargeBinary),
    Column("first_seen", Moment, nullable=False),
    Column("erased_at", Moment),
    sqlite_strict=True,
)
"""Accounts (`a:`) and targets (`t:`). `sealed_id` is null once erased; the code then links to nothing."""

runs = Table(
    "runs",
    metadata,
    Column("run", Word, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("recipe", LargeBinary),
    sqlite_strict=True,
)
"""One row per `detect --into`: `run.json` without names of files and accounts, for the data health screen.

`recipe` says how to do the run again (`cases.recipe`); null where the folder came without one.
"""

playbook_texts = Table(
    "playbook_texts",
    metadata,
    Column("version", Word, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""The text of every playbook version that a run used, so that the run can be done again elsewhere."""

cases = Table(
    "cases",
    metadata,
    Column("case", Word, primary_key=True),
    Column("account", Word, ForeignKey("subjects.code"), nullable=False),
    Column("role", Word, nullable=False),
    Column("playbook", Word, nullable=False),
    Column("platform", Word, nullable=False),
    Column("campaign", Word),
    Column("state", Word, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("dossier", Word, nullable=False),
    Column("weight", Real, nullable=False),
    Column("probability", Real),
    Column("q_value", Real),
    Column("targets", Integer, nullable=False),
    Column("stage", Word),
    Column("stage_place", Integer, nullable=False),
    Column("lang", Word),
    Column("opened_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("priority", Real, nullable=False),
    Column("due_at", Moment),
    Column("keep_until", Moment, nullable=False),
    Column("sealed_hold", LargeBinary),
    Column("blind", Flag, nullable=False),
    Column("holder", Word, ForeignKey("reviewers.reviewer")),
    Column("lease_until", Moment),
    Column("closed_weight", Real),
    Column("merged_into", Word, ForeignKey("cases.case")),
    UniqueConstraint("account", "role", "playbook"),
    CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
    CheckConstraint("(holder IS NULL) = (lease_until IS NULL)", name="lease"),
    Index("ix_cases_queue", "state", "priority", "case"),
    Index("ix_cases_campaign", "campaign"),
    Index("ix_cases_closed", "state", "updated_at", "case"),
    Index("ix_cases_age", "state", "opened_at", "case"),
    Index("ix_cases_playbook", "playbook"),
    Index("ix_cases_platform", "platform"),
    Index("ix_cases_lang", "lang"),
    Index("ix_cases_merged_into", "merged_into"),
    sqlite_strict=True,
)
# Most cases have no holder: a database that counted an index over all of them would rather read the whole table.
Index(
    "ix_cases_holder",
    cases.c.holder,
    sqlite_where=cases.c.holder.is_not(None),
    postgresql_where=cases.c.holder.is_not(None),
)
Index(
    "ix_cases_due_at",
    cases.c.due_at,
    sqlite_where=cases.c.due_at.is_not(None),
    postgresql_where=cases.c.due_at.is_not(None),
)
Index(
    "ix_cases_lease_until",
    cases.c.lease_until,
    sqlite_where=cases.c.lease_until.is_not(None),
    postgresql_where=cases.c.lease_until.is_not(None),
)
# PostgreSQL finds the beginning of a code by reading the whole table without these; SQLite finds it as a stretch of
# the order (`order._begins`).
Index("ix_cases_case_begin", cases.c.case, postgresql_ops={"case": "text_pattern_ops"}).ddl_if(
    dialect="postgresql"
)
Index(
    "ix_cases_account_begin", cases.c.account, postgresql_ops={"account": "text_pattern_ops"}
).ddl_if(dialect="postgresql")
"""One row per account, role and playbook. `revision` grows by one with every change: a stale write meets no row.

`priority` orders the queue (`cases.rule`); `sealed_hold` is the reason why a case is kept longer, null for no hold.
"""

tallies = Table(
    "tallies",
    metadata,
    Column("state", Word, primary_key=True),
    Column("cases", Integer, nullable=False),
    sqlite_strict=True,
)
"""How many cases stand in each state: kept by triggers (`cases.tallies`), so that no page counts them all."""

dossiers = Table(
    "dossiers",
    metadata,
    Column("hash", Word, primary_key=True),
    Column("case", Word, ForeignKey("cases.case"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("run", Word, ForeignKey("runs.run"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Every version of what a case said (`cases.dossier`), kept as long as the case."""

case_targets = Table(
    "case_targets",
    metadata,
    Column("case", Word, ForeignKey("cases.case"), primary_key=True),
    Column("target", Word, ForeignKey("subjects.code"), primary_key=True, index=True),
    Column("step", Word, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("help", Word, nullable=False),
    Column("decided", Flag, nullable=False),
    CheckConstraint("help IN ('none','offered','given','declined')", name="help"),
    sqlite_strict=True,
)
"""Whom a case is about helping; `decided`: it was known when the case was last closed."""

named = Table(
    "named",
    metadata,
    Column("case", Word, ForeignKey("cases.case"), primary_key=True),
    Column("code", Word, ForeignKey("subjects.code"), primary_key=True, index=True),
    sqlite_strict=True,
)
"""Whom the dossiers of a case name in any place: when no case names a subject any more, it is forgotten."""

passages = Table(
    "passages",
    metadata,
    Column("passage", Word, primary_key=True),
    Column("case", Word, ForeignKey("cases.case"), nullable=False, index=True),
    Column("author", Word, ForeignKey("subjects.code"), nullable=False),
    Column("target", Word, ForeignKey("subjects.code"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("same_as", Word),
    Column("sealed_text", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Texts of cited events, one sealed row each; `same_as` groups near-duplicates so that none is read twice."""

reviewers = Table(
    "reviewers",
    metadata,
    Column("reviewer", Word, primary_key=True),
    Column("name_code", Word, nullable=False, unique=True),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("role", Word, nullable=False),
    Column("password", Word),
    Column("subject", Word, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("settings", LargeBinary, nullable=False),
    Column("let_in_by", Word, ForeignKey("reviewers.reviewer")),
    Column("let_in_at", Moment),
    CheckConstraint("role IN ('analyst','approver','auditor','admin')", name="role"),
    sqlite_strict=True,
)
"""`reviewer` is a random code and is what every record and export names. What the person signs in with, and the
`subject` of single sign-on, are keyed codes of the vault; the name itself is sealed. `let_in_by` is the admin who last
gave them a way in (null: at the machine itself): made them or, at `let_in_at`, let them choose another password."""

views = Table(
    "views",
    metadata,
    Column("view", Word, primary_key=True),
    Column("reviewer", Word, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("made_at", Moment, nullable=False),
    Column("sealed_view", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Views of the queue that people keep for themselves (`cases.saved`): name and filters, sealed together."""

second_factors = Table(
    "second_factors",
    metadata,
    Column("credential", LargeBinary, primary_key=True),
    Column("reviewer", Word, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", Moment, nullable=False),
    Column("made_at", Moment, nullable=False),
    sqlite_strict=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Word, primary_key=True),
    Column("reviewer", Word, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("made_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("proved_at", Moment, nullable=False),
    Column("second_factor_at", Moment),
    sqlite_strict=True,
)
"""`proved_at`: when the person last proved who they are; acts that ask for it again look here."""

acts = Table(
    "acts",
    metadata,
    Column("act", Word, primary_key=True),
    Column("case", Word, ForeignKey("cases.case"), nullable=False, index=True),
    Column("kind", Word, nullable=False),
    Column("reviewer", Word, ForeignKey("reviewers.reviewer")),
    Column("at", Moment, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("outcome", Word),
    Column("clause", Word),
    Column("dossier", Word, ForeignKey("dossiers.hash")),
    Column("answers", Word, ForeignKey("acts.act")),
    Column("about", Word, ForeignKey("subjects.code")),
    Column("sealed_reason", LargeBinary),
    Column("seconds", Integer),
    Index("ix_acts_kind", "kind", "at"),
    sqlite_strict=True,
)
"""All that people (and the clock, `reviewer` null) did to cases, in order; nothing here is changed later.

`answers` names the act that this one approves, rejects, takes back or appeals. `about` is the target that the reason
speaks of, null for none: it is sealed under that target's key as well as the account's.
"""

measures = Table(
    "measures",
    metadata,
    Column("measure", Word, primary_key=True),
    Column("case", Word, ForeignKey("cases.case"), nullable=False, index=True),
    Column("outcome", Word, nullable=False),
    Column("proposal", Word, ForeignKey("acts.act"), nullable=False, unique=True),
    Column("approval", Word, ForeignKey("acts.act"), nullable=False, unique=True),
    Column("proposed_by", Word, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("approved_by", Word, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("dossier", Word, ForeignKey("dossiers.hash"), nullable=False),
    Column("approved_at", Moment, nullable=False),
    Column("effective_at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("lifted_at", Moment),
    CheckConstraint("proposed_by <> approved_by", name="two_people"),
    sqlite_strict=True,
)
"""A restrictive outcome that two people decided on; it leaves the desk at `effective_at`, unless undone before."""

exposures = Table(
    "exposures",
    metadata,
    Column("exposure", Integer, primary_key=True, autoincrement=True),
    Column("reviewer", Word, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("case", Word, ForeignKey("cases.case"), nullable=False),
    Column("what", Word, nullable=False),
    Column("of", Word, nullable=False),
    Column("sealed_why", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_exposures_reviewer", "reviewer", "at"),
    Index("ix_exposures_case", "case"),
    sqlite_strict=True,
)
"""Each look: `what` is `text` or `identity`, `of` a passage or a code; never its content."""

allowed = Table(
    "allowed",
    metadata,
    Column("account", Word, ForeignKey("subjects.code"), primary_key=True),
    Column("owner", Word, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    sqlite_strict=True,
)
"""Accounts known to be honest: moves their cases down the queue for at most 90 days, never their score."""

playbook_states = Table(
    "playbook_states",
    metadata,
    Column("playbook", Word, primary_key=True),
    Column("version", Word, primary_key=True),
    Column("state", Word, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("proposed_by", Word, ForeignKey("reviewers.reviewer")),
    Column("approved_by", Word, ForeignKey("reviewers.reviewer")),
    Column("at", Moment, nullable=False),
    CheckConstraint("state IN ('draft','shadow','live','retired')", name="state"),
    CheckConstraint("state <> 'live' OR proposed_by <> approved_by", name="two_people"),
    sqlite_strict=True,
)

leaves = Table(
    "leaves",
    metadata,
    Column("place", Moment, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""The audit log: leaf bytes by place from 0 (`undertow.audit`); appended in the transaction of what they record."""

outbox = Table(
    "outbox",
    metadata,
    Column("delivery", Word, primary_key=True),
    Column("measure", Word, ForeignKey("measures.measure"), nullable=False),
    Column("what", Word, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment),
    Column("last_fault", Word),
    UniqueConstraint("measure", "what"),
    sqlite_strict=True,
)
"""What the operator's own system is to be told: human decisions only, each once."""

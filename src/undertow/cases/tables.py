"""Every table of the case store, for SQLite and PostgreSQL from one source.

Times are microseconds since 1970 in UTC. Codes are keyed pseudonyms (`cases.vault`). Columns named
`sealed_*` hold AEAD ciphertext whose key is not in this database. Nothing else may hold text of
a message, a name or a native id; a test reads the bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

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
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""Facts about the store: `id`, `made`, `simulated` (`yes` or `no`), key check value, settings."""

subjects = Table(
    "subjects",
    metadata,
    Column("code", String, primary_key=True),
    Column("platform", String, nullable=False),
    Column("sealed_id", LargeBinary),
    Column("first_seen", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
)
"""Accounts (`a:`) and targets (`t:`). `sealed_id` is null once erased; the code then links to nothing."""

runs = Table(
    "runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("summary", LargeBinary, nullable=False),
)
"""One row per `detect --into`: `run.json` without names of files and accounts, for the data health screen."""

cases = Table(
    "cases",
    metadata,
    Column("case", String, primary_key=True),
    Column("account", String, ForeignKey("subjects.code"), nullable=False),
    Column("role", String, nullable=False),
    Column("playbook", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("campaign", String),
    Column("state", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("dossier", String, nullable=False),
    Column("weight", Float, nullable=False),
    Column("probability", Float),
    Column("q_value", Float),
    Column("targets", Integer, nullable=False),
    Column("stage", String),
    Column("stage_place", Integer, nullable=False),
    Column("lang", String),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("keep_until", BigInteger, nullable=False),
    Column("hold_reason", String),
    Column("blind", Boolean, nullable=False),
    Column("holder", String, ForeignKey("reviewers.reviewer")),
    Column("lease_until", BigInteger),
    Column("closed_weight", Float),
    Column("merged_into", String, ForeignKey("cases.case")),
    UniqueConstraint("account", "role", "playbook"),
    CheckConstraint(
        "state IN ('new','claimed','proposed','approved','rejected','appealed','reopened','closed')",
        name="state",
    ),
    CheckConstraint("(holder IS NULL) = (lease_until IS NULL)", name="lease"),
    Index("ix_cases_queue", "state", "weight"),
)
"""One row per account, role and playbook. `revision` grows by one with every change: a stale write meets no row."""

dossiers = Table(
    "dossiers",
    metadata,
    Column("hash", String, primary_key=True),
    Column("case", String, ForeignKey("cases.case"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("run", String, ForeignKey("runs.run"), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Every version of what a case said (`cases.dossier`), kept as long as the case."""

case_targets = Table(
    "case_targets",
    metadata,
    Column("case", String, ForeignKey("cases.case"), primary_key=True),
    Column("target", String, ForeignKey("subjects.code"), primary_key=True),
    Column("step", String, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("help", String, nullable=False),
    Column("decided", Boolean, nullable=False),
    CheckConstraint("help IN ('none','offered','given','declined')", name="help"),
)
"""Whom a case is about helping; `decided`: it was known when the case was last closed."""

passages = Table(
    "passages",
    metadata,
    Column("passage", String, primary_key=True),
    Column("case", String, ForeignKey("cases.case"), nullable=False, index=True),
    Column("author", String, ForeignKey("subjects.code"), nullable=False),
    Column("target", String, ForeignKey("subjects.code"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("same_as", String),
    Column("sealed_text", LargeBinary, nullable=False),
)
"""Texts of cited events, one sealed row each; `same_as` groups near-duplicates so that none is read twice."""

reviewers = Table(
    "reviewers",
    metadata,
    Column("reviewer", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("password", String),
    Column("subject", String, unique=True),
    Column("made_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("settings", LargeBinary, nullable=False),
    CheckConstraint("role IN ('analyst','approver','auditor','admin')", name="role"),
)
"""`reviewer` is a random code and is what every record and export names; `name` is what the person signs in with."""

second_factors = Table(
    "second_factors",
    metadata,
    Column("credential", LargeBinary, primary_key=True),
    Column("reviewer", String, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("reviewer", String, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("proved_at", BigInteger, nullable=False),
    Column("second_factor_at", BigInteger),
)
"""`proved_at`: when the person last proved who they are; acts that ask for it again look here."""

acts = Table(
    "acts",
    metadata,
    Column("act", String, primary_key=True),
    Column("case", String, ForeignKey("cases.case"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("reviewer", String, ForeignKey("reviewers.reviewer")),
    Column("at", BigInteger, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("outcome", String),
    Column("clause", String),
    Column("dossier", String, ForeignKey("dossiers.hash")),
    Column("answers", String, ForeignKey("acts.act")),
    Column("sealed_reason", LargeBinary),
    Column("seconds", Integer),
)
"""All that people (and the clock, `reviewer` null) did to cases, in order; nothing here is changed later.

`answers` names the act that this one approves, rejects, takes back or appeals.
"""

measures = Table(
    "measures",
    metadata,
    Column("measure", String, primary_key=True),
    Column("case", String, ForeignKey("cases.case"), nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("proposal", String, ForeignKey("acts.act"), nullable=False, unique=True),
    Column("approval", String, ForeignKey("acts.act"), nullable=False, unique=True),
    Column("proposed_by", String, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("approved_by", String, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("dossier", String, ForeignKey("dossiers.hash"), nullable=False),
    Column("approved_at", BigInteger, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Column("lifted_at", BigInteger),
    CheckConstraint("proposed_by <> approved_by", name="two_people"),
)
"""A restrictive outcome that two people decided on; it leaves the desk at `effective_at`, unless undone before."""

exposures = Table(
    "exposures",
    metadata,
    Column("exposure", Integer, primary_key=True, autoincrement=True),
    Column("reviewer", String, ForeignKey("reviewers.reviewer"), nullable=False, index=True),
    Column("case", String, ForeignKey("cases.case"), nullable=False),
    Column("what", String, nullable=False),
    Column("of", String, nullable=False),
    Column("why", String, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)
"""Each look: `what` is `text` or `identity`, `of` a passage or a code; never its content."""

allowed = Table(
    "allowed",
    metadata,
    Column("account", String, ForeignKey("subjects.code"), primary_key=True),
    Column("owner", String, ForeignKey("reviewers.reviewer"), nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Accounts known to be honest: moves their cases down the queue for at most 90 days, never their score."""

playbook_states = Table(
    "playbook_states",
    metadata,
    Column("playbook", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("proposed_by", String, ForeignKey("reviewers.reviewer")),
    Column("approved_by", String, ForeignKey("reviewers.reviewer")),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("state IN ('draft','shadow','live','retired')", name="state"),
    CheckConstraint("state <> 'live' OR proposed_by <> approved_by", name="two_people"),
)

leaves = Table(
    "leaves",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
"""The audit log: leaf bytes by place from 0 (`undertow.audit`); appended in the transaction of what they record."""

outbox = Table(
    "outbox",
    metadata,
    Column("delivery", String, primary_key=True),
    Column("measure", String, ForeignKey("measures.measure"), nullable=False),
    Column("what", String, nullable=False),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("sent_at", BigInteger),
    Column("last_fault", String),
    UniqueConstraint("measure", "what"),
)
"""What the operator's own system is to be told: human decisions only, each once."""

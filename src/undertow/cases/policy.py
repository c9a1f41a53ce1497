"""What a case can come to, and the clauses a decision names.

Clauses are the operator's own rules. What ships are neutral sentences about conduct to begin with; a
file `policy.yaml` in the store's folder replaces them: a list of `{id, title, text}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from undertow.errors import Place, UndertowError

RESTRICTIVE: Final = ("warn", "limit", "suspend", "remove")
"""What acts on the account, mildest first; each needs two people."""
OPEN_HANDED: Final = ("no_action", "cannot_tell", "support_only", "refer")
"""What leaves the account alone; one person, and the time to undo, suffice."""
NOTHING_FOUND: Final = ("no_action", "cannot_tell")
"""Of those, what says that there is nothing to act on: it cannot be said while a measure is in force."""
OUTCOMES: Final = (*RESTRICTIVE, *OPEN_HANDED)
JUDGEMENTS: Final = ("likely", "unlikely", "cannot_tell")
"""What a person says before weight and suggestion are shown."""
HELP: Final = ("offered", "given", "declined")
FILE: Final = "policy.yaml"
LARGEST: Final = 262_144
"""Bytes of a policy file."""
NO_CLAUSE: Final = "none"
"""The clause of decisions that leave the account alone because no rule was broken."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


@dataclass(frozen=True)
class Clause:
    """A rule of the operator's: its short id, a title, and its text as people can read it elsewhere."""

    id: str
    title: str
    text: str


SHIPPED: Final = (
    Clause(
        "deception",
        "Deceiving people about who one is or what is offered",
        "Accounts must not lead others to an agreement by hiding who they are or what it is about.",
    ),
    Clause(
        "off-platform",
        "Moving people to private channels to avoid safeguards",
        "Accounts must not press people whom they do not know to go on talking where no safeguard holds.",
    ),
    Clause(
        "exploitation",
        "Preparing exploitation of a person",
        "Accounts must not win somebody's trust in order to take money, work, pictures or freedom from them.",
    ),
    Clause(
        "violent-groups",
        "Drawing people into groups that use violence",
        "Accounts must not bring people into groups that use or threaten violence.",
    ),
    Clause(
        "coordination",
        "Acting together under false separateness",
        "Accounts that belong together must not pretend to be strangers to each other.",
    ),
    Clause(NO_CLAUSE, "No rule is broken", "Nothing that was seen breaks a rule."),
)


def is_restrictive(outcome: str) -> bool:
    """Say whether an outcome acts on the account.

    Raises:
        UndertowError: `outcome-unknown`.
    """
    if outcome not in OUTCOMES:
        raise UndertowError(
            "there is no such outcome",
            code="outcome-unknown",
            mend="use one of " + ", ".join(f"`{name}`" for name in OUTCOMES),
        )
    return outcome in RESTRICTIVE


def clauses(folder: Path) -> tuple[Clause, ...]:
    """Give the clauses in force: the operator's, else those that ship.

    Raises:
        UndertowError: `policy-invalid` if the operator's file is no list of clauses.
    """
    path = folder / FILE
    if not path.is_file():
        return SHIPPED
    try:
        content = path.read_bytes()
        if len(content) > LARGEST:
            raise _invalid()
        given = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _invalid() from None
    if not isinstance(given, list) or not given:
        raise _invalid()
    made = tuple(_clause(row) for row in given)
    if len({clause.id for clause in made}) != len(made):
        raise _invalid()
    if NO_CLAUSE not in {clause.id for clause in made}:
        made += (SHIPPED[-1],)
    return made


def checked_clause(folder: Path, clause: str | None, outcome: str) -> str:
    """Check the clause that a decision names: a rule for what restricts, `none` is enough for all else.

    Raises:
        UndertowError: `clause-unknown`, `clause-missing`; `outcome-unknown`; `policy-invalid`.
    """
    restricts = is_restrictive(outcome)
    known = {one.id for one in clauses(folder)}
    given = clause or NO_CLAUSE
    if given not in known:
        raise UndertowError(
            "there is no such clause",
            code="clause-unknown",
            mend="use one of " + ", ".join(f"`{name}`" for name in sorted(known)),
        )
    if restricts and given == NO_CLAUSE:
        raise UndertowError(
            "what restricts an account names the rule that it broke",
            code="clause-missing",
            mend="choose a clause, or an outcome that leaves the account alone",
        )
    return given


def _clause(row: Any) -> Clause:  # noqa: ANN401  # whatever YAML holds
    if not isinstance(row, dict) or set(row) != {"id", "title", "text"}:
        raise _invalid()
    if not all(isinstance(value, str) and value.strip() for value in row.values()):
        raise _invalid()
    if _ID.fullmatch(row["id"]) is None:
        raise _invalid()
    return Clause(**row)


def _invalid() -> UndertowError:
    return UndertowError(
        "the policy is no list of clauses",
        code="policy-invalid",
        mend="write a list of `id` (small letters, digits, dots, dashes), `title` and `text`, each id once",
        place=Place(FILE),
    )

"""What stands beside decisions: help for each target, notes, and a judgement before the score is seen."""

from __future__ import annotations

from sqlalchemy import select, update

from undertow.cases import acts as desk
from undertow.cases.acts import Deed, acting
from undertow.cases.claims import row_of
from undertow.cases.people import Person
from undertow.cases.policy import HELP, JUDGEMENTS
from undertow.cases.reasons import not_long
from undertow.cases.store import Store
from undertow.cases.tables import acts, case_targets
from undertow.errors import UndertowError


def help_target(
    store: Store, who: Person, case: str, target: str, help_: str, note: str, now: int
) -> str:
    """Write down what became of help for one target of a case.

    Args:
        store: the store.
        who: analyst or approver; the case need not be theirs, helping never waits.
        case: its code.
        target: code of one of its targets.
        help_: `offered`, `given` or `declined`.
        note: how; may be empty; sealed together with whom it is about, under the target's key as well.
        now: microseconds.

    Returns:
        The act's code.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `target-unknown`, `help-unknown`, `reason-long`,
            `audit-unwritable`.
    """
    if help_ not in HELP:
        raise UndertowError(
            "there is no such word for help",
            code="help-unknown",
            mend="use one of " + ", ".join(f"`{word}`" for word in HELP),
        )
    told = f"{target}\n{not_long(note)}" if note.strip() else target
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        mine = (case_targets.c.case == case, case_targets.c.target == target)
        changed = connection.execute(update(case_targets).where(*mine).values(help=help_))
        if changed.rowcount != 1:
            raise UndertowError(
                "the case is about nobody of this code",
                code="target-unknown",
                mend="use a code that stands beside the case",
            )
        also = {"target": target}
        deed = Deed("help", help_, about=target, text=told, told=also, moves=False)
        made = desk.add(connection, store, held, who, now, deed)
        desk.stay(connection, held, who, now)
    return made


def note(store: Store, who: Person, case: str, text: str, now: int) -> str:
    """Leave a note with a case, sealed under its account's key.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `note-empty`, `reason-long`, `audit-unwritable`.
    """
    told = not_long(text)
    if not told:
        raise UndertowError(
            "the note says nothing", code="note-empty", mend="write a word, or leave it"
        )
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        made = desk.add(connection, store, held, who, now, Deed("note", text=told, moves=False))
        desk.stay(connection, held, who, now)
    return made


def judge_blind(store: Store, who: Person, case: str, outcome: str, now: int) -> str:
    """Say what one thinks of a blind case before its score is shown; once per person.

    Raises:
        UndertowError: `role-refused`, `case-unknown`, `judgement-unknown`, `judged-already`, `audit-unwritable`.
    """
    if outcome not in JUDGEMENTS:
        raise UndertowError(
            "there is no such judgement",
            code="judgement-unknown",
            mend="use one of " + ", ".join(f"`{word}`" for word in JUDGEMENTS),
        )
    with acting(store) as connection:
        desk.worker(connection, who)
        held = row_of(connection, case)
        mine = select(acts.c.act).where(
            acts.c.case == case, acts.c.kind == "judge_blind", acts.c.reviewer == who.reviewer
        )
        if connection.execute(mine.limit(1)).first() is not None:
            raise UndertowError(
                "you have said what you think", code="judged-already", mend="go on to decide"
            )
        deed = Deed("judge_blind", outcome, dossier=held.dossier, moves=False)
        made = desk.add(connection, store, held, who, now, deed)
        desk.stay(connection, held, who, now)
    return made

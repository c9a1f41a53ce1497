"""What is taken out of the database when a subject is erased; its key is destroyed besides (`cases.vault`)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, or_, select, update

from undertow.cases.tables import allowed, cases, measures, outbox, passages, subjects


def strip(connection: Connection, code: str, at: int) -> list[str]:
    """Take a subject's native id and every text about it out, and close the cases it is the account of.

    What stays is its code, which links to nothing, in the dossiers and acts: decisions about others rest on them.

    Args:
        connection: of `Store.writing`.
        code: of an account or a target.
        at: when it was erased, microseconds.

    Returns:
        The cases that were closed by it.
    """
    marks = {"sealed_id": None, "erased_at": at}
    connection.execute(update(subjects).where(subjects.c.code == code).values(**marks))
    own = select(cases.c.case).where(cases.c.account == code)
    about_it = or_(
        passages.c.author == code, passages.c.target == code, passages.c.case.in_(own)
    )
    gone = select(passages.c.passage).where(about_it)
    # Others that were told to be the same as one of these stand for themselves now.
    connection.execute(
        update(passages).where(passages.c.same_as.in_(gone)).values(same_as=None)
    )
    connection.execute(delete(passages).where(about_it))
    connection.execute(delete(allowed).where(allowed.c.account == code))
    open_ones = (cases.c.account == code, cases.c.state != "closed")
    # What was approved and had not taken effect never will.
    waiting = select(cases.c.case).where(cases.c.account == code, cases.c.state == "approved")
    connection.execute(
        update(measures)
        .where(
            measures.c.case.in_(waiting),
            measures.c.undone_at.is_(None),
            measures.c.measure.not_in(select(outbox.c.measure)),
        )
        .values(undone_at=at)
    )
    closed = list(connection.execute(select(cases.c.case).where(*open_ones)).scalars())
    connection.execute(
        update(cases)
        .where(*open_ones)
        .values(
            state="closed",
            revision=cases.c.revision + 1,
            holder=None,
            lease_until=None,
            due_at=None,
            closed_weight=func.coalesce(cases.c.closed_weight, cases.c.weight),
        )
    )
    connection.execute(update(cases).where(cases.c.account == code).values(sealed_hold=None))
    return closed

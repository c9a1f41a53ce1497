"""Decisions of reviewers, read from a file, and what several of them come to.

One row per decision: `account`, `role`, `playbook`, `decision` (`confirmed`, `rejected`, `unclear`), `at` (with a
zone), `by` (opaque: any word that stands for one reviewer). No target and no note belongs in it; other columns are
not looked at. JSON Lines, CSV and Parquet hold the same columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from undertow.errors import Place, UndertowError, shown_name
from undertow.export.folder import Reviewers

Verdict = Literal["confirmed", "rejected", "unclear"]
VERDICTS: Final = ("confirmed", "rejected", "unclear")
Case = tuple[str, str, str]
"""Account, role and playbook: what one row of `accounts.parquet` is about."""


class Decision(msgspec.Struct, frozen=True):
    """What one reviewer decided about one case.

    Attributes:
        at: when, with a zone.
        by: opaque name of the reviewer.
    """

    account: str
    role: str
    playbook: str
    decision: Verdict
    at: datetime
    by: str

    @property
    def case(self) -> Case:
        """What was decided on."""
        return self.account, self.role, self.playbook


def read_decisions(path: Path) -> list[Decision]:
    """Read a file of decisions; `.csv` and `.parquet` are known by their ending, all else is JSON Lines.

    Raises:
        UndertowError: `decisions-missing`; `decisions-invalid` with the line.
    """
    try:
        return [_checked(row, line, path) for line, row in _rows(path)]
    except OSError:
        raise UndertowError(
            "the file of decisions cannot be read",
            code="decisions-missing",
            mend="check the path",
            place=Place(shown_name(path)),
        ) from None
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise _invalid(path, None) from None


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Give each row with its line, from 1; a line that is no JSON is given as it stands."""
    if path.suffix == ".parquet":
        yield from enumerate(pq.read_table(path).to_pylist(), start=1)
        return
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        yield from enumerate(csv.DictReader(io.StringIO(text)), start=2)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError):
                raise _invalid(path, number) from None


def _checked(row: object, line: int, path: Path) -> Decision:
    try:
        one = msgspec.convert(row, Decision)
    except msgspec.ValidationError:
        raise _invalid(path, line) from None
    if one.at.tzinfo is None or not one.account or not one.by:
        raise _invalid(path, line)
    return one


def _invalid(path: Path, line: int | None) -> UndertowError:
    return UndertowError(
        "the file of decisions holds something that is no decision",
        code="decisions-invalid",
        mend="give `account`, `role`, `playbook`, `decision` (confirmed, rejected or unclear), `at` with a "
        "zone, and `by`",
        place=Place(shown_name(path), line),
    )


def settled(decisions: Iterable[Decision]) -> dict[Case, Verdict]:
    """Say what the decisions on each case come to, cases in order.

    The last decision of each reviewer counts, and the one that more reviewers hold wins; where as many confirm
    as reject, or nobody does either, the case is unclear.
    """
    last: dict[tuple[Case, str], Decision] = {}
    for one in sorted(decisions, key=lambda one: (one.at, one.decision)):
        last[one.case, one.by] = one
    votes: dict[Case, int] = {}
    for (case, _), one in last.items():
        vote = {"confirmed": 1, "rejected": -1, "unclear": 0}[one.decision]
        votes[case] = votes.get(case, 0) + vote
    return {
        case: "confirmed" if votes[case] > 0 else "rejected" if votes[case] < 0 else "unclear"
        for case in sorted(votes)
    }


def reviewed(verdicts: Mapping[Case, Verdict], ranked: Iterable[Case]) -> Reviewers:
    """Count the decisions on the cases of one ranking; decisions on others are left aside."""
    of = [verdicts[case] for case in set(ranked) if case in verdicts]
    return Reviewers(*(of.count(verdict) for verdict in VERDICTS))

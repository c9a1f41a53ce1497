from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from told import decision

from undertow.errors import UndertowError
from undertow.learning.decisions import read_decisions, reviewed, settled

ROW = decision("p:a")


def verdicts(*rows, decided):
    return list(settled(read_decisions(decided(*rows))).values())


def test_the_three_forms_of_file_hold_the_same_decisions(decided, tmp_path: Path) -> None:
    lines = read_decisions(decided(ROW))
    (tmp_path / "d.csv").write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
    typed = ROW | {"at": lines[0].at}
    pq.write_table(pa.Table.from_pylist([typed]), tmp_path / "d.parquet")
    assert lines == read_decisions(tmp_path / "d.csv") == read_decisions(tmp_path / "d.parquet")


def test_of_one_reviewer_the_last_decision_counts(decided) -> None:
    later = decision("p:a", "rejected", at="2026-03-02T00:00:00Z")
    assert verdicts(later, ROW, decided=decided) == ["rejected"]


def test_reviewers_who_disagree_one_to_one_leave_the_case_unclear(decided) -> None:
    assert verdicts(ROW, decision("p:a", "rejected", by="r2"), decided=decided) == ["unclear"]
    third = decision("p:a", by="r3")
    assert verdicts(ROW, decision("p:a", "rejected", by="r2"), third, decided=decided) == [
        "confirmed"
    ]


def test_roles_and_playbooks_of_one_account_are_cases_of_their_own(decided) -> None:
    other = decision("p:a", "rejected", role="gatekeeper")
    assert sorted(verdicts(ROW, other, decided=decided)) == ["confirmed", "rejected"]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"account": "p:a"}',
        (
            '{"account": "p:a", "role": "r", "playbook": "b", "decision": "guilty", '
            '"at": "2026-03-01T12:00:00Z", "by": "x"}'
        ),
        (
            '{"account": "p:a", "role": "r", "playbook": "b", "decision": "confirmed", '
            '"at": "2026-03-01T12:00:00", "by": "x"}'
        ),
    ],
)
def test_what_is_no_decision_is_refused_with_its_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("\n" + line)
    with pytest.raises(UndertowError) as fault:
        read_decisions(tmp_path / "d.jsonl")
    assert fault.value.code == "decisions-invalid"
    assert fault.value.place is not None
    assert fault.value.place.line == 2
    assert "p:a" not in str(fault.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UndertowError) as fault:
        read_decisions(tmp_path / "none.jsonl")
    assert fault.value.code == "decisions-missing"


def test_only_decisions_on_ranked_cases_are_counted(decided) -> None:
    told = settled(read_decisions(decided(ROW, decision("p:b", "rejected"), decision("p:c"))))
    book = ROW["playbook"]
    found = reviewed(told, [("p:a", "recruiter", book), ("p:b", "recruiter", book)])
    assert (found.confirmed, found.rejected, found.looked_at) == (1, 1, 2)
    assert found.clause == "your reviewers found 1 of 2 that they looked at"
    assert "none" in reviewed({}, []).clause

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from undertow.export.corroborated import NOTHING, rests_on
from undertow.export.explain import explain, render_text
from undertow.export.folder import open_folder
from undertow.export.graph import draw
from undertow.export.report import render


def test_one_source_is_said_to_be_one() -> None:
    rests = rests_on(["conduct:chat"], "its own conduct with 5 targets")
    assert rests.words == ("its own conduct with 5 targets, on chat",)
    assert "nothing independent agrees" in rests.sentence


def test_several_sources_are_named_and_counted() -> None:
    given = ["conduct:a", "conduct:b", "targets", "others", "report", "report", "known"]
    rests = rests_on(given, "its own conduct", "tie:address")
    assert rests.many == 7
    assert rests.words == (
        "its own conduct on a",
        "its own conduct on b",
        "what people who also know others did towards it",
        "events of accounts tied to it (tie:address)",
        "2 independent reports by people",
        "a known list",
    )
    assert rests.sentence.endswith("7 independent sources agree.")


def test_where_nothing_speaks_for_it_nothing_is_claimed() -> None:
    assert rests_on([], "its own conduct").sentence == f"{NOTHING}."


def test_page_and_terminal_say_what_a_case_rests_on(simulated: Path) -> None:
    """The folder made by hand has no column `sources`: it is then told from the rows."""
    first = open_folder(simulated).queue(1)[0]
    assert "Rests on: its own conduct with" in render_text(explain(simulated, first["account"]))
    assert "<b>Rests on:</b> its own conduct with" in render(open_folder(simulated))


def test_the_column_wins_over_what_rows_alone_could_tell(
    simulated: Path, tmp_path: Path
) -> None:
    found = tmp_path / "found"
    shutil.copytree(simulated, found)
    path = found / "accounts.parquet"
    table = pq.read_table(path)
    told = [["conduct:chat", "report", "report"]] * table.num_rows
    pq.write_table(table.append_column("sources", pa.array(told)), path)
    page = render(open_folder(found))
    assert "2 independent reports by people. 3 independent sources agree." in page


def test_a_campaign_says_what_it_rests_on_where_its_folder_does() -> None:
    row = {"campaign": "c", "accounts": [{"account": "a", "role": "recruiter"}] * 2}
    row |= {"weight": 1.0, "ties": []}
    assert draw(row).rests is None
    rests = draw(row | {"sources": ["conduct:chat"]}).rests
    assert rests is not None
    assert rests.sentence.startswith("the conduct of its 2 members, as of one hand, on chat.")

"""CSV: no cell is a formula in a spreadsheet, and nothing a stranger wrote breaks a row."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import poisoned

from undertow.outward import plain
from undertow.outward.tabular import BOM, OPENERS, cell, table

BEGINNINGS = (
    *("=", "+", "-", "@", "\t", "\r", "\n", "\0", "|", "%"),
    *("\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63", "\ufe6b", "\u2212"),
    *(" =", "\u00a0=", "\u200b=", "\ufeff=", "\u202e=", "\t=", "\0=", "'=", "\u3000=", "\x1b="),
)
ENDINGS = ("1+1", "SUM(A1:A9)", 'HYPERLINK("x";"y")', "cmd|' /c x'!A0", 'WEBSERVICE("x")', "A1")
HOSTILE = [begin + end for begin in BEGINNINGS for end in ENDINGS]
HOSTILE += [
    "a;=1+1",
    'a","=1+1',
    "a\n=1+1",
    "a\t=1+1",
    "a\r\n=1+1;=2",
    '"=1+1"',
    "'=1+1",
    "{=1+1}",
]


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_begins_like_a_formula_does_not_begin_like_one_in_the_cell(
    text: str,
) -> None:
    written = cell(text)
    assert written[:1] not in OPENERS
    assert not any(ord(char) < 32 for char in written)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=8))
def test_any_text_comes_back_as_one_cell_of_its_row(rows: list[list[str]]) -> None:
    read = rows_of(table(["a", "b"], rows))
    assert read == [["a", "b"], *([cell(value) for value in row] for row in rows)]


@given(st.text(min_size=1))
def test_no_text_at_all_begins_with_a_sign_that_computes(text: str) -> None:
    assert cell(text)[:1] not in OPENERS


def test_numbers_of_ours_stay_numbers() -> None:
    assert [cell(value) for value in (-1.5, 3, None, True)] == ["-1.5", "3", "", "true"]


def test_every_row_of_a_simulated_table_says_so_and_so_does_an_empty_one() -> None:
    assert rows_of(table(["a"], [["x"]], is_simulated=True)) == [
        ["SIMULATED", "a"],
        ["SIMULATED", "x"],
    ]
    assert b"SIMULATED" in table(["a"], [], is_simulated=True)


def test_a_table_begins_with_a_mark_so_that_no_program_takes_it_for_another_format() -> None:
    assert table(["ID"], []).startswith(BOM.encode())


def test_a_row_of_another_length_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="as many cells"):
        table(["a", "b"], [["x"]])


def opened(sources: list[Path], separator: int = 44) -> list[ET.Element]:
    """Open files in LibreOffice and give all cells of all tables."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed (Debian: libreoffice-calc-nogui)")
    folder = sources[0].parent
    command = [
        *(
            office,
            "--headless",
            "--norestore",
            f"-env:UserInstallation=file://{folder}/profile",
        ),
        *(
            f"--infilter=Text - txt - csv (StarCalc):{separator},34,76,1",
            "--convert-to",
            "fods",
        ),
        *("--outdir", str(folder), *(str(one) for one in sources)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    tag = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell"
    return [cell for one in sources for cell in ET.parse(one.with_suffix(".fods")).iter(tag)]


def formulas(cells: list[ET.Element]) -> list[str]:
    name = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}formula"
    return [found for one in cells if (found := one.get(name))]


@pytest.mark.libreoffice
@pytest.mark.parametrize(("separator", "name"), [(44, "comma"), (59, "semicolon"), (9, "tab")])
def test_libreoffice_finds_no_formula_in_any_cell(
    tmp_path: Path, separator: int, name: str
) -> None:
    source = tmp_path / f"{name}.csv"
    source.write_bytes(table(["text", "number"], [[text, -1.5] for text in HOSTILE]))
    cells = opened([source], separator)
    assert len(cells) > len(HOSTILE)
    assert formulas(cells) == []


@pytest.mark.libreoffice
def test_libreoffice_finds_no_formula_in_any_table_of_a_hostile_case(tmp_path: Path) -> None:
    sources = []
    for place, text in enumerate(("=1+1", "\uff1dSUM(A1)", "@x", "-2+3")):
        for name, body in plain.tables(poisoned(text)).items():
            sources.append(tmp_path / f"{place}-{name}")
            sources[-1].write_bytes(body)
    cells = opened(sources)
    assert len(cells) > 100
    assert formulas(cells) == []


@pytest.mark.libreoffice
def test_libreoffice_would_find_the_formula_if_we_had_not_guarded_it(tmp_path: Path) -> None:
    source = tmp_path / "bare.csv"
    source.write_text('"text"\r\n"=1+1"\r\n', "utf-8")
    assert formulas(opened([source])) == ["of:=1+1"]

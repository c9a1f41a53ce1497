from __future__ import annotations

import csv
import io
import json
import math
import re

import pyarrow.parquet as pq
import pytest

from undertow.errors import UndertowError
from undertow.export.explain import explain, render_text
from undertow.export.folder import open_folder

NAME = "sim:recruiter-1"


def fault(code: str, *args, **options) -> UndertowError:
    with pytest.raises(UndertowError) as caught:
        explain(*args, **options)
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    return caught.value


def test_the_lines_add_up_to_the_weight(simulated):
    for row in open_folder(simulated).ranking().to_pylist():
        for finding in explain(simulated, row["account"]).findings:
            assert math.isclose(sum(line.bits for line in finding.lines), finding.weight)
            assert finding.gap == 0


def test_the_written_numbers_add_up_as_written(simulated):
    for row in open_folder(simulated).ranking().to_pylist():
        text = render_text(explain(simulated, row["account"], role=row["role"]))
        above, below = text.split("-------", 1)
        shown = [float(n) for n in re.findall(r"^ {1,6}([+-]?\d+\.\d)  ", above, re.MULTILINE)]
        total = re.search(r"([+-]?\d+\.\d)  weight", below)
        assert total is not None
        assert math.isclose(sum(shown), float(total[1]), abs_tol=1e-6)


def test_lines_stand_strongest_first_with_those_against_among_them(simulated):
    lines = explain(simulated, NAME).findings[0].lines
    sizes = [abs(line.bits) for line in lines]
    assert sizes == sorted(sizes, reverse=True)
    assert any(line.bits < 0 for line in lines[:-1])


def test_the_text_says_what_the_rates_are_and_what_was_not_seen(simulated):
    text = render_text(explain(simulated, NAME))
    assert "targets reached “address” (1.2 % at this activity, 35 % if recruiting" in text
    assert "did not reach “address”, and it would have been seen" in text
    assert "the data could not show “follow back”" in text
    assert "held back:" in text
    assert "helplines, tip lines of journalists, job recruiters and organisers" in text
    assert text.startswith("SIMULATED")
    assert "Lawful ground: consent" in text
    assert "A person decides" in text


def test_a_facilitator_is_explained_by_the_funnels_it_takes_part_in(simulated):
    finding = explain(simulated, "mastodon:supervisor-7").findings[0]
    assert finding.role == "facilitator"
    assert {funnel.step for funnel in finding.funnels} == {"handoff"}


def test_control_characters_reach_no_terminal(simulated, maker):
    text = render_text(explain(simulated, maker.SNEAKY))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_pseudonym_is_refused_without_being_repeated(simulated):
    target = pq.read_table(simulated / "funnels.parquet")["target"][0].as_py()
    found = fault("explain-target", simulated, target)
    assert target not in str(found)
    assert "someone to help" in str(found)


def test_a_target_under_its_own_id_is_refused(maker, tmp_path):
    rows = [maker._row("forum:a", target="forum:kid", step="address", bits=4.0, source="taken")]
    maker.write_folder(
        tmp_path,
        accounts=[maker.account_row("forum:a", rows)],
        funnels=[],
        evidence=rows,
        run=maker.run_record(simulated=False),
    )
    assert "forum:kid" not in str(fault("explain-target", tmp_path, "forum:kid"))


def test_an_unknown_account_gets_no_near_names(simulated):
    found = fault("explain-unknown-account", simulated, "sim:recruiter-11")
    assert "recruiter-1" not in str(found)


def test_a_role_that_the_account_does_not_have_names_those_it_has(simulated):
    found = fault("explain-nothing-chosen", simulated, NAME, role="facilitator")
    assert "--role recruiter" in str(found)
    assert NAME not in str(found)


def test_a_missing_folder_and_missing_or_broken_files_are_one_clear_fault(simulated, tmp_path):
    fault("folder-missing", tmp_path / "nowhere", NAME)
    fault("folder-incomplete", tmp_path, NAME)
    (tmp_path / "run.json").write_text("{")
    fault("folder-unreadable", tmp_path, NAME)
    (tmp_path / "run.json").write_bytes((simulated / "run.json").read_bytes())
    fault("folder-incomplete", tmp_path, NAME)
    (tmp_path / "accounts.parquet").write_bytes(b"PAR1 and no more")
    fault("folder-unreadable", tmp_path, NAME)
    table = pq.read_table(simulated / "accounts.parquet").drop_columns(["weight"])
    pq.write_table(table, tmp_path / "accounts.parquet")
    assert "`weight`" in str(fault("folder-incomplete", tmp_path, NAME))


def test_the_command_gives_text_or_the_raw_rows(simulated, undertow):
    text = undertow("explain", NAME, "--from", simulated)
    assert text.code == 0
    assert "weight, place 3 in the ranking" in text.out
    rows = json.loads(undertow("explain", NAME, "--from", simulated, "--format", "json").out)
    lines = undertow("explain", NAME, "--from", simulated, "--format", "csv").out
    assert len(list(csv.DictReader(io.StringIO(lines)))) == len(rows)
    weight = explain(simulated, NAME).findings[0].weight
    assert math.isclose(math.fsum(row["bits"] for row in rows), weight)


def test_the_command_refuses_a_target_with_exit_code_2(simulated, undertow):
    ran = undertow("explain", "t:abcdefghijklmnop", "--from", simulated)
    assert ran.code == 2
    assert ran.out == ""
    assert "explain-target" in ran.err

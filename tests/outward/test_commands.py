"""`undertow export` and `undertow deliver` as a person runs them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from decided import decide, open_case
from listening import listening

KEY = b"k" * 32


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "hook.key"
    path.write_bytes(KEY)
    path.chmod(0o600)
    return path


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to write into."""
    folder = tmp_path / "there"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("form", ["bundle", "html", "json", "csv", "stix", "misp", "statement"])
def test_a_case_becomes_a_file_that_its_owner_alone_can_read(
    desk, undertow, there, form
) -> None:
    case = open_case(desk)
    decide(desk, case)
    ran = undertow("export", desk.store.folder, case, "--as", form, "--by", "ada")
    assert ran.code == 0, ran.err
    (path,) = there.iterdir()
    assert path.name.startswith("SIMULATED-case-")
    assert path.stat().st_mode & 0o077 == 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() in ran.out


def test_an_export_never_overwrites(desk, undertow, there) -> None:
    words = ("export", desk.store.folder, open_case(desk), "--by", "ada", "--out", "a.zip")
    assert undertow(*words).code == 0
    before = (there / "a.zip").read_bytes()
    ran = undertow(*words)
    assert ran.code == 2
    assert "[export-there]" in ran.err
    assert (there / "a.zip").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--as", "json"), "export-by"),
        (("--as", "json", "--by", "nobody"), "person-unknown"),
        (("--as", "json", "--by", "dora"), "role-refused"),
        (("--as", "json", "--by", "ada", "--text", "short"), "export-reason"),
        (("--as", "stix", "--by", "ada"), "export-undecided"),
        (("--as", "statement", "--by", "ada", "--until", "soon"), "option-time"),
        (("--as", "statement", "--by", "ada", "--territory", "US"), "export-undecided"),
    ],
)
def test_what_is_not_allowed_is_one_clear_error_and_no_file(
    desk, undertow, there, words, code
) -> None:
    ran = undertow("export", desk.store.folder, open_case(desk), *words)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert list(there.iterdir()) == []


def test_a_case_that_is_not_there_or_not_named_is_one_clear_error(
    desk, undertow, there
) -> None:
    for words, code in ((("k:none",), "case-unknown"), ((), "export-case")):
        ran = undertow("export", desk.store.folder, *words, "--by", "ada")
        assert (ran.code, f"[{code}]" in ran.err) == (2, True), ran.err


def test_the_statement_takes_what_the_operator_says(desk, undertow, there) -> None:
    case = open_case(desk)
    decide(desk, case, "suspend")
    words = ("--territory", "fr, de", "--until", "2026-12-31", "--category")
    more = ("STATEMENT_CATEGORY_SCAMS_AND_FRAUD", "--reference", "https://terms.example/rules")
    ran = undertow(
        *("export", desk.store.folder, case, "--as", "statement", "--by", "ben"),
        *(*words, *more, "--complaint", "write to the desk", "--out", "s.zip"),
    )
    assert ran.code == 0, ran.err
    packed = zipfile.ZipFile(there / "s.zip")
    fields = json.loads(packed.read("statement.json"))
    assert fields["territorial_scope"] == ["DE", "FR"]
    assert fields["end_date_account_restriction"] == "2026-12-31"
    assert fields["category"] == "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    assert "Deceiving people" in fields["incompatible_content_ground"]
    assert "write to the desk" in packed.read("statement.en.txt").decode()


def test_counts_need_no_case(desk, undertow, there) -> None:
    ran = undertow("export", desk.store.folder, "--as", "aggregates", "--by", "cleo")
    assert ran.code == 0, ran.err
    assert b"SIMULATED" in (there / "SIMULATED-decided-cases.csv").read_bytes()


def test_decisions_are_told_and_what_is_left_shows_in_the_exit_code(
    desk, undertow, key
) -> None:
    decide(desk, open_case(desk))
    with listening() as server:
        server.answers = [500]
        words = ("deliver", desk.store.folder, "--to", server.url, "--key", key)
        ran = undertow(*words)
        assert ran.code == 3
        assert "0 told, 1 tries failed, 0 dropped, 1 left" in ran.out
        assert undertow(*words, "--again").code == 3
        assert len(server.heard) == 1


def test_all_told_is_done(desk, undertow, key) -> None:
    decide(desk, open_case(desk))
    with listening() as server:
        words = ("--native", "the platform acts on it", "--wait", "1s")
        ran = undertow("deliver", desk.store.folder, "--to", server.url, "--key", key, *words)
        assert (ran.code, ran.out) == (0, "1 told, 0 tries failed, 0 dropped, 0 left\n")
        assert b"account_id" in server.heard[0].body


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--to", "http://example.org"), "deliver-address"),
        (("--to", "http://127.0.0.1:1", "--wait", "soon"), "option-duration"),
        (("--to", "http://127.0.0.1:1", "--native", "short"), "export-reason"),
        (("--to", "https://example.org"), "deliver-simulated"),
    ],
)
def test_a_delivery_that_must_not_be_is_one_clear_error(
    desk, undertow, key, words, code
) -> None:
    ran = undertow("deliver", desk.store.folder, "--key", key, *words)
    assert ran.code == 2
    assert f"[{code}]" in ran.err

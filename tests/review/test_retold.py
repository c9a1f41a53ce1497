"""What other rooms say in English is said in the reader's language: every refusal that the desk can meet, and every note of a run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.review.test_screens import choose, open_row

import undertow
from undertow.campaigns.reports import FROM_REPORTS
from undertow.nulls.run import NO_FIRST
from undertow.request import NO_NULLS, NO_TIES
from undertow.review.language import LANGUAGES, language
from undertow.review.retold import KNOWN, retell
from undertow.review.screens import workbench

ROOT = Path(undertow.__file__).parent
ELSEWHERE = (
    # The command line alone meets these: stores that are made, restored and opened, months, retention, webhooks.
    *("backup-", "cases-there", "cases-missing", "cases-place", "cases-folder", "cases-newer"),
    *("cases-unreadable", "cases-simulated", "cases-real", "vault-keys-", "month-", "clock-"),
    *("hold-", "deliver-", "policy-invalid", "route-", "audit-key-exists", "serve-"),
    *("statement-", "export-names-target", "host-unknown", "foreign-site"),
    *("replay-", "recipe-", "file-missing"),
)
ROOMS = ("cases", "audit", "outward", "review")


def words(node: ast.expr) -> str | None:
    """Write a text as it may come, its fields filled with something; None for what is no text here."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else "7" for one in node.values
        )
    if isinstance(node, ast.BinOp):
        left, right = words(node.left), words(node.right)
        return None if left is None else left + (right or "7")
    return None


def refusals() -> Iterator[tuple[str, str]]:
    """Give code and text of every refusal that is written down where it is raised."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_MENDS":
                    yield from ast.literal_eval(node.value).items()  # type: ignore[arg-type]  # a mapping of ours
                if not isinstance(node, ast.Call):
                    continue
                name = ast.unparse(node.func)
                named = {one.arg: one.value for one in node.keywords}
                if not name.endswith(("Error", "Refusal", "_refused")) or not node.args:
                    continue
                code = named.get("code") or (node.args[1] if len(node.args) > 1 else None)
                said = [words(node.args[0]), words(named["mend"]) if "mend" in named else None]
                for one in said:
                    if one and code is not None:
                        yield words(code) or "", one


REFUSALS = sorted({one for one in refusals() if one[0] and not one[0].startswith(ELSEWHERE)})


def test_there_are_refusals_to_retell() -> None:
    assert len(REFUSALS) > 100


def test_every_refusal_that_the_desk_can_meet_is_known() -> None:
    missing = [one for one in REFUSALS if retell(language("de"), one[1]) is None]
    assert not missing


@pytest.mark.parametrize("code", [one for one in LANGUAGES if one != "en"])
def test_what_is_known_is_said_in_another_way_in_every_language(code: str) -> None:
    same = [one for one in KNOWN if language(code).say(one) == one]
    assert not same


def test_what_a_sentence_was_filled_with_is_said_again() -> None:
    said = retell(language("de"), "a case that is `closed` cannot be claimed")
    assert said == "ein Fall im Zustand `closed` kann nicht übernommen werden"
    said = retell(language("ar"), "no role is called `a\u202eb`")
    assert said is not None
    assert "\u202e" not in said
    assert "⟨U+202E⟩" in said


def test_english_is_said_as_it_came() -> None:
    for _, one in REFUSALS:
        assert retell(language("en"), one) == one


@pytest.mark.parametrize("said", ["", "nobody ever said this", "{name}", "x" * 100_000])
def test_what_is_not_known_stays_as_it_is(said: str) -> None:
    assert retell(language("fr"), said) is None


@pytest.mark.parametrize("said", [NO_TIES, NO_NULLS, NO_FIRST, FROM_REPORTS])
def test_what_a_run_could_not_show_is_known(said: str) -> None:
    assert retell(language("fr"), said) not in (None, said)


def test_a_fault_of_a_playbook_is_said_in_the_reader_s_language() -> None:
    text = workbench.read_text("extremist-recruitment")
    for before, after in (
        ("within: 28d", "within: 28x"),
        ("to: target", "to: tarjet"),
        ("optional: true", "optional: yes"),
        ("has: address", "hass: address"),
        ("has: address", "content: money"),
        ("listed_from: address", "listed_from: adress"),
        ("grammar: 1", "grammar: 1\ngrammar: 1"),
        ("status: experimental", "status: eager"),
        ("steps:", "steps: ["),
    ):
        found = workbench.check(language("de"), text.replace(before, after, 1)).faults
        assert found, after
        for one in found:
            assert retell(language("de"), one.what) is not None, one.what


def test_a_page_of_a_fault_is_in_the_reader_s_language_with_its_code(on_cases) -> None:
    served = on_cases()
    choose(served, "ada", language="de")
    ada = served.caller("ada")
    row = open_row(served)
    said = ada.post(f"/case/{row.code}/release").text
    assert "dieser Fall ist gerade nicht Ihrer" in said
    assert "case-not-yours" in said
    assert 'lang="en"' not in said[said.index("<main") :]


def test_data_health_says_what_the_data_could_not_show_in_the_reader_s_language(
    on_cases,
) -> None:
    import msgspec
    from sqlalchemy import select, update

    from undertow.cases.tables import runs

    served = on_cases()
    choose(served, "ada", language="fr")
    with served.store.writing() as connection:
        row = connection.execute(select(runs).limit(1)).one()
        told = msgspec.json.decode(row.summary) | {
            "coverage": [
                NO_FIRST,
                "chat: the step `reply` could not be seen for some or all; it weighs nothing there",
                "a <b>new</b> sentence",
            ]
        }
        connection.execute(update(runs).values(summary=msgspec.json.encode(told)))
    page = served.caller("ada").get("/health").text
    assert "pas été calculé" in page
    assert "chat\N{NO-BREAK SPACE}:" in page or "chat :" in page
    assert '<span lang="en" dir="auto">a &lt;b&gt;new&lt;/b&gt; sentence</span>' in page

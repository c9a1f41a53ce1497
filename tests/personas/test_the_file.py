"""The personas file: what a person edits in it holds, and what is wrong with it is said with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from two import GIVER, LEAD, ordinary, story, target

from undertow.campaigns.persona_file import (
    MOST_ACCOUNTS,
    Reason,
    Tie,
    joined,
    read_personas,
    write_personas,
)
from undertow.errors import UndertowError
from undertow.events.pseudonyms import Pseudonyms

HEAD = "undertow_personas: 1\nties:\n"


def edited(path: Path, change: Callable[[dict], None]) -> Path:
    whole = yaml.safe_load(path.read_text("utf-8"))
    change(whole)
    new = path.with_name("edited.yaml")
    new.write_text(yaml.safe_dump(whole), "utf-8")
    return new


def undo(*names: str) -> Callable[[dict], None]:
    def change(whole: dict) -> None:
        for tie in whole["ties"]:
            if set(tie["accounts"]) == set(names):
                tie.update(held=False, because="they are cousins")

    return change


def test_what_is_written_is_read_again() -> None:
    ties = [
        Tie(("a:1", "b:2"), bits=3.25, evidence=(Reason("address", -1.0, of=1, event="e"),)),
        Tie(("a:3", "b:4"), held=False, because="two sisters: “no”"),
    ]
    path = Path("personas.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parent)
        try:
            write_personas(path, ties)
            assert read_personas(path) == ties
        finally:
            path.unlink(missing_ok=True)


def test_what_a_person_undid_is_never_joined_again_and_keeps_its_reason(
    joined, tmp_path: Path
) -> None:
    rows = ordinary() + story()
    joined(rows)
    old = edited(tmp_path / "personas.yaml", undo(GIVER, LEAD))
    found = joined(rows, "--old", old)
    about = [one for one in found if set(one["accounts"]) == {GIVER, LEAD}]
    assert [(one["held"], one["because"]) for one in about] == [(False, "they are cousins")]


def test_an_undone_target_stays_undone_though_it_stands_as_a_pseudonym(
    joined, tmp_path: Path
) -> None:
    rows = ordinary() + story()
    joined(rows)
    names = [Pseudonyms.default().of(name) for name in target(1)]
    old = edited(tmp_path / "personas.yaml", undo(*names))
    found = joined(rows, "--old", old)
    assert [one["held"] for one in found if set(one["accounts"]) == set(names)] == [False]


def test_what_a_person_took_apart_is_not_joined_by_a_detour(joined, tmp_path: Path) -> None:
    """A hand-made tie to a third account must not bring two together that a person took apart."""
    old = tmp_path / "old.yaml"
    old.write_text(
        f"{HEAD}- accounts: ['{GIVER}', 'mail:bob']\n"
        f"- accounts: ['mail:bob', '{LEAD}']\n  held: false\n  because: no\n",
        "utf-8",
    )
    old.write_text(old.read_text("utf-8").replace("because: no", "because: 'no'"), "utf-8")
    found = joined(ordinary() + story(), "--old", old)
    assert not any(set(one["accounts"]) == {GIVER, LEAD} for one in found)
    assert any(set(one["accounts"]) == {GIVER, "mail:bob"} for one in found), (
        "what was added stays"
    )


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("ties: [a", "personas-invalid", 2),
        ("- a\n- b\n", "personas-invalid", None),
        ("ties: []\n", "personas-invalid", None),
        ("undertow_personas: 2\nties: []\n", "personas-invalid", None),
        ("undertow_personas: 1\nties: {}\n", "personas-invalid", None),
        (HEAD + "- chat:a\n", "personas-invalid", 3),
        (HEAD + "- accounts: [chat:a]\n", "personas-invalid", 3),
        (HEAD + "- accounts: [chat:a, chat:a]\n", "personas-invalid", 3),
        (HEAD + "- accounts: [1, 2]\n", "personas-invalid", 3),
        (HEAD + "- held: false\n", "personas-invalid", 3),
        (HEAD + "- accounts: [chat:a, t:b]\n  held: maybe\n", "personas-invalid", 4),
        (HEAD + "- accounts: [chat:a, t:b]\n  hold: false\n", "personas-invalid", 4),
        (HEAD + "- accounts: [chat:a, t:b]\n  evidence: [{kind: x}]\n", "personas-invalid", 4),
        (HEAD + "- accounts: &x [*x]\n", "personas-invalid", 3),
        (
            HEAD
            + "- accounts: [a, b]\n- accounts: [b, c]\n- {accounts: [a, c], held: false}\n",
            "personas-contradict",
            4,
        ),
    ],
)
def test_a_faulty_file_is_refused_with_its_place_and_a_mend(
    tmp_path: Path, text: str, code: str, line: int | None
) -> None:
    path = tmp_path / "personas.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UndertowError) as caught:
        read_personas(path)
    assert caught.value.code == code
    assert caught.value.mend
    assert caught.value.place
    assert caught.value.place.line == line
    assert "chat:a" not in str(caught.value)


def test_a_misspelt_key_is_told_its_name(tmp_path: Path) -> None:
    path = tmp_path / "personas.yaml"
    path.write_text(HEAD + "- accounts: [chat:a, t:b]\n  becuase: x\n", "utf-8")
    with pytest.raises(UndertowError, match="did you mean `because`"):
        read_personas(path)


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"", b"\x00\x01", b"[" * 5000, b"{a: " * 3000]
)
def test_a_file_that_is_something_else_is_one_clear_fault(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "personas.yaml"
    path.write_bytes(raw)
    with pytest.raises(UndertowError) as caught:
        read_personas(path)
    assert caught.value.code == "personas-invalid"


def test_a_missing_file_is_named_and_a_crowd_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UndertowError) as caught:
        read_personas(tmp_path / "none.yaml")
    assert caught.value.code == "personas-missing"
    star = [Tie(("a:desk", f"b:{n}")) for n in range(MOST_ACCOUNTS)]
    assert len(joined(star[:-1]).personas()[0]) == MOST_ACCOUNTS
    with pytest.raises(UndertowError) as crowded:
        joined(star, "personas.yaml")
    assert crowded.value.code == "personas-crowd"


def test_a_file_that_cannot_be_written_says_so(undertow, events, tmp_path: Path) -> None:
    ran = undertow("personas", events(ordinary()), "--out", tmp_path / "none" / "p.yaml")
    assert ran.code == 2
    assert "personas-unwritable" in ran.err


def test_without_a_step_across_personas_nothing_is_looked_for(
    undertow, events, tmp_path: Path
) -> None:
    ran = undertow(
        "personas", events(ordinary()), "--out", tmp_path / "p.yaml", "-p", "group-recruitment"
    )
    assert ran.code == 2
    assert "personas-across" in ran.err

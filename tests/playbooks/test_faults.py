"""What a person reads who wrote a faulty playbook: one text file per fault.

`UNDERTOW_GOLDEN=write pytest tests/playbooks/test_faults.py` writes the texts anew; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from undertow.errors import Faults, UndertowError
from undertow.playbooks.parse import load, parse

FAULTS = Path(__file__).parent / "faults"
SOURCES = Path(__file__).parents[2] / "src/undertow"


@pytest.mark.parametrize("name", sorted(file.stem for file in FAULTS.glob("*.yaml")))
def test_each_faulty_playbook_gets_its_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTS)
    with pytest.raises(UndertowError) as caught:
        load(f"{name}.yaml")

    text = f"{caught.value}\n"
    golden = FAULTS / f"{name}.txt"
    if os.environ.get("UNDERTOW_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert caught.value.exit_code == 2


def test_several_faults_of_one_file_come_at_once_in_the_order_of_lines() -> None:
    with pytest.raises(Faults) as caught:
        load(str(FAULTS / "many-at-once.yaml"))

    lines = [fault.place.line for fault in caught.value.faults if fault.place]
    assert len(lines) >= 6
    assert lines == sorted(lines)


def test_every_fault_has_place_and_mend() -> None:
    for file in FAULTS.glob("*.yaml"):
        with pytest.raises(UndertowError) as caught:
            load(str(file))
        fault = caught.value
        for one in fault.faults if isinstance(fault, Faults) else [fault]:
            assert one.mend, file.name
            assert one.place is not None, file.name


HOSTILE = {
    "nothing": b"",
    "spaces": b" \n\t\n",
    "nul": b"playbook: a\x00b\n",
    "escape": b"playbook: \x1b[2J\n",
    "latin-1": "playbook: caf\u00e9\n".encode("latin-1"),
    "utf-16": "playbook: small\n".encode("utf-16"),
    "binary": bytes(range(256)) * 40,
    "deep flow": b"[" * 100_000,
    "deep mapping": b"{a: " * 5_000,
    "deep block": b"".join(b" " * n + b"a:\n" for n in range(200)),
    "laughs": b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
    "merge": b"playbook: x\n<<: {grammar: 1}\n",
    "tag": b"playbook: !!python/name:os.system\n",
    "own tag": b"!x\nplaybook: x\n",
    "huge": b"#" * (1 << 20) + b"\nplaybook: x\n",
    "many values": b"- a\n" * 200_000,
    "many faults": b"playbook: x\n" + b"".join(b"k%d: 1\n" % n for n in range(5_000)),
    "long line": b"playbook: " + b"x" * 900_000,
    "list as key": b"? [a, b]\n: 1\n",
    "long number": b"grammar: " + b"9" * 50_000,
    "long duration": b"steps: {a: {type: message, from: a, within: " + b"9" * 5_000 + b"d}}",
    "not a number": b"steps: {a: {type: message, from: a, likely: .nan}}",
    "date": b"playbook: 2014-06-04\ntitle: 2014-06-04\nroles: no\n",
    "nulls": b"playbook:\ngrammar:\nroles:\nkey:\nlisted_from:\nsteps:\n",
    "grammar as a list": b"grammar: [1]\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_short_text_of_its_faults(name: str) -> None:
    with pytest.raises(UndertowError) as caught:
        parse(HOSTILE[name])

    text = str(caught.value)
    assert len(text) < 100_000
    assert all(line.isprintable() for line in text.splitlines())


def test_a_byte_order_mark_is_no_fault() -> None:
    raw = (SOURCES / "playbooks/shipped/group-recruitment/playbook.yaml").read_bytes()

    assert parse(b"\xef\xbb\xbf" + raw) == parse(raw)


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(UndertowError, match="no playbook is called") as caught:
        load("extremist-recruitmnt")

    assert caught.value.mend == "did you mean `extremist-recruitment`?"


@pytest.mark.parametrize("given", ["", "..", "/etc/none/such.yaml", "a\x00b.yaml", "x" * 5000])
def test_a_path_that_cannot_be_read_is_one_fault_without_an_absolute_path(given: str) -> None:
    with pytest.raises(UndertowError) as caught:
        load(given)

    assert "/etc" not in str(caught.value)

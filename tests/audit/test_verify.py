"""The verifier: whatever is done to a log, it names the first leaf, and no bytes bring it down."""

from __future__ import annotations

import base64
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertow.audit import tree, verify
from undertow.audit.checkpoint import LogKey, make_key, read_key
from undertow.audit.verify import Key, Verdict, opened
from undertow.errors import UndertowError

LEAVES, STEPS = 1000, (1, 2, 250, 300, 999, 1000)


class Log:
    """A log of its own, its checkpoints, and what a verifier knows of them."""

    def __init__(self, key: LogKey, count: int, sizes: tuple[int, ...]) -> None:
        self.key, self.lines = key, []
        after = ""
        for place in range(count):
            leaf = {"after": after, "at": place, "facts": {}, "kind": "t", "place": place}
            body = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
            after = tree.leaf_hash(body).hex()
            self.lines.append(body + b"\n")
        self.hashes = [tree.leaf_hash(line[:-1]) for line in self.lines]
        self.notes = {
            f"{size:020d}.checkpoint": key.sign(size, tree.root(self.hashes[:size]))
            for size in sizes
        }
        self.saved = {
            f"{size:020d}.hashes": b"".join(self.hashes[before:size])
            for before, size in itertools.pairwise((0, *sizes))
        }

    def check(self, lines: list[bytes] | None = None, **other: dict[str, bytes]) -> Verdict:
        lines = self.lines if lines is None else lines
        notes, saved = other.get("notes", self.notes), other.get("saved", self.saved)
        return verify.verify(lines, notes, saved, Key.read(self.key.public))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> LogKey:
    return make_key(tmp_path_factory.mktemp("key") / "log.key")


@pytest.fixture(scope="module")
def log(key: LogKey) -> Log:
    return Log(key, LEAVES, STEPS)


def test_a_sound_log_is_proven_whole(log: Log) -> None:
    assert log.check() == Verdict(leaves=LEAVES, proven=LEAVES, checkpoints=len(STEPS))


def test_every_changed_byte_is_named_by_its_leaf(log: Log) -> None:
    """All bytes of the log, one at a time, each to another value: line breaks among them."""
    trusted = verify.trust(log.notes, log.saved, Key.read(log.key.public))
    draw = random.Random(5)
    unnamed, tried = [], 0
    for place, line in enumerate(log.lines):
        rest = log.lines[place + 1 :]
        for at in range(len(line)):
            tried += 1
            other = bytes([line[at] ^ draw.randrange(1, 256)])
            changed = line[:at] + other + line[at + 1 :]
            if other == b"\n":
                lines = [*cut(changed), *rest]
            elif at == len(line) - 1:
                lines = [changed + rest[0], *rest[1:]] if rest else [changed]
            else:
                lines = [changed, *rest]
            # The leaves before are the same bytes as in the sound log, so they are skipped here, not rechecked.
            since = verify.Trust((), trusted.known[place:], ())
            if verify.check(lines, since).first_bad != 0:
                unnamed.append((place, at))
    assert tried == sum(len(line) for line in log.lines)
    assert not unnamed


def cut(content: bytes) -> list[bytes]:
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def test_a_changed_byte_anywhere_is_named_from_the_whole_log(log: Log) -> None:
    """The same from the beginning of the log, at a hundred places of it."""
    draw = random.Random(6)
    content = b"".join(log.lines)
    for at in draw.sample(range(len(content)), 100):
        place = content[:at].count(b"\n")
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        verdict = log.check(cut(changed) if changed.endswith(b"\n") else lines_of(changed))
        assert verdict.first_bad == place
        assert verdict.faults[0].startswith(f"leaf {place}: ")


def lines_of(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def harms(lines: list[bytes], place: int) -> Iterator[tuple[str, list[bytes], int | None]]:
    """Give each harm, the log after it, and the first bad leaf; None where nothing is changed."""
    before, this, after = lines[:place], lines[place], lines[place + 1 :]
    yield "dropped", [*before, *after], place
    yield "doubled", [*before, this, this, *after], place + 1
    yield "inserted", [*before, b'{"after":""}\n', this, *after], place
    yield "empty", [*before, b"\n", *after], place
    yield "cut off", [*before, this[: len(this) // 2]], place
    yield "truncated", before, place
    if after:
        yield "swapped", [*before, after[0], this, *after[1:]], place
        yield "swapped far", [*before, after[-1], *after[:-1], this], place


def test_every_dropped_swapped_inserted_and_missing_leaf_is_named(log: Log) -> None:
    trusted = verify.trust(log.notes, log.saved, Key.read(log.key.public))
    unnamed = []
    for place in range(LEAVES):
        for name, lines, bad in harms(log.lines, place):
            found = verify.check(lines, trusted).first_bad
            # A leaf more after the last one came after the last checkpoint; its place gives it away.
            if found != bad:
                unnamed.append((place, name, found))
    assert not unnamed


def test_without_saved_hashes_the_chain_and_the_checkpoints_still_name_what_was_changed(
    log: Log,
) -> None:
    for place in (0, 1, 2, 100, 299, 500, 998):
        line = log.lines[place]
        lines = [
            *log.lines[:place],
            line.replace(b'"t"', b'"u"'),
            *log.lines[place + 1 :],
        ]
        assert log.check(lines, saved={}).first_bad == place
    short = log.check(log.lines[:600], saved={})
    assert short.first_bad == 600
    assert short.faults == [
        "the checkpoint of 999 leaves does not fit the log: leaf 600 is missing"
    ]


def test_a_log_written_anew_with_a_sound_chain_is_found_by_its_checkpoints(log: Log) -> None:
    """Whoever holds the database can make a chain that fits; not one that fits what was signed."""
    forged = Log(log.key, LEAVES, ())
    after = ""
    for place in range(LEAVES):
        leaf = json.loads(log.lines[place]) | {"after": after}
        leaf["at"] = 7 if place == 420 else leaf["at"]
        body = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
        after = tree.leaf_hash(body).hex()
        forged.lines[place] = body + b"\n"
    assert log.check(forged.lines).first_bad == 420
    without = log.check(forged.lines, saved={})
    assert not without.is_sound
    (said,) = without.faults
    assert said.startswith("the checkpoint of 999 leaves does not fit the log")
    assert "from 300 on" in said


def test_leaves_after_the_last_checkpoint_count_but_are_not_proven(key: LogKey) -> None:
    log = Log(key, 20, (12,))
    assert log.check() == Verdict(leaves=20, proven=12, checkpoints=1)
    line = log.lines[15]
    lines = [*log.lines[:15], line.replace(b'"t"', b'"u"'), *log.lines[16:]]
    assert log.check(lines).first_bad == 15
    lines = [*log.lines[:15], *log.lines[16:]]
    assert log.check(lines).first_bad == 15
    lines = [*log.lines[:15], log.lines[16], log.lines[15], *log.lines[17:]]
    assert log.check(lines).first_bad == 15


def test_a_changed_checkpoint_or_hash_is_a_fault_or_does_no_harm(log: Log) -> None:
    for name, note in log.notes.items():
        for at in range(len(note)):
            other = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
            verdict = log.check(notes=log.notes | {name: other})
            assert not verdict.is_sound
            assert verdict.first_bad is None
    for name, hashed in log.saved.items():
        other = bytes([hashed[0] ^ 1]) + hashed[1:]
        assert log.check(saved=log.saved | {name: other}).is_sound
        assert log.check(saved=log.saved | {name: hashed[:-1]}).is_sound


def test_two_histories_of_one_length_are_a_fault(log: Log) -> None:
    second = log.key.sign(250, bytes(32))
    verdict = log.check(notes=log.notes | {"elsewhere.checkpoint": second})
    assert verdict.faults == [
        "checkpoint 'elsewhere.checkpoint': a second history of 250 leaves"
    ]


def test_any_two_saved_checkpoints_are_proven_to_be_of_one_log(log: Log) -> None:
    key = Key.read(log.key.public)
    heads = [opened(note, key) for note in log.notes.values()]
    for old, new in itertools.combinations(heads, 2):
        proof = tree.consistency(log.hashes[: new.size], old.size)
        assert tree.is_beginning(old.size, old.root, new.size, new.root, proof)
        assert not tree.is_beginning(old.size, bytes(32), new.size, new.root, proof)


@given(st.integers(0, 200))
def test_both_ways_to_a_root_agree(size: int) -> None:
    leaves = [tree.leaf_hash(bytes([number])) for number in range(size)]
    assert verify._roots(leaves, {size})[size] == tree.root(leaves)


def test_a_checkpoint_is_a_signed_note_that_other_tools_read(key: LogKey) -> None:
    """The public example of tlog-checkpoint: text, empty line, dash, name, base64."""
    note = key.sign(7, bytes(range(32))).decode()
    text, line = note.split("\n\n")
    assert text.split("\n") == [key.name, "7", base64.b64encode(bytes(range(32))).decode()]
    dash, name, packed = line.rstrip("\n").split(" ")
    assert (dash, name) == ("—", key.name)
    raw = base64.b64decode(packed)
    assert len(raw) == 4 + 64
    assert raw[:4].hex() == key.public.split("+")[1]
    key.signing.public_key().verify(raw[4:], f"{text}\n".encode())


def test_a_witness_s_signature_beside_ours_is_left_alone(key: LogKey) -> None:
    note = key.sign(7, bytes(32))
    beside = "— witness.example/w ".encode() + base64.b64encode(bytes(76)) + b"\n"
    assert opened(note + beside, Key.read(key.public)).size == 7


@pytest.mark.parametrize(
    "harm",
    [
        lambda note: b"",
        lambda note: note + b"x" * 70_000,
        lambda note: note.replace(b"\n7\n", b"\n07\n"),
        lambda note: note.replace(b"\n7\n", b"\n-7\n"),
        lambda note: note.replace(b"\n7\n", "\n\u0667\n".encode()),
        lambda note: note.replace(b"\n\n", b"\nmore\n\n"),
        lambda note: note.replace("—".encode(), b"-"),
        lambda note: note[:-1],
        lambda note: note.replace(b"\n", b"\r\n"),
        lambda note: b"\xff" + note,
    ],
)
def test_what_is_no_checkpoint_of_ours_is_refused(key: LogKey, harm) -> None:
    with pytest.raises(ValueError, match=r"."):
        opened(harm(key.sign(7, bytes(32))), Key.read(key.public))


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AQ==", "a+b+c+d", "++"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Key.read(text)


def test_a_public_key_whose_identity_is_another_s_is_refused(key: LogKey) -> None:
    name, _, packed = key.public.split("+", 2)
    with pytest.raises(ValueError, match="identity"):
        Key.read(f"{name}+00000000+{packed}")


def test_a_log_has_one_key_for_life(tmp_path: Path) -> None:
    made = make_key(tmp_path / "log.key")
    assert read_key(tmp_path / "log.key").public == made.public
    with pytest.raises(UndertowError) as caught:
        make_key(tmp_path / "log.key")
    assert caught.value.code == "audit-key-exists"


BYTES = st.binary(max_size=400)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(BYTES, max_size=8),
    st.dictionaries(st.text(max_size=30), BYTES, max_size=4),
    st.dictionaries(st.text(max_size=30), BYTES, max_size=4),
)
def test_no_bytes_bring_the_verifier_down(
    lines: list[bytes], notes: dict[str, bytes], hashes: dict[str, bytes]
) -> None:
    public = "undertow.example/x+" + _hint + "+" + _packed
    verdict = verify.verify(lines, notes, hashes, Key.read(public))
    assert verdict.leaves == len(lines)
    assert verdict.is_sound == (not lines and not notes)


_raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
_hint = verify.key_hint("undertow.example/x", _raw).hex()
_packed = base64.b64encode(b"\x01" + _raw).decode()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_sound_log_with_bytes_strewn_in_is_never_sound_and_never_a_crash(
    small: Log, data: st.DataObject
) -> None:
    content = b"".join(small.lines)
    at = data.draw(st.integers(0, len(content)))
    upto = data.draw(st.integers(at, min(len(content), at + 300)))
    strewn = data.draw(BYTES)
    changed = content[:at] + strewn + content[upto:]
    verdict = small.check(lines_like_a_file(changed))
    assert verdict.is_sound == (changed == content)
    if changed != content:
        assert verdict.first_bad is not None
        assert verdict.first_bad >= content[:at].count(b"\n") - 1


def lines_like_a_file(content: bytes) -> list[bytes]:
    """Cut as a file opened in binary does: at line feeds alone."""
    pieces = content.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


@pytest.fixture(scope="module")
def small(key: LogKey) -> Log:
    return Log(key, 12, (5, 12))


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 100_000,
        b'{"after":"","after":"","at":0,"facts":{},"kind":"t","place":0}',
        b'{"after":"","at":0,"facts":{},"kind":"t","place":false}',
        b'{"after":"","at":0,"facts":{},"kind":"t","place":0.0}',
        b'{"after":"","at":NaN,"facts":{},"kind":"t","place":0}',
        b'{"after":"","at":0,"facts":{},"kind":"\\ud800","place":0}',
        b'{"after": "","at":0,"facts":{},"kind":"t","place":0}',
        b'{"after":"","at":0,"facts":{},"kind":"t","more":1,"place":0}',
        '{"after":"","at":0,"facts":{},"kind":"t","place":0}'.encode("utf-16"),
        b"null",
    ],
)
def test_a_hostile_leaf_is_named(key: LogKey, line: bytes) -> None:
    empty = Log(key, 0, ())
    assert empty.check([line + b"\n"]).first_bad == 0


def test_the_lone_program_says_how_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], small: Log
) -> None:
    assert verify.main(["x"]) == 2
    assert "usage" in capsys.readouterr().err
    assert verify.main([str(tmp_path / "no"), str(tmp_path), small.key.public]) == 2
    assert verify.main([str(tmp_path / "no"), str(tmp_path), "key"]) == 2
    (tmp_path / "log.jsonl").write_bytes(b"".join(small.lines))
    for name, content in (small.notes | small.saved).items():
        (tmp_path / name).write_bytes(content)
    capsys.readouterr()
    words = [str(tmp_path / "log.jsonl"), str(tmp_path), small.key.public]
    assert verify.main(words) == 0
    assert capsys.readouterr().out == "12 leaves, 12 proven by 2 checkpoints: sound\n"

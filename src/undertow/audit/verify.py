"""An independent check of an audit log. This file, Python and `cryptography` are all it needs.

    python verify.py LOG CHECKPOINTS KEY

LOG holds one leaf per line, as `undertow audit export` writes it: canonical JSON, whose bytes
without the line break are what is hashed. CHECKPOINTS is a folder of signed tree heads
(`*.checkpoint`, C2SP tlog-checkpoint) with the leaf hashes they cover (`*.hashes`, 32 bytes
each). KEY is the public key of the log, `name+id+key`.

What a checkpoint covers is proven leaf by leaf. Of what came after the last checkpoint only the
chain of leaves speaks, which whoever holds the database could have written anew: the verdict says
how many leaves are proven. It imports nothing of Undertow's and shares no code with what
writes the log, so that one fault cannot hide the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LARGEST_NOTE = 65_536
"""Bytes; more is no checkpoint."""
LARGEST_LEAF = 65_536
FIELDS = {"after", "at", "facts", "kind", "place"}
ED25519 = b"\x01"
DASH = "\u2014 "
CHAIN = "does not follow from the leaf before it"


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: `size` leaves of the log `origin` have the root `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Key:
    """A public key that signs checkpoints: its name, its four bytes of identity, itself."""

    name: str
    hint: bytes
    public: Ed25519PublicKey

    @classmethod
    def read(cls, text: str) -> Key:
        """Read `name+id+key`.

        Raises:
            ValueError: it is none, or its identity is not that of its key.
        """
        name, hint, packed = [*text.strip().split("+", 2), "", ""][:3]
        raw = _unpacked(packed)
        if not name or raw[:1] != ED25519 or len(raw) != 33:
            raise ValueError("no key of the form name+id+key")
        made = key_hint(name, raw[1:])
        if made.hex() != hint:
            raise ValueError("the key's identity is not that of its bytes")
        return cls(name, made, Ed25519PublicKey.from_public_bytes(raw[1:]))


def key_hint(name: str, public: bytes) -> bytes:
    """Give the four bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def _unpacked(text: str) -> bytes:
    """Undo base64; what is not written canonically is refused, so that no two texts mean one thing."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is no base64") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("this base64 is not canonical")
    return raw


def opened(note: bytes, key: Key) -> Checkpoint:
    """Open a signed checkpoint.

    Raises:
        ValueError: it is no checkpoint, or is not signed by `key`.
    """
    if len(note) > LARGEST_NOTE:
        raise ValueError("too large for a checkpoint")
    written = note.decode("utf-8")
    if any(char < " " and char != "\n" for char in written):
        raise ValueError("a checkpoint holds no control characters")
    text, parted, lines = written.rpartition("\n\n")
    if not parted or not lines.endswith("\n"):
        raise ValueError("a checkpoint is a text, an empty line and signatures")
    text += "\n"
    if not any([_signed(line, text, key) for line in lines[:-1].split("\n")]):  # noqa: C419 - each is looked at
        raise ValueError("no signature of the given key")
    parts = text[:-1].split("\n")
    if len(parts) != 3 or not parts[0]:
        raise ValueError("a checkpoint has three lines: origin, size, root")
    origin, size, root = parts
    if not (size.isascii() and size.isdigit()) or (size != "0" and size[0] == "0"):
        raise ValueError("the size is no number")
    if len(size) > 18 or len(_unpacked(root)) != 32:
        raise ValueError("the size or the root is none")
    if origin != key.name:
        raise ValueError("the checkpoint is of another log")
    return Checkpoint(origin, int(size), _unpacked(root))


def _signed(line: str, text: str, key: Key) -> bool:
    """Say whether a line is a signature by `key`; another key's line is none.

    Raises:
        ValueError: it is no signature line, or says to be of `key` and is not.
    """
    if not line.startswith(DASH):
        raise ValueError("this is no signature line")
    name, _, packed = line[len(DASH) :].partition(" ")
    raw = _unpacked(packed)
    if name != key.name or raw[:4] != key.hint:
        return False
    try:
        key.public.verify(raw[4:], text.encode())
    except InvalidSignature:
        raise ValueError("the signature is false") from None
    return True


@dataclass
class Verdict:
    """What a check found.

    Attributes:
        leaves: lines of the log.
        proven: leaves, from the first, that a signed checkpoint covers.
        checkpoints: good ones.
        first_bad: place of the first leaf that is not what was logged; None if there is none.
        faults: sentences about what is wrong, the first bad leaf first; empty for a sound log.
    """

    leaves: int = 0
    proven: int = 0
    checkpoints: int = 0
    first_bad: int | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass(frozen=True)
class Trust:
    """What signed checkpoints say of a log.

    Attributes:
        heads: good checkpoints, by size.
        known: hashes of the first leaves, as far as a checkpoint proves them.
        faults: what is wrong with the checkpoints themselves.
    """

    heads: tuple[Checkpoint, ...]
    known: tuple[bytes, ...]
    faults: tuple[str, ...]


def verify(
    lines: Iterable[bytes],
    notes: Mapping[str, bytes],
    hashes: Mapping[str, bytes],
    key: Key,
) -> Verdict:
    """Check a log against saved checkpoints.

    Args:
        lines: leaves in order, each with its line break.
        notes: signed checkpoints by name of file.
        hashes: leaf hashes by name of file, `SIZE.hashes`: those of the last leaves of a log of that size.
        key: the log's public key.

    Returns:
        The verdict; whatever the bytes are, this raises nothing.
    """
    return check(lines, trust(notes, hashes, key))


def trust(notes: Mapping[str, bytes], hashes: Mapping[str, bytes], key: Key) -> Trust:
    """Open checkpoints, and find how many of the saved leaf hashes they prove."""
    found: dict[int, Checkpoint] = {}
    faults: list[str] = []
    for name in sorted(notes):
        try:
            head = opened(notes[name], key)
        except ValueError as fault:
            faults.append(f"checkpoint {name!a}: {fault}")
            continue
        if found.setdefault(head.size, head).root != head.root:
            faults.append(f"checkpoint {name!a}: a second history of {head.size} leaves")
    heads = tuple(found[size] for size in sorted(found))
    known = _known(hashes)
    roots = _roots(known, {head.size for head in heads})
    proven = max((head.size for head in heads if roots.get(head.size) == head.root), default=0)
    return Trust(heads, tuple(known[:proven]), tuple(faults))


def check(lines: Iterable[bytes], trusted: Trust) -> Verdict:
    """Check a log against what its checkpoints say; as `verify`."""
    verdict = Verdict(checkpoints=len(trusted.heads), faults=list(trusted.faults))
    known, each = trusted.known, iter(lines)
    for place, expected in enumerate(known):
        line = next(each, b"")
        if line[-1:] != b"\n" or hashlib.sha256(b"\x00" + line[:-1]).digest() != expected:
            verdict.leaves = place + bool(line) + sum(1 for _ in each)
            said = "not what was logged" if line else "missing"
            return _found(verdict, place, said)
    held, broken = _walk(each, list(known))
    verdict.leaves = len(held)
    if broken is not None:
        _found(verdict, *broken)
    _against_heads(held, trusted.heads, verdict)
    if verdict.is_sound:
        verdict.proven = max((head.size for head in trusted.heads), default=0)
    return verdict


def _found(verdict: Verdict, place: int, said: str) -> Verdict:
    """Name the first bad leaf before all other faults."""
    verdict.first_bad = place
    verdict.faults.insert(0, f"leaf {place}: {said}")
    return verdict


def _walk(
    lines: Iterable[bytes], held: list[bytes]
) -> tuple[list[bytes], tuple[int, str] | None]:
    """Hash every leaf after those `held`, and find the first that breaks the form or the chain of the log."""
    breaks: dict[int, str] = {}
    start = len(held)
    for place, line in enumerate(lines, start=start):
        before = held[-1].hex() if held else ""
        held.append(hashlib.sha256(b"\x00" + line.removesuffix(b"\n")).digest())
        said = _form(line, place, before)
        if said is not None:
            breaks[place] = said
    return held, _first(breaks, start)


def _first(breaks: Mapping[int, str], start: int) -> tuple[int, str] | None:
    """Name the first bad leaf. A changed leaf breaks the chain at the next one, and nowhere else."""
    if not breaks:
        return None
    place = min(breaks)
    said = breaks[place]
    if said == CHAIN and place > start and place + 1 not in breaks:
        return place - 1, "does not lead to the leaf after it"
    return place, said


def _form(line: bytes, place: int, before: str) -> str | None:
    """Say what is wrong with a leaf that follows the one whose hash is `before`, None for nothing."""
    if not line.endswith(b"\n"):
        return "its line is cut off"
    if len(line) > LARGEST_LEAF:
        return "too long"
    body = line[:-1]
    try:
        leaf = json.loads(body, object_pairs_hook=_once)
        written = json.dumps(
            leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except (ValueError, RecursionError):
        return "no JSON of the form of a leaf"
    if written != body or not isinstance(leaf, dict) or set(leaf) != FIELDS:
        return "not of the form of a leaf"
    if type(leaf["place"]) is not int or leaf["place"] != place:
        return "stands at another place than it says"
    return None if leaf["after"] == before else CHAIN


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _known(hashes: Mapping[str, bytes]) -> list[bytes]:
    """Put saved leaf hashes in order, up to the first that is missing."""
    at: dict[int, bytes] = {}
    for name in sorted(hashes):
        size, raw = name.partition(".")[0], hashes[name]
        if size.isascii() and size.isdigit() and len(size) <= 20 and len(raw) % 32 == 0:
            first = int(size) - len(raw) // 32
            at |= {first + i // 32: raw[i : i + 32] for i in range(0, len(raw), 32)}
    known: list[bytes] = []
    while len(known) in at:
        known.append(at[len(known)])
    return known


def _against_heads(
    held: Sequence[bytes], heads: Sequence[Checkpoint], verdict: Verdict
) -> None:
    """Hold the log's own roots against every checkpoint; where leaf hashes are missing, name the stretch."""
    roots = _roots(held, {head.size for head in heads})
    good = 0
    for head in heads:
        if roots.get(head.size) == head.root:
            good = head.size
            continue
        said = f"the checkpoint of {head.size} leaves does not fit the log"
        if len(held) < head.size:
            said += f": leaf {len(held)} is missing"
        else:
            said += f": of the leaves from {good} on one is not what was logged"
        if verdict.first_bad is None and len(held) < head.size:
            verdict.first_bad = len(held)
        elif verdict.first_bad is None and head.size - good == 1:
            verdict.first_bad = good
        verdict.faults.append(said)
        return


def _roots(leaves: Sequence[bytes], sizes: set[int]) -> dict[int, bytes]:
    """Compute the roots of the first so many leaves, for all sizes in one pass."""
    found = {0: hashlib.sha256(b"").digest()}
    stack: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(leaves, start=1):
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            _join(stack)
        if size in sizes:
            left = list(stack)
            while len(left) > 1:
                _join(left)
            found[size] = left[0][1]
    return found


def _join(stack: list[tuple[int, bytes]]) -> None:
    (right_size, right), (left_size, left) = stack.pop(), stack.pop()
    joined = hashlib.sha256(b"\x01" + left + right).digest()
    stack.append((left_size + right_size, joined))


def saved(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Read a folder of checkpoints: the notes, and the leaf hashes."""
    notes = {path.name: path.read_bytes() for path in folder.glob("*.checkpoint")}
    hashes = {path.name: path.read_bytes() for path in folder.glob("*.hashes")}
    return notes, hashes


def main(words: Sequence[str]) -> int:
    """Check what three words of the command line name; 0 sound, 1 not, 2 cannot be read."""
    if len(words) != 3:
        sys.stderr.write("usage: verify.py LOG CHECKPOINTS KEY\n")
        return 2
    try:
        key = Key.read(words[2])
        notes, hashes = saved(Path(words[1]))
        with Path(words[0]).open("rb") as log:
            verdict = verify(log, notes, hashes, key)
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"cannot be checked: {fault}\n")
        return 2
    for said in verdict.faults:
        sys.stdout.write(f"{said}\n")
    sys.stdout.write(
        f"{verdict.leaves} leaves, {verdict.proven} proven by {verdict.checkpoints} checkpoints: "
        f"{'sound' if verdict.is_sound else 'NOT SOUND'}\n"
    )
    return 0 if verdict.is_sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

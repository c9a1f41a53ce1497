"""Lines of a JSON Lines file, plain or compressed, with a limit on everything a file could inflate."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

import pyarrow as pa

from undertow.errors import Place, UndertowError, shown_name
from undertow.importers.rows import Tally

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line; records of this kind have a few thousand. Ours."""
MOST_INFLATED: Final = 200
"""Times a compressed file may grow. Event lines grow 5 to 30 times; a bomb a thousand. Ours."""
ALWAYS_ALLOWED: Final = 64 * 1024 * 1024
"""Bytes that any compressed file may grow to."""
_BLOCK: Final = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_AS_GZIP: Final = 31
"""What `zlib` calls a gzip header with the largest window."""
ENDS_EARLY: Final = "the compressed data are damaged or end early"


def lines(path: Path, tally: Tally) -> Iterator[tuple[int, bytes]]:
    """Yield number (from 1) and bytes of each line that is not blank.

    A line over the limit is set aside; so is the rest of a compressed file that ends early.

    Raises:
        UndertowError: `file-unreadable`, or `compressed-too-large`.
    """
    place = Place(shown_name(path))
    number, held, too_long = 0, bytearray(), False
    try:
        for block in _blocks(path, place):
            pieces = block.split(b"\n")
            for at, piece in enumerate(pieces):
                if not too_long:
                    held += piece
                if len(held) > LONGEST_LINE:
                    held.clear()
                    too_long = True
                if at == len(pieces) - 1:
                    break
                number += 1
                if too_long:
                    tally.reject(number, "line longer than 16 MiB")
                elif held.strip():
                    yield number, bytes(held)
                held.clear()
                too_long = False
    except EOFError:
        tally.reject(number + 1, ENDS_EARLY)
        return
    if too_long:
        tally.reject(number + 1, "line longer than 16 MiB")
    elif held.strip():
        yield number + 1, bytes(held)


def _blocks(path: Path, place: Place) -> Iterator[bytes]:
    """Yield decompressed blocks; raises `EOFError` where compressed data break off."""
    try:
        size, grown = path.stat().st_size, 0
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            packed = start.startswith(_GZIP) or start == _ZSTD
            for block in _unpacked(file, start):
                grown += len(block)
                if packed and grown > max(ALWAYS_ALLOWED, size * MOST_INFLATED):
                    raise UndertowError(
                        f"the compressed file grows to more than {MOST_INFLATED} times its size",
                        code="compressed-too-large",
                        place=place,
                        mend="unpack it yourself if you trust it",
                    )
                yield block
    except OSError as fault:
        raise unreadable(fault, place) from None


def unreadable(fault: OSError, place: Place) -> UndertowError:
    """Make the fault of a file that the system does not let us read."""
    return UndertowError(
        f"the file cannot be read: {fault.strerror or 'input failed'}",
        code="file-unreadable",
        place=place,
        mend="check the path and the rights",
    )


def _unpacked(file: BufferedReader, start: bytes) -> Iterator[bytes]:
    if start.startswith(_GZIP):
        return _gunzip(file)
    return _unzstd(file) if start == _ZSTD else iter(lambda: file.read(_BLOCK), b"")


def _gunzip(file: BufferedReader) -> Iterator[bytes]:
    """Inflate block by block; several gzip members in a row are one file."""
    member, held = zlib.decompressobj(_AS_GZIP), b""
    while True:
        held = held or file.read(_BLOCK)
        if not held:
            raise EOFError
        try:
            block = member.decompress(held, _BLOCK)
        except zlib.error:
            raise EOFError from None
        if block:
            yield block
        held = member.unconsumed_tail
        if member.eof:
            held = member.unused_data or file.read(_BLOCK)
            if not held:
                return
            member = zlib.decompressobj(_AS_GZIP)


def _unzstd(file: BufferedReader) -> Iterator[bytes]:
    try:
        with pa.CompressedInputStream(file, "zstd") as stream:
            while block := stream.read(_BLOCK // 16):
                yield block
    except (OSError, pa.ArrowException):
        raise EOFError from None

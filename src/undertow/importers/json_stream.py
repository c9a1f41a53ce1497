"""A pull parser for JSON files larger than memory: walk in, take whole values, skip the rest.

Values are cut out by counting brackets, without recursion, so that neither depth nor a damaged
value inside stops the walk. One value taken whole is at most `LARGEST` characters.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, Final

LARGEST: Final = 64 * 1024 * 1024
_BLOCK: Final = 1 << 20
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BARE: Final = re.compile(r"[^\s,\]}:]*")
_OPEN: Final = re.compile(r'["{}\[\]]')
_QUOTED: Final = re.compile(r'["\\]')
_decoder: Final = json.JSONDecoder()


class Damaged(ValueError):  # noqa: N818 -- it reads as what the file is
    """The structure around values is broken, or the file ends inside it."""


class Unusable(ValueError):  # noqa: N818 -- it reads as what the value is
    """One value cannot be used; the walk goes on behind it. Its text is the reason."""


class JsonStream:
    """Walks one JSON text from front to back.

    Args:
        file: opened for bytes; bytes that are not UTF-8 make the value around them unusable.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._ended = "", 0, False
        self._fill()
        self._text = self._text.removeprefix("\ufeff")

    def peek(self) -> str:
        """Give the next character that is no blank; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def members(self) -> Iterator[str]:
        """Walk into an object: yield each key; the caller takes, skips or walks its value."""
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            key = self._value() if self.peek() == '"' else None
            if not isinstance(key, str):
                raise Damaged
            self._expect(":")
            yield key
            if not self._more("}"):
                return

    def elements(self) -> Iterator[None]:
        """Walk into an array: stop before each element; the caller takes or skips it."""
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if not self._more("]"):
                return

    def take(self) -> Any:  # noqa: ANN401 -- JSON holds anything
        """Take the next value whole.

        Raises:
            Unusable: if it is not JSON, not UTF-8, too deep or too large; the walk can go on.
            Damaged: if the file ends inside it.
        """
        self.peek()
        return self._value()

    def skip(self) -> None:
        """Pass over the next value, whatever its size.

        Raises:
            Damaged: if the file ends inside it.
        """
        self.peek()
        self._extent(keep=False)

    def _value(self) -> Any:  # noqa: ANN401 -- JSON holds anything
        start = self._at
        try:
            # The quick way: it lies whole in the text held. A number might go on behind it.
            if self._text[start : start + 1] in ("{", "[", '"'):
                value, self._at = _decoder.raw_decode(self._text, start)
                _check_utf8(self._text[start : self._at])
                return value
        except (json.JSONDecodeError, RecursionError, ValueError) as fault:
            if isinstance(fault, Unusable):
                raise
        cut = self._extent(keep=True)
        _check_utf8(cut)
        try:
            return json.loads(cut)
        except RecursionError:
            raise Unusable("nested too deeply") from None
        except ValueError:
            raise Unusable("not JSON") from None

    def _extent(self, *, keep: bool) -> str:
        """Move behind the next value and give its text (empty unless kept)."""
        first = self._text[self._at : self._at + 1]
        if not first or first in ",:]}":
            raise Damaged
        if first not in '"{[':
            return self._bare()
        start, at, depth, quoted = self._at, self._at, 0, False
        too_large = False
        while True:
            found = (_QUOTED if quoted else _OPEN).search(self._text, at)
            if found is None:
                at = max(at, len(self._text))
                if too_large or not keep:
                    self._at = start = len(self._text)
                elif at - start > LARGEST:
                    too_large = True
                shift = self._at
                if not self._fill():
                    raise Damaged
                at, start = at - shift, start - shift
                continue
            at = found.end()
            sign = found[0]
            if sign == "\\":
                at += 1
            elif sign == '"':
                quoted = not quoted
            else:
                depth += 1 if sign in "{[" else -1
            if depth == 0 and not quoted:
                break
        cut = self._text[start:at] if keep and not too_large else ""
        self._at = at
        if too_large:
            raise Unusable("larger than 64 MiB")
        return cut

    def _bare(self) -> str:
        while True:
            found = _BARE.match(self._text, self._at)
            end = found.end() if found else self._at
            if end < len(self._text):
                break
            if end - self._at > _BLOCK or not self._fill():
                end = len(self._text)
                break
        cut, self._at = self._text[self._at : end], end
        return cut

    def _more(self, close: str) -> bool:
        sign = self.peek()
        if sign not in (",", close):
            raise Damaged
        self._at += 1
        if sign == ",":
            self.peek()
        return sign == ","

    def _expect(self, sign: str) -> None:
        if self.peek() != sign:
            raise Damaged
        self._at += 1

    def _fill(self) -> bool:
        """Read more and drop what lies behind; False at the end of the file."""
        if self._ended:
            return False
        # Read as much again as is held: a large value is then looked at a bounded number of times.
        block = self._file.read(max(_BLOCK, len(self._text) - self._at))
        self._ended = not block
        self._text = self._text[self._at :] + self._decode.decode(block, final=self._ended)
        self._at = 0
        return True


def _check_utf8(text: str) -> None:
    """Escaped half pairs are ASCII here, so a surrogate in the raw text is a byte that is not UTF-8."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unusable("not UTF-8") from None

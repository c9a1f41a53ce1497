"""The file of a Telegram Desktop export: walking it, and the survey that the rows rely on.

The file is walked twice, so that names can be told apart before the first row: invited people
stand in it by display name alone, and a name is taken for an account only if one account bears it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from undertow.errors import Place, UndertowError, shown_name
from undertow.importers.json_stream import Damaged, JsonStream, Unusable
from undertow.importers.textfile import unreadable

DIRECT: Final = ("personal_chat", "bot_chat", "saved_messages", "verify_codes", "replies")
CHANNELS: Final = ("public_channel", "private_channel")
_LONGEST: Final = 256
"""Characters kept of a chat's type, id and name. Ours."""
_HEADER: Final = ("type", "id", "name")
_JSON_MEND: Final = "in Telegram Desktop: Export chat history, format: machine-readable JSON"

Step = tuple[int, str, Any]
"""Number of the chat (-1: the file), what it is (a header key, `message`, `unusable`, …), value."""


@dataclass
class Chat:
    """One chat of the file.

    Attributes:
        type: as exported, such as `personal_chat`; None in exports that leave it out.
        id: as exported: of the room, or in a personal chat of the other person.
        name: display name.
        authors: accounts that wrote in it; kept to three, since only two are ever told apart.
        first: time and name on its first message: names a chat that has no id.
    """

    type: str | None = None
    id: str | None = None
    name: str = ""
    authors: set[str] = field(default_factory=set)
    first: str | None = None

    @property
    def direct(self) -> bool:
        """Say whether it is a chat with one other account."""
        return self.type in DIRECT

    @property
    def key(self) -> str:
        """Name it in ids. A person's or a channel's id is hashed: ids of events hold no account."""
        if self.id is not None and self.type is not None and self.type.endswith("group"):
            return self.id
        named = f"id\n{self.id}" if self.id is not None else f"first\n{self.name}\n{self.first}"
        return "h" + hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass
class Survey:
    """What one walk over the file found out.

    Attributes:
        chats: in the order of the file.
        bearers: display name -> accounts that bear it, kept to two.
        own: account of the person who exported, where the file says so.
    """

    chats: list[Chat] = field(default_factory=list)
    bearers: dict[str, set[str]] = field(default_factory=dict)
    own: str | None = None

    def resolve(self, name: object) -> str | None:
        """Give the account called `name` if exactly one in the file is, else None."""
        found = self.bearers.get(name, ()) if isinstance(name, str) else ()
        return next(iter(found)) if len(found) == 1 else None

    def borne(self, name: str) -> int:
        """Say how many accounts bear a name: 0, 1, or 2 for several."""
        return len(self.bearers.get(name, ()))

    def partner(self, chat: Chat, author: str) -> str | None:
        """Give the other account of a direct chat, None where the file does not say."""
        others = chat.authors - {author}
        if len(chat.authors) <= 2 and len(others) == 1:
            return next(iter(others))
        if others:
            return None
        other = None if chat.id is None else f"user{chat.id}"
        return self.own if other == author else other


def native_id(value: object) -> str | None:
    """Read `from_id` and its like: `user123`, or a bare number in exports before 2021."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"user{value}" if abs(value) < 10**40 else None
    if isinstance(value, str) and 0 < len(value.strip()) <= 128 and value.isprintable():
        return value.strip()
    return None


def survey(path: Path) -> Survey:
    """Walk the file once and note chats, authors and names.

    Raises:
        UndertowError: if it is no Telegram Desktop JSON export.
    """
    found = Survey()
    for number, what, value in walk(path):
        if number >= len(found.chats):
            found.chats.append(Chat())
        if what == "own":
            own = value.get("user_id") if isinstance(value, dict) else None
            found.own = native_id(own)
        elif what == "contact":
            names = (value.get("first_name"), value.get("last_name"))
            whole = " ".join(one for one in names if isinstance(one, str) and one)
            _bear(found, whole, native_id(value.get("user_id")))
        elif what in _HEADER:
            text = (
                str(value)[:_LONGEST] if isinstance(value, str | int) and value != "" else None
            )
            setattr(found.chats[number], what, (text or "") if what == "name" else text)
        elif what == "message":
            _note_message(found, found.chats[number], value)
    if not found.chats:
        raise UndertowError(
            "the file holds neither `messages` nor `chats`",
            code="telegram-not-export",
            place=Place(shown_name(path)),
            mend=_JSON_MEND,
        )
    return found


def _note_message(found: Survey, chat: Chat, message: dict[str, Any]) -> None:
    author = native_id(message.get("from_id"))
    for name, bearer in (
        (message.get("from"), author),
        (message.get("actor"), native_id(message.get("actor_id"))),
    ):
        _bear(found, name, bearer)
    if author is not None and len(chat.authors) < 3 and message.get("type") == "message":
        chat.authors.add(author)
    if chat.first is None:
        chat.first = "\n".join(
            str(message.get(key))[:100] for key in ("date_unixtime", "date", "from")
        )


def _bear(found: Survey, name: object, bearer: str | None) -> None:
    if isinstance(name, str) and name and bearer is not None:
        bearers = found.bearers.setdefault(name, set())
        if len(bearers) < 2:
            bearers.add(bearer)


def walk(path: Path) -> Iterator[Step]:
    """Walk the file: each chat's header and messages, in order; ends with `damaged` if it breaks off.

    Raises:
        UndertowError: `file-unreadable`, `telegram-html`, `telegram-history-dump`,
            `telegram-not-export`.
    """
    place = Place(shown_name(path))
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            _refuse_others(head, place)
            file.seek(0)
            yield from _root(JsonStream(file), place)
    except OSError as fault:
        raise unreadable(fault, place) from None


def _refuse_others(head: bytes, place: Place) -> None:
    """Say by name what the file is, if it is something else that people have."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        what = "this is an HTML export, which leaves out account ids"
        raise UndertowError(what, code="telegram-html", place=place, mend=_JSON_MEND)
    if start.startswith(b'{"event"') and b'"peer_type"' in head:
        what = "this is a telegram-history-dump file (JSON Lines), not Telegram Desktop"
        mend = "export anew with Telegram Desktop, or make a CSV of it for `import csv`"
        raise UndertowError(what, code="telegram-history-dump", place=place, mend=mend)
    if not start.startswith(b"{"):
        what = "the file is empty" if not start else "the file is not a JSON object"
        raise UndertowError(what, code="telegram-not-export", place=place, mend=_JSON_MEND)


def _root(stream: JsonStream, place: Place) -> Iterator[Step]:
    number = 0
    try:
        for key in stream.members():
            if key in _HEADER or key == "messages":
                # A single chat: its header stands at the root, as chat 0.
                yield from _member(stream, 0, key)
            elif key in ("chats", "left_chats") and stream.peek() == "{":
                for chat in _inner_list(stream):
                    del chat
                    yield from _chat(stream, number)
                    number += 1
            elif key == "contacts" and stream.peek() == "{":
                for contact in _inner_list(stream):
                    del contact
                    yield from _whole(stream, -1, "contact")
            elif key == "personal_information":
                yield from _whole(stream, -1, "own")
            else:
                stream.skip()
    except Damaged:
        yield -1, "damaged", None
    except Unusable as fault:
        raise UndertowError(
            f"the file is no export: its structure is {fault}",
            code="telegram-not-export",
            place=place,
            mend=_JSON_MEND,
        ) from None


def _inner_list(stream: JsonStream) -> Iterator[None]:
    """Stop before each element of the `list` inside `chats` or `contacts`."""
    for key in stream.members():
        if key == "list" and stream.peek() == "[":
            yield from stream.elements()
        else:
            stream.skip()


def _chat(stream: JsonStream, number: int) -> Iterator[Step]:
    if stream.peek() != "{":
        stream.skip()
        yield number, "unusable", "a chat that is not an object"
        return
    yield number, "chat", None
    for key in stream.members():
        yield from _member(stream, number, key)


def _member(stream: JsonStream, number: int, key: str) -> Iterator[Step]:
    if key in _HEADER:
        yield from _whole(stream, number, key)
    elif key == "messages" and stream.peek() == "[":
        yield number, "chat", None
        for element in stream.elements():
            del element
            yield from _whole(stream, number, "message")
    elif key == "messages":
        stream.skip()
        yield number, "unusable", "`messages` is not a list"
    else:
        stream.skip()


def _whole(stream: JsonStream, number: int, what: str) -> Iterator[Step]:
    """Take one value; messages and contacts must be objects."""
    try:
        value = stream.take()
    except Unusable as fault:
        yield number, "unusable", str(fault)
        return
    if what in ("message", "contact", "own") and not isinstance(value, dict):
        yield number, "unusable", f"a {what} that is not an object"
    else:
        yield number, what, value

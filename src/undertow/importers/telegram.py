"""Telegram Desktop `result.json`: one chat or a whole account, to rows of the event table.

It shows what one person's Telegram showed: no follows, no deletions, no chats of others. Messages
of a direct chat go to the other party; messages to a group have no target and the room as context.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from undertow.errors import shown_name
from undertow.importers.mapped import check_ground
from undertow.importers.registry import Format, format_named
from undertow.importers.rows import Row, SetAside, Tally, account
from undertow.importers.telegram_file import CHANNELS, Chat, Survey, native_id, survey, walk
from undertow.importers.times import ZONELESS, from_iso, from_unix, zone_named
from undertow.units import SECOND

PLATFORM: Final = "telegram"
JOINS: Final = ("join_group_by_link", "join_group_by_request", "create_group", "create_channel")
CHANGES: Final = ("edit_group_title", "edit_group_photo", "delete_group_photo")

NO_MEMBER: Final = "invited or removed people known by name only: no account"
NO_INVITER: Final = "inviter known by name only: no account"
NO_PARTNER: Final = "direct messages whose other party is not in the file"
NO_PARENT: Final = "replies to a message whose author is not in the file"
NAME_ONLY: Final = "messages whose author is known by name only: an account of that chat alone"
NO_TYPE: Final = "messages of a chat without a type: neither direct nor group is known"
FORWARDED: Final = "forwarded messages: the text is not the sender's own"
EDITED: Final = "edited messages: the text is that after the last edit"


class TelegramReader:
    """Events of one export.

    Args:
        path: `result.json`.
        ground: lawful ground; personal chats are not read without one.
        timezone: for exports that write local times only.
    """

    def __init__(
        self, path: Path, *, ground: str | None = None, timezone: str | None = None
    ) -> None:
        self._path = path
        self._zone = None if timezone is None else zone_named(timezone)
        self.name = shown_name(path)
        self.about: Format = format_named("telegram")
        self.types: tuple[str, ...] | None = self.about.types
        self.precision: str | None = "s"
        self.ground = check_ground(ground)
        self.kind: str | None = None
        self._survey = survey(path)
        self.needs_ground = any(chat.direct or chat.type is None for chat in self._survey.chats)

    def rows(self, tally: Tally) -> Iterator[Row]:
        """Yield the rows; rejects count messages of the file from 1."""
        count, current, messages = 0, -1, None
        for number, what, value in walk(self._path):
            if what == "damaged":
                tally.reject(
                    count + 1, "the file is damaged or ends early: the rest was not read"
                )
            elif what == "unusable":
                count += 1
                tally.reject(count, value)
            elif what == "message":
                count += 1
                if messages is None or number != current:
                    current, chat = number, self._survey.chats[number]
                    messages = Messages(chat, self._survey, self._zone, tally)
                try:
                    yield from messages.rows(count, value)
                except SetAside as reason:
                    tally.reject(count, str(reason))


class Messages:
    """Turns the messages of one chat into rows, in their order."""

    def __init__(self, chat: Chat, names: Survey, zone: tzinfo | None, tally: Tally) -> None:
        self._chat, self._names, self._zone, self._tally = chat, names, zone, tally
        self._key = tally.clean(chat.key)
        self._authors: dict[object, str] = {}

    def rows(self, number: int, message: dict[str, Any]) -> Iterator[Row]:
        """Yield the rows of one message.

        Args:
            number: of the message in the file, from 1; names it if it has no id.
            message: as exported.

        Raises:
            SetAside: if it cannot become a row.
        """
        kind = message.get("type")
        if kind not in ("message", "service"):
            raise SetAside("neither a message nor a service message")
        who = "from" if kind == "message" else "actor"
        action = message.get("action")
        if kind == "service" and not _known(action):
            self._tally.other["service messages that are no event"] += 1
            return
        base = Row(
            id=f"{PLATFORM}:{self._key}:{_number(message.get('id'), number)}",
            type="",
            published=self._time(message, "date"),
            actor=self._author(message, who),
            platform=PLATFORM,
            context=f"{PLATFORM}:{self._key}",
            visibility=self._visibility(),
        )
        if kind == "message":
            yield from self._message(base, message)
        else:
            yield from self._service(base, str(action), message)

    def _message(self, base: Row, message: dict[str, Any]) -> Iterator[Row]:
        base = base._replace(content=self._tally.clean(_text(message.get("text"))) or None)
        if isinstance(message.get("id"), int | str):
            self._authors[message["id"]] = base.actor
        if message.get("forwarded_from") is not None:
            self._tally.gaps[FORWARDED] += 1
        if self._chat.type is None:
            self._tally.gaps[NO_TYPE] += 1
        parent = None
        if self._chat.direct:
            yield base._replace(type="message", target=self._partner(base.actor))
        elif message.get("reply_to_message_id") is not None:
            parent = self._parent(message)
            yield base._replace(type="reply", target=parent)
        elif self._chat.type in CHANNELS:
            yield base._replace(type="post")
        else:
            yield base._replace(type="message")
        if not self._chat.direct:
            for target in self._mentioned(message):
                if target != parent:
                    yield base._replace(type="mention", target=target)
        if message.get("edited") is not None or message.get("edited_unixtime") is not None:
            self._tally.gaps[EDITED] += 1
            edit = self._time(message, "edited")
            yield base._replace(
                id=f"{base.id}:edit", type="update", published=edit, content=None
            )

    def _service(self, base: Row, action: str, message: dict[str, Any]) -> Iterator[Row]:
        if action in JOINS:
            yield base._replace(type="join", target=self._inviter(message))
        elif action in CHANGES:
            yield base._replace(type="update")
        elif action.startswith("leave"):
            yield base._replace(type="leave")
        if action == "remove_members":
            for member in self._members(message):
                if member == base.actor:
                    yield base._replace(type="leave")
                else:
                    yield base._replace(type="remove", target=member)
        elif action in ("invite_members", "create_group"):
            # Telegram adds whom a member invites at once, so an invitation is also a join.
            for member in self._members(message):
                if member != base.actor:
                    yield base._replace(id=f"{base.id}:invite", type="invite", target=member)
                if member is not None and not (action in JOINS and member == base.actor):
                    yield base._replace(
                        id=f"{base.id}:join:{_digest(member)}", type="join", actor=member
                    )

    def _members(self, message: dict[str, Any]) -> list[str | None]:
        """Resolve invited or removed people; all who cannot be resolved are one None."""
        given = message.get("members")
        names = given if isinstance(given, list) else []
        found: dict[str | None, None] = {}
        for name in names:
            member = self._names.resolve(name)
            if member is None:
                self._tally.gaps[NO_MEMBER] += 1
            found[None if member is None else self._account(member)] = None
        return list(found)

    def _inviter(self, message: dict[str, Any]) -> str | None:
        if not message.get("inviter"):
            return None
        inviter = self._names.resolve(message["inviter"])
        if inviter is None:
            self._tally.gaps[NO_INVITER] += 1
        return None if inviter is None else self._account(inviter)

    def _partner(self, actor: str) -> str | None:
        other = None
        if self._chat.type != "saved_messages":
            other = self._names.partner(self._chat, actor.removeprefix(f"{PLATFORM}:"))
        if other is None:
            self._tally.gaps[NO_PARTNER] += 1
            return None
        return self._account(other)

    def _parent(self, message: dict[str, Any]) -> str | None:
        parent = message["reply_to_message_id"]
        elsewhere = message.get("reply_to_peer_id") is not None
        known = not elsewhere and isinstance(parent, int | str)
        target = self._authors.get(parent) if known else None
        if target is None:
            self._tally.gaps[NO_PARENT] += 1
        return target

    def _mentioned(self, message: dict[str, Any]) -> Iterator[str]:
        """Give the accounts mentioned with their ids; `@names` have none."""
        entities = message.get("text_entities")
        named = set()
        for one in entities if isinstance(entities, list) else []:
            if isinstance(one, dict) and one.get("type") == "mention_name":
                member = native_id(one.get("user_id"))
                if member is not None and member not in named:
                    named.add(member)
                    yield self._account(member)

    def _author(self, message: dict[str, Any], who: str) -> str:
        native = native_id(message.get(f"{who}_id"))
        if native is not None:
            return self._account(native)
        name = message.get(who)
        if not isinstance(name, str) or not name:
            raise SetAside("neither id nor name of who did it")
        resolved = self._names.resolve(name)
        if resolved is not None:
            return self._account(resolved)
        if self._names.borne(name):
            raise SetAside("who did it is known by a name that several accounts bear")
        self._tally.gaps[NAME_ONLY] += 1
        return f"{PLATFORM}:name-{_digest(self._key, name)}"

    def _account(self, native: str) -> str:
        return account(PLATFORM, self._tally.clean(native))

    def _visibility(self) -> str | None:
        if self._chat.type is None:
            return None
        if self._chat.direct:
            return "direct"
        return "public" if self._chat.type == "public_channel" else "group"

    def _time(self, message: dict[str, Any], key: str) -> int:
        unix, local = message.get(f"{key}_unixtime"), message.get(key)
        if unix is not None:
            return from_unix(unix, SECOND)
        if not isinstance(local, str):
            raise SetAside(f"no `{key}`")
        try:
            return from_iso(local, self._zone)
        except SetAside as reason:
            if str(reason) == ZONELESS:
                raise SetAside(f"{ZONELESS}: give --timezone") from None
            raise


def _known(action: object) -> bool:
    if not isinstance(action, str):
        return False
    wanted = (*JOINS, *CHANGES, "invite_members", "remove_members")
    return action in wanted or action.startswith("leave")


def _number(value: object, number: int) -> str:
    """Write a message's number so that text sorts as numbers do; without one, its place."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**40:
        return f"{value:012d}"
    return f"n{number:012d}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _text(value: object) -> str:
    """Join a text that may be a string, or a list of strings and of objects with a `text`."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    parts = (one.get("text") if isinstance(one, dict) else one for one in value)
    return "".join(part for part in parts if isinstance(part, str))

"""Bluesky Jetstream v1: one JSON object per line, plain, gzip or zstd.

`published` is `createdAt`, which the client claims; `observed` is `time_us`, when the relay saw it.
Deletions carry no record: they become `undo` or `delete`, and `context` names the event undone.
Event ids are hashes of (author, collection, record key): they hold no account id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from undertow.errors import shown_name
from undertow.importers.mapped import check_ground
from undertow.importers.registry import Format, format_named
from undertow.importers.rows import Row, SetAside, Tally
from undertow.importers.textfile import lines
from undertow.importers.times import from_iso, from_unix
from undertow.units import DAY

PLATFORM: Final = "bluesky"
POST: Final = "app.bsky.feed.post"
ACTIONS: Final = {
    "app.bsky.feed.like": "like",
    "app.bsky.feed.repost": "announce",
    "app.bsky.graph.follow": "follow",
    "app.bsky.graph.block": "block",
}
MENTION: Final = "app.bsky.richtext.facet#mention"
NO_CLAIM: Final = "no readable `createdAt`: time witnessed taken"
LATE_CLAIM: Final = "`createdAt` over a day after it was witnessed: time witnessed taken"
OLD_CLAIM: Final = "`createdAt` over a day before it was witnessed: kept as claimed"
_LONGEST: Final = 2_048


class JetstreamReader:
    """Events of one Jetstream file.

    Args:
        path: JSON Lines, plain, gzip or zstd.
        ground: lawful ground; the stream is public, so none is needed.
    """

    def __init__(self, path: Path, *, ground: str | None = None) -> None:
        self._path = path
        self.name = shown_name(path)
        self.about: Format = format_named("jetstream")
        self.types: tuple[str, ...] | None = self.about.types
        self.precision: str | None = "s"
        self.ground = check_ground(ground)
        self.kind: str | None = "public"
        self.needs_ground = False

    def rows(self, tally: Tally) -> Iterator[Row]:
        """Yield the rows; see `rows.Reader`."""
        for number, line in lines(self._path, tally):
            try:
                yield from event_rows(decode(line), tally)
            except SetAside as reason:
                tally.reject(number, str(reason))


def decode(line: bytes) -> dict[str, Any]:
    """Read one line as a JSON object.

    Raises:
        SetAside: if it is none.
    """
    try:
        given = msgspec.json.decode(line)
    except RecursionError:
        raise SetAside("nested too deeply") from None
    except UnicodeDecodeError:
        raise SetAside("not UTF-8") from None
    except msgspec.DecodeError:
        given = _second_try(line)
    if not isinstance(given, dict):
        raise SetAside("not a JSON object")
    return given


def _second_try(line: bytes) -> object:
    """Read what the quick decoder refuses: half surrogate pairs, very large numbers."""
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SetAside("not UTF-8") from None
    except (ValueError, RecursionError):
        raise SetAside("not JSON") from None


def event_rows(given: dict[str, Any], tally: Tally) -> Iterator[Row]:
    """Yield the rows of one Jetstream event.

    Raises:
        SetAside: if it is no Jetstream v1 event or lacks what every event has.
    """
    kind, did = given.get("kind"), given.get("did")
    if not isinstance(kind, str) or "time_us" not in given:
        raise SetAside("not a Jetstream v1 event")
    actor, seen = _account(did, tally), from_unix(_whole(given["time_us"]), 1)
    if kind == "commit":
        commit = given.get("commit")
        if not isinstance(commit, dict):
            raise SetAside("a commit without its data")
        yield from _commit(commit, str(did), actor, seen, tally)
    elif kind in ("identity", "account"):
        detail = given.get(kind)
        if not isinstance(detail, dict):
            raise SetAside(f"`{kind}` without its data")
        gone = detail.get("active") is False and detail.get("status") == "deleted"
        yield Row(
            id=_id(str(did), kind, str(seen)),
            type="delete" if gone else "update",
            published=_claimed(detail.get("time"), seen, tally),
            actor=actor,
            platform=PLATFORM,
            visibility="public",
            observed=seen,
        )
    else:
        tally.other["events of a kind that Jetstream v1 does not have"] += 1


def _commit(
    commit: dict[str, Any], did: str, actor: str, seen: int, tally: Tally
) -> Iterator[Row]:
    operation, collection, rkey = (
        commit.get(name) for name in ("operation", "collection", "rkey")
    )
    if not (isinstance(collection, str) and isinstance(rkey, str)):
        raise SetAside("a commit without collection or record key")
    if operation not in ("create", "update", "delete"):
        raise SetAside("a commit with an unknown operation")
    if collection != POST and collection not in ACTIONS:
        family = "app.bsky" if collection.startswith("app.bsky.") else "another network"
        tally.other[f"records of a collection of {family} that is no event"] += 1
        return
    record_id = _id(did, collection, rkey)
    base = Row(record_id, "", seen, actor, PLATFORM, visibility="public", observed=seen)
    if operation == "delete":
        tally.gaps["undone or deleted: whom it was for is not in the stream"] += 1
        revision = _id(did, collection, rkey, str(commit.get("rev")), "delete")
        kind = "delete" if collection == POST else "undo"
        yield base._replace(id=revision, type=kind, context=record_id)
        return
    record = commit.get("record")
    if not isinstance(record, dict):
        raise SetAside("a commit without its record")
    if operation == "update":
        if collection != POST:
            tally.other["changed likes, reposts, follows or blocks"] += 1
            return
        revision = _id(did, collection, rkey, str(commit.get("rev")), "update")
        yield base._replace(
            id=revision, type="update", context=record_id, content=_content(record, tally)
        )
        return
    base = base._replace(published=_claimed(record.get("createdAt"), seen, tally))
    if collection == POST:
        yield from _post(base, record, tally)
    else:
        yield _action(base, ACTIONS[collection], record, tally)


def _action(base: Row, kind: str, record: dict[str, Any], tally: Tally) -> Row:
    subject = record.get("subject")
    if kind in ("follow", "block"):
        return base._replace(type=kind, target=_account(subject, tally))
    found = _reference(subject)
    if found is None:
        raise SetAside("a like or repost without its subject")
    return base._replace(type=kind, target=_account(found[0], tally), context=_id(*found))


def _post(base: Row, record: dict[str, Any], tally: Tally) -> Iterator[Row]:
    """Yield a post and one more row for each account that it mentions or quotes."""
    langs = record.get("langs")
    lang = langs[0] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None
    base = base._replace(
        content=_content(record, tally), lang=tally.clean(lang)[:35] if lang else None
    )
    addressed = set()
    reply = record.get("reply")
    if isinstance(reply, dict):
        parent, root = _reference(reply.get("parent")), _reference(reply.get("root"))
        if parent is None:
            raise SetAside("a reply without its parent")
        base = base._replace(context=_id(*(root or parent)))
        target = _account(parent[0], tally)
        addressed.add(target)
        yield base._replace(type="reply", target=target)
    else:
        yield base._replace(type="post")
    for did in _mentioned(record):
        target = _account(did, tally)
        if target not in addressed:
            addressed.add(target)
            yield base._replace(type="mention", target=target)
    quoted = _quoted(record)
    if quoted is not None:
        target = _account(quoted[0], tally)
        if target not in addressed:
            yield base._replace(type="announce", target=target, context=_id(*quoted))


def _mentioned(record: dict[str, Any]) -> Iterator[str]:
    for facet in _listed(record.get("facets")):
        for feature in _listed(facet.get("features")):
            did = feature.get("did")
            if feature.get("$type") == MENTION and isinstance(did, str) and _is_did(did):
                yield did


def _quoted(record: dict[str, Any]) -> tuple[str, str, str] | None:
    embed = record.get("embed")
    inner = embed.get("record") if isinstance(embed, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("record"), dict):
        inner = inner["record"]
    found = _reference(inner)
    return found if found is not None and found[1] == POST else None


def _listed(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _reference(subject: object) -> tuple[str, str, str] | None:
    """Read author, collection and record key from a reference `at://did/collection/rkey`."""
    uri = subject.get("uri") if isinstance(subject, dict) else None
    if not isinstance(uri, str) or len(uri) > _LONGEST or not uri.startswith("at://"):
        return None
    parts = uri[5:].split("/")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and _is_did(parts[0]) else None


def _is_did(value: str) -> bool:
    return value.startswith("did:") and len(value) <= _LONGEST


def _account(did: object, tally: Tally) -> str:
    if not isinstance(did, str) or not _is_did(did):
        raise SetAside("an account without a DID")
    return f"{PLATFORM}:{tally.clean(did)}"


def _id(*parts: str) -> str:
    text = "\n".join(parts).encode("utf-8", "surrogatepass")
    return f"jetstream:{hashlib.sha256(text).hexdigest()[:32]}"


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SetAside("`time_us` is not a whole number")
    return value


def _content(record: dict[str, Any], tally: Tally) -> str | None:
    text = record.get("text")
    return tally.clean(text) if isinstance(text, str) else None


def _claimed(value: object, seen: int, tally: Tally) -> int:
    """Give the claimed time unless it is missing or cannot be; say so if the witness's was taken."""
    try:
        moment = from_iso(value, None) if isinstance(value, str) else None
    except SetAside:
        moment = None
    if moment is None:
        tally.gaps[NO_CLAIM] += 1
        return seen
    if moment > seen + DAY:
        tally.gaps[LATE_CLAIM] += 1
        return seen
    if moment < seen - DAY:
        tally.gaps[OLD_CLAIM] += 1
    return moment

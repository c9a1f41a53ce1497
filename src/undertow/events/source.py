"""Sources: what a file could show, when, and under which lawful ground it is read.

Every events file carries its sources: Parquet in the metadata key `undertow.sources` (JSON), CSV and
JSON Lines in `FILE.source.yaml` beside them. Without a declaration everything is taken as observable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from undertow.errors import Place, UndertowError, nearest, shown_name
from undertow.events.table import TYPES

METADATA_KEY: Final = b"undertow.sources"
SIMULATED_KEY: Final = b"undertow.simulated"
"""Parquet metadata that marks a simulated world for good; its value says how it was made."""
PRECISIONS: Final = ("us", "s", "min", "day")
CLASSES: Final = ("public", "group", "direct")
_FIELDS: Final = (
    "platform",
    "types",
    "from",
    "until",
    "content",
    "precision",
    "class",
    "ground",
)


@dataclass(frozen=True)
class Source:
    """What one platform's data could show in one stretch of time.

    Attributes:
        platform: as in the column `platform`.
        types: event types that were visible; empty means all.
        since: first moment covered (UTC), None if unbounded. Written as `from`.
        until: last moment covered (UTC), None if unbounded.
        content: whether message text is held.
        precision: of `published`: `us`, `s`, `min` or `day`.
        kind: widest class of communication: `public`, `group` or `direct`. Written as `class`.
        ground: lawful ground under which direct messages are read, None if none is declared.
    """

    platform: str
    types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    content: bool = True
    precision: str = "s"
    kind: str = "direct"
    ground: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def shows(self, event_type: str) -> bool:
        """Say whether events of this type could be seen at all."""
        return not self.types or event_type in self.types

    def to_dict(self) -> dict[str, Any]:
        """Give the declaration as the plain mapping that is written into files."""
        return {
            "platform": self.platform,
            "types": list(self.types or TYPES),
            "from": _iso(self.since),
            "until": _iso(self.until),
            "content": self.content,
            "precision": self.precision,
            "class": self.kind,
            "ground": self.ground,
            **self.extra,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _fault(what: str, place: Place, mend: str) -> UndertowError:
    return UndertowError(what, code="source-invalid", place=place, mend=mend)


def _moment(value: object, name: str, place: Place) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        zoned = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        mend = "write it as ISO 8601 with a zone, such as 2026-01-31T00:00:00Z, or null"
        raise _fault(f"`{name}` is not a time", place, mend) from None
    return zoned


def source_from_dict(given: object, place: Place) -> Source:
    """Check one declaration.

    Raises:
        UndertowError: `source-invalid` with the field at fault.
    """
    if not isinstance(given, dict):
        raise _fault("a source is not a mapping", place, "see `docs/reference/events.md`")
    platform = given.get("platform")
    if not isinstance(platform, str) or not platform:
        raise _fault("a source names no `platform`", place, "add `platform: NAME`")
    types = given.get("types") or []
    if not isinstance(types, list):
        raise _fault("`types` is not a list", place, "write `types: [message, follow]`")
    for word in types:
        if word not in TYPES:
            near = nearest(str(word), TYPES)
            mend = f"did you mean `{near}`?" if near else "use the words of the event table"
            raise _fault(f"`types` holds the unknown word `{word}`", place, mend)
    precision, kind = given.get("precision", "s"), given.get("class", "direct")
    for name, value, known in (("precision", precision, PRECISIONS), ("class", kind, CLASSES)):
        if value not in known:
            raise _fault(f"`{name}` is `{value}`", place, "use one of " + ", ".join(known))
    content, ground = given.get("content", True), given.get("ground")
    if not isinstance(content, bool):
        raise _fault("`content` is neither true nor false", place, "write true or false")
    if ground is not None and (not isinstance(ground, str) or not ground.strip()):
        raise _fault("`ground` is not a text", place, "name the lawful ground, or null")
    return Source(
        platform=platform,
        types=tuple(types),
        since=_moment(given.get("from"), "from", place),
        until=_moment(given.get("until"), "until", place),
        content=content,
        precision=str(precision),
        kind=str(kind),
        ground=ground,
        extra={k: v for k, v in given.items() if k not in _FIELDS},
    )


def sources_from_json(text: bytes, place: Place) -> tuple[Source, ...]:
    """Read the JSON of the Parquet metadata key `undertow.sources`."""
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        mend = "write the declaration anew, or remove it"
        raise _fault("the sources in the metadata are not JSON", place, mend) from None
    return _sources(given, place)


def sources_to_json(sources: tuple[Source, ...] | list[Source]) -> bytes:
    """Write sources as the JSON of the Parquet metadata."""
    return msgspec.json.encode([source.to_dict() for source in sources])


def _sources(given: object, place: Place) -> tuple[Source, ...]:
    if isinstance(given, dict) and "sources" in given:
        given = given["sources"]
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list):
        raise _fault("sources are not a list", place, "write one entry per platform")
    return tuple(source_from_dict(one, place) for one in given)


def sidecar(path: Path) -> Path | None:
    """Find `FILE.source.yaml` beside an events file, or None."""
    for candidate in (
        path.with_name(path.name + ".source.yaml"),
        path.with_suffix(".source.yaml"),
    ):
        if candidate.is_file():
            return candidate
    return None


def sources_beside(path: Path) -> tuple[Source, ...]:
    """Read the sidecar of an events file; empty if there is none.

    Raises:
        UndertowError: if the sidecar is not YAML or declares something impossible.
    """
    import yaml

    found = sidecar(path)
    if found is None:
        return ()
    place = Place(shown_name(found))
    try:
        given = yaml.safe_load(found.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        at = Place(place.file, mark.line + 1, mark.column + 1) if mark is not None else place
        raise _fault("the sources are not YAML", at, "see `docs/reference/events.md`") from None
    return _sources(given, place)


def write_sidecar(path: Path, sources: tuple[Source, ...] | list[Source]) -> Path:
    """Write `FILE.source.yaml` beside an events file and return its path."""
    import yaml

    beside = path.with_name(path.name + ".source.yaml")
    listed = [source.to_dict() for source in sources]
    beside.write_text(
        yaml.safe_dump(listed, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return beside

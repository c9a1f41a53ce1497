"""A checked map at work: one foreign record to rows of the event table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from undertow.errors import UndertowError
from undertow.events.table import TYPES, VISIBILITIES
from undertow.importers.mapping import TIMES, EventMap, Field
from undertow.importers.rows import Row, SetAside, Tally, account
from undertow.importers.times import precision_of, time_reader, zone_named

IssueId = Callable[[int, int, Sequence[object]], str]
"""Gives an id to record number, `published` and values of a record whose map names no id column."""
_TYPES: Final = frozenset(TYPES)
_VISIBILITIES: Final = frozenset(VISIBILITIES)
LONGEST_NAME: Final = 4_096
"""Characters of an id, an account or a room: more is text in the wrong column. Ours."""

Take = Callable[[Sequence[object]], object]


class Mapper:
    """Turns records into rows.

    Args:
        event_map: the checked map.
        columns: names of a record's values, in order.
        timezone: for times without a zone where the map names none.
        issue: gives ids where the map names no column for them.
    """

    def __init__(
        self,
        event_map: EventMap,
        columns: Sequence[str],
        *,
        timezone: str | None,
        issue: IssueId,
    ) -> None:
        self.map = event_map
        self.issue = issue
        self._places = {name: at for at, name in enumerate(columns)}
        self._take = {name: self._taker(one) for name, one in event_map.fields.items()}
        self._times = {
            name: time_reader(one.form, _zone(one.zone or timezone))
            for name, one in event_map.fields.items()
            if name in TIMES
        }
        target = event_map.fields.get("target")
        self._split = target.split if target else None
        self._room = event_map.kind if event_map.kind in _VISIBILITIES else None

    def types(self) -> tuple[str, ...] | None:
        """Name the types that the source can show: as declared, or the one value; else None."""
        one = self.map.fields["type"].value
        return self.map.shows or ((one,) if one else None)

    def precision(self) -> str | None:
        """Say how precise `published` is where its format tells; else None."""
        return precision_of(self.map.fields["published"].form)

    def raw_time(self, values: Sequence[object]) -> object:
        """Give `published` as the source holds it."""
        return self._take["published"](values)

    def rows(self, number: int, values: Sequence[object], tally: Tally) -> Iterator[Row]:
        """Yield one row per addressed account.

        Args:
            number: of the record, from 1.
            values: of the record, in the order of the columns.
            tally: counts what had to be cleaned.

        Raises:
            SetAside: if the record cannot become a row.
        """
        published = self._time("published", values)
        if published is None:
            raise SetAside("no `published`")
        kind = self._kind(values, tally)
        platform = self._word("platform", values, tally) or self.map.platform
        actor = self._word("actor", values, tally)
        if actor is None:
            raise SetAside("no `actor`")
        event = self._word("id", values, tally)
        if "id" in self._take and event is None:
            raise SetAside("no `id`")
        visibility = self._word("visibility", values, tally) or self._room
        if visibility is not None and visibility not in _VISIBILITIES:
            raise SetAside("unknown `visibility`")
        content = self._value("content", values)
        row = Row(
            id=event or self.issue(number, published, values),
            type=kind,
            published=published,
            actor=account(platform, actor),
            platform=platform,
            context=self._word("context", values, tally),
            visibility=visibility,
            content=None if content is None else tally.clean(_text(content)),
            observed=self._time("observed", values),
            lang=self._word("lang", values, tally),
        )
        target = self._word("target", values, tally)
        for one in self._targets(target):
            yield row._replace(target=account(platform, one)) if one else row

    def _targets(self, target: str | None) -> list[str | None]:
        if target is None or self._split is None:
            return [target]
        several = [one.strip() for one in target.split(self._split)]
        return list(dict.fromkeys(one for one in several if one)) or [None]

    def _taker(self, one: Field) -> Take:
        if one.column is None:
            value = one.value
            return lambda _: value
        at = self._places[one.column]
        return lambda values: values[at]

    def _value(self, name: str, values: Sequence[object]) -> object | None:
        take = self._take.get(name)
        if take is None:
            return None
        value = take(values)
        if name in self.map.values and value is not None:
            return self.map.values[name].get(_text(value).strip(), value)
        return None if value == "" else value

    def _word(self, name: str, values: Sequence[object], tally: Tally) -> str | None:
        value = self._value(name, values)
        if value is None:
            return None
        word = tally.clean(_text(value)).strip()
        if len(word) > LONGEST_NAME:
            raise SetAside(f"`{name}` is longer than {LONGEST_NAME} characters")
        return word or None

    def _kind(self, values: Sequence[object], tally: Tally) -> str:
        kind = self._word("type", values, tally)
        if kind is None:
            raise SetAside("no `type`")
        if kind not in _TYPES and kind.lower() in _TYPES:
            kind = kind.lower()
        if kind not in _TYPES:
            raise SetAside("unknown `type`: name it under `values` in the map")
        return kind

    def _time(self, name: str, values: Sequence[object]) -> int | None:
        read = self._times.get(name)
        if read is None:
            return None
        value = self._value(name, values)
        if value is None:
            return None
        try:
            return read(value)
        except SetAside as reason:
            raise SetAside(f"`{name}`: {reason}") from None


def _zone(name: str | None) -> tzinfo | None:
    return None if name is None else zone_named(name)


def _text(value: object) -> str:
    """Write a database's value as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple | set):
        raise SetAside("a value is a list or an object, not a word")
    try:
        return str(value)
    except ValueError:
        raise SetAside("a number has too many digits") from None


def check_ground(ground: str | None) -> str | None:
    """Give the ground without blanks at its ends; an empty one is a fault.

    Raises:
        UndertowError: `ground-empty`.
    """
    if ground is not None and not ground.strip():
        raise UndertowError(
            "the lawful ground is empty", code="ground-empty", mend='write `--ground "TEXT"`'
        )
    return ground.strip() if ground else None

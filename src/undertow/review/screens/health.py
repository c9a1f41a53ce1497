"""Data health: can today's picture be trusted, what is late, missing, refused or odd, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from undertow.cases import checkpoints
from undertow.cases.health import Health, health
from undertow.export import wording
from undertow.review import evidence, names
from undertow.review.asked import now_of, store_of
from undertow.review.drawing.gaps import Gaps, gaps
from undertow.review.language import MICROS, Language, Shown
from undertow.review.names import marked
from undertow.review.rendering import language_of, render
from undertow.review.screens import mix
from undertow.review.screens.chains import title_of

router = APIRouter()

DAY: Final = 86_400 * MICROS
STALE: Final = 2 * DAY
"""Age of the newest run from which on its picture is called old (ours: a day's run, and one missed)."""
LAG: Final = 3 * DAY
"""Time between a source's last event and the run from which on it is called late (ours)."""
REFUSED: Final = 0.01
"""Share of rows set aside from which on it is a warning (ours)."""
DISK: Final = 2 * 2**30
"""Bytes free, as `undertow doctor` asks."""
EVENTS: Final = marked("Types of events, by the newest run")
CASES: Final = marked("Languages of cases opened")
MONTH: Final = 30 * DAY
"""How far back a gap is told of on top; older ones stand in the strip."""
FLOOD: Final = 3.0
"""How many times as many keys as in the run before make a playbook's step stand out (ours)."""


@dataclass(frozen=True)
class Warned:
    """One thing amiss: `bad` before `odd`, what it is, and the command or the page that mends it."""

    level: str
    says: str
    command: str = ""
    link: str = ""


@dataclass(frozen=True)
class Source:
    """One declared source as the newest run read it."""

    platform: str
    types: str
    until: str
    lag: Shown | None
    late: bool
    content: bool
    kind: str
    ground: str | None


@dataclass(frozen=True)
class Rule:
    """One playbook in the newest run and the one before."""

    title: str
    listed_from: str
    now: int
    before: int | None


@router.get("/health", name="health", response_class=HTMLResponse)
def health_page(request: Request) -> HTMLResponse:
    """Show how the data, the store, the keys and the log stand."""
    store, now, language = store_of(request), now_of(request), language_of(request)
    found = health(store, now)
    newest = found.runs[0] if found.runs else None
    place = store.folder.name
    simulated = store.simulated
    return render(
        request,
        "health.html",
        health=found,
        newest=newest,
        warned=sorted(
            warnings(language, found, now, place, simulated=simulated),
            key=lambda one: one.level != "bad",
        ),
        sources=[
            _source(language, one, newest, simulated=simulated)
            for one in (newest or {}).get("sources", ())
        ],
        gaps=_gaps(language, newest),
        mixes=[
            (language.say(says), some)
            for says, some in (
                (EVENTS, mix.of_types(language, (newest or {}).get("days"))),
                (CASES, mix.of_languages(language, found.languages)),
            )
            if some
        ],
        kind_of=lambda kind: names.label(language, names.CHANNELS, kind),
        rules=_rules(language, found),
        rejects=(newest or {}).get("reject_reasons", ()),
        by_chance=evidence.by_chance(language, (newest or {}).get("chance")),
        states=[
            (names.label(language, names.STATES, state), many)
            for state, many in sorted(found.states.items(), key=lambda pair: -pair[1])
        ],
        place=place,
        gib=lambda size: language.decimal(size / 2**30),
        ends=lambda run: micros(run.get("until")),
    )


def _gaps(language: Language, newest: dict[str, Any] | None) -> Gaps | None:
    """Lay out the days of the newest run."""
    told = newest or {}
    return gaps(language, told.get("days"), told.get("sources", ()), micros)


def micros(text: object) -> int | None:
    """Read a time in ISO 8601 as microseconds; None where there is none."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * MICROS)


def warnings(
    language: Language, found: Health, now: int, place: str, *, simulated: bool
) -> Iterator[Warned]:
    """Say what is amiss; nothing where nothing is."""
    detect = f"undertow detect EVENTS --out DIR --into {place}"
    if not found.runs:
        yield Warned("bad", language.say("No run was taken in yet."), detect)
        return
    newest = found.runs[0]
    if now - newest["at"] > STALE:
        age = language.lasting(now - newest["at"])
        yield Warned(
            "bad", language.say("The newest run was taken in {time} ago.", time=age), detect
        )
    yield from _of_data(language, found, simulated=simulated)
    yield from _of_store(language, found, place)


def _of_data(language: Language, found: Health, *, simulated: bool) -> Iterator[Warned]:
    newest, before = found.runs[0], found.runs[1] if len(found.runs) > 1 else None
    until, made = micros(newest.get("until")), newest.get("made_at")
    if until and made and made - until > LAG and not simulated:
        yield Warned(
            "bad",
            language.say(
                "The last event is {time} older than the run.",
                time=language.lasting(made - until),
            ),
            "undertow import --list",
        )
    events, rejected = newest.get("events", 0), newest.get("rejected", 0)
    if rejected > REFUSED * max(events + rejected, 1):
        share = language.percent(rejected / (events + rejected))
        yield Warned(
            "bad",
            language.say("{share} of all rows were set aside.", share=share),
            "undertow import FORMAT FILE --dry-run",
        )
    if before and events < 0.5 * before.get("events", 0):
        yield Warned(
            "odd",
            language.say(
                "Fewer than half the events of the run before: {now} against {before}.",
                now=language.number(events),
                before=language.number(before["events"]),
            ),
        )
    yield from _of_gaps(language, newest)
    for rule in _rules(language, found):
        if rule.before and not rule.now:
            yield Warned(
                "odd", language.say("“{title}” found nothing this time.", title=rule.title)
            )
        elif rule.before and rule.now > FLOOD * rule.before:
            yield Warned(
                "odd",
                language.say(
                    "“{title}” lists {now} where it listed {before}.",
                    title=rule.title,
                    now=language.number(rule.now),
                    before=language.number(rule.before),
                ),
            )


def _of_gaps(language: Language, newest: dict[str, Any]) -> Iterator[Warned]:
    """Say where the last month of a busy channel has days without an event."""
    told = _gaps(language, newest)
    if told is None:
        return
    for channel in told.channels:
        mine = [
            one.days
            for one in told.gaps
            if (one.platform, one.kind, one.look) == (channel.platform, channel.kind, "none")
            and one.until > told.until - MONTH
        ]
        if mine:
            kind = names.label(language, names.CHANNELS, channel.kind)
            name = Shown(f"{wording.visible(channel.platform or '-')} · {kind}")
            says = language.many(
                "{channel}: lately {n} day without any event; detection can say nothing about it.",
                "{channel}: lately {n} days without any event; detection can say nothing about them.",
                sum(mine),
                channel=name,
            )
            yield Warned("odd", says, link="#gaps")


def _of_store(language: Language, found: Health, place: str) -> Iterator[Warned]:
    if found.overdue:
        says = language.many("{n} case is overdue.", "{n} cases are overdue.", found.overdue)
        yield Warned("bad", says, link="/queue?view=clocks")
    unsigned = found.log.leaves - found.log.signed
    if unsigned < 0:
        yield Warned(
            "bad",
            language.say("The audit log holds fewer entries than were signed."),
            f"undertow audit verify {place}",
        )
    # A desk that is open signs by itself, every so many leaves and every hour: fewer are no news.
    if unsigned >= checkpoints.EVERY:
        says = language.many(
            "{n} entry of the audit log is not signed yet.",
            "{n} entries of the audit log are not signed yet.",
            unsigned,
        )
        yield Warned("odd", says, f"undertow audit checkpoint {place}")
    if found.log.copied is None:
        yield Warned(
            "odd",
            language.say("Checkpoints of the audit log are copied nowhere else."),
            f"undertow audit checkpoint {place} --to FOLDER",
        )
    if found.keys_private is False:
        yield Warned(
            "bad",
            language.say("Others on this machine can read the key file."),
            f"chmod 600 {place}.keys*",
        )
    if found.failing:
        says = language.many(
            "{n} decision did not reach your system.",
            "{n} decisions did not reach your system.",
            found.failing,
        )
        yield Warned("bad", says, f"undertow deliver {place}")
    if found.disk_free < DISK:
        free = language.decimal(found.disk_free / 2**30)
        yield Warned(
            "bad",
            language.say("Only {free} GiB are free on the disk.", free=free),
            "undertow doctor",
        )


def _source(
    language: Language,
    source: dict[str, Any],
    newest: dict[str, Any] | None,
    *,
    simulated: bool,
) -> Source:
    newest = newest or {}
    until = micros(source.get("until")) or micros(newest.get("until"))
    made = newest.get("made_at")
    lag = made - until if made and until else None
    return Source(
        platform=str(source.get("platform") or ""),
        types=", ".join(str(one) for one in source.get("types") or ()),
        until=str(language.day(until)) if until else "",
        lag=language.lasting(lag) if lag is not None and not simulated else None,
        late=lag is not None and lag > LAG and not simulated,
        content=bool(source.get("content", True)),
        kind=str(source.get("class") or ""),
        ground=source.get("ground"),
    )


def _rules(language: Language, found: Health) -> list[Rule]:
    """Count what each playbook listed, in the newest run and the one before."""
    if not found.runs:
        return []
    before = _listed(found.runs[1]) if len(found.runs) > 1 else {}
    return [
        Rule(str(title_of(language, name)), step, many, before.get(name, ("", None))[1])
        for name, (step, many) in _listed(found.runs[0]).items()
    ]


def _listed(run: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """Give the step from which each playbook lists, and how many keys took it."""
    told = {}
    for book in run.get("playbooks", ()):
        step = str(book.get("listed_from") or "")
        told[str(book["name"])] = (
            step,
            int(book.get("counts", {}).get(step, {}).get("reached", 0)),
        )
    return told

"""A campaign: one account or many, who does what, what ties them, whether it grows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from undertow.cases.campaigns import MOST, CampaignRow, campaigns
from undertow.cases.dossier import CampaignCard, Dossier
from undertow.cases.queue import Row
from undertow.cases.reading import campaign_view
from undertow.review import names
from undertow.review.asked import current, now_of, store_of
from undertow.review.drawing import campaign as drawing
from undertow.review.drawing.spans import span
from undertow.review.language import MICROS, Language
from undertow.review.rendering import language_of, render
from undertow.review.screens.paths import path

router = APIRouter()

WEEK: Final = 7 * 86_400 * MICROS
WEEKS: Final = 16
"""Weeks drawn at most, the newest."""


@dataclass(frozen=True)
class Member:
    """An account of the campaign as the table lists it; `row` where it has a case."""

    code: str
    role: str
    targets: int
    row: Row | None


@dataclass(frozen=True)
class Multiple:
    """The campaign by one kind of tie."""

    says: str
    ties: int
    bits: float
    drawn: drawing.Drawn


@dataclass(frozen=True)
class Week:
    """People first reached in one week; `x`, `height` in percent of the drawing."""

    since: int
    many: int
    x: float
    width: float
    height: float


@router.get("/campaign", name="campaigns", response_class=HTMLResponse)
def campaigns_page(request: Request) -> HTMLResponse:
    """List the campaigns that have cases, as far as a page can hold them."""
    store, who = store_of(request), current(request)
    rows: tuple[CampaignRow, ...] = campaigns(store, who)
    is_cut, place = len(rows) == MOST, store.folder.name
    return render(request, "campaigns.html", rows=rows, is_cut=is_cut, place=place)


@router.get("/campaign/{campaign}", name="campaign", response_class=HTMLResponse)
def campaign_page(
    request: Request,
    campaign: str,
    until: Annotated[int | None, Query(ge=0, le=10_000_000)] = None,
    target: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    """Show one campaign.

    `until` draws it as it was known from events up to that step of the slider; `target` marks the path of one person.
    """
    store, who, language = store_of(request), current(request), language_of(request)
    found = campaign_view(store, who, campaign, now_of(request))
    cards = [one.campaign for _, one in found if one.campaign is not None]
    # Who is to judge a case of it first sees no ties; the newest card says the most.
    card = max(cards, key=lambda one: len(one.ties), default=None)
    told = _tied(language, card, found, until) if card else {"span": None}
    return render(
        request,
        "campaign.html",
        campaign=campaign,
        card=card,
        rows=[row for row, _ in found],
        place=store.folder.name,
        **_counted(language, found),
        **told,
        **(_path(found, target, told) if card and target else {"walk": None, "hops": []}),
    )


def _path(
    found: list[tuple[Row, Dossier]], target: str, told: dict[str, Any]
) -> dict[str, Any]:
    """Follow a person up to the chosen step of the slider."""
    chosen = told["span"]
    until = None if chosen is None or chosen.is_whole else (chosen.until + 1) * chosen.unit
    made = path(found, target, until)
    return {"walk": made, "hops": made.hops(told["drawn"])}


def _counted(language: Language, found: list[tuple[Row, Dossier]]) -> dict[str, Any]:
    """Count whom it reached: how many, how far, since when; never who."""
    first: dict[str, int] = {}
    furthest: dict[str, str] = {}
    order: dict[str, int] = {}
    for _, dossier in found:
        order |= {step.name: place for place, step in enumerate(dossier.playbook.steps)}
        for funnel in dossier.funnels:
            began = min((taken.at for taken in funnel.steps), default=None)
            if began is not None:
                first[funnel.target] = min(began, first.get(funnel.target, began))
            known = furthest.get(funnel.target)
            if known is None or order.get(funnel.step, -1) > order.get(known, -1):
                furthest[funnel.target] = funnel.step
    steps = Counter(furthest.values())
    weeks = _weeks(language, sorted(first.values()))
    return {
        "reached": len(furthest),
        "steps": [
            (name, steps[name]) for name in sorted(order, key=order.__getitem__) if steps[name]
        ],
        "weeks": weeks,
        "latest": weeks[-1].many if weeks else 0,
        "open_cases": sum(row.state != "closed" for row, _ in found),
        "hidden": any(row.blind for row, _ in found),
    }


def _weeks(language: Language, times: list[int]) -> list[Week]:
    """Count people by the week in which they were first reached, weeks with none among them."""
    if not times:
        return []
    end = times[-1] // WEEK
    begin = max(times[0] // WEEK, end - WEEKS + 1)
    counted = Counter(at // WEEK for at in times)
    most = max(counted.values())
    count = end - begin + 1
    width = 100 / count
    weeks = []
    for i in range(count):
        many = counted.get(begin + i, 0)
        place = count - 1 - i if language.direction == "rtl" else i
        height = 92 * many / most
        weeks.append(Week((begin + i) * WEEK, many, place * width, width * 0.8, height))
    return weeks


@dataclass(frozen=True)
class Change:
    """What one step of the slider brought: accounts first seen, people first reached, and people until then."""

    at: int
    accounts: list[str]
    people: int
    so_far: int


def _first_seen(
    card: CampaignCard, found: list[tuple[Row, Dossier]]
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Say when each member first acted in any funnel, and when it first had to do with each target; microseconds."""
    members = {code for code, _ in card.members}
    accounts: dict[str, int] = {}
    people: dict[str, dict[str, int]] = {}
    for _, dossier in found:
        reached = people.setdefault(dossier.account, {})
        for funnel in dossier.funnels:
            for taken in funnel.steps:
                begun = reached.get(funnel.target, taken.at)
                reached[funnel.target] = min(begun, taken.at)
                if taken.actor in members:
                    accounts[taken.actor] = min(accounts.get(taken.actor, taken.at), taken.at)
    return accounts, people


def _as_of(
    language: Language,
    card: CampaignCard,
    found: list[tuple[Row, Dossier]],
    until: int | None,
) -> dict[str, Any]:
    """Put everything that has a date on a slider, and list by date what came."""
    accounts, people = _first_seen(card, found)
    times = [*accounts.values(), *(at for one in people.values() for at in one.values())]
    chosen = span(language, times, None, until)
    if chosen is None:
        return {"span": None, "dates": drawing.UNDATED, "changes": [], "undated": 0}
    first: dict[str, int] = {}
    for one in people.values():
        for target, at in one.items():
            first[target] = min(at, first.get(target, at))
    seen = {code: chosen.at(at) for code, at in accounts.items()}
    begun = Counter(chosen.at(at) for at in first.values())
    changes, so_far = [], 0
    for step in sorted({*seen.values(), *begun}):
        so_far += begun[step]
        new = sorted(code for code, at in seen.items() if at == step)
        changes.append(Change(step, new, begun[step], so_far))
    reached = {
        code: tuple(sorted(chosen.at(at) for at in one.values()))
        for code, one in people.items()
    }
    return {
        "span": chosen,
        "dates": drawing.Dates(seen, reached),
        "changes": changes,
        "when": {
            "accounts": sorted(seen.values()),
            "people": sorted(chosen.at(at) for at in first.values()),
        },
        "undated": len({code for code, _ in card.members} - set(accounts)),
    }


def _tied(
    language: Language,
    card: CampaignCard,
    found: list[tuple[Row, Dossier]],
    until: int | None,
) -> dict[str, Any]:
    """Draw who is tied to whom, as a whole and by each kind, and say where that rests on little."""
    rows = {row.account: row for row, _ in found}
    targets = {row.account: row.targets for row, _ in found}
    cases = {row.account: row.code for row, _ in found}
    kinds = sorted(
        {one.kind for one in card.ties},
        key=lambda kind: -sum(one.bits for one in card.ties if one.kind == kind),
    )
    carried = drawing.carried_by(card.ties)
    told = _as_of(language, card, found, until)
    return {
        **told,
        "drawn": drawing.campaign(language, card, cases, told["dates"]),
        "multiples": [
            Multiple(
                str(names.tie(language, kind)),
                sum(one.kind == kind for one in card.ties),
                sum(one.bits for one in card.ties if one.kind == kind),
                drawing.campaign(language, card, {}, kind=kind),
            )
            for kind in kinds
        ],
        "members": [
            Member(code, role, targets.get(code, 0), rows.get(code))
            for code, role in card.members
        ],
        "carried": (names.tie(language, carried[0]), language.percent(carried[1]))
        if carried and len(kinds) > 1
        else None,
        "single": names.tie(language, kinds[0]) if len(kinds) == 1 else None,
        "weak": drawing.alone(card.ties),
    }

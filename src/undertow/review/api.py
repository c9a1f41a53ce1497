"""The JSON twin of every screen: the same facts under the same rights, for callers that are programs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from undertow.cases import campaigns, health, month, playbook_states, reading, saved
from undertow.cases import queue as queues
from undertow.review.asked import current, now_of, store_of
from undertow.review.language import moment

router = APIRouter()

Filter = Annotated[str, Query(max_length=200)]
Which = Literal["all", "mine", "second", "clocks", "closed"]
Sort = Literal["", "oldest"]


def twin(facts: object) -> Response:
    """Write facts as JSON: equal facts give equal bytes."""
    return Response(msgspec.json.encode(facts, order="sorted"), media_type="application/json")


@router.get("/queue.json", name="queue_json")
def queue_json(
    request: Request,
    view: Which = "all",
    playbook: Filter = "",
    platform: Filter = "",
    lang: Filter = "",
    find: Filter = "",
    sort: Sort = "",
    after: Filter = "",
) -> Response:
    """Give a page of the queue."""
    asked = queues.View(
        which=view,
        playbook=playbook or None,
        platform=platform or None,
        lang=lang or None,
        search=find or None,
        after=after or None,
        sort=sort,
    )
    return twin(queues.queue(store_of(request), current(request), asked, now_of(request)))


@router.get("/queue/saved.json", name="views_json")
def views_json(request: Request) -> Response:
    """Give the views of the queue that this person keeps."""
    return twin(saved.saved(store_of(request), current(request)))


@router.get("/case/{case}.json", name="case_json")
def case_json(request: Request, case: str) -> Response:
    """Give a case as this person may see it: without texts, blind where it is blind for them."""
    return twin(reading.case_view(store_of(request), current(request), case, now_of(request)))


@router.get("/campaign.json", name="campaigns_json")
def campaigns_json(request: Request) -> Response:
    """Give the campaigns that have cases."""
    return twin(campaigns.campaigns(store_of(request), current(request)))


@router.get("/campaign/{campaign}.json", name="campaign_json")
def campaign_json(request: Request, campaign: str) -> Response:
    """Give the cases of a campaign with their dossiers."""
    store, who, now = store_of(request), current(request), now_of(request)
    return twin(reading.campaign_view(store, who, campaign, now))


@router.get("/workbench.json", name="workbench_json")
def workbench_json(request: Request, playbook: Filter = "") -> Response:
    """Give the versions of playbooks that this desk keeps, and their states."""
    return twin(playbook_states.versions(store_of(request), playbook or None))


@router.get("/health.json", name="health_json")
def health_json(request: Request) -> Response:
    """Give how the data, the store, the keys and the log stand."""
    return twin(health.health(store_of(request), now_of(request)))


@router.get("/month.json", name="month_json")
def month_json(
    request: Request, named: Annotated[str, Query(alias="month", max_length=10)] = ""
) -> Response:
    """Give a month (UTC) in numbers, this one if none is named."""
    asked = named or f"{moment(now_of(request)):%Y-%m}"
    return twin(month.report(store_of(request), asked))

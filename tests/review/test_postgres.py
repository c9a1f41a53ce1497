"""The desk over a store in PostgreSQL: the same ways in, the same acts, the same refusals."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from callers import ROLES, Served, Time

from undertow.cases import people
from undertow.cases.citing import EventTexts
from undertow.cases.intake import open_cases
from undertow.cases.store import make_store
from undertow.export.folder import open_folder
from undertow.review import clock
from undertow.review.app import make_app
from undertow.review.logs import logger_for
from undertow.review.settings import Settings

PASSWORD = "four plain words here"


@pytest.mark.postgres
def test_a_case_is_claimed_proposed_and_approved_over_postgresql(
    desk, postgres_schema: str, tmp_path: Path
) -> None:
    store = make_store(postgres_schema, simulated=True, folder=tmp_path / "beside")
    time, log = Time(desk.now), io.StringIO()
    staff = {
        name: people.add_person(store, name, role, PASSWORD, now=time.now)
        for name, role in ROLES.items()
    }
    found = desk.events.with_suffix("")
    open_cases(store, open_folder(found), EventTexts((desk.events,), "a test"), now=time.now)
    settings = Settings(per_second=1000, burst=10_000)
    app = make_app(store, settings, clock_=time, logger=logger_for(log))
    served = Served(app, store, time, log, staff)
    ada = served.caller(Accept="application/json")
    assert ada.post("/sign-in", data={"name": "ada", "password": PASSWORD}).status_code == 200
    rows = ada.get("/queue.json").json()["rows"]
    case = next(row["code"] for row in rows if not row["blind"])
    assert ada.post(f"/case/{case}/claim").status_code == 200
    view = ada.get(f"/case/{case}.json").json()
    bound = {"dossier": view["hash"], "revision": str(view["row"]["revision"])}
    bound["proportionate"] = "yes"
    form = {"outcome": "suspend", "reason": "the same words to five people", **bound}
    clauses = served.caller("ada").get(f"/case/{case}").text.partition('name="clause"')[2]
    form["clause"] = clauses.split('<option value="')[2].split('"')[0]
    made = ada.post(f"/case/{case}/propose", data=form)
    assert made.status_code == 200, made.text
    stale = bound | {"act": made.json()["act"]}
    ben = served.caller("ben", Accept="application/json")
    assert ben.post(f"/case/{case}/approve", data=stale).status_code == 409
    view = ben.get(f"/case/{case}.json").json()
    fresh = stale | {"dossier": view["hash"], "revision": str(view["row"]["revision"])}
    assert ada.post(f"/case/{case}/approve", data=fresh).status_code in (403, 409)
    assert ben.post(f"/case/{case}/approve", data=fresh).status_code == 200
    # PostgreSQL holds no null character: that is whoever sent it, and neither our fault nor the log's.
    assert ben.get("/case/k%00.json").status_code in (404, 422)
    assert (
        ben.post(f"/case/{case}/note", data={"note": "a note\x00 of a kind"}).status_code < 500
    )
    assert ben.post("/case/k%00/claim").status_code in (404, 422)
    time.pass_(minutes=11)
    assert clock.tick(app) == 0
    assert ben.get(f"/case/{case}.json").json()["row"]["state"] == "closed"
    assert '"level": "error"' not in log.getvalue()
    store.close()

# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""Coming releases of a prison, and of these the ones whose people have a need that somebody was asked to meet.

Release dates and referrals have different owners; both answer with the prison's own facts, and are joined here.
"""

import json
from collections import defaultdict
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response

from chassis import clock
from chassis.auth import require
from chassis.http_client import Answer
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Need, ReleaseFlag, Scope
from contracts.event import NearDay
from contracts.http.referral_views import UnansweredReleases
from contracts.http.release import ComingReleases
from gateway.api.caller import Caller, CallerDep
from gateway.api.forward import ask, passed

router = APIRouter(prefix="/v1/releases", tags=["releases"], dependencies=[require(Scope.READ)])

LONDON = ZoneInfo("Europe/London")
UNANSWERED_DAYS = 14
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=2000)]
Params = dict[str, str | int | None]
ByPerson = dict[str, list[dict[str, Any]]]


@router.get("", response_model=ComingReleases)
async def coming_releases(
    caller: CallerDep,
    from_: Annotated[NearDay | None, Query(alias="from")] = None,
    to: NearDay | None = None,
    flag: ReleaseFlag | None = None,
    need: Annotated[Need | None, Query(description="A need for which this prison has referred the person.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Coming releases of this prison. With `need` a page may be short; `next` says whether there is more."""
    params: Params = dict(caller.request.query_params)
    params.pop("need", None)
    if need is None:
        return await _page(caller, await _asked(caller, params), None)
    wanted = await _all(caller, "/referrals", {"direction": "sent", "need": need})
    return await _filtered(caller, params, wanted)


@router.get("/unanswered", response_model=UnansweredReleases)
async def unanswered_releases(caller: CallerDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """Releases within 14 days of people with a need that nobody has accepted, as far as this prison knows."""
    today = clock.now().astimezone(LONDON).date()
    params: Params = {"limit": limit, "cursor": cursor, "from": today.isoformat()}
    params["to"] = (today + timedelta(days=UNANSWERED_DAYS + 1)).isoformat()
    return await _filtered(caller, params, await _all(caller, "/unaccepted", {}), name="unaccepted")


async def _filtered(caller: Caller, params: Params, wanted: ByPerson, *, name: str | None = None) -> Response:
    """The next page of releases that has somebody wanted; each with what is wanted of them under `name`."""
    while True:
        answer = await _asked(caller, params)
        if not answer.ok:
            return passed(caller, answer)
        page = answer.json()
        kept = [item for item in page["items"] if item["person_id"] in wanted]
        if kept or page["next"] is None:
            break
        params = {**params, "cursor": page["next"]}
    if name is not None:
        kept = [{**item, name: wanted[item["person_id"]]} for item in kept]
    return await _page(caller, answer, {"items": kept, "next": page["next"]})


async def _asked(caller: Caller, params: Params) -> Answer:
    return await ask(caller, caller.owners.release_notify, "GET", "/releases", params=params)


async def _page(caller: Caller, answer: Answer, body: dict[str, Any] | None) -> Response:
    if not answer.ok:
        return passed(caller, answer)
    found = body if body is not None else answer.json()
    headers = answer.passed_back()
    if body is not None:
        headers.pop("link", None)
        if body["next"] is not None:
            asked = {name: value for name, value in caller.request.query_params.items() if name != "cursor"}
            headers["link"] = f'<?{urlencode({**asked, "cursor": body["next"]})}>; rel="next"'
    async with caller.asking() as session:
        await caller.looked(session, person_id=None, count=len(found["items"]))
    return Response(json.dumps(found), 200, headers, media_type="application/json")


async def _all(caller: Caller, path: str, params: Params) -> ByPerson:
    """Every line of a list of this agency's own referrals, by person."""
    found: ByPerson = defaultdict(list)
    cursor: str | None = None
    while True:
        answer = await ask(
            caller, caller.owners.referral, "GET", path, params={**params, "limit": MAX_LIMIT, "cursor": cursor}
        )
        page = answer.raise_for_problem().json()
        for item in page["items"]:
            found[item["person_id"]].append({key: value for key, value in item.items() if key != "person_id"})
        cursor = page["next"]
        if cursor is None:
            return found

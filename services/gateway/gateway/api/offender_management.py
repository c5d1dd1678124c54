# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""What the offender-management team asks of its own referrals: whom nobody has accepted, and what came of them."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Need, Scope
from contracts.event import NearDay
from contracts.http.gateway import OpaqueId
from contracts.http.referral import Measure, Monitoring, UnacceptedList
from gateway.api.caller import CallerDep
from gateway.api.forward import forward

router = APIRouter(prefix="/v1", tags=["referrals"], dependencies=[require(Scope.READ)])


@router.get("/unaccepted", response_model=UnacceptedList)
async def unaccepted(
    caller: CallerDep,
    person_id: Annotated[OpaqueId | None, Query()] = None,
    need: Need | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """People in need whom no one has accepted, as far as this agency knows."""
    params = dict(caller.request.query_params)
    answered = await forward(caller, caller.owners.referral, "/unaccepted", params=params)
    if answered.status_code == 200:
        async with caller.asking() as session:
            await caller.looked(session, person_id=None, count=len(json.loads(bytes(answered.body))["items"]))
    return answered


@router.get("/monitoring", response_model=Monitoring)
async def monitoring(
    caller: CallerDep,
    by: Measure,
    direction: Literal["sent", "received"] = "sent",
    from_: Annotated[NearDay | None, Query(alias="from")] = None,
    to: NearDay | None = None,
) -> Response:
    """Counts over this agency's own referrals, by one measure."""
    params = dict(caller.request.query_params)
    return await forward(caller, caller.owners.referral, "/monitoring", params=params)
